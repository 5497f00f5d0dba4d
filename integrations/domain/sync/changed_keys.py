"""Which rows of a data set have changed: their keys, or all of them where these are too many to name. Pure."""

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
    """These keys, or ALL where there are more than a mark holds."""
    few = frozenset(islice(keys, MOST_KEYS + 1))
    is_too_much = len(few) > MOST_KEYS or sum(map(len, few)) > MOST_CHARACTERS
    return ALL if is_too_much else few


def joined(one: Keys, other: Keys) -> Keys:
    """What changed either way."""
    return ALL if one is ALL or other is ALL else keys_of(one | other)
