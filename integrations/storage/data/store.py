"""The synced data of one tenant, under one epoch of its mapping, behind fences.

Table ``data``: PartitionKey ``<account>|<tenant>|<epoch>``, the main partition. RowKeys, in this order:
``!fence``; ``changed:<data set>`` (``pending``); ``cursor:<data set>`` (columns body: a Cursor; parts, digest: a
Layout); ``page:<data set>:<number>`` (``checkpoints``); ``row:<data set>:<key>`` (columns of ``records``). A data set
of more than 8,000 rows is spread by key over up to 16 partitions: the main one and
``<account>|<tenant>|<epoch>|<01 to 15>``, each with a fence of its own (``fences``). The results of evaluations are in
partitions beside them (``derived``).

Data is written first, cursors last, in the main partition. So a late sync of an older epoch, or the slower of two
runs, can never write, and an interrupted run is repeated.
"""

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import NamedTuple, TypeVar

import msgspec

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.sync.datasets import LONG_ROWS, Confirmed, Cursor
from integrations.storage.data.changes import Place, Writes
from integrations.storage.data.fences import (
    FENCE,
    Fences,
    Superseded,
    Unwritten,
    close,
    derived_base,
    overlapped,
    part_of,
    partition_of,
)
from integrations.storage.data.pending import Pending, PendingMarker, deletions, pending_of
from integrations.storage.data.records import (
    FINGERPRINT,
    KIND,
    ROWS,
    StoredFingerprint,
    body_of,
    row_prefix,
    stored_fingerprint,
)
from integrations.storage.data.session import CURSOR, DataSession, cursors_of, layout_of, parts_of
from integrations.storage.data.stored_rows import EVERYTHING, SEVERAL_READS, StoredRows, neighbours, pages
from shared.storage.tables import Row, RowChanged, Tables, chunks, end_of

__all__ = ["DataSession", "DataStore", "StoredData", "Superseded", "Unwritten", "Writes"]

T = TypeVar("T", bound=msgspec.Struct)

_FEW_ROWS_OF_ONE = 50  # of one data set: several of them are one request
_FEW_ROWS = 500  # of all data sets together: to read all is one request, and takes less than a few of single rows


class StoredData(NamedTuple):
    """All data sets as stored: cursors, changes that no evaluation has processed yet, and a reader of rows."""

    cursors: dict[str, Cursor]
    pending: dict[str, Pending]
    rows: StoredRows

    def confirmed(self, confirmed: Confirmed | None) -> "StoredData":
        """The same, with cursors updated by what a later run ``confirmed`` without writing it."""
        if confirmed is None:
            return self
        return self._replace(cursors={name: confirmed.applied(it) for name, it in self.cursors.items()})


class DataStore:
    """The rows of one (account, tenant, epoch)."""

    holds_back: bool = True
    kind_of_cursor: str = "dataset"

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId, epoch: int) -> None:
        self.table = tables.rest_table("data")
        self.base = f"{account_id}|{tenant_id}|{epoch}"

    def open(self, *, until: float = math.inf, marker: PendingMarker | None = None) -> "DataSession":
        """Begin a session: one query reads the fence, marks and all cursors.

        After ``until`` (``time.monotonic``) it writes no more rows. With ``marker``, changes are marked for
        evaluations.

        Raises:
            Superseded: the epoch is closed, or another session is taking over at the same time.
        """
        rows = self._beginning()
        main = next((row for row in rows if row.key == FENCE), None)
        fences = Fences(self.table, self.base, main, until)
        fences.take_over()
        return DataSession(self, self.table, fences, rows, marker)

    def _beginning(self) -> list[Row]:
        """The fence, the marks and the cursors, which come first in the main partition."""
        return self.table.range(self.base, "", end_of(CURSOR))

    def close(self) -> None:
        """End the epoch: later writes of synced and derived rows fail."""
        close(self.table, self.base)
        close(self.table, derived_base(self.base))

    def state(self, confirmed: Confirmed | None = None) -> StoredData:
        """Cursors and pending changes, read by one query; ``confirmed`` as for ``cursors``."""
        rows = self._beginning()
        cursors = cursors_of(rows)
        return StoredData(cursors, pending_of(rows), self._rows(cursors, parts_of(rows))).confirmed(confirmed)

    def _rows(self, cursors: Mapping[str, Cursor], parts: Mapping[str, int]) -> StoredRows:
        counts = {name: sum(it.counts_by_kind.values()) for name, it in cursors.items()}
        is_small = sum(counts.values()) <= _FEW_ROWS and max(parts.values(), default=1) == 1
        undivided = {name for name in counts.keys() - LONG_ROWS if parts.get(name, 1) == 1}
        few = {name for name in undivided if counts[name] <= _FEW_ROWS_OF_ONE}
        return StoredRows(self.table, self.base, parts, [EVERYTHING] if is_small else neighbours(few, counts))

    def consume(self, pending: Mapping[str, Pending]) -> None:
        """Delete marks that evaluations have processed; a mark that was changed since it was read stays."""
        for some in chunks(deletions(self.base, pending)):
            try:
                self.table.write(*some)
            except RowChanged:
                for it in some:
                    with suppress(RowChanged):
                        self.table.write(it)

    def cursors(self, confirmed: Confirmed | None = None) -> dict[str, Cursor]:
        """Every data set's cursor, updated by what a later run ``confirmed`` without writing it."""
        stored = cursors_of(self.table.prefix(self.base, CURSOR))
        return {name: confirmed.applied(cursor) for name, cursor in stored.items()} if confirmed else stored

    def list(self, dataset: str, model: type[T], *, after: str = "", limit: int = 100) -> list[tuple[str, T]]:
        """Rows of a data set with their keys, in key order, after the key ``after``."""
        prefix, row = row_prefix(dataset), self.table.get(self.base, CURSOR + dataset)
        parts = layout_of(row).parts if row else 1
        start = prefix + (f"{after}\u0020" if after else "")

        def read(part: int) -> list[tuple[str, Row]]:
            rows = self.table.range(partition_of(self.base, part), start, end_of(prefix), limit=limit)
            keyed = ((row.key.removeprefix(prefix), row) for row in rows)
            return [(key, row) for key, row in keyed if part_of(key, parts) == part]

        merged = heapq.merge(*overlapped(read, range(parts)), key=lambda it: it[0])
        return [(key, msgspec.json.decode(body_of(row), type=model)) for key, row in islice(merged, limit)]

    def everything(self) -> Iterator[tuple[str, str, str]]:
        """Every valid row: data set, key and stored JSON.

        Cursors have the data set ``dataset`` (``evaluation`` for derived rows), marks of changes ``changed``.
        """
        rows = self._beginning()
        for dataset, pending in pending_of(rows).items():
            yield "changed", dataset, pending.text
        for row in rows:
            if row.key.startswith(CURSOR):
                yield self.kind_of_cursor, row.key.removeprefix(CURSOR), row.text("body")
        parts = parts_of(rows)
        for part in range(max(parts.values(), default=1)):
            for row in pages(self.table, partition_of(self.base, part), ROWS):
                _, dataset, key = row.key.split(":", 2)
                if part_of(key, parts.get(dataset, 1)) == part:
                    yield dataset, key, body_of(row)

    def places(self, dataset: str, parts: int) -> dict[Place, StoredFingerprint]:
        """Fingerprints of all stored rows of a data set, in whichever of so many partitions they are."""

        def read(part: int) -> list[tuple[Place, StoredFingerprint]]:
            prefix = row_prefix(dataset)
            rows = self.table.prefix(partition_of(self.base, part), prefix, columns=[FINGERPRINT, KIND])
            return [((part, row.key.removeprefix(prefix)), stored_fingerprint(row)) for row in rows]

        return dict(chain.from_iterable(overlapped(read, range(parts))))

    def fingerprints(self, dataset: str, keys: Sequence[str] | None, parts: int) -> dict[str, StoredFingerprint]:
        """Fingerprints by key: of all stored rows, or of those with these keys."""
        prefix = row_prefix(dataset)
        by_part: dict[int, list[str]] = {part: [] for part in range(parts)} if keys is None else {}
        for key in keys or ():
            by_part.setdefault(part_of(key, parts), []).append(key)

        def read(part: int) -> list[tuple[str, StoredFingerprint]]:
            partition, some = partition_of(self.base, part), by_part[part]
            if keys is None or len(some) > SEVERAL_READS:
                rows = self.table.prefix(partition, prefix, columns=[FINGERPRINT, KIND])
            else:
                rows = self.table.find(partition, [prefix + key for key in some], columns=[FINGERPRINT, KIND])
            keyed = ((row.key.removeprefix(prefix), stored_fingerprint(row)) for row in rows)
            return [(key, fingerprint) for key, fingerprint in keyed if part_of(key, parts) == part]

        return dict(chain.from_iterable(overlapped(read, list(by_part))))
