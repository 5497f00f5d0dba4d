"""Timers and queues: the doors nobody knocks at.

An error that is not explained reaches the host, so that the message comes back, and after five times goes
to the poison queue. A poison reader records it and never raises: a failing poison message would return for
a week (platform.md 2.7). What the poisoned message asked for is ordered again by the reconciler.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import azure.functions as func
import msgspec

from integrations.actions.apply_plan import apply_plan
from integrations.actions.check_csp import check_csp
from integrations.actions.onboard_customer import onboard_customer
from integrations.actions.order import order_due, order_shards
from integrations.actions.prove import prove_consent
from integrations.actions.purge import purge
from integrations.actions.removing import carry_on
from integrations.actions.sync import record_failed_sync, sync_tenant
from integrations.domain.ids import AccountId, FlowId, TenantId, flow_id, integration_id, removal_id, tenant_id
from integrations.domain.orders import (
    CONSENT_QUEUE,
    CSP_QUEUE,
    CUSTOMER_QUEUE,
    PLAN_QUEUE,
    PURGE_QUEUE,
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
from shared.errors import AppError
from shared.telemetry import log

_STORAGE = "AzureWebJobsStorage"
_NOW = timedelta(0)  # what falls due between two looks waits for the next one

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
        order = _read(msg, ShardOrder)
        if order:
            order_due(services(), order)

    @bp.queue_trigger(arg_name="msg", queue_name=SYNC_QUEUE, connection=_STORAGE)
    def sync_tenant_order(msg: func.QueueMessage) -> None:
        order = _read(msg, SyncOrder)
        if order:
            sync_tenant(services(), order, is_repeat=(msg.dequeue_count or 1) > 1)

    @bp.queue_trigger(arg_name="msg", queue_name=CONSENT_QUEUE, connection=_STORAGE)
    def prove_consent_order(msg: func.QueueMessage) -> None:
        order = _read(msg, ConsentOrder)
        if order:
            prove_consent(services(), order)


def _add_csp_workers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=CSP_QUEUE, connection=_STORAGE)
    def check_csp_order(msg: func.QueueMessage) -> None:
        order = _read(msg, CspOrder)
        if order:
            check_csp(services(), order)

    @bp.queue_trigger(arg_name="msg", queue_name=CUSTOMER_QUEUE, connection=_STORAGE)
    def onboard_customer_order(msg: func.QueueMessage) -> None:
        order = _read(msg, CustomerOrder)
        if order:
            onboard_customer(services(), order)


def _add_plan_workers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=PLAN_QUEUE, connection=_STORAGE)
    def apply_plan_order(msg: func.QueueMessage) -> None:
        order = _read(msg, PlanOrder)
        if order:
            apply_plan(services(), order.account_id)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{PLAN_QUEUE}-poison", connection=_STORAGE)
    def apply_plan_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, PLAN_QUEUE)


def _add_removal_workers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=REMOVAL_QUEUE, connection=_STORAGE)
    def remove_order(msg: func.QueueMessage) -> None:
        order = _read(msg, RemovalOrder)
        if order:
            carry_on(services(), order)

    @bp.queue_trigger(arg_name="msg", queue_name=PURGE_QUEUE, connection=_STORAGE)
    def purge_order(msg: func.QueueMessage) -> None:
        order = _read(msg, PurgeOrder)
        if order:
            purge(services(), order)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{REMOVAL_QUEUE}-poison", connection=_STORAGE)
    def remove_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, REMOVAL_QUEUE)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{PURGE_QUEUE}-poison", connection=_STORAGE)
    def purge_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, PURGE_QUEUE)


def _add_poison_readers(bp: func.Blueprint, services: Callable[[], Services]) -> None:
    @bp.queue_trigger(arg_name="msg", queue_name=f"{SHARD_QUEUE}-poison", connection=_STORAGE)
    def order_due_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, SHARD_QUEUE)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{SYNC_QUEUE}-poison", connection=_STORAGE)
    def sync_tenant_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, SYNC_QUEUE)
        order = _read(msg, SyncOrder)
        if order:
            _never_raising(lambda: record_failed_sync(services(), order))

    @bp.queue_trigger(arg_name="msg", queue_name=f"{CONSENT_QUEUE}-poison", connection=_STORAGE)
    def prove_consent_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, CONSENT_QUEUE)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{CSP_QUEUE}-poison", connection=_STORAGE)
    def check_csp_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, CSP_QUEUE)

    @bp.queue_trigger(arg_name="msg", queue_name=f"{CUSTOMER_QUEUE}-poison", connection=_STORAGE)
    def onboard_customer_poison(msg: func.QueueMessage) -> None:
        _gave_up(msg, CUSTOMER_QUEUE)


def _read(msg: func.QueueMessage, model: type[Order]) -> Order | None:
    """The order in a message; anything that is none is logged and dropped: no repetition would mend it."""
    try:
        order = msgspec.json.decode(msg.get_body(), type=model)
        _check_ids(order)
    except (msgspec.MsgspecError, ValueError, AppError) as error:
        log("dropped message", level=logging.WARNING, queue=model.__name__, error=type(error).__name__)
        return None
    return order


def _check_ids(order: AnyOrder) -> None:
    """Ids of a forged message must not reach a key."""
    if isinstance(order, CspOrder):
        integration_id(order.integration_id)
    if isinstance(order, RemovalOrder):
        removal_id(order.removal_id)
    if isinstance(order, SyncOrder | CustomerOrder | PurgeOrder):
        tenant_id(TenantId(order.tenant_id))
    if isinstance(order, ConsentOrder):
        flow_id(FlowId(order.flow_id))
    if not isinstance(order, ShardOrder) and not AccountId(order.account_id).isprintable():
        raise ValueError("account id")


def _gave_up(msg: func.QueueMessage, queue: str) -> None:
    log("gave a message up", level=logging.ERROR, queue=queue, attempt=msg.dequeue_count or 0)


def _never_raising(record: Callable[[], None]) -> None:
    try:
        record()
    except Exception:  # a poison reader that raised would see its message again for a week
        logging.getLogger("integrations").exception("could not record a poisoned message")
