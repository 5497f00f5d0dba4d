"""Packing many small items into few rows, for items that are never looked up one by one. Pure.

A transaction writes at most a hundred rows, and most items of a report change every day.
"""

import zlib
from collections.abc import Mapping
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

USUAL = 32  # items in a row
MOST_BYTES = 30_000  # a column holds up to 32 Ki characters, and the JSON around the items comes on top


def pack(items: Mapping[str, T]) -> dict[str, list[T]]:
    """The items of each row, by the row's key.

    The hash of an item's key decides its row, so that a change of one item changes one row. The number of rows is a
    power of two; when it doubles, half of the items move.
    """
    fewest = max(1, -(-len(items) // USUAL))
    buckets = 1 << (fewest - 1).bit_length()
    rows: dict[str, list[T]] = {}
    sizes: dict[str, int] = {}
    for key in sorted(items):
        bucket, part = f"{zlib.crc32(key.encode()) % buckets:05x}", 0
        size = len(msgspec.json.encode(items[key])) + 1
        while sizes.get(name := f"{bucket}.{part}", 0) + size > MOST_BYTES and sizes.get(name):
            part += 1
        rows.setdefault(name, []).append(items[key])
        sizes[name] = sizes.get(name, 0) + size
    return rows
