"""Many small things in few rows: what nobody looks up one by one need not cost a row each. Pure.

A table takes a hundred rows a transaction, and a report of ten thousand people changes nearly whole every day.
"""

import zlib
from collections.abc import Mapping
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

USUAL = 32  # things in a row
MOST_BYTES = 30_000  # a table holds texts of up to 32 Ki characters, and the row's own words come on top


def pack(things: Mapping[str, T]) -> dict[str, list[T]]:
    """The things of each row, by the row's key.

    A thing goes where its own key sends it, so that a change of one thing changes one row. The number of rows
    doubles as things become more, which moves half of them once.
    """
    wanted = max(1, -(-len(things) // USUAL))
    buckets = 1 << (wanted - 1).bit_length()
    rows: dict[str, list[T]] = {}
    sizes: dict[str, int] = {}
    for key in sorted(things):
        bucket, part = f"{zlib.crc32(key.encode()) % buckets:05x}", 0
        size = len(msgspec.json.encode(things[key])) + 1
        while sizes.get(name := f"{bucket}.{part}", 0) + size > MOST_BYTES and sizes.get(name):
            part += 1
        rows.setdefault(name, []).append(things[key])
        sizes[name] = sizes.get(name, 0) + size
    return rows
