"""Dates and ids as Microsoft writes them, and what it writes where it knows none: the one place that reads either.

What never happened is year 1 or 1601, and what never ends is 9999-12-31; a date may lack its zone, which is UTC. An
id that stands for nothing is all zeros. Sources: https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice,
https://learn.microsoft.com/graph/api/resources/signinactivity
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from integrations.domain.text import clean

# How structs name a date: one without a zone is none of these, and is read as UTC by ``shared.formats.tolerant``.
GraphDateTime = Annotated[datetime, msgspec.Meta(tz=True)]

_NEVER_YEAR = 1970  # and before: nothing that Microsoft tells of is as old
_NOBODY = "00000000-0000-0000-0000-000000000000"
_IN_PATHS = re.compile(r"[A-Za-z0-9_.:~-]{1,128}")


def moment(told: datetime | None) -> datetime | None:
    """When something happened or will; None where Microsoft's date stands for "never" or "not known"."""
    return told if told is not None and told.year > _NEVER_YEAR else None


def cursor_moment(told: Iterable[datetime | None], now: datetime) -> datetime | None:
    """The latest of some dates to go on from, never later than ``now``: a date in the future hides nothing."""
    return max((min(it, now) for it in map(moment, told) if it is not None), default=None)


def in_utc(moment: datetime) -> str:
    """A date as filters of Graph take it, in whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identifier(told: str | None) -> str | None:
    """An id, cleaned; None where all zeros stand for nobody."""
    found = clean(told or "")
    return found if found and found != _NOBODY else None


def askable(ids: Iterable[str]) -> list[str]:
    """Those of some ids that may stand in a path, each once whatever its case: ``$batch`` takes none twice."""
    unlike = {it.lower(): it for it in ids if _IN_PATHS.fullmatch(it) and it not in {".", ".."}}
    return list(unlike.values())
