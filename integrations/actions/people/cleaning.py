"""Once a day: delete old tombstones of the feeds, and what is left of Organizations and End Users that are gone."""

from typing import TypeVar

from integrations.actions.account import Account
from integrations.actions.conflicts import ignore_conflict
from integrations.domain.ids import OrganizationId
from integrations.domain.people.changes import AssetTombstone, ChangedBy, Tombstone
from integrations.domain.retention import CLOSED_ORGANIZATIONS, FEED_TOMBSTONES
from integrations.storage.documents import Documents
from integrations.storage.people import OrganizationPeople, organizations_with_people

_T = TypeVar("_T", Tombstone, AssetTombstone)

_TOMBSTONES_A_TRANSACTION = 98


def clean_people(account: Account) -> None:
    """Clean all Organizations of an account, deleted ones included; what others change meanwhile waits a day."""
    for organization_id in organizations_with_people(account.services.tables, account.id):
        people = account.services.people(account.id, organization_id)
        with ignore_conflict("left old rows of people to tomorrow", account_id=account.id):
            _delete_tombstones(account, people)
            _delete_moved(account, people)
            _delete_closed(account, people, organization_id)


def _delete_tombstones(account: Account, people: OrganizationPeople) -> None:
    _delete_old(account, people, people.tombstones)
    _delete_old(account, people, people.assets.tombstones)


def _delete_old(account: Account, people: OrganizationPeople, tombstones: Documents[_T]) -> None:
    now = account.services.clock()
    while True:
        batch = people.batch(ChangedBy.PORTAL, now)
        first = tombstones.list(limit=_TOMBSTONES_A_TRANSACTION)
        old = [it for it in first if now - it.value.at > FEED_TOMBSTONES]
        if not old:
            return
        batch.set_head(purged_through=max(batch.head.purged_through, *(it.value.sequence for it in old)))
        batch.write(*map(tombstones.removed, old))
        batch.commit()


def _delete_moved(account: Account, people: OrganizationPeople) -> None:
    """Delete rows that say where somebody was moved who is there no more."""
    for stored in people.moved.list():
        it = stored.value
        if account.services.people(account.id, it.moved_to).locate(it.end_user_id) is None:
            people.commit(people.moved.removed(stored))


def _delete_closed(account: Account, people: OrganizationPeople, organization_id: OrganizationId) -> None:
    """Delete the last row of an Organization that was deleted, once nobody can be writing there any more."""
    stored = people.find_head()
    if stored is None or stored.value.closed_at is None:
        return
    is_over = account.services.clock() - stored.value.closed_at > CLOSED_ORGANIZATIONS
    if is_over and account.control.organizations.find(organization_id) is None and people.is_empty():
        people.commit(people.heads.removed(stored))
