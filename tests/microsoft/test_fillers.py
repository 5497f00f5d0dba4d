"""What Microsoft writes where it knows nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.microsoft.fillers import cursor_moment, identifier, ids_for_paths, in_utc, moment

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)
FAR = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("year", [1, 1601, 1753, 1900, 1970])
def test_a_date_before_microsoft_is_never(year: int) -> None:
    assert moment(datetime(year, 1, 1, tzinfo=UTC)) is None


def test_other_dates_are_themselves_and_far_future_stays_far_future() -> None:
    assert [moment(it) for it in (NOW, FAR, None)] == [NOW, FAR, None]


def test_a_cursor_is_the_latest_date_and_never_later_than_now() -> None:
    hour = timedelta(hours=1)
    never = datetime(1, 1, 1, tzinfo=UTC)

    assert cursor_moment([NOW - hour, NOW - 2 * hour, never, None], NOW) == NOW - hour
    assert cursor_moment([NOW - hour, NOW + hour, FAR], NOW) == NOW
    assert cursor_moment([never, None], NOW) is None
    assert in_utc(NOW) == "2026-11-28T10:00:00Z"


@pytest.mark.parametrize("told", [None, "", " ", "00000000-0000-0000-0000-000000000000"])
def test_an_id_that_stands_for_nothing_is_none(told: str | None) -> None:
    assert identifier(told) is None


def test_an_id_is_itself() -> None:
    assert identifier("9f1c0e3a-0000-4000-8000-00000000aa01") == "9f1c0e3a-0000-4000-8000-00000000aa01"


def test_only_ids_that_may_stand_in_a_path_are_asked_for_and_each_once() -> None:
    assert ids_for_paths(["a-1", "A-1", "../users", "b/c", "", "..", "x?y", "b_2"]) == ["A-1", "b_2"]
