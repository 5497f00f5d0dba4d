"""When a data set is asked for again."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.ids import TenantId
from integrations.domain.sync.cadence import Cadence, is_due, is_license_unknown, must_read_in_full, share_of
from integrations.domain.sync.datasets import Cursor, DatasetOutcome

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


def read(*, minutes_ago: float, outcome: DatasetOutcome = DatasetOutcome.FRESH, **more: object) -> Cursor:
    return Cursor(dataset="domains", outcome=outcome, attempted_at=NOW - timedelta(minutes=minutes_ago), **more)


@pytest.mark.parametrize(
    ("cadence", "cursor", "by_schedule", "when_requested"),
    [
        pytest.param(Cadence.SIX_HOURS, None, True, True, id="never read"),
        pytest.param(Cadence.EVERY_CYCLE, read(minutes_ago=1), True, True, id="every cycle"),
        pytest.param(Cadence.SIX_HOURS, read(minutes_ago=4), False, False, id="read just now"),
        pytest.param(Cadence.SIX_HOURS, read(minutes_ago=6), False, True, id="read six minutes ago"),
        pytest.param(Cadence.SIX_HOURS, read(minutes_ago=360), True, True, id="read six hours ago"),
        pytest.param(Cadence.DAILY, read(minutes_ago=360), False, True, id="a daily one, six hours ago"),
        pytest.param(Cadence.DAILY, read(minutes_ago=1, outcome=DatasetOutcome.STALE), True, True, id="not delivered"),
        pytest.param(Cadence.DAILY, read(minutes_ago=1, outcome=DatasetOutcome.DENIED), False, True, id="refused"),
        pytest.param(Cadence.DAILY, read(minutes_ago=1, outcome=DatasetOutcome.FAILED), False, True, id="failed"),
        pytest.param(
            Cadence.DAILY,
            read(minutes_ago=1, outcome=DatasetOutcome.STALE, not_before=NOW + timedelta(seconds=1)),
            False,
            False,
            id="told to wait",
        ),
        pytest.param(
            Cadence.DAILY,
            read(minutes_ago=9, outcome=DatasetOutcome.STALE, not_before=NOW),
            True,
            True,
            id="waited as told",
        ),
        pytest.param(
            Cadence.EVERY_CYCLE,
            read(minutes_ago=60, outcome=DatasetOutcome.NOT_LICENSED),
            False,
            False,
            id="not licensed",
        ),
        pytest.param(
            Cadence.EVERY_CYCLE,
            read(minutes_ago=1440, outcome=DatasetOutcome.NOT_LICENSED),
            True,
            True,
            id="a day unlicensed",
        ),
        pytest.param(
            Cadence.EVERY_CYCLE,
            read(minutes_ago=60, outcome=DatasetOutcome.NOT_OFFERED),
            False,
            False,
            id="not offered",
        ),
    ],
)
def test_a_data_set_is_asked_for_when_its_time_has_come(
    cadence: Cadence, cursor: Cursor | None, by_schedule: bool, when_requested: bool
) -> None:
    assert is_due(cadence, cursor, NOW, is_requested=False) is by_schedule
    assert is_due(cadence, cursor, NOW, is_requested=True) is when_requested


def test_a_licence_is_in_doubt_until_microsoft_has_delivered_once() -> None:
    doubtful = [is_license_unknown(it) for it in (None, *(read(minutes_ago=1, outcome=o) for o in DatasetOutcome))]

    assert doubtful == [True, False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("cursor", "full_read_every", "expected"),
    [
        pytest.param(None, None, True, id="never read"),
        pytest.param(read(minutes_ago=1), None, True, id="no link"),
        pytest.param(read(minutes_ago=1, link="x"), None, False, id="a link, for ever"),
        pytest.param(read(minutes_ago=1, link="x"), timedelta(days=1), True, id="a link, nobody knows how old"),
        pytest.param(
            read(minutes_ago=1, link="x", full_read_at=NOW - timedelta(hours=23)), timedelta(days=1), False, id="young"
        ),
        pytest.param(
            read(minutes_ago=1, link="x", full_read_at=NOW - timedelta(hours=24)), timedelta(days=1), True, id="old"
        ),
    ],
)
def test_a_link_is_followed_until_a_whole_reading_is_due(
    cursor: Cursor | None, full_read_every: timedelta | None, expected: bool
) -> None:
    assert must_read_in_full(cursor, full_read_every, NOW) is expected


def test_whole_readings_are_spread_over_the_fleet_and_none_is_later_than_its_time() -> None:
    week, ages = timedelta(days=7), range(24 * 8)
    first = []
    for number in range(400):
        share = share_of(TenantId(f"9f1c0e3a-0000-4000-8000-{number:012}"))
        links = [read(minutes_ago=1, link="x", full_read_at=NOW - timedelta(hours=it)) for it in ages]
        first.append(next(age for age, it in zip(ages, links, strict=True) if must_read_in_full(it, week, NOW, share)))

    assert max(first) <= 7 * 24
    assert min(first) >= 5 * 24
    assert max(first.count(hour) for hour in ages) < 30  # of 400, in any hour of the last two days


def test_what_changes_have_left_out_is_looked_for_within_a_day() -> None:
    def is_whole(hours: int, odd: int) -> bool:
        cursor = read(minutes_ago=1, link="x", full_read_at=NOW - timedelta(hours=hours), odd=odd)
        return must_read_in_full(cursor, timedelta(days=7), NOW)

    assert [is_whole(23, 1), is_whole(24, 1), is_whole(24, 0)] == [False, True, False]
