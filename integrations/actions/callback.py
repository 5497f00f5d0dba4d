"""Microsoft's answers to a journey, brought by a browser that nobody has vouched for.

Nothing is bound here. The first answer brings a code: it is redeemed once, and tells who signed in. The
second brings word that this person's tenant accepted the permissions. Its ``tenant`` parameter is the
attacker's to write, so it may only agree with the sign-in, never decide (reliability.md T01-T06).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from integrations.actions.integrate import Secrets, new_state, redirect_uri, seal, unseal
from integrations.actions.recording import Actor, announce, audit, dispatch, message
from integrations.domain.connections import Kind
from integrations.domain.consent import (
    Flow,
    FlowFailure,
    Leg,
    Signer,
    burn,
    come_back,
    fail,
    sign_in,
    state_hash,
)
from integrations.domain.ids import FlowId, TenantId
from integrations.domain.orders import ConsentOrder
from integrations.domain.text import clean
from integrations.microsoft.admins import is_global_administrator
from integrations.microsoft.permissions import GLOBAL_ADMINISTRATOR, SIGN_IN_SCOPES
from integrations.services import Services
from integrations.storage.control import Clash, Control
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.errors import Conflict, Invalid
from shared.graph import Denied, MicrosoftError, Transient
from shared.sign_in import IdentityTokenInvalid, SignedIn, SignInRefused
from shared.tables import Write
from shared.telemetry import log

_STATE = re.compile(r"[A-Za-z0-9_-]{43}")
_ERROR_WORD = re.compile(r"[a-z_]{1,64}")
_ENTRA_CODE = re.compile(r"\bAADSTS(\d{4,8})\b")
_SYSTEM = "system:consent_callback"


class NotAnAnswer(Invalid):
    """No flow of ours waits for this; every such request gets the same words."""

    code = "not_an_answer"
    title = "This is not an answer we wait for"
    remedy = "Go back to the page and start again from the Integrate button."


class AnswerUsed(Conflict):
    code = "answer_used"
    title = "This answer of Microsoft was already used"
    remedy = "Go back to the page; it shows how the journey stands."


class _Refused(Exception):
    def __init__(self, failure: FlowFailure, evidence: dict[str, str] | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.evidence = evidence or {}


class _Journey(NamedTuple):
    services: Services
    control: Control
    actor: Actor
    stored: Stored[Flow]

    @property
    def flow(self) -> Flow:
        return self.stored.value


def receive_callback(services: Services, kind: Kind, answer: Mapping[str, str], trace_id: str) -> FlowId:
    """Take one answer of Microsoft; the page then shows how the flow stands.

    Raises:
        NotAnAnswer: no flow waits for it, or it is not the kind of answer its flow waits for.
        AnswerUsed: it was used before.
    """
    journey = _find(services, kind, answer.get("state", ""), trace_id)
    if not journey.flow.is_open:
        _close(journey, journey.flow, "closed late journey")
        return journey.flow.id
    if journey.flow.leg is Leg.SIGN_IN:
        _take_sign_in(journey, answer)
    else:
        _take_consent(journey, answer)
    return journey.flow.id


def _find(services: Services, kind: Kind, state: str, trace_id: str) -> _Journey:
    hashed = state_hash(state)
    pointer = services.callbacks.find(hashed) if _STATE.fullmatch(state) else None
    if pointer is None:
        raise NotAnAnswer
    control = services.control(pointer.account_id)
    stored = control.flows.find(pointer.flow_id)
    if stored is None or stored.value.kind is not kind:
        raise NotAnAnswer
    if stored.value.state_hash != hashed:
        raise AnswerUsed
    seen = stored.now(stored.value.seen_at(services.clock()))
    return _Journey(services, control, Actor(pointer.account_id, _SYSTEM, trace_id), seen)


def _take_sign_in(journey: _Journey, answer: Mapping[str, str]) -> None:
    if "error" not in answer and not answer.get("code"):
        raise NotAnAnswer
    flow = journey.flow
    burnt = _burn(journey)
    try:
        _refuse_error(answer)
        _accept_sign_in(burnt, flow, answer["code"])
    except _Refused as refused:
        _close(burnt, fail(flow, refused.failure, refused.evidence), "refused sign-in")


def _burn(journey: _Journey) -> _Journey:
    """Use the answer up before anything is done with it: of many who bring it, one gets through."""
    try:
        journey.control.commit(journey.control.flows.saved(journey.stored.now(burn(journey.flow))))
    except Clash:
        raise AnswerUsed from None
    fresh = journey.control.flows.find(journey.flow.id)
    if fresh is None:
        raise NotAnAnswer
    return journey._replace(stored=fresh)


def _accept_sign_in(burnt: _Journey, flow: Flow, code: str) -> None:
    services = burnt.services
    signer = _signer(services, flow, code)
    if flow.expected_tenant_id and signer.tenant_id != flow.expected_tenant_id:
        raise _Refused(FlowFailure.OTHER_TENANT, {"signed_in_tenant_id": signer.tenant_id})
    if not flow.integration_id and burnt.control.tenants.find(signer.tenant_id):
        raise _Refused(FlowFailure.ALREADY_INTEGRATED, {"tenant_id": signer.tenant_id})
    state = new_state()
    onward = sign_in(
        flow,
        signer,
        state_hash=state_hash(state),
        sealed=seal(services, flow.id, Leg.CONSENT, Secrets(state=state)),
        expires_at=services.clock() + timedelta(seconds=services.settings.flow_ttl_s),
    )
    services.callbacks.add(onward.state_hash, onward)
    _save(burnt, onward, "accepted sign-in")


def _signer(services: Services, flow: Flow, code: str) -> Signer:
    """Redeem the code and say who signed in, as far as Microsoft tells it before consent."""
    signed_in = _redeem(services, flow, code)
    identity = signed_in.identity
    if identity.is_guest:
        raise _Refused(FlowFailure.GUEST)
    proven = _is_administrator(services, signed_in)
    if proven is False:
        raise _Refused(FlowFailure.NOT_TENANT_ADMIN)
    return Signer(
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
            scopes=SIGN_IN_SCOPES,
        )
    except IdentityTokenInvalid as error:
        raise _Refused(FlowFailure.IDENTITY_INVALID, {"check": str(error)}) from error
    except SignInRefused as error:
        raise _Refused(FlowFailure.SIGN_IN_REFUSED, error.evidence()) from error
    except MicrosoftError as error:
        raise _Refused(FlowFailure.MICROSOFT_UNAVAILABLE, {"error": error.stable_code}) from error


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


def _take_consent(journey: _Journey, answer: Mapping[str, str]) -> None:
    flow = journey.flow
    if "error" not in answer and answer.get("admin_consent", "").casefold() != "true":
        raise NotAnAnswer
    try:
        _refuse_error(answer)
        _refuse_elsewhere(flow, answer.get("tenant", ""))
    except _Refused as refused:
        _close(journey, fail(flow, refused.failure, refused.evidence), "refused consent")
        return
    back = come_back(flow, journey.services.clock())
    order = ConsentOrder(account_id=flow.account_id, flow_id=flow.id)
    announce(journey.services, flow.account_id)
    _save(journey, back, "consent came back", message(journey.control, order))
    dispatch(journey.services, journey.control)


def _refuse_error(answer: Mapping[str, str]) -> None:
    """Microsoft's error answers. Its free text is never shown; the AADSTS number in it is."""
    if "error" not in answer:
        return
    word = answer["error"] if _ERROR_WORD.fullmatch(answer["error"]) else "unreadable"
    code = _ENTRA_CODE.search(answer.get("error_description", "")[:2000])
    evidence = {"error": word, **({"code": f"AADSTS{code.group(1)}"} if code else {})}
    declined = word in {"access_denied", "consent_required"}
    raise _Refused(FlowFailure.DECLINED if declined else FlowFailure.SIGN_IN_REFUSED, evidence)


def _refuse_elsewhere(flow: Flow, tenant: str) -> None:
    if flow.signer is None or tenant.lower() != flow.signer.tenant_id:
        raise _Refused(FlowFailure.CONSENT_ELSEWHERE)


def _close(journey: _Journey, flow: Flow, action: str) -> None:
    reason = flow.failure.value if flow.failure else ""
    log(action, flow_id=flow.id, account_id=flow.account_id, reason=reason)
    _save(journey, flow, action, outcome="refused", reason=reason)


def _save(journey: _Journey, flow: Flow, action: str, *more: Write, outcome: str = "done", reason: str = "") -> None:
    services, control = journey.services, journey.control
    note = audit(services, control, journey.actor, action, {"flow_id": flow.id}, outcome=outcome, reason=reason)
    services.due.put(Due(Work.CONSENT, flow.account_id, flow.id, flow.look_at(services.clock())))
    try:
        control.commit(control.flows.saved(journey.stored.now(flow)), note, *more)
    except Clash:
        raise AnswerUsed from None
