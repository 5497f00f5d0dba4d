"""Find integrations and tenants by id, of which none is being removed, and Organizations; what removals have left."""

from collections.abc import Iterable

from integrations.domain.ids import IntegrationId, OrganizationId, RemovalId, TenantId
from integrations.domain.integrations import Integration, Organization, Tenant
from integrations.domain.removal import ALL, Removal
from integrations.domain.retry_delays import RETRY_REMOVAL_S
from integrations.storage.control import Control
from integrations.storage.documents import Stored
from integrations.views.removal.receipt import read_receipt
from shared.errors import Conflict, NotFound


def find_integration(control: Control, integration_id: IntegrationId) -> Stored[Integration]:
    """An integration to read.

    Raises:
        NotFound: there is none, or it is being removed.
    """
    stored = control.integrations.find(integration_id)
    if stored is None or stored.value.removal:
        raise NotFound("There is no such integration in your account.")
    return stored


def find_to_change(control: Control, integration_id: IntegrationId) -> Stored[Integration]:
    """An integration to change.

    Raises:
        NotFound: there is none.
        Conflict: ``removing``: it is being removed.
    """
    stored = control.integrations.find(integration_id)
    if stored is not None and stored.value.removal:
        raise removing(f"{stored.value.name!r} is being removed.")
    return find_integration(control, integration_id)


def find_tenant(control: Control, tenant_id: TenantId) -> Stored[Tenant]:
    """A tenant to read or to change.

    Raises:
        NotFound: there is none, or it is being removed.
    """
    stored = control.tenants.find(tenant_id)
    if stored is None or is_leaving(control, stored.value):
        raise NotFound("There is no such Microsoft tenant in your account.")
    return stored


def find_organization(control: Control, organization_id: OrganizationId) -> Stored[Organization]:
    """An Organization of the account.

    Raises:
        NotFound: there is none.
    """
    stored = control.organizations.find(organization_id)
    if stored is None:
        raise NotFound("There is no such Organization in your account.")
    return stored


def mapped_tenant(control: Control, organization_id: OrganizationId) -> Tenant | None:
    """The tenant that the Organization's Syncro Tenant is mapped to; None if none is, or it is being removed."""
    organization = control.organizations.find(organization_id)
    if organization is None:
        return None
    reservation = control.reservations.find(f"syncro_tenant:{organization.value.syncro_tenant_id}")
    stored = control.tenants.find(reservation.value.tenant_id) if reservation else None
    return stored.value if stored and stored.value.mapping and not stored.value.removal else None


def is_leaving(control: Control, tenant: Tenant) -> bool:
    """Whether the tenant, or the CSP it belongs to, is being removed."""
    if tenant.removal or tenant.csp is None:
        return tenant.removal is not None
    integration = control.integrations.find(tenant.integration_id)
    return integration is None or integration.value.removal is not None


def refuse_while_removing_all(control: Control) -> None:
    """Refuse new integrations while all integrations of the account are being removed.

    Raises:
        Conflict: ``removing``.
    """
    if control.remove_all.find(ALL) is not None:
        raise removing("All integrations of your account are being removed.")


def removing(detail: str) -> Conflict:
    """The error for what waits for a removal to end, with Retry-After."""
    return Conflict(
        detail,
        code="removing",
        remedy="Wait until the removal has finished, usually a few minutes, then integrate again.",
        wait_s=RETRY_REMOVAL_S,
    )


def steps_left(control: Control, removals: Iterable[Removal]) -> dict[RemovalId, int]:
    """How many steps are left to do by hand after each removal that has ended and left any.

    The receipt says whether there can be any, so that nothing is read for the others.
    """
    left: dict[RemovalId, int] = {}
    for removal in removals:
        if removal.receipt and read_receipt(removal.receipt).statement.left_over:
            left[removal.id] = sum(it.value.is_to_do for it in control.tenant_removals.list(f"{removal.id}:"))
    return left
