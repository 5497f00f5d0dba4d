"""The interface of a table, whichever client implements it: rows by key and by range of keys, and transactions."""

from collections.abc import Sequence
from typing import Protocol

from shared.storage.rows import Row, Write


class Table(Protocol):
    """One table of a storage account. A table that does not exist reads as empty; the first write creates it.

    Every method raises RowNotStorable, before it sends anything, for keys and values that Azure Tables would refuse,
    and StorageUnavailable when storage does not send a valid response in time.
    """

    def get(self, partition: str, key: str) -> Row | None:
        """One row, or None."""
        ...

    def find(self, partition: str, keys: Sequence[str], *, columns: Sequence[str] | None = None) -> list[Row]:
        """The existing rows of the given keys, in key order; one request for each 14 keys."""
        ...

    def range(
        self,
        partition: str,
        start: str = "",
        end: str = "",
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Rows of a partition with start <= key < end, in key order; an empty bound is no bound.

        Args:
            partition: the partition key.
            start: the first key.
            end: the key after the last one.
            columns: the columns to read beside the keys; None reads all.
            limit: the largest number of rows; None reads all.
        """
        ...

    def prefix(self, partition: str, prefix: str, *, columns: Sequence[str] | None = None) -> list[Row]:
        """Rows of a partition whose keys start with ``prefix``, in key order."""
        ...

    def write(self, *writes: Write) -> str:
        """Perform all writes or none, as one transaction in one partition. Returns the first row's new ETag.

        Raises:
            RowExists: a row to insert exists.
            RowChanged: a row has another ETag, or a row to replace or delete is gone.
            StorageUnavailable: storage did not respond; either all writes were performed or none.
        """
        ...
