"""One session's writing of data: what readings change, marks of that for evaluations, and cursors, behind fences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

import msgspec

from integrations.domain.retention import READING_CHECKPOINTS
from integrations.domain.sync.datasets import Cursor, DatasetOutcome, Reading
from integrations.storage.data.changes import Changes, Mark, Plan, StoredState, Writes
from integrations.storage.data.checkpoints import CheckpointStore
from integrations.storage.data.fences import MAIN, Fences, overlapped
from integrations.storage.data.pending import PendingChanges, PendingMarker, pending_of
from integrations.storage.data.stored_rows import StoredRows
from shared.storage.rest_table import RestTable
from shared.storage.tables import Row, Value, Write, chunks, upsert

CURSOR = "cursor:"
# So long an unchanged cursor is not written again; Microsoft's delta links live for days.
_CURSORS_STAND = timedelta(hours=5)


class DataSession:
    """One run's writing: it holds the fences as they were when the run began."""

    def __init__(
        self, store: StoredState, table: RestTable, fences: Fences, rows: Sequence[Row], marking: PendingMarker | None
    ) -> None:
        """``rows`` are the fence, the marks and the cursors."""
        self._store = store
        self._fences = fences
        self._marks = {row.key.removeprefix(CURSOR): mark_of(row) for row in rows if row.key.startswith(CURSOR)}
        self._moved: list[Writes] = []
        self._is_news = fences.is_unfinished
        self.cursors = cursors_of(rows)
        self._changed = PendingChanges(store.base, pending_of(rows), marking, is_doubtful=fences.was_unfinished)
        self._rows = StoredRows(table, store.base, parts_of(rows))
        self._shelf = CheckpointStore(table, store.base)

    @property
    def is_sure(self) -> bool:
        """Whether the session before came to its end, so that rows are as their cursors say."""
        return not self._fences.was_unfinished

    @property
    def rows(self) -> StoredRows:
        """The rows as they are spread at the beginning of the session."""
        return self._rows

    @property
    def has_changes(self) -> bool:
        """Whether rows have changed, in this session or before, that no evaluation has used yet."""
        return bool(self._changed.pending)

    def kept(self, dataset: str, now: datetime) -> dict[str, bytes]:
        """Pages of a reading that was broken off and may go on; none when there is no such, or it is too old."""
        cursor = self.cursors.get(dataset)
        if cursor is None or cursor.kept_at is None or now - cursor.kept_at > READING_CHECKPOINTS:
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
        changes = Changes(self._store, dataset, self._marks.get(dataset), is_sure=self.is_sure)
        if reading.is_complete:
            plan = changes.after_complete(reading, before, now)
        else:
            plan = changes.after_delta(reading, before, now)
        self._marks[dataset] = plan.mark
        self._moved.append(plan.moved)
        self._changed.add(dataset, plan.keys)
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
        """Write data first, then marks, and cursors last, each transaction guarded by the fence of its partition.

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
        self._write_here(chain(here, self._changed.writes(), told), is_last=is_last and not moved)
        if moved:
            here = moved.pop(MAIN, iter(()))
            self._write_elsewhere(moved)
            self._write_here(here, is_last=is_last)
        self._is_news = not is_last

    def confirm(self) -> None:
        """Make sure, by moving the fence, that nobody has written since the session began.

        Raises:
            Superseded: somebody has.
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
        mark = self._marks.get(cursor.dataset, Mark())
        body = msgspec.json.encode(cursor).decode()
        columns: dict[str, Value] = {"body": body, "parts": mark.parts, "digest": mark.digest}
        return Row(self._store.base, CURSOR + cursor.dataset, columns)


def _together(found: Iterable[Writes]) -> dict[int, Iterator[Write]]:
    """The writes of several data sets by partition, each partition's one after the other."""
    by_part: dict[int, list[Iterable[Write]]] = {}
    for it in found:
        for part, writes in it.items():
            by_part.setdefault(part, []).append(writes)
    return {part: chain.from_iterable(writes) for part, writes in by_part.items()}


def cursors_of(rows: Iterable[Row]) -> dict[str, Cursor]:
    found = [msgspec.json.decode(row.text("body"), type=Cursor) for row in rows if row.key.startswith(CURSOR)]
    return {cursor.dataset: cursor for cursor in found}


def _told(cursor: Cursor) -> tuple[DatasetOutcome, str, int, int, int]:
    return cursor.outcome, cursor.error, cursor.held_back, cursor.kept_rows, cursor.odd


def parts_of(rows: Iterable[Row]) -> dict[str, int]:
    return {row.key.removeprefix(CURSOR): mark_of(row).parts for row in rows if row.key.startswith(CURSOR)}


def mark_of(row: Row) -> Mark:
    return Mark(int(row.values.get("parts", 1)), str(row.values.get("digest", "")))
