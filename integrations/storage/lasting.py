"""Rows of ONE tenant of an account that outlive the epochs of its mapping, in one partition behind a head.

PartitionKey is ``<account>|<tenant>|lasting``, RowKey ``<kind>:<id>``, column ``body`` as of every document. Every
transaction of a batch replaces the partition's head at the version that was read before anything else. So settings,
decisions, runs and removals never meet.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from integrations.domain.ids import AccountId, TenantId
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Documents, RowKind, Stored, all_rows, find_several
from shared.storage.tables import MAX_OPERATIONS, Row, RowChanged, RowExists, Table, Write, delete

HEAD_KEY = "current"

Head = TypeVar("Head", bound=msgspec.Struct)
Document = TypeVar("Document", bound=msgspec.Struct)


class LastingRows(Generic[Head]):
    """The rows of one tenant, to be read. ``batch`` begins a change of them."""

    def __init__(
        self,
        table: Table,
        account_id: AccountId,
        tenant_id: TenantId,
        head: RowKind[Head],
        kinds: Mapping[str, RowKind[Any]],
    ) -> None:
        self._table = table
        self._partition = f"{account_id}|{tenant_id}|lasting"
        self._empty = head.model
        self._kinds = kinds
        self.heads = self.documents(head)

    def documents(self, kind: RowKind[Document]) -> Documents[Document]:
        """All rows of one kind."""
        return Documents(self._table, self._partition, kind)

    def find_head(self) -> Stored[Head] | None:
        return self.heads.find(HEAD_KEY)

    def batch(self) -> "LastingBatch[Head]":
        """A change of what is there now."""
        return self.batch_on(self.find_head())

    def batch_on(self, head: Stored[Head] | None) -> "LastingBatch[Head]":
        """A change of what is read after this head was."""
        return LastingBatch(self, head, self._empty())

    def find_several(self, *wanted: tuple[Documents[Any], str]) -> list[Stored[Any] | None]:
        """As ``documents.find_several``."""
        return find_several(self._table, self._partition, wanted)

    def everything(self) -> Iterator[tuple[RowKind[Any], str, str]]:
        """Every row in key order: its kind, id and stored JSON; not those of kinds we do not know."""
        return all_rows(self._table, self._partition, self._kinds)

    def delete_all(self) -> int:
        """Delete every row, the head last; returns how many. Whoever began to write before fails."""
        deleted = 0
        while rows := self._table.range(self._partition, columns=[], limit=MAX_OPERATIONS):
            others = [it for it in rows if it.key != self.heads.row_key(HEAD_KEY)] or rows
            self.commit(*(delete(Row(self._partition, it.key)) for it in others))
            deleted += len(others)
        return deleted

    def commit(self, *writes: Write) -> str:
        """Write all or nothing; returns the new ETag of the first row.

        Raises:
            VersionConflict: a row was changed, added or deleted since it was read; nothing was written.
        """
        try:
            return self._table.write(*writes)
        except (RowChanged, RowExists) as error:
            raise VersionConflict from error


class LastingBatch(Generic[Head]):
    """A change in transactions, on what was read after the batch was begun.

    After ``commit`` it goes on with the next transaction, as long as nobody else writes in between.
    """

    def __init__(self, store: LastingRows[Head], stored: Stored[Head] | None, empty: Head) -> None:
        self._store = store
        self.head = stored.value if stored else empty
        self._before = self.head
        self._etag = stored.etag if stored else ""
        self._writes: dict[str, Write] = {}

    @property
    def is_new(self) -> bool:
        """Whether nothing was written before."""
        return not self._etag

    @property
    def is_empty(self) -> bool:
        return not self._writes and self.head == self._before

    def has_room(self, writes: int) -> bool:
        """Whether so many more rows fit into this transaction, which has one for the head."""
        return len(self._writes) + writes < MAX_OPERATIONS

    def set_head(self, **changes: Any) -> None:
        self.head = msgspec.structs.replace(self.head, **changes)

    def write(self, *writes: Write) -> None:
        """Add writes; of two for one row the later one counts."""
        for it in writes:
            self._writes[it.row.key] = it

    def write_many(self, writes: Sequence[Write]) -> None:
        """Add writes, and commit those before them as often as they do not fit."""
        for it in writes:
            if not self.has_room(1):
                self.commit()
            self.write(it)

    def commit(self) -> None:
        """Write what was added, together with the head.

        Raises:
            VersionConflict: somebody else changed the tenant's rows since they were read.
        """
        heads = self._store.heads
        first = heads.saved(Stored(self.head, self._etag)) if self._etag else heads.added(self.head)
        self._etag = self._store.commit(first, *self._writes.values())
        self._before, self._writes = self.head, {}
