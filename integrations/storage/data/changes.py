"""What one reading of one data set changes: only differences from what is stored become writes."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import NamedTuple, Protocol

import msgspec

from integrations.domain.sync.changed_keys import ALL, NONE, Keys, keys_of
from integrations.domain.sync.datasets import Counts, Cursor, DatasetOutcome, Reading, Record, is_mass_loss
from integrations.storage.data.fences import part_of, partition_of, parts_for
from shared.storage.rows import is_storable_key, is_storable_text
from shared.storage.tables import Row, RowNotStorable, Write, delete, upsert


@dataclass(frozen=True, slots=True)
class StoredFingerprint:
    """What is known of a stored row without its body."""

    print: str
    tally: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a cursor's row tells the store alone.

    ``parts`` is over how many partitions the rows are spread; ``digest`` is a fingerprint of all rows after a
    complete reading, "" after any other.
    """

    parts: int = 1
    digest: str = ""


# Writes by the number of their partition. They are made while they are written, once: those of a hundred thousand
# rows are never in memory together.
Writes = Mapping[int, Iterable[Write]]

Place = tuple[int, str]  # the partition's number, and the record's key


@dataclass(frozen=True, slots=True)
class Plan:
    """What one reading changes: the writes, how many rows they touch, and the cursor after them.

    ``is_news`` tells that the cursor must be written: what it says, or where it points to, has changed.
    ``moved`` are deletions that follow once the cursor is stored: of rows that were written anew in other partitions.
    ``keys`` are those of the rows that readers will see otherwise than before.
    """

    writes: Writes
    counts: Counts
    cursor: Cursor
    mark: Mark
    is_news: bool = True
    moved: Writes = field(default_factory=dict)
    keys: Keys = NONE


class _Changed(NamedTuple):
    """Records to write, by part; how many of them are new to readers or changed, and their keys."""

    by_part: dict[int, list[str]]
    counts: Counts
    keys: list[str]


class StoredState(Protocol):
    """What planning asks of the store; keys are those of records.

    ``holds_back``: rows come from somebody else, who may leave out by mistake what is there.
    """

    base: str
    holds_back: bool

    def places(self, dataset: str, parts: int) -> dict[Place, StoredFingerprint]: ...

    def prints(self, dataset: str, keys: Sequence[str] | None, parts: int) -> dict[str, StoredFingerprint]: ...


def row_prefix(dataset: str) -> str:
    return f"row:{dataset}:"


class _Latest:
    """The records of a reading, the last word of each key.

    Fingerprints are made when they are wanted: kept, those of many records would take a fifth of all memory. ``lost``
    is how many records no row can hold, by their key or their size: each is left out, and costs no other.
    """

    def __init__(self, dataset: str, records: Sequence[Record]) -> None:
        self.records = {record.key: record for record in records}
        lost = [key for key, it in self.records.items() if not _is_storable(dataset, it)]
        for key in lost:
            del self.records[key]
        self.lost = len(lost)

    def print_of(self, key: str) -> str:
        return _print(msgspec.json.encode(self.records[key].body))

    def columns(self, key: str) -> dict[str, str]:
        """The row of one record."""
        record = self.records[key]
        body = msgspec.json.encode(record.body)
        return {"body": body.decode(), "print": _print(body), "tally": record.tally}

    def digest(self) -> str:
        """One fingerprint of all records, whatever their order."""
        whole = hashlib.blake2b(digest_size=16)
        for key in sorted(self.records):
            whole.update(f"{key}\0{self.records[key].tally}\0{self.print_of(key)}\0".encode())
        return whole.hexdigest()

    def counts_by_kind(self) -> Counter[str]:
        return Counter(record.tally for record in self.records.values())


def _is_storable(dataset: str, record: Record) -> bool:
    return is_storable_key(row_prefix(dataset) + record.key) and is_storable_text(msgspec.json.encode(record.body))


def _print(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()


class Changes:
    """Turns one reading of one data set into writes.

    ``mark`` is None when no cursor tells of the data set. ``is_sure`` is false when earlier rows may have been
    written without their cursor: then what the cursor says about the rows is not believed, and they are looked at.
    """

    def __init__(self, stored: StoredState, dataset: str, mark: Mark | None, *, is_sure: bool = True) -> None:
        self._stored = stored
        self._dataset = dataset
        self._mark = mark or Mark()
        self._is_sure = is_sure
        self._is_new = is_sure and mark is None  # nothing can be stored: storage need not be asked

    def after_complete(self, reading: Reading, before: Cursor | None, now: datetime) -> Plan:
        latest = self._latest(reading)
        is_doubtful = bool(reading.lost or latest.lost)
        digest = "" if is_doubtful else latest.digest()
        if (
            digest
            and self._is_sure
            and before
            and before.outcome is DatasetOutcome.FRESH
            and digest == self._mark.digest
        ):
            cursor = _fresh(self._dataset, reading, before.counts_by_kind, now)
            return Plan({}, Counts(), cursor, self._mark, is_news=cursor.link is not None)
        mark = Mark(max(self._mark.parts, parts_for(len(latest.records))), digest)
        found = {} if self._is_new else self._stored.places(self._dataset, mark.parts)
        seen = {key: it for (part, key), it in found.items() if part == part_of(key, self._mark.parts)}
        vanished = [key for key in seen if key not in latest.records]
        is_too_much = self._stored.holds_back and is_mass_loss(len(vanished), len(seen))
        if is_too_much and not (before and before.held_back):
            return self._held_back(latest, seen, before, now)
        if is_doubtful and vanished:
            return self._without_removals(latest, seen, reading, now)
        changed = self._changed(latest, seen, found, mark.parts)
        gone: list[Place] = []
        moved: list[Place] = []
        for part, key in found:
            if key not in latest.records or part != part_of(key, mark.parts):
                # A row that readers still see elsewhere goes last; a vanished or a stray one goes at once.
                goes_last = key in latest.records and part == part_of(key, self._mark.parts)
                (moved if goes_last else gone).append((part, key))
        writes = self._writes(latest, changed.by_part, gone)
        counts = msgspec.structs.replace(changed.counts, removed=len(vanished))
        cursor = _fresh(self._dataset, reading, latest.counts_by_kind(), now, lost=latest.lost)
        is_respread = mark.parts != self._mark.parts  # a reader that knows the old places misses rows
        keys = ALL if is_respread else self._keys(changed.keys, vanished)
        return Plan(writes, counts, cursor, mark, moved=self._writes(latest, {}, moved), keys=keys)

    def after_delta(self, reading: Reading, before: Cursor | None, now: datetime) -> Plan:
        latest, parts = self._latest(reading), self._mark.parts
        touched = list(dict.fromkeys([*latest.records, *reading.removed]))
        seen = self._stored.prints(self._dataset, touched if self._is_sure else None, parts)
        found = {(part_of(key, parts), key): it for key, it in seen.items()}
        changed = self._changed(latest, seen, found, parts)
        gone = [key for key in dict.fromkeys(reading.removed) if key in seen and key not in latest.records]
        writes = self._writes(latest, changed.by_part, [(part_of(key, parts), key) for key in gone])
        counts_by_kind = Counter(before.counts_by_kind if before else {})
        if not self._is_sure:
            counts_by_kind = Counter(it.tally for it in seen.values())
        counts_by_kind.subtract(seen[key].tally for key in touched if key in seen)
        counts_by_kind.update(latest.counts_by_kind())
        known = {kind: number for kind, number in counts_by_kind.items() if number > 0}
        counts = msgspec.structs.replace(changed.counts, removed=len(gone))
        mark = Mark(parts, "" if touched else self._mark.digest)
        cursor = _fresh(self._dataset, reading, known, now, lost=latest.lost)
        is_news = bool(touched) or not self._is_sure
        return Plan(writes, counts, cursor, mark, is_news=is_news, keys=self._keys(changed.keys, gone))

    def _latest(self, reading: Reading) -> _Latest:
        """The records of a reading.

        Raises:
            RowNotStorable: some record of our own making fits no row.
        """
        latest = _Latest(self._dataset, reading.records)
        if latest.lost and not self._stored.holds_back:
            raise RowNotStorable(f"{latest.lost} rows of {self._dataset} are too big, or have odd keys")
        return latest

    def _keys(self, *changed: Sequence[str]) -> Keys:
        """These keys; all when earlier rows may have been written by somebody who told nobody."""
        return keys_of(chain.from_iterable(changed)) if self._is_sure else ALL

    def _held_back(
        self, latest: _Latest, seen: Mapping[str, StoredFingerprint], before: Cursor | None, now: datetime
    ) -> Plan:
        """Too much vanished to believe it at once: what came is stored, what did not come is kept."""
        changed, vanished = self._came(latest, seen)
        cursor = Cursor(
            dataset=self._dataset,
            outcome=DatasetOutcome.STALE,
            attempted_at=now,
            complete_at=before.complete_at if before else None,
            counts_by_kind=dict(latest.counts_by_kind() + Counter(seen[key].tally for key in vanished)),
            error="mass_loss_held_back",
            held_back=len(vanished),
        )
        return self._plan_of(latest, changed, cursor)

    def _without_removals(
        self, latest: _Latest, seen: Mapping[str, StoredFingerprint], reading: Reading, now: datetime
    ) -> Plan:
        """Items came that nobody can read: what is missed may be one of them, so nothing is removed."""
        changed, vanished = self._came(latest, seen)
        counts_by_kind = latest.counts_by_kind() + Counter(seen[key].tally for key in vanished)
        cursor = _fresh(self._dataset, reading, counts_by_kind, now, lost=latest.lost)
        return self._plan_of(latest, changed, cursor)

    def _plan_of(self, latest: _Latest, changed: _Changed, cursor: Cursor) -> Plan:
        """Nothing is removed, and rows stay where they are."""
        writes = self._writes(latest, changed.by_part, [])
        return Plan(writes, changed.counts, cursor, Mark(self._mark.parts), keys=self._keys(changed.keys))

    def _came(self, latest: _Latest, seen: Mapping[str, StoredFingerprint]) -> tuple[_Changed, list[str]]:
        """What is new or changed where rows are now, and the keys that did not come."""
        parts = self._mark.parts
        found = {(part_of(key, parts), key): it for key, it in seen.items()}
        changed = self._changed(latest, seen, found, parts)
        return changed, [key for key in seen if key not in latest.records]

    def _changed(
        self,
        latest: _Latest,
        seen: Mapping[str, StoredFingerprint],
        found: Mapping[Place, StoredFingerprint],
        parts: int,
    ) -> _Changed:
        """Records that are not there as they are now; counted by what is new to readers."""
        by_part: dict[int, list[str]] = {}
        keys: list[str] = []
        created = changed = 0
        for key in latest.records:
            part = part_of(key, parts)
            known, there = seen.get(key), found.get((part, key)) if found else None
            print_ = latest.print_of(key) if known or there else ""
            created += known is None
            changed += known is not None and known.print != print_
            if known is None or known.print != print_:
                keys.append(key)
            if there is None or there.print != print_:
                by_part.setdefault(part, []).append(key)
        return _Changed(by_part, Counts(created=created, changed=changed), keys)

    def _writes(self, latest: _Latest, upserts: Mapping[int, list[str]], gone: Iterable[Place]) -> Writes:
        deletions = _by_part(gone)
        return {
            part: self._made(latest, part, upserts.get(part, ()), deletions.get(part, ()))
            for part in upserts.keys() | deletions.keys()
        }

    def _made(self, latest: _Latest, part: int, changed: Iterable[str], gone: Iterable[str]) -> Iterator[Write]:
        for key in changed:
            yield upsert(self._row(part, key, latest.columns(key)))
        for key in gone:
            yield delete(self._row(part, key))

    def _row(self, part: int, key: str, columns: Mapping[str, str] | None = None) -> Row:
        return Row(partition_of(self._stored.base, part), row_prefix(self._dataset) + key, columns or {})


def _by_part(places: Iterable[Place]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for part, key in places:
        found.setdefault(part, []).append(key)
    return found


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
