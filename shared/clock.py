"""The clock as a parameter, so that rules stay pure and tests control time; and times as text."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def format_utc(time: datetime) -> str:
    """An aware time as RFC 3339 text in UTC with microseconds; the texts sort in the order of time."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> datetime:
    """The time that ``format_utc`` has formatted; raises ValueError for other text."""
    return datetime.fromisoformat(text)
