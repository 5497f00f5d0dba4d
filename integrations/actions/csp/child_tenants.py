"""What being a CSP's customer means for a tenant's sync: what holds it back, and what a refusal sets going."""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.csp.reconcile import reconcile_context
from integrations.actions.lookup import find_integration
from integrations.domain.csp import onboarding
from integrations.domain.csp.customers import USABLE, advance, judge
from integrations.domain.integrations import Tenant
from integrations.domain.statuses import SyncCause
from integrations.storage.control import Control
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work

# Refusals that a new consent cures.
_LAPSED = frozenset(
    {
        SyncCause.APP_REMOVED,
        SyncCause.CONSENT_MISSING,
        SyncCause.PERMISSION_MISSING,
        SyncCause.APP_DISABLED,
    }
)

# What is ended by something that puts the tenant's line in the due list itself.
_ASK_AGAIN = frozenset({SyncCause.CSP_AUTH_BLOCKS, SyncCause.PLAN_LOST})


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


def hold_back(account: Account, stored: Stored[Tenant], cause: SyncCause, due: Due) -> None:
    """Say on the tenant's row what it waits for. Whatever ends CSP Auth's block, or the pause, asks again."""
    services, tenant, now = account.services, stored.value, account.services.clock()
    again = now + timedelta(seconds=services.settings.sync_period_s)
    if cause in _ASK_AGAIN:
        services.due.complete(due)
    else:
        services.due.put(Due(Work.SYNC, account.id, tenant.tenant_id, again))
    if tenant.status.is_auth_error or tenant.status.cause is cause:
        return
    status = msgspec.structs.replace(
        tenant.status,
        cause=cause,
        since=now,
        evidence={},
        next_check_at=again if cause is SyncCause.CSP_FAILED else None,
    )
    held_back = msgspec.structs.replace(tenant, status=status)
    ids = {"account_id": account.id, "tenant_id": tenant.tenant_id}
    with ignore_conflict("tenant was changed meanwhile", **ids), account.change() as change:
        change.write(account.control.tenants.saved(stored.now(held_back)))


def after_refusal(change: Change, tenant: Tenant, cause: SyncCause) -> Tenant:
    """The tenant after its sync ended with ``cause``: a consent that was taken away is asked for again."""
    if tenant.csp is None or cause not in _LAPSED:
        return tenant
    by = reconcile_context(change.account.services, tenant.integration_id)
    facts = change.account.control.access_states.find(tenant.tenant_id)
    lapsed = advance(tenant, onboarding.lapse(by.now, dict(tenant.status.evidence)))
    judged = judge(lapsed, facts.value if facts else None, by.required, by.permissions, by.now)
    next_at = judged.csp.progress.next_at if judged.csp else None
    if next_at is not None:
        change.due(Work.CUSTOMER, tenant.tenant_id, next_at)
    return judged
