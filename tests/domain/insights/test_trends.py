"""The last days that a summary keeps."""

from datetime import date, timedelta

from msgspec.structs import replace

from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.progress import State
from integrations.domain.insights.history import day_of
from integrations.domain.insights.summary import ControlsSummary, DayPercent, DayUnprotected, TenantSummary
from integrations.domain.insights.trends import with_trends
from tests.domain.insights.test_history import EMPTY, KNOWN

TODAY = date(2026, 11, 29)
JUDGED = replace(
    KNOWN,
    controls=ControlsSummary(
        state=State.FRESH, by_verdict={ControlVerdict.MET: ["a", "b", "c"], ControlVerdict.NOT_MET: ["d"]}
    ),
)


def after(summary: TenantSummary, before: TenantSummary | None, day: date = TODAY) -> TenantSummary:
    return with_trends(summary, before, day_of(summary, (), day))


def test_a_day_is_added_to_those_before_it() -> None:
    first = after(JUDGED, None, TODAY - timedelta(days=1))
    second = after(JUDGED, first)

    assert [it.day for it in second.mfa.recent] == [TODAY - timedelta(days=1), TODAY]
    assert second.mfa.recent[-1] == DayUnprotected(TODAY, people=2, administrators=2)
    assert second.controls.recent[-1] == DayPercent(TODAY, 75.0)


def test_the_last_numbers_of_a_day_replace_those_before() -> None:
    fewer = replace(JUDGED, mfa=replace(JUDGED.mfa, counts_by_kind={"person protected": 5}))

    found = after(fewer, after(JUDGED, None))

    assert [it.people for it in found.mfa.recent] == [0]


def test_what_is_not_known_today_leaves_the_days_before() -> None:
    yesterday = after(JUDGED, None, TODAY - timedelta(days=1))

    found = after(EMPTY, yesterday)

    assert found.mfa.recent == yesterday.mfa.recent
    assert found.controls.recent == yesterday.controls.recent


def test_thirty_days_are_kept_and_none_of_another_epoch() -> None:
    old = after(JUDGED, None, TODAY - timedelta(days=30))
    last = after(JUDGED, None, TODAY - timedelta(days=29))

    assert len(after(JUDGED, old).mfa.recent) == 1
    assert len(after(JUDGED, last).mfa.recent) == 2
    assert len(after(replace(JUDGED, epoch=4), last).mfa.recent) == 1
