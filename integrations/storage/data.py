"""The synced data of one tenant, under one epoch of its mapping, behind a fence.

Table ``data``: PartitionKey ``<account>|<tenant>|<epoch>``. RowKeys, in this order: ``!fence``;
``cursor:<data set>`` (column body: a Cursor); ``row:<data set>:<key>`` (columns body, print, tally).

Every transaction updates the fence at the version this session knows. So a late sync of an older epoch,
or the slower of two runs, can never write: its first transaction fails whole.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from integrations.domain.datasets import Counts, Cursor, Outcome, Reading, Record, is_mass_loss
from integrations.domain.ids import AccountId, TenantId
from shared.errors import AppError
from shared.tables import (
    Row,
    RowChanged,
    RowExists,
    Tables,
    Write,
    chunks,
    delete,
    end_of,
    insert,
    replace,
    upsert,
)

T = TypeVar("T", bound=msgspec.Struct)

_FENCE = "!fence"
_CURSOR = "cursor:"
_POINT_READS = 20  # up to here, single reads are cheaper than reading all fingerprints


class Superseded(AppError):
    """The mapping changed, or another run was faster: nothing more may be written."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one reading changes: the writes, how many rows they touch, and the cursor after them."""

    writes: list[Write]
    counts: Counts
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class _Seen:
    print: str
    tally: str


class DataStore:
    """The rows of one (account, tenant, epoch)."""

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId, epoch: int) -> None:
        self.table = tables.table("data")
        self.partition = f"{account_id}|{tenant_id}|{epoch}"

    def open(self) -> "DataSession":
        """Begin a run: one query reads the fence and all cursors."""
        rows = self.table.range(self.partition, "", end_of(_CURSOR))
        fence = next((row for row in rows if row.key == _FENCE), Row(self.partition, _FENCE))
        return DataSession(self, fence, _cursors(rows))

    def close(self) -> None:
        """Touch the fence, so that whatever is still being written under this epoch fails."""
        self.table.write(upsert(Row(self.partition, _FENCE, {"closed": True})))

    def cursors(self) -> dict[str, Cursor]:
        return _cursors(self.table.prefix(self.partition, _CURSOR))

    def list(self, dataset: str, model: type[T], *, after: str = "", limit: int = 100) -> list[tuple[str, T]]:
        """Rows of a data set with their keys, in key order, those after the key ``after``."""
        prefix = _prefix(dataset)
        start = prefix + (f"{after}\u0020" if after else "")
        rows = self.table.range(self.partition, start, end_of(prefix), limit=limit)
        return [(row.key.removeprefix(prefix), msgspec.json.decode(row.text("body"), type=model)) for row in rows]

    def prints(self, dataset: str, keys: Sequence[str] | None) -> dict[str, _Seen]:
        """Fingerprints of stored rows: of all of a data set, or of the given keys."""
        prefix = _prefix(dataset)
        if keys is None or len(keys) > _POINT_READS:
            rows = self.table.prefix(self.partition, prefix, columns=["print", "tally"])
        else:
            found = (self.table.get(self.partition, prefix + key) for key in keys)
            rows = [row for row in found if row is not None]
        return {row.key.removeprefix(prefix): _Seen(row.text("print"), row.text("tally")) for row in rows}


class DataSession:
    """One run's writing: it holds the fence as it was when the run began."""

    def __init__(self, store: DataStore, fence: Row, cursors: dict[str, Cursor]) -> None:
        self._store = store
        self._fence = fence
        self.cursors = cursors

    def plan(self, dataset: str, reading: Reading, now: datetime) -> Plan:
        """Compare a reading with what is stored; only differences become writes."""
        before = self.cursors.get(dataset)
        changes = _Changes(self._store, dataset)
        if reading.is_complete:
            return changes.after_complete(reading, before, now)
        return changes.after_delta(reading, before, now)

    def commit(self, writes: Iterable[Write], cursors: Iterable[Cursor]) -> None:
        """Write data first and cursors last, each transaction guarded by the fence.

        Raises:
            Superseded: the fence was moved; the transactions before stand, this and later ones do not.
        """
        last = [upsert(_cursor_row(self._store.partition, cursor)) for cursor in cursors]
        for part in chunks([*writes, *last], spare=1):
            guard = replace(self._fence) if self._fence.etag else insert(self._fence)
            try:
                etag = self._store.table.write(guard, *part)
            except (RowChanged, RowExists) as error:
                raise Superseded from error
            self._fence = Row(self._fence.partition, _FENCE, {}, etag)


class _Changes:
    """Turns one reading of one data set into writes."""

    def __init__(self, store: DataStore, dataset: str) -> None:
        self._store = store
        self._dataset = dataset

    def after_complete(self, reading: Reading, before: Cursor | None, now: datetime) -> Plan:
        seen = self._store.prints(self._dataset, None)
        latest = {record.key: record for record in reading.records}
        vanished = [key for key in seen if key not in latest]
        doubted = is_mass_loss(len(vanished), len(seen)) and not (before and before.held_back)
        gone = [] if doubted else vanished
        writes, counts = self._writes(latest, gone, seen)
        tallies = Counter(record.tally for record in latest.values())
        tallies.update(seen[key].tally for key in vanished if doubted)
        cursor = Cursor(
            dataset=self._dataset,
            outcome=Outcome.STALE if doubted else Outcome.FRESH,
            attempted_at=now,
            link=None if doubted else reading.link,
            complete_at=(before.complete_at if before else None) if doubted else now,
            tallies=dict(tallies),
            error="mass_loss_held_back" if doubted else "",
            held_back=len(vanished) if doubted else 0,
        )
        return Plan(writes, counts, cursor)

    def after_delta(self, reading: Reading, before: Cursor | None, now: datetime) -> Plan:
        latest = {record.key: record for record in reading.records}
        touched = list(dict.fromkeys([*latest, *reading.removed]))
        seen = self._store.prints(self._dataset, touched) if touched else {}
        gone = [key for key in dict.fromkeys(reading.removed) if key in seen and key not in latest]
        writes, counts = self._writes(latest, gone, seen)
        tallies = Counter(before.tallies if before else {})
        tallies.subtract(seen[key].tally for key in touched if key in seen)
        tallies.update(record.tally for record in latest.values())
        cursor = Cursor(
            dataset=self._dataset,
            outcome=Outcome.FRESH,
            attempted_at=now,
            link=reading.link,
            complete_at=now,
            tallies={kind: number for kind, number in tallies.items() if number > 0},
        )
        return Plan(writes, counts, cursor)

    def _writes(
        self, latest: Mapping[str, Record], gone: Sequence[str], seen: Mapping[str, _Seen]
    ) -> tuple[list[Write], Counts]:
        partition, prefix = self._store.partition, _prefix(self._dataset)
        writes: list[Write] = []
        created = 0
        for key, record in latest.items():
            body = msgspec.json.encode(record.body)
            print_ = hashlib.blake2b(body, digest_size=16).hexdigest()
            if key in seen and seen[key].print == print_:
                continue
            created += key not in seen
            columns = {"body": body.decode(), "print": print_, "tally": record.tally}
            writes.append(upsert(Row(partition, prefix + key, columns)))
        changed = len(writes) - created
        writes.extend(delete(Row(partition, prefix + key)) for key in gone)
        return writes, Counts(created=created, changed=changed, removed=len(gone))


def _prefix(dataset: str) -> str:
    return f"row:{dataset}:"


def _cursor_row(partition: str, cursor: Cursor) -> Row:
    return Row(partition, _CURSOR + cursor.dataset, {"body": msgspec.json.encode(cursor).decode()})


def _cursors(rows: Iterable[Row]) -> dict[str, Cursor]:
    found = [msgspec.json.decode(row.text("body"), type=Cursor) for row in rows if row.key.startswith(_CURSOR)]
    return {cursor.dataset: cursor for cursor in found}
