"""Everything the page shows at once: the menu, removals under way, CSPs, and a page of the table."""

from collections.abc import Sequence

import msgspec

from integrations.views.menu import ActionView, actions, integrate_menu
from integrations.views.removal.listing import EndedRemovals
from integrations.views.status import StatusView
from integrations.views.table.attention import Attention, attention
from integrations.views.table.csp_row import CspRow
from integrations.views.table.removal_row import RemovalRow
from integrations.views.table.tenant_page import (
    CSP_AUTHS,
    SORT_KEYS,
    SYNC_STATUSES,
    TableFilter,
    TenantPage,
    tenant_page,
)
from integrations.views.table.tenant_row import TenantRow, is_overdue, labels_of


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows can be filtered by.

    Attributes:
        statuses: Every label that some row has at present, and Overdue if a check is.
        sync_statuses: Every Sync Status that a tenant can have.
        csp_auths: Every CSP Auth that a CSP's customer can have.
    """

    statuses: list[str]
    sync_statuses: tuple[str, ...] = SYNC_STATUSES
    csp_auths: tuple[str, ...] = CSP_AUTHS


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows at once.

    ``plan`` is set while our own service fails to apply the account's plan; ``overdue`` counts the tenants, CSPs and
    removals whose next check should have come long ago, on all pages together.

    Attributes:
        plan: Set while our own service fails to apply the account's plan.
        overdue: How many tenants, CSPs and removals were not checked when expected, on all pages together.
        integrate_menu: The entries of the menu Integrate.
        filters: What the rows can be filtered by.
        attention: How many tenants need somebody's attention, and why: on all pages, and whatever else is filtered by.
        sorts: The columns by which rows can be sorted.
        removals: Removals under way.
        removed: The removals that have ended.
        csps: Every CSP of the account.
        tenants: One page of the table.
    """

    plan: StatusView | None
    overdue: int
    integrate_menu: list[ActionView]
    filters: Filters
    attention: Attention
    sorts: list[str]
    removals: list[RemovalRow]
    removed: EndedRemovals
    csps: list[CspRow]
    tenants: TenantPage


def overview(
    removals: list[RemovalRow],
    removed: EndedRemovals,
    csps: list[CspRow],
    rows: Sequence[TenantRow],
    table_filter: TableFilter,
    *,
    has_integrations: bool,
    plan: StatusView | None = None,
) -> Overview:
    """The page's data; ``rows`` are all tenants of the table, of which one page is shown."""
    return Overview(
        plan=plan,
        overdue=sum(map(is_overdue, rows))
        + sum(it.sync_status.overdue_since is not None for it in csps)
        + sum(it.overdue_since is not None for it in removals),
        integrate_menu=actions(integrate_menu(has_integrations=has_integrations)),
        filters=Filters(statuses=sorted({label for row in rows for label in labels_of(row)})),
        attention=attention(rows),
        sorts=list(SORT_KEYS),
        removals=removals,
        removed=removed,
        csps=csps,
        tenants=tenant_page(rows, table_filter),
    )
