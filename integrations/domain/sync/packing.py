"""Packing many small items into few rows, for items that are never looked up one by one. Pure.

A transaction writes at most a hundred rows, and most items of a report change every day.
"""

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
Page = TypeVar("Page")

USUAL = 32  # items in a row
_MOST_BITS = 20  # of a row's number: thirty million items
MOST_BYTES = 30_000  # a column holds up to 32 Ki characters, and the JSON around the items comes on top


def pack(items: Mapping[str, T]) -> dict[str, list[T]]:
    """The items of each row, by the row's key.

    The hash of an item's key decides its row, so that a change of one item changes one row. The number of rows is a
    power of two; when it doubles, half of the items move.
    """
    fewest = max(1, -(-len(items) // USUAL))
    buckets = 1 << min((fewest - 1).bit_length(), _MOST_BITS)
    rows: dict[str, list[T]] = {}
    sizes: dict[str, int] = {}
    for key in sorted(items):
        bucket, part = zlib.crc32(key.encode()) % buckets, 0
        size = len(msgspec.json.encode(items[key])) + 1
        while sizes.get(name := _name(bucket, part), 0) + size > MOST_BYTES and sizes.get(name):
            part += 1
        rows.setdefault(name, []).append(items[key])
        sizes[name] = sizes.get(name, 0) + size
    return rows


def rows_holding(
    candidates: Mapping[str, Collection[str]],
    find: Callable[[set[str]], Mapping[str, Page]],
    keys_in: Callable[[Page], Iterable[str]],
) -> Iterator[Page]:
    """The rows in which items are, and others that were read with them.

    ``candidates`` are the rows that may hold an item, by its key. ``find`` returns those of some rows that exist, by
    key, and ``keys_in`` the keys of the items in one.
    """
    while candidates:
        found = find(set().union(*candidates.values()))
        yield from found.values()
        held = {key for row in found.values() for key in keys_in(row)}
        further = {key: _next_parts(found.keys() & rows) for key, rows in candidates.items() if key not in held}
        candidates = {key: rows for key, rows in further.items() if rows}


def rows_that_may_hold(key: str, row_count: int | None = None) -> set[str]:
    """The keys of the rows in which an item with this key would be, if there are so many rows; None: however many.

    Rows with too many bytes have further parts, which end in 1, 2 and so on instead of 0.
    """
    number, most_bits = zlib.crc32(key.encode()), _MOST_BITS if row_count is None else row_count.bit_length()
    return {_name(number % (1 << bits), 0) for bits in range(most_bits + 1)}


def _next_parts(rows: Iterable[str]) -> set[str]:
    """The keys of the rows that continue these, where there are any."""
    parts = (it.partition(".") for it in rows)
    return {f"{bucket}.{int(part) + 1}" for bucket, dot, part in parts if dot}


def first_part(row: str) -> str:
    """The key of the row that this one continues, or its own."""
    return f"{row.partition('.')[0]}.0"


def _name(bucket: int, part: int) -> str:
    return f"{bucket:05x}.{part}"
