"""When a data set is asked for again. Pure: time comes in as an argument."""

import hashlib
from datetime import datetime, timedelta
from enum import Enum

from integrations.domain.ids import TenantId
from integrations.domain.sync.datasets import Cursor, DatasetOutcome

# Somebody who asks for a sync wants to see what they just changed, not what was read hours ago.
FRESH_ENOUGH = timedelta(minutes=5)
# What a tenant lacks a licence for is tried once a day, in case Microsoft sells it under a plan we do not know.
UNLICENSED_EVERY = timedelta(hours=24)
ODD_EVERY = timedelta(hours=24)
_SPREAD = 0.25


class Cadence(Enum):
    """How often a data set is asked for: what has no cheap way to tell its changes comes less often."""

    EVERY_CYCLE = timedelta(0)
    SIX_HOURS = timedelta(hours=6)
    DAILY = timedelta(hours=24)


def is_due(cadence: Cadence, cursor: Cursor | None, now: datetime, *, is_wanted: bool) -> bool:
    """Whether to ask now. ``is_wanted``: the sync was asked for, rather than being due by the schedule.

    What Microsoft did not deliver is tried again in the next cycle, and what it refused as soon as somebody asks;
    but never before the time that it named.
    """
    if cursor is not None and cursor.not_before is not None and now < cursor.not_before:
        return False
    if cursor is None or cursor.outcome is DatasetOutcome.STALE:
        return True
    age = now - cursor.attempted_at
    if cursor.outcome is DatasetOutcome.NOT_LICENSED:
        return age >= UNLICENSED_EVERY
    if is_wanted:
        return cursor.outcome is not DatasetOutcome.FRESH or age >= min(cadence.value, FRESH_ENOUGH)
    return age >= cadence.value


def is_done(cursor: Cursor | None, since: datetime | None) -> bool:
    """Whether a run that began at ``since`` has tried this already, and has not left it half read."""
    return cursor is not None and since is not None and cursor.attempted_at >= since and not cursor.kept_rows


def is_license_unknown(cursor: Cursor | None) -> bool:
    """Whether a data set that takes a licence must first see whether the tenant has it."""
    return cursor is None or cursor.outcome is DatasetOutcome.NOT_LICENSED


def must_read_in_full(
    cursor: Cursor | None, full_read_every: timedelta | None, now: datetime, share: float = 0.0
) -> bool:
    """Whether to read everything although there may be a link to go on from.

    ``share``, from 0 to 1, spreads tenants over the last quarter of ``full_read_every`` (``share_of``). What changes
    have left out, because it could not be read, is looked for within a day.
    """
    if cursor is None or cursor.link is None:
        return True
    if full_read_every is None:
        return False
    every = full_read_every * (1 - _SPREAD * share)
    if cursor.odd:
        every = min(every, ODD_EVERY)
    return cursor.full_read_at is None or now - cursor.full_read_at >= every


def share_of(tenant_id: TenantId) -> float:
    """A tenant's place among all others, from 0 to 1, the same at any time."""
    digest = hashlib.blake2b(tenant_id.encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
