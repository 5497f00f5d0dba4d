"""A removal's tenants taken out of sight, and what was stored of them deleted."""

from collections import Counter

from integrations.actions.conflicts import ignore_conflict
from integrations.actions.removal.lease import Lease
from integrations.actions.removal.start import close_epoch, detached
from integrations.actions.sync.change_notifications import end_watch
from integrations.domain import removal as rules
from integrations.domain.integrations import Tenant
from integrations.domain.removal import TenantRemoval
from integrations.storage.data.sweeping import Sweeper
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.storage.tables import chunks

_TOGETHER = 20


def detach_tenants(lease: Lease) -> None:
    """Take every tenant that is still in its place out of sight; a CSP's run may find new ones meanwhile."""
    while left := _tenants_in_place(lease):
        for start in range(0, len(left), _TOGETHER):
            lease.beat()
            _part(lease, left[start : start + _TOGETHER])
    if lease.removal.fenced_at is None:
        lease.save(fenced_at=lease.now)


def sweep(lease: Lease) -> None:
    """Delete what was synced of every tenant, and its other rows; counted before the first one goes."""
    for stored in lease.tenant_removals():
        if stored.value.is_swept:
            continue
        lease.beat()
        it = stored.value
        close_epoch(lease.account, it)
        counted = stored if it.epochs else _counted(lease, stored)
        sweeper = sweeper_of(lease, it)
        for epoch in counted.value.epochs:
            sweeper.sweep(epoch, with_fences=False)
        forget_rows_of(lease, counted.value)
        lease.saved(counted, is_swept=True)
    if lease.removal.swept_at is None:
        told = rules.totals(lease.removal, [it.value for it in lease.tenant_removals()])
        lease.save(swept_at=lease.now, tenants=told.tenants, rows=told.rows)


def sweep_late_rows(lease: Lease, tenant_removal: TenantRemoval) -> int:
    """Delete what was written all the same, and the fences; returns how many rows that was."""
    epochs = sorted({*tenant_removal.epochs, tenant_removal.epoch} - {0})
    return sum(sweeper_of(lease, tenant_removal).sweep(epoch, with_fences=True) for epoch in epochs)


def sweeper_of(lease: Lease, tenant_removal: TenantRemoval) -> Sweeper:
    return Sweeper(lease.services.tables, lease.control.account_id, tenant_removal.tenant_id)


def forget_rows_of(lease: Lease, tenant_removal: TenantRemoval) -> None:
    """What else is known of the tenant: its runs, what was read of its relationships, its lines of the due list.

    Once its place is free it may be connected again, and then these are the new connection's. Lines of a tenant
    that is gone are settled by whoever comes to them; dropping them here could meet one that was just put.
    """
    control, account_id, due = lease.control, lease.control.account_id, lease.services.due
    runs = [control.runs.removed(it) for it in control.runs.list(f"{tenant_removal.tenant_id}:")]
    facts = control.access_states.find(tenant_removal.tenant_id)
    tenant = control.tenants.find(tenant_removal.tenant_id)
    is_ours = tenant is not None and tenant.value.removal == lease.removal.id
    if tenant is None or is_ours:
        end_watch(lease.account, tenant_removal.tenant_id)
        for part in chunks([*runs, *([control.access_states.removed(facts)] if facts else [])]):
            with lease.account.change() as change:
                change.write(*part)
    for work in (Work.SYNC, Work.CUSTOMER, Work.EVALUATE) if is_ours else ():
        due.drop(work, account_id, tenant_removal.tenant_id)
    for epoch in tenant_removal.epochs:
        due.drop(Work.PURGE, account_id, f"{tenant_removal.tenant_id}:{epoch}")


def _tenants_in_place(lease: Lease) -> list[Stored[Tenant]]:
    tenants, whose = lease.control.tenants.list(), lease.removal.integration_id
    return [it for it in tenants if it.value.integration_id == whose and it.value.removal is None]


def _part(lease: Lease, tenants: list[Stored[Tenant]]) -> None:
    done = [detached(lease.control, it, lease.removal.id) for it in tenants]
    with ignore_conflict("left tenants to the next look", account_id=lease.account.id):
        with lease.account.change() as change:
            change.write(*(write for _, writes in done for write in writes))
        for tenant_removal, _ in done:
            close_epoch(lease.account, tenant_removal)


def _counted(lease: Lease, stored: Stored[TenantRemoval]) -> Stored[TenantRemoval]:
    sweeper, rows = sweeper_of(lease, stored.value), Counter[str]()
    epochs = sweeper.epochs()
    for epoch in epochs:
        rows.update(sweeper.count(epoch))
    return lease.saved(stored, epochs=epochs, rows=dict(sorted(rows.items())))
