"""Order a sync of a tenant."""

from datetime import datetime

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.csp.child_tenants import held_back_by
from integrations.actions.lookup import find_tenant
from integrations.domain.ids import AccountId, RunId, TenantId
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.orders import MANUAL, SyncOrder
from integrations.domain.statuses import EXPLANATIONS
from integrations.domain.sync.datasets import Run, RunState
from integrations.domain.sync_status import wait_in_queue
from integrations.services import Services
from integrations.storage.control import newest_first
from shared.errors import Conflict


def sync_order(account_id: AccountId, tenant: Tenant, reason: str, due_at: datetime) -> SyncOrder:
    """An order with a slot of its own, outside the schedule; ``reason`` says what caused it."""
    return SyncOrder(
        account_id=account_id,
        tenant_id=tenant.tenant_id,
        epoch=tenant.epoch,
        run_id=RunId(newest_first(due_at)),
        due_at=due_at,
        reason=reason,
    )


def sync_now(services: Services, actor: Actor, tenant_id: TenantId) -> RunId:
    """Order a sync at once; its run can be read under the returned id.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``: of an unmapped tenant only the name is read; ``blocked``: its CSP Auth, or the CSP
            itself, does not allow a sync.
        VersionConflict: the tenant was changed in the meantime.
    """
    account = Account(services, actor.account_id)
    control = account.control
    stored = find_tenant(control, tenant_id)
    tenant = stored.value
    if tenant.mapping is None:
        raise Conflict(
            f"{tenant.name!r} is not mapped, so there is nothing to sync.",
            code="not_mapped",
            remedy="Map the tenant to an Organization first. That starts a sync automatically.",
        )
    held_by = held_back_by(control, tenant)
    if held_by is not None:
        explanation = EXPLANATIONS[held_by]
        raise Conflict(explanation.detail, code=explanation.reason, remedy=explanation.remedy)
    now = services.clock()
    order = sync_order(actor.account_id, tenant, MANUAL, now)
    run = Run(id=order.run_id, tenant_id=tenant_id, reason=MANUAL, state=RunState.QUEUED, ordered_at=now)
    waiting = tenant.status if tenant.status.is_auth_error else wait_in_queue(tenant.status, now)
    with account.change(actor, "ordered sync", {"tenant_id": tenant_id, "run_id": run.id}) as change:
        change.write(
            control.tenants.saved(stored.now(msgspec.structs.replace(tenant, status=waiting))),
            control.runs.added(run),
        )
        change.send(order)
    return order.run_id
