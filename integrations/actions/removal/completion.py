"""The end of a removal: the credential destroyed, the rows forgotten, and later looks whether all is gone."""

import secrets
from collections.abc import Iterator

import msgspec

from integrations.actions.removal.data import forget_rows_of, part_tenants, sweep, sweep_late_rows
from integrations.actions.removal.lease import Hold
from integrations.actions.removal.microsoft import leave_late_ones, looked_at
from integrations.actions.removal.receipts import receipt_of, renewed
from integrations.domain import removal as rules
from integrations.domain.ids import TenantId
from integrations.domain.integrations import Kind, csp_reservation
from integrations.storage.control import CURRENT
from integrations.storage.due import Work
from shared.storage.tables import Write
from shared.telemetry.log import log


def destroy_credential(hold: Hold) -> None:
    if hold.removal.destroyed_at is not None:
        return
    credential = hold.control.credentials.find(hold.removal.integration_id)
    gone = [hold.control.credentials.removed(credential)] if credential else []
    hold.save(*gone, destroyed_at=hold.now)


def forget(hold: Hold) -> None:
    """Free the tenants' places and every row that named them; the receipt says what was done."""
    hold.remove(_rows_of_tenants(hold))
    control, removal, now = hold.control, hold.removal, hold.now
    integration = control.integrations.find(removal.integration_id)
    is_csp = removal.kind is Kind.CSP
    reserved = control.reservations.find(csp_reservation(TenantId(removal.tenant_id)).key) if is_csp else None
    report = control.reports.find(removal.integration_id)
    hold.services.due.drop(Work.CSP, control.account_id, removal.integration_id)
    partings = [it.value for it in hold.partings()]
    done = msgspec.structs.replace(removal, forgotten_at=now)
    until = rules.next_look(done, partings, now, hold.services.settings.removal_quiet)
    with hold.resting(until, forgotten_at=now, receipt=receipt_of(hold.account, done, partings)) as change:
        change.write(
            *([control.integrations.removed(integration)] if integration else []),
            *([control.reservations.removed(reserved)] if reserved else []),
            *([control.reports.removed(report)] if report else []),
        )
        subject = {"integration_id": removal.integration_id, "removal_id": removal.id}
        change.audit(hold.actor, "finished removal", subject)
    log("removed integration", account_id=control.account_id, integration_id=removal.integration_id)


def verify(hold: Hold) -> None:
    """Nobody can be writing any more: look everywhere once again, then keep nothing but the counts."""
    part_tenants(hold)
    sweep(hold)
    leave_late_ones(hold)
    late = 0
    for stored in hold.partings():
        hold.beat()
        late += sweep_late_rows(hold, stored.value)
        forget_rows_of(hold, stored.value)
        hold.settle(stored, msgspec.structs.replace(looked_at(hold, stored.value), name=""))
    hold.remove(_rows_of_tenants(hold))
    _forget_what_is_closed(hold)
    stone = rules.tombstone(hold.removal, secrets.token_hex(16))
    now, told = hold.now, [it.value for it in hold.partings()]
    done = msgspec.structs.replace(stone, verified_at=now, late_rows=late)
    hold.rest(
        rules.next_look(done, told, now, hold.services.settings.removal_quiet),
        name="",
        tenant_id=stone.tenant_id,
        salt=stone.salt,
        verified_at=now,
        late_rows=late,
        receipt=receipt_of(hold.account, done, told),
    )


def look_for_leftovers(hold: Hold) -> None:
    """What was left to do by hand, and is done by now, is off the list and in the receipt."""
    for stored in hold.partings():
        if stored.value.is_left_over:
            hold.beat()
            hold.settle(stored, looked_at(hold, stored.value))
    if hold.removal.verified_at is not None:
        _forget_what_is_closed(hold)
    told = [it.value for it in hold.partings()]
    until = rules.next_look(hold.removal, told, hold.now, hold.services.settings.removal_quiet)
    hold.rest(until, receipt=renewed(hold.account, hold.removal, told))


def forget_what_was_told(hold: Hold) -> None:
    """A month later: nothing of the removal is kept but its audit entries."""
    hold.remove([hold.control.partings.removed(it) for it in hold.partings()])
    hold.forget()
    hold.services.due.drop(Work.REMOVAL, hold.control.account_id, hold.removal.id)


def _forget_what_is_closed(hold: Hold) -> None:
    """Of tenants in which nothing is left to do, the counts are enough."""
    hold.remove([hold.control.partings.removed(it) for it in hold.partings() if not it.value.is_left_over])


def _rows_of_tenants(hold: Hold) -> Iterator[Write]:
    control, removal, services = hold.control, hold.removal, hold.services
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
    turn = control.starting.find(CURRENT)
    if turn is not None:  # whoever begins a journey makes it anew
        yield control.starting.removed(turn)
