"""Start a journey to Microsoft, for a new integration or to renew one, and tell how it stands."""

import secrets
import time
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.lookup import find_to_change, refuse_while_removing_all
from integrations.actions.moment import moment_of
from integrations.domain.connect import prerequisites
from integrations.domain.connect.failures import ADVICE
from integrations.domain.connect.flow import Flow, FlowState, Leg, state_hash
from integrations.domain.ids import FlowId, IntegrationId, TenantId, UserId, new_id
from integrations.domain.integrations import Kind
from integrations.domain.jobs.given_up import DETAILS, OUR_FAILURE, REMEDY
from integrations.domain.statuses import EXPLANATIONS
from integrations.microsoft.permissions import PARTNER_CENTER_SCOPE, PARTNER_SCOPES, SIGN_IN_SCOPES
from integrations.services import Services
from integrations.storage.control import CURRENT, Control, FlowStart
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from integrations.views.page import StatusView, given_up_view
from shared.errors import Conflict, Invalid, NotFound, Problem, TooManyRequests
from shared.storage.tables import Write

_MOST_OPEN_FLOWS = 20
_TRIES = 2 * _MOST_OPEN_FLOWS  # each time somebody else has begun one, so that soon no more may be
_PAUSE_S = 0.05


class Secrets(msgspec.Struct, frozen=True):
    """What a flow must remember and nobody may read: sealed in its row."""

    nonce: str = ""
    verifier: str = ""
    state: str = ""
    refresh_token: str = ""


class Started(NamedTuple):
    flow_id: FlowId
    authorize_url: str
    expires_at: datetime


class FlowTenant(msgspec.Struct, frozen=True):
    id: str
    name: str | None


class FlowView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a journey stands. ``continue_url`` is Microsoft's consent page once the sign-in was accepted.

    ``given_up`` is there while our own service fails to check what Microsoft says of the sign-in.
    """

    flow_id: str
    state: str
    kind: str
    tenant: FlowTenant | None
    signed_in_as: str | None
    continue_url: str | None
    integration_id: str | None
    reason: str | None
    detail: str | None
    remedy: str | None
    evidence: dict[str, str]
    expires_at: datetime
    given_up: StatusView | None


class NewFlow(NamedTuple):
    """What a journey is for: a kind, and for a renewal the integration with its tenant."""

    kind: Kind
    integration_id: IntegrationId | None = None
    tenant_id: TenantId | None = None
    prerequisites: str = ""


def start_single(services: Services, actor: Actor) -> Started:
    """Begin to integrate a single tenant. Which tenant shows only in the sign-in."""
    return _start(Account(services, actor.account_id), actor, NewFlow(Kind.SINGLE))


def start_csp(services: Services, actor: Actor, *, accepted: bool, version: str) -> Started:
    """Begin to integrate a CSP tenant, once its prerequisites are accepted in their present version.

    Raises:
        Invalid: they are not accepted.
        Conflict: ``prerequisites_changed``: another version was accepted.
    """
    if not accepted:
        told = Problem("/prerequisites/accepted", "must be true: the CSP prerequisites have to be accepted first")
        raise Invalid("The CSP prerequisites have not been accepted.", problems=[told])
    if version != prerequisites.VERSION:
        raise Conflict(
            f"The CSP prerequisites have changed. The current version is {prerequisites.VERSION!r}.",
            code="prerequisites_changed",
            remedy="Show the current text (GET /prerequisites/csp) and have it accepted.",
        )
    return _start(Account(services, actor.account_id), actor, NewFlow(Kind.CSP, prerequisites=version))


def reauthorize(services: Services, actor: Actor, integration_id: IntegrationId) -> Started:
    """Begin to renew an integration; only a sign-in to the same tenant will be accepted.

    Raises:
        NotFound: there is no such integration.
        Conflict: ``removing``.
    """
    account = Account(services, actor.account_id)
    stored = find_to_change(account.control, integration_id)
    return _start(account, actor, NewFlow(stored.value.kind, integration_id, stored.value.tenant_id))


def read_flow(services: Services, actor: Actor, flow_id: FlowId) -> FlowView:
    """How a journey stands, for the user who started it and for nobody else."""
    control = services.control(actor.account_id)
    flow = find_flow(control, actor, flow_id).value.current_at(services.clock())
    advice = _advice(flow)
    signer = flow.signer
    return FlowView(
        flow_id=flow.id,
        state=flow.state.value,
        kind=flow.kind.value,
        tenant=FlowTenant(signer.tenant_id, flow.tenant_name) if signer else None,
        signed_in_as=signer.username if signer else None,
        continue_url=_consent_url(services, flow),
        integration_id=flow.integration_id,
        reason=advice.reason if advice else None,
        detail=advice.detail if advice else None,
        remedy=advice.remedy if advice else None,
        evidence=flow.evidence,
        expires_at=flow.expires_at.replace(microsecond=0),
        given_up=given_up_view(flow.given_up, moment_of(services)),
    )


class _FlowOutline(NamedTuple):
    reason: str
    detail: str
    remedy: str


def _advice(flow: Flow) -> _FlowOutline | None:
    """Why a journey failed, or what will keep a proven CSP from working."""
    if flow.failure:
        return _FlowOutline(flow.failure.value, *ADVICE[flow.failure])
    if flow.given_up:
        return _FlowOutline(OUR_FAILURE, DETAILS[flow.given_up.job], REMEDY)
    if flow.verdict:
        said = EXPLANATIONS[flow.verdict]
        return _FlowOutline(said.reason, said.detail, said.remedy)
    return None


def find_flow(control: Control, actor: Actor, flow_id: FlowId) -> Stored[Flow]:
    stored = control.flows.find(flow_id)
    if stored is None or stored.value.user_id != actor.name:
        raise NotFound("You have not started a flow with this id.")
    return stored


def redirect_uri(services: Services, kind: Kind) -> str:
    """Where Microsoft answers; one address a kind, so that answers cannot be mixed up."""
    return f"{services.settings.public_url}/api/consent/callback/{kind.value}"


def seal(services: Services, flow_id: FlowId, leg: Leg, kept: Secrets) -> str:
    return services.envelopes.seal(msgspec.json.encode(kept), place=f"{flow_id}|{leg.value}")


def unseal(services: Services, flow: Flow) -> Secrets:
    raw = services.envelopes.open(flow.sealed, place=f"{flow.id}|{flow.leg.value}")
    return msgspec.json.decode(raw, type=Secrets)


def token_scopes(services: Services, kind: Kind) -> tuple[str, ...]:
    """What the sign-in's code is redeemed for: one resource, and for a CSP the right to go on by itself."""
    if kind is Kind.SINGLE:
        return SIGN_IN_SCOPES
    return ("offline_access", f"{services.endpoints.partner}/{PARTNER_CENTER_SCOPE}")


def _scopes(services: Services, kind: Kind) -> tuple[str, ...]:
    """What the sign-in page asks for: for a CSP in two resources at once."""
    if kind is Kind.SINGLE:
        return SIGN_IN_SCOPES
    in_graph = (f"{services.endpoints.graph}/{name}" for name in PARTNER_SCOPES)
    return (*token_scopes(services, kind), *in_graph)


def _start(account: Account, actor: Actor, wanted: NewFlow) -> Started:
    services = account.services
    services.quota.take(f"start:{actor.account_id}:{actor.name}", services.settings.starts_per_minute)
    now = services.clock()
    refuse_while_removing_all(account.control)
    state, kept = new_state(), Secrets(nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48))
    flow_id = FlowId(new_id("flow"))
    flow = Flow(
        id=flow_id,
        account_id=actor.account_id,
        user_id=UserId(actor.name),
        kind=wanted.kind,
        state=FlowState.WAITING,
        leg=Leg.SIGN_IN,
        state_hash=state_hash(state),
        states=[state_hash(state)],
        sealed=seal(services, flow_id, Leg.SIGN_IN, kept),
        created_at=now,
        expires_at=now + timedelta(seconds=services.settings.flow_ttl_s),
        integration_id=wanted.integration_id,
        expected_tenant_id=wanted.tenant_id,
        prerequisites=wanted.prerequisites,
    )
    retry_on_conflict(lambda: _add_later(account, actor, flow), first=lambda: _add(account, actor, flow), tries=_TRIES)
    services.callbacks.add(flow.state_hash, flow)  # last: what points to a flow is forgotten with the flow
    url = services.sign_in.authorize_url(
        redirect_uri=redirect_uri(services, flow.kind),
        state=state,
        nonce=kept.nonce,
        verifier=kept.verifier,
        scopes=_scopes(services, flow.kind),
        requires_mfa=flow.kind is Kind.CSP,
    )
    return Started(flow_id, url, flow.expires_at.replace(microsecond=0))


def _add(account: Account, actor: Actor, flow: Flow) -> None:
    """Add a journey to the open ones.

    Raises:
        TooManyRequests: as many are open as may be.
        VersionConflict: of several that counted them at the same time another one got through.
    """
    control = account.control
    turn = control.flow_starts.find(CURRENT)  # before the journeys are counted
    _refuse_too_many(control, flow.created_at)
    action = "started reauthorization" if flow.integration_id else "started integration"
    subject = {"flow_id": flow.id, "kind": flow.kind.value}
    if flow.prerequisites:
        subject["prerequisites_version"] = flow.prerequisites
    with account.change(actor, action, subject) as change:
        change.due(Work.CONSENT, flow.id, flow.expires_at)
        change.write(
            control.flows.added(flow),
            control.flow_starts.saved(turn) if turn else control.flow_starts.added(FlowStart()),
        )


def _add_later(account: Account, actor: Actor, flow: Flow) -> None:
    """Add it after a short while, so that those who met do not meet again."""
    time.sleep(account.services.chance() * _PAUSE_S)
    _add(account, actor, flow)


def forgotten(control: Control, stored: Stored[Flow]) -> list[Write]:
    """A journey is forgotten, and with the last one what stands for those that begin."""
    turn = control.flow_starts.find(CURRENT) if len(control.flows.list(limit=2)) < 2 else None
    return [control.flows.removed(stored), *([control.flow_starts.removed(turn)] if turn else [])]


def new_state() -> str:
    """256 random bits, as 43 characters that need no escaping."""
    return secrets.token_urlsafe(32)


def _refuse_too_many(control: Control, now: datetime) -> None:
    flows = [stored.value.current_at(now) for stored in control.flows.list()]
    still_open = [flow for flow in flows if flow.is_open]
    if len(still_open) >= _MOST_OPEN_FLOWS:
        soonest = min(flow.expires_at for flow in still_open)
        raise TooManyRequests(
            f"Your account has {len(still_open)} unfinished sign-ins at Microsoft.",
            wait_s=(soonest - now).total_seconds(),
            remedy="Finish one of them, or wait until the oldest expires.",
        )


def _consent_url(services: Services, flow: Flow) -> str | None:
    if flow.state is not FlowState.WAITING or flow.leg is not Leg.CONSENT or not flow.sealed or not flow.signer:
        return None
    return services.sign_in.admin_consent_url(
        tenant_id=flow.signer.tenant_id,
        redirect_uri=redirect_uri(services, flow.kind),
        state=unseal(services, flow).state,
    )
