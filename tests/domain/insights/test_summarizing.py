"""The parts of a summary, from what was read."""

from datetime import UTC, date, datetime, timedelta

from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.progress import Evaluated, State
from integrations.domain.insights import summarizing as rules
from integrations.domain.sync.datasets import Cursor, DatasetOutcome
from integrations.domain.sync.records import License
from integrations.domain.sync.security_records import SecureScore, SecureScoreControl

NOW = datetime(2026, 11, 29, tzinfo=UTC)
FRESH = Cursor(dataset="x", outcome=DatasetOutcome.FRESH, attempted_at=NOW, complete_at=NOW)


def score(days_ago: int, points: float, **controls: float) -> SecureScore:
    at = NOW - timedelta(days=days_ago)
    return SecureScore(as_of=at, points=points, max_points=100, percent=points, controls=controls)


def control(name: str, most: float, **details: bool) -> SecureScoreControl:
    return SecureScoreControl(id=name, title=name.title(), max_points=most, **details)


def evaluation(
    state: State | None, *, is_off: bool = False, counts: dict[str, int] | None = None
) -> rules.EvaluationState:
    if state is None:
        return rules.EvaluationState(None, is_off)
    cursor = Cursor(
        dataset="x",
        outcome=DatasetOutcome.FRESH,
        attempted_at=NOW,
        complete_at=NOW,
        counts_by_kind=counts or {},
        evaluated=Evaluated(state=state, since=NOW),
    )
    return rules.EvaluationState(cursor, is_off)


def license_of(bought: int, *, is_unlimited: bool = False) -> License:
    return License(
        sku_id=f"sku{bought}",
        part_number="SPB",
        name="Business Premium",
        is_assignable=True,
        is_per_user=True,
        bought=bought,
        assigned=bought - 1,
        unused=1,
        is_unlimited=is_unlimited,
    )


def test_the_newest_score_counts_and_thirty_days_are_kept_for_the_trend() -> None:
    summary = rules.score_summary([score(it, 50 + it) for it in range(40)], [], FRESH)

    assert (summary.percent, summary.points, summary.as_of) == (50.0, 50.0, NOW)
    assert len(summary.recent) == 30
    assert (summary.recent[0].day, summary.recent[-1].day) == (date(2026, 10, 31), date(2026, 11, 29))


def test_what_would_add_most_points_comes_first_and_only_five_are_kept() -> None:
    points = {f"c{number}": 1.0 for number in range(7)}
    controls = [control(name, 2.0 + place) for place, name in enumerate(points)]
    others = [control("done", 1.0), control("old", 50.0, is_deprecated=True), control("not scored", 50.0)]

    summary = rules.score_summary([score(0, 50, **points, done=1.0, old=0.0)], [*controls, *others], FRESH)

    assert [(it.id, it.points) for it in summary.gains] == [
        ("c6", 7.0), ("c5", 6.0), ("c4", 5.0), ("c3", 4.0), ("c2", 3.0),
    ]  # fmt: skip


def test_without_a_score_only_the_reading_is_known() -> None:
    denied = Cursor(dataset="x", outcome=DatasetOutcome.DENIED, attempted_at=NOW)

    assert rules.score_summary([], [], None).outcome is None
    assert rules.score_summary([], [], denied).outcome is DatasetOutcome.DENIED
    assert rules.score_summary([], [], FRESH).percent is None


def test_what_an_evaluation_found_stays_while_it_fails_and_goes_when_it_is_switched_off() -> None:
    counts = {"person exposed": 1}

    failed = rules.mfa_summary(evaluation(State.FAILED, counts=counts), {"bob": "person exposed"})
    off = rules.mfa_summary(evaluation(State.FRESH, is_off=True, counts=counts), {})
    never = rules.mfa_summary(evaluation(None), {})

    assert (failed.state, failed.counts_by_kind, failed.excepted) == (State.FAILED, counts, {"bob": "person exposed"})
    assert (off.state, off.counts_by_kind) == (State.OFF, None)
    assert (never.state, never.counts_by_kind) == (State.NEVER, None)


def test_controls_are_kept_by_their_verdict() -> None:
    verdicts = {"b": ControlVerdict.MET, "c": ControlVerdict.NOT_MET, "a": ControlVerdict.MET}

    judged = rules.controls_summary(evaluation(State.FRESH), verdicts)
    unjudged = rules.controls_summary(evaluation(None), {})

    assert judged.by_verdict == {ControlVerdict.MET: ["a", "b"], ControlVerdict.NOT_MET: ["c"]}
    assert judged.counts() == {ControlVerdict.MET: 2, ControlVerdict.NOT_MET: 1}
    assert (unjudged.state, unjudged.counts()) == (State.NEVER, None)


def test_seats_are_counted_over_what_somebody_pays_for() -> None:
    bought = rules.licenses_summary([license_of(5), license_of(7), license_of(10_000, is_unlimited=True)], FRESH)

    assert bought.counts is not None
    assert (bought.counts.products, bought.counts.bought, bought.counts.assigned, bought.counts.unused) == (
        2,
        12,
        10,
        2,
    )
    assert rules.licenses_summary([], None).counts is None
    assert (
        rules.licenses_summary([], Cursor(dataset="x", outcome=DatasetOutcome.DENIED, attempted_at=NOW)).counts is None
    )


def test_what_did_not_change_says_anew_when_and_how_it_was_read() -> None:
    later = Cursor(dataset="x", outcome=DatasetOutcome.STALE, attempted_at=NOW, complete_at=NOW + timedelta(hours=1))
    known, seats = rules.score_summary([score(0, 50)], [], FRESH), rules.licenses_summary([license_of(5)], FRESH)

    again, counted = rules.score_again(known, later), rules.licenses_again(seats, later)

    assert (again.percent, again.outcome, again.read_at) == (50.0, DatasetOutcome.STALE, later.complete_at)
    assert (counted.counts, counted.outcome, counted.as_of) == (seats.counts, DatasetOutcome.STALE, later.complete_at)
    assert (rules.score_again(known, None).read_at, rules.licenses_again(seats, None).counts) == (None, None)
