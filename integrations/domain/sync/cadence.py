"""When a data set is read again. Pure: time is an argument."""

import hashlib
from datetime import datetime, timedelta
from enum import Enum

from integrations.domain.ids import TenantId
from integrations.domain.sync.datasets import Cursor, DatasetOutcome

# Somebody who requests a sync wants to see what they just changed, not what was read hours ago.
FRESH_ENOUGH = timedelta(minutes=5)
# What the tenant has no licence for is tried once a day, in case another plan than those we know includes it; what
# Microsoft does not offer as well.
NOTHING_THERE_EVERY = timedelta(hours=24)
ODD_EVERY = timedelta(hours=24)
CURSOR_REWRITTEN_EVERY = timedelta(hours=5)  # a cursor that did not change; Microsoft's delta links live for days
_SPREAD = 0.25


class Cadence(Enum):
    """How often a data set is read: less often when Microsoft offers no cheap way to read changes only."""

    EVERY_CYCLE = timedelta(0)
    SIX_HOURS = timedelta(hours=6)
    DAILY = timedelta(hours=24)


def is_due(cadence: Cadence, cursor: Cursor | None, now: datetime, *, is_requested: bool) -> bool:
    """Whether to read now. ``is_requested``: somebody requested the sync; it is not just scheduled.

    What Microsoft did not deliver is retried in the next cycle, and what it refused when a sync is requested, but
    never before the time that Microsoft named.
    """
    if cursor is not None and cursor.not_before is not None and now < cursor.not_before:
        return False
    if cursor is None or cursor.outcome is DatasetOutcome.STALE:
        return True
    age = now - cursor.attempted_at
    if cursor.outcome.is_expected:
        return age >= NOTHING_THERE_EVERY
    if is_requested:
        return cursor.outcome is not DatasetOutcome.FRESH or age >= min(cadence.value, FRESH_ENOUGH)
    return age >= cadence.value


def is_outdated(cursor: Cursor | None, version: int, now: datetime) -> bool:
    """Whether the rows lack what this version of the data set reads, and may be read again now."""
    if cursor is None or cursor.outcome is not DatasetOutcome.FRESH or cursor.version == version:
        return False
    return cursor.not_before is None or now >= cursor.not_before


def is_done(cursor: Cursor | None, since: datetime | None) -> bool:
    """Whether a run that began at ``since`` has tried this data set already and has not left it partly read."""
    return cursor is not None and since is not None and cursor.attempted_at >= since and not cursor.kept_rows


def is_license_unknown(cursor: Cursor | None) -> bool:
    """Whether it must first be checked that the tenant has the licence which a data set needs."""
    return cursor is None or cursor.outcome is DatasetOutcome.NOT_LICENSED


def must_read_in_full(
    cursor: Cursor | None, full_read_every: timedelta | None, now: datetime, share: float = 0.0
) -> bool:
    """Whether to read everything although there may be a delta link.

    ``share``, from 0 to 1, spreads tenants over the last quarter of ``full_read_every`` (``share_of``). After changes
    with unreadable values, everything is read within a day.
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
    """A stable number from 0 to 1 for each tenant, which spreads tenants evenly over time."""
    digest = hashlib.blake2b(tenant_id.encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
