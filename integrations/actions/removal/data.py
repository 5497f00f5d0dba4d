"""Detach a removal's tenants from the account, and delete everything that was stored of them."""

from collections import Counter

from integrations.actions.account_settings import forget_exceptions
from integrations.actions.asset_links.ending import end_asset_links
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.removal.start import close_epoch, detached
from integrations.actions.removal.work import RemovalWork
from integrations.actions.sync.change_notifications import end_watch
from integrations.actions.user_sync.ending import end_user_sync
from integrations.domain import removal as rules
from integrations.domain.insights.history import months_of
from integrations.domain.integrations import Tenant
from integrations.domain.removal import TenantRemoval
from integrations.storage.data.sweeping import Sweeper
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.storage.tables import chunks

_TENANTS_A_TRANSACTION = 12  # of at most eight rows each


def detach_tenants(work: RemovalWork) -> None:
    """Detach every tenant that still belongs to the integration; a CSP's run may find new ones meanwhile."""
    while remaining := _attached_tenants(work):
        for start in range(0, len(remaining), _TENANTS_A_TRANSACTION):
            work.lease.renew()
            _detach(work, remaining[start : start + _TENANTS_A_TRANSACTION])
    if work.removal.fenced_at is None:
        work.lease.save(fenced_at=work.now)


def delete_data(work: RemovalWork) -> None:
    """Delete every tenant's synced data and its other rows; they are counted before the first one is deleted."""
    for stored in work.tenants.list():
        if stored.value.is_swept:
            continue
        work.lease.renew()
        close_epoch(work.account, stored.value)
        counted = stored if stored.value.epochs else _counted(work, stored)
        sweeper = _sweeper(work, stored.value)
        for epoch in counted.value.epochs:
            sweeper.sweep(epoch, with_fences=False)
        end_user_sync(work.account, counted.value.tenant_id)
        end_asset_links(work.account, counted.value.tenant_id)
        delete_rows_of(work, counted.value)
        work.tenants.save(counted, is_swept=True)
    if work.removal.swept_at is None:
        totals = rules.totals(work.removal, [it.value for it in work.tenants.list()])
        work.lease.save(swept_at=work.now, tenants=totals.tenants, rows=totals.rows)


def delete_late_rows(work: RemovalWork, tenant_removal: TenantRemoval) -> int:
    """Delete rows that were written during the removal, and the fences; returns how many rows that were."""
    epochs = sorted({*tenant_removal.epochs, tenant_removal.epoch} - {0})
    late = 0
    if _is_gone(work, tenant_removal):
        late = end_user_sync(work.account, tenant_removal.tenant_id)
        late += end_asset_links(work.account, tenant_removal.tenant_id)
    return late + sum(_sweeper(work, tenant_removal).sweep(epoch, with_fences=True) for epoch in epochs)


def delete_rows_of(work: RemovalWork, tenant_removal: TenantRemoval) -> None:
    """Delete the tenant's exceptions, runs, history, change notifications, access state, and lines of the due list.

    Once the tenant is removed it may be integrated again, and then these rows are the new integration's and are left
    alone. Lines of a tenant that is gone are completed by whoever handles them; deleting them here could hit a line
    that was just added.
    """
    control, account_id, due = work.control, work.account.id, work.services.due
    rows = [control.runs.removed(it) for it in control.runs.list(f"{tenant_removal.tenant_id}:")]
    rows += [control.history.removed(it) for it in control.history.list(months_of(tenant_removal.tenant_id))]
    access = control.access_states.find(tenant_removal.tenant_id)
    tenant = control.tenants.find(tenant_removal.tenant_id)
    is_ours = tenant is not None and tenant.value.removal == work.removal.id
    if is_ours:
        forget_exceptions(work.account, tenant_removal.tenant_id)
    if tenant is None or is_ours:
        end_watch(work.account, tenant_removal.tenant_id)
        for part in chunks([*rows, *([control.access_states.removed(access)] if access else [])]):
            with work.account.change() as change:
                change.write(*part)
    for kind in (Work.SYNC, Work.CUSTOMER, Work.EVALUATE) if is_ours else ():
        due.drop(kind, account_id, tenant_removal.tenant_id)
    for epoch in tenant_removal.epochs:
        due.drop(Work.PURGE, account_id, f"{tenant_removal.tenant_id}:{epoch}")


def _is_gone(work: RemovalWork, tenant_removal: TenantRemoval) -> bool:
    """Whether the tenant's rows are not those of a new integration."""
    tenant = work.control.tenants.find(tenant_removal.tenant_id)
    return tenant is None or tenant.value.removal == work.removal.id


def _sweeper(work: RemovalWork, tenant_removal: TenantRemoval) -> Sweeper:
    return Sweeper(work.services.tables, work.account.id, tenant_removal.tenant_id)


def _attached_tenants(work: RemovalWork) -> list[Stored[Tenant]]:
    integration_id = work.removal.integration_id
    return [
        it
        for it in work.control.tenants.list()
        if it.value.integration_id == integration_id and it.value.removal is None
    ]


def _detach(work: RemovalWork, tenants: list[Stored[Tenant]]) -> None:
    detachments = [detached(work.account, it, work.removal) for it in tenants]
    with ignore_conflict("left tenants to the next round", account_id=work.account.id):
        with work.account.change() as change:
            change.write(*(write for _, writes in detachments for write in writes))
        for tenant_removal, _ in detachments:
            close_epoch(work.account, tenant_removal)


def _counted(work: RemovalWork, stored: Stored[TenantRemoval]) -> Stored[TenantRemoval]:
    """The tenant's row with its epochs and the number of rows by data set."""
    sweeper, rows = _sweeper(work, stored.value), Counter[str]()
    epochs = sweeper.epochs()
    for epoch in epochs:
        rows.update(sweeper.count(epoch))
    return work.tenants.save(stored, epochs=epochs, rows=dict(sorted(rows.items())))
