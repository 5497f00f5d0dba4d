"""Audit entries of what a run changes by itself: CSP Auth of a customer, the access to a tenant, and giving up."""

from integrations.actions.recording import Actor, audit
from integrations.domain.connections import Tenant
from integrations.domain.gdap import CspAuth
from integrations.domain.given_up import Failed
from integrations.domain.statuses import SyncCause
from integrations.services import Services
from integrations.storage.control import Control
from shared.tables import Write


def status_notes(
    services: Services, control: Control, function: str, before: Tenant | None, after: Tenant
) -> list[Write]:
    """An entry for each status of the tenant's row that changed; ``before`` is None when the row is new.

    Of the Sync Status the loss of access and its return are told, and not each wait for Microsoft.
    """
    actor = Actor(control.account_id, f"system:{function}", "")
    subject = {"tenant_id": after.tenant_id, "integration_id": after.integration_id}
    if before is None:
        return [audit(services, control, actor, "found customer", subject)]
    notes = []
    was, is_now = before.csp and before.csp.auth, after.csp and after.csp.auth
    if was and is_now and was is not is_now:
        outcome = "refused" if is_now is CspAuth.CONSENT_FAILURE else "done"
        told = {"before": was.value, "after": is_now.value}
        notes.append(audit(services, control, actor, "changed CSP Auth", subject, outcome=outcome, **told))
    is_ours = after.status.cause is SyncCause.OUR_FAILURE  # which says nothing about the access
    if before.status.is_auth_error is not after.status.is_auth_error and not is_ours:
        told = {"before": before.status.cause.value, "after": after.status.cause.value}
        action = "lost access" if after.status.is_auth_error else "regained access"
        notes.append(audit(services, control, actor, action, subject, **told))
    return notes


def gave_up(services: Services, control: Control, failed: Failed, subject: dict[str, str]) -> Write:
    """An entry for a job that was given up; ``reason`` is the code of its last error."""
    told = failed.evidence()
    actor = Actor(control.account_id, "system:poison", "")
    return audit(
        services, control, actor, "gave up a job", subject, outcome="failed", reason=told["error"], after=failed.job
    )
