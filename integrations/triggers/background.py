"""Timer and queue triggers. The queues follow from the registry of jobs.

An unexpected error reaches the host, so that the message is retried and after five times moved to the poison queue.
The last try records the failure with the code of its error. The poison reader records it too, for the case that the
process died, and alerts the operator; it never raises, since a failing poison message would be retried for a week
(platform.md 2.7). The work of a poisoned message is ordered again by the reconciler.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

import azure.functions as func

from integrations.actions.jobs.due_work import order_shards
from integrations.actions.jobs.give_up import give_up
from integrations.actions.jobs.registry import JOBS, Job
from integrations.domain.jobs.given_up import MOST_TRIES, Failed
from integrations.domain.jobs.messages import NotAnOrder, read
from integrations.domain.jobs.orders import AccountOrder, Order
from integrations.services import Services
from shared.telemetry.fields import registered_fields
from shared.telemetry.log import log

_STORAGE = "AzureWebJobsStorage"

Handler = Callable[[Services, func.QueueMessage, Job], None]


def blueprint(services: Callable[[], Services], jobs: Sequence[Job] = JOBS) -> func.Blueprint:
    """Every function with a timer or queue trigger."""
    bp = func.Blueprint()
    _add_timer(bp, services, "sync_timer", "0 */30 * * * *")
    _add_timer(bp, services, "reconcile_timer", "30 */5 * * * *")
    for job in jobs:
        _add_queue(bp, services, job.queue, _carry_out, job)
        _add_queue(bp, services, f"{job.queue}-poison", _handle_poison, job)
    return bp


def _add_timer(bp: func.Blueprint, services: Callable[[], Services], name: str, schedule: str) -> None:
    def tick(timer: func.TimerRequest) -> None:
        log(f"{name} fired", outcome="late" if timer.past_due else "on time")
        order_shards(services())

    tick.__name__ = name
    bp.timer_trigger(arg_name="timer", schedule=schedule, use_monitor=True)(tick)


def _add_queue(bp: func.Blueprint, services: Callable[[], Services], queue: str, handle: Handler, job: Job) -> None:
    def entry(msg: func.QueueMessage) -> None:
        handle(services(), msg, job)

    entry.__name__ = queue.replace("-", "_")
    bp.queue_trigger(arg_name="msg", queue_name=queue, connection=_STORAGE)(entry)


def _carry_out(services: Services, msg: func.QueueMessage, job: Job) -> None:
    """Carry out the message's order. When the last try fails, record it: only here the error is known."""
    order = _read(msg, job, services.clock())
    if order is None:
        return
    tries = msg.dequeue_count or 1
    try:
        job.carry_out(services, order, is_repeat=tries > 1)
    except Exception as error:
        if tries >= MOST_TRIES:
            code = getattr(error, "stable_code", type(error).__name__)
            _record_failure(services, job, order, Failed(job.queue, tries, code))
        raise


def _read(msg: func.QueueMessage, job: Job, now: datetime | None = None) -> Order | None:
    """The order in a message. An invalid message is logged and dropped, since retrying does not help."""
    try:
        return read(msg.get_body(), job.message, now)
    except NotAnOrder as error:
        log("dropped message", level=logging.WARNING, queue=job.queue, error=str(error))
        return None


def _handle_poison(services: Services, msg: func.QueueMessage, job: Job) -> None:
    """Alert the operator, and record the failure on the row, in case the last try could not."""
    order = _read(msg, job)
    fields = {
        name: getattr(order, name) for name in job.message.__struct_fields__ if name in registered_fields() and order
    }
    log("gave a message up", level=logging.ERROR, queue=job.queue, attempt=MOST_TRIES, **fields)
    if order is not None:
        _record_failure(services, job, order, Failed(job.queue))


def _record_failure(services: Services, job: Job, order: Order, failed: Failed) -> None:
    """Record the failure on the row concerned; never raises, or a poison message would be retried for a week."""
    if job.on_poison is None or not isinstance(order, AccountOrder):
        return
    try:
        give_up(services, job.on_poison, order, failed)
    except Exception:
        logging.getLogger("integrations").exception("could not record a poisoned message")
