"""How much of the fault tests a run takes, which cases it draws, and what it tells of them at its end.

A run is over after ten minutes (``FAULTS_MINUTES``), however quick the machine is; ``FULL=1`` takes every case, and
``FULL=release`` many of them often. Cases come in an order that a seed draws; ``SEED`` repeats the order of a run.
"""

import math
import os
import random
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tests.exhaustive import IS_FULL

T = TypeVar("T")

LINES: list[str] = []
IS_RELEASE = os.environ.get("FULL", "") == "release"
SEED = int(os.environ.get("SEED") or random.randrange(10**6))
_MOST_S = math.inf if IS_FULL else float(os.environ.get("FAULTS_MINUTES") or 10) * 60
_BEGAN = time.monotonic()
# What each kind of test gets of the time, beside those that are not begun yet.
_SHARES = {
    "crash points": 5.0,
    "races": 5.0,
    "model": 3.0,
    "sequences": 3.0,
    "user syncs": 3.0,
    "asset links": 2.0,
    "odd syncs": 2.0,
    "odd CSP checks": 2.0,
    "all or nothing": 1.0,
    "removal deaths": 2.0,
    "odd tokens": 1.0,
    "evaluations": 1.0,
    "programs": 1.0,
}
_WAITING = dict(_SHARES)  # shares of what is not begun yet


def tell(line: str) -> None:
    LINES.append(line)


def drawn(kind: str, cases: Iterable[T]) -> list[T]:
    """The cases in the order that the seed draws for this kind of test."""
    found = list(cases)
    chance(kind).shuffle(found)
    return found


def chance(kind: str) -> random.Random:
    """Random numbers that the same seed repeats."""
    return random.Random(f"{SEED} {kind}")


def left_s() -> float:
    """Until the run is over."""
    return max(0.0, _MOST_S - (time.monotonic() - _BEGAN))


class Budget:
    """Time for one kind of test: so many seconds, or a kind's share of what is left; a full run has no end."""

    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._seconds = seconds

    @classmethod
    def of(cls, kind: str, parts: int = 1) -> "Budget":
        """The share of a kind; of one that comes in ``parts``, each gets its own."""
        share = _SHARES[kind] / parts
        budget = cls(left_s() * share / max(share, sum(_WAITING.values())))
        _WAITING[kind] = max(0.0, _WAITING[kind] - share)
        return budget

    @property
    def left_s(self) -> float:
        return math.inf if IS_FULL else max(0.0, self._seconds - (time.monotonic() - self._began))

    @property
    def is_spent(self) -> bool:
        return self.left_s <= 0

    @property
    def seconds(self) -> int:
        return round(time.monotonic() - self._began)

    def of_cases(self, kind: str, cases: Iterable[T]) -> Iterator[T]:
        """Case after case, in drawn order, while there is time; at its end it is told how many there were of how many.

        The first one always comes.
        """
        found, done = drawn(kind, cases), 0
        try:
            for case in found:
                if done and self.is_spent:
                    break
                yield case
                done += 1
        finally:
            tell_progress(kind, done, len(found), self)


def tell_progress(kind: str, done: int, count: int, budget: Budget) -> None:
    tell(f"{kind}: {done:,} of {count:,} cases, {budget.seconds} s")
