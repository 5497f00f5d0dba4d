"""Counts what an app asks of the world, and kills it at the n-th request that changes something."""

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class When(Enum):
    """At which moment of the n-th request the app dies."""

    BEFORE = "before it is forwarded"
    AFTER = "after it was carried out, before the answer"


@dataclass
class Switch:
    """One app's way to the world; armed, it kills the app's process once, or has somebody else come in between.

    ``seen`` are the mutating requests since it was armed, in their order, and ``looked`` what was read of tables;
    ``looked_before`` each of the mutating ones, so many of these.
    """

    pid: int = 0
    seen: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    looked_before: list[int] = field(default_factory=list)
    fired: bool = False
    _at: int = 0
    _when: When = When.BEFORE
    _meanwhile: Callable[[], None] | None = None
    _counts: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, at: int = 0, when: When = When.AFTER) -> None:
        """Begin to count; kill at the request with this number, or (0) at none."""
        with self._lock:
            self._at, self._when, self._counts = at, when, True
            self.seen, self.looked, self.looked_before = [], [], []
            self.fired, self._meanwhile = False, None

    def arm_meanwhile(self, at: int, meanwhile: Callable[[], None]) -> None:
        """Begin to count; the storage request with this number waits until something else has happened.

        Numbers of reading ones are negative: -1 is the first.
        """
        self.arm(at, When.BEFORE)
        with self._lock:
            self._meanwhile = meanwhile

    def looks(self, what: str) -> int:
        """A table is read; the number of that, or 0 when nobody counts."""
        with self._lock:
            if not self._counts or self.fired:
                return 0
            self.looked.append(what)
            return -len(self.looked)

    def meanwhile(self, number: int) -> Callable[[], None] | None:
        """What happens before the request with this number is forwarded; it is not counted."""
        with self._lock:
            found = self._meanwhile if number and number == self._at else None
            if found is not None:
                self.fired, self._counts, self._meanwhile = True, False, None
            return found

    def disarm(self) -> None:
        with self._lock:
            self._counts = False

    def before(self, what: str) -> int:
        """A mutating request came; its number, or -1 when it must go no further."""
        with self._lock:
            if not self._counts:
                return 0
            if self.fired:
                return -1
            self.seen.append(what)
            self.looked_before.append(len(self.looked))
            number = len(self.seen)
            return -1 if self._killed(number, When.BEFORE) else number

    def after(self, number: int) -> bool:
        """The request was carried out; whether its answer may go back."""
        with self._lock:
            return not (self._counts and number and self._killed(number, When.AFTER))

    def _killed(self, number: int, when: When) -> bool:
        if number != self._at or when is not self._when or self._meanwhile is not None:
            return False
        self.fired = True
        os.kill(self.pid, signal.SIGKILL)
        return True
