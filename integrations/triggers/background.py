"""Timers and queues: the doors nobody knocks at.

An error that is not explained reaches the host, so that the message comes back, and after five times goes
to the poison queue. The last try tells of it with the code of its error, and the poison reader once more, as a
process that died could not: it alerts the operator and never raises, since a failing poison message would return
for a week (platform.md 2.7). What the poisoned message asked for is ordered again by the reconciler.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import azure.functions as func

from integrations.actions.apply_plan import apply_plan
from integrations.actions.check_csp import check_csp
from integrations.actions.give_up import give_up
from integrations.actions.onboard_customer import onboard_customer
from integrations.actions.order import order_due, order_shards
from integrations.actions.prove import prove_consent
from integrations.actions.purge import purge
from integrations.actions.removing import carry_on
from integrations.actions.sync import sync_tenant
from integrations.domain.given_up import MOST_TRIES, Failed
from integrations.domain.messages import NotAnOrder, read
from integrations.domain.orders import (
    CONSENT_QUEUE,
    CSP_QUEUE,
    CUSTOMER_QUEUE,
    PLAN_QUEUE,
    PURGE_QUEUE,
    QUEUE_OF,
    REMOVAL_QUEUE,
    SHARD_QUEUE,
    SYNC_QUEUE,
    ConsentOrder,
    CspOrder,
    CustomerOrder,
    PlanOrder,
    PurgeOrder,
    RemovalOrder,
    ShardOrder,
    SyncOrder,
)
from integrations.domain.orders import (
    Order as AnyOrder,
)
from integrations.services import Services
from shared.telemetry import log

_STORAGE = "AzureWebJobsStorage"
_NOW = timedelta(0)  # what falls due between two looks waits for the next one

_TOLD = ("account_id", "tenant_id", "integration_id", "flow_id", "run_id", "shard")  # of what was given up

Order = TypeVar("Order", bound=AnyOrder)


def blueprint(services: Callable[[], Services]) -> func.Blueprint:
    """Every function that a clock or a queue starts."""
    bp = func.Blueprint()
    _add_timers(bp, services)
    _add_workers(bp, services)
    _add_csp_workers(bp, services)
    _add_plan_workers(bp, services)
    _add_removal_workers(bp, services)
    _add_poison_readers(bp, services)
    return bp


def _add_timers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.timer_trigger(arg_name="timer", schedule="0 */30 * * * *", use_monitor=True)
    def sync_timer(timer: func.TimerRequest) -> None:
        log("sync timer fired", outcome="late" if timer.past_due else "on time")
        order_shards(services(), _NOW)

    @bp.timer_trigger(arg_name="timer", schedule="30 */5 * * * *", use_monitor=True)
    def reconcile_timer(timer: func.TimerRequest) -> None:
        log("reconcile timer fired", outcome="late" if timer.past_due else "on time")
        order_shards(services(), _NOW)


def _add_workers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=SHARD_QUEUE, connection=_STORAGE)
    def order_due_work(msg: func.QueueMessage) -> None:
        _work(services, msg, ShardOrder, order_due)

    @bp.queue_trigger(arg_name="msg", queue_name=SYNC_QUEUE, connection=_STORAGE)
    def sync_tenant_order(msg: func.QueueMessage) -> None:
        is_repeat = (msg.dequeue_count or 1) > 1
        _work(services, msg, SyncOrder, lambda its, order: sync_tenant(its, order, is_repeat=is_repeat))

    @bp.queue_trigger(arg_name="msg", queue_name=CONSENT_QUEUE, connection=_STORAGE)
    def prove_consent_order(msg: func.QueueMessage) -> None:
        _work(services, msg, ConsentOrder, prove_consent)


def _add_csp_workers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=CSP_QUEUE, connection=_STORAGE)
    def check_csp_order(msg: func.QueueMessage) -> None:
        _work(services, msg, CspOrder, check_csp)

    @bp.queue_trigger(arg_name="msg", queue_name=CUSTOMER_QUEUE, connection=_STORAGE)
    def onboard_customer_order(msg: func.QueueMessage) -> None:
        _work(services, msg, CustomerOrder, onboard_customer)


def _add_plan_workers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=PLAN_QUEUE, connection=_STORAGE)
    def apply_plan_order(msg: func.QueueMessage) -> None:
        _work(services, msg, PlanOrder, lambda its, order: apply_plan(its, order.account_id))


def _add_removal_workers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=REMOVAL_QUEUE, connection=_STORAGE)
    def remove_order(msg: func.QueueMessage) -> None:
        _work(services, msg, RemovalOrder, carry_on)

    @bp.queue_trigger(arg_name="msg", queue_name=PURGE_QUEUE, connection=_STORAGE)
    def purge_order(msg: func.QueueMessage) -> None:
        _work(services, msg, PurgeOrder, purge)


def _add_poison_readers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=f"{SHARD_QUEUE}-poison", connection=_STORAGE)
    def order_due_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, ShardOrder)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{SYNC_QUEUE}-poison", connection=_STORAGE)
    def sync_tenant_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, SyncOrder)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{CONSENT_QUEUE}-poison", connection=_STORAGE)
    def prove_consent_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, ConsentOrder)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{CSP_QUEUE}-poison", connection=_STORAGE)
    def check_csp_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, CspOrder)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{CUSTOMER_QUEUE}-poison", connection=_STORAGE)
    def onboard_customer_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, CustomerOrder)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{REMOVAL_QUEUE}-poison", connection=_STORAGE)
    def remove_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, RemovalOrder)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{PURGE_QUEUE}-poison", connection=_STORAGE)
    def purge_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, PurgeOrder)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{PLAN_QUEUE}-poison", connection=_STORAGE)
    def apply_plan_poison(msg: func.QueueMessage) -> None:
        _gave_up(services, msg, PlanOrder)


def _work(
    services: Callable[[], Services],
    msg: func.QueueMessage,
    model: type[Order],
    carry_out: Callable[[Services, Order], None],
) -> None:
    """Carry out the message's order. The last try that fails tells of it: only here the error is known."""
    order = _read(msg, model, services().clock())
    if order is None:
        return
    try:
        carry_out(services(), order)
    except Exception as error:
        tries, code = msg.dequeue_count or 1, getattr(error, "stable_code", type(error).__name__)
        if tries >= MOST_TRIES:
            failed = Failed(QUEUE_OF[model], tries, code)
            _never_raising(lambda: give_up(services(), order, failed))
        raise


def _read(msg: func.QueueMessage, model: type[Order], now: datetime | None = None) -> Order | None:
    """The order in a message; anything that is none is logged and dropped: no repetition would mend it."""
    try:
        return read(msg.get_body(), model, now)
    except NotAnOrder as error:
        log("dropped message", level=logging.WARNING, queue=model.__name__, error=str(error))
        return None


def _gave_up(services: Callable[[], Services], msg: func.QueueMessage, model: type[Order]) -> None:
    """Alert the operator, and tell of it on the row, should the last try not have come to it."""
    order, queue = _read(msg, model), QUEUE_OF[model]
    ids = {name: getattr(order, name) for name in _TOLD if hasattr(order, name)}
    log("gave a message up", level=logging.ERROR, queue=queue, attempt=MOST_TRIES, **ids)
    if order is not None:
        _never_raising(lambda: give_up(services(), order, Failed(queue)))


def _never_raising(record: Callable[[], None]) -> None:
    try:
        record()
    except Exception:  # a poison reader that raised would see its message again for a week
        logging.getLogger("integrations").exception("could not record a poisoned message")
