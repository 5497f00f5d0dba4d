"""What an administrator can do with a CSP: check its access now, and leave a customer out of the table."""

from datetime import timedelta

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.lookup import find_tenant, find_to_change
from integrations.domain.csp.customers import ignore
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import Kind
from integrations.domain.jobs.orders import CspOrder
from integrations.services import Services
from integrations.storage.due import Work
from shared.errors import Conflict

_LOST_MESSAGE_AFTER = timedelta(minutes=1)  # then the due list orders the run


def check_access(services: Services, actor: Actor, integration_id: IntegrationId) -> None:
    """Order a run of a CSP at once; its checks can be read with the integration's details once it has ended.

    Raises:
        NotFound: there is no such integration.
        Conflict: ``not_a_csp`` or ``removing``.
        TooManyRequests: too many checks within a minute.
    """
    account = Account(services, actor.account_id)
    stored = find_to_change(account.control, integration_id)
    if stored.value.kind is not Kind.CSP:
        raise Conflict(
            "Only the access of a CSP can be checked.",
            code="not_a_csp",
            remedy="For a single tenant, select Sync Now on its details page or Reauthorize in its menu.",
        )
    services.quota.take(f"access-check:{actor.account_id}:{integration_id}", services.settings.starts_per_minute)
    now = services.clock()
    order = CspOrder(account_id=actor.account_id, integration_id=integration_id, due_at=now, reason="access check")
    with account.change(actor, "ordered access check", {"integration_id": integration_id}) as change:
        change.due(Work.CSP, integration_id, now + _LOST_MESSAGE_AFTER)
        change.send(order)


def ignore_tenant(services: Services, actor: Actor, tenant_id: TenantId, *, is_ignored: bool) -> None:
    """Leave a CSP's customer out of the table and its count, or show it again; a repeated call changes nothing.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_a_csp_tenant``, or ``already_mapped``: a mapped tenant is not ignored.
    """
    account = Account(services, actor.account_id)
    stored = find_tenant(account.control, tenant_id)
    tenant = stored.value
    if tenant.csp is None:
        raise Conflict(
            "Only customers of a CSP can be ignored.",
            code="not_a_csp_tenant",
            remedy="Remove the integration of a single tenant that you do not need.",
        )
    if is_ignored and tenant.mapping is not None:
        raise Conflict(
            f"{tenant.name!r} is mapped, so it cannot be ignored.",
            code="already_mapped",
            remedy="Unmap the tenant first.",
        )
    if tenant.csp.is_ignored is is_ignored:
        return
    action = "ignored tenant" if is_ignored else "stopped ignoring tenant"
    with account.change(actor, action, {"tenant_id": tenant_id}) as change:
        change.write(account.control.tenants.saved(stored.now(ignore(tenant, is_ignored=is_ignored))))
