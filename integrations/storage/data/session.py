"""One session of writing data behind fences: changed rows, marks of changes for evaluations, and cursors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

import msgspec

from integrations.domain.retention import READING_CHECKPOINTS
from integrations.domain.sync.cadence import CURSOR_REWRITTEN_EVERY
from integrations.domain.sync.datasets import Cursor, DatasetOutcome, Reading
from integrations.storage.data.changes import Changes, Layout, StoredState, WritePlan, Writes
from integrations.storage.data.checkpoints import CheckpointStore
from integrations.storage.data.fences import MAIN, Fences, overlapped
from integrations.storage.data.pending import PendingChanges, PendingMarker, pending_of
from integrations.storage.data.stored_rows import StoredRows
from shared.storage.table_clients.rest_table import RestTable
from shared.storage.tables import Row, Value, Write, chunks, upsert

CURSOR = "cursor:"


class DataSession:
    """What one run writes; it knows the fences as they were when the run began."""

    def __init__(
        self, store: StoredState, table: RestTable, fences: Fences, rows: Sequence[Row], marker: PendingMarker | None
    ) -> None:
        """``rows`` are the main fence, the marks of changes and the cursors."""
        self._store = store
        self._table = table
        self._fences = fences
        self._layouts = {row.key.removeprefix(CURSOR): layout_of(row) for row in rows if row.key.startswith(CURSOR)}
        self._moved: list[Writes] = []
        self._must_write_cursors = fences.is_unfinished
        self.cursors = cursors_of(rows)
        self._changed = PendingChanges(store.base, pending_of(rows), marker, is_doubtful=fences.was_unfinished)
        self._rows = StoredRows(table, store.base, parts_of(rows))
        self._checkpoints = CheckpointStore(table, store.base)

    @property
    def is_sure(self) -> bool:
        """Whether the previous session finished, so that rows and cursors agree."""
        return not self._fences.was_unfinished

    @property
    def rows(self) -> StoredRows:
        """The rows, in their partitions as of the beginning of the session."""
        return self._rows

    @property
    def written_rows(self) -> StoredRows:
        """The rows, in their partitions as of the last commit."""
        return StoredRows(self._table, self._store.base, {name: it.parts for name, it in self._layouts.items()})

    @property
    def has_changes(self) -> bool:
        """Whether there are changes, of this session or earlier, that no evaluation has processed yet."""
        return bool(self._changed.pending)

    def has_changed(self, dataset: str) -> bool:
        """Whether rows of a data set changed, in this session or earlier, and no evaluation has processed that yet."""
        return dataset in self._changed.pending

    def saved_pages(self, dataset: str, now: datetime) -> dict[str, bytes]:
        """The pages of an interrupted reading that may continue; empty when there is none or it is too old."""
        cursor = self.cursors.get(dataset)
        if cursor is None or cursor.kept_at is None or now - cursor.kept_at > READING_CHECKPOINTS:
            return {}
        return self._checkpoints.read(dataset, cursor.kept_rows)

    def save_pages(
        self, cursor: Cursor, pages: Mapping[str, bytes], now: datetime, *, is_resumed: bool
    ) -> tuple[Writes, Cursor]:
        """Writes that save the pages a part has read, after earlier parts' if ``is_resumed``; and the cursor."""
        deleted, cursor = ({}, cursor) if is_resumed else self.discard_pages(cursor)
        added = self._checkpoints.added(cursor.dataset, cursor.kept_rows, pages)
        only_deleted = [it for it in deleted.get(MAIN, ()) if it.row.key not in {new.row.key for new in added}]
        kept_rows = cursor.kept_rows + len(added)
        cursor = msgspec.structs.replace(cursor, kept_rows=kept_rows, kept_at=cursor.kept_at or now)
        return {MAIN: only_deleted + added}, cursor

    def discard_pages(self, cursor: Cursor) -> tuple[Writes, Cursor]:
        """Writes that delete saved pages, and the cursor without them."""
        if not cursor.kept_rows and not self._fences.was_unfinished:
            return {}, cursor
        deletions = self._checkpoints.cleared(cursor.dataset)
        return {MAIN: deletions}, msgspec.structs.replace(cursor, kept_rows=0, kept_at=None)

    def plan(self, dataset: str, reading: Reading, now: datetime) -> WritePlan:
        """Compare a reading with what is stored; only differences become writes."""
        before = self.cursors.get(dataset)
        changes = Changes(self._store, dataset, self._layouts.get(dataset), is_sure=self.is_sure)
        if reading.is_complete:
            plan = changes.after_complete(reading, before, now)
        else:
            plan = changes.after_delta(reading, before, now)
        self._layouts[dataset] = plan.layout
        self._moved.append(plan.moved)
        self._changed.add(dataset, plan.keys)
        self._must_write_cursors |= plan.must_write_cursor
        return plan

    def is_unchanged(self, cursors: Iterable[Cursor]) -> bool:
        """Whether nothing differs from the stored cursors, and these are recent enough not to be written again."""
        return not self._must_write_cursors and all(self._is_confirmed(cursor) for cursor in cursors)

    def _is_confirmed(self, cursor: Cursor) -> bool:
        known = self.cursors.get(cursor.dataset)
        return (
            known is not None
            and cursor.attempted_at - known.attempted_at < CURSOR_REWRITTEN_EVERY
            and _content(known) == _content(cursor)
        )

    def commit(self, writes: Iterable[Writes], cursors: Iterable[Cursor], *, is_last: bool = True) -> None:
        """Write data first, then marks, and cursors last, each transaction guarded by the fence of its partition.

        Until the commit with ``is_last``, the session counts as unfinished.

        Raises:
            Superseded: a fence was moved; earlier transactions were written, this and later ones were not.
            Unwritten: the session's time is over; earlier transactions were written, the cursors were not.
        """
        elsewhere = _together(writes)
        here = elsewhere.pop(MAIN, iter(()))
        if elsewhere:
            self._write_elsewhere(elsewhere)
        moved, self._moved = _together(self._moved), []
        cursor_writes = (upsert(self._cursor_row(cursor)) for cursor in cursors)
        self._write_here(chain(here, self._changed.writes(), cursor_writes), is_last=is_last and not moved)
        if moved:
            here = moved.pop(MAIN, iter(()))
            self._write_elsewhere(moved)
            self._write_here(here, is_last=is_last)
        self._must_write_cursors = not is_last

    def confirm(self) -> None:
        """Verify, by moving the fence, that no other session has written since this one began.

        Raises:
            Superseded: another session has.
        """
        self._fences.write_main([], is_last=True)

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
        layout = self._layouts.get(cursor.dataset, Layout())
        body = msgspec.json.encode(cursor).decode()
        columns: dict[str, Value] = {"body": body, "parts": layout.parts, "digest": layout.digest}
        return Row(self._store.base, CURSOR + cursor.dataset, columns)


def _together(several: Iterable[Writes]) -> dict[int, Iterator[Write]]:
    """The writes of several data sets, joined by partition."""
    by_part: dict[int, list[Iterable[Write]]] = {}
    for of_dataset in several:
        for part, writes in of_dataset.items():
            by_part.setdefault(part, []).append(writes)
    return {part: chain.from_iterable(writes) for part, writes in by_part.items()}


def cursors_of(rows: Iterable[Row]) -> dict[str, Cursor]:
    cursors = [msgspec.json.decode(row.text("body"), type=Cursor) for row in rows if row.key.startswith(CURSOR)]
    return {cursor.dataset: cursor for cursor in cursors}


def _content(cursor: Cursor) -> tuple[DatasetOutcome, str, int, int, int, int]:
    return cursor.outcome, cursor.error, cursor.held_back, cursor.kept_rows, cursor.odd, cursor.version


def parts_of(rows: Iterable[Row]) -> dict[str, int]:
    return {row.key.removeprefix(CURSOR): layout_of(row).parts for row in rows if row.key.startswith(CURSOR)}


def layout_of(row: Row) -> Layout:
    return Layout(int(row.values.get("parts", 1)), str(row.values.get("digest", "")))
