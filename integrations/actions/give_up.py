"""Tell of a job that was given up on the row it concerns, and have it tried again by itself.

The message only says where to look: a job that the tables do not know as outstanding was done meanwhile, or nobody
ever asked for it, and nothing is changed. So it may be told twice, by the last try and by the poison queue.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from integrations.actions import evaluate
from integrations.actions.noting import gave_up
from integrations.actions.removals import quiet_of
from integrations.actions.sync_close import Ending, close
from integrations.domain import given_up as rules
from integrations.domain.connections import Csp, Integration, Tenant
from integrations.domain.consent import FlowState
from integrations.domain.customers import advance
from integrations.domain.datasets import Run, RunState
from integrations.domain.given_up import Failed
from integrations.domain.ids import AccountId, IntegrationId
from integrations.domain.orders import (
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
from integrations.domain.schedule import next_due
from integrations.domain.statuses import SyncCause, move
from integrations.services import Services
from integrations.storage.control import CURRENT, Clash, Control
from integrations.storage.documents import Stored
from integrations.storage.due import ALL, Due, Work
from shared.tables import Write

_EARLY = timedelta(minutes=1)  # clocks differ
_TRIES_TO_TELL = 5

# Marks the row of one order; raises Clash when the row was changed meanwhile.
Tell = Callable[[Services, Control, Any, Failed], None]


def give_up(services: Services, tell: Tell, order: AccountOrder, failed: Failed) -> None:
    """Mark the row that the order concerns, if what it asks for is outstanding.

    Raises:
        Clash: the row kept changing under our hands.
    """
    control = services.control(order.account_id)
    for _ in range(_TRIES_TO_TELL):
        try:
            tell(services, control, order, failed)
        except Clash:
            continue
        return
    raise Clash


def give_up_csp(services: Services, control: Control, order: CspOrder, failed: Failed) -> None:
    """An error of ours on the CSP's row; one that is not authorized stays so, and tells both."""
    stored, now = control.integrations.find(order.integration_id), services.clock()
    csp = stored.value.csp if stored else None
    if stored is None or csp is None or stored.value.removal or csp.paused is not None:
        return
    if not _is_check_outstanding(services, control, order.integration_id, csp.status.next_check_at, now):
        return
    stays = csp.status.is_auth_failed
    cause = csp.status.cause if stays else SyncCause.CSP_OUR_FAILURE
    evidence = {**(csp.status.evidence if stays else {}), **failed.evidence()}
    moved = move(csp.status, cause, now, evidence=evidence)
    due_at = next_due(moved, is_mapped=True, now=now, period=_period(services), chance=services.chance())
    failing = msgspec.structs.replace(csp, status=msgspec.structs.replace(moved, next_check_at=due_at), running=None)
    services.due.put(Due(Work.CSP, control.account_id, order.integration_id, due_at))
    control.commit(
        control.integrations.saved(stored.now(msgspec.structs.replace(stored.value, csp=failing))),
        *_history(services, control, stored.value, csp, failing),
        *_noted(services, control, failed, stored.value, is_new="job" not in csp.status.evidence),
    )


def _is_check_outstanding(
    services: Services, control: Control, integration_id: IntegrationId, next_at: datetime | None, now: datetime
) -> bool:
    """Whether the CSP's time has come, or the due list asks for it sooner than its row: somebody wants it checked."""
    line = _line(services, Work.CSP, control.account_id, integration_id)
    return line is not None and (next_at is None or next_at <= now + _EARLY or line < next_at)


def _history(services: Services, control: Control, integration: Integration, before: Csp, after: Csp) -> list[Write]:
    """The new status in the CSP's history, beside the checks of the last run that ended."""
    known, cause = control.reports.find(integration.id), after.status.cause
    if known is None or cause is before.status.cause:
        return []
    report = known.value.after(known.value.checks, services.clock(), after.status.label.value, cause.value)
    return [control.reports.saved(known.now(report))]


def _noted(
    services: Services, control: Control, failed: Failed, it: Integration | Tenant, *, is_new: bool
) -> list[Write]:
    """An audit entry for the first time in a row."""
    own = {"integration_id": it.id} if isinstance(it, Integration) else {"integration_id": it.integration_id}
    return [gave_up(services, control, failed, {**own, "tenant_id": it.tenant_id})] if is_new else []


def give_up_customer(services: Services, control: Control, order: CustomerOrder, failed: Failed) -> None:
    stored, now = control.tenants.find(order.tenant_id), services.clock()
    child = stored.value.csp if stored else None
    if stored is None or child is None or stored.value.removal or stored.value.paused is not None:
        return
    before = child.progress
    if not before.is_due(now):
        return
    mark = rules.give_up(before.given_up, failed, now, _period(services))
    marked = advance(stored.value, msgspec.structs.replace(before, next_at=mark.next_at, given_up=mark))
    services.due.put(Due(Work.CUSTOMER, control.account_id, order.tenant_id, mark.next_at))
    control.commit(
        control.tenants.saved(stored.now(marked)),
        *_noted(services, control, failed, marked, is_new=before.given_up is None),
    )


def give_up_removal(services: Services, control: Control, order: RemovalOrder, failed: Failed) -> None:
    stored, now = control.removals.find(order.removal_id), services.clock()
    if stored is None or stored.value.next_at > now:
        return
    before = stored.value
    mark = rules.give_up(before.given_up, failed, now, _period(services))
    marked = msgspec.structs.replace(before, running=None, next_at=mark.next_at, given_up=mark)
    services.due.put(Due(Work.REMOVAL, control.account_id, before.id, mark.next_at))
    subject = {"removal_id": before.id, "integration_id": before.integration_id}
    note = [gave_up(services, control, failed, subject)] if before.given_up is None else []
    control.commit(control.removals.saved(stored.now(marked)), *note)


def give_up_purge(services: Services, control: Control, order: PurgeOrder, failed: Failed) -> None:
    """On the tenant's row. Once the tenant is being removed, its removal deletes the data, and tells."""
    stored, now, epoch = control.tenants.find(order.tenant_id), services.clock(), str(order.epoch)
    line = _line(services, Work.PURGE, control.account_id, f"{order.tenant_id}:{epoch}")
    if stored is None or stored.value.removal or stored.value.epoch <= order.epoch:
        return
    if line is None or line > now + quiet_of(services):
        return
    before = stored.value.purges_given_up.get(epoch)
    if before is not None and before.next_at > now:
        return
    mark = rules.give_up(before, failed, now, _period(services))
    if line > now:  # the look that makes sure comes anyway
        mark = msgspec.structs.replace(mark, next_at=line)
    else:
        services.due.put(Due(Work.PURGE, control.account_id, f"{order.tenant_id}:{epoch}", mark.next_at))
    marks = {**stored.value.purges_given_up, epoch: mark}
    marked = msgspec.structs.replace(stored.value, purges_given_up=marks)
    control.commit(
        control.tenants.saved(stored.now(marked)),
        *_noted(services, control, failed, marked, is_new=before is None),
    )


def give_up_plan(services: Services, control: Control, _order: PlanOrder, failed: Failed) -> None:
    stored, now = control.plans.find(CURRENT), services.clock()
    line = _line(services, Work.PLAN, control.account_id, ALL)
    if stored is None or line is None or line > now:
        return
    before = stored.value.given_up
    mark = rules.give_up(before, failed, now, _period(services))
    services.due.put(Due(Work.PLAN, control.account_id, ALL, mark.next_at))
    note = [gave_up(services, control, failed, {})] if before is None else []
    control.commit(control.plans.saved(stored.now(msgspec.structs.replace(stored.value, given_up=mark))), *note)


def give_up_consent(services: Services, control: Control, order: ConsentOrder, failed: Failed) -> None:
    stored, now = control.flows.find(order.flow_id), services.clock()
    if stored is None or stored.value.seen_at(now).state is not FlowState.RETURNED:
        return
    before = stored.value.given_up
    if before is not None and before.next_at > now:
        return
    mark = rules.give_up(before, failed, now, _period(services))
    mark = msgspec.structs.replace(mark, next_at=min(mark.next_at, stored.value.expires_at))
    services.due.put(Due(Work.CONSENT, control.account_id, order.flow_id, mark.next_at))
    note = [gave_up(services, control, failed, {"flow_id": order.flow_id})] if before is None else []
    control.commit(control.flows.saved(stored.now(msgspec.structs.replace(stored.value, given_up=mark))), *note)


def give_up_evaluation(services: Services, control: Control, order: EvaluateOrder, failed: Failed) -> None:
    """In the states of the evaluations that were to be carried out; the tenant's Sync Status is none of theirs."""
    if evaluate.give_up_evaluation(services, order, failed):
        control.commit(gave_up(services, control, failed, {"tenant_id": order.tenant_id}))


def give_up_sync(services: Services, control: Control, order: SyncOrder, failed: Failed) -> None:
    """Close the run that was under way; one that never began is told on the tenant's row all the same."""
    known = control.runs.find(f"{order.tenant_id}:{order.run_id}")
    tenant = control.tenants.find(order.tenant_id)
    if tenant is None or tenant.value.removal or tenant.value.paused is not None:
        return
    is_new = tenant.value.status.cause is not SyncCause.OUR_FAILURE
    if known is not None and known.value.state is RunState.RUNNING:
        ending = Ending(cause=SyncCause.OUR_FAILURE, evidence=failed.evidence())
        more = _noted(services, control, failed, tenant.value, is_new=is_new)
        close(services, control, known.value, ending, more=more)
        return
    if _is_sync_outstanding(tenant.value, order, known, services.clock()):
        _never_began(services, control, tenant, known, failed)


def _is_sync_outstanding(tenant: Tenant, order: SyncOrder, known: Stored[Run] | None, now: datetime) -> bool:
    if known is not None:
        return known.value.state is RunState.QUEUED
    due_at = tenant.status.next_check_at
    is_present = order.epoch is None or order.epoch == tenant.epoch
    is_free = tenant.running is None or tenant.running.until <= now
    return is_present and is_free and due_at is not None and due_at <= now + _EARLY


def _never_began(
    services: Services, control: Control, stored: Stored[Tenant], known: Stored[Run] | None, failed: Failed
) -> None:
    tenant, now = stored.value, services.clock()
    moved = move(tenant.status, SyncCause.OUR_FAILURE, now, evidence=failed.evidence())
    is_mapped = tenant.mapping is not None
    due_at = next_due(moved, is_mapped=is_mapped, now=now, period=_period(services), chance=services.chance())
    told = msgspec.structs.replace(tenant, status=msgspec.structs.replace(moved, next_check_at=due_at))
    services.due.put(Due(Work.SYNC, control.account_id, tenant.tenant_id, due_at))
    ended: list[Write] = []
    if known is not None:
        over = {"state": RunState.FAILED, "ended_at": now, "cause": SyncCause.OUR_FAILURE}
        ended = [control.runs.saved(known.now(msgspec.structs.replace(known.value, **over)))]
    is_new = tenant.status.cause is not SyncCause.OUR_FAILURE
    control.commit(
        control.tenants.saved(stored.now(told)), *ended, *_noted(services, control, failed, told, is_new=is_new)
    )


def _line(services: Services, work: Work, account_id: AccountId, item_id: str) -> datetime | None:
    """When the due list asks for something; None when it does not."""
    return next((it.at for it in services.due.of(account_id, item_id) if it.work is work), None)


def _period(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.sync_period_s)
