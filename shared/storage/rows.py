"""Rows of Azure Tables, the writes to them, and Azure's limits.

A row has a partition, a key and plain values (str, int, bool, float, bytes). Limits that Azure enforces and the
emulator does not are enforced here: key characters, 100 operations and 4 MiB a transaction, 252 columns and 1 MiB a
row, 32 Ki UTF-16 code units a string, 64 KiB a binary.

Source: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.errors import AppError, Unavailable

Value = str | int | bool | float | bytes

MAX_OPERATIONS = 100
MAX_PAGE_ROWS = 1000
# In one filter: https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
_MAX_COMPARISONS = 15
MAX_KEYS = _MAX_COMPARISONS - 1  # that one request finds
_MAX_TRANSACTION_BYTES = 3_500_000
_MAX_CHARACTERS = 32 * 1024
_MAX_BINARY_BYTES = 64 * 1024
_MAX_ROW_BYTES = 1_000_000
_MAX_COLUMNS = 252
_MAX_KEY_CHARACTERS = 512
_FORBIDDEN_IN_KEYS = re.compile(r"[/\\#?%\x00-\x1f\x7f-\x9f]")
_INT64 = range(-(2**63), 2**63)


class StorageUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Our storage is not responding"


class RowExists(AppError):
    """An insert failed because the row exists."""


class RowChanged(AppError):
    """A row has another version than the one that was read, or is gone."""


class RowNotStorable(AppError):
    """Azure Tables would refuse a key, a value or a transaction; a bug of ours, never shown to a caller."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entity. ``etag`` is the version of a row that was read, "" for a new row."""

    partition: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    etag: str = ""

    def text(self, name: str) -> str:
        """A column as text; raises KeyError when the row lacks it."""
        return str(self.values[name])


@dataclass(frozen=True, slots=True)
class Write:
    """One operation of a transaction. ``replace`` and ``delete`` require the row's ETag, if it has one.

    All but ``delete`` write the id of the transaction into the column ``op``, replacing the row's own value.
    """

    how: Literal["insert", "replace", "upsert", "delete"]
    row: Row


def insert(row: Row) -> Write:
    return Write("insert", row)


def replace(row: Row) -> Write:
    return Write("replace", row)


def upsert(row: Row) -> Write:
    return Write("upsert", row)


def delete(row: Row) -> Write:
    return Write("delete", row)


def end_of(prefix: str) -> str:
    """The first key after all keys that start with ``prefix``."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def chunks(writes: Iterable[Write], *, spare: int = 0) -> Iterator[list[Write]]:
    """Split writes so that each part fits a transaction and leaves room for ``spare`` more operations."""
    part: list[Write] = []
    size = 0
    for write in writes:
        row_size = _size_of(write.row.values) + 600
        if part and (len(part) >= MAX_OPERATIONS - spare or size + row_size > _MAX_TRANSACTION_BYTES):
            yield part
            part, size = [], 0
        part.append(write)
        size += row_size
    if part:
        yield part


def checked_key(text: str) -> str:
    """Return the key.

    Raises:
        RowNotStorable: it holds characters that Azure forbids, or is longer than 1 KiB in UTF-16.
    """
    if not is_storable_key(text):
        raise RowNotStorable("a key holds characters that Azure Tables forbids, or is too long")
    return text


def checked_bound(text: str) -> str:
    """Return the bound of a range of keys; it may hold characters that a key may not.

    Raises:
        RowNotStorable: it holds a lone surrogate.
    """
    _characters(text)
    return text


def key_groups(keys: Iterable[str]) -> Iterator[list[str]]:
    """Distinct keys in order, in groups that fit one filter beside the partition.

    Raises:
        RowNotStorable: Azure forbids one of them.
    """
    ordered = sorted({checked_key(key) for key in keys})
    return (ordered[start : start + MAX_KEYS] for start in range(0, len(ordered), MAX_KEYS))


def is_storable_key(text: str) -> bool:
    """Whether Azure allows this key."""
    is_allowed = not _FORBIDDEN_IN_KEYS.search(text) and text.isprintable()
    return is_allowed and len(text.encode("utf-16-le", "surrogatepass")) <= 2 * _MAX_KEY_CHARACTERS


def check_transaction(writes: Sequence[Write]) -> None:
    """Check a transaction against Azure's limits.

    Raises:
        RowNotStorable: Azure would refuse it.
    """
    if not 1 <= len(writes) <= MAX_OPERATIONS:
        raise RowNotStorable(f"a transaction holds 1 to 100 operations, not {len(writes)}")
    if len({write.row.partition for write in writes}) > 1:
        raise RowNotStorable("a transaction stays within one partition")
    sizes = [_check_row(write.row) if write.how != "delete" else _check_keys(write.row) for write in writes]
    if sum(sizes) > _MAX_TRANSACTION_BYTES + _MAX_ROW_BYTES:
        raise RowNotStorable("a transaction is over 4 MiB")


def _check_keys(row: Row) -> int:
    checked_key(row.partition)
    checked_key(row.key)
    return 0


def _check_row(row: Row) -> int:
    """The size of the row in bytes."""
    _check_keys(row)
    if len(row.values) + ("op" not in row.values) > _MAX_COLUMNS:
        raise RowNotStorable(f"row {row.key!r} has over {_MAX_COLUMNS} columns")
    for name, value in row.values.items():
        _check_value(name, value)
    row_size = _size_of(row.values)
    if row_size > _MAX_ROW_BYTES:
        raise RowNotStorable(f"row {row.key!r} is over 1 MiB")
    return row_size


def _check_value(name: str, value: Value) -> None:
    if isinstance(value, str):
        if _characters(value) > _MAX_CHARACTERS:
            raise RowNotStorable(f"column {name} holds {len(value)} characters, over 32 Ki")
    elif isinstance(value, bytes):
        if len(value) > _MAX_BINARY_BYTES:
            raise RowNotStorable(f"column {name} holds {len(value)} bytes, over 64 Ki")
    elif isinstance(value, float) and not math.isfinite(value):
        raise RowNotStorable(f"column {name} holds a number that is none")
    elif isinstance(value, int) and value not in _INT64:
        raise RowNotStorable(f"column {name} holds a number over 64 bits")


def _characters(text: str) -> int:
    """The length of a text in UTF-16 code units, as Azure counts it. A lone surrogate cannot be stored at all."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError as error:
        raise RowNotStorable("a text holds half a character") from error


def _size_of(values: Mapping[str, Value]) -> int:
    """The size of values in bytes as Azure counts it, with two bytes for each character."""
    return sum(
        len(name) * 2 + (len(value) * 2 if isinstance(value, str) else len(value) if isinstance(value, bytes) else 8)
        for name, value in values.items()
    )
