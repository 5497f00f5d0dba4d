"""Delete what was synced under a mapping that is over: thirty days after it ended, or when somebody asks."""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.lookup import find_tenant
from integrations.domain.ids import TenantId
from integrations.domain.jobs.orders import PurgeOrder
from integrations.services import Services
from integrations.storage.data.sweeping import Sweeper
from integrations.storage.due import Due, Work
from shared.errors import Conflict
from shared.telemetry.log import log


def plan_purge(change: Change, tenant_id: TenantId, epoch: int, after: timedelta) -> None:
    """Have an epoch's data deleted a while after the change that ends it; the line does nothing while it lasts."""
    change.due(Work.PURGE, f"{tenant_id}:{epoch}", change.account.services.clock() + after)


def purge_now(services: Services, actor: Actor, tenant_id: TenantId) -> None:
    """Delete at once what is still kept of a tenant's earlier mappings; a second look follows.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``already_mapped``: what is synced now belongs to the present mapping.
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
    """Carry out one order, if the due list asks for it; no epoch that is not over is ever touched."""
    account = Account(services, order.account_id)
    stored, line = account.control.tenants.find(order.tenant_id), _line(services, order)
    is_over = stored is None or order.epoch < stored.value.epoch
    if line is None or not is_over or line.at > services.clock() + _earliest(services, order):
        log("dropped order", account_id=order.account_id, tenant_id=order.tenant_id, reason="not due")
        if line is not None and line.at <= services.clock() and not is_over:
            services.due.complete(line)  # what was said beforehand never came about
        return
    if not order.is_last:
        services.data(order.account_id, order.tenant_id, order.epoch).close()  # whoever still writes fails from here on
    rows = Sweeper(services.tables, order.account_id, order.tenant_id).sweep(order.epoch, with_fences=order.is_last)
    retry_on_conflict(lambda: _forget_failures(account, order))
    if order.is_last:
        services.due.drop(Work.PURGE, order.account_id, f"{order.tenant_id}:{order.epoch}")
    log("purged tenant data", account_id=order.account_id, tenant_id=order.tenant_id, counts={"rows": rows})


def _line(services: Services, order: PurgeOrder) -> Due | None:
    """What the due list says of the epoch: a message alone closes no fence and deletes nothing."""
    lines = services.due.of(order.account_id, f"{order.tenant_id}:{order.epoch}")
    return next((it for it in lines if it.work is Work.PURGE), None)


def _earliest(services: Services, order: PurgeOrder) -> timedelta:
    """How long before its line's time an order may come: the first look at an epoch goes before the last one."""
    return timedelta(0) if order.is_last else services.settings.removal_quiet


def _forget_failures(account: Account, order: PurgeOrder) -> None:
    """What was told of failing with this epoch's data is over.

    Raises:
        VersionConflict: the row was changed; if it keeps changing, the message comes back and finds nothing to delete.
    """
    tenants = account.control.tenants
    stored = tenants.find(order.tenant_id)
    marks = stored.value.purges_given_up if stored else {}
    if stored is None or str(order.epoch) not in marks:
        return
    left = {epoch: mark for epoch, mark in marks.items() if epoch != str(order.epoch)}
    with account.change() as change:
        change.write(tenants.saved(stored.now(msgspec.structs.replace(stored.value, purges_given_up=left))))
