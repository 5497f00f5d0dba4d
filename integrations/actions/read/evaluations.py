"""How a tenant's evaluations stand, as its details tell."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from integrations.actions.read.security import Held
from integrations.domain.evaluations import registry
from integrations.domain.evaluations.evaluation import Evaluation
from integrations.domain.evaluations.progress import Evaluated, State, lag_of
from integrations.domain.jobs.given_up import DETAILS
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.datasets import Cursor
from integrations.services import Services


class EvaluationView(msgspec.Struct, frozen=True, kw_only=True):
    """How one evaluation stands: ``state`` is fresh, failed, off or never.

    ``evaluated_at`` is when it last ran without an error, ``lag_s`` since when, in seconds, changes wait for it.
    ``error`` and ``detail`` say why it fails, ``next_at`` when it is tried again.
    """

    name: str
    state: str
    since: datetime | None
    error: str
    detail: str
    evaluated_at: datetime | None
    next_at: datetime | None
    lag_s: int


def evaluation_views(services: Services, held: Held) -> list[EvaluationView]:
    """Every evaluation of a mapped tenant."""
    if not held.is_mapped:
        return []
    now, waiting = services.clock(), {name: it.since for name, it in held.pending.items()}
    off = services.settings.evaluations_off
    return [
        _view(it, held.evaluations.get(it.name), waiting, now, is_off=it.name in off) for it in registry.EVALUATIONS
    ]


def _view(
    evaluation: Evaluation, cursor: Cursor | None, waiting: Mapping[str, datetime], now: datetime, *, is_off: bool
) -> EvaluationView:
    known = cursor.evaluated if cursor else None
    state = State.OFF if is_off else known.state if known else State.NEVER
    mark = known.given_up if known and state is State.FAILED else None
    evaluated_at = cursor.complete_at if cursor else None
    return EvaluationView(
        name=evaluation.name,
        state=state.value,
        since=_since(known, state),
        error=cursor.error if cursor and mark else "",
        detail=DETAILS[EvaluateOrder.queue] if mark else "",
        evaluated_at=evaluated_at.replace(microsecond=0) if evaluated_at else None,
        next_at=mark.next_at.replace(microsecond=0) if mark else None,
        lag_s=lag_of(known, [at for name, at in waiting.items() if name in evaluation.needs], now),
    )


def _since(known: Evaluated | None, state: State) -> datetime | None:
    return known.since.replace(microsecond=0) if known and known.state is state else None
