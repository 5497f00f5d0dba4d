"""The synced data of one tenant, under one epoch of its mapping, behind fences.

Table ``data``: PartitionKey ``<account>|<tenant>|<epoch>``, the main partition. RowKeys, in this order:
``!fence``; ``cursor:<data set>`` (columns body: a Cursor; parts, digest: a Mark); ``page:<data set>:<number>`` of a
reading that goes on (``shelf``); ``row:<data set>:<key>`` (columns body, print, tally). A data set of more than 8,000
rows is spread by key over up to 16 partitions: the main one and ``<account>|<tenant>|<epoch>|<01 to 15>``, each with a
fence of its own (``fences``).

Data is written first, cursors last, in the main partition. So a late sync of an older epoch, or the slower of
two runs, can never write, and a run that broke off is done again.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import TypeVar

import msgspec

from integrations.domain.datasets import Confirmed, Cursor, Outcome, Reading
from integrations.domain.ids import AccountId, TenantId
from integrations.storage.changes import Changes, Mark, Place, Plan, Seen, Writes, row_prefix
from integrations.storage.fences import (
    FENCE,
    MAIN,
    Fences,
    Superseded,
    Unwritten,
    close,
    overlapped,
    part_of,
    partition_of,
)
from integrations.storage.shelf import Shelf
from shared.tables import Row, Tables, Value, Write, chunks, end_of, upsert

__all__ = ["DataSession", "DataStore", "Superseded", "Unwritten", "Writes"]

T = TypeVar("T", bound=msgspec.Struct)

_CURSOR = "cursor:"
_ROW = "row:"
_ROWS_A_PAGE = 1000
# So long an unchanged cursor is not written again; Microsoft's delta links live for days.
_CURSORS_STAND = timedelta(hours=5)
_PAGES_STAND = timedelta(hours=2)  # so long the pages of a reading that was broken off are gone on from
_SEVERAL_READS = 140  # keys of one partition, ten requests: from here, reading all fingerprints is cheaper


class DataStore:
    """The rows of one (account, tenant, epoch)."""

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId, epoch: int) -> None:
        self.table = tables.bulk("data")
        self.base = f"{account_id}|{tenant_id}|{epoch}"

    def open(self, *, until: float = math.inf) -> "DataSession":
        """Begin a run: one query reads the fence and all cursors. After ``until`` it writes no further rows.

        Raises:
            Superseded: the epoch is closed, or another run is taking over at this moment.
        """
        rows = self.table.range(self.base, "", end_of(_CURSOR))
        main = next((row for row in rows if row.key == FENCE), None)
        fences = Fences(self.table, self.base, main, until)
        fences.take_over()
        return DataSession(self, fences, rows)

    def close(self) -> None:
        """End the epoch, so that whatever is still being written under it fails."""
        close(self.table, self.base)

    def cursors(self, confirmed: Confirmed | None = None) -> dict[str, Cursor]:
        """Where every data set stands, with what a later run confirmed without writing it."""
        found = _cursors(self.table.prefix(self.base, _CURSOR))
        return {name: confirmed.applied(cursor) for name, cursor in found.items()} if confirmed else found

    def list(self, dataset: str, model: type[T], *, after: str = "", limit: int = 100) -> list[tuple[str, T]]:
        """Rows of a data set with their keys, in key order, those after the key ``after``."""
        prefix, row = row_prefix(dataset), self.table.get(self.base, _CURSOR + dataset)
        parts = _mark(row).parts if row else 1
        start = prefix + (f"{after}\u0020" if after else "")

        def read(part: int) -> list[tuple[str, Row]]:
            rows = self.table.range(partition_of(self.base, part), start, end_of(prefix), limit=limit)
            keyed = ((row.key.removeprefix(prefix), row) for row in rows)
            return [(key, row) for key, row in keyed if part_of(key, parts) == part]

        merged = heapq.merge(*overlapped(read, range(parts)), key=lambda it: it[0])
        return [(key, msgspec.json.decode(row.text("body"), type=model)) for key, row in islice(merged, limit)]

    def everything(self) -> Iterator[tuple[str, str, str]]:
        """Every row that counts, as it is written down: data set, key and text; cursors as data set ``dataset``."""
        cursors = self.table.prefix(self.base, _CURSOR)
        parts = {row.key.removeprefix(_CURSOR): _mark(row).parts for row in cursors}
        for row in cursors:
            yield "dataset", row.key.removeprefix(_CURSOR), row.text("body")
        for part in range(max(parts.values(), default=1)):
            for row in self._pages(partition_of(self.base, part)):
                _, dataset, key = row.key.split(":", 2)
                if part_of(key, parts.get(dataset, 1)) == part:
                    yield dataset, key, row.text("body")

    def _pages(self, partition: str) -> Iterator[Row]:
        """All data rows of a partition; a few are in memory at a time."""
        start = _ROW
        while True:
            rows = self.table.range(partition, start, end_of(_ROW), columns=["body"], limit=_ROWS_A_PAGE)
            yield from rows
            if len(rows) < _ROWS_A_PAGE:
                return
            start = f"{rows[-1].key}\u0020"

    def places(self, dataset: str, parts: int) -> dict[Place, Seen]:
        """Fingerprints of all stored rows of a data set, wherever they are in so many partitions."""

        def read(part: int) -> list[tuple[Place, Seen]]:
            prefix = row_prefix(dataset)
            rows = self.table.prefix(partition_of(self.base, part), prefix, columns=["print", "tally"])
            return [((part, row.key.removeprefix(prefix)), _seen(row)) for row in rows]

        return dict(it for found in overlapped(read, range(parts)) for it in found)

    def prints(self, dataset: str, keys: Sequence[str] | None, parts: int) -> dict[str, Seen]:
        """Fingerprints by key: of all stored rows, or of those with the given keys."""
        prefix = row_prefix(dataset)
        wanted: dict[int, list[str]] = {part: [] for part in range(parts)} if keys is None else {}
        for key in keys or ():
            wanted.setdefault(part_of(key, parts), []).append(key)

        def read(part: int) -> list[tuple[str, Seen]]:
            partition, some = partition_of(self.base, part), wanted[part]
            if keys is None or len(some) > _SEVERAL_READS:
                rows = self.table.prefix(partition, prefix, columns=["print", "tally"])
            else:
                rows = self.table.find(partition, [prefix + key for key in some], columns=["print", "tally"])
            keyed = ((row.key.removeprefix(prefix), _seen(row)) for row in rows)
            return [(key, seen) for key, seen in keyed if part_of(key, parts) == part]

        return dict(it for found in overlapped(read, list(wanted)) for it in found)


class DataSession:
    """One run's writing: it holds the fences as they were when the run began."""

    def __init__(self, store: DataStore, fences: Fences, rows: Iterable[Row]) -> None:
        rows = list(rows)
        self._store = store
        self._fences = fences
        self._marks = {row.key.removeprefix(_CURSOR): _mark(row) for row in rows if row.key.startswith(_CURSOR)}
        self._moved: list[Writes] = []
        self._is_news = fences.is_unfinished
        self.cursors = _cursors(rows)
        self._shelf = Shelf(store.table, store.base)

    def kept(self, dataset: str, now: datetime) -> dict[str, bytes]:
        """Pages of a reading that was broken off and may go on; none when there is no such, or it is too old."""
        cursor = self.cursors.get(dataset)
        if cursor is None or cursor.kept_at is None or now - cursor.kept_at > _PAGES_STAND:
            return {}
        return self._shelf.read(dataset, cursor.kept_rows)

    def keep(
        self, cursor: Cursor, pages: Mapping[str, bytes], now: datetime, *, is_resumed: bool
    ) -> tuple[Writes, Cursor]:
        """Writes that keep what a part has read, behind what is kept if that counts, and the cursor that tells so."""
        taken, cursor = ({}, cursor) if is_resumed else self.unkeep(cursor)
        added = self._shelf.added(cursor.dataset, cursor.kept_rows, pages)
        taken_only = [it for it in taken.get(MAIN, ()) if it.row.key not in {new.row.key for new in added}]
        kept_rows = cursor.kept_rows + len(added)
        cursor = msgspec.structs.replace(cursor, kept_rows=kept_rows, kept_at=cursor.kept_at or now)
        return {MAIN: taken_only + added}, cursor

    def unkeep(self, cursor: Cursor) -> tuple[Writes, Cursor]:
        """Writes that take kept pages away, and the cursor that tells of none."""
        if not cursor.kept_rows and not self._fences.was_unfinished:
            return {}, cursor
        taken = self._shelf.cleared(cursor.dataset)
        return {MAIN: taken}, msgspec.structs.replace(cursor, kept_rows=0, kept_at=None)

    def plan(self, dataset: str, reading: Reading, now: datetime) -> Plan:
        """Compare a reading with what is stored; only differences become writes."""
        before = self.cursors.get(dataset)
        changes = Changes(self._store, dataset, self._marks.get(dataset), is_sure=not self._fences.was_unfinished)
        if reading.is_complete:
            plan = changes.after_complete(reading, before, now)
        else:
            plan = changes.after_delta(reading, before, now)
        self._marks[dataset] = plan.mark
        self._moved.append(plan.moved)
        self._is_news |= plan.is_news
        return plan

    def says_nothing_new(self, cursors: Iterable[Cursor]) -> bool:
        """Whether the run found all to be as the stored cursors say, and these are young enough to stand."""
        return not self._is_news and all(self._is_confirmed(cursor) for cursor in cursors)

    def _is_confirmed(self, cursor: Cursor) -> bool:
        known = self.cursors.get(cursor.dataset)
        return (
            known is not None
            and cursor.attempted_at - known.attempted_at < _CURSORS_STAND
            and _told(known) == _told(cursor)
        )

    def commit(self, writes: Iterable[Writes], cursors: Iterable[Cursor], *, is_last: bool = True) -> None:
        """Write data first and cursors last, each transaction guarded by the fence of its partition.

        Until the commit that ``is_last``, the session counts as one that has not come to its end.

        Raises:
            Superseded: a fence was moved; the transactions before stand, this and later ones do not.
            Unwritten: the session's time is over; the transactions before stand, and it is not told as read.
        """
        elsewhere = _together(writes)
        here = elsewhere.pop(MAIN, iter(()))
        if elsewhere:
            self._write_elsewhere(elsewhere)
        moved, self._moved = _together(self._moved), []
        told = (upsert(self._cursor_row(cursor)) for cursor in cursors)
        self._write_here(chain(here, told), is_last=is_last and not moved)
        if moved:
            here = moved.pop(MAIN, iter(()))
            self._write_elsewhere(moved)
            self._write_here(here, is_last=is_last)
        self._is_news = not is_last

    def _write_elsewhere(self, by_part: Writes) -> None:
        self._fences.claim(max(by_part, default=MAIN) + 1)
        overlapped(lambda part: self._fences.write_part(part, by_part[part]), list(by_part))

    def _write_here(self, writes: Iterable[Write], *, is_last: bool) -> None:
        parts = chunks(writes, spare=1)
        part = next(parts, [] if self._fences.is_unfinished else None)
        while part is not None:
            following = next(parts, None)
            self._fences.write_main(part, is_last=is_last and following is None)
            part = following

    def _cursor_row(self, cursor: Cursor) -> Row:
        mark = self._marks.get(cursor.dataset, Mark())
        body = msgspec.json.encode(cursor).decode()
        columns: dict[str, Value] = {"body": body, "parts": mark.parts, "digest": mark.digest}
        return Row(self._store.base, _CURSOR + cursor.dataset, columns)


def _together(found: Iterable[Writes]) -> dict[int, Iterator[Write]]:
    """The writes of several data sets by partition, each partition's one after the other."""
    by_part: dict[int, list[Iterable[Write]]] = {}
    for it in found:
        for part, writes in it.items():
            by_part.setdefault(part, []).append(writes)
    return {part: chain.from_iterable(writes) for part, writes in by_part.items()}


def _cursors(rows: Iterable[Row]) -> dict[str, Cursor]:
    found = [msgspec.json.decode(row.text("body"), type=Cursor) for row in rows if row.key.startswith(_CURSOR)]
    return {cursor.dataset: cursor for cursor in found}


def _told(cursor: Cursor) -> tuple[Outcome, str, int, int, int]:
    return cursor.outcome, cursor.error, cursor.held_back, cursor.kept_rows, cursor.odd


def _mark(row: Row) -> Mark:
    return Mark(int(row.values.get("parts", 1)), str(row.values.get("digest", "")))


def _seen(row: Row) -> Seen:
    return Seen(row.text("print"), row.text("tally"))
