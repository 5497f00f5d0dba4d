"""The state of a tenant's evaluations, as its details show it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.evaluations.evaluation import Evaluation
from integrations.domain.evaluations.progress import Evaluated, State, lag_of
from integrations.domain.jobs.given_up import DETAILS
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.datasets import Cursor
from integrations.views.status import to_second
from shared.http.schemas import one_of


class EvaluationView(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one evaluation: ``state`` is fresh, failed, off or never.

    ``evaluated_at`` is when it last ran without an error, ``lag_s`` how many seconds the oldest change has waited for
    it. ``error`` and ``detail`` say why it fails, ``next_at`` when it is retried.

    Attributes:
        name: The evaluation.
        state: Whether its rows are those of the stored data.
        since: When this state began. Null while nothing was evaluated, and while it is off.
        error: The error of the last try, as a code. Empty if there is none.
        detail: What that means, for people. Empty if there is nothing to say.
        evaluated_at: When it last ran without an error. Null before the first time.
        next_at: When it is tried again. Null while it does not fail.
        lag_s: How many seconds the oldest change has been waiting to be evaluated. 0 if none is.
    """

    name: str
    state: Annotated[str, one_of(State)]
    since: datetime | None
    error: str
    detail: str
    evaluated_at: datetime | None
    next_at: datetime | None
    lag_s: int


def evaluation_view(
    evaluation: Evaluation, cursor: Cursor | None, waiting: Mapping[str, datetime], now: datetime, *, is_off: bool
) -> EvaluationView:
    """The state of one evaluation.

    ``cursor`` is None when it never ran, ``waiting`` has the time of the oldest unused change by data set, ``is_off``
    says that the settings switch it off.
    """
    progress = cursor.evaluated if cursor else None
    state = State.OFF if is_off else progress.state if progress else State.NEVER
    given_up = progress.given_up if progress and state is State.FAILED else None
    return EvaluationView(
        name=evaluation.name,
        state=state.value,
        since=_since(progress, state),
        error=cursor.error if cursor and given_up else "",
        detail=DETAILS[EvaluateOrder.queue] if given_up else "",
        evaluated_at=to_second(cursor.complete_at) if cursor else None,
        next_at=to_second(given_up.next_at) if given_up else None,
        lag_s=lag_of(progress, [at for name, at in waiting.items() if name in evaluation.needs], now),
    )


def _since(progress: Evaluated | None, state: State) -> datetime | None:
    return to_second(progress.since) if progress and progress.state is state else None
