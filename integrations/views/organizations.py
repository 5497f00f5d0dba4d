"""Organizations and mappings as the API shows them."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from integrations.domain.ids import OrganizationId, SyncroTenantId, TenantId
from integrations.domain.integrations import Mapping, Organization


class MappingView(msgspec.Struct, kw_only=True):
    """A tenant and the Organization it is mapped to.

    Attributes:
        tenant_id: The tenant that is mapped.
        organization_id: The Organization that it was mapped to.
        syncro_tenant_id: The Syncro Tenant of this Organization.
        mapped_at: When it was mapped.
    """

    tenant_id: TenantId
    organization_id: OrganizationId
    syncro_tenant_id: SyncroTenantId
    mapped_at: datetime


class SavedOrganization(Organization, frozen=True, kw_only=True):
    """An Organization as it was just created or changed.

    Attributes:
        same_name: Other Organizations of the account with this name, in upper or lower case. Two clients may share a
            name; if that was a mistake, delete one.
    """

    same_name: list[OrganizationId]


class OrganizationPage(msgspec.Struct, kw_only=True):
    """A page of Organizations; ``next_cursor`` is None on the last one.

    Attributes:
        items: The Organizations in the order of their ids.
        next_cursor: The cursor of the next page. Null on the last one.
    """

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


def saved_organization(organization: Organization, same_name: Iterable[Organization]) -> SavedOrganization:
    """An Organization with the ids of those that share its name."""
    return SavedOrganization(**msgspec.structs.asdict(organization), same_name=[it.id for it in same_name])
