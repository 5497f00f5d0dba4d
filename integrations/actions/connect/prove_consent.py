"""Verify a consent: does an app-only token for the tenant work, and may the tenant be bound?

Microsoft takes seconds to minutes to put a consent into effect. Every check is one message; the next one is sent with
a growing delay, so that no thread waits.
"""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.connect.csp_sign_in import examine_partner, writes_of_failed_attempt
from integrations.actions.connect.flow_secrets import FlowSecrets, seal, unseal
from integrations.domain.causes import CONSENT_NOT_VISIBLE, FAILURE_OF_CSP_CAUSE, evidence_of, failure_of
from integrations.domain.connect.failures import FlowFailure
from integrations.domain.connect.flow import Flow, FlowState, fail, prove
from integrations.domain.integrations import Kind
from integrations.domain.jobs.orders import ConsentOrder
from integrations.domain.retry_delays import consent_propagation_s
from integrations.microsoft.memberships import is_global_administrator
from integrations.microsoft.permissions import CORE_PERMISSIONS
from integrations.microsoft.readers.organization import read_tenant_name
from integrations.services import Services
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.crypto.envelopes import SealBroken
from shared.microsoft.graph import Denied, MicrosoftError, TokenRejected, Transient
from shared.microsoft.sign_in import OperatorFault, SignInRefused, token_roles
from shared.storage.tables import Write

_TRANSIENT = frozenset({FlowFailure.MICROSOFT_UNAVAILABLE, FlowFailure.OUR_APPLICATION})


class _FlowFailed(Exception):
    """The flow ends with a failure; ``evidence`` holds Microsoft's codes."""

    def __init__(self, failure: FlowFailure, evidence: dict[str, str] | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.evidence = evidence or {}


class _NotYet(Exception):
    """It may work later. ``held_up_by`` is the failure if it never does; None: Microsoft was too slow."""

    def __init__(self, evidence: dict[str, str], held_up_by: FlowFailure | None = None) -> None:
        super().__init__()
        self.evidence = evidence
        self.held_up_by = held_up_by


def prove_consent(services: Services, order: ConsentOrder) -> None:
    """Check one flow once; a flow that is not waiting for this is left alone.

    Raises:
        Unavailable: storage, the vault or the queue does not answer; the message retries.
    """
    account = Account(services, order.account_id)
    stored = account.control.flows.find(order.flow_id)
    if stored is None:
        return
    seen = stored.value.current_at(services.clock())
    if seen.state is not FlowState.RETURNED:
        if seen is not stored.value:
            _save(account, stored, seen)
        return
    try:
        proven = _proven(services, seen)
    except _FlowFailed as error:
        failed = fail(seen, error.failure, error.evidence)
        _save(account, stored, failed, *writes_of_failed_attempt(account.control, failed, services.clock()))
    except _NotYet as not_yet:
        _check_again(account, stored, seen, not_yet)
    else:
        _save(account, stored, proven)


def _proven(services: Services, flow: Flow) -> Flow:
    """The flow with its proof.

    Raises:
        _FlowFailed: it never will be proven.
        _NotYet: it may be, later.
    """
    if flow.kind is Kind.SINGLE:
        return prove(flow, _proven_name(services, flow), services.clock())
    signer = flow.signer
    if signer is None:
        raise _FlowFailed(FlowFailure.IDENTITY_INVALID)
    try:
        partner = examine_partner(services, signer, unseal(services, flow).refresh_token, flow.client_id)
    except (OperatorFault, Transient) as error:
        raise _NotYet(evidence_of(error), failure_of(error, flow.kind)) from error
    except SealBroken as error:
        raise _FlowFailed(FlowFailure.IDENTITY_INVALID, {"check": "the sealed sign-in cannot be opened"}) from error
    if partner.is_administrator is False:
        raise _FlowFailed(FlowFailure.NOT_TENANT_ADMIN)
    if flow.integration_id and partner.verdict in FAILURE_OF_CSP_CAUSE:
        raise _FlowFailed(FAILURE_OF_CSP_CAUSE[partner.verdict], partner.evidence)
    flow_secrets = FlowSecrets(refresh_token=partner.refresh_token)
    sealed = seal(services, flow.id, flow.leg, flow_secrets) if partner.refresh_token else ""
    return prove(
        flow, partner.name, services.clock(), sealed=sealed, verdict=partner.verdict, evidence=partner.evidence
    )


def _proven_name(services: Services, flow: Flow) -> str:
    """The single tenant's name, once our token has the core permissions and the user is proven an administrator."""
    signer = flow.signer
    if signer is None:
        raise _FlowFailed(FlowFailure.IDENTITY_INVALID)
    try:
        token = services.sign_in_of(flow.client_id).app_token(signer.tenant_id, fresh=True)
        missing = CORE_PERMISSIONS - token_roles(token)
        if missing:
            raise _NotYet({"missing_permissions": ", ".join(sorted(missing))})
        graph = services.graph(signer.tenant_id, client_id=flow.client_id)
        tenant = read_tenant_name(graph)
        is_admin = signer.admin_proven
        if is_admin is None:
            is_admin = is_global_administrator(graph, f"/users/{signer.object_id}/transitiveMemberOf")
    except (SignInRefused, MicrosoftError) as error:
        raise _verdict(error) from error
    if tenant.tenant_id != signer.tenant_id:
        raise _FlowFailed(FlowFailure.IDENTITY_INVALID, {"check": "organization id differs from the sign-in's tenant"})
    if tenant.is_partner:
        raise _FlowFailed(FlowFailure.PARTNER_TENANT)
    if not is_admin:
        raise _FlowFailed(FlowFailure.NOT_TENANT_ADMIN if is_admin is False else FlowFailure.ADMIN_UNKNOWN)
    return tenant.name


def _verdict(error: SignInRefused | MicrosoftError) -> Exception:
    """Whether it may work later: a fresh consent shows as refusals first, then as missing permissions."""
    evidence = evidence_of(error)
    not_yet = isinstance(error, SignInRefused) and error.refusal.kind in CONSENT_NOT_VISIBLE
    if not_yet or isinstance(error, Denied | TokenRejected):
        return _NotYet(evidence)
    failure = failure_of(error, Kind.SINGLE)
    return _NotYet(evidence, failure) if failure in _TRANSIENT else _FlowFailed(failure, evidence)


def _check_again(account: Account, stored: Stored[Flow], flow: Flow, not_yet: _NotYet) -> None:
    services = account.services
    pause_s = consent_propagation_s(flow.attempts)
    check_at = flow.check_at(services.clock()) + timedelta(seconds=pause_s)
    waiting = msgspec.structs.replace(
        flow,
        attempts=flow.attempts + 1,
        evidence=not_yet.evidence,
        held_up_by=not_yet.held_up_by,
        given_up=None,
    )
    order = ConsentOrder(account_id=flow.account_id, flow_id=flow.id)
    with ignore_conflict("another check of the flow was faster", account_id=account.id, flow_id=flow.id):
        with account.change() as change:
            change.due(Work.CONSENT, flow.id, check_at)
            change.write(account.control.flows.saved(stored.now(waiting)))
        services.send(order, delay_s=pause_s)


def _save(account: Account, stored: Stored[Flow], flow: Flow, *more: Write) -> None:
    action, outcome = ("refused consent", "refused") if flow.failure else ("proved consent", "done")
    result = {"outcome": outcome, "reason": flow.failure.value if flow.failure else ""}
    with (
        ignore_conflict("flow was closed by another worker", account_id=account.id, flow_id=flow.id),
        account.change(account.system_actor("prove_consent"), action, {"flow_id": flow.id}, **result) as change,
    ):
        change.due(Work.CONSENT, flow.id, flow.expires_at)
        change.write(account.control.flows.saved(stored.now(flow)), *more)
