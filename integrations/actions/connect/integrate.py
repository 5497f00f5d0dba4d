"""Start a consent flow: to integrate a single tenant or a CSP, or to reauthorize an integration."""

import secrets
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.connect.consent_screens import consent_screens
from integrations.actions.connect.flow_secrets import FlowSecrets, seal
from integrations.actions.connect.sign_in_request import new_state, redirect_uri, sign_in_scopes
from integrations.actions.lookup import find_to_change, refuse_while_removing_all
from integrations.domain.connect import prerequisites
from integrations.domain.connect.flow import Flow, FlowState, Leg, state_hash
from integrations.domain.ids import FlowId, IntegrationId, TenantId, UserId, new_id
from integrations.domain.integrations import Kind
from integrations.services import Services
from integrations.storage.control import CURRENT, Control, FlowStart
from integrations.storage.due import Work
from integrations.views.connect.flow import JourneyStarted, journey_started
from shared.errors import Conflict, Invalid, Problem, TooManyRequests

_MOST_OPEN_FLOWS = 20
_TRIES = 2 * _MOST_OPEN_FLOWS  # every conflict means that another flow was started, so the limit is reached soon
_PAUSE_S = 0.05


class NewFlow(NamedTuple):
    """What a new flow is for; a reauthorization names the integration and its tenant.

    ``prerequisites`` is the accepted version of the CSP prerequisites.
    """

    kind: Kind
    integration_id: IntegrationId | None = None
    tenant_id: TenantId | None = None
    prerequisites: str = ""


def start_single(services: Services, actor: Actor) -> JourneyStarted:
    """Start to integrate a single tenant; which one is known only from the sign-in.

    Raises:
        TooManyRequests: too many flows were started within a minute, or are open in the account.
        Conflict: ``removing``: all integrations of the account are being removed.
    """
    return _start(Account(services, actor.account_id), actor, NewFlow(Kind.SINGLE))


def start_csp(services: Services, actor: Actor, *, accepted: bool, version: str) -> JourneyStarted:
    """Start to integrate a CSP tenant, once its prerequisites are accepted in their present version.

    Raises:
        Invalid: they are not accepted.
        Conflict: ``prerequisites_changed``: another version was accepted; ``removing`` as for ``start_single``.
        TooManyRequests: as for ``start_single``.
    """
    if not accepted:
        problem = Problem("/prerequisites/accepted", "must be true: the CSP prerequisites have to be accepted first")
        raise Invalid("The CSP prerequisites have not been accepted.", problems=[problem])
    if version != prerequisites.VERSION:
        raise Conflict(
            f"The CSP prerequisites have changed. The current version is {prerequisites.VERSION!r}.",
            code="prerequisites_changed",
            remedy="Show the current text (GET /prerequisites/csp) and have it accepted.",
        )
    return _start(Account(services, actor.account_id), actor, NewFlow(Kind.CSP, prerequisites=version))


def reauthorize(services: Services, actor: Actor, integration_id: IntegrationId) -> JourneyStarted:
    """Start to reauthorize an integration; only a sign-in to the same tenant will be accepted.

    Raises:
        NotFound: there is no such integration.
        Conflict: ``removing``.
        TooManyRequests: as for ``start_single``.
    """
    account = Account(services, actor.account_id)
    stored = find_to_change(account.control, integration_id)
    return _start(account, actor, NewFlow(stored.value.kind, integration_id, stored.value.tenant_id))


def _start(account: Account, actor: Actor, new_flow: NewFlow) -> JourneyStarted:
    services = account.services
    services.quota.take(f"start:{actor.account_id}:{actor.name}", services.settings.starts_per_minute)
    refuse_while_removing_all(account.control)
    state = new_state()
    flow_secrets = FlowSecrets(nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48))
    flow = _flow(services, actor, new_flow, state, flow_secrets)
    retry_on_conflict(lambda: _add_later(account, actor, flow), first=lambda: _add(account, actor, flow), tries=_TRIES)
    services.callbacks.add(flow.state_hash, flow)  # last: the pointers to a flow are deleted together with it
    authorize_url = services.sign_in_of(flow.client_id).authorize_url(
        redirect_uri=redirect_uri(services, flow.kind),
        state=state,
        nonce=flow_secrets.nonce,
        verifier=flow_secrets.verifier,
        scopes=sign_in_scopes(services, flow.kind),
        requires_mfa=flow.kind is Kind.CSP,
    )
    screens = consent_screens(services)
    return journey_started(flow, authorize_url, screens.csp if flow.kind is Kind.CSP else screens.single)


def _flow(services: Services, actor: Actor, new_flow: NewFlow, state: str, flow_secrets: FlowSecrets) -> Flow:
    flow_id, now = FlowId(new_id("flow")), services.clock()
    return Flow(
        id=flow_id,
        account_id=actor.account_id,
        user_id=UserId(actor.name),
        kind=new_flow.kind,
        state=FlowState.WAITING,
        leg=Leg.SIGN_IN,
        state_hash=state_hash(state),
        states=[state_hash(state)],
        sealed=seal(services, flow_id, Leg.SIGN_IN, flow_secrets),
        created_at=now,
        expires_at=now + timedelta(seconds=services.settings.flow_ttl_s),
        integration_id=new_flow.integration_id,
        expected_tenant_id=new_flow.tenant_id,
        prerequisites=new_flow.prerequisites,
        client_id=services.registration_for(new_flow.kind),
    )


def _add(account: Account, actor: Actor, flow: Flow) -> None:
    """Add a flow to the open ones; the row ``flow_start`` makes simultaneous starts conflict.

    Raises:
        TooManyRequests: the account has as many open flows as it may have.
        VersionConflict: another flow was added since this one counted them.
    """
    control = account.control
    flow_start = control.flow_starts.find(CURRENT)  # before the flows are counted
    _refuse_too_many(control, flow.created_at)
    action = "started reauthorization" if flow.integration_id else "started integration"
    subject = {"flow_id": flow.id, "kind": flow.kind.value}
    if flow.prerequisites:
        subject["prerequisites_version"] = flow.prerequisites
    with account.change(actor, action, subject) as change:
        change.due(Work.CONSENT, flow.id, flow.expires_at)
        change.write(
            control.flows.added(flow),
            control.flow_starts.saved(flow_start) if flow_start else control.flow_starts.added(FlowStart()),
        )


def _add_later(account: Account, actor: Actor, flow: Flow) -> None:
    """Add it after a random pause, so that flows that conflicted once do not conflict again."""
    time.sleep(account.services.chance() * _PAUSE_S)
    _add(account, actor, flow)


def _refuse_too_many(control: Control, now: datetime) -> None:
    flows = [stored.value.current_at(now) for stored in control.flows.list()]
    open_flows = [flow for flow in flows if flow.is_open]
    if len(open_flows) >= _MOST_OPEN_FLOWS:
        soonest = min(flow.expires_at for flow in open_flows)
        raise TooManyRequests(
            f"Your account has {len(open_flows)} unfinished sign-ins at Microsoft.",
            wait_s=(soonest - now).total_seconds(),
            remedy="Finish one of them, or wait until the oldest expires.",
        )
