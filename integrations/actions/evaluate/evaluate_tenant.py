"""Bring one tenant's derived rows in line with what was synced: when that is asked for, and by whom.

The message only says where to look. What there is to do follows from the marks that syncs leave, and from where each
evaluation stands (``evaluation_look``).
"""

from datetime import datetime

from integrations.actions.evaluate.evaluation_run import EvaluationRun
from integrations.domain.evaluations.progress import daily_at
from integrations.domain.ids import TenantId
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.given_up import Failed
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.retry_delays import OVERLAP
from integrations.domain.sync.cadence import share_of
from integrations.services import Services
from integrations.storage.control import Control
from integrations.storage.data.store import Superseded, Unwritten
from shared.telemetry.log import log
from shared.telemetry.tracing import span


def evaluate_tenant(services: Services, order: EvaluateOrder) -> None:
    """Carry out one order; one that the tenant's row no longer asks for changes nothing.

    When another evaluation of the tenant was faster, or time is over, the rest is left to a message that follows.
    """
    if not _is_asked_for(services.control(order.account_id), order):
        log("dropped order", account_id=order.account_id, tenant_id=order.tenant_id, reason="not asked for any more")
        return
    with span("evaluate", account_id=order.account_id, tenant_id=order.tenant_id):
        try:
            EvaluationRun(services, order).carry_out()
        except (Superseded, Unwritten):
            services.send(order, delay_s=int(OVERLAP.total_seconds()))


def daily_look(services: Services, tenant_id: TenantId) -> datetime:
    """When a mapped tenant's evaluations are looked at next, should nothing change before."""
    return daily_at(services.clock(), share_of(tenant_id))


def is_evaluated(tenant: Tenant) -> bool:
    """Whether the tenant is mapped, is not being removed, and its account has the plan."""
    return tenant.mapping is not None and tenant.removal is None and tenant.paused is None


def give_up_evaluation(services: Services, order: EvaluateOrder, failed: Failed) -> bool:
    """Mark the evaluations that wait to be carried out as failing; whether one of them was not before."""
    if not _is_asked_for(services.control(order.account_id), order):
        return False
    try:
        return EvaluationRun(services, order).give_up(failed)
    except Superseded:  # somebody carries it out at this moment
        return False


def _is_asked_for(control: Control, order: EvaluateOrder) -> bool:
    stored = control.tenants.find(order.tenant_id)
    return stored is not None and stored.value.epoch == order.epoch and is_evaluated(stored.value)
