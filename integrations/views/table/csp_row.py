"""The row of a CSP above the table."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from integrations.domain.csp.customers import children
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import Integration, Tenant
from integrations.views.menu import CSP_MENU, ActionView, actions
from integrations.views.status import ReadTime, StatusView, status_view, to_second

KIND_LABEL = "Cloud Solution Provider (CSP)"


class CspRow(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a CSP tenant above the table.

    Attributes:
        id: The CSP's integration.
        tenant_id: The CSP's own tenant.
        name: The CSP's name at Microsoft.
        domain: The domain of its service account, which tells CSPs of one name apart.
        kind_label: The kind of integration as the page shows it.
        tenant_count: How many customers the table shows. Ignored ones are not among them.
        tenant_count_label: The same for people. Empty while there are none.
        ignored_count: How many customers are ignored.
        last_synced_at: When the list of customers was last read completely. Null before the first time.
        sync_status: The Sync Status of the CSP itself.
        actions: The entries of the row's menu.
    """

    id: IntegrationId
    tenant_id: TenantId
    name: str
    domain: str
    kind_label: str
    tenant_count: int
    tenant_count_label: str
    ignored_count: int
    last_synced_at: datetime | None
    sync_status: StatusView
    actions: list[ActionView]


def csp_row(integration: Integration, tenants: Sequence[Tenant], read_time: ReadTime) -> CspRow | None:
    """The row of a CSP; None for an integration of another kind."""
    if integration.csp is None:
        return None
    customers = [it.csp for it in children(tenants, integration.id) if it.csp]
    count = sum(1 for it in customers if not it.is_ignored)
    status = integration.csp.status
    return CspRow(
        id=integration.id,
        tenant_id=integration.tenant_id,
        name=integration.name,
        domain=integration.csp.account.rpartition("@")[2],
        kind_label=KIND_LABEL,
        tenant_count=count,
        tenant_count_label=f"with {count} tenant{'' if count == 1 else 's'}" if count else "",
        ignored_count=len(customers) - count,
        last_synced_at=to_second(status.last_sync_at),
        sync_status=status_view(status, read_time, integration.csp.running),
        actions=actions(CSP_MENU),
    )
