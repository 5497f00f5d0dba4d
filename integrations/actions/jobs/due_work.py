"""Order what is due, in two levels: one message per shard of the due list, then one per piece of work.

No single invocation grows with the number of tenants: a shard's handler reads one partition and sends messages. An
order that is repeated, late or lost changes nothing (see ``sync_tenant``).
"""

import dataclasses
import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from integrations.actions.account import Account
from integrations.actions.connect.flows import removed_flow
from integrations.actions.evaluate.evaluate_tenant import daily_evaluation, is_evaluable
from integrations.actions.removal.saga import continue_remove_all
from integrations.domain.ids import IntegrationId, RemovalId, RunId, TenantId
from integrations.domain.jobs.orders import (
    SCHEDULED,
    ConsentOrder,
    CspOrder,
    CustomerOrder,
    EvaluateOrder,
    Order,
    PlanOrder,
    PurgeOrder,
    RemovalOrder,
    ShardOrder,
    SyncOrder,
)
from integrations.domain.retention import CONSENT_FLOWS
from integrations.domain.sync.schedule import round_robin, slot_after
from integrations.services import Services
from integrations.storage.control import newest_first
from integrations.storage.due import Due, Work
from shared.errors import AppError
from shared.telemetry.log import log

_LINE_BEFORE_ROW = timedelta(minutes=1)  # a line is written at most this long before its row
_SLOT = "schedul0"  # the same suffix for every process: a due time is one slot, whoever orders it

# Handles a line of the due list, and may return the line with its next due time.
DueHandler = Callable[[Services, Due], Due | None]


def order_shards(services: Services) -> None:
    """Order a pass over every shard of the due list; what becomes due later waits for the next pass.

    Raises:
        QueueUnavailable: the queue does not answer; the next timer orders the shards.
    """
    until = services.clock()
    for shard in services.due.shards:
        services.send(ShardOrder(shard=shard, until=until))


def order_due(services: Services, order: ShardOrder, handlers: Mapping[Work, DueHandler]) -> None:
    """Order everything due in one shard, accounts in turn, so that nobody waits for a big account's backlog.

    A line that fails is logged and does not stop the others.

    Raises:
        StorageUnavailable: the list cannot be read or written; the message retries.
    """
    later = []
    for due in round_robin(services.due.list(order.shard, order.until), lambda it: it.account_id):
        try:
            next_line = handlers[due.work](services, due)
            later += [next_line] if next_line else []
        except Exception as error:  # noqa: BLE001 - a line that fails must not stop the others
            log(
                "could not order work",
                level=logging.INFO if isinstance(error, AppError) else logging.ERROR,
                account_id=due.account_id,
                action=due.work.value,
                error=type(error).__name__,
                shard=order.shard,
            )
    services.due.move(later)  # after the messages: a crash in between orders twice, and never not at all


def order_sync(services: Services, due: Due) -> Due:
    """Order a sync, and return its line one period later; the sync corrects that time if it ends differently."""
    period = timedelta(seconds=services.settings.sync_period_s)
    then_at = slot_after(due.at, services.clock(), period, services.chance())
    order = SyncOrder(
        account_id=due.account_id,
        tenant_id=TenantId(due.item_id),
        run_id=RunId(newest_first(due.at, _SLOT)),
        due_at=due.at,
        reason=SCHEDULED,
        then_at=then_at,
    )
    _send(services, order, due)
    return dataclasses.replace(due, at=then_at)


def order_csp(services: Services, due: Due) -> None:
    """Order a run of a CSP."""
    order = CspOrder(
        account_id=due.account_id, integration_id=IntegrationId(due.item_id), due_at=due.at, reason=SCHEDULED
    )
    _send(services, order, due)


def order_customer(services: Services, due: Due) -> None:
    """Order the customer's next step if it waits for one; a new line may come before its row is written."""
    stored = services.control(due.account_id).tenants.find(due.item_id)
    has_step = stored is not None and stored.value.csp is not None and stored.value.csp.progress.next_at is not None
    if not has_step and services.clock() - due.at > _LINE_BEFORE_ROW:
        services.due.complete(due)
        return
    order = CustomerOrder(account_id=due.account_id, tenant_id=TenantId(due.item_id))
    _send(services, order, due)


def order_plan(services: Services, due: Due) -> None:
    """Order a pass over the account's rows that applies its plan."""
    _send(services, PlanOrder(account_id=due.account_id), due)


def order_evaluation(services: Services, due: Due) -> Due | None:
    """Order an evaluation of a mapped tenant; while it is paused or being removed, move the line to tomorrow."""
    stored = services.control(due.account_id).tenants.find(due.item_id)
    if stored is None or stored.value.mapping is None:
        if services.clock() - due.at > _LINE_BEFORE_ROW:
            services.due.complete(due)
        return None
    tenant = stored.value
    if not is_evaluable(tenant):
        return dataclasses.replace(due, at=daily_evaluation(services, tenant.tenant_id))
    order = EvaluateOrder(account_id=due.account_id, tenant_id=tenant.tenant_id, epoch=tenant.epoch)
    _send(services, order, due)
    return None


def order_removal(services: Services, due: Due) -> Due | None:
    """Order the continuation of a removal when its time has come; the line of one that is gone is completed."""
    removal_id, now = RemovalId(due.item_id), services.clock()
    stored = services.control(due.account_id).removals.find(removal_id)
    if stored is None and now - due.at > _LINE_BEFORE_ROW:
        services.due.complete(due)
    elif stored is not None and stored.value.next_at > now:
        return dataclasses.replace(due, at=stored.value.next_at)
    elif stored is not None:
        _send(services, RemovalOrder(account_id=due.account_id, removal_id=removal_id), due)
    return None


def order_remove_all(services: Services, due: Due) -> None:
    """Continue Remove All Integrations at once, without a message."""
    continue_remove_all(services, due.account_id)


def order_purge(services: Services, due: Due) -> None:
    """Order the last pass of a purge; the line's item is ``<tenant id>:<epoch>``."""
    tenant_id, _, epoch = due.item_id.partition(":")
    order = PurgeOrder(account_id=due.account_id, tenant_id=TenantId(tenant_id), epoch=int(epoch), is_last=True)
    _send(services, order, due)


def _send(services: Services, order: Order, due: Due) -> None:
    services.send(order, delay_s=_seconds_until(due.at, services.clock()))


def order_consent(services: Services, due: Due) -> None:
    """Order the next check of an open flow; one that has ended is deleted a day after its start."""
    account = Account(services, due.account_id)
    now = services.clock()
    if due.at > now:
        return
    stored = account.control.flows.find(due.item_id)
    if stored is None:
        services.due.complete(due)
        return
    flow = stored.value
    delete_at = flow.created_at + CONSENT_FLOWS
    if flow.is_open:
        _send(services, ConsentOrder(account_id=due.account_id, flow_id=flow.id), due)
    elif now < delete_at:
        services.due.put(Due(Work.CONSENT, due.account_id, flow.id, delete_at))
    else:
        for state_hash in flow.states:
            services.callbacks.remove(state_hash)
        with account.change() as change:
            change.write(*removed_flow(account.control, stored))
        services.due.complete(due)


def empty_outbox(services: Services, due: Due) -> None:
    """Send the messages that a dead process or an outage left in the account's outbox."""
    account = Account(services, due.account_id)
    account.dispatch()
    if not account.control.outbox.list(limit=1):
        services.due.complete(due)


def _seconds_until(at: datetime, now: datetime) -> int:
    return max(0, math.ceil((at - now).total_seconds()))
