"""What one reading of one data set changes: only differences from what is stored become writes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import NamedTuple, Protocol

import msgspec

from integrations.domain.sync.changed_keys import ALL, NONE, Keys, keys_of
from integrations.domain.sync.datasets import Counts, Cursor, DatasetOutcome, Reading, is_mass_loss
from integrations.storage.data.fences import part_of, partition_of, parts_for
from integrations.storage.data.records import LatestRecords, StoredFingerprint, row_prefix
from shared.storage.tables import Row, RowNotStorable, Write, delete, upsert


@dataclass(frozen=True, slots=True)
class Layout:
    """How a data set is stored, kept beside its cursor.

    ``parts`` is the number of partitions its rows are spread over; ``digest`` is a fingerprint of all rows after a
    full reading, "" after any other.
    """

    parts: int = 1
    digest: str = ""


# Writes by the number of their partition. They are made while they are written, once, so that those of a hundred
# thousand rows are never in memory together.
Writes = Mapping[int, Iterable[Write]]

Place = tuple[int, str]  # the partition's number, and the record's key


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What one reading changes: the writes, the numbers of rows changed, and the cursor after them.

    ``must_write_cursor``: its content or its link has changed. ``moved`` are deletions that follow once the cursor is
    stored, of rows that were written to other partitions. ``keys`` are those of changed rows.
    """

    writes: Writes
    counts: Counts
    cursor: Cursor
    layout: Layout
    must_write_cursor: bool = True
    moved: Writes = field(default_factory=dict)
    keys: Keys = NONE


class _Changed(NamedTuple):
    """Keys of records to write, by part; how many are new or changed for readers, and the keys of these."""

    by_part: dict[int, list[str]]
    counts: Counts
    keys: list[str]


class StoredState(Protocol):
    """What planning reads from the store; keys are those of records.

    ``holds_back``: rows come from Microsoft, which may leave out existing ones by mistake.
    """

    base: str
    holds_back: bool

    def places(self, dataset: str, parts: int) -> dict[Place, StoredFingerprint]: ...

    def fingerprints(self, dataset: str, keys: Sequence[str] | None, parts: int) -> dict[str, StoredFingerprint]: ...


class Changes:
    """Turns one reading of one data set into writes.

    ``layout`` is None when the data set has no cursor. ``is_sure`` is false when earlier rows may have been written
    without their cursor: then the stored rows are read instead of relying on the cursor.
    """

    def __init__(self, stored: StoredState, dataset: str, layout: Layout | None, *, is_sure: bool = True) -> None:
        self._stored = stored
        self._dataset = dataset
        self._layout = layout or Layout()
        self._is_sure = is_sure
        self._is_new = is_sure and layout is None  # nothing can be stored: storage need not be read

    def after_complete(self, reading: Reading, before: Cursor | None, now: datetime) -> WritePlan:
        """The plan after a full reading. Rows that are missing in it are deleted, unless too many are at once."""
        latest = self._latest(reading)
        is_doubtful = bool(reading.lost or latest.lost)
        digest = "" if is_doubtful else latest.digest()
        if before and self._is_same(digest, before):
            cursor = _fresh(self._dataset, reading, before.counts_by_kind, now)
            return WritePlan({}, Counts(), cursor, self._layout, must_write_cursor=cursor.link is not None)
        layout = Layout(max(self._layout.parts, parts_for(len(latest.records))), digest)
        stored = {} if self._is_new else self._stored.places(self._dataset, layout.parts)
        visible = {key: it for (part, key), it in stored.items() if part == part_of(key, self._layout.parts)}
        vanished = [key for key in visible if key not in latest.records]
        is_mass = self._stored.holds_back and is_mass_loss(len(vanished), len(visible))
        if is_mass and not (before and before.held_back):
            return self._held_back(latest, visible, before, now)
        if is_doubtful and vanished:
            return self._without_deletions(latest, visible, reading, now)
        changed = self._changed(latest, visible, stored, layout.parts)
        deleted, moved = self._superfluous(latest, stored, layout.parts)
        writes = self._writes(latest, changed.by_part, deleted)
        counts = msgspec.structs.replace(changed.counts, removed=len(vanished))
        cursor = _fresh(self._dataset, reading, latest.counts_by_kind(), now, lost=latest.lost)
        is_respread = layout.parts != self._layout.parts  # a reader that knows the old places misses rows
        keys = ALL if is_respread else self._keys(changed.keys, vanished)
        return WritePlan(writes, counts, cursor, layout, moved=self._writes(latest, {}, moved), keys=keys)

    def after_delta(self, reading: Reading, before: Cursor | None, now: datetime) -> WritePlan:
        """The plan after reading changes only."""
        latest, parts = self._latest(reading), self._layout.parts
        touched = list(dict.fromkeys([*latest.records, *reading.removed]))
        visible = self._stored.fingerprints(self._dataset, touched if self._is_sure else None, parts)
        stored = {(part_of(key, parts), key): it for key, it in visible.items()}
        changed = self._changed(latest, visible, stored, parts)
        deleted = [key for key in dict.fromkeys(reading.removed) if key in visible and key not in latest.records]
        writes = self._writes(latest, changed.by_part, [(part_of(key, parts), key) for key in deleted])
        counts_by_kind = Counter(before.counts_by_kind if before else {})
        if not self._is_sure:
            counts_by_kind = Counter(it.kind for it in visible.values())
        counts_by_kind.subtract(visible[key].kind for key in touched if key in visible)
        counts_by_kind.update(latest.counts_by_kind())
        positive = {kind: number for kind, number in counts_by_kind.items() if number > 0}
        counts = msgspec.structs.replace(changed.counts, removed=len(deleted))
        layout = Layout(parts, "" if touched else self._layout.digest)
        cursor = _fresh(self._dataset, reading, positive, now, lost=latest.lost)
        must_write = bool(touched) or not self._is_sure
        return WritePlan(
            writes, counts, cursor, layout, must_write_cursor=must_write, keys=self._keys(changed.keys, deleted)
        )

    def _is_same(self, digest: str, before: Cursor) -> bool:
        """Whether all records are stored already, by their digest."""
        is_known = self._is_sure and before.outcome is DatasetOutcome.FRESH
        return is_known and bool(digest) and digest == self._layout.digest

    def _latest(self, reading: Reading) -> LatestRecords:
        """The records of a reading.

        Raises:
            RowNotStorable: some record of our own making fits no row.
        """
        latest = LatestRecords(self._dataset, reading.records)
        if latest.lost and not self._stored.holds_back:
            raise RowNotStorable(f"{latest.lost} rows of {self._dataset} are too big, or have odd keys")
        return latest

    def _superfluous(
        self, latest: LatestRecords, stored: Iterable[Place], parts: int
    ) -> tuple[list[Place], list[Place]]:
        """Stored rows to delete: those to delete now, and those that readers still see at their earlier place."""
        deleted: list[Place] = []
        moved: list[Place] = []
        for part, key in stored:
            if key not in latest.records or part != part_of(key, parts):
                goes_last = key in latest.records and part == part_of(key, self._layout.parts)
                (moved if goes_last else deleted).append((part, key))
        return deleted, moved

    def _keys(self, *changed: Sequence[str]) -> Keys:
        """These keys; ALL when a session that did not finish may have changed other rows."""
        return keys_of(chain.from_iterable(changed)) if self._is_sure else ALL

    def _held_back(
        self, latest: LatestRecords, visible: Mapping[str, StoredFingerprint], before: Cursor | None, now: datetime
    ) -> WritePlan:
        """Too many rows vanished at once: store what came, and keep what did not."""
        changed, vanished = self._came(latest, visible)
        cursor = Cursor(
            dataset=self._dataset,
            outcome=DatasetOutcome.STALE,
            attempted_at=now,
            complete_at=before.complete_at if before else None,
            counts_by_kind=dict(latest.counts_by_kind() + Counter(visible[key].kind for key in vanished)),
            error="mass_loss_held_back",
            held_back=len(vanished),
        )
        return self._plan_of(latest, changed, cursor)

    def _without_deletions(
        self, latest: LatestRecords, visible: Mapping[str, StoredFingerprint], reading: Reading, now: datetime
    ) -> WritePlan:
        """Some items could not be read, and a missing row may be one of them: delete nothing."""
        changed, vanished = self._came(latest, visible)
        counts_by_kind = latest.counts_by_kind() + Counter(visible[key].kind for key in vanished)
        cursor = _fresh(self._dataset, reading, counts_by_kind, now, lost=latest.lost)
        return self._plan_of(latest, changed, cursor)

    def _plan_of(self, latest: LatestRecords, changed: _Changed, cursor: Cursor) -> WritePlan:
        """A plan that deletes nothing and leaves rows in their partitions."""
        writes = self._writes(latest, changed.by_part, [])
        return WritePlan(writes, changed.counts, cursor, Layout(self._layout.parts), keys=self._keys(changed.keys))

    def _came(self, latest: LatestRecords, visible: Mapping[str, StoredFingerprint]) -> tuple[_Changed, list[str]]:
        """What is new or changed in the current partitions, and the keys that did not come."""
        parts = self._layout.parts
        stored = {(part_of(key, parts), key): it for key, it in visible.items()}
        changed = self._changed(latest, visible, stored, parts)
        return changed, [key for key in visible if key not in latest.records]

    def _changed(
        self,
        latest: LatestRecords,
        visible: Mapping[str, StoredFingerprint],
        stored: Mapping[Place, StoredFingerprint],
        parts: int,
    ) -> _Changed:
        """Records that are not stored as they are now; the counts are of what is new or changed for readers."""
        by_part: dict[int, list[str]] = {}
        keys: list[str] = []
        created = changed = 0
        for key in latest.records:
            part = part_of(key, parts)
            known, in_place = visible.get(key), stored.get((part, key)) if stored else None
            fingerprint = latest.fingerprint_of(key) if known or in_place else ""
            created += known is None
            changed += known is not None and known.fingerprint != fingerprint
            if known is None or known.fingerprint != fingerprint:
                keys.append(key)
            if in_place is None or in_place.fingerprint != fingerprint:
                by_part.setdefault(part, []).append(key)
        return _Changed(by_part, Counts(created=created, changed=changed), keys)

    def _writes(self, latest: LatestRecords, upserts: Mapping[int, list[str]], places: Iterable[Place]) -> Writes:
        deletions = _by_part(places)
        return {
            part: self._made(latest, part, upserts.get(part, ()), deletions.get(part, ()))
            for part in upserts.keys() | deletions.keys()
        }

    def _made(
        self, latest: LatestRecords, part: int, changed: Iterable[str], deleted: Iterable[str]
    ) -> Iterator[Write]:
        for key in changed:
            yield upsert(self._row(part, key, latest.columns(key)))
        for key in deleted:
            yield delete(self._row(part, key))

    def _row(self, part: int, key: str, columns: Mapping[str, str] | None = None) -> Row:
        return Row(partition_of(self._stored.base, part), row_prefix(self._dataset) + key, columns or {})


def _by_part(places: Iterable[Place]) -> dict[int, list[str]]:
    by_part: dict[int, list[str]] = {}
    for part, key in places:
        by_part.setdefault(part, []).append(key)
    return by_part


def _fresh(
    dataset: str, reading: Reading, counts_by_kind: Mapping[str, int], now: datetime, *, lost: int = 0
) -> Cursor:
    return Cursor(
        dataset=dataset,
        outcome=DatasetOutcome.FRESH,
        attempted_at=now,
        link=reading.link,
        complete_at=now,
        counts_by_kind=dict(counts_by_kind),
        odd=reading.odd + lost,
    )
