"""Dates and ids as Microsoft writes them, and the filler values it writes instead of null: the one place to read them.

An event that never happened has the year 1 or 1601, and something that never ends 9999-12-31. A date may lack its
zone, which is UTC. The id of nothing is all zeros. Sources: https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice,
https://learn.microsoft.com/graph/api/resources/signinactivity
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from integrations.domain.text import clean

# The type of dates in structs: ``shared.formats.tolerant`` reads one without a zone as UTC.
GraphDateTime = Annotated[datetime, msgspec.Meta(tz=True)]

# A value that Microsoft may leave out, or send as null, which are two things.
Flag = bool | msgspec.UnsetType | None

_NEVER_YEAR = 1970  # or earlier: no real date of Microsoft's is so old
_NOBODY = "00000000-0000-0000-0000-000000000000"
_IN_PATHS = re.compile(r"[A-Za-z0-9_.:~-]{1,128}")


def moment(date: datetime | None) -> datetime | None:
    """A date; None when Microsoft's value means "never" or "not known"."""
    return date if date is not None and date.year > _NEVER_YEAR else None


def cursor_moment(dates: Iterable[datetime | None], now: datetime) -> datetime | None:
    """The latest of these dates, to continue reading from, but never later than ``now``."""
    return max((min(it, now) for it in map(moment, dates) if it is not None), default=None)


def in_utc(moment: datetime) -> str:
    """A date in the form of Graph's filters, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identifier(text: str | None) -> str | None:
    """A cleaned id; None when it is missing or all zeros."""
    cleaned = clean(text or "")
    return cleaned if cleaned and cleaned != _NOBODY else None


def ids_for_paths(ids: Iterable[str]) -> list[str]:
    """The ids that may be put into a path, without duplicates (whatever their case), which ``$batch`` refuses."""
    unique = {it.lower(): it for it in ids if _IN_PATHS.fullmatch(it) and it not in {".", ".."}}
    return list(unique.values())


def text_if_sent(text: str | msgspec.UnsetType | None) -> str | msgspec.UnsetType | None:
    """A cleaned text; null and a text that was not sent stay what they are."""
    return clean(text) if isinstance(text, str) else text


def moment_if_sent(date: datetime | msgspec.UnsetType | None) -> datetime | msgspec.UnsetType | None:
    """The same for a date: Microsoft's "never" is null."""
    return moment(date) if isinstance(date, datetime) else date


def words(flags: str | list[str] | None) -> list[str]:
    """Microsoft's words, which come as a list or as one text with commas."""
    return in_order(flags.split(",") if isinstance(flags, str) else flags)


def in_order(values: Iterable[str | None] | None) -> list[str]:
    """Cleaned texts in order, each once; none for null."""
    return sorted({clean(it) for it in values or () if it})
