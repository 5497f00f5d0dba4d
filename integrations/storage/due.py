"""The due list: the only list that spans accounts. It holds ids and times only, spread over shards.

Table ``due``: PartitionKey is the shard, RowKey ``<kind>:<account>:<id>``; columns due_at, kind, account_id, item_id.
A row is written BEFORE the change that makes work due, so that a crash between the two leaves a row without work
(deleted when its time comes), never work without a row. Whoever orders work moves its row to the next time, a hundred
rows at once, so that a normal sync need not touch the list.
"""

import contextlib
import logging
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from integrations.domain.ids import AccountId
from integrations.domain.jobs.orders import SHARDS
from shared.clock import format_utc, parse_utc
from shared.storage.tables import Row, RowChanged, Tables, Write, chunks, delete, replace, upsert
from shared.telemetry.log import log

ALL = "all"  # the item id of work that an account has one of, such as its outbox
FINAL_CHECK = "last"  # the item id of an account's second row for sealing
_NEVER = datetime.max.replace(tzinfo=UTC)


class Work(Enum):
    """The kind of work that is due."""

    SYNC = "sync"
    CONSENT = "consent"
    CSP = "csp"
    CUSTOMER = "customer"
    OUTBOX = "outbox"
    REMOVAL = "removal"
    REMOVE_ALL = "remove_all"
    PURGE = "purge"
    HOUSEKEEPING = "housekeeping"
    SEAL = "seal"
    PLAN = "plan"
    EVALUATE = "evaluate"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Due:
    """Work on one item, not before ``at``. ``etag`` is the version of a row that was read."""

    work: Work
    account_id: AccountId
    item_id: str
    at: datetime
    etag: str = field(default="", compare=False)


class DueList:
    """The list of one deployment. Its number of shards must never change: it decides where a row is stored."""

    def __init__(self, tables: Tables, shards: int = SHARDS) -> None:
        self._table = tables.rest_table("due")
        self._shards = shards

    @property
    def shards(self) -> Sequence[str]:
        return shards(self._shards)

    def put(self, due: Due) -> None:
        self._table.write(upsert(self._row(due)))

    def put_all(self, dues: Iterable[Due]) -> None:
        """Write many rows, a hundred of a shard at once."""
        by_shard: dict[str, list[Write]] = {}
        for due in dues:
            by_shard.setdefault(self._shard_of(due), []).append(upsert(self._row(due)))
        for writes in by_shard.values():
            for part in chunks(writes):
                self._table.write(*part)

    def ensure(self, due: Due, *, after: datetime) -> datetime:
        """Write a row unless there is one for a time after ``after``; returns the time in the list."""
        row = self._table.get(self._shard_of(due), _key(due))
        if row is not None and _due(row).at > after:
            return _due(row).at
        self.put(due)
        return due.at

    def move(self, dues: Sequence[Due]) -> None:
        """Give rows of one shard new times; a row that was changed since it was read stays as it is."""
        for part in chunks([replace(self._row(due)) for due in dues]):
            try:
                self._table.write(*part)
            except RowChanged:
                self._move_singly(part)

    def _move_singly(self, part: Sequence[Write]) -> None:
        for write in part:
            with contextlib.suppress(RowChanged):
                self._table.write(write)

    def complete(self, due: Due) -> None:
        """Delete a row, unless it has been written for another time."""
        row = self._table.get(self._shard_of(due), _key(due))
        if row is None or _due(row).at != due.at:
            return
        with contextlib.suppress(RowChanged):
            self._table.write(delete(row))

    def of(self, account_id: AccountId, item_id: str) -> "Sequence[Due]":
        """All rows of one item of an account."""
        candidates = [Due(work, account_id, item_id, datetime.min) for work in Work]  # noqa: DTZ901 - the time is read
        rows = self._table.find(self._shard_of(candidates[0]), [_key(it) for it in candidates])
        return [_due(row) for row in rows]

    def drop(self, work: Work, account_id: AccountId, item_id: str) -> None:
        """Delete a row, whatever its time."""
        due = Due(work, account_id, item_id, _NEVER)
        row = self._table.get(self._shard_of(due), _key(due))
        if row is not None:
            with contextlib.suppress(RowChanged):
                self._table.write(delete(row))

    def list(self, shard: str, until: datetime) -> list[Due]:
        """What is due in one shard at ``until``, the longest overdue first.

        Rows that this version cannot read, such as those of a kind that only a newer version knows, are left alone.
        """
        rows = self._table.range(shard, at_most=("due_at", format_utc(until)))
        dues = [due for row in rows if (due := _readable(row)) is not None]
        return sorted(dues, key=lambda due: due.at)

    def _shard_of(self, due: Due) -> str:
        return shard_of(due, self._shards)

    def _row(self, due: Due) -> Row:
        return _row(due, self._shard_of(due))


def shards(count: int = SHARDS) -> list[str]:
    return [f"{number:02d}" for number in range(count)]


def shard_of(due: Due, count: int = SHARDS) -> str:
    return f"{zlib.crc32(f'{due.account_id}:{due.item_id}'.encode()) % count:02d}"


def _key(due: Due) -> str:
    return f"{due.work.value}:{due.account_id}:{due.item_id}"


def _row(due: Due, shard: str) -> Row:
    columns = {
        "due_at": format_utc(due.at),
        "kind": due.work.value,
        "account_id": due.account_id,
        "item_id": due.item_id,
    }
    return Row(shard, _key(due), columns, due.etag)


def _readable(row: Row) -> Due | None:
    try:
        return _due(row)
    except (ValueError, KeyError):
        log(
            "left a line of the due list alone",
            level=logging.WARNING,
            shard=row.partition,
            action=row.key.split(":")[0],
        )
        return None


def _due(row: Row) -> Due:
    return Due(
        Work(row.text("kind")),
        AccountId(row.text("account_id")),
        row.text("item_id"),
        parse_utc(row.text("due_at")),
        row.etag,
    )
