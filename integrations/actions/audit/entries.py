"""Audit entries of what a run changes by itself: CSP Auth of a customer, the access to a tenant, and giving up."""

from integrations.actions.account import Change
from integrations.domain.csp.gdap import CspAuth
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.given_up import Failed
from integrations.domain.statuses import SyncCause


def audit_status(change: Change, function: str, before: Tenant | None, after: Tenant) -> None:
    """An entry for each status of the tenant's row that changed; ``before`` is None when the row is new.

    Of the Sync Status the loss of access and its return are told, and not each wait for Microsoft.
    """
    actor = change.account.system_actor(function)
    subject = {"tenant_id": after.tenant_id, "integration_id": after.integration_id}
    if before is None:
        change.audit(actor, "found customer", subject)
        return
    was, is_now = before.csp and before.csp.auth, after.csp and after.csp.auth
    if was and is_now and was is not is_now:
        outcome = "refused" if is_now is CspAuth.CONSENT_FAILURE else "done"
        change.audit(actor, "changed CSP Auth", subject, outcome=outcome, before=was.value, after=is_now.value)
    is_ours = after.status.cause is SyncCause.OUR_FAILURE  # which says nothing about the access
    if before.status.is_auth_error is not after.status.is_auth_error and not is_ours:
        told = {"before": before.status.cause.value, "after": after.status.cause.value}
        action = "lost access" if after.status.is_auth_error else "regained access"
        change.audit(actor, action, subject, **told)


def audit_given_up(change: Change, failed: Failed, subject: dict[str, str]) -> None:
    """An entry for a job that was given up; ``reason`` is the code of its last error."""
    told = failed.evidence()
    actor = change.account.system_actor("poison")
    change.audit(actor, "gave up a job", subject, outcome="failed", reason=told["error"], after=failed.job)
