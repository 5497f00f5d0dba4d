"""The end of a removal: delete the credential and all rows, and see to what is left to do by hand until it is done."""

from collections.abc import Iterator

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.removal.microsoft import with_presence
from integrations.actions.removal.receipts import renewed_receipt, signed_receipt
from integrations.actions.removal.work import RemovalWork
from integrations.domain import removal as rules
from integrations.domain.connect.flow import Flow
from integrations.domain.ids import RemovalId, TenantId, UserId
from integrations.domain.integrations import Kind, csp_reservation
from integrations.domain.removal import Removal
from integrations.services import Services
from integrations.storage.control import CURRENT
from integrations.storage.due import Work
from shared.errors import NotFound
from shared.storage.tables import Write
from shared.telemetry.log import log


def delete_credential(work: RemovalWork) -> None:
    """Delete a CSP's stored refresh token."""
    if work.removal.destroyed_at is not None:
        return
    credential = work.control.credentials.find(work.removal.integration_id)
    writes = [work.control.credentials.removed(credential)] if credential else []
    work.lease.save(*writes, destroyed_at=work.now)


def finish(work: RemovalWork) -> None:
    """Delete the integration and every row that names its tenants, and sign the receipt.

    Raises:
        SealBroken, Unavailable: the receipt cannot be signed now.
    """
    work.tenants.write_all(rows_of_tenants(work))
    control, removal, now = work.control, work.removal, work.now
    integration = control.integrations.find(removal.integration_id)
    is_csp = removal.kind is Kind.CSP
    reservation = control.reservations.find(csp_reservation(TenantId(removal.tenant_id)).key) if is_csp else None
    report = control.reports.find(removal.integration_id)
    work.services.due.drop(Work.CSP, control.account_id, removal.integration_id)
    tenant_removals = [it.value for it in work.tenants.list()]
    finished = msgspec.structs.replace(removal, forgotten_at=now)
    until = rules.next_check(finished, tenant_removals, now, work.services.settings.removal_quiet)
    receipt = signed_receipt(work.account, finished, tenant_removals)
    with work.lease.resting(until, forgotten_at=now, receipt=receipt) as change:
        change.write(
            *([control.integrations.removed(integration)] if integration else []),
            *([control.reservations.removed(reservation)] if reservation else []),
            *([control.reports.removed(report)] if report else []),
        )
        subject = {"integration_id": removal.integration_id, "removal_id": removal.id}
        change.audit(work.actor, "finished removal", subject)
    log("removed integration", account_id=control.account_id, integration_id=removal.integration_id)


def check_leftovers(work: RemovalWork) -> None:
    """Check what was left to do by hand; what is done leaves the list, and the receipt is signed again."""
    for stored in work.tenants.list():
        if stored.value.is_left_over:
            work.lease.renew()
            work.tenants.save_outcome(stored, with_presence(work, stored.value))
    if work.removal.verified_at is not None:
        work.tenants.delete(only_closed=True)
    tenant_removals = [it.value for it in work.tenants.list()]
    until = rules.next_check(work.removal, tenant_removals, work.now, work.services.settings.removal_quiet)
    work.lease.rest(until, receipt=renewed_receipt(work.account, work.removal, tenant_removals))


def mark_done(services: Services, actor: Actor, removal_id: RemovalId, tenant_id: TenantId) -> None:
    """Mark as done what is left to do by hand in a tenant; a repeated call changes nothing.

    It is somebody's word: the receipt does not change, and our checks go on until they find our application gone.

    A tenant in which two registrations are left is marked for both.

    Raises:
        NotFound: there is no such removal, or nothing is left to do in the tenant.
    """
    account = Account(services, actor.account_id)
    retry_on_conflict(lambda: _mark_done(account, actor, removal_id, tenant_id))


def _mark_done(account: Account, actor: Actor, removal_id: RemovalId, tenant_id: TenantId) -> None:
    removal, tenant_removals = account.control.removals.find(removal_id), account.control.tenant_removals
    left = [it for it in tenant_removals.list(f"{removal_id}:{tenant_id}") if it.value.is_left_over]
    if removal is None or not left:
        raise NotFound("Nothing is left to do by hand in this tenant.")
    to_do = [it for it in left if it.value.is_to_do]
    if not to_do:
        return
    subject = {"removal_id": removal_id, "integration_id": removal.value.integration_id, "tenant_id": tenant_id}
    by, now = UserId(actor.name), account.services.clock()
    with account.change(actor, "marked removal step as done", subject) as change:
        change.write(*(tenant_removals.saved(it.now(it.value.marked_done(by, now))) for it in to_do))


def delete_records(work: RemovalWork) -> None:
    """Delete the removal's own rows once they are not kept any longer; its audit entries stay."""
    work.tenants.delete()
    work.lease.delete()
    work.services.due.drop(Work.REMOVAL, work.account.id, work.removal.id)


def rows_of_tenants(work: RemovalWork) -> Iterator[Write]:
    """The writes that delete the removal's tenants and every consent flow that led to them."""
    control, removal, services = work.control, work.removal, work.services
    for stored in control.tenants.list():
        if stored.value.removal == removal.id:
            yield control.tenants.removed(stored)
    for flow in control.flows.list():
        if _concerns(flow.value, removal):
            for state_hash in flow.value.states:
                services.callbacks.remove(state_hash)
            yield control.flows.removed(flow)
            services.due.drop(Work.CONSENT, control.account_id, flow.value.id)
    flow_start = control.flow_starts.find(CURRENT)
    if flow_start is not None:  # the next flow that is started creates it again
        yield control.flow_starts.removed(flow_start)


def _concerns(flow: Flow, removal: Removal) -> bool:
    """Whether a flow led to the integration, or somebody signed in to its tenant in one that has ended."""
    is_of_tenant = flow.signer is not None and flow.signer.tenant_id == removal.tenant_id and not flow.is_open
    return flow.integration_id == removal.integration_id or is_of_tenant
