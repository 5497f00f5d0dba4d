"""Read the feed of an Organization: the End Users that changed after a position, in order, each as it is now."""

from typing import NamedTuple

from integrations.actions.lookup import find_organization
from integrations.actions.people.microsoft import shown_people
from integrations.domain.ids import AccountId, OrganizationId
from integrations.domain.people.changes import EndUserChange, Position, Tombstone
from integrations.domain.retention import END_USER_TOMBSTONES
from integrations.services import Services
from integrations.storage.people import OrganizationPeople
from integrations.storage.people_rows import number_key
from integrations.views.people.end_users import EndUserView
from shared.errors import Gone


class FeedPage(NamedTuple):
    """Changes, each with the End User or none if it is gone; and the position after them."""

    changes: list[tuple[EndUserChange, EndUserView | None]]
    position: Position
    has_more: bool


def read_feed(
    services: Services, account_id: AccountId, organization_id: OrganizationId, *, after: Position | None, limit: int
) -> FeedPage:
    """One page; without a position from the start.

    The head is read first: up to its number every change was written, so that whoever writes meanwhile comes later.

    Raises:
        NotFound: there is no such Organization.
        Gone: ``changes_expired``: the position is older than the tombstones that are still there.
    """
    find_organization(services.control(account_id), organization_id)
    people = services.people(account_id, organization_id)
    head = people.head()
    begun = after or Position(0, head.sequence)
    found = _changes(people, begun.sequence, head.sequence, limit + 1)
    page, has_more = found[:limit], len(found) > limit
    reached = page[-1].sequence if has_more else max(begun.sequence, head.sequence)
    end_users = people.end_users.find_all([it.end_user_id for it in page if not isinstance(it, Tombstone)])
    there = sorted((it.value for it in end_users.values()), key=lambda it: it.id)
    shown = {it.id: it for it in shown_people(services, account_id, there)}
    changes = [
        (it, None if isinstance(it, Tombstone) else shown[it.end_user_id])
        for it in page
        if isinstance(it, Tombstone) or it.end_user_id in end_users  # else it is gone, as a later change says
    ]
    if begun.is_expired(people.head()):  # asked last, as tombstones may be deleted while we read
        raise _expired()
    return FeedPage(changes, Position(reached, begun.began_at), has_more)


def _changes(people: OrganizationPeople, after: int, through: int, limit: int) -> list[EndUserChange]:
    """The first changes of those who are there, and of those who are gone, in one order."""
    first, last = number_key(after), number_key(through)
    there = people.changes.texts(after=first, until=last, limit=limit).values()
    gone = people.tombstones.texts(after=first, until=last, limit=limit).values()
    found = [*map(people.changes.read, there), *map(people.tombstones.read, gone)]
    return sorted(found, key=lambda it: it.sequence)[:limit]


def _expired() -> Gone:
    return Gone(
        f"Changes after this position are not complete: deletions are kept for {END_USER_TOMBSTONES.days} days.",
        code="changes_expired",
        remedy="Read all: leave out ?after=, begin with an empty list, and follow the answers.",
    )
