"""Organizations, the MSP's clients. Creating one creates its Syncro Tenant as well, unless one is given."""

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.lookup import find_organization
from integrations.actions.people.work import close_people
from integrations.domain.ids import OrganizationId, SyncroTenantId, new_id
from integrations.domain.integrations import Organization, SyncroTenant
from integrations.domain.text import clean, is_domain_name
from integrations.services import Services
from integrations.storage.control import Control
from integrations.storage.documents import Stored
from shared.errors import Conflict, Invalid, NotFound, Problem
from shared.storage.tables import Write

MOST_DOMAINS = 100
_MOST_LISTED = 500  # ids that fit in the row of a Syncro Tenant


def create_organization(
    services: Services, actor: Actor, name: str, domains: list[str], syncro_tenant: SyncroTenantId | None
) -> Organization:
    """Create an Organization; without a given Syncro Tenant, one of the same name is created with it.

    Raises:
        NotFound: there is no such Syncro Tenant.
        Invalid: the name is empty, or a domain is none.
    """
    name, domains = _checked(name, domains)
    account, now = Account(services, actor.account_id), services.clock()
    control, organization_id = account.control, OrganizationId(new_id("org"))

    def attempt() -> Organization:
        if syncro_tenant is None:
            created = SyncroTenant(
                id=SyncroTenantId(new_id("st")), name=name, created_at=now, organization_ids=[organization_id]
            )
            under, write = created.id, control.syncro_tenants.added(created)
        else:
            under, write = syncro_tenant, _with(control, _find(control, syncro_tenant), organization_id)
        organization = Organization(
            id=organization_id, name=name, domains=domains, syncro_tenant_id=under, created_at=now
        )
        with account.change(actor, "created organization", {"organization_id": organization.id}) as change:
            change.write(control.organizations.added(organization), write)
        return organization

    return retry_on_conflict(attempt)


def change_organization(
    services: Services,
    actor: Actor,
    organization_id: OrganizationId,
    *,
    name: str,
    domains: list[str],
    syncro_tenant: SyncroTenantId | None,
) -> Organization:
    """Rename an Organization, set its domains, or move it under another Syncro Tenant of the account.

    Raises:
        NotFound: there is no such Organization or Syncro Tenant.
        Conflict: ``organization_mapped``: a mapped one cannot be moved.
        Invalid: the name is empty, or a domain is none.
        VersionConflict: it was changed in the meantime.
    """
    account = Account(services, actor.account_id)
    control = account.control
    stored = find_organization(control, organization_id)
    name, domains = _checked(name, domains)
    source, writes = stored.value.syncro_tenant_id, []
    target = syncro_tenant or source
    if target != source:
        writes.append(_with(control, _find(control, target), organization_id))
        _refuse_mapped(control, organization_id)
        if former := control.syncro_tenants.find(source):
            writes.append(_without(control, former, organization_id))
    changed = msgspec.structs.replace(stored.value, name=name, domains=domains, syncro_tenant_id=target)
    with account.change(actor, "changed organization", {"organization_id": organization_id}) as change:
        change.write(control.organizations.saved(stored.now(changed)), *writes)
    return changed


def delete_organization(services: Services, actor: Actor, organization_id: OrganizationId) -> None:
    """Delete an Organization, and its Syncro Tenant if no other Organization is under it.

    Raises:
        NotFound: there is no such Organization.
        Conflict: ``organization_mapped``, ``organization_has_end_users``, or ``organization_has_assets``.
        VersionConflict: it was changed in the meantime.
    """
    account = Account(services, actor.account_id)
    control = account.control
    stored = find_organization(control, organization_id)
    _refuse_mapped(control, organization_id)
    writes = [control.organizations.removed(stored)]
    others = [it.value for it in control.organizations.list() if it.value.id != organization_id]
    syncro_tenant = control.syncro_tenants.find(stored.value.syncro_tenant_id)
    if syncro_tenant:
        is_last = all(it.syncro_tenant_id != syncro_tenant.value.id for it in others)
        left = _without(control, syncro_tenant, organization_id)
        writes.append(control.syncro_tenants.removed(syncro_tenant) if is_last else left)
    close_people(account, organization_id)
    with account.change(actor, "deleted organization", {"organization_id": organization_id}) as change:
        change.write(*writes)


def others_of_name(control: Control, name: str, but: OrganizationId | None = None) -> list[Organization]:
    """Organizations of the account with this name, in upper or lower case, ``but`` one."""
    wanted, known = clean(name).casefold(), [stored.value for stored in control.organizations.list()]
    return [it for it in known if it.id != but and it.name.casefold() == wanted]


def _find(control: Control, syncro_tenant: SyncroTenantId) -> Stored[SyncroTenant]:
    stored = control.syncro_tenants.find(syncro_tenant)
    if stored is None:
        raise NotFound("There is no such Syncro Tenant in your account.")
    return stored


def _with(control: Control, stored: Stored[SyncroTenant], organization_id: OrganizationId) -> Write:
    """The write that lists one more Organization under a Syncro Tenant; too many are not listed at all."""
    listed = stored.value.organization_ids
    ids = None if listed is None or len(listed) >= _MOST_LISTED else sorted({*listed, organization_id})
    return control.syncro_tenants.saved(stored.now(msgspec.structs.replace(stored.value, organization_ids=ids)))


def _without(control: Control, stored: Stored[SyncroTenant], organization_id: OrganizationId) -> Write:
    listed = stored.value.organization_ids
    ids = None if listed is None else [it for it in listed if it != organization_id]
    return control.syncro_tenants.saved(stored.now(msgspec.structs.replace(stored.value, organization_ids=ids)))


def _refuse_mapped(control: Control, organization_id: OrganizationId) -> None:
    for stored in control.tenants.list():
        mapping = stored.value.mapping
        if mapping and mapping.organization_id == organization_id:
            raise Conflict(
                f"The Microsoft tenant {stored.value.name!r} is mapped to this Organization.",
                code="organization_mapped",
                remedy="Unmap that tenant first.",
            )


def _checked(name: str, domains: list[str]) -> tuple[str, list[str]]:
    """The name and the domains as they are stored.

    Raises:
        Invalid: ``problems`` name everything that is wrong with them.
    """
    cleaned, names = clean(name), [clean(domain).lower() for domain in domains]
    problems = [] if cleaned else [Problem("/name", "give it 1 to 256 visible characters")]
    problems += [
        Problem(f"/domains/{place}", "a domain name, such as contoso.example; others than ASCII as xn--...")
        for place, domain in enumerate(names)
        if domain and not is_domain_name(domain)
    ]
    if problems:
        raise Invalid("The Organization is not valid.", problems=problems)
    return cleaned, sorted(set(names) - {""})
