"""Record a job that was given up on the row it concerns, and plan its retry.

The message only names the row: if the tables do not have the job as outstanding, it was done in the meantime or never
ordered, and nothing is changed. So a failure may be reported twice, by the last try and by the poison queue.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.audit.entries import audit_given_up
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.evaluate.evaluate_tenant import mark_failed
from integrations.actions.sync.close_run import SyncResult, close
from integrations.actions.user_sync.plans import fail_plan
from integrations.domain.connect.flow import FlowState
from integrations.domain.csp.customers import advance
from integrations.domain.ids import IntegrationId
from integrations.domain.integrations import Csp, Integration, Tenant
from integrations.domain.jobs import given_up as rules
from integrations.domain.jobs.given_up import Failed
from integrations.domain.jobs.orders import (
    AccountOrder,
    ConsentOrder,
    CspOrder,
    CustomerOrder,
    EvaluateOrder,
    PlanOrder,
    PurgeOrder,
    RemovalOrder,
    SyncOrder,
    UserSyncPlanOrder,
)
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.datasets import Run, RunState
from integrations.domain.sync.schedule import next_due
from integrations.domain.sync_status import move
from integrations.services import Services
from integrations.storage.control import CURRENT
from integrations.storage.documents import Stored
from integrations.storage.due import ALL, Work

_EARLY = timedelta(minutes=1)  # clocks differ

# Records the failure on the row of one order; raises VersionConflict if the row was changed in the meantime.
RecordFailure = Callable[[Account, Any, Failed], None]


def give_up(services: Services, record: RecordFailure, order: AccountOrder, failed: Failed) -> None:
    """Record the failure on the row that the order concerns, if the job is outstanding.

    Raises:
        VersionConflict: the row kept changing.
        StorageUnavailable: storage does not answer.
    """
    account = Account(services, order.account_id)
    retry_on_conflict(lambda: record(account, order, failed))


def give_up_csp(account: Account, order: CspOrder, failed: Failed) -> None:
    """Show an error of ours on the CSP's row; one whose authorization failed keeps its status, with both evidences."""
    services, control = account.services, account.control
    stored, now = control.integrations.find(order.integration_id), services.clock()
    csp = stored.value.csp if stored else None
    if stored is None or csp is None or stored.value.removal or csp.paused is not None:
        return
    if not _is_check_outstanding(account, order.integration_id, csp.status.next_check_at, now):
        return
    is_kept = csp.status.is_auth_failed
    cause = csp.status.cause if is_kept else SyncCause.CSP_OUR_FAILURE
    evidence = {**(csp.status.evidence if is_kept else {}), **failed.evidence()}
    moved = move(csp.status, cause, now, evidence=evidence)
    due_at = next_due(moved, is_mapped=True, now=now, period=_period(services), chance=services.chance())
    failing = msgspec.structs.replace(csp, status=msgspec.structs.replace(moved, next_check_at=due_at), running=None)
    with account.change() as change:
        change.due(Work.CSP, order.integration_id, due_at)
        change.write(control.integrations.saved(stored.now(msgspec.structs.replace(stored.value, csp=failing))))
        _add_history(change, stored.value, csp, failing)
        _audit(change, failed, stored.value, is_new="job" not in csp.status.evidence)


def _is_check_outstanding(
    account: Account, integration_id: IntegrationId, next_at: datetime | None, now: datetime
) -> bool:
    """Whether the CSP's run is due, or ordered sooner by a line of the due list: somebody wants it checked."""
    line = _line(account, Work.CSP, integration_id)
    return line is not None and (next_at is None or next_at <= now + _EARLY or line < next_at)


def _add_history(change: Change, integration: Integration, before: Csp, after: Csp) -> None:
    """Add the new status to the CSP's history, beside the checks of its last completed run."""
    reports, cause = change.account.control.reports, after.status.cause
    stored = reports.find(integration.id)
    if stored is None or cause is before.status.cause:
        return
    now = change.account.services.clock()
    report = stored.value.after(stored.value.checks, now, after.status.label.value, cause.value)
    change.write(reports.saved(stored.now(report)))


def _audit(change: Change, failed: Failed, concerned: Integration | Tenant, *, is_new: bool) -> None:
    """Add an audit entry for the first failure in a row."""
    integration_id = concerned.id if isinstance(concerned, Integration) else concerned.integration_id
    if is_new:
        audit_given_up(change, failed, {"integration_id": integration_id, "tenant_id": concerned.tenant_id})


def give_up_customer(account: Account, order: CustomerOrder, failed: Failed) -> None:
    services, control = account.services, account.control
    stored, now = control.tenants.find(order.tenant_id), services.clock()
    child = stored.value.csp if stored else None
    if stored is None or child is None or stored.value.removal or stored.value.paused is not None:
        return
    before = child.progress
    if not before.is_due(now):
        return
    mark = rules.give_up(before.given_up, failed, now, _period(services))
    marked = advance(stored.value, msgspec.structs.replace(before, next_at=mark.next_at, given_up=mark))
    with account.change() as change:
        change.due(Work.CUSTOMER, order.tenant_id, mark.next_at)
        change.write(control.tenants.saved(stored.now(marked)))
        _audit(change, failed, marked, is_new=before.given_up is None)


def give_up_removal(account: Account, order: RemovalOrder, failed: Failed) -> None:
    services, control = account.services, account.control
    stored, now = control.removals.find(order.removal_id), services.clock()
    if stored is None or stored.value.next_at > now:
        return
    before = stored.value
    mark = rules.give_up(before.given_up, failed, now, _period(services))
    marked = msgspec.structs.replace(before, running=None, next_at=mark.next_at, given_up=mark)
    with account.change() as change:
        change.due(Work.REMOVAL, before.id, mark.next_at)
        change.write(control.removals.saved(stored.now(marked)))
        if before.given_up is None:
            audit_given_up(change, failed, {"removal_id": before.id, "integration_id": before.integration_id})


def give_up_purge(account: Account, order: PurgeOrder, failed: Failed) -> None:
    """Record it on the tenant's row. While the tenant is being removed, its removal deletes the data and reports."""
    services, control = account.services, account.control
    stored, now, epoch = control.tenants.find(order.tenant_id), services.clock(), str(order.epoch)
    line = _line(account, Work.PURGE, f"{order.tenant_id}:{epoch}")
    if stored is None or stored.value.removal or stored.value.epoch <= order.epoch:
        return
    if line is None or line > now + services.settings.removal_quiet:
        return
    before = stored.value.purges_given_up.get(epoch)
    if before is not None and before.next_at > now:
        return
    mark = rules.give_up(before, failed, now, _period(services))
    with account.change() as change:
        if line > now:  # the last pass is due later anyway
            mark = msgspec.structs.replace(mark, next_at=line)
        else:
            change.due(Work.PURGE, f"{order.tenant_id}:{epoch}", mark.next_at)
        marks = {**stored.value.purges_given_up, epoch: mark}
        marked = msgspec.structs.replace(stored.value, purges_given_up=marks)
        change.write(control.tenants.saved(stored.now(marked)))
        _audit(change, failed, marked, is_new=before is None)


def give_up_plan(account: Account, _order: PlanOrder, failed: Failed) -> None:
    services, control = account.services, account.control
    stored, now = control.plans.find(CURRENT), services.clock()
    line = _line(account, Work.PLAN, ALL)
    if stored is None or line is None or line > now:
        return
    before = stored.value.given_up
    mark = rules.give_up(before, failed, now, _period(services))
    with account.change() as change:
        change.due(Work.PLAN, ALL, mark.next_at)
        change.write(control.plans.saved(stored.now(msgspec.structs.replace(stored.value, given_up=mark))))
        if before is None:
            audit_given_up(change, failed, {})


def give_up_consent(account: Account, order: ConsentOrder, failed: Failed) -> None:
    services, control = account.services, account.control
    stored, now = control.flows.find(order.flow_id), services.clock()
    if stored is None or stored.value.current_at(now).state is not FlowState.RETURNED:
        return
    before = stored.value.given_up
    if before is not None and before.next_at > now:
        return
    mark = rules.give_up(before, failed, now, _period(services))
    mark = msgspec.structs.replace(mark, next_at=min(mark.next_at, stored.value.expires_at))
    with account.change() as change:
        change.due(Work.CONSENT, order.flow_id, mark.next_at)
        change.write(control.flows.saved(stored.now(msgspec.structs.replace(stored.value, given_up=mark))))
        if before is None:
            audit_given_up(change, failed, {"flow_id": order.flow_id})


def give_up_evaluation(account: Account, order: EvaluateOrder, failed: Failed) -> None:
    """Record it in the states of the evaluations that were due; the tenant's Sync Status is not affected."""
    if mark_failed(account.services, order, failed):
        with account.change() as change:
            audit_given_up(change, failed, {"tenant_id": order.tenant_id})


def give_up_user_sync_plan(account: Account, order: UserSyncPlanOrder, failed: Failed) -> None:
    """Say in the plan that it could not be made; somebody asks for another one."""
    if fail_plan(account.services.user_sync(account.id, order.tenant_id), order.plan_id):
        with account.change() as change:
            audit_given_up(change, failed, {"tenant_id": order.tenant_id, "plan_id": order.plan_id})


def give_up_sync(account: Account, order: SyncOrder, failed: Failed) -> None:
    """Close the run that was under way; for one that never began, record the failure on the tenant's row."""
    control = account.control
    run = control.runs.find(f"{order.tenant_id}:{order.run_id}")
    tenant = control.tenants.find(order.tenant_id)
    if tenant is None or tenant.value.removal or tenant.value.paused is not None:
        return
    is_new = tenant.value.status.cause is not SyncCause.OUR_FAILURE
    if run is not None and run.value.state is RunState.RUNNING:
        result, held = SyncResult(cause=SyncCause.OUR_FAILURE, evidence=failed.evidence()), tenant.value
        close(account, run.value, result, add=lambda change: _audit(change, failed, held, is_new=is_new))
        return
    if _is_sync_outstanding(tenant.value, order, run, account.services.clock()):
        _record_unstarted(account, tenant, run, failed)


def _is_sync_outstanding(tenant: Tenant, order: SyncOrder, run: Stored[Run] | None, now: datetime) -> bool:
    if run is not None:
        return run.value.state is RunState.QUEUED
    due_at = tenant.status.next_check_at
    is_current = order.epoch is None or order.epoch == tenant.epoch
    is_free = tenant.running is None or tenant.running.until <= now
    return is_current and is_free and due_at is not None and due_at <= now + _EARLY


def _record_unstarted(account: Account, stored: Stored[Tenant], run: Stored[Run] | None, failed: Failed) -> None:
    """Show the failure on the tenant's row, and close the queued run if there is one."""
    services, control = account.services, account.control
    tenant, now = stored.value, services.clock()
    moved = move(tenant.status, SyncCause.OUR_FAILURE, now, evidence=failed.evidence())
    is_mapped = tenant.mapping is not None
    due_at = next_due(moved, is_mapped=is_mapped, now=now, period=_period(services), chance=services.chance())
    failing = msgspec.structs.replace(tenant, status=msgspec.structs.replace(moved, next_check_at=due_at))
    with account.change() as change:
        change.due(Work.SYNC, tenant.tenant_id, due_at)
        change.write(control.tenants.saved(stored.now(failing)))
        if run is not None:
            ended = {"state": RunState.FAILED, "ended_at": now, "cause": SyncCause.OUR_FAILURE}
            change.write(control.runs.saved(run.now(msgspec.structs.replace(run.value, **ended))))
        _audit(change, failed, failing, is_new=tenant.status.cause is not SyncCause.OUR_FAILURE)


def _line(account: Account, work: Work, item_id: str) -> datetime | None:
    """When work is due by the due list; None if it has no such line."""
    return next((it.at for it in account.services.due.of(account.id, item_id) if it.work is work), None)


def _period(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.sync_period_s)
