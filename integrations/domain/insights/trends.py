"""The last days that a summary keeps of its numbers, so that a trend costs no reading of the history. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from msgspec.structs import replace

from integrations.domain.insights.history import HistoryDay
from integrations.domain.insights.summary import DayPercent, DayUnprotected, TenantSummary
from integrations.domain.retention import TREND_DAYS

Day = TypeVar("Day", bound=DayPercent | DayUnprotected)


def with_trends(summary: TenantSummary, before: TenantSummary | None, today: HistoryDay) -> TenantSummary:
    """The summary with the days that the one before it kept, and with this one; days of another epoch do not count."""
    kept = before if before is not None and before.epoch == summary.epoch else summary
    mfa, score = today.mfa, today.controls.score if today.controls else None
    people = None if mfa is None else DayUnprotected(today.day, mfa.unprotected, mfa.unprotected_administrators)
    judged = None if score is None else DayPercent(today.day, score)
    return replace(
        summary,
        mfa=replace(summary.mfa, recent=_recent(kept.mfa.recent, people, today.day)),
        controls=replace(summary.controls, recent=_recent(kept.controls.recent, judged, today.day)),
    )


def _recent(days: Iterable[Day], now: Day | None, today: date) -> list[Day]:
    before = [it for it in days if today - TREND_DAYS < it.day < today]
    return before if now is None else [*before, now]
