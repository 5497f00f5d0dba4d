"""Audit entries for what our own functions change: CSP Auth of a customer, access to a tenant, jobs given up."""

from integrations.actions.account import Change
from integrations.domain.csp.gdap import CspAuth
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.given_up import Failed
from integrations.domain.statuses import SyncCause


def audit_status(change: Change, function: str, before: Tenant | None, after: Tenant) -> None:
    """Add an entry for each status of the tenant's row that changed; ``before`` is None when the row is new.

    Of the Sync Status only the loss of access and its return are audited, not every wait for Microsoft.
    """
    actor = change.account.system_actor(function)
    subject = {"tenant_id": after.tenant_id, "integration_id": after.integration_id}
    if before is None:
        change.audit(actor, "found customer", subject)
        return
    old_auth, new_auth = before.csp and before.csp.auth, after.csp and after.csp.auth
    if old_auth and new_auth and old_auth is not new_auth:
        outcome = "refused" if new_auth is CspAuth.CONSENT_FAILURE else "done"
        change.audit(actor, "changed CSP Auth", subject, outcome=outcome, before=old_auth.value, after=new_auth.value)
    is_our_failure = after.status.cause is SyncCause.OUR_FAILURE  # which says nothing about the access
    if before.status.is_auth_error is not after.status.is_auth_error and not is_our_failure:
        action = "lost access" if after.status.is_auth_error else "regained access"
        causes = {"before": before.status.cause.value, "after": after.status.cause.value}
        change.audit(actor, action, subject, **causes)


def audit_given_up(change: Change, failed: Failed, subject: dict[str, str]) -> None:
    """Add an entry for a job that was given up; its ``reason`` is the code of the last error."""
    actor, error = change.account.system_actor("poison"), failed.evidence()["error"]
    change.audit(actor, "gave up a job", subject, outcome="failed", reason=error, after=failed.job)
