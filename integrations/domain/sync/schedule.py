"""When a tenant is looked at next. Pure: randomness and time come in as arguments."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from integrations.domain.retry_delays import RETRY_AFTER_LONGEST, refused_credential
from integrations.domain.statuses import SyncStatus

T = TypeVar("T")

JITTER = 0.1  # of the period, to both sides, so that tenants drift apart instead of bunching
LOOK_EVERY = timedelta(minutes=5)  # reconcile_timer's period: how long after its time work is ordered at most
UNMAPPED_EVERY = timedelta(hours=24)  # only the name is read, to show that the connection still works
RUN_LIMIT = timedelta(minutes=9)  # below the function timeout of host.json; a run older than this is dead
PART_LIMIT = timedelta(minutes=4)  # what is still to be read by then is left to the run's next part
WRITING_LIMIT = timedelta(minutes=7)  # and what is still to be written by then, counted from the part's beginning
ORDER_LIFE = timedelta(minutes=25)  # an order nobody took by then would only pile up behind its successor


def next_due(
    status: SyncStatus,
    *,
    is_mapped: bool,
    now: datetime,
    period: timedelta,
    chance: float,
    wait_s: float | None = None,
) -> datetime:
    """The next look at a tenant whose last attempt ended with ``status`` at ``now``.

    Args:
        status: where the sync stands after the attempt.
        is_mapped: unmapped tenants are looked at once a day.
        now: the time of the attempt.
        period: the ordinary distance of two syncs (30 minutes).
        chance: a random number from 0 to 1; spreads tenants over 10 % of the period.
        wait_s: what Microsoft asked us to wait, in seconds.
    """
    if status.is_refused:
        return now + refused_credential(status.failures, period)
    if wait_s is not None:
        return now + min(timedelta(seconds=max(1.0, wait_s)), RETRY_AFTER_LONGEST)
    every = period if is_mapped else UNMAPPED_EVERY
    return now + every * (1 + JITTER * (2 * chance - 1))


def slot_after(due_at: datetime, now: datetime, period: timedelta, chance: float) -> datetime:
    """When a mapped tenant that is due now is due again, if all goes well: one period on, however late we look."""
    return max(due_at, now - LOOK_EVERY) + period * (1 + JITTER * (2 * chance - 1))


def is_as_planned(due_at: datetime, planned: datetime, period: timedelta) -> bool:
    """Whether a next look at ``due_at`` is no other than the planned one, but for jitter and how late we looked."""
    return abs(due_at - planned) <= 2 * JITTER * period + LOOK_EVERY


def overdue_since(
    next_at: datetime | None, now: datetime, period: timedelta, *, busy_until: datetime | None = None
) -> datetime | None:
    """Since when a look that should have come is missed; None while it is no more than one period late.

    ``busy_until`` is until when a run holds what is to be looked at. That allows it one more period and not longer:
    a run that dies again and again holds it for good.
    """
    is_busy = busy_until is not None and busy_until > now
    return next_at if next_at is not None and now - next_at > period * (2 if is_busy else 1) else None


def in_turns(items: Iterable[T], owner: Callable[[T], str]) -> list[T]:
    """Everybody's first, then everybody's second, and so on: nobody waits for all that another one has."""
    taken: dict[str, int] = {}
    rounds = []
    for item in items:
        taken[owner(item)] = number = taken.get(owner(item), 0) + 1
        rounds.append((number, item))
    return [item for _, item in sorted(rounds, key=lambda it: it[0])]
