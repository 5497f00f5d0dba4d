"""A mapped tenant whose users are synced: its settings, its Organizations, and what is stored of its user sync."""

from functools import cached_property

import msgspec

from integrations.actions.account import Account
from integrations.actions.lookup import find_tenant
from integrations.domain.ids import AccountId, OrganizationId, TenantId
from integrations.domain.integrations import Mapping, Organization, SyncroTenant, Tenant
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.user_sync.settings import UserSyncSettings
from integrations.domain.user_sync.stored.state import UserSyncHead, UserSyncState, within
from integrations.services import Services
from integrations.storage.documents import Stored
from shared.errors import Conflict

SETTINGS = "settings"  # the name of their text


class SyncedTenant:
    """One mapped tenant of an account."""

    def __init__(
        self, account: Account, tenant: Tenant, mapping: Mapping, syncro_tenant: Stored[SyncroTenant] | None = None
    ) -> None:
        """``syncro_tenant`` is that of the mapping, for whoever has read it."""
        self.account = account
        self.tenant = tenant
        self.mapping = mapping
        self.id = tenant.tenant_id
        self.store = account.services.user_sync(account.id, tenant.tenant_id)
        self._syncro_tenant = syncro_tenant

    @cached_property
    def organizations(self) -> list[Organization]:
        """The Organizations under the tenant's Syncro Tenant; the mapped one first."""
        under = (it.value for it in self.account.control.organizations.list())
        ours = [it for it in under if it.syncro_tenant_id == self.mapping.syncro_tenant_id]
        return sorted(ours, key=lambda it: (it.id != self.mapping.organization_id, it.name.casefold(), it.id))

    @cached_property
    def organization_ids(self) -> list[OrganizationId]:
        """The ids of the same Organizations; the mapped one first."""
        stored = self._syncro_tenant or self.account.control.syncro_tenants.find(self.mapping.syncro_tenant_id)
        listed = stored.value.organization_ids if stored else None
        ids = [it.id for it in self.organizations] if listed is None else listed
        return sorted(ids, key=lambda it: (it != self.mapping.organization_id, it))

    def head(self) -> UserSyncHead:
        stored = self.store.find_head()
        return stored.value if stored else UserSyncHead()

    def settings(self) -> UserSyncSettings:
        """The settings as far as they name Organizations that are still under the tenant's Syncro Tenant."""
        return self.settings_in(self.store.text(SETTINGS))

    def settings_in(self, text: str) -> UserSyncSettings:
        """The same in their text."""
        settings = msgspec.json.decode(text, type=UserSyncSettings) if text else UserSyncSettings()
        return within(settings, set(self.organization_ids))

    def state(self, head: UserSyncHead) -> UserSyncState:
        return head.state_at(self.tenant.epoch, is_paused=self.tenant.paused is not None)

    def is_in_use(self, head: UserSyncHead) -> bool:
        """Whether links are in use: they belong to the present mapping."""
        return head.is_in_use(self.tenant.epoch)

    @property
    def order(self) -> EvaluateOrder:
        """The message that has the tenant's users synced."""
        return EvaluateOrder(account_id=self.account.id, tenant_id=self.id, epoch=self.tenant.epoch)


def find_synced_tenant(services: Services, account_id: AccountId, tenant_id: TenantId) -> SyncedTenant:
    """A tenant of the account.

    Raises:
        NotFound: there is none.
        Conflict: ``not_mapped``.
    """
    account = Account(services, account_id)
    tenant = find_tenant(account.control, tenant_id).value
    if tenant.mapping is None:
        raise Conflict(
            f"{tenant.name!r} is not mapped, so its users are not synced.",
            code="not_mapped",
            remedy="Map the tenant to an Organization first.",
        )
    return SyncedTenant(account, tenant, tenant.mapping)
