"""A rate limiter: at most so many requests in so many seconds for each key; requests beyond that wait.

Each process counts for itself. That is enough where only one process at a time works on a key.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock

_MAX_KEYS = 10_000


class _Turn:
    """One request's turn. ``ended_at``, on the monotonic clock, is valid once ``has_ended`` is set."""

    __slots__ = ("ended_at", "has_ended")

    def __init__(self) -> None:
        self.ended_at = 0.0
        self.has_ended = Event()

    def end(self, at: float) -> None:
        self.ended_at = at
        self.has_ended.set()


class RateLimiter:
    """Limits the requests of one process. ``sleep`` takes seconds, ``monotonic`` returns them."""

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._turns: dict[str, deque[_Turn]] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, key: str, limit: int, window_s: float) -> Iterator[None]:
        """Run the block, which makes one request, as one of at most ``limit`` in any ``window_s`` seconds.

        The server counts a request at some moment between the begin and the end of its block. So a turn counts until
        ``window_s`` seconds after its end, and the limit holds however long a request takes to arrive.
        """
        own, predecessor = self._reserve(key, limit, window_s)
        begins_at = self._monotonic()
        try:
            if predecessor is not None:
                predecessor.has_ended.wait()
                begins_at = max(self._monotonic(), predecessor.ended_at + window_s)
                self._sleep_until(begins_at)
            yield
        finally:
            own.end(max(begins_at, self._monotonic()))

    def _sleep_until(self, until: float) -> None:
        pause_s = until - self._monotonic()
        if pause_s > 0:
            self._sleep(pause_s)

    def _reserve(self, key: str, limit: int, window_s: float) -> tuple[_Turn, _Turn | None]:
        """The caller's turn, and the earlier turn that must have expired before it begins."""
        own = _Turn()
        with self._lock:
            if len(self._turns) > _MAX_KEYS:
                self._drop_expired(self._monotonic() - window_s)
            turns = self._turns.setdefault(key, deque(maxlen=limit))
            predecessor = turns[0] if len(turns) == limit else None
            turns.append(own)
            return own, predecessor

    def _drop_expired(self, before: float) -> None:
        live = {key: turns for key, turns in self._turns.items() if not _have_expired(turns, before)}
        self._turns = live


def _have_expired(turns: deque[_Turn], before: float) -> bool:
    return all(it.has_ended.is_set() and it.ended_at <= before for it in turns)
