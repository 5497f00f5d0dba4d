"""Order what is due, in two levels: one message per shard of the due list, then one per piece of work.

No single invocation grows with the number of tenants: a shard's handler reads one partition and writes
nothing but messages. An order that is repeated, late or lost changes nothing (see ``sync_tenant``).
"""

import dataclasses
import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from integrations.actions.account import Account
from integrations.actions.connect.flows import removed_flow
from integrations.actions.evaluate.evaluate_tenant import daily_look, is_evaluated
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
from integrations.domain.sync.schedule import in_turns, slot_after
from integrations.services import Services
from integrations.storage.control import newest_first
from integrations.storage.due import Due, Work, shards
from shared.errors import AppError
from shared.telemetry.log import log

_CHANGED_BY = timedelta(minutes=1)  # a due line is written this much before its change at the most
_SLOT = "schedul0"  # the same suffix for everybody: a due time is one slot, whoever orders it


# Does its part for a line of the due list, and may say when the same is due again.
DueHandler = Callable[[Services, Due], Due | None]


def order_shards(services: Services) -> None:
    """Have every shard of the due list looked at; what falls due between two looks waits for the next one."""
    until = services.clock()
    for shard in shards():
        services.send(ShardOrder(shard=shard, until=until))


def order_due(services: Services, order: ShardOrder, handlers: Mapping[Work, DueHandler]) -> None:
    """Order everything due in one shard, accounts in turns: after an outage nobody waits for a big one's backlog.

    One piece of work that fails is logged and does not stop the rest.
    """
    later = []
    for due in in_turns(services.due.list(order.shard, order.until), lambda it: it.account_id):
        try:
            moved = handlers[due.work](services, due)
            later += [moved] if moved else []
        except Exception as error:  # noqa: BLE001 - one line costs itself, and not what others have due
            log(
                "could not order work",
                level=logging.INFO if isinstance(error, AppError) else logging.ERROR,
                account_id=due.account_id,
                action=due.work.value,
                error=type(error).__name__,
                shard=order.shard,
            )
    services.due.move(later)  # after the messages: a crash between the two orders twice, never not at all


def order_sync(services: Services, due: Due) -> Due:
    """Order it, and say when it is due again; the tenant's sync corrects that when it ends otherwise."""
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
    order = CspOrder(
        account_id=due.account_id, integration_id=IntegrationId(due.item_id), due_at=due.at, reason=SCHEDULED
    )
    _send(services, order, due)


def order_customer(services: Services, due: Due) -> None:
    """Order the step, if the customer still waits for one; a line that is fresh may come before its change."""
    stored = services.control(due.account_id).tenants.find(due.item_id)
    waits = stored is not None and stored.value.csp is not None and stored.value.csp.progress.next_at is not None
    if not waits and services.clock() - due.at > _CHANGED_BY:
        services.due.settle(due)
        return
    order = CustomerOrder(account_id=due.account_id, tenant_id=TenantId(due.item_id))
    _send(services, order, due)


def order_plan(services: Services, due: Due) -> None:
    _send(services, PlanOrder(account_id=due.account_id), due)


def order_evaluation(services: Services, due: Due) -> Due | None:
    """Order it for a tenant that is mapped; while the account's plan is lost, tomorrow is soon enough."""
    stored = services.control(due.account_id).tenants.find(due.item_id)
    if stored is None or stored.value.mapping is None:
        if services.clock() - due.at > _CHANGED_BY:
            services.due.settle(due)
        return None
    tenant = stored.value
    if not is_evaluated(tenant):
        return dataclasses.replace(due, at=daily_look(services, tenant.tenant_id))
    order = EvaluateOrder(account_id=due.account_id, tenant_id=tenant.tenant_id, epoch=tenant.epoch)
    _send(services, order, due)
    return None


def order_removal(services: Services, due: Due) -> Due | None:
    """Carry it on by a message of its own, when its time has come; one that nobody knows any more is settled."""
    removal_id, now = RemovalId(due.item_id), services.clock()
    stored = services.control(due.account_id).removals.find(removal_id)
    if stored is None and now - due.at > _CHANGED_BY:
        services.due.settle(due)
    elif stored is not None and stored.value.next_at > now:
        return dataclasses.replace(due, at=stored.value.next_at)
    elif stored is not None:
        _send(services, RemovalOrder(account_id=due.account_id, removal_id=removal_id), due)
    return None


def order_remove_all(services: Services, due: Due) -> None:
    continue_remove_all(services, due.account_id)


def order_purge(services: Services, due: Due) -> None:
    tenant_id, _, epoch = due.item_id.partition(":")
    order = PurgeOrder(account_id=due.account_id, tenant_id=TenantId(tenant_id), epoch=int(epoch), is_last=True)
    _send(services, order, due)


def _send(services: Services, order: Order, due: Due) -> None:
    services.send(order, delay_s=_seconds_until(due.at, services.clock()))


def look_at_flow(services: Services, due: Due) -> None:
    """Look at a journey again, close it when its time is over, and forget it a day later."""
    account = Account(services, due.account_id)
    now = services.clock()
    if due.at > now:
        return
    stored = account.control.flows.find(due.item_id)
    if stored is None:
        services.due.settle(due)
        return
    flow = stored.value
    forget_at = flow.created_at + CONSENT_FLOWS
    if flow.is_open:
        _send(services, ConsentOrder(account_id=due.account_id, flow_id=flow.id), due)
    elif now < forget_at:
        services.due.put(Due(Work.CONSENT, due.account_id, flow.id, forget_at))
    else:
        for state_hash in flow.states:
            services.callbacks.remove(state_hash)
        with account.change() as change:
            change.write(*removed_flow(account.control, stored))
        services.due.settle(due)


def empty_outbox(services: Services, due: Due) -> None:
    account = Account(services, due.account_id)
    account.dispatch()
    if not account.control.outbox.list(limit=1):
        services.due.settle(due)


def _seconds_until(at: datetime, now: datetime) -> int:
    return max(0, math.ceil((at - now).total_seconds()))
