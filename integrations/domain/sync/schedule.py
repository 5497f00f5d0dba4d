"""When a tenant is synced or checked next. Pure: randomness and time are arguments."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from integrations.domain.retry_delays import RETRY_AFTER_LONGEST, refused_credential
from integrations.domain.sync_status import SyncStatus

T = TypeVar("T")

JITTER = 0.1  # of the period, in both directions, so that syncs of many tenants spread over time
RECONCILE_EVERY = timedelta(minutes=5)  # reconcile_timer's period: at most so long after its time, due work is ordered
UNMAPPED_EVERY = timedelta(hours=24)  # only the name is read, to verify that the connection still works
RUN_LIMIT = timedelta(minutes=9)  # below the function timeout of host.json; a run older than this is dead
PART_LIMIT = timedelta(minutes=4)  # what has not been read by then is left to the run's next part
WRITING_LIMIT = timedelta(minutes=7)  # the same for writing; both count from the beginning of the part
ORDER_LIFE = timedelta(minutes=25)  # time to live of a message: by then the next one has been sent


def next_due(
    status: SyncStatus,
    *,
    is_mapped: bool,
    now: datetime,
    period: timedelta,
    chance: float,
    wait_s: float | None = None,
) -> datetime:
    """The next sync of a tenant whose last attempt ended with ``status`` at ``now``.

    Args:
        status: the status after the attempt.
        is_mapped: unmapped tenants are checked once a day.
        now: the time of the attempt.
        period: the usual interval between two syncs (30 minutes).
        chance: a random number from 0 to 1; spreads tenants over 10 % of the period.
        wait_s: Microsoft's Retry-After, in seconds.
    """
    if status.is_refused:
        return now + refused_credential(status.failures, period)
    if wait_s is not None:
        return now + min(timedelta(seconds=max(1.0, wait_s)), RETRY_AFTER_LONGEST)
    every = period if is_mapped else UNMAPPED_EVERY
    return now + every * (1 + JITTER * (2 * chance - 1))


def slot_after(due_at: datetime, now: datetime, period: timedelta, chance: float) -> datetime:
    """The slot after ``due_at`` of a mapped tenant: one period later, even if the order was late."""
    return max(due_at, now - RECONCILE_EVERY) + period * (1 + JITTER * (2 * chance - 1))


def is_as_planned(due_at: datetime, planned: datetime, period: timedelta) -> bool:
    """Whether ``due_at`` equals the planned time, apart from jitter and lateness of the order."""
    return abs(due_at - planned) <= 2 * JITTER * period + RECONCILE_EVERY


def overdue_since(
    next_at: datetime | None, now: datetime, period: timedelta, *, busy_until: datetime | None = None
) -> datetime | None:
    """Since when a sync or check is overdue; None while it is at most one period late.

    ``busy_until`` is until when a run has claimed the tenant or CSP. That allows one more period and not longer, since
    a run that dies again and again claims it for ever.
    """
    is_busy = busy_until is not None and busy_until > now
    return next_at if next_at is not None and now - next_at > period * (2 if is_busy else 1) else None


def round_robin(items: Iterable[T], owner: Callable[[T], str]) -> list[T]:
    """Every owner's first item, then every owner's second, and so on: nobody waits for another owner's backlog."""
    taken: dict[str, int] = {}
    rounds = []
    for item in items:
        taken[owner(item)] = number = taken.get(owner(item), 0) + 1
        rounds.append((number, item))
    return [item for _, item in sorted(rounds, key=lambda it: it[0])]
