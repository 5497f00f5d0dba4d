"""Microsoft's answers to a journey, brought by a browser that nobody has vouched for.

Nothing is bound here. The first answer brings a code: it is redeemed once, and tells who signed in. The
second brings word that this person's tenant accepted the permissions. Its ``tenant`` parameter is the
attacker's to write, so it may only agree with the sign-in, never decide (reliability.md T01-T06).
"""

from collections.abc import Mapping
from datetime import timedelta

from integrations.actions.connect.answered_flow import AnsweredFlow, NotAnAnswer, find_answered_flow
from integrations.actions.connect.csp_sign_in import name_of_partner
from integrations.actions.connect.flow_secrets import FlowSecrets, seal, unseal
from integrations.actions.connect.sign_in_request import new_state, redirect_uri, token_scopes
from integrations.actions.lookup import is_leaving
from integrations.domain.causes import evidence_of, failure_of
from integrations.domain.connect.consent import (
    Flow,
    FlowFailure,
    Leg,
    SignedInUser,
    arrive,
    come_back,
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
    raised,
    redirected,
    token_methods,
)


class _Refused(Exception):
    def __init__(self, failure: FlowFailure, evidence: dict[str, str] | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.evidence = evidence or {}


def receive_callback(services: Services, kind: Kind, answer: Mapping[str, str], trace_id: str) -> FlowId:
    """Take one answer of Microsoft; the page then shows how the flow stands.

    Raises:
        NotAnAnswer: no flow waits for it, or it is not the kind of answer its flow waits for.
        AnswerUsed: it was used before.
    """
    journey = find_answered_flow(services, kind, answer.get("state", ""), trace_id)
    if not journey.flow.is_open:
        journey.close(journey.flow, "closed late journey")
        return journey.flow.id
    if journey.flow.leg is Leg.SIGN_IN:
        _take_sign_in(journey, answer)
    else:
        _take_consent(journey, answer)
    return journey.flow.id


def _take_sign_in(journey: AnsweredFlow, answer: Mapping[str, str]) -> None:
    if "error" not in answer and not answer.get("code"):
        raise NotAnAnswer
    flow = journey.flow
    state = new_state()
    burnt = journey.burnt(state_hash(state))
    try:
        _refuse_error(answer, flow.kind)
        _accept_sign_in(burnt, flow, answer["code"], state)
    except _Refused as refused:
        burnt.close(fail(flow, refused.failure, refused.evidence), "refused sign-in")


def _accept_sign_in(burnt: AnsweredFlow, flow: Flow, code: str, state: str) -> None:
    services = burnt.account.services
    if flow.kind is Kind.CSP:
        _accept_partner(burnt, flow, _redeem(services, flow, code))
        return
    signer = _signer(services, _redeem(services, flow, code))
    if flow.expected_tenant_id and signer.tenant_id != flow.expected_tenant_id:
        raise _Refused(FlowFailure.OTHER_TENANT, {"signed_in_tenant_id": signer.tenant_id})
    _refuse_present(burnt, flow, signer.tenant_id)
    onward = sign_in(
        flow,
        signer,
        state_hash=state_hash(state),
        sealed=seal(services, flow.id, Leg.CONSENT, FlowSecrets(state=state)),
        expires_at=services.clock() + timedelta(seconds=services.settings.flow_ttl_s),
    )
    services.callbacks.add(onward.state_hash, onward)
    burnt.save(onward, "accepted sign-in")


def _refuse_present(burnt: AnsweredFlow, flow: Flow, tenant_id: TenantId) -> None:
    """A tenant is connected once in an account, whichever way."""
    if flow.integration_id:
        return
    control = burnt.account.control
    held = control.tenants.find(tenant_id)
    if held is not None and is_leaving(control, held.value):
        raise _Refused(FlowFailure.REMOVING, {"tenant_id": tenant_id})
    if held is not None:
        is_child = held.value.kind is Kind.CSP
        failure = FlowFailure.CSP_CHILD if is_child else FlowFailure.ALREADY_INTEGRATED
        raise _Refused(failure, {"tenant_id": tenant_id, "integration_id": held.value.integration_id})
    if control.reservations.find(csp_reservation(tenant_id).key):
        own = [it.value for it in control.integrations.list() if it.value.tenant_id == tenant_id]
        if any(it.removal for it in own):
            raise _Refused(FlowFailure.REMOVING, {"tenant_id": tenant_id})
        failure = FlowFailure.ALREADY_INTEGRATED if flow.kind is Kind.CSP else FlowFailure.PARTNER_TENANT
        raise _Refused(failure, {"tenant_id": tenant_id})


def _accept_partner(burnt: AnsweredFlow, flow: Flow, signed_in: SignedIn) -> None:
    """A CSP's service account: what it brought is kept sealed, unless it signed in without MFA."""
    services, identity = burnt.account.services, signed_in.identity
    if identity.is_guest:
        raise _Refused(FlowFailure.GUEST)
    tenant_id = TenantId(identity.tenant_id)
    if flow.expected_tenant_id and tenant_id != flow.expected_tenant_id:
        raise _Refused(FlowFailure.OTHER_TENANT, {"signed_in_tenant_id": tenant_id})
    _refuse_present(burnt, flow, tenant_id)
    if not signed_in.refresh_token:
        raise _Refused(FlowFailure.SIGN_IN_REFUSED, {"error": "no refresh token was issued"})
    signer = SignedInUser(
        tenant_id=tenant_id,
        object_id=identity.object_id,
        username=clean(identity.username),
        admin_proven=None,
    )
    if MFA not in token_methods(signed_in.access_token):
        _close_without_mfa(burnt, flow, signer, signed_in.refresh_token)
        return
    kept = FlowSecrets(refresh_token=signed_in.refresh_token)
    sealed = seal(services, flow.id, Leg.NONE, kept)
    burnt.go_on(arrive(flow, signer, sealed=sealed, now=services.clock()), "accepted sign-in")


def _close_without_mfa(burnt: AnsweredFlow, flow: Flow, signer: SignedInUser, refresh_token: str) -> None:
    """Proven who it is, and that it cannot work: nothing that was brought is kept."""
    if flow.integration_id:
        raise _Refused(FlowFailure.NO_MFA_PROMPT)
    services, now = burnt.account.services, burnt.account.services.clock()
    name = name_of_partner(services, signer, refresh_token)
    proven = prove(arrive(flow, signer, sealed="", now=now), name, now, verdict=SyncCause.CSP_NO_MFA_PROMPT)
    burnt.save(proven, "accepted sign-in without MFA")


def _signer(services: Services, signed_in: SignedIn) -> SignedInUser:
    """Who signed in, as far as Microsoft tells it before consent."""
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
    kept = unseal(services, flow)
    try:
        return services.sign_in.redeem(
            code=code,
            redirect_uri=redirect_uri(services, flow.kind),
            nonce=kept.nonce,
            verifier=kept.verifier,
            scopes=token_scopes(services, flow.kind),
        )
    except IdentityTokenInvalid as error:
        raise _Refused(FlowFailure.IDENTITY_INVALID, {"check": str(error)}) from error
    except KeysUnavailable as error:
        raise _Refused(FlowFailure.MICROSOFT_UNAVAILABLE, evidence_of(error)) from error
    except MicrosoftError as error:
        raise _Refused(failure_of(error, flow.kind), evidence_of(error)) from error


def _is_administrator(services: Services, signed_in: SignedIn) -> bool | None:
    """Whether the signer is a Global Administrator; None when only the tenant's consent will tell."""
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


def _take_consent(journey: AnsweredFlow, answer: Mapping[str, str]) -> None:
    flow = journey.flow
    if "error" not in answer and answer.get("admin_consent", "").casefold() != "true":
        raise NotAnAnswer
    try:
        _refuse_error(answer, flow.kind)
        _refuse_elsewhere(flow, answer.get("tenant", ""))
    except _Refused as refused:
        journey.close(fail(flow, refused.failure, refused.evidence), "refused consent")
        return
    journey.go_on(come_back(flow, journey.account.services.clock()), "consent came back")


def _refuse_error(answer: Mapping[str, str], kind: Kind) -> None:
    """Microsoft's error answers. The free text is never shown; the AADSTS number in it is, and it decides."""
    if "error" not in answer:
        return
    told = redirected(answer)
    raise _Refused(failure_of(raised(told), kind), SignInRefused(told).evidence())


def _refuse_elsewhere(flow: Flow, tenant: str) -> None:
    if flow.signer is None or tenant.lower() != flow.signer.tenant_id:
        raise _Refused(FlowFailure.CONSENT_ELSEWHERE)
