"""Order the next onboarding step of a CSP's customer: a line of the due list, and a message if its time comes soon."""

from datetime import datetime

from integrations.actions.account import Account, Change
from integrations.domain.csp.customers import child_of
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.orders import CustomerOrder
from integrations.domain.sync.schedule import ORDER_LIFE
from integrations.microsoft.limits import ONBOARDING_STEPS_PER_SECOND
from integrations.storage.due import Due, Work


def order_step(account: Account, tenant: Tenant) -> None:
    """Order the step that the customer's row plans; nothing if it plans none."""
    next_at = child_of(tenant).progress.next_at
    if next_at is not None:
        account.services.due.put(Due(Work.CUSTOMER, account.id, tenant.tenant_id, next_at))
    send_step(account, tenant)


def plan_step(change: Change, tenant: Tenant) -> None:
    """Add the line for the changed customer's next step; ``send_step`` afterwards starts it without the reconciler."""
    next_at = child_of(tenant).progress.next_at
    if next_at is not None:
        change.due(Work.CUSTOMER, tenant.tenant_id, next_at)


def send_step(account: Account, tenant: Tenant, *, place: int = 0) -> None:
    """Send the step's message if its time comes soon; ``place`` in a sequence spreads many steps over time."""
    services, next_at = account.services, child_of(tenant).progress.next_at
    if next_at is None:
        return
    wait_s = max(0.0, (next_at - services.clock()).total_seconds())
    if wait_s > ORDER_LIFE.total_seconds() / 2:
        return  # the reconciler orders it when its time comes
    order = CustomerOrder(account_id=account.id, tenant_id=tenant.tenant_id)
    services.send(order, delay_s=round(wait_s) + place // ONBOARDING_STEPS_PER_SECOND)


def is_step_new(tenant: Tenant, before: Tenant | None, now: datetime) -> bool:
    """Whether a step has to be ordered: it is newly planned, or it is due and its message may have been lost."""
    next_at, planned_at = child_of(tenant).progress.next_at, child_of(before).progress.next_at if before else None
    return next_at is not None and (next_at != planned_at or next_at <= now)
