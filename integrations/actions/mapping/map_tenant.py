"""Map and unmap: one transaction each, with both reservations that keep the mapping 1:1."""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.csp.child_tenants import held_back_by, held_back_status
from integrations.actions.evaluate.evaluate_tenant import daily_evaluation
from integrations.actions.lookup import find_organization, find_tenant
from integrations.actions.mapping.purge import plan_purge
from integrations.actions.sync.sync_now import sync_order
from integrations.domain.ids import OrganizationId, TenantId, UserId
from integrations.domain.insights.summary import TenantSummary
from integrations.domain.integrations import Mapping, Organization, Tenant, reservations
from integrations.domain.retention import UNMAPPED_DATA
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import UNMAPPED_EVERY
from integrations.domain.sync_status import SyncStatus, move, wait_in_queue
from integrations.services import Services
from integrations.storage.control import Control, VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.errors import Conflict


def map_tenant(services: Services, actor: Actor, tenant_id: TenantId, organization_id: OrganizationId) -> Mapping:
    """Map a tenant to an Organization's Syncro Tenant, and order its first sync; its status says if that must wait.

    Raises:
        NotFound: the tenant or the Organization is not in the account.
        Conflict: ``already_mapped`` or ``organization_taken``, with the name of what it is mapped to.
        VersionConflict: the tenant or the Organization was changed in the meantime.
    """
    account = Account(services, actor.account_id)
    control = account.control
    stored = find_tenant(control, tenant_id)
    stored_organization = find_organization(control, organization_id)
    organization = stored_organization.value
    if stored.value.mapping is not None:
        raise _already_mapped(control, stored.value)
    now = services.clock()
    mapping = Mapping(
        organization_id=organization.id,
        syncro_tenant_id=organization.syncro_tenant_id,
        mapped_at=now,
        mapped_by=UserId(actor.name),
    )
    mapped = msgspec.structs.replace(
        stored.value,
        mapping=mapping,
        epoch=stored.value.epoch + 1,
        status=_first_status(services, control, stored.value),
        running=None,
        not_before=None,
    )
    subject = {"tenant_id": tenant_id, "organization_id": organization_id}
    try:
        with account.change(actor, "mapped tenant", subject) as change:
            change.due(Work.SYNC, tenant_id, now)
            change.due(Work.EVALUATE, tenant_id, daily_evaluation(services, tenant_id))
            change.write(
                control.tenants.saved(stored.now(mapped)),
                control.organizations.saved(stored_organization),  # unchanged: the write guards its version
                *(control.reservations.added(it) for it in reservations(tenant_id, mapping)),
                control.summaries.put(_first_summary(mapped, organization)),
            )
            change.send(sync_order(actor.account_id, mapped, "mapped", now))
    except VersionConflict:
        raise _conflict(control, tenant_id, organization) from None
    return mapping


def unmap_tenant(services: Services, actor: Actor, tenant_id: TenantId) -> None:
    """Unmap a tenant: syncing stops, and its synced data can no longer be read; it is deleted after 30 days.

    Unmapping a tenant that is not mapped changes nothing.

    Raises:
        NotFound: there is no such tenant.
        VersionConflict: the tenant was changed in the meantime.
    """
    account = Account(services, actor.account_id)
    control = account.control
    stored = find_tenant(control, tenant_id)
    tenant = stored.value
    if tenant.mapping is None:
        return
    now = services.clock()
    # An auth error stays; any other status goes back to "only the name was read".
    status = (
        tenant.status
        if tenant.status.is_auth_error
        else move(tenant.status, SyncCause.NAME_READ, now, next_check_at=now + UNMAPPED_EVERY)
    )
    unmapped = msgspec.structs.replace(
        tenant,
        mapping=None,
        epoch=tenant.epoch + 1,
        running=None,
        not_before=None,
        status=msgspec.structs.replace(status, last_sync_at=tenant.status.last_sync_at),
    )
    summary, chip = control.summaries.find(tenant_id), control.user_sync_chips.find(tenant_id)
    reserved = [control.reservations.find(it.key) for it in reservations(tenant_id, tenant.mapping)]
    subject = {"tenant_id": tenant_id, "organization_id": tenant.mapping.organization_id}
    with account.change(actor, "unmapped tenant", subject) as change:
        plan_purge(change, tenant_id, tenant.epoch, UNMAPPED_DATA)
        # Not before the rows: otherwise, if this process dies in between, a mapped tenant is not synced for a day.
        change.postpone(Work.SYNC, tenant_id, now + UNMAPPED_EVERY)
        change.write(
            control.tenants.saved(stored.now(unmapped)),
            *(control.reservations.removed(it) for it in reserved if it),
            *([control.summaries.dropped(tenant_id)] if summary else []),
            *([control.user_sync_chips.dropped(tenant_id)] if chip else []),
        )
    services.data(actor.account_id, tenant_id, tenant.epoch).close()


def _conflict(control: Control, tenant_id: TenantId, organization: Organization) -> Conflict:
    """The error after a version conflict, by what is stored now."""
    stored: Stored[Tenant] = find_tenant(control, tenant_id)
    if stored.value.mapping is not None:
        return _already_mapped(control, stored.value)
    reservation = control.reservations.find(f"syncro_tenant:{organization.syncro_tenant_id}")
    if reservation is None:
        return VersionConflict()
    holder = control.tenants.find(reservation.value.tenant_id)
    name = holder.value.name if holder else reservation.value.tenant_id
    return Conflict(
        f"{organization.name!r} is already mapped to the Microsoft tenant {name!r}.",
        code="organization_taken",
        remedy=f"Unmap {name!r} first, or choose another Organization.",
    )


def _already_mapped(control: Control, tenant: Tenant) -> Conflict:
    organization = tenant.mapping and control.organizations.find(tenant.mapping.organization_id)
    name = organization.value.name if organization else "an Organization"
    return Conflict(
        f"{tenant.name!r} is already mapped to {name!r}.",
        code="already_mapped",
        remedy="Unmap the tenant first, then map it again.",
    )


def _first_summary(tenant: Tenant, organization: Organization) -> TenantSummary:
    """The summary of a tenant that was just mapped: nothing is known yet."""
    return TenantSummary(
        tenant_id=tenant.tenant_id,
        epoch=tenant.epoch,
        name=tenant.name,
        default_domain=tenant.default_domain,
        organization_id=organization.id,
        organization_name=organization.name,
    )


def _first_status(services: Services, control: Control, tenant: Tenant) -> SyncStatus:
    """The status of a tenant that was just mapped: its first sync is queued, or has to wait for something."""
    now, held_by = services.clock(), held_back_by(control, tenant)
    if held_by is None:
        return wait_in_queue(tenant.status, now)
    return held_back_status(tenant.status, held_by, now, now + timedelta(seconds=services.settings.sync_period_s))
