"""Carry a removal on, from whatever point it has reached, as far as it goes now.

Each step looks at what stands and does what is left of it, so that a step that was broken off, or done twice,
comes to the same.
"""

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.release import letting_go
from integrations.actions.removal.completion import (
    destroy_credential,
    forget,
    forget_what_was_told,
    look_for_leftovers,
    verify,
)
from integrations.actions.removal.data import part_tenants, sweep
from integrations.actions.removal.lease import Hold
from integrations.actions.removal.microsoft import leave_all
from integrations.actions.removal.start import begin_all
from integrations.domain.ids import AccountId
from integrations.domain.jobs.orders import RemovalOrder
from integrations.domain.removal import ALL
from integrations.services import Services
from integrations.storage.due import Work


def carry_on(services: Services, order: RemovalOrder) -> None:
    """Do all that can be done now of one removal; an order that nothing is due for changes nothing."""
    account = Account(services, order.account_id)
    stored, now = account.control.removals.find(order.removal_id), services.clock()
    if stored is None or stored.value.next_at > now:
        return
    held = stored.value.running
    if held is not None and held.until > now:
        return
    hold = Hold(account, stored)
    with ignore_conflict("another worker goes on", account_id=account.id), letting_go(hold.let_go):
        hold.run(_carry_on)


def carry_on_all(services: Services, account_id: AccountId) -> None:
    """Begin what Remove All has not begun yet, and end it when nothing is being removed any more."""
    account = Account(services, account_id)
    control = account.control
    marker = control.remove_all.find(ALL)
    if marker is None:
        services.due.drop(Work.REMOVE_ALL, account_id, ALL)
        return
    begin_all(account, Actor(account_id, marker.value.requested_by, ""))
    if any(it.value.is_under_way for it in control.removals.list()):
        return
    with ignore_conflict("another worker ended it", account_id=account_id), account.change() as change:
        change.write(control.remove_all.removed(marker))
    services.due.drop(Work.REMOVE_ALL, account_id, ALL)


def _carry_on(hold: Hold) -> None:
    """What is to be done next, by what the removal has come to."""
    if hold.removal.is_under_way:
        part_tenants(hold)
        sweep(hold)
        if leave_all(hold):
            destroy_credential(hold)
            forget(hold)
            carry_on_all(hold.services, hold.control.account_id)
    elif hold.removal.must_be_verified(hold.now, hold.services.settings.removal_quiet):
        verify(hold)
    elif hold.removal.is_told(hold.now):
        look_for_leftovers(hold)
    else:
        forget_what_was_told(hold)
