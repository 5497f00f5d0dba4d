"""What the views across tenants have in common: the tenant of a row, the filter, and pages with the worst first."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.insights.summary import TenantSummary
from integrations.views.cursors import read_cursor, write_cursor
from integrations.views.tenant_details import OrganizationName


class InsightRow(msgspec.Struct, frozen=True, kw_only=True):
    """A mapped tenant in a view across tenants. Names are those of its last evaluation.

    Attributes:
        tenant_id: The Microsoft tenant.
        name: The tenant's name.
        default_domain: Its default domain. Null if it is not known.
        organization: The Organization that it is mapped to.
    """

    tenant_id: TenantId
    name: str
    default_domain: str | None
    organization: OrganizationName


Row = TypeVar("Row", bound=InsightRow)
SortKey = tuple[float, float, str, str]  # the worst first


class InsightFilter(NamedTuple):
    """Which tenants a caller asks for, and how many from where; an empty text filters nothing.

    ``only`` is the name of a condition, ``control`` and ``verdict`` are for controls only.
    """

    text: str = ""
    only: str = ""
    control: str = ""
    verdict: str = ""
    limit: int = 100
    cursor: str = ""


class Selected(NamedTuple, Generic[Row]):
    """A page of rows, the cursor of the next one, and how many rows all pages have."""

    items: list[Row]
    next_cursor: str | None
    total: int


def of_tenant(summary: TenantSummary) -> dict[str, Any]:
    """The fields of ``InsightRow``."""
    organization = OrganizationName(id=summary.organization_id, name=summary.organization_name)
    return {
        "tenant_id": summary.tenant_id,
        "name": summary.name,
        "default_domain": summary.default_domain,
        "organization": organization,
    }


def selected(
    rows: Iterable[Row],
    chosen: InsightFilter,
    conditions: Mapping[str, Callable[[Row], bool]],
    worst_first: Callable[[Row], tuple[float, float]],
) -> Selected[Row]:
    """The rows that the filter selects, the worst first and then by name.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    text = chosen.text.casefold()
    holds = conditions[chosen.only] if chosen.only else _any
    kept = [it for it in rows if holds(it) and (not text or _mentions(it, text))]
    ordered = sorted(((*worst_first(it), it.name.casefold(), it.tenant_id), it) for it in kept)
    page = ordered
    if chosen.cursor:
        last = read_cursor(chosen.cursor, tuple[float, float, str, str])
        page = [it for it in ordered if it[0] > last]
    more = len(page) > chosen.limit
    page = page[: chosen.limit]
    return Selected([it for _, it in page], write_cursor(page[-1][0]) if more else None, len(ordered))


def _any(_row: InsightRow) -> bool:
    return True


def _mentions(row: InsightRow, text: str) -> bool:
    searched = (row.name, row.tenant_id, row.default_domain or "", row.organization.name)
    return any(text in words.casefold() for words in searched)


def cell(value: object) -> str:
    """A value as a cell of a CSV file; nothing for what is not known."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
