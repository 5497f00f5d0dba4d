"""What a table does, whichever client is behind it: rows by key and by range of keys, and transactions."""

from collections.abc import Sequence
from typing import Protocol

from shared.storage.rows import Row, Write


class Table(Protocol):
    """One table of a storage account. A table that is missing is empty; it is created by the first write.

    Every method raises RowNotStorable for keys and values that Azure Tables refuses, before anything is sent, and
    StorageUnavailable when storage does not answer in time, or not in a form that can be read.
    """

    def get(self, partition: str, key: str) -> Row | None: ...

    def find(self, partition: str, keys: Sequence[str], *, columns: Sequence[str] | None = None) -> list[Row]:
        """The rows of the given keys that are there, in key order; 14 keys a request."""
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
        """Rows of a partition with start <= key < end, in key order; all of them when no bound is given.

        ``columns`` names those to read beside the keys, ``limit`` is the largest number of rows; all when None.
        """
        ...

    def prefix(self, partition: str, prefix: str, *, columns: Sequence[str] | None = None) -> list[Row]:
        """Rows of a partition whose keys begin with ``prefix``, in key order."""
        ...

    def write(self, *writes: Write) -> str:
        """Do all writes, or none: one transaction inside one partition. Returns the first row's new etag.

        Raises:
            RowExists: an inserted row was already there.
            RowChanged: a row was not at its etag, or to be replaced or deleted but gone.
            StorageUnavailable: storage did not answer; nothing is known to be half done.
        """
        ...
