"""Every job that a queue message starts, in one place.

Everything the host needs for a job follows from its entry: the queue trigger and the reader of its poison queue
(``triggers.background``), the checks of its message (``domain.jobs.messages``), how a line of the due list becomes its
message, and what is written on a row when the job is given up. To add one: write its message in
``domain.jobs.orders``, its handler, and an entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from integrations.actions.connect.prove_consent import prove_consent
from integrations.actions.csp.check_csp import check_csp
from integrations.actions.csp.onboard_customer import onboard_customer
from integrations.actions.evaluate.evaluate_tenant import evaluate_tenant
from integrations.actions.jobs.due_work import (
    DueHandler,
    empty_outbox,
    order_consent,
    order_csp,
    order_customer,
    order_due,
    order_evaluation,
    order_plan,
    order_purge,
    order_removal,
    order_remove_all,
    order_sync,
)
from integrations.actions.jobs.give_up import (
    RecordFailure,
    give_up_consent,
    give_up_csp,
    give_up_customer,
    give_up_evaluation,
    give_up_plan,
    give_up_purge,
    give_up_removal,
    give_up_sync,
    give_up_user_sync_plan,
)
from integrations.actions.jobs.housekeeping import clean_account, seal_new_entries
from integrations.actions.mapping.purge import purge
from integrations.actions.people.move import finish_lost_moves
from integrations.actions.plan.apply_plan import apply_plan
from integrations.actions.removal.saga import continue_removal
from integrations.actions.sync.sync_tenant import sync_tenant
from integrations.actions.user_sync.plans import plan_users
from integrations.domain.jobs.messages import checks_of
from integrations.domain.jobs.orders import (
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
    UserSyncPlanOrder,
)
from integrations.services import Services
from integrations.storage.due import Work


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work that a message starts.

    ``handler`` carries out a message, ``handler_again`` one that was delivered before, where that makes a difference.
    ``due`` is the kind of lines of the due list that order it, ``order`` sends a line's message. ``on_poison`` records
    on the row concerned that the message was given up; a job that concerns no row has none.

    Raises:
        TypeError: the message has a field whose type does not say which values are valid.
    """

    message: type[Order]
    handler: Callable[[Services, Any], None]
    handler_again: Callable[[Services, Any], None] | None = None
    due: Work | None = None
    order: DueHandler | None = None
    on_poison: RecordFailure | None = None

    def __post_init__(self) -> None:
        checks_of(self.message)

    @property
    def queue(self) -> str:
        return self.message.queue

    def carry_out(self, services: Services, order: Order, *, is_repeat: bool) -> None:
        handler = self.handler_again if is_repeat and self.handler_again else self.handler
        handler(services, order)


def due_handlers() -> Mapping[Work, DueHandler]:
    """The handler of each kind of line of the due list."""
    return _WITHOUT_MESSAGE | {job.due: job.order for job in JOBS if job.due and job.order}


# Done where the due list is read, without a message.
_WITHOUT_MESSAGE: dict[Work, DueHandler] = {
    Work.OUTBOX: empty_outbox,
    Work.REMOVE_ALL: order_remove_all,
    Work.HOUSEKEEPING: clean_account,
    Work.SEAL: seal_new_entries,
    Work.MOVE: finish_lost_moves,
}

JOBS: tuple[Job, ...] = (
    Job(message=ShardOrder, handler=lambda services, order: order_due(services, order, due_handlers())),
    Job(
        message=SyncOrder,
        handler=sync_tenant,
        handler_again=partial(sync_tenant, is_repeat=True),
        due=Work.SYNC,
        order=order_sync,
        on_poison=give_up_sync,
    ),
    Job(
        message=ConsentOrder,
        handler=prove_consent,
        due=Work.CONSENT,
        order=order_consent,
        on_poison=give_up_consent,
    ),
    Job(message=CspOrder, handler=check_csp, due=Work.CSP, order=order_csp, on_poison=give_up_csp),
    Job(
        message=CustomerOrder,
        handler=onboard_customer,
        due=Work.CUSTOMER,
        order=order_customer,
        on_poison=give_up_customer,
    ),
    Job(message=PlanOrder, handler=apply_plan, due=Work.PLAN, order=order_plan, on_poison=give_up_plan),
    Job(
        message=RemovalOrder, handler=continue_removal, due=Work.REMOVAL, order=order_removal, on_poison=give_up_removal
    ),
    Job(message=PurgeOrder, handler=purge, due=Work.PURGE, order=order_purge, on_poison=give_up_purge),
    Job(
        message=EvaluateOrder,
        handler=evaluate_tenant,
        due=Work.EVALUATE,
        order=order_evaluation,
        on_poison=give_up_evaluation,
    ),
    Job(message=UserSyncPlanOrder, handler=plan_users, on_poison=give_up_user_sync_plan),
)
