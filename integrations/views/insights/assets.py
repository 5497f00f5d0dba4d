"""The assets of all mapped tenants by their devices and End Users: those with most to decide first."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.assets.reasons import REASON_TEXTS, NoEndUserReason
from integrations.domain.insights.summary import TenantSummary
from integrations.views.insights.rows import InsightFilter, InsightRow, cell, of_tenant, selected
from integrations.views.status import to_second
from shared.http.schemas import one_of


class AssetNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of one tenant's assets.

    Attributes:
        assets: Assets of the tenant's Organizations that are in use.
        linked: Those of them that are linked with a device.
        assigned: Those that have an End User.
        unassigned: Those that have none.
        review: Those with an open question, conflicts left out.
        conflicts: Those that are not linked since serial number or ids contradict each other.
        unmanaged: Computers of the tenant that were seen within 30 days and are no asset.
    """

    assets: int
    linked: int
    assigned: int
    unassigned: int
    review: int
    conflicts: int
    unmanaged: int


class CountedReason(msgspec.Struct, frozen=True, kw_only=True):
    """Why some assets have no End User.

    Attributes:
        code: The reason.
        count: How many assets it holds for.
        detail: What is so.
        remedy: What would mend it.
    """

    code: Annotated[str, one_of(NoEndUserReason)]
    count: int
    detail: str
    remedy: str


class TenantAssetsRow(InsightRow, frozen=True, kw_only=True):
    """The assets of one tenant.

    Attributes:
        as_of: When links last changed. Null before assets were first compared with devices.
        is_failing: Whether our service fails to link them; numbers are those of the last time.
        counts: The numbers. Null before assets were first compared with devices.
        reasons: Why assets have no End User, the most frequent first.
    """

    as_of: datetime | None
    is_failing: bool
    counts: AssetNumbers | None
    reasons: list[CountedReason]


class AssetTenantCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many mapped tenants there are, whatever the filter.

    Attributes:
        tenants: All of them.
        review: Those with open questions, conflicts included.
        unassigned: Those with assets without End User.
        unmanaged: Those with computers that are no asset.
        unknown: Those of which nothing is known.
    """

    tenants: int
    review: int
    unassigned: int
    unmanaged: int
    unknown: int


class AssetInsights(msgspec.Struct, frozen=True, kw_only=True):
    """The assets of the account's mapped tenants by their devices and End Users.

    Attributes:
        items: The tenants of this page: most questions first, then most assets without End User. Those of which
            nothing is known come last.
        next_cursor: The cursor of the next page. Null on the last one.
        total: How many tenants all pages have.
        counts: How many mapped tenants there are, whatever the filter.
    """

    items: list[TenantAssetsRow]
    next_cursor: str | None
    total: int
    counts: AssetTenantCounts


CONDITIONS: dict[str, Callable[[TenantAssetsRow], bool]] = {
    "review": lambda row: row.counts is not None and row.counts.review + row.counts.conflicts > 0,
    "unassigned": lambda row: row.counts is not None and row.counts.unassigned > 0,
    "unmanaged": lambda row: row.counts is not None and row.counts.unmanaged > 0,
    "unknown": lambda row: row.counts is None,
}
_NUMBERS = AssetNumbers.__struct_fields__
COLUMNS = ("name", "tenant_id", "default_domain", "organization", "as_of", "is_failing", *_NUMBERS, "reasons")


def asset_insights(summaries: Iterable[TenantSummary], chosen: InsightFilter) -> AssetInsights:
    """The tenants that the filter selects.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    rows = [_row(it) for it in summaries]
    page = selected(rows, chosen, CONDITIONS, _most_first)
    counts = {name: sum(map(holds, rows)) for name, holds in CONDITIONS.items()}
    return AssetInsights(
        items=page.items,
        next_cursor=page.next_cursor,
        total=page.total,
        counts=AssetTenantCounts(tenants=len(rows), **counts),
    )


def cells(row: TenantAssetsRow) -> Sequence[str]:
    """A row in the order of COLUMNS."""
    named = (row.name, row.tenant_id, row.default_domain, row.organization.name)
    at = row.as_of and row.as_of.isoformat().replace("+00:00", "Z")
    numbers = [getattr(row.counts, it, None) for it in _NUMBERS]
    reasons = ", ".join(f"{it.code}: {it.count}" for it in row.reasons)
    return [cell(it) for it in (*named, at, row.is_failing, *numbers, reasons)]


def _row(summary: TenantSummary) -> TenantAssetsRow:
    counted = summary.assets.counts
    reasons = sorted(counted.reasons.items(), key=lambda it: (-it[1], it[0].value)) if counted else []
    return TenantAssetsRow(
        **of_tenant(summary),
        as_of=to_second(summary.assets.as_of),
        is_failing=summary.assets.is_failing,
        counts=AssetNumbers(
            assets=counted.assets,
            linked=counted.linked,
            assigned=counted.assigned,
            unassigned=counted.assets - counted.assigned,
            review=counted.review,
            conflicts=counted.conflicts,
            unmanaged=counted.unmanaged,
        )
        if counted
        else None,
        reasons=[
            CountedReason(code=it.value, count=count, detail=REASON_TEXTS[it].detail, remedy=REASON_TEXTS[it].remedy)
            for it, count in reasons
        ],
    )


def _most_first(row: TenantAssetsRow) -> tuple[float, float]:
    if row.counts is None:
        return 1.0, 0.0
    return -float(row.counts.review + row.counts.conflicts), -float(row.counts.unassigned)
