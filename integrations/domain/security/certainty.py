"""Yes, no, or unknown: the values of a question whose answer may depend on what could not be read. Pure."""

from collections.abc import Iterable
from enum import Enum


class Certainty(Enum):
    """Three values, combined as Kleene's logic does."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__  # by identity: that of an Enum hashes its name in Python, for every user


def any_of(values: Iterable[Certainty]) -> Certainty:
    """Yes if one is; no if all are, and if there are none."""
    present = set(values)
    if Certainty.YES in present:
        return Certainty.YES
    return Certainty.UNKNOWN if Certainty.UNKNOWN in present else Certainty.NO


def all_of(values: Iterable[Certainty]) -> Certainty:
    """No if one is, and if there are none; yes if all are."""
    present = set(values) or {Certainty.NO}
    if Certainty.NO in present:
        return Certainty.NO
    return Certainty.UNKNOWN if Certainty.UNKNOWN in present else Certainty.YES
