"""The page's data: rows, statuses in words and colours, menus. Values in, what the API answers out."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.ids import SyncroTenantId
from integrations.domain.integrations import Running, SyncroTenant, Tenant
from integrations.domain.jobs.given_up import DETAILS, OUR_FAILURE, REMEDY, GivenUp
from integrations.domain.statuses import COLOUR_OF, EXPLANATIONS, SyncLabel
from integrations.domain.sync.schedule import overdue_since
from integrations.domain.sync_status import SyncStatus
from integrations.views.menu import INTEGRATE_MENU, Action, tenant_menu
from shared.errors import Invalid, Problem

NOT_FOR_SINGLES = "-"
OVERDUE = "Overdue"  # what can be filtered by besides the labels of statuses


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """A status with everything needed to understand it and act on it.

    ``stale``: it is the last known one, ``as_of`` when it was read. ``overdue_since`` is there when the next check
    should have come long ago.
    """

    label: str
    colour: str
    reason: str
    cause: str
    detail: str
    remedy: str
    evidence: dict[str, str]
    since: datetime
    next_check_at: datetime | None
    stalled: bool
    stale: bool = False
    as_of: datetime | None = None
    overdue_since: datetime | None = None


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    action: str
    label: str


class SyncroTenantView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    href: str


class TenantRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table."""

    tenant_id: str
    name: str
    default_domain: str | None
    integration_id: str
    kind: str
    syncro_tenant: SyncroTenantView | None
    sync_status: StatusView
    last_sync_at: datetime | None
    last_attempt_at: datetime | None
    csp_name: str
    csp_auth: StatusView | str
    actions: list[ActionView]


class CspColumns(NamedTuple):
    """What the last two columns say of a CSP's customer."""

    name: str
    auth: StatusView


class CspRow(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a CSP tenant above the table."""

    id: str
    tenant_id: str
    name: str
    kind_label: str
    tenant_count: int
    tenant_count_label: str
    ignored_count: int
    last_synced_at: datetime | None
    sync_status: StatusView
    actions: list[ActionView]


class TenantPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[TenantRow]
    next_cursor: str | None


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What can be filtered by at present: labels of Sync Status and CSP Auth that some row has, and Overdue."""

    statuses: list[str]


class RemovalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A removal under way, told above the table until the integration is gone.

    ``given_up`` is there while our own service fails to carry it on.
    """

    id: str
    name: str
    kind: str
    requested_at: datetime
    given_up: StatusView | None
    overdue_since: datetime | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows at once.

    ``plan`` is there while our own service fails to apply the account's plan; ``overdue`` counts tenants, CSPs and
    removals whose next check should have come long ago, on whichever page they are.
    """

    plan: StatusView | None
    overdue: int
    integrate_menu: list[ActionView]
    filters: Filters
    sorts: list[str]
    removals: list[RemovalRow]
    csps: list[CspRow]
    tenants: TenantPage


class TableFilter(NamedTuple):
    """Which rows a caller asked for."""

    text: str = ""
    status: str = ""
    csp: str = ""
    mapped: bool | None = None
    ignored: bool = False
    sort: str = "name"
    limit: int = 100
    cursor: str = ""


class Naming(NamedTuple):
    """The words and addresses that settings decide."""

    product: str
    portal_url: str


class Moment(NamedTuple):
    """When something is read, and the period by which a check is called overdue."""

    now: datetime
    period: timedelta

    def overdue_since(self, next_at: datetime | None, running: Running | None = None) -> datetime | None:
        return to_second(overdue_since(next_at, self.now, self.period, busy_until=running.until if running else None))


_SORTS: dict[str, Callable[[TenantRow], str]] = {
    "name": lambda row: row.name.casefold(),
    "last_sync_at": lambda row: row.last_sync_at.isoformat() if row.last_sync_at else "",
    "status": lambda row: row.sync_status.label,
    "syncro_tenant": lambda row: row.syncro_tenant.name.casefold() if row.syncro_tenant else "",
    "csp_name": lambda row: row.csp_name.casefold(),
    "csp_auth": lambda row: row.csp_auth.label if isinstance(row.csp_auth, StatusView) else "",
}
SORTS = tuple(_SORTS) + tuple(f"-{name}" for name in _SORTS)


def overview(
    removals: list[RemovalRow],
    csps: list[CspRow],
    rows: Sequence[TenantRow],
    wanted: TableFilter,
    plan: StatusView | None = None,
) -> Overview:
    return Overview(
        plan=plan,
        overdue=sum(map(_is_overdue, rows))
        + sum(it.sync_status.overdue_since is not None for it in csps)
        + sum(it.overdue_since is not None for it in removals),
        integrate_menu=actions(INTEGRATE_MENU),
        filters=Filters(statuses=sorted({label for row in rows for label in _labels(row)})),
        sorts=list(_SORTS),
        removals=removals,
        csps=csps,
        tenants=_page(rows, wanted),
    )


def _labels(row: TenantRow) -> list[str]:
    """Every status of a row, in words."""
    auth = [row.csp_auth.label] if isinstance(row.csp_auth, StatusView) else []
    return [row.sync_status.label, *auth, *([OVERDUE] if _is_overdue(row) else [])]


def _is_overdue(row: TenantRow) -> bool:
    statuses = [row.sync_status, row.csp_auth]
    return any(isinstance(it, StatusView) and it.overdue_since is not None for it in statuses)


def tenant_row(
    tenant: Tenant,
    names: Mapping[SyncroTenantId, SyncroTenant],
    naming: Naming,
    moment: Moment,
    csp: CspColumns | None = None,
) -> TenantRow:
    mapping = tenant.mapping
    known = names.get(mapping.syncro_tenant_id) if mapping else None
    menu = tenant_menu(tenant.kind, is_mapped=mapping is not None, product=naming.product)
    return TenantRow(
        tenant_id=tenant.tenant_id,
        name=tenant.name,
        default_domain=tenant.default_domain,
        integration_id=tenant.integration_id,
        kind=tenant.kind.value,
        syncro_tenant=SyncroTenantView(
            id=known.id, name=known.name, href=f"{naming.portal_url}/#tenant={tenant.tenant_id}"
        )
        if known
        else None,
        sync_status=status_view(tenant.status, moment, tenant.running),
        last_sync_at=to_second(tenant.status.last_sync_at),
        last_attempt_at=to_second(tenant.status.last_attempt_at),
        csp_name=csp.name if csp else NOT_FOR_SINGLES,
        csp_auth=csp.auth if csp else NOT_FOR_SINGLES,
        actions=actions(menu),
    )


def status_view(status: SyncStatus, moment: Moment, running: Running | None = None) -> StatusView:
    said = EXPLANATIONS[status.cause]
    return StatusView(
        label=said.label.value,
        colour=COLOUR_OF[said.label],
        reason=said.reason,
        cause=status.cause.value,
        detail=said.detail,
        remedy=said.remedy,
        evidence=status.evidence,
        since=status.since.replace(microsecond=0),
        next_check_at=to_second(status.next_check_at),
        stalled=status.is_stalled(moment.now),
        overdue_since=moment.overdue_since(status.next_check_at, running),
    )


def given_up_view(mark: GivenUp | None, moment: Moment) -> StatusView | None:
    """What is told of a job of ours that was given up."""
    if mark is None:
        return None
    return StatusView(
        label=SyncLabel.ERROR.value,
        colour=COLOUR_OF[SyncLabel.ERROR],
        reason=OUR_FAILURE,
        cause=OUR_FAILURE,
        detail=DETAILS[mark.job],
        remedy=REMEDY,
        evidence=mark.evidence(),
        since=mark.since.replace(microsecond=0),
        next_check_at=to_second(mark.next_at),
        stalled=False,
        overdue_since=moment.overdue_since(mark.next_at),
    )


def actions(menu: Sequence[tuple[Action, str]]) -> list[ActionView]:
    return [ActionView(action=action.value, label=label) for action, label in menu]


def _page(rows: Iterable[TenantRow], wanted: TableFilter) -> TenantPage:
    """Filter, sort and cut. The cursor is the place of the last row, so that changes between pages do no harm."""
    descending = wanted.sort.startswith("-")
    by = _SORTS[wanted.sort.removeprefix("-")]
    placed = sorted(((by(row), row.tenant_id, row) for row in rows if _is_wanted(row, wanted)), reverse=descending)
    if wanted.cursor:
        last = _read_cursor(wanted.cursor)
        placed = [it for it in placed if ((it[:2] < last) if descending else (it[:2] > last))]
    cut = placed[: wanted.limit]
    more = len(placed) > len(cut)
    return TenantPage(items=[it[2] for it in cut], next_cursor=_write_cursor(cut[-1][:2]) if more else None)


def _is_wanted(row: TenantRow, wanted: TableFilter) -> bool:
    text = wanted.text.casefold()
    heard = (
        row.name,
        row.tenant_id,
        row.default_domain or "",
        row.syncro_tenant.name if row.syncro_tenant else "",
    )
    return (
        (not text or any(text in words.casefold() for words in heard))
        and (not wanted.status or wanted.status.casefold() in map(str.casefold, _labels(row)))
        and (not wanted.csp or wanted.csp.casefold() in {row.csp_name.casefold(), row.integration_id})
        and (wanted.mapped is None or (row.syncro_tenant is not None) == wanted.mapped)
    )


def _write_cursor(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, str]:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=tuple[str, str])
    except (ValueError, msgspec.MsgspecError) as error:
        raise Invalid(
            "The cursor is invalid.",
            problems=[Problem("/cursor", "send next_cursor of the previous page, unchanged")],
        ) from error


def to_second(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment else None
