"""What the page and a tenant's details show: reads only, put together from rows."""

from datetime import datetime

import msgspec

from integrations.actions.tenants import find_tenant
from integrations.domain.connections import Integration
from integrations.domain.datasets import Cursor
from integrations.domain.ids import AccountId, IntegrationId, TenantId
from integrations.domain.page import Naming, Overview, TenantRow, Wanted, overview, tenant_row
from integrations.services import Services
from integrations.storage.control import Control
from shared.errors import NotFound


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh one data set is. ``as_of`` is when it was last read completely."""

    dataset: str
    state: str
    as_of: datetime | None
    attempted_at: datetime
    count: int
    error: str


class OrganizationName(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class TenantDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The details page of a tenant."""

    tenant: TenantRow
    user_count: int | None
    organizations: list[OrganizationName]
    datasets: list[DatasetView]


class IntegrationDetails(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str
    name: str
    tenant_id: str
    connected_at: datetime
    last_authorized_at: datetime
    authorized_by: str
    version: int


def read_overview(services: Services, account_id: AccountId, wanted: Wanted) -> Overview:
    control = services.control(account_id)
    names = {it.value.id: it.value for it in control.syncro_tenants.list()}
    now, naming = services.clock(), _naming(services)
    rows = [tenant_row(it.value, names, naming, now) for it in control.tenants.list()]
    return overview(rows, wanted)


def read_tenant(services: Services, account_id: AccountId, tenant_id: TenantId) -> TenantDetails:
    control = services.control(account_id)
    tenant = find_tenant(control, tenant_id).value
    mapping = tenant.mapping
    known = mapping and control.syncro_tenants.find(mapping.syncro_tenant_id)
    names = {known.value.id: known.value} if known else {}
    under = [
        OrganizationName(id=it.value.id, name=it.value.name)
        for it in (control.organizations.list() if mapping else [])
        if mapping and it.value.syncro_tenant_id == mapping.syncro_tenant_id
    ]
    cursors = services.data(account_id, tenant_id, tenant.epoch).cursors(tenant.confirmed) if mapping else {}
    users = cursors.get("users")
    return TenantDetails(
        tenant=tenant_row(tenant, names, _naming(services), services.clock()),
        user_count=users.tallies.get("member", 0) if users and users.complete_at else None,
        organizations=under,
        datasets=[_dataset(cursor) for cursor in cursors.values()],
    )


def read_integration(services: Services, account_id: AccountId, integration_id: IntegrationId) -> IntegrationDetails:
    control: Control = services.control(account_id)
    stored = control.integrations.find(integration_id)
    if stored is None:
        raise NotFound("There is no such integration in your account.")
    it: Integration = stored.value
    return IntegrationDetails(
        id=it.id,
        kind=it.kind.value,
        name=it.name,
        tenant_id=it.tenant_id,
        connected_at=it.created_at.replace(microsecond=0),
        last_authorized_at=it.proof.proven_at.replace(microsecond=0),
        authorized_by=it.proof.object_id,
        version=it.version,
    )


def _dataset(cursor: Cursor) -> DatasetView:
    return DatasetView(
        dataset=cursor.dataset,
        state=cursor.outcome.value,
        as_of=cursor.complete_at.replace(microsecond=0) if cursor.complete_at else None,
        attempted_at=cursor.attempted_at.replace(microsecond=0),
        count=sum(cursor.tallies.values()),
        error=cursor.error,
    )


def _naming(services: Services) -> Naming:
    return Naming(services.settings.product_name, services.settings.portal_url)
