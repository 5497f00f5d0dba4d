"""The row of a tenant in the table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec

from integrations.domain.ids import IntegrationId, SyncroTenantId, TenantId
from integrations.domain.integrations import Kind, SyncroTenant, Tenant
from integrations.views.menu import ActionView, actions, tenant_menu
from integrations.views.status import ReadTime, StatusView, status_view, to_second
from integrations.views.user_sync.chip import UserSyncChipView
from shared.http.schemas import one_of

NOT_FOR_SINGLES = "-"
OVERDUE = "Overdue"  # what can be filtered by besides the labels of statuses


class SyncroTenantView(msgspec.Struct, frozen=True, kw_only=True):
    """The Syncro Tenant that a tenant is mapped to; ``href`` opens it in the portal.

    Attributes:
        id: The Syncro Tenant.
        name: Its name, which is that of the Organization it was created with.
        href: Where the portal shows it.
    """

    id: SyncroTenantId
    name: str
    href: str


class TenantRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    Attributes:
        tenant_id: The tenant at Microsoft.
        name: The tenant's name at Microsoft, read with every sync.
        default_domain: Its default domain at Microsoft. Null until it has been read.
        integration_id: The integration through which it is reached.
        kind: Whether it was integrated on its own or is a CSP's customer.
        syncro_tenant: What it is mapped to. Null while it is not mapped.
        sync_status: How its connection and its last sync are.
        last_sync_at: When a sync last succeeded. Null before the first time.
        last_attempt_at: When a sync last ended, however it did. Null before the first time.
        csp_name: The name of its CSP, or "-" for a single tenant.
        csp_auth: Its CSP Auth, or "-" for a single tenant.
        actions: The entries of the row's menu.
        user_sync: What to know of its user sync: that it is held or fails, or how many questions there are. Null if
            there is nothing.
    """

    tenant_id: TenantId
    name: str
    default_domain: str | None
    integration_id: IntegrationId
    kind: Annotated[str, one_of(Kind)]
    syncro_tenant: SyncroTenantView | None
    sync_status: StatusView
    last_sync_at: datetime | None
    last_attempt_at: datetime | None
    csp_name: str
    csp_auth: StatusView | str
    actions: list[ActionView]
    user_sync: UserSyncChipView | None


class CspColumns(NamedTuple):
    """The columns CSP Name and CSP Auth of a CSP's customer."""

    name: str
    auth: StatusView


class PortalNames(NamedTuple):
    """The product's name and the portal's address, as the settings have them."""

    product: str
    url: str


def tenant_row(
    tenant: Tenant,
    syncro_tenants: Mapping[SyncroTenantId, SyncroTenant],
    portal: PortalNames,
    read_time: ReadTime,
    csp: CspColumns | None = None,
    *,
    user_sync: UserSyncChipView | None = None,
) -> TenantRow:
    """The row of a tenant; ``csp`` is None for a single tenant."""
    menu = tenant_menu(tenant.kind, is_mapped=tenant.mapping is not None, product=portal.product)
    return TenantRow(
        tenant_id=tenant.tenant_id,
        name=tenant.name,
        default_domain=tenant.default_domain,
        integration_id=tenant.integration_id,
        kind=tenant.kind.value,
        syncro_tenant=_syncro_tenant(tenant, syncro_tenants, portal),
        sync_status=status_view(tenant.status, read_time, tenant.running, is_customer=tenant.csp is not None),
        last_sync_at=to_second(tenant.status.last_sync_at),
        last_attempt_at=to_second(tenant.status.last_attempt_at),
        csp_name=csp.name if csp else NOT_FOR_SINGLES,
        csp_auth=csp.auth if csp else NOT_FOR_SINGLES,
        actions=actions(menu),
        user_sync=user_sync,
    )


def labels_of(row: TenantRow) -> list[str]:
    """Every status label of a row, and Overdue if a check is."""
    auth = [row.csp_auth.label] if isinstance(row.csp_auth, StatusView) else []
    return [row.sync_status.label, *auth, *([OVERDUE] if is_overdue(row) else [])]


def is_overdue(row: TenantRow) -> bool:
    """Whether a check of the tenant should have come long ago."""
    statuses = [row.sync_status, row.csp_auth]
    return any(isinstance(it, StatusView) and it.overdue_since is not None for it in statuses)


def _syncro_tenant(
    tenant: Tenant, syncro_tenants: Mapping[SyncroTenantId, SyncroTenant], portal: PortalNames
) -> SyncroTenantView | None:
    mapped_to = syncro_tenants.get(tenant.mapping.syncro_tenant_id) if tenant.mapping else None
    if mapped_to is None:
        return None
    return SyncroTenantView(id=mapped_to.id, name=mapped_to.name, href=f"{portal.url}/#tenant={tenant.tenant_id}")
