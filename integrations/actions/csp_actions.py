"""What an administrator asks of a CSP: check its access now, and leave a customer out of the table."""

from datetime import timedelta

from integrations.actions.leaving import find_to_change
from integrations.actions.recording import Actor, announce, audit, dispatch, message
from integrations.actions.tenants import find_tenant
from integrations.domain.connections import Kind
from integrations.domain.customers import ignore
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.orders import CspOrder
from integrations.services import Services
from integrations.storage.due import Due, Work
from shared.errors import Conflict

_A_MINUTE = 60.0


def check_access(services: Services, actor: Actor, integration_id: IntegrationId) -> None:
    """Order a run of a CSP at once; its checks can be read when it has ended.

    Raises:
        NotFound: there is no such integration.
        Conflict: ``not_a_csp`` or ``removing``.
        TooManyRequests: checked several times within a minute.
    """
    control = services.control(actor.account_id)
    stored = find_to_change(control, integration_id)
    if stored.value.kind is not Kind.CSP:
        raise Conflict(
            "Only a CSP's access can be checked.",
            code="not_a_csp",
            remedy="For a single tenant select Sync Now on its details page, or Reauthorize in its menu.",
        )
    services.rates.take(f"access-check:{actor.account_id}:{integration_id}", services.settings.starts_per_minute)
    now = services.clock()
    order = CspOrder(account_id=actor.account_id, integration_id=integration_id, due_at=now, reason="access check")
    services.due.put(Due(Work.CSP, actor.account_id, integration_id, now + timedelta(seconds=_A_MINUTE)))
    announce(services, actor.account_id)
    control.commit(
        audit(services, control, actor, "ordered access check", {"integration_id": integration_id}),
        message(control, order),
    )
    dispatch(services, control)


def ignore_tenant(services: Services, actor: Actor, tenant_id: TenantId, *, is_ignored: bool) -> None:
    """Leave a CSP's customer out of the table and its count, or show it again; saying it twice changes nothing.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_a_csp_tenant``, or ``already_mapped``: a mapped tenant is not ignored.
    """
    control = services.control(actor.account_id)
    stored = find_tenant(control, tenant_id)
    tenant = stored.value
    if tenant.csp is None:
        raise Conflict(
            "Only customers of a CSP can be ignored.",
            code="not_a_csp_tenant",
            remedy="Remove the integration of a single tenant that you do not want.",
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
    control.commit(
        control.tenants.saved(stored.now(ignore(tenant, is_ignored=is_ignored))),
        audit(services, control, actor, action, {"tenant_id": tenant_id}),
    )
