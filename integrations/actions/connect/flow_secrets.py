"""What a consent flow must remember and nobody may read, encrypted in the flow's row."""

import msgspec

from integrations.domain.connect.flow import Flow, Leg
from integrations.domain.ids import FlowId
from integrations.services import Services


class FlowSecrets(msgspec.Struct, frozen=True):
    """The values of a flow that stay secret: those of its sign-in request, and a CSP's refresh token."""

    nonce: str = ""
    verifier: str = ""
    state: str = ""
    refresh_token: str = ""


def seal(services: Services, flow_id: FlowId, leg: Leg, flow_secrets: FlowSecrets) -> str:
    """The secrets encrypted; they can be decrypted in this leg of this flow only.

    Raises:
        VaultUnavailable: the key-encryption key cannot be used now.
    """
    return services.envelopes.seal(msgspec.json.encode(flow_secrets), place=f"{flow_id}|{leg.value}")


def unseal(services: Services, flow: Flow) -> FlowSecrets:
    """The secrets of a flow in its present leg.

    Raises:
        SealBroken: they cannot be decrypted.
        VaultUnavailable: the key-encryption key cannot be used now.
    """
    raw = services.envelopes.open(flow.sealed, place=f"{flow.id}|{flow.leg.value}")
    return msgspec.json.decode(raw, type=FlowSecrets)
