"""Taking turns: so many of something in so many seconds, by key; whoever comes too soon waits.

Every process counts for itself. That is enough where one process at a time works on a key, as with tenants.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock

_MOST_KEYS = 10_000


class _Turn:
    """One request's turn; ``ended_at`` is on the monotonic clock, and holds once ``has_ended`` is set."""

    __slots__ = ("ended_at", "has_ended")

    def __init__(self) -> None:
        self.ended_at = 0.0
        self.has_ended = Event()

    def end(self, at: float) -> None:
        self.ended_at = at
        self.has_ended.set()


class RateLimiter:
    """The turns of one process. ``sleep`` and ``monotonic`` are seconds."""

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._taken: dict[str, deque[_Turn]] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, key: str, most: int, within_s: float) -> Iterator[None]:
        """Wait for a turn and hold it; a turn is over for others ``within_s`` seconds after its end.

        Whoever counts our requests does so at some moment between a turn's beginning and its end. So at most
        ``most`` are counted in any ``within_s`` seconds, however long one of them was on its way.
        """
        mine, before = self._booked(key, most, within_s)
        begins = self._monotonic()
        try:
            if before is not None:
                before.has_ended.wait()
                begins = max(self._monotonic(), before.ended_at + within_s)
                self._rest(begins)
            yield
        finally:
            mine.end(max(begins, self._monotonic()))

    def _rest(self, until: float) -> None:
        pause_s = until - self._monotonic()
        if pause_s > 0:
            self._sleep(pause_s)

    def _booked(self, key: str, most: int, within_s: float) -> tuple[_Turn, _Turn | None]:
        """The caller's turn, and the one that has to be over for it to begin."""
        mine = _Turn()
        with self._lock:
            if len(self._taken) > _MOST_KEYS:
                self._forget_what_ended(self._monotonic() - within_s)
            turns = self._taken.setdefault(key, deque(maxlen=most))
            before = turns[0] if len(turns) == most else None
            turns.append(mine)
            return mine, before

    def _forget_what_ended(self, before: float) -> None:
        kept = {key: turns for key, turns in self._taken.items() if not _are_over(turns, before)}
        self._taken = kept


def _are_over(turns: deque[_Turn], before: float) -> bool:
    return all(it.has_ended.is_set() and it.ended_at <= before for it in turns)
