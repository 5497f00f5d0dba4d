"""NCRONTAB: when a timer fires. Six fields from seconds to weekday, all of them ANDed; or a TimeSpan.

Source: atifaziz/NCrontab CrontabSchedule.cs and CrontabFieldImpl.cs; weekday 0 is Sunday, 7 is refused.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from local.host.settings import seconds

_FIELDS = (
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day", 1, 31),
    ("month", 1, 12),
    ("weekday", 0, 6),
)
_NAMES = {
    "month": (
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    ),
    "weekday": (["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"], 0),
}
_FURTHEST = timedelta(days=366 * 8 + 2)


class ScheduleError(ValueError):
    """The expression is none."""


def schedule(expression: str) -> Callable[[datetime], datetime]:
    """A function from a moment to the next occurrence after it.

    Raises:
        ScheduleError: naming the field that is wrong.
    """
    if ":" in expression:
        period = timedelta(seconds=seconds(expression))
        return lambda moment: moment + period
    words = expression.split()
    if len(words) == 5:
        words = ["0", *words]
    if len(words) != 6:
        raise ScheduleError(f"'{expression}' has {len(words)} fields, not 6 or 5")
    allowed = [_field(word, *field) for word, field in zip(words, _FIELDS, strict=True)]
    return lambda moment: _next(allowed, moment)


def _field(word: str, name: str, least: int, most: int) -> list[int]:
    found: set[int] = set()
    for part in word.split(","):
        span, _, step = part.partition("/")
        if step and not (step.isdigit() and int(step) > 0):
            raise ScheduleError(f"'{part}' in {name} has no usable step")
        first, last = _span(span, name, least, most, is_open=bool(step))
        found.update(range(first, last + 1, int(step or 1)))
    return sorted(found)


def _span(span: str, name: str, least: int, most: int, *, is_open: bool) -> tuple[int, int]:
    if span == "*":
        return least, most
    first, dash, last = span.partition("-")
    low = _number(first, name, least, most)
    high = _number(last, name, least, most) if dash else (most if is_open else low)
    return (low, high) if low <= high else (high, low)


def _number(text: str, name: str, least: int, most: int) -> int:
    if re.fullmatch(r"\d+", text) and least <= int(text) <= most:
        return int(text)
    names, base = _NAMES.get(name, ([], 0))
    matches = [place for place, word in enumerate(names) if len(text) >= 3 and word.startswith(text.lower())]
    if len(matches) == 1:
        return matches[0] + base
    raise ScheduleError(f"'{text}' is not a {name}")


def _next(allowed: list[list[int]], moment: datetime) -> datetime:
    """The first moment after the given one that fits every field; years are bounded, as 30 February never comes."""
    secs, minutes, hours, days, months, weekdays = allowed
    at = moment.replace(microsecond=0) + timedelta(seconds=1)
    end = moment + _FURTHEST
    while at < end:
        if at.month not in months:
            at = (at.replace(day=1, hour=0, minute=0, second=0) + timedelta(days=32)).replace(day=1)
        elif at.day not in days or (at.weekday() + 1) % 7 not in weekdays:
            at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        elif at.hour not in hours:
            at = at.replace(minute=0, second=0) + timedelta(hours=1)
        elif at.minute not in minutes:
            at = at.replace(second=0) + timedelta(minutes=1)
        elif at.second not in secs:
            at += timedelta(seconds=1)
        else:
            return at
    raise ScheduleError("the schedule never fires")
