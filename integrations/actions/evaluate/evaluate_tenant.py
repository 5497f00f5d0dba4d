"""Evaluate one tenant: bring its derived rows and its summary in line with what was synced.

Its users are synced afterwards and its devices linked with assets, before the changes are forgotten that these plans
have to see.

The message only names the tenant. What there is to do follows from the pending changes that syncs record, and from
each evaluation's own cursor (``evaluation_run``).
"""

from datetime import datetime

from integrations.actions.asset_links.run import link_assets
from integrations.actions.evaluate.evaluation_run import EvaluationRun
from integrations.actions.evaluate.summarize import read_summary_basis, update_summary
from integrations.actions.user_sync.run import sync_users
from integrations.domain.evaluations.progress import daily_at
from integrations.domain.ids import TenantId
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.given_up import Failed
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.retry_delays import OVERLAP
from integrations.domain.sync.cadence import share_of
from integrations.services import Services
from integrations.storage.data.store import Superseded, Unwritten
from integrations.storage.documents import Stored
from shared.telemetry.log import log
from shared.telemetry.tracing import span


def evaluate_tenant(services: Services, order: EvaluateOrder) -> None:
    """Carry out one order; one that the tenant's row no longer asks for changes nothing.

    When another evaluation of the tenant was faster, or time is up, a second message does the rest.

    Raises:
        StorageUnavailable: storage does not answer; the message retries.
        VersionConflict: the tenant's summary kept changing; the message retries.
    """
    basis = read_summary_basis(services, order)
    if basis.tenant is None or not _is_current(basis.tenant, order):
        log("dropped order", account_id=order.account_id, tenant_id=order.tenant_id, reason="not asked for any more")
        return
    with span("evaluate", account_id=order.account_id, tenant_id=order.tenant_id):
        try:
            run = EvaluationRun(services, order)
            run.evaluate()
            update_summary(services, order, basis, run)
            sync_users(services, order, run.stored, basis.tenant.value)
            link_assets(services, order, run.stored, basis.tenant.value)
            run.finish()
        except (Superseded, Unwritten):
            services.send(order, delay_s=int(OVERLAP.total_seconds()))


def daily_evaluation(services: Services, tenant_id: TenantId) -> datetime:
    """When a mapped tenant's evaluations are due next if nothing changes before."""
    return daily_at(services.clock(), share_of(tenant_id))


def is_evaluable(tenant: Tenant) -> bool:
    """Whether the tenant is mapped, is not being removed, and its account has the plan."""
    return tenant.mapping is not None and tenant.removal is None and tenant.paused is None


def mark_failed(services: Services, order: EvaluateOrder, failed: Failed) -> bool:
    """Mark the evaluations that are due as failing; whether one of them was not failing before."""
    if not _is_current(services.control(order.account_id).tenants.find(order.tenant_id), order):
        return False
    try:
        return EvaluationRun(services, order).mark_failed(failed)
    except Superseded:  # another worker evaluates the tenant just now
        return False


def _is_current(stored: Stored[Tenant] | None, order: EvaluateOrder) -> bool:
    return stored is not None and stored.value.epoch == order.epoch and is_evaluable(stored.value)
