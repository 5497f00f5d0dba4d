"""NCRONTAB. Sources: atifaziz/NCrontab:CrontabField.cs, CrontabFieldImpl.cs; ext:CronSchedule.cs, ConstantSchedule.cs.

The differential test leaves out what croniter reads otherwise: ranges of one value, and ranges given backwards.
"""

import random
from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter

from local.host.triggers.ncrontab import Schedule, ScheduleError

MONDAY = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("0 */30 * * * *", "2026-11-23 08:00:00", id="the moment itself is excluded"),
        pytest.param("*/5 * * * *", "2026-11-23 07:35:00", id="five fields begin at second 0"),
        pytest.param("* * * * * *", "2026-11-23 07:30:01", id="every second"),
        pytest.param("0 0 0 * * 0", "2026-11-29 00:00:00", id="0 is Sunday"),
        pytest.param("0 0 0 13 * Fri", "2027-08-13 00:00:00", id="day and weekday are both asked"),
        pytest.param("0 0 0 29 2 *", "2028-02-29 00:00:00", id="a leap day"),
        pytest.param("0 0 9-17/4 * * mon-fri", "2026-11-23 09:00:00", id="a range with a step, and names"),
        pytest.param("50/5 30 7 * * *", "2026-11-23 07:30:50", id="a step from a value goes to the end"),
        pytest.param("0 20-20 * * * *", "2026-11-23 08:20:00", id="a range of one value"),
        pytest.param("0 50-40 * * * *", "2026-11-23 07:40:00", id="a range given backwards is turned round"),
        pytest.param("0 0 0 1 J *", "2027-01-01 00:00:00", id="a name's beginning is enough, the first counts"),
        pytest.param("0 */0 * * * *", "2026-11-23 07:31:00", id="a step below one is one"),
        pytest.param("0 1,2,45 * * * *", "2026-11-23 07:45:00", id="a list"),
        pytest.param("00:01:30", "2026-11-23 07:31:30", id="a TimeSpan"),
        pytest.param("1.00:00:00", "2026-11-24 07:30:00", id="a day"),
    ],
)
def test_a_schedule_says_when_it_fires_next(expression, expected):
    assert str(Schedule(expression).next_after(MONDAY)) == f"{expected}+00:00"


@pytest.mark.parametrize(
    "expression",
    [
        "", "* * * *", "* * * * * * *", "60 * * * * *", "0 60 * * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 0 0 32 * *",
        "0 0 0 * 13 *", "0 0 0 * * 7", "0 0 0 * * L", "0 0 0 ? * *", "@daily", "*/x * * * * *", "*/ * * * * *",
        ", * * * * *", "1- * * * * *", "a * * * * *", "00:00:00", "99:00:00", "-00:01:00",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(expression):
    with pytest.raises(ScheduleError):
        Schedule(expression)


def test_a_day_that_never_comes_is_refused():
    with pytest.raises(ScheduleError, match="never"):
        Schedule("0 0 0 30 2 *").next_after(MONDAY)


def _part(chance, least, most):
    low, high = sorted(chance.sample(range(least, most + 1), 2))
    step = chance.randint(2, 7)
    return chance.choice(["*", f"*/{step}", str(low), f"{low}-{high}", f"{low}-{high}/{step}", f"{low},{high}"])


def test_a_thousand_schedules_agree_with_croniter():
    chance = random.Random(7)  # a fixed choice of cases
    bounds = [(0, 59), (0, 59), (0, 23), (1, 28), (1, 12), (0, 6)]
    for _ in range(1000):
        expression = " ".join(_part(chance, *it) for it in bounds)
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**8))
        theirs = croniter(expression, moment, second_at_beginning=True, day_or=False, max_years_between_matches=40)
        try:
            expected = theirs.get_next(datetime)
        except Exception:  # noqa: BLE001 - croniter's own kinds; a day that is too far away
            continue
        if expected - moment < timedelta(days=365 * 7):
            assert Schedule(expression).next_after(moment) == expected, expression
