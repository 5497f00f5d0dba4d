"""Packing many small items into few rows, for items that are never looked up one by one. Pure.

A transaction writes at most a hundred rows, and most items of a report change every day.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
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


def rows_holding(keys: Iterable[str], find: Callable[[set[str]], Mapping[str, Page]]) -> Iterator[Page]:
    """The rows in which items with these keys are; ``find`` returns those of some rows that exist, by key."""
    wanted = {row for key in keys for row in rows_that_may_hold(key)}
    while wanted:
        found = find(wanted)
        yield from found.values()
        wanted = {next_part(it) for it in found}


def rows_that_may_hold(key: str) -> set[str]:
    """The keys of the rows in which an item with this key would be, however many rows there are.

    Rows with too many bytes have further parts, which end in 1, 2 and so on instead of 0.
    """
    number = zlib.crc32(key.encode())
    return {_name(number % (1 << bits), 0) for bits in range(_MOST_BITS + 1)}


def next_part(row: str) -> str:
    """The key of the row that continues this one, if there is one."""
    bucket, _, part = row.partition(".")
    return f"{bucket}.{int(part) + 1}"


def first_part(row: str) -> str:
    """The key of the row that this one continues, or its own."""
    return f"{row.partition('.')[0]}.0"


def _name(bucket: int, part: int) -> str:
    return f"{bucket:05x}.{part}"
