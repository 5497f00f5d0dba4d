"""End Users and assets of ONE Organization of an account, and the feed of their changes.

Table ``people``: PartitionKey is ``<account>|<organization>``, RowKey ``<kind>:<id>``, column ``body`` as of every
document. Every transaction replaces the partition's head at the version that was read before anything else. So it
succeeds only if nothing in the partition was changed since, and the numbers of changes have no gap and no second
order. An End User has one row of its own, one in the feed at its last change, and one for each external id.
An asset has one row of its own, one in the feed, one for its external id, and one for its assignment if it has any.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from integrations.domain.assets.asset import Asset, AssetAssignment
from integrations.domain.ids import AccountId, EndUserId, OrganizationId, is_organization_id
from integrations.domain.people.changes import (
    AssetTombstone,
    ChangedAsset,
    ChangedBy,
    Departure,
    EndUserChange,
    PeopleHead,
    Tombstone,
)
from integrations.domain.people.end_user import EndUser
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Documents, RowKind, Stored, all_rows, find_several
from integrations.storage.people_assets import OrganizationAssets
from integrations.storage.people_rows import (
    CHANGE,
    END_USER,
    EXTERNAL_ID,
    HEAD,
    HEAD_KEY,
    MOVED,
    PEOPLE_KINDS,
    TOMBSTONE,
    AssetAssignmentRow,
    AssetExternalId,
    ExternalId,
    external_id_rows,
    external_key,
    number_key,
)
from shared.storage.tables import MAX_KEYS, MAX_OPERATIONS, RowChanged, RowExists, Tables, Write, end_of


class OrganizationPeople:
    """The people and assets of one Organization, to be read. ``batch`` begins a change of them."""

    def __init__(self, tables: Tables, account_id: AccountId, organization_id: OrganizationId) -> None:
        self._table = tables.rest_table("people")
        self._partition = f"{account_id}|{organization_id}"
        self.organization_id = organization_id
        self.heads = Documents(self._table, self._partition, HEAD)
        self.end_users = Documents(self._table, self._partition, END_USER)
        self.external_ids = Documents(self._table, self._partition, EXTERNAL_ID)
        self.changes = Documents(self._table, self._partition, CHANGE)
        self.tombstones = Documents(self._table, self._partition, TOMBSTONE)
        self.moved = Documents(self._table, self._partition, MOVED)
        self.assets = OrganizationAssets(self._table, self._partition)

    def head(self) -> PeopleHead:
        stored = self.find_head()
        return stored.value if stored else PeopleHead()

    def find_head(self) -> Stored[PeopleHead] | None:
        return self.heads.find(HEAD_KEY)

    def is_empty(self) -> bool:
        """Whether there is nothing but the head."""
        return len(self._table.range(self._partition, columns=[], limit=2)) <= 1

    def locate(self, end_user_id: EndUserId) -> Stored[EndUser] | OrganizationId | None:
        """An End User who is here, or the Organization to which it was moved from here; both are asked for at once."""
        here, elsewhere = self._find_several((self.end_users, end_user_id), (self.moved, end_user_id))
        return here or (elsewhere.value.moved_to if elsewhere else None)

    def find_with_head(
        self, end_user_ids: Sequence[EndUserId]
    ) -> tuple[Stored[PeopleHead] | None, dict[EndUserId, Stored[EndUser]]]:
        """The head, and those of these End Users who are here; the head is read no later than any of them."""
        if len(end_user_ids) >= MAX_KEYS:
            return self.find_head(), {it.value.id: it for it in self.end_users.find_all(end_user_ids).values()}
        head, *found = self._find_several((self.heads, HEAD_KEY), *((self.end_users, it) for it in end_user_ids))
        return head, {it.value.id: it for it in found if it}

    def _find_several(self, *addresses: tuple[Documents[Any], str]) -> list[Stored[Any] | None]:
        return find_several(self._table, self._partition, addresses)

    def of_external_ids(self, external_ids: Collection[str]) -> dict[str, ExternalId]:
        """Who has each of these external ids, by the external id."""
        by_key = {external_key(it): it for it in external_ids}
        return {by_key[key]: it.value for key, it in self.external_ids.find_all(by_key).items()}

    def batch(self, by: ChangedBy, at: datetime) -> "PeopleBatch":
        """A change of what is there now."""
        return PeopleBatch(self, self.find_head(), by, at)

    def everything(self) -> Iterator[tuple[RowKind[Any], str, str]]:
        """Every row in key order: its kind, id and stored JSON; not those of kinds we do not know."""
        return all_rows(self._table, self._partition, PEOPLE_KINDS)

    def commit(self, *writes: Write) -> str:
        """Write all or nothing; returns the new ETag of the first row.

        Raises:
            VersionConflict: a row was changed, added or deleted since it was read; nothing was written.
        """
        try:
            return self._table.write(*writes)
        except (RowChanged, RowExists) as error:
            raise VersionConflict from error


class PeopleBatch:
    """A change of an Organization's people in one transaction, on what was read after the batch was begun.

    After ``commit`` it goes on with the next transaction, as long as nobody else writes in between.
    """

    def __init__(
        self, people: OrganizationPeople, stored: Stored[PeopleHead] | None, by: ChangedBy, at: datetime
    ) -> None:
        self.people = people
        self.head = stored.value if stored else PeopleHead()
        self._etag = stored.etag if stored else ""
        self._by = by
        self._at = at
        self._writes: list[Write] = []

    @property
    def is_empty(self) -> bool:
        return not self._writes

    def at(self, at: datetime) -> "PeopleBatch":
        """The same batch, at a later time."""
        self._at = at
        return self

    def has_room(self, writes: int) -> bool:
        """Whether so many more rows fit into this transaction, which has one for the head."""
        return len(self._writes) + writes < MAX_OPERATIONS

    def set_head(self, **changes: Any) -> None:
        self.head = msgspec.structs.replace(self.head, **changes)

    def write(self, *writes: Write) -> None:
        """Add writes that are no changes of End Users or assets."""
        self._writes += writes

    def add(self, person: EndUser) -> EndUser:
        """Three rows, one more for each further external id; returns the End User with its number."""
        numbered = self._numbered(person, count=self.head.count + 1)
        self.write(self.people.end_users.added(numbered), self._in_feed(numbered))
        self._write_external_ids(None, numbered)
        return numbered

    def save(self, stored: Stored[EndUser], person: EndUser) -> EndUser:
        """Three rows, and two more for a changed external id; returns the End User with its number."""
        numbered = self._numbered(person)
        self.write(
            self.people.end_users.saved(stored.now(numbered)),
            self.people.changes.dropped(number_key(stored.value.sequence)),
            self._in_feed(numbered),
        )
        self._write_external_ids(stored.value, numbered)
        return numbered

    def remove(
        self,
        stored: Stored[EndUser],
        how: Departure,
        *,
        moved_to: OrganizationId | None = None,
        merged_into: EndUserId | None = None,
    ) -> None:
        """Three rows, and one more for each external id."""
        sequence = self._next_of_end_users()
        self.set_head(count=self.head.count - 1)
        tombstone = Tombstone(
            sequence=sequence,
            end_user_id=stored.value.id,
            at=self._at,
            by=self._by,
            how=how,
            moved_to=moved_to,
            merged_into=merged_into,
        )
        self.write(
            self.people.end_users.removed(stored),
            self.people.changes.dropped(number_key(stored.value.sequence)),
            self.people.tombstones.added(tombstone),
        )
        if merged_into is None:
            self._write_external_ids(stored.value, None)

    def add_asset(self, asset: Asset, assignment: AssetAssignment | None = None) -> Asset:
        """Three rows, and one more for an assignment; returns the asset with its number."""
        assets, holder = self.people.assets, AssetExternalId(key=external_key(asset.external_id), asset_id=asset.id)
        numbered = msgspec.structs.replace(asset, sequence=self._next())
        self.set_head(assets=self.head.assets + 1)
        self.write(assets.rows.added(numbered), assets.external_ids.added(holder), self._asset_in_feed(numbered))
        self._put_assignment(numbered, assignment)
        return numbered

    def save_asset(self, stored: Stored[Asset], asset: Asset, assignment: AssetAssignment | None = None) -> Asset:
        """Three rows, and one more for an assignment that changes; the external id stays what it is.

        Returns the asset with its number.
        """
        numbered = msgspec.structs.replace(asset, sequence=self._next())
        self.write(
            self.people.assets.rows.saved(stored.now(numbered)),
            self.people.assets.changes.dropped(number_key(stored.value.sequence)),
            self._asset_in_feed(numbered),
        )
        self._put_assignment(numbered, assignment)
        return numbered

    def assign(self, stored: Stored[Asset], assignment: AssetAssignment | None) -> Asset:
        """Four rows: the asset has this assignment from now on, or none any more; it had one if there is none now."""
        if assignment is None:
            self.write(self.people.assets.assignments.dropped(stored.value.id))
        return self.save_asset(stored, stored.value, assignment)

    def remove_asset(self, stored: Stored[Asset], *, is_assigned: bool) -> None:
        """Four rows, and one more if it has an assignment."""
        assets, asset = self.people.assets, stored.value
        tombstone = AssetTombstone(sequence=self._next(), asset_id=asset.id, at=self._at, by=self._by)
        self.set_head(assets=self.head.assets - 1)
        self.write(
            assets.rows.removed(stored),
            assets.external_ids.dropped(external_key(asset.external_id)),
            assets.changes.dropped(number_key(asset.sequence)),
            assets.tombstones.added(tombstone),
            *([assets.assignments.dropped(asset.id)] if is_assigned else []),
        )

    def commit(self) -> None:
        """Write what was added, together with the head.

        Raises:
            VersionConflict: somebody else changed the Organization's people since they were read.
        """
        heads = self.people.heads
        first = heads.saved(Stored(self.head, self._etag)) if self._etag else heads.added(self.head)
        if len(self._writes) >= MAX_OPERATIONS:
            raise AssertionError  # whoever fills the batch asks for room first
        self._etag = self.people.commit(first, *self._writes)
        self._writes = []

    def _next(self) -> int:
        self.set_head(sequence=self.head.sequence + 1)
        return self.head.sequence

    def _next_of_end_users(self, **head: Any) -> int:
        """The next number; ``head`` is what changes with it."""
        sequence = self.head.sequence + 1
        self.set_head(sequence=sequence, end_users_sequence=sequence, **head)
        return sequence

    def _numbered(self, person: EndUser, **head: Any) -> EndUser:
        return msgspec.structs.replace(person, sequence=self._next_of_end_users(**head))

    def _asset_in_feed(self, asset: Asset) -> Write:
        return self.people.assets.changes.added(
            ChangedAsset(sequence=asset.sequence, asset_id=asset.id, at=self._at, by=self._by)
        )

    def _put_assignment(self, asset: Asset, assignment: AssetAssignment | None) -> None:
        if assignment is not None:
            row = AssetAssignmentRow(asset_id=asset.id, assignment=assignment)
            self.write(self.people.assets.assignments.put(row))

    def _in_feed(self, person: EndUser) -> Write:
        return self.people.changes.added(
            EndUserChange(sequence=person.sequence, end_user_id=person.id, at=self._at, by=self._by)
        )

    def _write_external_ids(self, before: EndUser | None, after: EndUser | None) -> None:
        if not (before and before.external_ids) and not (after and after.external_ids):
            return
        rows = self.people.external_ids
        was, now = external_id_rows(before), external_id_rows(after)
        self.write(*(rows.dropped(key) for key in sorted(was.keys() - now.keys())))
        self.write(*(rows.put(now[key]) for key in sorted(now) if now[key] != was.get(key)))


def organizations_with_people(tables: Tables, account_id: AccountId) -> Iterator[OrganizationId]:
    """Every Organization of the account that has rows, those that were deleted included; one request for each."""
    table, below = tables.rest_table("people"), f"{account_id}|"
    last = table.first_after(below, end_of(below))
    while last is not None:
        organization_id = last.removeprefix(below)
        if is_organization_id(organization_id):  # no other account's whose id begins alike
            yield organization_id
        last = table.first_after(last, end_of(below))
