"""Tell of a job that was given up on the row it concerns, and have it tried again by itself.

The message only says where to look: a job that the tables do not know as outstanding was done meanwhile, or nobody
ever asked for it, and nothing is changed. So it may be told twice, by the last try and by the poison queue.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.audit.entries import audit_given_up
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.evaluate.evaluate_tenant import give_up_evaluation as record_failure
from integrations.actions.sync.close_run import SyncResult, close
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

# Marks the row of one order; raises VersionConflict when the row was changed meanwhile.
Tell = Callable[[Account, Any, Failed], None]


def give_up(services: Services, tell: Tell, order: AccountOrder, failed: Failed) -> None:
    """Mark the row that the order concerns, if what it asks for is outstanding.

    Raises:
        VersionConflict: the row kept changing under our hands.
    """
    account = Account(services, order.account_id)
    retry_on_conflict(lambda: tell(account, order, failed))


def give_up_csp(account: Account, order: CspOrder, failed: Failed) -> None:
    """An error of ours on the CSP's row; one that is not authorized stays so, and tells both."""
    services, control = account.services, account.control
    stored, now = control.integrations.find(order.integration_id), services.clock()
    csp = stored.value.csp if stored else None
    if stored is None or csp is None or stored.value.removal or csp.paused is not None:
        return
    if not _is_check_outstanding(account, order.integration_id, csp.status.next_check_at, now):
        return
    stays = csp.status.is_auth_failed
    cause = csp.status.cause if stays else SyncCause.CSP_OUR_FAILURE
    evidence = {**(csp.status.evidence if stays else {}), **failed.evidence()}
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
    """Whether the CSP's time has come, or the due list asks for it sooner than its row: somebody wants it checked."""
    line = _line(account, Work.CSP, integration_id)
    return line is not None and (next_at is None or next_at <= now + _EARLY or line < next_at)


def _add_history(change: Change, integration: Integration, before: Csp, after: Csp) -> None:
    """The new status in the CSP's history, beside the checks of the last run that ended."""
    reports, cause = change.account.control.reports, after.status.cause
    known = reports.find(integration.id)
    if known is None or cause is before.status.cause:
        return
    now = change.account.services.clock()
    report = known.value.after(known.value.checks, now, after.status.label.value, cause.value)
    change.write(reports.saved(known.now(report)))


def _audit(change: Change, failed: Failed, it: Integration | Tenant, *, is_new: bool) -> None:
    """An audit entry for the first time in a row."""
    own = {"integration_id": it.id} if isinstance(it, Integration) else {"integration_id": it.integration_id}
    if is_new:
        audit_given_up(change, failed, {**own, "tenant_id": it.tenant_id})


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
    """On the tenant's row. Once the tenant is being removed, its removal deletes the data, and tells."""
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
        if line > now:  # the look that makes sure comes anyway
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
    """In the states of the evaluations that were to be carried out; the tenant's Sync Status is none of theirs."""
    if record_failure(account.services, order, failed):
        with account.change() as change:
            audit_given_up(change, failed, {"tenant_id": order.tenant_id})


def give_up_sync(account: Account, order: SyncOrder, failed: Failed) -> None:
    """Close the run that was under way; one that never began is told on the tenant's row all the same."""
    control = account.control
    known = control.runs.find(f"{order.tenant_id}:{order.run_id}")
    tenant = control.tenants.find(order.tenant_id)
    if tenant is None or tenant.value.removal or tenant.value.paused is not None:
        return
    is_new = tenant.value.status.cause is not SyncCause.OUR_FAILURE
    if known is not None and known.value.state is RunState.RUNNING:
        ending, told = SyncResult(cause=SyncCause.OUR_FAILURE, evidence=failed.evidence()), tenant.value
        close(account, known.value, ending, add=lambda change: _audit(change, failed, told, is_new=is_new))
        return
    if _is_sync_outstanding(tenant.value, order, known, account.services.clock()):
        _never_began(account, tenant, known, failed)


def _is_sync_outstanding(tenant: Tenant, order: SyncOrder, known: Stored[Run] | None, now: datetime) -> bool:
    if known is not None:
        return known.value.state is RunState.QUEUED
    due_at = tenant.status.next_check_at
    is_present = order.epoch is None or order.epoch == tenant.epoch
    is_free = tenant.running is None or tenant.running.until <= now
    return is_present and is_free and due_at is not None and due_at <= now + _EARLY


def _never_began(account: Account, stored: Stored[Tenant], known: Stored[Run] | None, failed: Failed) -> None:
    services, control = account.services, account.control
    tenant, now = stored.value, services.clock()
    moved = move(tenant.status, SyncCause.OUR_FAILURE, now, evidence=failed.evidence())
    is_mapped = tenant.mapping is not None
    due_at = next_due(moved, is_mapped=is_mapped, now=now, period=_period(services), chance=services.chance())
    told = msgspec.structs.replace(tenant, status=msgspec.structs.replace(moved, next_check_at=due_at))
    with account.change() as change:
        change.due(Work.SYNC, tenant.tenant_id, due_at)
        change.write(control.tenants.saved(stored.now(told)))
        if known is not None:
            over = {"state": RunState.FAILED, "ended_at": now, "cause": SyncCause.OUR_FAILURE}
            change.write(control.runs.saved(known.now(msgspec.structs.replace(known.value, **over))))
        _audit(change, failed, told, is_new=tenant.status.cause is not SyncCause.OUR_FAILURE)


def _line(account: Account, work: Work, item_id: str) -> datetime | None:
    """When the due list asks for something; None when it does not."""
    return next((it.at for it in account.services.due.of(account.id, item_id) if it.work is work), None)


def _period(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.sync_period_s)
