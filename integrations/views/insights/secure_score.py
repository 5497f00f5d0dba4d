"""The Secure Score of all mapped tenants: the lowest first, and which of them are low or have dropped."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from integrations.domain.account_settings import Thresholds
from integrations.domain.insights.scores import drop
from integrations.domain.insights.summary import PossibleGain, TenantSummary
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.views.datasets import NOT_READ_YET
from integrations.views.insights.rows import InsightFilter, InsightRow, cell, of_tenant, selected
from integrations.views.status import to_second
from shared.http.schemas import one_of


class TrendDay(msgspec.Struct, frozen=True, kw_only=True):
    """The Secure Score of one day.

    Attributes:
        day: The day for which Microsoft computed it.
        percent: Points of those possible, 0 to 100.
    """

    day: date
    percent: float


class SecureScoreRow(InsightRow, frozen=True, kw_only=True):
    """The Secure Score of one tenant.

    Attributes:
        state: How the last reading ended.
        as_of: The day for which Microsoft computed it. Null while there is no score.
        percent: Points of those possible, 0 to 100. Null while there is no score.
        points: The points of that day. Null while there is no score.
        max_points: The points that were possible. Null while there is no score.
        average_percent: The average of all tenants at Microsoft, 0 to 100. Null if Microsoft does not give one.
        drop: By how many percentage points it is below the highest of the seven days before. Null if there is none.
        is_low: Whether it is below the account's threshold.
        has_dropped: Whether it dropped by the account's threshold or more.
        trend: One percentage a day, the oldest first, for up to 30 days.
        improvements: The five controls that would add the most points, the most first.
    """

    state: Annotated[str, one_of(DatasetOutcome, NOT_READ_YET)]
    as_of: datetime | None
    percent: float | None
    points: float | None
    max_points: float | None
    average_percent: float | None
    drop: float | None
    is_low: bool
    has_dropped: bool
    trend: list[TrendDay]
    improvements: list[PossibleGain]


class SecureScoreCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many mapped tenants there are, whatever the filter.

    Attributes:
        tenants: All of them.
        low: Those with a score below the threshold.
        dropped: Those whose score dropped by the threshold or more.
        unknown: Those of which no score is known.
    """

    tenants: int
    low: int
    dropped: int
    unknown: int


class SecureScoreInsights(msgspec.Struct, frozen=True, kw_only=True):
    """The Secure Score of the account's mapped tenants.

    Attributes:
        items: The tenants of this page: the lowest score first, and last those of which none is known.
        next_cursor: The cursor of the next page. Null on the last one.
        total: How many tenants all pages have.
        counts: How many mapped tenants there are, whatever the filter.
        thresholds: The account's thresholds.
    """

    items: list[SecureScoreRow]
    next_cursor: str | None
    total: int
    counts: SecureScoreCounts
    thresholds: Thresholds


CONDITIONS: dict[str, Callable[[SecureScoreRow], bool]] = {
    "low": lambda row: row.is_low,
    "dropped": lambda row: row.has_dropped,
    "unknown": lambda row: row.percent is None,
}
COLUMNS = (
    "name", "tenant_id", "default_domain", "organization", "state", "as_of", "percent", "points", "max_points",
    "average_percent", "drop", "is_low", "has_dropped", "improvements",
)  # fmt: skip


def secure_score_insights(
    summaries: Iterable[TenantSummary], thresholds: Thresholds, chosen: InsightFilter
) -> SecureScoreInsights:
    """The tenants that the filter selects.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    rows = [_row(it, thresholds) for it in summaries]
    page = selected(rows, chosen, CONDITIONS, _lowest_first)
    counts = {name: sum(map(holds, rows)) for name, holds in CONDITIONS.items()}
    return SecureScoreInsights(
        items=page.items,
        next_cursor=page.next_cursor,
        total=page.total,
        counts=SecureScoreCounts(tenants=len(rows), **counts),
        thresholds=thresholds,
    )


def cells(row: SecureScoreRow) -> Sequence[str]:
    """A row in the order of COLUMNS; improvements by their titles."""
    named = (row.name, row.tenant_id, row.default_domain, row.organization.name, row.state)
    values = (row.as_of and f"{row.as_of:%Y-%m-%d}", row.percent, row.points, row.max_points, row.average_percent)
    gains = "; ".join(map(_gain, row.improvements))
    return [cell(it) for it in (*named, *values, row.drop, row.is_low, row.has_dropped, gains)]


def _gain(gain: PossibleGain) -> str:
    missing = f", no license for {gain.missing_license}" if gain.missing_license else ""
    return f"{gain.title} ({gain.points:g}{missing})"


def _row(summary: TenantSummary, thresholds: Thresholds) -> SecureScoreRow:
    score = summary.score
    lost = drop(score.recent)
    return SecureScoreRow(
        **of_tenant(summary),
        state=score.outcome.value if score.outcome else NOT_READ_YET,
        as_of=to_second(score.as_of),
        percent=score.percent,
        points=score.points,
        max_points=score.max_points,
        average_percent=score.average_percent,
        drop=lost,
        is_low=score.percent is not None and score.percent < thresholds.secure_score,
        has_dropped=lost is not None and lost > 0 and lost >= thresholds.secure_score_drop,
        trend=[TrendDay(day=it.day, percent=it.percent) for it in score.recent],
        improvements=score.gains,
    )


def _lowest_first(row: SecureScoreRow) -> tuple[float, float]:
    return (1.0, 0.0) if row.percent is None else (0.0, row.percent)
