"""Carry a removal on, from whatever point it has reached, as far as it goes now.

Each step looks at what stands and does what is left of it, so that a step that was broken off, or done twice,
comes to the same.
"""

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.release import release_on_failure
from integrations.actions.removal.completion import (
    destroy_credential,
    forget,
    forget_what_was_told,
    look_for_leftovers,
    verify,
)
from integrations.actions.removal.data import detach_tenants, sweep
from integrations.actions.removal.lease import Lease
from integrations.actions.removal.microsoft import uninstall_everywhere
from integrations.actions.removal.start import begin_all
from integrations.domain.ids import AccountId
from integrations.domain.jobs.orders import RemovalOrder
from integrations.domain.removal import ALL
from integrations.services import Services
from integrations.storage.due import Work


def continue_removal(services: Services, order: RemovalOrder) -> None:
    """Do all that can be done now of one removal; an order that nothing is due for changes nothing."""
    account = Account(services, order.account_id)
    stored, now = account.control.removals.find(order.removal_id), services.clock()
    if stored is None or stored.value.next_at > now:
        return
    held = stored.value.running
    if held is not None and held.until > now:
        return
    lease = Lease(account, stored)
    with ignore_conflict("another worker goes on", account_id=account.id), release_on_failure(lease.let_go):
        lease.run(_continue)


def continue_remove_all(services: Services, account_id: AccountId) -> None:
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


def _continue(lease: Lease) -> None:
    """What is to be done next, by what the removal has come to."""
    if lease.removal.is_under_way:
        detach_tenants(lease)
        sweep(lease)
        if uninstall_everywhere(lease):
            destroy_credential(lease)
            forget(lease)
            continue_remove_all(lease.services, lease.control.account_id)
    elif lease.removal.must_be_verified(lease.now, lease.services.settings.removal_quiet):
        verify(lease)
    elif lease.removal.is_readable(lease.now):
        look_for_leftovers(lease)
    else:
        forget_what_was_told(lease)
