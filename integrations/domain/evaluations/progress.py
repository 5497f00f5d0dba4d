"""Where each evaluation of a tenant stands, what it has to do next, and when it is looked at again. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from integrations.domain.jobs.given_up import Failed, GivenUp, give_up
from integrations.domain.retry_delays import EVALUATION_LONGEST
from integrations.domain.sync.changed_keys import NONE, Keys

FULL_EVERY = timedelta(days=7)  # in case a change was stored without a mark, as by an earlier version of this service
_SPREAD = 0.25
_DAY = timedelta(days=1)


class State(Enum):
    FRESH = "fresh"  # its rows follow from what was stored when it last ran
    FAILED = "failed"  # our own fault; its rows are as it left them, and it is tried again
    OFF = "off"  # switched off by the operator; its rows are not used
    NEVER = "never"  # nothing was evaluated yet


class Evaluated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an evaluation stands, kept in its cursor.

    ``since`` is when this state began. ``basis`` is what its rows were made by (``Evaluation.basis``); "" has all
    evaluated again. ``read_at`` tells by needed data set when that was last read completely. ``next_at`` is when rows
    change although no data does, ``given_up`` since when it fails and when it is tried again.
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
    is_whole: bool,
) -> Evaluated:
    """After it ran. A partial run knows the times of the rows it saw only, so that the earlier one counts as well."""
    times = [next_at, None if is_whole or before is None else before.next_at]
    since = before.since if before and before.state is State.FRESH else now
    earliest = min((it for it in times if it is not None), default=None)
    return Evaluated(state=State.FRESH, since=since, basis=basis, read_at=dict(read_at), next_at=earliest)


def failed(before: Evaluated | None, failure: Failed, now: datetime) -> Evaluated:
    """After it failed; pauses double from five minutes up to six hours."""
    mark = give_up(before.given_up if before else None, failure, now, EVALUATION_LONGEST)
    return Evaluated(state=State.FAILED, since=mark.since, read_at=before.read_at if before else {}, given_up=mark)


def switched_off(before: Evaluated | None, now: datetime) -> Evaluated:
    since = before.since if before and before.state is State.OFF else now
    return Evaluated(state=State.OFF, since=since)


def is_waiting(known: Evaluated | None, now: datetime) -> bool:
    """Whether it failed, and the time to try it again has not come."""
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
    has_come = known.next_at is not None and known.next_at <= now
    return has_come or now - full_read_at >= FULL_EVERY * (1 - _SPREAD * share)


def changes_of(needs: Iterable[str], pending: Mapping[str, Keys]) -> dict[str, Keys] | None:
    """What changed in the needed data sets; None when nothing did."""
    found = {name: pending.get(name, NONE) for name in needs}
    return found if any(found.values()) else None


def next_evaluation(evaluated: Iterable[Evaluated | None], now: datetime, share: float) -> datetime:
    """When a tenant's evaluations are looked at although nothing changed: once a day, each tenant at a time of its own.

    Sooner when rows change by then, or when one that failed is tried again.
    """
    known = [it for it in evaluated if it is not None]
    times = [it.next_at for it in known] + [it.given_up.next_at for it in known if it.given_up]
    return min(it for it in (*times, daily_at(now, share)) if it is not None and it > now)


def daily_at(now: datetime, share: float) -> datetime:
    """The next time of day that belongs to a tenant with this ``share`` (``cadence.share_of``)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + _DAY * share
    return at if at > now else at + _DAY


def lag_of(known: Evaluated | None, waiting: Iterable[datetime], now: datetime) -> int:
    """Since when, in whole seconds, changes wait: for one that fails or is off, since it does."""
    behind = [known.since] if known and known.state is not State.FRESH else []
    return round(max((now - at).total_seconds() for at in (*waiting, *behind, now)))
