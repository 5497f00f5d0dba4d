"""A page of the table: rows filtered, sorted and cut."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from integrations.domain.csp.gdap import CspAuth
from integrations.domain.statuses import SyncLabel
from integrations.views.cursors import read_cursor, write_cursor
from integrations.views.status import StatusView
from integrations.views.table.attention import NEEDS
from integrations.views.table.tenant_row import OVERDUE, TenantRow, labels_of


class TenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the table; ``next_cursor`` is None on the last one.

    Attributes:
        items: The rows in the order that was asked for.
        next_cursor: The cursor of the next page. Null on the last one.
        total: How many rows all pages have.
    """

    items: list[TenantRow]
    next_cursor: str | None
    total: int


class TableFilter(NamedTuple):
    """Which rows a caller asks for, in which order, and how many from where; an empty text filters nothing.

    ``csp`` is a CSP Name or an integration id, ``cursor`` the ``next_cursor`` of the page before.
    """

    text: str = ""
    status: str = ""
    sync_status: str = ""
    csp_auth: str = ""
    attention: str = ""
    csp: str = ""
    mapped: bool | None = None
    ignored: bool = False
    sort: str = "name"
    limit: int = 100
    cursor: str = ""


SORT_KEYS: dict[str, Callable[[TenantRow], str]] = {
    "name": lambda row: row.name.casefold(),
    "last_sync_at": lambda row: row.last_sync_at.isoformat() if row.last_sync_at else "",
    "status": lambda row: row.sync_status.label,
    "syncro_tenant": lambda row: row.syncro_tenant.name.casefold() if row.syncro_tenant else "",
    "csp_name": lambda row: row.csp_name.casefold(),
    "csp_auth": lambda row: row.csp_auth.label if isinstance(row.csp_auth, StatusView) else "",
}
SORTS = tuple(SORT_KEYS) + tuple(f"-{name}" for name in SORT_KEYS)
SYNC_STATUSES = tuple(it.value for it in (SyncLabel.SUCCESS, SyncLabel.PENDING, SyncLabel.AUTH_ERROR))
CSP_AUTHS = tuple(sorted(it.value for it in CspAuth))
STATUSES = tuple(dict.fromkeys([*(it.value for it in SyncLabel), *(it.value for it in CspAuth), OVERDUE]))


def tenant_page(rows: Iterable[TenantRow], table_filter: TableFilter) -> TenantPage:
    """The rows that the filter selects. The cursor is the last row's sort key, so changes between pages do no harm.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    descending = table_filter.sort.startswith("-")
    sort_key = SORT_KEYS[table_filter.sort.removeprefix("-")]
    selected = (row for row in rows if _is_selected(row, table_filter))
    ordered = sorted(((sort_key(row), row.tenant_id, row) for row in selected), reverse=descending)
    total = len(ordered)
    if table_filter.cursor:
        last = read_cursor(table_filter.cursor, tuple[str, str])
        ordered = [it for it in ordered if ((it[:2] < last) if descending else (it[:2] > last))]
    page = ordered[: table_filter.limit]
    has_more = len(ordered) > len(page)
    next_cursor = write_cursor(page[-1][:2]) if has_more else None
    return TenantPage(items=[row for _, _, row in page], next_cursor=next_cursor, total=total)


def _is_selected(row: TenantRow, table_filter: TableFilter) -> bool:
    text = table_filter.text.casefold()
    searched = (
        row.name,
        row.tenant_id,
        row.default_domain or "",
        row.syncro_tenant.name if row.syncro_tenant else "",
    )
    auth = row.csp_auth.label if isinstance(row.csp_auth, StatusView) else ""
    return (
        (not text or any(text in words.casefold() for words in searched))
        and (not table_filter.status or table_filter.status.casefold() in map(str.casefold, labels_of(row)))
        and table_filter.sync_status in {"", row.sync_status.label}
        and table_filter.csp_auth in {"", auth}
        and (not table_filter.attention or NEEDS[table_filter.attention](row))
        and (not table_filter.csp or table_filter.csp.casefold() in {row.csp_name.casefold(), row.integration_id})
        and (table_filter.mapped is None or (row.syncro_tenant is not None) == table_filter.mapped)
    )
