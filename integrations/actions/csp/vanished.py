"""Customers that Microsoft no longer lists: shown as Missing Admin Relationship, and deleted after a long time."""

from integrations.actions.account import Account, Change
from integrations.actions.audit.entries import audit_status
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.csp.reconcile_context import ReconcileContext
from integrations.domain.csp.customers import AccessState, children, is_forgotten, judge, vanish
from integrations.domain.integrations import Tenant
from integrations.storage.documents import Stored
from integrations.storage.holders import ReleaseResult


def reconcile_vanished(account: Account, context: ReconcileContext, unlisted: list[Stored[Tenant]]) -> None:
    """Update the CSP's customers among the ``unlisted`` tenants; one that was just changed is left to the next run."""
    ours = {it.tenant_id for it in children((it.value for it in unlisted), context.integration.id)}
    for stored in unlisted:
        tenant_id = stored.value.tenant_id
        if tenant_id not in ours or stored.value.removal:
            continue
        with ignore_conflict("left a customer to the next run", tenant_id=tenant_id), account.change() as change:
            if is_forgotten(stored.value, context.now):
                _delete(change, context, stored)
            else:
                _mark_vanished(change, context, stored)


def _delete(change: Change, context: ReconcileContext, stored: Stored[Tenant]) -> None:
    account, tenant_id, integration = change.account, stored.value.tenant_id, context.integration
    access = account.control.access_states.find(tenant_id)
    for client_id in (integration.client_id, *integration.former_client_ids):
        holders = account.services.holders_of(client_id)
        if holders.release(tenant_id, account.id, integration.id, context.now) is ReleaseResult.LAST:
            holders.finish_removal(tenant_id)  # the partner has no access any more, so there is no consent to remove
    change.write(account.control.tenants.removed(stored))
    if access:
        change.write(account.control.access_states.removed(access))
    subject = {"tenant_id": tenant_id, "integration_id": stored.value.integration_id}
    change.audit(account.system_actor("check_csp"), "forgot customer", subject)


def _mark_vanished(change: Change, context: ReconcileContext, stored: Stored[Tenant]) -> None:
    control, tenant_id, now = change.account.control, stored.value.tenant_id, context.now
    access, no_access = control.access_states.find(tenant_id), AccessState(tenant_id=tenant_id, read_at=now, account="")
    vanished = judge(vanish(stored.value, now), no_access, context.required, context.permissions, now)
    if vanished != stored.value:
        change.write(control.tenants.saved(stored.now(vanished)))
    audit_status(change, "check_csp", stored.value, vanished)
    if access and not access.value.equals(no_access):
        change.write(control.access_states.saved(access.now(no_access)))
