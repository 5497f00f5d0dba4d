"""What End Users have to do with a Microsoft tenant: whose users they are, and whether a user sync keeps their fields.

An Organization belongs to the tenant that its Syncro Tenant is mapped to. Links count while the user sync of this
tenant is theirs: not before it runs under a new mapping, and not after the mapping has ended.
"""

from collections.abc import Collection, Sequence
from functools import cached_property

import msgspec

from integrations.actions.account import Account
from integrations.actions.directory import USERS, StoredDirectory
from integrations.actions.lookup import mapped_tenant
from integrations.domain.evaluations.mfa import MFA
from integrations.domain.ids import AccountId, EndUserId, OrganizationId, TenantId
from integrations.domain.integrations import Tenant
from integrations.domain.people.end_user import EndUser
from integrations.domain.security.protection import Protection
from integrations.domain.sync.records import User
from integrations.domain.user_sync.scope.mailbox_kinds import mailbox_of
from integrations.domain.user_sync.stored.state import LinkedEndUser, UserSyncHead
from integrations.services import Services
from integrations.storage.asset_links import AssetLinkStore
from integrations.storage.user_sync import UserSyncStore
from integrations.views.people.end_users import EndUserView, MicrosoftUser, end_user_view


class MicrosoftPeople:
    """The End Users of one Organization as a tenant's users."""

    def __init__(self, account: Account, organization_id: OrganizationId) -> None:
        self._account = account
        self._organization_id = organization_id

    def as_managed(self, person: EndUser) -> EndUser:
        """The End User with the fields that are managed now: none, while no user sync is on."""
        if not person.managed_fields or self._is_managed:
            return person
        return msgspec.structs.replace(person, managed_fields=[])

    def users_of(self, people: Sequence[EndUser]) -> dict[EndUserId, list[MicrosoftUser]]:
        """The users that End Users are, by the End User; people are in the order of their ids."""
        tenant = self._tenant
        links = self._links(people) if people and tenant and self._is_in_use else []
        if not links or tenant is None:
            return {}
        shown = _ShownUsers(self._account, tenant, [it.object_id for it in links])
        return {it.end_user_id: [shown.user_of(it)] for it in links}

    @property
    def tenant_id(self) -> TenantId | None:
        return self._tenant.tenant_id if self._tenant else None

    @cached_property
    def _tenant(self) -> Tenant | None:
        """The tenant that the Organization's Syncro Tenant is mapped to."""
        return mapped_tenant(self._account.control, self._organization_id)

    @cached_property
    def _store(self) -> UserSyncStore | None:
        return self._account.services.user_sync(self._account.id, self._tenant.tenant_id) if self._tenant else None

    @cached_property
    def _head(self) -> UserSyncHead | None:
        stored = self._store.find_head() if self._store else None
        return stored.value if stored else None

    @property
    def _is_in_use(self) -> bool:
        return self._head is not None and self._tenant is not None and self._head.is_in_use(self._tenant.epoch)

    @property
    def _is_managed(self) -> bool:
        return self._is_in_use and self._head is not None and self._head.is_on

    def _links(self, people: Sequence[EndUser]) -> list[LinkedEndUser]:
        """Links of these people, read as one range of ids."""
        if self._store is None:
            return []
        rows, wanted = self._store.linked_end_users, {it.id for it in people}
        first, last = min(wanted), max(wanted)
        known = [rows.find(first)] if len(wanted) == 1 else rows.through(first, last)
        return [it.value for it in known if it and it.value.end_user_id in wanted]


class _MfaVerdict(msgspec.Struct, frozen=True):
    """What is read of a row of the evaluation, of whatever version it is."""

    protection: Protection


class _ShownUsers:
    """Users of one tenant as they are shown beside the End Users that they are."""

    def __init__(self, account: Account, tenant: Tenant, object_ids: Collection[str]) -> None:
        where = account.id, tenant.tenant_id, tenant.epoch
        services = account.services
        stored = services.data(*where).state()
        directory = StoredDirectory(tenant, stored, services.clock())
        is_decided = MFA.name not in services.settings.evaluations_off  # else it is kept up to date no more
        self._tenant = tenant
        self._users = stored.rows.find(USERS, object_ids, User)
        self._mfa = services.derived(*where).state().rows.find(MFA.name, object_ids if is_decided else (), _MfaVerdict)
        self._mailboxes = directory.mailboxes()
        self._products = {it.sku_id: it.name for it in directory.licenses()}

    def user_of(self, link: LinkedEndUser) -> MicrosoftUser:
        user, mfa = self._users.get(link.object_id), self._mfa.get(link.object_id)
        mailbox = mailbox_of(user, self._mailboxes) if user else None
        return MicrosoftUser(
            tenant_id=self._tenant.tenant_id,
            tenant_name=self._tenant.name,
            object_id=link.object_id,
            username=user.username if user else None,
            is_gone=user is None,
            department=user.department if user else None,
            office=user.office if user else None,
            licenses=sorted(self._products.get(it, it) for it in user.license_ids) if user else [],
            mailbox=mailbox.kind.value if mailbox else None,
            mailbox_evidence=mailbox.evidence.value if mailbox else None,
            mfa=mfa.protection.value if mfa and user else None,
            linked_by=link.linked_by.value,
            since=link.since,
        )


def shown_people(services: Services, account_id: AccountId, people: Sequence[EndUser]) -> list[EndUserView]:
    """End Users as the API shows them, in the same order."""
    account = Account(services, account_id)
    views: dict[EndUserId, EndUserView] = {}
    for organization_id in {it.organization_id for it in people}:
        here = MicrosoftPeople(account, organization_id)
        some = [it for it in people if it.organization_id == organization_id]
        users = here.users_of(some)
        views |= {it.id: end_user_view(here.as_managed(it), users.get(it.id, ())) for it in some}
    return [views[it.id] for it in people]


def shown_person(services: Services, account_id: AccountId, person: EndUser) -> EndUserView:
    """One End User as the API shows it."""
    return shown_people(services, account_id, [person])[0]


class LinksOfPerson:
    """What every tenant of the account knows of one End User: also those of Organizations it was moved away from.

    Links that are frozen are among it.
    """

    def __init__(self, account: Account, person: EndUser) -> None:
        self._account, self._end_user_id = account, person.id
        self._present = MicrosoftPeople(account, person.organization_id).tenant_id
        tenant_ids = [it.value.tenant_id for it in account.control.tenants.list()]
        found = ((it, self._store(it).linked_end_users.find(person.id)) for it in tenant_ids)
        self._links = {tenant_id: stored.value for tenant_id, stored in found if stored}

    @property
    def object_ids(self) -> list[str]:
        """What an erasure remembers of a linked End User: "<tenant id>:<object id>"."""
        return [f"{tenant_id}:{it.object_id}" for tenant_id, it in self._links.items()]

    def forget(self) -> None:
        """Delete what is kept of somebody who is erased: links with Microsoft's values, and questions.

        Plans that name people are deleted as well, and what asset links know of the person.

        Raises:
            VersionConflict: a user sync was changed meanwhile.
        """
        for tenant_id in {*self._links, *filter(None, [self._present])}:
            linked = self._links.get(tenant_id)
            assets = AssetLinkStore(self._account.services.tables, self._account.id, tenant_id)
            assets.forget_person(self._end_user_id, [linked.object_id] if linked else [])
            self._store(tenant_id).forget_person(linked)

    def _store(self, tenant_id: TenantId) -> UserSyncStore:
        return self._account.services.user_sync(self._account.id, tenant_id)
