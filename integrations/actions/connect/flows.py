"""Consent flows of an account: find one, read its state, remove its row."""

from integrations.actions.actors import Actor
from integrations.actions.connect.flow_secrets import unseal
from integrations.actions.connect.sign_in_request import redirect_uri
from integrations.actions.read_time import read_time
from integrations.domain.connect.flow import Flow, FlowState, Leg
from integrations.domain.ids import FlowId
from integrations.services import Services
from integrations.storage.control import CURRENT, Control
from integrations.storage.documents import Stored
from integrations.views.connect.flow import FlowView, flow_view
from shared.errors import NotFound
from shared.storage.tables import Write


def read_flow(services: Services, actor: Actor, flow_id: FlowId) -> FlowView:
    """The state of a flow, for the user who started it and for nobody else.

    Raises:
        NotFound: this user has not started such a flow.
        SealBroken: the flow's secrets cannot be decrypted.
    """
    flow = find_flow(services.control(actor.account_id), actor, flow_id).value.current_at(services.clock())
    return flow_view(flow, _consent_url(services, flow), read_time(services))


def find_flow(control: Control, actor: Actor, flow_id: FlowId) -> Stored[Flow]:
    """A flow that this user has started.

    Raises:
        NotFound: this user has not started such a flow.
    """
    stored = control.flows.find(flow_id)
    if stored is None or stored.value.user_id != actor.name:
        raise NotFound("You have not started a flow with this id.")
    return stored


def removed_flow(control: Control, stored: Stored[Flow]) -> list[Write]:
    """The writes that remove a flow; with the account's last flow the row that orders its starts goes, too."""
    flow_start = control.flow_starts.find(CURRENT) if len(control.flows.list(limit=2)) < 2 else None
    return [control.flows.removed(stored), *([control.flow_starts.removed(flow_start)] if flow_start else [])]


def _consent_url(services: Services, flow: Flow) -> str | None:
    """Microsoft's admin consent page, while the flow waits for it; else None."""
    if flow.state is not FlowState.WAITING or flow.leg is not Leg.CONSENT or not flow.sealed or not flow.signer:
        return None
    return services.sign_in_of(flow.client_id).admin_consent_url(
        tenant_id=flow.signer.tenant_id,
        redirect_uri=redirect_uri(services, flow.kind),
        state=unseal(services, flow).state,
    )
