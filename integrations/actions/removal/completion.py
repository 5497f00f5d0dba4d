"""The end of a removal: the credential destroyed, the rows forgotten, and later looks whether all is gone."""

import secrets
from collections.abc import Iterator

import msgspec

from integrations.actions.removal.data import detach_tenants, forget_rows_of, sweep, sweep_late_rows
from integrations.actions.removal.lease import Lease
from integrations.actions.removal.microsoft import uninstall_late_ones, with_presence
from integrations.actions.removal.receipts import receipt_of, renewed
from integrations.domain import removal as rules
from integrations.domain.ids import TenantId
from integrations.domain.integrations import Kind, csp_reservation
from integrations.storage.control import CURRENT
from integrations.storage.due import Work
from shared.storage.tables import Write
from shared.telemetry.log import log


def destroy_credential(lease: Lease) -> None:
    if lease.removal.destroyed_at is not None:
        return
    credential = lease.control.credentials.find(lease.removal.integration_id)
    gone = [lease.control.credentials.removed(credential)] if credential else []
    lease.save(*gone, destroyed_at=lease.now)


def forget(lease: Lease) -> None:
    """Free the tenants' places and every row that named them; the receipt says what was done."""
    lease.remove(_rows_of_tenants(lease))
    control, removal, now = lease.control, lease.removal, lease.now
    integration = control.integrations.find(removal.integration_id)
    is_csp = removal.kind is Kind.CSP
    reserved = control.reservations.find(csp_reservation(TenantId(removal.tenant_id)).key) if is_csp else None
    report = control.reports.find(removal.integration_id)
    lease.services.due.drop(Work.CSP, control.account_id, removal.integration_id)
    tenant_removals = [it.value for it in lease.tenant_removals()]
    done = msgspec.structs.replace(removal, forgotten_at=now)
    until = rules.next_check(done, tenant_removals, now, lease.services.settings.removal_quiet)
    with lease.resting(until, forgotten_at=now, receipt=receipt_of(lease.account, done, tenant_removals)) as change:
        change.write(
            *([control.integrations.removed(integration)] if integration else []),
            *([control.reservations.removed(reserved)] if reserved else []),
            *([control.reports.removed(report)] if report else []),
        )
        subject = {"integration_id": removal.integration_id, "removal_id": removal.id}
        change.audit(lease.actor, "finished removal", subject)
    log("removed integration", account_id=control.account_id, integration_id=removal.integration_id)


def verify(lease: Lease) -> None:
    """Nobody can be writing any more: look everywhere once again, then keep nothing but the counts."""
    detach_tenants(lease)
    sweep(lease)
    uninstall_late_ones(lease)
    late = 0
    for stored in lease.tenant_removals():
        lease.beat()
        late += sweep_late_rows(lease, stored.value)
        forget_rows_of(lease, stored.value)
        lease.settle(stored, msgspec.structs.replace(with_presence(lease, stored.value), name=""))
    lease.remove(_rows_of_tenants(lease))
    _forget_what_is_closed(lease)
    stone = rules.tombstone(lease.removal, secrets.token_hex(16))
    now, told = lease.now, [it.value for it in lease.tenant_removals()]
    done = msgspec.structs.replace(stone, verified_at=now, late_rows=late)
    lease.rest(
        rules.next_check(done, told, now, lease.services.settings.removal_quiet),
        name="",
        tenant_id=stone.tenant_id,
        salt=stone.salt,
        verified_at=now,
        late_rows=late,
        receipt=receipt_of(lease.account, done, told),
    )


def look_for_leftovers(lease: Lease) -> None:
    """What was left to do by hand, and is done by now, is off the list and in the receipt."""
    for stored in lease.tenant_removals():
        if stored.value.is_left_over:
            lease.beat()
            lease.settle(stored, with_presence(lease, stored.value))
    if lease.removal.verified_at is not None:
        _forget_what_is_closed(lease)
    told = [it.value for it in lease.tenant_removals()]
    until = rules.next_check(lease.removal, told, lease.now, lease.services.settings.removal_quiet)
    lease.rest(until, receipt=renewed(lease.account, lease.removal, told))


def forget_what_was_told(lease: Lease) -> None:
    """A month later: nothing of the removal is kept but its audit entries."""
    lease.remove([lease.control.tenant_removals.removed(it) for it in lease.tenant_removals()])
    lease.forget()
    lease.services.due.drop(Work.REMOVAL, lease.control.account_id, lease.removal.id)


def _forget_what_is_closed(lease: Lease) -> None:
    """Of tenants in which nothing is left to do, the counts are enough."""
    lease.remove(
        [lease.control.tenant_removals.removed(it) for it in lease.tenant_removals() if not it.value.is_left_over]
    )


def _rows_of_tenants(lease: Lease) -> Iterator[Write]:
    control, removal, services = lease.control, lease.removal, lease.services
    for stored in control.tenants.list():
        if stored.value.removal == removal.id:
            yield control.tenants.removed(stored)
    for flow in control.flows.list():
        signer = flow.value.signer
        is_of_tenant = signer is not None and signer.tenant_id == removal.tenant_id and not flow.value.is_open
        if flow.value.integration_id == removal.integration_id or is_of_tenant:
            for state_hash in flow.value.states:
                services.callbacks.remove(state_hash)
            yield control.flows.removed(flow)
            services.due.drop(Work.CONSENT, control.account_id, flow.value.id)
    turn = control.flow_starts.find(CURRENT)
    if turn is not None:  # whoever begins a journey makes it anew
        yield control.flow_starts.removed(turn)
