"""Read the feed of an Organization: End Users and assets that changed after a position, in order, each as it is now."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from integrations.actions.lookup import find_organization
from integrations.actions.people.microsoft import shown_people
from integrations.domain.ids import AccountId, AssetId, EndUserId, OrganizationId
from integrations.domain.people.changes import AssetTombstone, ChangedAsset, EndUserChange, Position, Tombstone
from integrations.domain.retention import FEED_TOMBSTONES
from integrations.services import Services
from integrations.storage.people import OrganizationPeople
from integrations.storage.people_rows import number_key
from integrations.views.people.assets import AssetView, asset_view
from integrations.views.people.end_users import EndUserView
from shared.errors import Gone

Change = EndUserChange | ChangedAsset


class FeedPage(NamedTuple):
    """Changes, each with the End User or asset, or none if it is gone; and the position after them."""

    changes: list[tuple[Change, EndUserView | AssetView | None]]
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
    end_users = _end_users(services, account_id, people, page)
    assets = _assets(people, page)
    changes: list[tuple[Change, EndUserView | AssetView | None]] = []
    for it in page:
        shown = assets.get(it.asset_id) if isinstance(it, ChangedAsset) else end_users.get(it.end_user_id)
        if isinstance(it, Tombstone | AssetTombstone):
            changes.append((it, None))
        elif shown is not None:  # else it is gone, as a later change says
            changes.append((it, shown))
    if begun.is_expired(people.head()):  # asked last, as tombstones may be deleted while we read
        raise _expired()
    return FeedPage(changes, Position(reached, begun.began_at), has_more)


def _changes(people: OrganizationPeople, after: int, through: int, limit: int) -> list[Change]:
    """The first changes of those that are there, and of those that are gone, in one order."""
    bounds = {"after": number_key(after), "until": number_key(through)}
    found: list[Change] = []
    for rows in (people.changes, people.tombstones, people.assets.changes, people.assets.tombstones):
        found += map(rows.read, rows.texts(**bounds, limit=limit).values())
    return sorted(found, key=lambda it: it.sequence)[:limit]


def _end_users(
    services: Services, account_id: AccountId, people: OrganizationPeople, page: Iterable[Change]
) -> Mapping[EndUserId, EndUserView]:
    wanted = [it.end_user_id for it in page if isinstance(it, EndUserChange) and not isinstance(it, Tombstone)]
    there = sorted((it.value for it in people.end_users.find_all(wanted).values()), key=lambda it: it.id)
    return {it.id: it for it in shown_people(services, account_id, there)}


def _assets(people: OrganizationPeople, page: Iterable[Change]) -> Mapping[AssetId, AssetView]:
    wanted = [it.asset_id for it in page if isinstance(it, ChangedAsset) and not isinstance(it, AssetTombstone)]
    there = people.assets.rows.find_all(wanted)
    assignments = people.assets.assignments_of([it.value.id for it in there.values()])
    return {it.value.id: asset_view(it.value, assignments.get(it.value.id)) for it in there.values()}


def _expired() -> Gone:
    return Gone(
        f"Changes after this position are not complete: deletions are kept for {FEED_TOMBSTONES.days} days.",
        code="changes_expired",
        remedy="Read all: leave out ?after=, begin with an empty list, and follow the answers.",
    )
