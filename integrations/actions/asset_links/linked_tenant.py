"""A mapped tenant whose devices are linked with assets: its Organizations, and what is stored of its asset links."""

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.lookup import mapped_tenant
from integrations.actions.user_sync.synced_tenant import SyncedTenant
from integrations.domain.assets.stored.state import AssetLinksHead
from integrations.domain.ids import OrganizationId
from integrations.domain.insights.summary import AssetsSummary
from integrations.domain.integrations import Mapping, Tenant
from integrations.storage.asset_links import AssetLinkStore


class LinkedTenant:
    """One mapped tenant of an account; ``synced`` is the same tenant for its user sync."""

    def __init__(self, account: Account, tenant: Tenant, mapping: Mapping) -> None:
        self.account = account
        self.tenant = tenant
        self.mapping = mapping
        self.id = tenant.tenant_id
        self.synced = SyncedTenant(account, tenant, mapping)
        self.store = AssetLinkStore(account.services.tables, account.id, tenant.tenant_id)

    def head(self) -> AssetLinksHead:
        stored = self.store.find_head()
        return stored.value if stored else AssetLinksHead()

    @property
    def is_in_use(self) -> bool:
        """Whether links are in use: they belong to the present mapping."""
        return self.head().is_in_use(self.tenant.epoch)

    def show_counts(self, head: AssetLinksHead) -> None:
        """Bring the tenant's summary in line with the head.

        Raises:
            VersionConflict: the summary kept changing.
        """
        shown = AssetsSummary(counts=head.counts, as_of=head.linked_at, is_failing=head.failure is not None)
        summaries = self.account.control.summaries

        def attempt() -> None:
            stored = summaries.find(self.id)
            if stored is None or stored.value.epoch != self.tenant.epoch or stored.value.assets == shown:
                return
            with self.account.change() as change:
                change.write(summaries.saved(stored.now(msgspec.structs.replace(stored.value, assets=shown))))

        retry_on_conflict(attempt)


def linked_tenant_of(account: Account, organization_id: OrganizationId) -> LinkedTenant | None:
    """The tenant with whose devices an Organization's assets are linked; None if there is none."""
    tenant = mapped_tenant(account.control, organization_id)
    return LinkedTenant(account, tenant, tenant.mapping) if tenant and tenant.mapping else None
