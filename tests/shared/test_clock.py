"""Times as text."""

from datetime import UTC, datetime

from shared.clock import format_utc, parse_utc, utc_now


def test_stamps_sort_as_times_and_come_back() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), utc_now()

    assert format_utc(early) < format_utc(late)
    assert parse_utc(format_utc(late)) == late
