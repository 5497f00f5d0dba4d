"""Rows of Azure Tables, what may be written of them, and the limits Azure sets.

A row is a partition, a key and plain values (str, int, bool, float, bytes). What Azure enforces and the
emulator does not is enforced here (platform.md 5.3): key characters, 100 operations and 4 MiB a
transaction, 252 columns and 1 MiB a row, 32 Ki UTF-16 characters a string, 64 KiB a binary.

Source: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.errors import AppError, Unavailable

Value = str | int | bool | float | bytes

MOST_OPERATIONS = 100
MOST_ROWS_A_PAGE = 1000
# Of one filter: https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
_MOST_COMPARISONS = 15
_MOST_TRANSACTION_BYTES = 3_500_000
_MOST_CHARACTERS = 32 * 1024
_MOST_BINARY_BYTES = 64 * 1024
_MOST_ROW_BYTES = 1_000_000
_MOST_COLUMNS = 252
_MOST_KEY_CHARACTERS = 512
_FORBIDDEN_IN_KEYS = re.compile(r"[/\\#?%\x00-\x1f\x7f-\x9f]")
_INT64 = range(-(2**63), 2**63)


class StorageUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Our storage is not responding"


class RowExists(AppError):
    """An insert met a row that is already there."""


class RowChanged(AppError):
    """The row is not as it was read: somebody wrote it meanwhile, or it is gone."""


class RowNotStorable(AppError):
    """A key or a value that Azure Tables would refuse; a fault of ours, never the caller's to see."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entity. ``etag`` is set on rows that were read, and names the version they were read at."""

    partition: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    etag: str = ""

    def text(self, name: str) -> str:
        return str(self.values[name])


@dataclass(frozen=True, slots=True)
class Write:
    """One operation of a transaction; ``replace`` and ``delete`` hold only at the row's etag, if any.

    All but a delete write an id of the transaction into the column ``op``, whatever the row says of it.
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
    """The first key after all keys that begin with ``prefix``."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def chunks(writes: Iterable[Write], *, spare: int = 0) -> Iterator[list[Write]]:
    """Split writes so that each part fits a transaction with ``spare`` places left over."""
    part: list[Write] = []
    size = 0
    for write in writes:
        weight = _weight(write.row.values) + 600
        if part and (len(part) >= MOST_OPERATIONS - spare or size + weight > _MOST_TRANSACTION_BYTES):
            yield part
            part, size = [], 0
        part.append(write)
        size += weight
    if part:
        yield part


def checked_key(text: str) -> str:
    """The key itself.

    Raises:
        RowNotStorable: it holds what Azure forbids in a key, or is longer than 1 KiB in UTF-16.
    """
    if not is_storable_key(text):
        raise RowNotStorable("a key holds characters that Azure Tables forbids, or is too long")
    return text


def checked_bound(text: str) -> str:
    """The end of a range of keys itself, which may hold characters that a key may not.

    Raises:
        RowNotStorable: it holds half a character.
    """
    _characters(text)
    return text


def key_groups(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys in order and each once, so many at a time as one filter takes beside the partition.

    Raises:
        RowNotStorable: Azure forbids one of them.
    """
    ordered = sorted({checked_key(key) for key in keys})
    most = _MOST_COMPARISONS - 1
    return (ordered[start : start + most] for start in range(0, len(ordered), most))


def is_storable_key(text: str) -> bool:
    """Whether a row may have this key."""
    is_allowed = not _FORBIDDEN_IN_KEYS.search(text) and text.isprintable()
    return is_allowed and len(text.encode("utf-16-le", "surrogatepass")) <= 2 * _MOST_KEY_CHARACTERS


def is_storable_text(text: bytes) -> bool:
    """Whether a column may hold this text, given in UTF-8."""
    return len(text) <= _MOST_CHARACTERS or len(text.decode().encode("utf-16-le")) <= 2 * _MOST_CHARACTERS


def check_transaction(writes: Sequence[Write]) -> None:
    """Raise RowNotStorable unless Azure would take the transaction whole."""
    if not 1 <= len(writes) <= MOST_OPERATIONS:
        raise RowNotStorable(f"a transaction holds 1 to 100 operations, not {len(writes)}")
    if len({write.row.partition for write in writes}) > 1:
        raise RowNotStorable("a transaction stays within one partition")
    weights = [_check_row(write.row) if write.how != "delete" else _check_keys(write.row) for write in writes]
    if sum(weights) > _MOST_TRANSACTION_BYTES + _MOST_ROW_BYTES:
        raise RowNotStorable("a transaction is over 4 MiB")


def _check_keys(row: Row) -> int:
    checked_key(row.partition)
    checked_key(row.key)
    return 0


def _check_row(row: Row) -> int:
    """The row's weight in bytes."""
    _check_keys(row)
    if len(row.values) + ("op" not in row.values) > _MOST_COLUMNS:
        raise RowNotStorable(f"row {row.key!r} has over {_MOST_COLUMNS} columns")
    for name, value in row.values.items():
        _check_value(name, value)
    weight = _weight(row.values)
    if weight > _MOST_ROW_BYTES:
        raise RowNotStorable(f"row {row.key!r} is over 1 MiB")
    return weight


def _check_value(name: str, value: Value) -> None:
    if isinstance(value, str):
        if _characters(value) > _MOST_CHARACTERS:
            raise RowNotStorable(f"column {name} holds {len(value)} characters, over 32 Ki")
    elif isinstance(value, bytes):
        if len(value) > _MOST_BINARY_BYTES:
            raise RowNotStorable(f"column {name} holds {len(value)} bytes, over 64 Ki")
    elif isinstance(value, float) and not math.isfinite(value):
        raise RowNotStorable(f"column {name} holds a number that is none")
    elif isinstance(value, int) and value not in _INT64:
        raise RowNotStorable(f"column {name} holds a number over 64 bits")


def _characters(text: str) -> int:
    """Characters as Azure counts them: UTF-16 code units. A lone surrogate cannot be stored at all."""
    if text.isascii():
        return len(text)
    try:
        return len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError as error:
        raise RowNotStorable("a text holds half a character") from error


def _weight(values: Mapping[str, Value]) -> int:
    """Bytes as Azure counts them: text in UTF-16, up to what lies outside its basic plane."""
    return sum(
        len(name) * 2 + (len(value) * 2 if isinstance(value, str) else len(value) if isinstance(value, bytes) else 8)
        for name, value in values.items()
    )
