"""A CSP's customer as a tenant to sync: what holds its sync back, and what happens after a refusal."""

from datetime import datetime, timedelta

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.csp.reconcile_context import reconcile_context
from integrations.actions.lookup import find_integration
from integrations.domain.csp import onboarding
from integrations.domain.csp.customers import USABLE, advance, judge
from integrations.domain.integrations import Tenant
from integrations.domain.statuses import SyncCause
from integrations.domain.sync_status import SyncStatus
from integrations.storage.control import Control
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work

# Refusals that a new consent repairs.
_CONSENT_LOST = frozenset(
    {
        SyncCause.APP_REMOVED,
        SyncCause.CONSENT_MISSING,
        SyncCause.PERMISSION_MISSING,
        SyncCause.APP_DISABLED,
    }
)

# Causes whose end adds the tenant's line to the due list again.
_RESUMED_BY_OTHERS = frozenset({SyncCause.CSP_AUTH_BLOCKS, SyncCause.PLAN_LOST})


def held_back_by(control: Control, tenant: Tenant) -> SyncCause | None:
    """Why a tenant may not be synced at present; None when it may.

    Raises:
        NotFound: its CSP is being removed, and the tenant with it.
    """
    if tenant.paused is not None:
        return SyncCause.PLAN_LOST
    if tenant.csp is None:
        return None
    if tenant.csp.auth not in USABLE:
        return SyncCause.CSP_AUTH_BLOCKS
    csp = find_integration(control, tenant.integration_id).value.csp
    return SyncCause.CSP_FAILED if csp is None or csp.status.is_auth_failed else None


def held_back_status(status: SyncStatus, cause: SyncCause, now: datetime, retry_at: datetime) -> SyncStatus:
    """The status while ``cause`` does not let a sync begin; the same one if it says so already, or is an auth error."""
    if status.is_auth_error or status.cause is cause:
        return status
    next_at = retry_at if cause is SyncCause.CSP_FAILED else None
    return msgspec.structs.replace(status, cause=cause, since=now, evidence={}, next_check_at=next_at)


def hold_back(account: Account, stored: Stored[Tenant], cause: SyncCause, due: Due) -> None:
    """Write on the tenant's row what its sync waits for, and complete or move its line of the due list."""
    services, tenant, now = account.services, stored.value, account.services.clock()
    retry_at = now + timedelta(seconds=services.settings.sync_period_s)
    if cause in _RESUMED_BY_OTHERS:
        services.due.complete(due)
    else:
        services.due.put(Due(Work.SYNC, account.id, tenant.tenant_id, retry_at))
    status = held_back_status(tenant.status, cause, now, retry_at)
    if status is tenant.status:
        return
    held_back = msgspec.structs.replace(tenant, status=status)
    ids = {"account_id": account.id, "tenant_id": tenant.tenant_id}
    with ignore_conflict("tenant was changed meanwhile", **ids), account.change() as change:
        change.write(account.control.tenants.saved(stored.now(held_back)))


def after_refusal(change: Change, tenant: Tenant, cause: SyncCause) -> Tenant:
    """The tenant after its sync ended with ``cause``: onboarding starts again if the consent was lost."""
    if tenant.csp is None or cause not in _CONSENT_LOST:
        return tenant
    integration = change.account.control.integrations.find(tenant.integration_id)
    if integration is None:
        return tenant
    context = reconcile_context(change.account, integration.value)
    access = change.account.control.access_states.find(tenant.tenant_id)
    lapsed = advance(tenant, onboarding.lapse(context.now, dict(tenant.status.evidence)))
    judged = judge(lapsed, access.value if access else None, context.required, context.permissions, context.now)
    next_at = judged.csp.progress.next_at if judged.csp else None
    if next_at is not None:
        change.due(Work.CUSTOMER, tenant.tenant_id, next_at)
    return judged
