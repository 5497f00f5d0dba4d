"""What End Users have to do with a Microsoft tenant: whose users they are, and whether a user sync keeps their fields.

An Organization belongs to the tenant that its Syncro Tenant is mapped to. Links count while the user sync of this
tenant is theirs: not before it runs under a new mapping, and not after the mapping has ended.
"""

from collections.abc import Sequence
from functools import cached_property

import msgspec

from integrations.actions.account import Account
from integrations.actions.lookup import mapped_tenant
from integrations.domain.ids import AccountId, EndUserId, OrganizationId
from integrations.domain.integrations import Tenant
from integrations.domain.people.end_user import EndUser
from integrations.domain.sync.records import User
from integrations.domain.user_sync.stored.state import LinkedEndUser, UserSyncHead
from integrations.services import Services
from integrations.storage.asset_links import AssetLinkStore
from integrations.storage.user_sync import UserSyncStore
from integrations.views.people.end_users import EndUserView, MicrosoftUser, end_user_view

_USERS = "users"


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
        rows = self._account.services.data(self._account.id, tenant.tenant_id, tenant.epoch).state().rows
        users = rows.find(_USERS, [it.object_id for it in links], User)
        return {
            it.end_user_id: [
                MicrosoftUser(
                    tenant_id=tenant.tenant_id,
                    tenant_name=tenant.name,
                    object_id=it.object_id,
                    username=users[it.object_id].username if it.object_id in users else None,
                    is_gone=it.object_id not in users,
                    linked_by=it.linked_by.value,
                    since=it.since,
                )
            ]
            for it in links
        }

    def object_ids_of(self, person: EndUser) -> list[str]:
        """What an erasure remembers of a linked End User: "<tenant id>:<object id>"."""
        if self._store is None or self._tenant is None:
            return []
        stored = self._store.linked_end_users.find(person.id)
        return [f"{self._tenant.tenant_id}:{stored.value.object_id}"] if stored else []

    def forget(self, person: EndUser) -> None:
        """Delete what the user sync keeps of somebody who is erased: the link with Microsoft's values, and questions.

        Plans that name people are deleted as well, and what asset links know of the person.

        Raises:
            VersionConflict: the user sync was changed meanwhile.
        """
        if self._store is None:
            return
        other_way = self._store.linked_end_users.find(person.id)
        object_ids = [other_way.value.object_id] if other_way else []
        if self._tenant is not None:
            links = AssetLinkStore(self._account.services.tables, self._account.id, self._tenant.tenant_id)
            links.forget_person(person.id, object_ids)
        if other_way is not None:
            self._store.forget_user(other_way.value)

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
