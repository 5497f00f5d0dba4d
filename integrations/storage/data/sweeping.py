"""Deleting what syncs wrote: all rows of one (account, tenant), whichever epochs they were written under.

A closed fence stays at the first sweep, so that whoever still writes late keeps failing; the second sweep, when
nobody can be writing any more, takes the fences too.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from integrations.domain.ids import AccountId, TenantId
from integrations.storage.data.fences import FENCE, is_derived
from shared.storage.concurrency_limit import AdaptiveConcurrencyLimit
from shared.storage.rest_table import RestTable
from shared.storage.tables import Row, RowChanged, Tables, Write, chunks, delete, end_of

_ROWS = "row:"  # what keys of data begin with, whatever their data set
_TOGETHER = 1000


class Sweeper:
    """The rows of one tenant of one account in the table ``data``."""

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId) -> None:
        self._table: RestTable = tables.rest_table("data")
        self._below = f"{account_id}|{tenant_id}|"
        self._window = AdaptiveConcurrencyLimit()

    def epochs(self) -> list[int]:
        """Every epoch that has left a row, at the cost of one request for each of its partitions."""
        return sorted({self._epoch(partition) for partition in self._partitions()})

    def count(self, epoch: int) -> Counter[str]:
        """How many rows of synced data an epoch has, by data set.

        Derived rows are not counted: a removal's report tells what of Microsoft's was deleted, each row once.
        """
        found: Counter[str] = Counter()
        for partition in self._of(epoch):
            if is_derived(partition):
                continue
            rows = self._table.prefix(partition, _ROWS, columns=[])
            found.update(row.key.removeprefix(_ROWS).split(":", 1)[0] for row in rows)
        return found

    def sweep(self, epoch: int, *, with_fences: bool) -> int:
        """Delete everything of an epoch, the fences too or all but these; returns how many rows that were."""
        start = "" if with_fences else f"{FENCE}\u0020"
        return sum(self._emptied(partition, start) for partition in self._of(epoch))

    def _of(self, epoch: int) -> list[str]:
        return [it for it in self._partitions() if self._epoch(it) == epoch]

    def _partitions(self) -> Iterator[str]:
        """Partitions in order, by asking each time for the first row after the last one found."""
        last = self._table.first_after(self._below, end_of(self._below))
        while last is not None:
            yield last
            last = self._table.first_after(last, end_of(self._below))

    def _epoch(self, partition: str) -> int:
        return int(partition.removeprefix(self._below).split("|", 1)[0])

    def _emptied(self, partition: str, start: str) -> int:
        """Delete all rows from a key on; fences are not counted."""
        found = 0
        while rows := self._table.range(partition, start, columns=[], limit=_TOGETHER):
            for part in chunks([delete(Row(partition, row.key)) for row in rows]):
                found += self._deleted(part)
        return found

    def _deleted(self, writes: Sequence[Write]) -> int:
        """Delete what one transaction may hold; fences are not counted."""
        found = 0
        with suppress(RowChanged):  # somebody else sweeps too: look again
            while writes:
                with self._window.acquire(len(writes)) as room:
                    self._table.write(*writes[:room])
                found += sum(it.row.key != FENCE for it in writes[:room])
                writes = writes[room:]
        return found
