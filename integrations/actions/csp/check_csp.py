"""One run of one CSP: check its credential, read its customers and relationships, and update every customer's row.

The order only names the CSP; the integration's row decides whether a run is due. A run that dies leaves complete rows,
and the next run continues from there.
"""

from datetime import datetime, timedelta

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.actions.csp.check_results import Checks
from integrations.actions.csp.discovery import find_customers
from integrations.actions.csp.partner import NoCredential, Partner, open_partner
from integrations.actions.csp.reconcile import reconcile_customers
from integrations.actions.release import release_on_failure
from integrations.domain.causes import csp_cause_of, evidence_of
from integrations.domain.csp.report import CheckName, Report
from integrations.domain.ids import RunId, TenantId
from integrations.domain.integrations import Csp, Integration, Running
from integrations.domain.jobs.orders import SCHEDULED, CspOrder
from integrations.domain.retry_delays import CSP_TRANSIENT
from integrations.domain.statuses import EXPLANATIONS, SyncCause, SyncLabel
from integrations.domain.sync.schedule import ORDER_LIFE, RUN_LIMIT, next_due
from integrations.domain.sync_status import SyncStatus, move
from integrations.microsoft.memberships import Memberships, read_memberships
from integrations.microsoft.permissions import MFA
from integrations.microsoft.readers.organization import read_tenant_name
from integrations.services import Services
from integrations.storage.control import newest_first
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.crypto.envelopes import SealBroken
from shared.microsoft.graph import MicrosoftError, Transient, UnexpectedAnswer
from shared.microsoft.sign_in import OperatorFault, token_methods
from shared.storage.recovery_message import RecoveryMessage
from shared.telemetry.log import log

_EARLY = timedelta(minutes=1)
_TRANSIENT_FAILURES = 3  # in a row, before the CSP's status shows them


class _Stopped(Exception):
    """The run cannot continue; the CSP's status says why."""

    def __init__(self, cause: SyncCause, evidence: dict[str, str] | None = None) -> None:
        super().__init__(cause.value)
        self.cause = cause
        self.evidence = evidence or {}


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run; ``cause`` is None after a transient failure of Microsoft's or of our own application.

    ``shared`` are customers that are in the table another way; None keeps those that are stored.
    """

    cause: SyncCause | None
    evidence: dict[str, str] = {}
    name: str = ""
    shared: list[TenantId] | None = None


def check_csp(services: Services, order: CspOrder) -> None:
    """Carry out one order; one that the integration's row no longer asks for changes nothing.

    Raises:
        Unavailable: storage, the vault or the queue does not answer; the message retries.
    """
    run_id = RunId(newest_first(services.clock()))
    recovery = msgspec.json.encode(msgspec.structs.replace(order, recovers=run_id))
    with RecoveryMessage(services.queues, CspOrder.queue, recovery, ttl_s=int(ORDER_LIFE.total_seconds())):
        _check(services, order, run_id)


def _check(services: Services, order: CspOrder, run_id: RunId) -> None:
    account = Account(services, order.account_id)
    held = _take(account, order, run_id)
    if held is None:
        return
    with release_on_failure(lambda: _release(account, held)):
        checks = Checks(services.clock)
        result = _result(account, held, checks)
        retry_on_conflict(lambda: _close(account, held, result, checks))


def _result(account: Account, held: Integration, checks: Checks) -> CheckResult:
    try:
        return _run(account, held, checks)
    except _Stopped as stopped:
        return CheckResult(cause=stopped.cause, evidence=stopped.evidence)
    except (Transient, OperatorFault, UnexpectedAnswer) as error:
        return CheckResult(cause=None, evidence=evidence_of(error))
    except MicrosoftError as error:
        return CheckResult(cause=csp_cause_of(error), evidence=evidence_of(error))


def _release(account: Account, held: Integration) -> None:
    """Release the CSP after a failure, so that the retry does not have to wait; rows that were written stay."""
    integrations = account.control.integrations
    stored = integrations.find(held.id)
    if stored is not None and stored.value.csp is not None and _holds(stored.value, held):
        csp = msgspec.structs.replace(stored.value.csp, running=None)
        with account.change() as change:
            change.write(integrations.saved(stored.now(msgspec.structs.replace(stored.value, csp=csp))))


def _take(account: Account, order: CspOrder, run_id: RunId) -> Integration | None:
    """Hold the CSP for this run; None when another run holds it, or none is due.

    A recovery message's order takes over from the run that sent it, and does nothing if that run has ended.
    """
    services, integrations = account.services, account.control.integrations
    stored = integrations.find(order.integration_id)
    if stored is None or stored.value.csp is None or stored.value.removal:
        services.due.complete(Due(Work.CSP, order.account_id, order.integration_id, order.due_at))
        return None
    now, csp = services.clock(), stored.value.csp
    if csp.paused is not None:
        services.due.complete(Due(Work.CSP, order.account_id, order.integration_id, order.due_at))
        return None
    if not _is_due(csp, order, now):
        return None
    running = Running(run_id=run_id, until=now + RUN_LIMIT)
    held = msgspec.structs.replace(stored.value, csp=msgspec.structs.replace(csp, running=running))
    with ignore_conflict("another worker took the CSP", integration_id=order.integration_id):
        with account.change() as change:
            change.due(Work.CSP, order.integration_id, running.until)
            change.write(integrations.saved(stored.now(held)))
        return held
    return None


def _is_due(csp: Csp, order: CspOrder, now: datetime) -> bool:
    if order.recovers is not None:
        return csp.running is not None and csp.running.run_id == order.recovers
    due_at = csp.status.next_check_at
    is_early = order.reason == SCHEDULED and due_at is not None and due_at > now + _EARLY
    return not is_early and (csp.running is None or csp.running.until <= now)


def _run(account: Account, integration: Integration, checks: Checks) -> CheckResult:
    partner = _checked_partner(account, integration, checks)
    graph = partner.graph()
    name = read_tenant_name(graph).name
    memberships = _checked_memberships(partner, checks)
    with checks.record(CheckName.PARTNER_CENTER) as check:
        saw_mfa = partner.partner_center().check_mfa()
        check.evidence["is_mfa_compliant"] = str(saw_mfa).lower()
        if saw_mfa is False:
            check.fail("Partner Center did not find MFA in the account's sign-in.")
            raise _Stopped(SyncCause.CSP_NO_MFA_PROMPT, {"check": "isMfaCompliant is false"})
    discovery = find_customers(partner, integration, memberships, account.services.clock(), checks)
    if not discovery.found and not discovery.odd:
        raise _Stopped(SyncCause.CSP_NO_CHILD_TENANTS)
    shared = reconcile_customers(account, integration, discovery)
    checks.add_customers(account.control, integration)
    return CheckResult(cause=SyncCause.CSP_SYNCED, evidence=discovery.evidence(), name=name, shared=shared)


def _checked_partner(account: Account, integration: Integration, checks: Checks) -> Partner:
    """The partner, once its refresh token has been redeemed and the token shows MFA.

    Raises:
        _Stopped: the credential is missing, cannot be decrypted, or was obtained without MFA.
        MicrosoftError: as Entra answered.
    """
    with checks.record(CheckName.TOKEN) as check:
        try:
            partner = open_partner(account, integration)
        except NoCredential:
            check.fail("No sign-in is stored for this CSP.")
            status = integration.csp.status if integration.csp else None
            cause = status.cause if status and status.is_auth_failed else SyncCause.CSP_UNKNOWN
            raise _Stopped(cause, status.evidence if status else {}) from None
        except SealBroken as error:
            check.fail("The stored sign-in cannot be decrypted.")
            log("a CSP's credential cannot be opened", account_id=account.id, integration_id=integration.id)
            raise _Stopped(SyncCause.CSP_SECRET_BROKEN) from error
        token = partner.partner_center_token()
    with checks.record(CheckName.MFA) as check:
        methods = token_methods(token)
        check.evidence["amr"] = ", ".join(sorted(methods))
        if MFA not in methods:
            check.fail("The account signed in without Entra ID MFA.")
            raise _Stopped(SyncCause.CSP_NO_MFA_PROMPT, {"amr": check.evidence["amr"]})
    return partner


def _checked_memberships(partner: Partner, checks: Checks) -> Memberships:
    with checks.record(CheckName.ADMINISTRATOR) as check:
        memberships = read_memberships(partner.graph())
        if memberships.is_administrator is None:
            check.mark_unknown("Microsoft does not show our application which roles the account has.")
        if memberships.is_administrator is False:
            check.fail("The account is not a Global Administrator of the CSP tenant.")
    with checks.record(CheckName.ADMIN_AGENTS) as check:
        if not memberships.is_admin_agent:
            check.fail("The account is not a member of the AdminAgents group.")
            raise _Stopped(SyncCause.CSP_NOT_IN_ADMIN_AGENTS)
    return memberships


def _close(account: Account, held: Integration, result: CheckResult, checks: Checks) -> None:
    """Write status, name, report and next due time, unless the CSP was reauthorized or taken over in the meantime.

    Raises:
        VersionConflict: the CSP was changed in the meantime.
    """
    services, control = account.services, account.control
    stored = control.integrations.find(held.id)
    if stored is None or stored.value.csp is None or not _holds(stored.value, held):
        log("run was superseded", account_id=account.id, integration_id=held.id)
        return
    now, before = services.clock(), stored.value.csp
    has_credential = control.credentials.find(held.id) is not None
    status = _status_after(services, before.status, result, now, has_credential=has_credential)
    csp = msgspec.structs.replace(
        before, status=status, running=None, shared=before.shared if result.shared is None else result.shared
    )
    closed = msgspec.structs.replace(stored.value.renamed(result.name, now), csp=csp)
    with account.change() as change:
        if status.next_check_at is not None:
            change.due(Work.CSP, held.id, status.next_check_at)
        change.write(control.integrations.saved(stored.now(closed)))
        _add_report(change, before, closed, checks)
    if status.next_check_at is None and before.running is not None:  # nothing is due before somebody signs in
        services.due.complete(Due(Work.CSP, account.id, held.id, before.running.until))
    log("checked CSP", account_id=account.id, integration_id=held.id, outcome=status.cause.value)


def _holds(present: Integration, held: Integration) -> bool:
    """Whether the run that holds ``present`` is the one that took ``held``."""
    running = present.csp.running if present.csp else None
    ours = held.csp.running if held.csp else None
    return running is not None and ours is not None and running.run_id == ours.run_id


def _status_after(
    services: Services, before: SyncStatus, result: CheckResult, now: datetime, *, has_credential: bool
) -> SyncStatus:
    """The status after a run. A transient failure keeps the last one, unless there were too many in a row."""
    if result.cause is None:
        has_worked = before.label in {SyncLabel.SUCCESS, SyncLabel.ERROR}
        is_lasting = before.cause is SyncCause.CSP_OUR_FAILURE or (
            has_worked and before.failures + 1 >= _TRANSIENT_FAILURES
        )
        cause = SyncCause.CSP_UNAVAILABLE if is_lasting else before.cause
    else:
        cause = result.cause
    moved = move(before, cause, now, evidence=result.evidence)
    if result.cause is None:
        moved = msgspec.structs.replace(moved, last_sync_at=before.last_sync_at, failures=before.failures + 1)
    if not has_credential:
        return moved
    due_at = next_due(
        moved,
        is_mapped=True,
        now=now,
        period=timedelta(seconds=services.settings.sync_period_s),
        chance=services.chance(),
        wait_s=CSP_TRANSIENT.total_seconds() if result.cause is None else None,
    )
    return msgspec.structs.replace(moved, next_check_at=due_at)


def _add_report(change: Change, before: Csp, closed: Integration, checks: Checks) -> None:
    """Add the report of the run, and an audit entry if the status changed."""
    reports, now = change.account.control.reports, change.account.services.clock()
    stored: Stored[Report] | None = reports.find(closed.id)
    status = closed.csp.status if closed.csp else before.status
    label = EXPLANATIONS[status.cause].label.value
    known = stored.value if stored else Report(integration_id=closed.id, at=now, checks=[])
    report = known.after(checks.all, now, label, status.cause.value)
    change.write(reports.saved(stored.now(report)) if stored else reports.added(report))
    if status.cause is not before.status.cause:
        subject = {"integration_id": closed.id, "tenant_id": closed.tenant_id}
        causes = {"before": before.status.cause.value, "after": status.cause.value}
        change.audit(change.account.system_actor("check_csp"), "changed CSP status", subject, **causes)
