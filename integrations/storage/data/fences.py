"""Fences: who may write a tenant's data, in one partition of a small tenant or several of a big one.

Each partition begins with a fence row, and every transaction in it replaces that row at the version the session
knows. The main partition's fence also describes the others; its columns:

- ``parts`` (int): how many partitions may hold rows, the main one included;
- ``fences`` (JSON list of str): versions of the other fences, "" for one that was never written;
- ``unfinished`` (bool): a session has begun to write and has not written its last transaction;
- ``closed`` (bool): the epoch has ended.

A session that writes to other partitions first claims the main one: the claim fails for the slower of two sessions
and in a closed epoch, before anything is written. Closing moves the main fence first and then the others it names, so
that a session that claimed before fails in every partition, and a later claim fails.
"""

import math
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

import msgspec

from shared.errors import AppError
from shared.storage.concurrency_limit import AdaptiveConcurrencyLimit
from shared.storage.table_clients.rest_table import RestTable
from shared.storage.tables import Row, RowChanged, RowExists, Value, Write, chunks, insert, replace, upsert

FENCE = "!fence"
MAIN = 0  # the number of the main partition
_DERIVED = "derived"
MOST_PARTS = 16
# Azure accepts 2,000 rows a second in one partition, so that the first load of a part takes four seconds. Smaller
# parts would make small changes more expensive: each part with a changed row is read and written separately.
_ROWS_OF_A_PART = 8000
_AT_ONCE = 4  # requests to storage; those to Microsoft are limited by integrations.microsoft.limits
_TRIES = 5

Item = TypeVar("Item")
Result = TypeVar("Result")


class Superseded(AppError):
    """The mapping changed, or another run was faster: this session may not write any more."""


class Unwritten(AppError):
    """The time for writing is over; what was written stays, and the next session continues as after a crash."""


def parts_for(rows: int) -> int:
    """The number of partitions for so many rows: 1, 2, 4, 8 or 16."""
    parts = 1
    while parts < MOST_PARTS and rows > parts * _ROWS_OF_A_PART:
        parts *= 2
    return parts


def part_of(key: str, parts: int) -> int:
    """The number of the partition that holds the row with this key."""
    return zlib.crc32(key.encode()) % parts if parts > 1 else 0


def partition_of(base: str, part: int) -> str:
    """The partition's key; part 0 is the main one."""
    return f"{base}|{part:02d}" if part else base


def derived_base(base: str) -> str:
    """The base of the derived rows that belong to the synced rows under ``base``."""
    return f"{base}|{_DERIVED}"


def is_derived(partition: str) -> bool:
    """Whether a partition, ``<account>|<tenant>|<epoch>...``, holds derived rows."""
    return partition.split("|")[3:4] == [_DERIVED]


def overlapped(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Do the same for several partitions, four at a time; the first error is raised when all have ended."""
    if len(items) < 2:
        return [work(item) for item in items]
    contexts = [copy_context() for _ in items]  # storage timeouts depend on the context, in every thread
    with ThreadPoolExecutor(min(_AT_ONCE, len(items))) as pool:
        return list(pool.map(lambda context, item: context.run(work, item), contexts, items))


class Fences:
    """All fences of one (account, tenant, epoch), at the versions known to one session."""

    def __init__(self, table: RestTable, base: str, main: Row | None, until: float = math.inf) -> None:
        """``main`` is the main fence as it was read; None when it was never written.

        After ``until`` (``time.monotonic``) no more rows are written, but each session writes at least some.

        Raises:
            Superseded: the epoch is closed.
        """
        values = main.values if main else {}
        if values.get("closed"):
            raise Superseded
        others = msgspec.json.decode(str(values.get("fences", "[]")), type=list[str])
        self._table = table
        self._base = base
        self._limit = AdaptiveConcurrencyLimit()
        self._until = until
        self._has_written = False
        self._parts = int(values.get("parts", 1))
        self._etags = [main.etag if main else "", *others] + [""] * (MOST_PARTS - 1 - len(others))
        self.was_unfinished = self.is_unfinished = bool(values.get("unfinished"))

    def take_over(self) -> None:
        """Lock out a session that was left unfinished and may still be running: move every fence, the main one first.

        Raises:
            Superseded: another session is taking over at the same time.
        """
        if self.was_unfinished and self._parts > 1:
            self.claim(self._parts)
            overlapped(self._move, range(1, self._parts))

    def claim(self, parts: int) -> None:
        """Record in the main fence that up to so many partitions will be written."""
        self._parts = max(self._parts, parts)
        self.write_main([], is_last=False)

    def write_main(self, writes: Sequence[Write], *, is_last: bool) -> None:
        """Write to the main partition, in as many transactions as needed; with ``is_last`` the session is finished.

        Raises:
            Superseded: the fence was moved; earlier transactions were written, this one was not.
            Unwritten: the time is over.
        """
        while writes := self._write(MAIN, writes, is_last=is_last):
            pass
        self.is_unfinished = not is_last

    def write_part(self, part: int, writes: Iterable[Write]) -> None:
        """Write to one of the other partitions. Raises Superseded and Unwritten."""
        for chunk in chunks(writes, spare=1):
            left: Sequence[Write] = chunk
            while left:
                left = self._write(part, left)

    def _write(self, part: int, writes: Sequence[Write], *, is_last: bool = False) -> Sequence[Write]:
        """One transaction: the fence and as many rows as the limit allows. Returns the writes that are left."""
        if writes and self._has_written and time.monotonic() >= self._until:
            raise Unwritten
        with self._limit.acquire(1 + len(writes)) as room:
            now, left = writes[: room - 1], writes[room - 1 :]
            columns = self._columns(is_unfinished=bool(left) or not is_last) if part == MAIN else {}
            fence = Row(partition_of(self._base, part), FENCE, columns, self._etags[part])
            guard = replace(fence) if fence.etag else insert(fence)
            try:
                self._etags[part] = self._table.write(guard, *now)
            except (RowChanged, RowExists) as error:
                raise Superseded from error
        self._has_written |= bool(now)
        return left

    def _columns(self, *, is_unfinished: bool) -> dict[str, Value]:
        """The columns of the main fence."""
        others = msgspec.json.encode(self._etags[1 : self._parts]).decode()
        return {"parts": self._parts, "fences": others, "unfinished": is_unfinished}

    def _move(self, part: int) -> None:
        for _ in range(_TRIES):
            fence = self._table.get(partition_of(self._base, part), FENCE)
            self._etags[part] = fence.etag if fence else ""
            with suppress(Superseded):  # the other session wrote once more
                self._write(part, [])
                return
        raise Superseded


def close(table: RestTable, base: str) -> None:
    """End an epoch: later writes under it fail in every partition."""
    parts = _close_main(table, base)
    overlapped(
        lambda part: table.write(upsert(Row(partition_of(base, part), FENCE, {"closed": True}))), range(1, parts)
    )


def _close_main(table: RestTable, base: str) -> int:
    """Close the main fence; returns the number of partitions that its last writer recorded."""
    for _ in range(_TRIES):
        fence = table.get(base, FENCE)
        closed = Row(base, FENCE, {"closed": True}, fence.etag if fence else "")
        with suppress(RowChanged, RowExists):  # a session wrote in between: read again
            table.write(replace(closed) if fence else insert(closed))
            return int(fence.values.get("parts", 1)) if fence else 1
    table.write(upsert(Row(base, FENCE, {"closed": True})))
    return MOST_PARTS
