"""The parts of a tenant's summary, from cursors and the few rows that they need. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.progress import State
from integrations.domain.insights.summary import (
    ControlsSummary,
    DayPercent,
    LicenseCounts,
    LicensesSummary,
    MfaSummary,
    PossibleGain,
    ScoreSummary,
)
from integrations.domain.retention import TREND_DAYS
from integrations.domain.security.score_licenses import missing_license
from integrations.domain.sync.datasets import Cursor, has_rows
from integrations.domain.sync.records import License
from integrations.domain.sync.security_records import SecureScore, SecureScoreControl

_MOST_GAINS = 5


class EvaluationState(NamedTuple):
    """The cursor of an evaluation, and whether the operator has switched it off."""

    cursor: Cursor | None
    is_off: bool

    @property
    def state(self) -> State:
        progress = self.cursor.evaluated if self.cursor else None
        return State.OFF if self.is_off else progress.state if progress else State.NEVER

    @property
    def has_rows(self) -> bool:
        return not self.is_off and has_rows(self.cursor)


def score_summary(
    scores: Iterable[SecureScore],
    controls: Iterable[SecureScoreControl],
    cursor: Cursor | None,
    plans: Collection[str] | None = None,
) -> ScoreSummary:
    """The newest score, the days before it, and what would raise it most.

    ``plans`` are the ids of the tenant's service plans; None if they are not known.
    """
    ordered = sorted(scores, key=lambda it: (it.as_of, bool(it.controls)))
    summary = ScoreSummary(outcome=cursor.outcome if cursor else None, read_at=cursor.complete_at if cursor else None)
    if not ordered:
        return summary
    newest = ordered[-1]
    return ScoreSummary(
        outcome=summary.outcome,
        read_at=summary.read_at,
        as_of=newest.as_of,
        points=newest.points,
        max_points=newest.max_points,
        percent=newest.percent,
        average_percent=newest.average_percent,
        recent=_recent(ordered),
        gains=_gains(newest, controls, plans),
    )


def score_again(known: ScoreSummary, cursor: Cursor | None) -> ScoreSummary:
    """A score of which nothing has changed since it was summarized but how and when it was last read."""
    outcome, read_at = (cursor.outcome, cursor.complete_at) if cursor else (None, None)
    return msgspec.structs.replace(known, outcome=outcome, read_at=read_at)


def mfa_summary(evaluation: EvaluationState, excepted: Mapping[str, str]) -> MfaSummary:
    """The counts of people; ``excepted`` are the kinds of people for whom there is an exception, by user id."""
    cursor = evaluation.cursor
    if cursor is None or not evaluation.has_rows:
        return MfaSummary(state=evaluation.state)
    return MfaSummary(
        state=evaluation.state,
        as_of=cursor.complete_at,
        counts_by_kind=cursor.counts_by_kind,
        excepted=dict(sorted(excepted.items())),
    )


def controls_summary(evaluation: EvaluationState, verdicts: Mapping[str, ControlVerdict]) -> ControlsSummary:
    """The verdict on each control, by its id."""
    cursor = evaluation.cursor
    if cursor is None or not evaluation.has_rows:
        return ControlsSummary(state=evaluation.state)
    by_verdict: dict[ControlVerdict, list[str]] = {}
    for control, verdict in sorted(verdicts.items()):
        by_verdict.setdefault(verdict, []).append(control)
    return ControlsSummary(state=evaluation.state, as_of=cursor.complete_at, by_verdict=by_verdict)


def licenses_summary(licenses: Iterable[License], cursor: Cursor | None) -> LicensesSummary:
    """The seats of paid products."""
    if cursor is None or cursor.complete_at is None:
        return LicensesSummary(outcome=cursor.outcome if cursor else None)
    return LicensesSummary(outcome=cursor.outcome, as_of=cursor.complete_at, counts=license_counts(licenses))


def licenses_again(known: LicensesSummary, cursor: Cursor | None) -> LicensesSummary:
    """Seats of which nothing has changed since they were counted but how and when they were last read."""
    if cursor is None or cursor.complete_at is None:
        return licenses_summary((), cursor)
    return msgspec.structs.replace(known, outcome=cursor.outcome, as_of=cursor.complete_at)


def license_counts(licenses: Iterable[License]) -> LicenseCounts:
    """The totals; unlimited products, which nobody pays for, are left out."""
    paid = [it for it in licenses if not it.is_unlimited]
    return LicenseCounts(
        products=len(paid),
        bought=sum(it.bought for it in paid),
        assigned=sum(it.assigned for it in paid),
        unused=sum(it.unused for it in paid),
    )


def _recent(ordered: Sequence[SecureScore]) -> list[DayPercent]:
    """One percentage for each of the 30 days that end with the newest score."""
    since = ordered[-1].as_of - TREND_DAYS
    by_day = {it.as_of.date(): it.percent for it in ordered if it.as_of > since and it.percent is not None}
    return [DayPercent(day, percent) for day, percent in sorted(by_day.items())]


def _gains(
    newest: SecureScore, controls: Iterable[SecureScoreControl], plans: Collection[str] | None
) -> list[PossibleGain]:
    done = newest.controls
    possible = [
        (round(it.max_points - done[it.id], 2), it)
        for it in controls
        if not it.is_deprecated and it.id in done and done[it.id] < it.max_points
    ]
    most = sorted(possible, key=lambda it: (-it[0], it[1].id))[:_MOST_GAINS]
    return [
        PossibleGain(id=it.id, title=it.title, points=points, missing_license=missing_license(it, plans))
        for points, it in most
    ]
