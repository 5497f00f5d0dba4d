"""Audit entries of what a run changes by itself: CSP Auth of a customer, and the access to a tenant."""

from integrations.actions.recording import Actor, audit
from integrations.domain.connections import Tenant
from integrations.domain.gdap import CspAuth
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
    if before.status.is_auth_error is not after.status.is_auth_error:
        told = {"before": before.status.cause.value, "after": after.status.cause.value}
        action = "lost access" if after.status.is_auth_error else "regained access"
        notes.append(audit(services, control, actor, action, subject, **told))
    return notes
