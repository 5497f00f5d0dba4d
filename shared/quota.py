"""A modest brake per process: so many of something per minute and key (reliability.md T29).

Several instances each count for themselves, so the true limit is this one times their number.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from shared.errors import TooManyRequests

_WINDOW_S = 60.0
_MOST_KEYS = 10_000


class Quota:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._taken: dict[str, deque[float]] = {}
        self._lock = Lock()

    def take(self, key: str, per_minute: int) -> None:
        """Count one.

        Raises:
            TooManyRequests: ``per_minute`` were taken in the last minute; says how long to wait.
        """
        now = self._monotonic()
        with self._lock:
            if len(self._taken) > _MOST_KEYS:
                self._taken.clear()
            times = self._taken.setdefault(key, deque())
            while times and times[0] <= now - _WINDOW_S:
                times.popleft()
            if len(times) >= per_minute:
                raise TooManyRequests(f"At most {per_minute} of these a minute.", wait_s=times[0] + _WINDOW_S - now)
            times.append(now)
