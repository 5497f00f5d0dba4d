"""A removal's tenants taken out of sight, and what was stored of them deleted."""

from collections import Counter

from integrations.actions.conflicts import ignore_conflict
from integrations.actions.removal.lease import Hold
from integrations.actions.removal.start import close_epoch, parted
from integrations.actions.sync.change_notifications import end_watch
from integrations.domain import removal as rules
from integrations.domain.integrations import Tenant
from integrations.domain.removal import Parting
from integrations.storage.data.sweeping import Sweeper
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.storage.tables import chunks

_TOGETHER = 20


def part_tenants(hold: Hold) -> None:
    """Take every tenant that is still in its place out of sight; a CSP's run may find new ones meanwhile."""
    while left := _tenants_in_place(hold):
        for start in range(0, len(left), _TOGETHER):
            hold.beat()
            _part(hold, left[start : start + _TOGETHER])
    if hold.removal.fenced_at is None:
        hold.save(fenced_at=hold.now)


def sweep(hold: Hold) -> None:
    """Delete what was synced of every tenant, and its other rows; counted before the first one goes."""
    for stored in hold.partings():
        if stored.value.is_swept:
            continue
        hold.beat()
        it = stored.value
        close_epoch(hold.account, it)
        counted = stored if it.epochs else _counted(hold, stored)
        sweeper = sweeper_of(hold, it)
        for epoch in counted.value.epochs:
            sweeper.sweep(epoch, with_fences=False)
        forget_rows_of(hold, counted.value)
        hold.saved(counted, is_swept=True)
    if hold.removal.swept_at is None:
        told = rules.totals(hold.removal, [it.value for it in hold.partings()])
        hold.save(swept_at=hold.now, tenants=told.tenants, rows=told.rows)


def sweep_late_rows(hold: Hold, parting: Parting) -> int:
    """Delete what was written all the same, and the fences; returns how many rows that was."""
    epochs = sorted({*parting.epochs, parting.epoch} - {0})
    return sum(sweeper_of(hold, parting).sweep(epoch, with_fences=True) for epoch in epochs)


def sweeper_of(hold: Hold, parting: Parting) -> Sweeper:
    return Sweeper(hold.services.tables, hold.control.account_id, parting.tenant_id)


def forget_rows_of(hold: Hold, parting: Parting) -> None:
    """What else is known of the tenant: its runs, what was read of its relationships, its lines of the due list.

    Once its place is free it may be connected again, and then these are the new connection's. Lines of a tenant
    that is gone are settled by whoever comes to them; dropping them here could meet one that was just put.
    """
    control, account_id, due = hold.control, hold.control.account_id, hold.services.due
    runs = [control.runs.removed(it) for it in control.runs.list(f"{parting.tenant_id}:")]
    facts = control.facts.find(parting.tenant_id)
    tenant = control.tenants.find(parting.tenant_id)
    is_ours = tenant is not None and tenant.value.removal == hold.removal.id
    if tenant is None or is_ours:
        end_watch(hold.account, parting.tenant_id)
        for part in chunks([*runs, *([control.facts.removed(facts)] if facts else [])]):
            with hold.account.change() as change:
                change.write(*part)
    for work in (Work.SYNC, Work.CUSTOMER, Work.EVALUATE) if is_ours else ():
        due.drop(work, account_id, parting.tenant_id)
    for epoch in parting.epochs:
        due.drop(Work.PURGE, account_id, f"{parting.tenant_id}:{epoch}")


def _tenants_in_place(hold: Hold) -> list[Stored[Tenant]]:
    tenants, whose = hold.control.tenants.list(), hold.removal.integration_id
    return [it for it in tenants if it.value.integration_id == whose and it.value.removal is None]


def _part(hold: Hold, tenants: list[Stored[Tenant]]) -> None:
    done = [parted(hold.control, it, hold.removal.id) for it in tenants]
    with ignore_conflict("left tenants to the next look", account_id=hold.account.id):
        with hold.account.change() as change:
            change.write(*(write for _, writes in done for write in writes))
        for parting, _ in done:
            close_epoch(hold.account, parting)


def _counted(hold: Hold, stored: Stored[Parting]) -> Stored[Parting]:
    sweeper, rows = sweeper_of(hold, stored.value), Counter[str]()
    epochs = sweeper.epochs()
    for epoch in epochs:
        rows.update(sweeper.count(epoch))
    return hold.saved(stored, epochs=epochs, rows=dict(sorted(rows.items())))
