"""Comparing a value of Microsoft's with what a baseline asks for. Each comparison answers yes, no, or not known (None).

Settings of a directory come as text: "true" and "10" are read as what they are compared with, or the answer is not
known. Null equals only null; it is neither in a set nor smaller than a number.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from integrations.domain.text import clean

_TRUTH = {"true": True, "false": False}


def parsed_like(value: Any, expected: Any) -> Any:
    """The value in the type of what it is compared with. Text that is no such value is None: not known."""
    if not isinstance(value, str) or isinstance(expected, str):
        return value
    text = clean(value).casefold()
    if isinstance(expected, bool):
        return _TRUTH.get(text)
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else None


def equals(value: Any, expected: Any) -> bool | None:
    if value is None:
        return False
    read = parsed_like(value, expected)
    if read is None:
        return None
    return bool(read == expected and isinstance(read, bool) == isinstance(expected, bool))


_COLLECTIONS = (list, str, dict, set, frozenset, tuple)  # what a value can be; Collection would take far longer


def is_in(value: Any, expected: Collection[Any]) -> bool | None:
    answers = [equals(value, it) for it in expected]
    return True if True in answers else None if None in answers else False


def _number(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def judged(value: Any, expected: Any) -> bool | None:
        number = parsed_like(value, expected)
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        return compare(number, expected) if is_number else None

    return judged


def _sets(compare: Callable[[set[Any], set[Any]], bool]) -> Callable[[Any, Any], bool | None]:
    def judged(value: Any, expected: Any) -> bool | None:
        return compare(set(value), set(expected)) if isinstance(value, _COLLECTIONS) else None

    return judged


def _matches(value: Any, pattern: str) -> bool | None:
    return bool(re.search(pattern, value)) if isinstance(value, str) else None


def _counts(value: Any, bounds: Mapping[str, int]) -> bool | None:
    if not isinstance(value, _COLLECTIONS) or isinstance(value, str):
        return None
    return all(COMPARISONS[name](len(value), bound) for name, bound in bounds.items())


# What a baseline may ask of a value. ``every`` and ``some`` are about the items of a list (``predicates``).
COMPARISONS: Mapping[str, Callable[[Any, Any], bool | None]] = {
    "eq": equals,
    "in": is_in,
    "le": _number(lambda value, expected: value <= expected),
    "ge": _number(lambda value, expected: value >= expected),
    "subset": _sets(lambda value, expected: value <= expected),
    "superset": _sets(lambda value, expected: value >= expected),
    "disjoint": _sets(lambda value, expected: value.isdisjoint(expected)),
    "matches": _matches,
    "count": _counts,
    "is_null": lambda value, expected: (value is None) is expected,
}
