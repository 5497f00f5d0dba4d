"""A quota per minute and key, which refuses what exceeds it.

Each process counts for itself, so the effective limit is this one times the number of instances.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from shared.errors import TooManyRequests

_WINDOW_S = 60.0
_MAX_KEYS = 10_000


class Quota:
    """Counts by key; safe to share between threads. ``monotonic`` returns seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._taken_at: dict[str, deque[float]] = {}
        self._lock = Lock()

    def take(self, key: str, per_minute: int) -> None:
        """Count one request of a key.

        Raises:
            TooManyRequests: ``per_minute`` were counted in the last minute; ``wait_s`` is when to retry.
        """
        now = self._monotonic()
        with self._lock:
            if len(self._taken_at) > _MAX_KEYS:
                self._taken_at.clear()
            times = self._taken_at.setdefault(key, deque())
            while times and times[0] <= now - _WINDOW_S:
                times.popleft()
            if len(times) >= per_minute:
                raise TooManyRequests(f"At most {per_minute} of these a minute.", wait_s=times[0] + _WINDOW_S - now)
            times.append(now)
