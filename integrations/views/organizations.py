"""Organizations and mappings as the API shows them."""

from datetime import datetime

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.integrations import Mapping, Organization


class MappingView(msgspec.Struct, kw_only=True):
    """A tenant and the Organization it is mapped to."""

    tenant_id: str
    organization_id: str
    syncro_tenant_id: str
    mapped_at: datetime


class OrganizationPage(msgspec.Struct, kw_only=True):
    """A page of Organizations; ``next_cursor`` is None on the last one."""

    items: list[Organization]
    next_cursor: str | None


def mapping_view(tenant_id: TenantId, mapping: Mapping) -> MappingView:
    """The mapping of one tenant."""
    return MappingView(
        tenant_id=tenant_id,
        organization_id=mapping.organization_id,
        syncro_tenant_id=mapping.syncro_tenant_id,
        mapped_at=mapping.mapped_at.replace(microsecond=0),
    )
