"""Which tenants need somebody's attention, and why: counted above the table, and what it can be filtered by."""

from collections.abc import Callable, Iterable

import msgspec

from integrations.domain.csp.customers import TO_FIX
from integrations.domain.statuses import SyncLabel
from integrations.views.status import StatusView
from integrations.views.table.tenant_row import TenantRow, is_overdue

_TO_FIX = frozenset(it.value for it in TO_FIX)


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """How many tenants need somebody's attention, and why. One tenant can have several reasons.

    Attributes:
        not_mapped: How many are not mapped to an Organization.
        auth_error: How many have the Sync Status Auth Error.
        csp_auth: How many have a CSP Auth that does not work until somebody fixes it.
        expiring: How many are about to lose a required role within 30 days.
        stalled: How many have been waiting for Microsoft for longer than usual.
        overdue: How many were not checked when expected.
    """

    not_mapped: int
    auth_error: int
    csp_auth: int
    expiring: int
    stalled: int
    overdue: int


NEEDS: dict[str, Callable[[TenantRow], bool]] = {
    "not_mapped": lambda row: row.syncro_tenant is None,
    "auth_error": lambda row: row.sync_status.label == SyncLabel.AUTH_ERROR.value,
    "csp_auth": lambda row: isinstance(row.csp_auth, StatusView) and row.csp_auth.label in _TO_FIX,
    "expiring": lambda row: any(it.ends_at is not None for it in _statuses(row)),
    "stalled": lambda row: any(it.stalled for it in _statuses(row)),
    "overdue": is_overdue,
}


def attention(rows: Iterable[TenantRow]) -> Attention:
    """The counts of the tenants that need attention."""
    rows = list(rows)
    return Attention(**{name: sum(map(needs, rows)) for name, needs in NEEDS.items()})


def _statuses(row: TenantRow) -> list[StatusView]:
    return [it for it in (row.sync_status, row.csp_auth) if isinstance(it, StatusView)]
