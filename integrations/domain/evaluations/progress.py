"""The state of each evaluation of a tenant, what it has to do next, and when. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from integrations.domain.jobs.given_up import Failed, GivenUp, give_up
from integrations.domain.retry_delays import EVALUATION_LONGEST
from integrations.domain.sync.changed_keys import NONE, Keys

FULL_EVERY = timedelta(days=7)  # in case a change was not marked, for example by an earlier version of this service
CONFIRMED_EVERY = timedelta(hours=5)  # as cursors of data sets are
_SPREAD = 0.25
_DAY = timedelta(days=1)


class State(Enum):
    FRESH = "fresh"  # its rows are those of the data stored when it last ran
    FAILED = "failed"  # a fault of ours; its earlier rows are kept, and it is retried
    OFF = "off"  # switched off by the operator; its rows are not used
    NEVER = "never"  # nothing was evaluated yet


class Evaluated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of an evaluation, stored in its cursor.

    ``since`` is when this state began. ``basis`` is ``Evaluation.basis`` when its rows were made; "" has everything
    evaluated again. ``read_at`` is when each needed data set was last read completely. ``next_at`` is when rows change
    by time alone; ``given_up`` is set while it fails.
    """

    state: State
    since: datetime
    basis: str = ""
    read_at: dict[str, datetime] = {}
    next_at: datetime | None = None
    given_up: GivenUp | None = None


def fresh(
    before: Evaluated | None,
    basis: str,
    now: datetime,
    *,
    read_at: Mapping[str, datetime],
    next_at: datetime | None,
    is_complete: bool,
) -> Evaluated:
    """The state after it ran. A partial run knows the times of some rows only: the earlier ``next_at`` counts too."""
    times = [next_at, None if is_complete or before is None else before.next_at]
    since = before.since if before and before.state is State.FRESH else now
    earliest = min((it for it in times if it is not None), default=None)
    return Evaluated(state=State.FRESH, since=since, basis=basis, read_at=dict(read_at), next_at=earliest)


def failed(before: Evaluated | None, failure: Failed, now: datetime) -> Evaluated:
    """The state after it failed; delays double up to ``EVALUATION_LONGEST``."""
    given_up = give_up(before.given_up if before else None, failure, now, EVALUATION_LONGEST)
    return Evaluated(
        state=State.FAILED, since=given_up.since, read_at=before.read_at if before else {}, given_up=given_up
    )


def switched_off(before: Evaluated | None, now: datetime) -> Evaluated:
    since = before.since if before and before.state is State.OFF else now
    return Evaluated(state=State.OFF, since=since)


def is_waiting(known: Evaluated | None, now: datetime) -> bool:
    """Whether it failed, and the time for its retry has not come."""
    return known is not None and known.given_up is not None and known.given_up.next_at > now


def must_evaluate_in_full(
    known: Evaluated | None, basis: str, now: datetime, *, full_read_at: datetime | None, share: float
) -> bool:
    """Whether everything is to be evaluated, whatever changed.

    ``full_read_at`` is when that was last done; ``share``, from 0 to 1, spreads tenants over the last quarter of
    the week.
    """
    if known is None or known.basis != basis or full_read_at is None:
        return True
    is_time = known.next_at is not None and known.next_at <= now
    return is_time or now - full_read_at >= FULL_EVERY * (1 - _SPREAD * share)


def changes_of(needs: Iterable[str], pending: Mapping[str, Keys]) -> dict[str, Keys] | None:
    """What changed in the needed data sets; None when nothing did."""
    changes = {name: pending.get(name, NONE) for name in needs}
    return changes if any(changes.values()) else None


def is_confirmation_due(known: Evaluated | None, complete_at: datetime | None, now: datetime) -> bool:
    """Whether to write again that rows are right as of now; ``complete_at`` is when that was last written."""
    is_fresh = known is not None and known.state is State.FRESH
    return is_fresh and complete_at is not None and now - complete_at >= CONFIRMED_EVERY


def next_evaluation(
    evaluated: Iterable[Evaluated | None], now: datetime, share: float, outdated: Iterable[datetime | None] = ()
) -> datetime:
    """When a tenant's evaluations run although no data changed: once a day, each tenant at a time of its own.

    Sooner when rows change by time alone, when one that failed is retried, or when rows of a data set are ``outdated``.
    """
    known = [it for it in evaluated if it is not None]
    times = [it.next_at for it in known] + [it.given_up.next_at for it in known if it.given_up] + [*outdated]
    return min(it for it in (*times, daily_at(now, share)) if it is not None and it > now)


def daily_at(now: datetime, share: float) -> datetime:
    """The next time of day that belongs to a tenant with this ``share`` (``cadence.share_of``)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + _DAY * share
    return at if at > now else at + _DAY


def lag_of(known: Evaluated | None, waiting: Iterable[datetime], now: datetime) -> int:
    """For how many seconds changes have been waiting; for an evaluation that fails or is off, since then."""
    behind = [known.since] if known and known.state is not State.FRESH else []
    return round(max((now - at).total_seconds() for at in (*waiting, *behind, now)))
