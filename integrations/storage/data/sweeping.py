"""Deleting synced and derived data: all rows of one (account, tenant), of any epoch.

The first sweep leaves the closed fences, so that late writers keep failing; the second sweep, when nobody can still be
writing, deletes the fences too.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from integrations.domain.ids import AccountId, TenantId
from integrations.storage.data.fences import FENCE, is_derived
from shared.storage.concurrency_limit import AdaptiveConcurrencyLimit
from shared.storage.table_clients.rest_table import RestTable
from shared.storage.tables import Row, RowChanged, Tables, Write, chunks, delete, end_of

_ROWS = "row:"  # the key prefix of all data sets' rows
_TOGETHER = 1000


class Sweeper:
    """The rows of one tenant of one account in the table ``data``."""

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId) -> None:
        self._table: RestTable = tables.rest_table("data")
        self._below = f"{account_id}|{tenant_id}|"
        self._limit = AdaptiveConcurrencyLimit()

    def epochs(self) -> list[int]:
        """Every epoch that has rows; costs one request for each partition."""
        return sorted({self._epoch(partition) for partition in self._partitions()})

    def count(self, epoch: int) -> Counter[str]:
        """The number of synced rows of an epoch, by data set.

        Derived rows are not counted: a removal's report counts Microsoft's data, each row once.
        """
        counts: Counter[str] = Counter()
        for partition in self._of(epoch):
            if is_derived(partition):
                continue
            rows = self._table.prefix(partition, _ROWS, columns=[])
            counts.update(row.key.removeprefix(_ROWS).split(":", 1)[0] for row in rows)
        return counts

    def sweep(self, epoch: int, *, with_fences: bool) -> int:
        """Delete everything of an epoch, with or without its fences; returns the number of rows."""
        start = "" if with_fences else f"{FENCE}\u0020"
        return sum(self._emptied(partition, start) for partition in self._of(epoch))

    def _of(self, epoch: int) -> list[str]:
        return [it for it in self._partitions() if self._epoch(it) == epoch]

    def _partitions(self) -> Iterator[str]:
        """The tenant's partitions in order: each request asks for the first row after the last partition."""
        last = self._table.first_after(self._below, end_of(self._below))
        while last is not None:
            yield last
            last = self._table.first_after(last, end_of(self._below))

    def _epoch(self, partition: str) -> int:
        return int(partition.removeprefix(self._below).split("|", 1)[0])

    def _emptied(self, partition: str, start: str) -> int:
        """Delete all rows from a key on; returns their number without fences."""
        deleted = 0
        while rows := self._table.range(partition, start, columns=[], limit=_TOGETHER):
            for part in chunks([delete(Row(partition, row.key)) for row in rows]):
                deleted += self._deleted(part)
        return deleted

    def _deleted(self, writes: Sequence[Write]) -> int:
        """Delete these rows; returns their number without fences."""
        deleted = 0
        with suppress(RowChanged):  # another sweep deletes too: the caller reads again
            while writes:
                with self._limit.acquire(len(writes)) as room:
                    self._table.write(*writes[:room])
                deleted += sum(it.row.key != FENCE for it in writes[:room])
                writes = writes[room:]
        return deleted
