"""Timers and queues: the doors nobody knocks at. Which queues there are, the registry of jobs says.

An error that is not explained reaches the host, so that the message comes back, and after five times goes
to the poison queue. The last try tells of it with the code of its error, and the poison reader once more, as a
process that died could not: it alerts the operator and never raises, since a failing poison message would return
for a week (platform.md 2.7). What the poisoned message asked for is ordered again by the reconciler.
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

Taker = Callable[[Services, func.QueueMessage, Job], None]


def blueprint(services: Callable[[], Services], jobs: Sequence[Job] = JOBS) -> func.Blueprint:
    """Every function that a clock or a queue starts."""
    bp = func.Blueprint()
    _add_timer(bp, services, "sync_timer", "0 */30 * * * *")
    _add_timer(bp, services, "reconcile_timer", "30 */5 * * * *")
    for job in jobs:
        _add_queue(bp, services, job.queue, _work, job)
        _add_queue(bp, services, f"{job.queue}-poison", _gave_up, job)
    return bp


def _add_timer(bp: func.Blueprint, services: Callable[[], Services], name: str, schedule: str) -> None:
    def look(timer: func.TimerRequest) -> None:
        log(f"{name} fired", outcome="late" if timer.past_due else "on time")
        order_shards(services())

    look.__name__ = name
    bp.timer_trigger(arg_name="timer", schedule=schedule, use_monitor=True)(look)


def _add_queue(bp: func.Blueprint, services: Callable[[], Services], queue: str, take: Taker, job: Job) -> None:
    def entry(msg: func.QueueMessage) -> None:
        take(services(), msg, job)

    entry.__name__ = queue.replace("-", "_")
    bp.queue_trigger(arg_name="msg", queue_name=queue, connection=_STORAGE)(entry)


def _work(services: Services, msg: func.QueueMessage, job: Job) -> None:
    """Carry out the message's order. The last try that fails tells of it: only here the error is known."""
    order = _read(msg, job, services.clock())
    if order is None:
        return
    tries = msg.dequeue_count or 1
    try:
        job.carry_out(services, order, is_repeat=tries > 1)
    except Exception as error:
        if tries >= MOST_TRIES:
            _tell(services, job, order, Failed(job.queue, tries, getattr(error, "stable_code", type(error).__name__)))
        raise


def _read(msg: func.QueueMessage, job: Job, now: datetime | None = None) -> Order | None:
    """The order in a message; anything that is none is logged and dropped: no repetition would mend it."""
    try:
        return read(msg.get_body(), job.message, now)
    except NotAnOrder as error:
        log("dropped message", level=logging.WARNING, queue=job.queue, error=str(error))
        return None


def _gave_up(services: Services, msg: func.QueueMessage, job: Job) -> None:
    """Alert the operator, and tell of it on the row, should the last try not have come to it."""
    order = _read(msg, job)
    told = {
        name: getattr(order, name) for name in job.message.__struct_fields__ if name in registered_fields() and order
    }
    log("gave a message up", level=logging.ERROR, queue=job.queue, attempt=MOST_TRIES, **told)
    if order is not None:
        _tell(services, job, order, Failed(job.queue))


def _tell(services: Services, job: Job, order: Order, failed: Failed) -> None:
    """Mark the row concerned; a poison reader that raised would see its message again for a week."""
    if job.on_poison is None or not isinstance(order, AccountOrder):
        return
    try:
        give_up(services, job.on_poison, order, failed)
    except Exception:
        logging.getLogger("integrations").exception("could not record a poisoned message")
