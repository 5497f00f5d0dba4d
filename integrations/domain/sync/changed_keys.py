"""Which rows of a data set have changed: their keys, or ALL when these are too many to list. Pure."""

from collections.abc import Iterable
from enum import Enum
from itertools import islice
from typing import Final, Literal

MOST_KEYS = 500
MOST_CHARACTERS = 100_000  # of all keys together


class _Everything(Enum):
    ALL = "all"


ALL: Final = _Everything.ALL
NONE: Final = frozenset[str]()
Keys = frozenset[str] | Literal[_Everything.ALL]


def keys_of(keys: Iterable[str]) -> Keys:
    """These keys, or ALL when there are too many to list."""
    listed = frozenset(islice(keys, MOST_KEYS + 1))
    is_too_much = len(listed) > MOST_KEYS or sum(map(len, listed)) > MOST_CHARACTERS
    return ALL if is_too_much else listed


def union(first: Keys, second: Keys) -> Keys:
    return ALL if first is ALL or second is ALL else keys_of(first | second)
