"""Delete what is stored of a tenant's asset links; whom an asset belongs to stays.

It ends with the data of its mapping: 30 days after an unmapping or the loss of the plan, unless the tenant was mapped
again meanwhile and its links are in use; and at once when the tenant is removed.
"""

from integrations.actions.account import Account
from integrations.actions.asset_links.linked_tenant import LinkedTenant
from integrations.actions.conflicts import retry_on_conflict
from integrations.domain.ids import TenantId, organization_of
from integrations.storage.asset_links import AssetLinkStore


def end_asset_links(account: Account, tenant_id: TenantId, *, through_epoch: int | None = None) -> int:
    """Delete the rows; with ``through_epoch`` only what belongs to a mapping of that epoch or an earlier one.

    Links that are in use under a later mapping stay. What was decided about assets of other Organizations is deleted.
    Returns how many rows were deleted.

    Raises:
        VersionConflict: others kept changing the asset links.
    """
    store = AssetLinkStore(account.services.tables, account.id, tenant_id)
    return retry_on_conflict(lambda: _end(account, store, tenant_id, through_epoch))


def _end(account: Account, store: AssetLinkStore, tenant_id: TenantId, through_epoch: int | None) -> int:
    stored = store.find_head()
    if stored is not None and through_epoch is not None and stored.value.epoch > through_epoch:
        return _forget_others(account, store, tenant_id)
    if stored is not None and not stored.value.is_closed:
        batch = store.batch()
        batch.set_head(is_closed=True)
        batch.commit()
    return store.delete_all() if stored is not None or through_epoch is None else 0


def _forget_others(account: Account, store: AssetLinkStore, tenant_id: TenantId) -> int:
    """Delete decisions about assets that are not under the Syncro Tenant that the tenant is mapped to now."""
    tenant = account.control.tenants.find(tenant_id)
    if tenant is None or tenant.value.mapping is None:
        return 0
    here = set(LinkedTenant(account, tenant.value, tenant.value.mapping).synced.organization_ids)
    batch = store.batch()
    writes = [store.manual.removed(it) for it in store.manual.list() if organization_of(it.value.asset_id) not in here]
    writes += [store.undone.removed(it) for it in store.undone.list() if organization_of(it.value.asset_id) not in here]
    if writes:
        batch.write_many(writes)
        batch.commit()
    return len(writes)
