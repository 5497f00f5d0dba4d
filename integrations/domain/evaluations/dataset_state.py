"""How a data set was last read, how long its stored rows count, and why they do not. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import DatasetOutcome

# Rows are valid for two cadences of their data set, and for twelve hours at least.
_VALID_FOR = 2 * Cadence.SIX_HOURS.value
_VALID_LONGER: Mapping[str, timedelta] = dict.fromkeys(
    ("permission_classifications", "rooms", "mailbox_purposes"), 2 * Cadence.DAILY.value
)


class DatasetState(NamedTuple):
    """How a data set was last read.

    ``outcome`` is None if it never was; ``complete_at`` is when all of it was last stored; ``error`` is the code of
    what went wrong, or ""; ``permission`` is what our application needs to read it.
    """

    outcome: DatasetOutcome | None = None
    complete_at: datetime | None = None
    error: str = ""
    permission: str | None = None


def valid_for(dataset: str) -> timedelta:
    """How long rows count after they were read."""
    return _VALID_LONGER.get(dataset, _VALID_FOR)


def valid_until(dataset: str, state: DatasetState, now: datetime) -> datetime | None:
    """Until when the stored rows count; None if there are none, or no longer."""
    if state.complete_at is None or state.outcome is DatasetOutcome.NOT_LICENSED:
        return None
    until = state.complete_at + valid_for(dataset)
    return until if until > now else None


def is_outdated(dataset: str, state: DatasetState, now: datetime) -> bool:
    """Whether there are rows, and they no longer count for their age."""
    return state.complete_at is not None and state.complete_at + valid_for(dataset) <= now


def why_unread(state: DatasetState) -> str:
    """Why rows do not count, in a few words."""
    if state.outcome is DatasetOutcome.NOT_LICENSED:
        return "the tenant has no licence for it"
    if state.outcome is DatasetOutcome.DENIED:
        return f"the permission {state.permission} is missing" if state.permission else "a permission is missing"
    if state.outcome is DatasetOutcome.NOT_OFFERED:
        return "Microsoft does not offer it in this tenant"
    if state.complete_at is not None:
        return "it was last read too long ago"
    if state.outcome is None:
        return "it was never read"
    return f"Microsoft did not deliver it: {state.error or state.outcome.value}"
