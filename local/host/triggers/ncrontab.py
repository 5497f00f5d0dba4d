"""NCRONTAB: when a timer fires. Six fields from seconds to weekday, all of them ANDed; or a TimeSpan.

Weekday 0 is Sunday, 7 is refused; a range given backwards is turned round; names match by their beginning.
Sources: atifaziz/NCrontab CrontabSchedule.cs, CrontabField.cs and CrontabFieldImpl.cs;
azure-webjobs-sdk-extensions CronSchedule.cs and ConstantSchedule.cs.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.host.settings import SettingsError, seconds

_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_WEEKDAYS = tuple(name.lower() for name in (calendar.day_name[6], *calendar.day_name[:6]))
_LONGEST_WAIT = timedelta(days=366 * 8 + 2)  # the longest wait there is: from one 29 February to the next, over 2100


class ScheduleError(ValueError):
    """The expression is none, or it never comes."""


@dataclass(frozen=True)
class _FieldType:
    """A field: its name, its bounds, and words for its values."""

    name: str
    lowest: int
    highest: int
    words: tuple[str, ...] = ()


_FIELD_TYPES = (
    _FieldType("second", 0, 59),
    _FieldType("minute", 0, 59),
    _FieldType("hour", 0, 23),
    _FieldType("day", 1, 31),
    _FieldType("month", 1, 12, _MONTHS),
    _FieldType("weekday", 0, 6, _WEEKDAYS),
)


class Schedule:
    """When a timer fires.

    Raises:
        ScheduleError: naming what is wrong with the expression.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self._period = _period(expression)
        self._fields = [] if self._period else _fields(expression)

    @property
    def is_cron(self) -> bool:
        return self._period is None

    def next_after(self, moment: datetime) -> datetime:
        """The next occurrence; the moment itself is excluded."""
        return moment + self._period if self._period else _next(self._fields, moment)


def _period(expression: str) -> timedelta | None:
    if ":" not in expression:
        return None
    try:
        period_s = seconds(expression)
    except SettingsError as error:
        raise ScheduleError(str(error)) from error
    if period_s <= 0:
        raise ScheduleError(f"'{expression}' is no time to wait")
    return timedelta(seconds=period_s)


def _fields(expression: str) -> list[frozenset[int]]:
    words = expression.split()
    if len(words) == 5:
        words = ["0", *words]
    if len(words) != 6:
        raise ScheduleError(f"'{expression}' has {len(words)} fields, not 6 or 5")
    return [_field(word, field_type) for word, field_type in zip(words, _FIELD_TYPES, strict=True)]


def _field(word: str, field_type: _FieldType) -> frozenset[int]:
    values: set[int] = set()
    for part in word.split(","):
        span, slash, step = part.partition("/")
        if slash and not re.fullmatch(r"[+-]?\d+", step):
            raise ScheduleError(f"'{part}' in {field_type.name} has no usable step")
        first, last = _span(span, field_type, is_open=bool(slash))
        values.update(range(first, last + 1, max(1, int(step or 1))))
    return frozenset(values)


def _span(span: str, field_type: _FieldType, *, is_open: bool) -> tuple[int, int]:
    if span == "*":
        return field_type.lowest, field_type.highest
    first, dash, last = span.partition("-")
    low = _number(first, field_type)
    high = _number(last, field_type) if dash else (field_type.highest if is_open else low)
    return (low, high) if low <= high else (high, low)


def _number(text: str, field_type: _FieldType) -> int:
    if re.fullmatch(r"[0-9]+", text) and field_type.lowest <= int(text) <= field_type.highest:
        return int(text)
    for place, word in enumerate(field_type.words):
        if text and word.startswith(text.lower()):
            return field_type.lowest + place
    raise ScheduleError(f"'{text}' is not a {field_type.name}")


def _next(allowed: list[frozenset[int]], moment: datetime) -> datetime:
    """The first later moment that fits every field; the search ends, as 30 February never comes."""
    secs, minutes, hours, days, months, weekdays = allowed
    at = moment.replace(microsecond=0) + timedelta(seconds=1)
    end = moment + _LONGEST_WAIT
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
