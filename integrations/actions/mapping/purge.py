"""Delete the synced data of a mapping that has ended: after 30 days, or when somebody asks for it."""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.asset_links.ending import end_asset_links
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.actions.lookup import find_tenant
from integrations.actions.user_sync.ending import end_user_sync
from integrations.domain.ids import TenantId
from integrations.domain.insights.history import months_of
from integrations.domain.jobs.orders import PurgeOrder
from integrations.services import Services
from integrations.storage.data.sweeping import Sweeper
from integrations.storage.due import Due, Work
from shared.errors import Conflict
from shared.telemetry.log import log


def plan_purge(change: Change, tenant_id: TenantId, epoch: int, after: timedelta) -> None:
    """Plan the deletion of an epoch's data for some time after the change that ends the epoch."""
    change.due(Work.PURGE, f"{tenant_id}:{epoch}", change.account.services.clock() + after)


def purge_now(services: Services, actor: Actor, tenant_id: TenantId) -> None:
    """Delete the stored data of a tenant's earlier mappings now; a second pass deletes rows that are written late.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``already_mapped``: the present mapping's data is in use.
    """
    account = Account(services, actor.account_id)
    tenant = find_tenant(account.control, tenant_id).value
    if tenant.mapping is not None:
        raise Conflict(
            f"{tenant.name!r} is mapped, and its data is being synced.",
            code="already_mapped",
            remedy="Unmap the tenant first, then delete its data.",
        )
    epochs = [it for it in Sweeper(services.tables, actor.account_id, tenant_id).epochs() if it != tenant.epoch]
    with account.change(actor, "purged tenant data", {"tenant_id": tenant_id}) as change:
        for epoch in epochs:
            plan_purge(change, tenant_id, epoch, services.settings.removal_quiet)
            change.send(PurgeOrder(account_id=actor.account_id, tenant_id=tenant_id, epoch=epoch, is_last=False))


def purge(services: Services, order: PurgeOrder) -> None:
    """Carry out one order if the due list asks for it; the epoch of a present mapping is never touched.

    Raises:
        StorageUnavailable: storage does not answer; the message retries.
        VersionConflict: the tenant's row kept changing.
    """
    account = Account(services, order.account_id)
    stored, line = account.control.tenants.find(order.tenant_id), _line(services, order)
    is_over = stored is None or order.epoch < stored.value.epoch
    if line is None or not is_over or line.at > services.clock() + _earliest(services, order):
        log("dropped order", account_id=order.account_id, tenant_id=order.tenant_id, reason="not due")
        if line is not None and line.at <= services.clock() and not is_over:
            services.due.complete(line)  # the change that was to end the epoch was not written
        return
    if not order.is_last:
        services.data(
            order.account_id, order.tenant_id, order.epoch
        ).close()  # from here on every write of this epoch fails
    rows = Sweeper(services.tables, order.account_id, order.tenant_id).sweep(order.epoch, with_fences=order.is_last)
    rows += end_user_sync(account, order.tenant_id, through_epoch=order.epoch)
    rows += end_asset_links(account, order.tenant_id, through_epoch=order.epoch)
    _delete_history(account, order)
    retry_on_conflict(lambda: _forget_failures(account, order))
    if order.is_last:
        services.due.drop(Work.PURGE, order.account_id, f"{order.tenant_id}:{order.epoch}")
    log("purged tenant data", account_id=order.account_id, tenant_id=order.tenant_id, counts={"rows": rows})


def _line(services: Services, order: PurgeOrder) -> Due | None:
    """The epoch's line of the due list: without it a message deletes nothing."""
    lines = services.due.of(order.account_id, f"{order.tenant_id}:{order.epoch}")
    return next((it for it in lines if it.work is Work.PURGE), None)


def _earliest(services: Services, order: PurgeOrder) -> timedelta:
    """How long before its line's time an order may come: an epoch's first pass comes before its last one."""
    return timedelta(0) if order.is_last else services.settings.removal_quiet


def _delete_history(account: Account, order: PurgeOrder) -> None:
    """Delete the epoch's history, which nobody adds to any more: its summary ended with it."""
    history = account.control.history
    months = history.list(months_of(order.tenant_id, order.epoch))
    with (
        ignore_conflict("another process deleted the history too", account_id=account.id),
        account.change() as change,
    ):
        change.write(*map(history.removed, months))


def _forget_failures(account: Account, order: PurgeOrder) -> None:
    """Remove the failure that was recorded for this epoch's deletion from the tenant's row.

    Raises:
        VersionConflict: the row was changed; if it keeps changing, the message retries and finds nothing to delete.
    """
    tenants = account.control.tenants
    stored = tenants.find(order.tenant_id)
    failures = stored.value.purges_given_up if stored else {}
    if stored is None or str(order.epoch) not in failures:
        return
    remaining = {epoch: it for epoch, it in failures.items() if epoch != str(order.epoch)}
    with account.change() as change:
        change.write(tenants.saved(stored.now(msgspec.structs.replace(stored.value, purges_given_up=remaining))))
