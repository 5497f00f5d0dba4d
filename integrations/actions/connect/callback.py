"""Microsoft's responses in a consent flow, delivered by a browser that may be anybody's.

Nothing is bound here. The first response brings a code: it is redeemed once, and shows who signed in. The second one
says that this person's tenant granted the permissions. An attacker can choose its ``tenant`` parameter, so it must
agree with the sign-in and decides nothing (reliability.md T01-T06).
"""

from collections.abc import Mapping
from datetime import timedelta

from integrations.actions.connect.answered_flow import AnsweredFlow, NotAnAnswer, find_answered_flow
from integrations.actions.connect.csp_sign_in import name_of_partner
from integrations.actions.connect.flow_secrets import FlowSecrets, seal, unseal
from integrations.actions.connect.sign_in_request import new_state, redirect_uri, token_scopes
from integrations.actions.lookup import is_leaving
from integrations.domain.causes import evidence_of, failure_of
from integrations.domain.connect.failures import FlowFailure
from integrations.domain.connect.flow import (
    Flow,
    Leg,
    SignedInUser,
    consent_returned,
    csp_signed_in,
    fail,
    prove,
    sign_in,
    state_hash,
)
from integrations.domain.ids import FlowId, TenantId
from integrations.domain.integrations import Kind, csp_reservation
from integrations.domain.statuses import SyncCause
from integrations.domain.text import clean
from integrations.microsoft.memberships import is_global_administrator
from integrations.microsoft.permissions import GLOBAL_ADMINISTRATOR, MFA
from integrations.services import Services
from shared.crypto.tokens import KeysUnavailable
from shared.microsoft.graph import Denied, MicrosoftError, Transient
from shared.microsoft.sign_in import (
    IdentityTokenInvalid,
    SignedIn,
    SignInRefused,
    error_of_refusal,
    refusal_from_redirect,
    token_methods,
)


class _Refused(Exception):
    """The flow ends with a failure; ``evidence`` holds Microsoft's codes."""

    def __init__(self, failure: FlowFailure, evidence: dict[str, str] | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.evidence = evidence or {}


def receive_callback(services: Services, kind: Kind, fields: Mapping[str, str], trace_id: str) -> FlowId:
    """Process one response of Microsoft; the page then shows the flow's state.

    ``fields`` are its parameters: ``state`` with ``code``, ``admin_consent`` and ``tenant``, or ``error``.

    Raises:
        NotAnAnswer: no flow waits for it, or it is not the kind of response its flow waits for.
        AnswerUsed: it was used before.
        Unavailable: storage, the vault or the queue does not answer.
    """
    answered = find_answered_flow(services, kind, fields.get("state", ""), trace_id)
    if not answered.flow.is_open:
        answered.close(answered.flow, "closed late journey")
        return answered.flow.id
    if answered.flow.leg is Leg.SIGN_IN:
        _receive_sign_in(answered, fields)
    else:
        _receive_consent(answered, fields)
    return answered.flow.id


def _receive_sign_in(answered: AnsweredFlow, fields: Mapping[str, str]) -> None:
    if "error" not in fields and not fields.get("code"):
        raise NotAnAnswer
    flow, state = answered.flow, new_state()
    answered = answered.with_state_used(state_hash(state))
    try:
        _refuse_error(fields, flow.kind)
        _accept_sign_in(answered, flow, fields["code"], state)
    except _Refused as refused:
        answered.close(fail(flow, refused.failure, refused.evidence), "refused sign-in")


def _accept_sign_in(answered: AnsweredFlow, flow: Flow, code: str, state: str) -> None:
    """Save who signed in. ``state`` is the value that the consent's response will bring."""
    services = answered.account.services
    if flow.kind is Kind.CSP:
        _accept_partner(answered, flow, _redeem(services, flow, code))
        return
    signer = _signer(services, _redeem(services, flow, code))
    if flow.expected_tenant_id and signer.tenant_id != flow.expected_tenant_id:
        raise _Refused(FlowFailure.OTHER_TENANT, {"signed_in_tenant_id": signer.tenant_id})
    _refuse_known_tenant(answered, flow, signer.tenant_id)
    signed_in = sign_in(
        flow,
        signer,
        state_hash=state_hash(state),
        sealed=seal(services, flow.id, Leg.CONSENT, FlowSecrets(state=state)),
        expires_at=services.clock() + timedelta(seconds=services.settings.flow_ttl_s),
    )
    services.callbacks.add(signed_in.state_hash, signed_in)
    answered.save(signed_in, "accepted sign-in")


def _refuse_known_tenant(answered: AnsweredFlow, flow: Flow, tenant_id: TenantId) -> None:
    """A tenant is integrated at most once in an account, as a single tenant, a CSP or a CSP's customer."""
    if flow.integration_id:
        return
    control = answered.account.control
    known = control.tenants.find(tenant_id)
    if known is not None and is_leaving(control, known.value):
        raise _Refused(FlowFailure.REMOVING, {"tenant_id": tenant_id})
    if known is not None:
        is_child = known.value.kind is Kind.CSP
        failure = FlowFailure.CSP_CHILD if is_child else FlowFailure.ALREADY_INTEGRATED
        raise _Refused(failure, {"tenant_id": tenant_id, "integration_id": known.value.integration_id})
    if control.reservations.find(csp_reservation(tenant_id).key):
        integrations = [it.value for it in control.integrations.list() if it.value.tenant_id == tenant_id]
        if any(it.removal for it in integrations):
            raise _Refused(FlowFailure.REMOVING, {"tenant_id": tenant_id})
        failure = FlowFailure.ALREADY_INTEGRATED if flow.kind is Kind.CSP else FlowFailure.PARTNER_TENANT
        raise _Refused(failure, {"tenant_id": tenant_id})


def _accept_partner(answered: AnsweredFlow, flow: Flow, signed_in: SignedIn) -> None:
    """A CSP's service account: its refresh token is stored encrypted, unless it signed in without MFA."""
    services, identity = answered.account.services, signed_in.identity
    if identity.is_guest:
        raise _Refused(FlowFailure.GUEST)
    tenant_id = TenantId(identity.tenant_id)
    if flow.expected_tenant_id and tenant_id != flow.expected_tenant_id:
        raise _Refused(FlowFailure.OTHER_TENANT, {"signed_in_tenant_id": tenant_id})
    _refuse_known_tenant(answered, flow, tenant_id)
    if not signed_in.refresh_token:
        raise _Refused(FlowFailure.SIGN_IN_REFUSED, {"error": "no refresh token was issued"})
    signer = SignedInUser(
        tenant_id=tenant_id,
        object_id=identity.object_id,
        username=clean(identity.username),
        admin_proven=None,
    )
    if MFA not in token_methods(signed_in.access_token):
        _accept_without_mfa(answered, flow, signer, signed_in.refresh_token)
        return
    sealed = seal(services, flow.id, Leg.NONE, FlowSecrets(refresh_token=signed_in.refresh_token))
    answered.save_and_verify(csp_signed_in(flow, signer, sealed=sealed, now=services.clock()), "accepted sign-in")


def _accept_without_mfa(answered: AnsweredFlow, flow: Flow, signer: SignedInUser, refresh_token: str) -> None:
    """It is clear who signed in, and that the account cannot work: its refresh token is not stored."""
    if flow.integration_id:
        raise _Refused(FlowFailure.NO_MFA_PROMPT)
    services, now = answered.account.services, answered.account.services.clock()
    name = name_of_partner(services, signer, refresh_token, flow.client_id)
    proven = prove(csp_signed_in(flow, signer, sealed="", now=now), name, now, verdict=SyncCause.CSP_NO_MFA_PROMPT)
    answered.save(proven, "accepted sign-in without MFA")


def _signer(services: Services, signed_in: SignedIn) -> SignedInUser:
    """Who signed in, as far as Microsoft shows it before the consent."""
    identity = signed_in.identity
    if identity.is_guest:
        raise _Refused(FlowFailure.GUEST)
    proven = _is_administrator(services, signed_in)
    if proven is False:
        raise _Refused(FlowFailure.NOT_TENANT_ADMIN)
    return SignedInUser(
        tenant_id=TenantId(identity.tenant_id),
        object_id=identity.object_id,
        username=clean(identity.username),
        admin_proven=proven,
    )


def _redeem(services: Services, flow: Flow, code: str) -> SignedIn:
    flow_secrets = unseal(services, flow)
    try:
        return services.sign_in_of(flow.client_id).redeem(
            code=code,
            redirect_uri=redirect_uri(services, flow.kind),
            nonce=flow_secrets.nonce,
            verifier=flow_secrets.verifier,
            scopes=token_scopes(services, flow.kind),
        )
    except IdentityTokenInvalid as error:
        raise _Refused(FlowFailure.IDENTITY_INVALID, {"check": str(error)}) from error
    except KeysUnavailable as error:
        raise _Refused(FlowFailure.MICROSOFT_UNAVAILABLE, evidence_of(error)) from error
    except MicrosoftError as error:
        raise _Refused(failure_of(error, flow.kind), evidence_of(error)) from error


def _is_administrator(services: Services, signed_in: SignedIn) -> bool | None:
    """Whether the user is a Global Administrator; None when it can be seen only after the tenant's consent."""
    roles = signed_in.identity.roles
    if roles is not None:
        return GLOBAL_ADMINISTRATOR in roles
    try:
        return is_global_administrator(services.graph_as(signed_in.access_token), "/me/transitiveMemberOf")
    except Denied:
        return None
    except Transient as error:
        raise _Refused(FlowFailure.ADMIN_UNKNOWN, {"error": error.stable_code}) from error
    except MicrosoftError:
        return None


def _receive_consent(answered: AnsweredFlow, fields: Mapping[str, str]) -> None:
    flow = answered.flow
    if "error" not in fields and fields.get("admin_consent", "").casefold() != "true":
        raise NotAnAnswer
    try:
        _refuse_error(fields, flow.kind)
        _refuse_other_tenant(flow, fields.get("tenant", ""))
    except _Refused as refused:
        answered.close(fail(flow, refused.failure, refused.evidence), "refused consent")
        return
    answered.save_and_verify(consent_returned(flow, answered.account.services.clock()), "consent came back")


def _refuse_error(fields: Mapping[str, str], kind: Kind) -> None:
    """Microsoft's error responses: the AADSTS code in the description decides; the text itself is never shown."""
    if "error" not in fields:
        return
    refusal = refusal_from_redirect(fields)
    raise _Refused(failure_of(error_of_refusal(refusal), kind), SignInRefused(refusal).evidence())


def _refuse_other_tenant(flow: Flow, tenant: str) -> None:
    if flow.signer is None or tenant.lower() != flow.signer.tenant_id:
        raise _Refused(FlowFailure.CONSENT_ELSEWHERE)
