"""What the numbers of a summary say."""

from datetime import date, timedelta

import pytest

from integrations.domain.baselines.verdicts import ControlVerdict as Verdict
from integrations.domain.insights.scores import control_score, drop, judged_mfa
from integrations.domain.insights.summary import DayPercent, MfaSummary

TODAY = date(2026, 11, 29)
KINDS = {"person exposed": 3, "person protected": 5, "administrator to_register": 1, "guest exposed": 2, "disabled": 4}


def days(*percents: float | None) -> list[DayPercent]:
    """One percentage a day up to today; None where there is none."""
    first = TODAY - timedelta(days=len(percents) - 1)
    known = ((first + timedelta(days=place), it) for place, it in enumerate(percents))
    return [DayPercent(day, it) for day, it in known if it is not None]


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        pytest.param(days(), None, id="no score at all"),
        pytest.param(days(50), None, id="the first day"),
        pytest.param(days(90, *[None] * 8, 50), None, id="nothing within the week"),
        pytest.param(days(90, *[None] * 6, 50), 40.0, id="seven days ago"),
        pytest.param(days(90, *[None] * 7, 50), None, id="eight days ago"),
        pytest.param(days(50, 60, 40, 55), 5.0, id="the highest of the week counts"),
        pytest.param(days(50, 60), 0.0, id="it has risen"),
    ],
)
def test_a_drop_is_measured_from_the_highest_score_of_the_week_before(
    recent: list[DayPercent], expected: float | None
) -> None:
    assert drop(recent) == expected


@pytest.mark.parametrize(
    ("counts", "score", "with_unlicensed"),
    [
        pytest.param({}, None, None, id="nothing judged"),
        pytest.param({Verdict.UNKNOWN: 3, Verdict.NOT_CHECKED: 2, Verdict.NOT_APPLICABLE: 1}, None, None, id="unknown"),
        pytest.param({Verdict.MET: 3, Verdict.NOT_MET: 1}, 75.0, 75.0, id="met and not met"),
        pytest.param({Verdict.MET: 3, Verdict.NARROWED: 2}, 75.0, 75.0, id="a narrowed one counts half in the total"),
        pytest.param({Verdict.MET: 3, Verdict.NOT_MET: 1, Verdict.UNLICENSED: 2}, 75.0, 50.0, id="unlicensed"),
        pytest.param({Verdict.UNLICENSED: 2}, None, 0.0, id="only unlicensed"),
        pytest.param({Verdict.MET: 1, Verdict.UNKNOWN: 9}, 100.0, 100.0, id="what is unknown is beside it"),
    ],
)
def test_the_score_of_controls_counts_what_was_decided(
    counts: dict[Verdict, int], score: float | None, with_unlicensed: float | None
) -> None:
    assert control_score(counts) == score
    assert control_score(counts, with_unlicensed=True) == with_unlicensed


def test_nobody_is_judged_before_the_first_evaluation() -> None:
    assert judged_mfa(MfaSummary(), {"alice"}) is None


def test_exceptions_are_taken_out_of_the_unprotected_and_counted_apart() -> None:
    kinds = {"alice": "administrator to_register", "guest": "guest exposed", "bob": "person exposed"}
    summary = MfaSummary(counts_by_kind=KINDS, excepted=kinds)

    judged = judged_mfa(summary, {"alice", "guest", "nobody"})

    assert judged is not None
    assert (judged.counted.people.unprotected, judged.excepted.people.unprotected) == (3, 1)
    assert (judged.counted.administrators.unprotected, judged.excepted.administrators.unprotected) == (0, 1)
    assert (judged.counted.guests.unprotected, judged.excepted.guests.unprotected) == (1, 1)
    assert judged.counted.disabled == 4


@pytest.mark.parametrize("kind", ["person protected", "person unknown", "disabled", "administrator exposed"])
def test_an_exception_changes_nothing_for_whoever_is_not_counted_as_unprotected(kind: str) -> None:
    judged = judged_mfa(MfaSummary(counts_by_kind=KINDS, excepted={"alice": kind}), {"alice"})

    assert judged is not None
    assert judged.counted == judged_mfa(MfaSummary(counts_by_kind=KINDS), ())[0]  # type: ignore[index]
    assert judged.excepted.people.total == 0
