"""Continue a removal from whatever point it has reached, as far as possible now.

Every step looks at what is stored and does what is left of it, so a step that was interrupted, or is done twice, has
the same result.
"""

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.release import release_on_failure
from integrations.actions.removal.completion import check_leftovers, delete_credential, delete_records, finish
from integrations.actions.removal.data import delete_data, detach_tenants
from integrations.actions.removal.microsoft import uninstall_everywhere
from integrations.actions.removal.start import begin_all
from integrations.actions.removal.verification import verify
from integrations.actions.removal.work import RemovalWork
from integrations.domain.ids import AccountId
from integrations.domain.jobs.orders import RemovalOrder
from integrations.domain.removal import ALL
from integrations.services import Services
from integrations.storage.due import Work


def continue_removal(services: Services, order: RemovalOrder) -> None:
    """Do everything that can be done now of one removal; an order for which nothing is due changes nothing.

    Raises:
        Unavailable: storage, the queue or the vault does not answer; the message retries.
    """
    account = Account(services, order.account_id)
    stored, now = account.control.removals.find(order.removal_id), services.clock()
    if stored is None or stored.value.next_at > now:
        return
    running = stored.value.running
    if running is not None and running.until > now:
        return
    work = RemovalWork(account, stored)
    with (
        ignore_conflict("another worker goes on", account_id=account.id),
        release_on_failure(work.lease.release),
        work.lease.held(),
    ):
        _continue(work)


def continue_remove_all(services: Services, account_id: AccountId) -> None:
    """Begin the removals that Remove All has not begun yet, and end it once nothing is being removed any more."""
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


def _continue(work: RemovalWork) -> None:
    """Do the next steps, by the state of the removal."""
    if work.removal.is_under_way:
        detach_tenants(work)
        delete_data(work)
        if uninstall_everywhere(work):
            delete_credential(work)
            finish(work)
            continue_remove_all(work.services, work.account.id)
    elif work.removal.must_be_verified(work.now, work.services.settings.removal_quiet):
        verify(work)
    elif work.removal.is_kept(work.now, [it.value for it in work.tenants.list()]):
        check_leftovers(work)
    else:
        delete_records(work)
