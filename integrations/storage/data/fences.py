"""Fences: who may write a tenant's data, in the one partition of a small tenant or the several of a big one.

Each partition begins with a fence row, and every transaction in it replaces that row at the version the
session knows. The main partition's fence also tells of the others; its columns:

- ``parts`` (int): how many partitions may hold rows, the main one included;
- ``fences`` (JSON list of str): versions of the other fences, "" for one that was never written;
- ``unfinished`` (bool): a session has begun to write and has not come to its last transaction;
- ``closed`` (bool): the epoch is over.

A session that writes beyond the main partition first claims it: the claim fails for the slower of two
sessions and for one of a closed epoch, before either has written anything. Closing moves the main fence first
and then the others it tells of, so that a claim before it is met in every partition, and a claim after it fails.
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
from shared.storage.rest_table import RestTable
from shared.storage.tables import Row, RowChanged, RowExists, Value, Write, chunks, insert, replace, upsert

FENCE = "!fence"
MAIN = 0  # the number of the main partition
_DERIVED = "derived"
MOST_PARTS = 16
# Azure takes 2,000 rows a second into one partition: a part's first load lasts four seconds. Smaller parts would
# make small changes dearer: each part that holds a changed row is read and written for itself.
_ROWS_OF_A_PART = 8000
_AT_ONCE = 4
_TRIES = 5

Item = TypeVar("Item")
Result = TypeVar("Result")


class Superseded(AppError):
    """The mapping changed, or another run was faster: nothing more may be written."""


class Unwritten(AppError):
    """The time for writing is over; what stands, stands, and the next session goes on as after a crash."""


def parts_for(rows: int) -> int:
    """Over how many partitions so many rows are spread: 1, 2, 4, 8 or 16."""
    parts = 1
    while parts < MOST_PARTS and rows > parts * _ROWS_OF_A_PART:
        parts *= 2
    return parts


def part_of(key: str, parts: int) -> int:
    """Which of the partitions a row is in, by its key."""
    return zlib.crc32(key.encode()) % parts if parts > 1 else 0


def partition_of(base: str, part: int) -> str:
    """The partition's key; part 0 is the main one."""
    return f"{base}|{part:02d}" if part else base


def derived_base(base: str) -> str:
    """Below it are the derived rows that go with the synced rows below ``base``."""
    return f"{base}|{_DERIVED}"


def is_derived(partition: str) -> bool:
    """Whether a partition, ``<account>|<tenant>|<epoch>...``, holds derived rows."""
    return partition.split("|")[3:4] == [_DERIVED]


def overlapped(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Do the same for several partitions, four at a time; the first error is raised when all have ended."""
    if len(items) < 2:
        return [work(item) for item in items]
    here = [copy_context() for _ in items]  # whoever works for somebody who waits knows it in every thread
    with ThreadPoolExecutor(min(_AT_ONCE, len(items))) as pool:
        return list(pool.map(lambda context, item: context.run(work, item), here, items))


class Fences:
    """All fences of one (account, tenant, epoch), at the versions that one session knows."""

    def __init__(self, table: RestTable, base: str, main: Row | None, until: float = math.inf) -> None:
        """``main`` is the main fence as it was read; None when it was never written.

        After ``until`` (``time.monotonic``) no further rows are written, but each session writes some at least.

        Raises:
            Superseded: the epoch is closed.
        """
        values = main.values if main else {}
        if values.get("closed"):
            raise Superseded
        others = msgspec.json.decode(str(values.get("fences", "[]")), type=list[str])
        self._table = table
        self._base = base
        self._window = AdaptiveConcurrencyLimit()
        self._until = until
        self._has_written = False
        self._parts = int(values.get("parts", 1))
        self._etags = [main.etag if main else "", *others] + [""] * (MOST_PARTS - 1 - len(others))
        self.was_unfinished = self.is_unfinished = bool(values.get("unfinished"))

    def take_over(self) -> None:
        """Lock a session out that was left unfinished, perhaps alive: every fence moves, the main one first.

        Raises:
            Superseded: somebody else is taking over at this moment.
        """
        if self.was_unfinished and self._parts > 1:
            self.claim(self._parts)
            overlapped(self._move, range(1, self._parts))

    def claim(self, parts: int) -> None:
        """Tell the main fence that up to so many partitions will be written now."""
        self._parts = max(self._parts, parts)
        self.write_main([], is_last=False)

    def write_main(self, writes: Sequence[Write], *, is_last: bool) -> None:
        """What one transaction in the main partition may hold; the last one of a session tells all versions.

        Raises:
            Superseded: the fence was moved; what was not written before does not stand.
            Unwritten: the time is over.
        """
        while writes := self._write(MAIN, writes, is_last=is_last):
            pass
        self.is_unfinished = not is_last

    def write_part(self, part: int, writes: Iterable[Write]) -> None:
        """All transactions that one of the other partitions needs. Raises Superseded and Unwritten."""
        for chunk in chunks(writes, spare=1):
            left: Sequence[Write] = chunk
            while left:
                left = self._write(part, left)

    def _write(self, part: int, writes: Sequence[Write], *, is_last: bool = False) -> Sequence[Write]:
        """One transaction, of the fence and as many rows as storage has room for; those that are left."""
        if writes and self._has_written and time.monotonic() >= self._until:
            raise Unwritten
        with self._window.acquire(1 + len(writes)) as room:
            now, left = writes[: room - 1], writes[room - 1 :]
            columns = self._told(is_unfinished=bool(left) or not is_last) if part == MAIN else {}
            fence = Row(partition_of(self._base, part), FENCE, columns, self._etags[part])
            guard = replace(fence) if fence.etag else insert(fence)
            try:
                self._etags[part] = self._table.write(guard, *now)
            except (RowChanged, RowExists) as error:
                raise Superseded from error
        self._has_written |= bool(now)
        return left

    def _told(self, *, is_unfinished: bool) -> dict[str, Value]:
        """What the main fence tells of the others."""
        others = msgspec.json.encode(self._etags[1 : self._parts]).decode()
        return {"parts": self._parts, "fences": others, "unfinished": is_unfinished}

    def _move(self, part: int) -> None:
        for _ in range(_TRIES):
            found = self._table.get(partition_of(self._base, part), FENCE)
            self._etags[part] = found.etag if found else ""
            with suppress(Superseded):  # the other session wrote once more
                self._write(part, [])
                return
        raise Superseded


def close(table: RestTable, base: str) -> None:
    """End an epoch: whatever is still being written under it fails, in every partition."""
    parts = _close_main(table, base)
    overlapped(
        lambda part: table.write(upsert(Row(partition_of(base, part), FENCE, {"closed": True}))), range(1, parts)
    )


def _close_main(table: RestTable, base: str) -> int:
    """Close the main fence; the number of partitions its last writer told."""
    for _ in range(_TRIES):
        found = table.get(base, FENCE)
        closed = Row(base, FENCE, {"closed": True}, found.etag if found else "")
        with suppress(RowChanged, RowExists):  # somebody wrote between: look again
            table.write(replace(closed) if found else insert(closed))
            return int(found.values.get("parts", 1)) if found else 1
    table.write(upsert(Row(base, FENCE, {"closed": True})))
    return MOST_PARTS
