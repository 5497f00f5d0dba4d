"""Taking turns: so many of something in so many seconds, by key; whoever comes too soon waits.

Every process counts for itself. That is enough where one process at a time works on a key, as with tenants.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock

from shared.web import Response, Web

_MOST_KEYS = 10_000


class Paces:
    """The turns of one process. ``sleep`` and ``monotonic`` are seconds."""

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._taken: dict[str, deque[float]] = {}
        self._lock = Lock()

    def wait(self, key: str, most: int, within_s: float) -> None:
        """Return when it is this caller's turn: at most ``most`` turns begin in any ``within_s`` seconds."""
        pause_s = self._turn(key, most, within_s) - self._monotonic()
        if pause_s > 0:
            self._sleep(pause_s)

    def _turn(self, key: str, most: int, within_s: float) -> float:
        """Book the next free turn; when it begins, on the monotonic clock."""
        now = self._monotonic()
        with self._lock:
            if len(self._taken) > _MOST_KEYS:
                self._taken = {name: turns for name, turns in self._taken.items() if turns[-1] > now - within_s}
            turns = self._taken.setdefault(key, deque(maxlen=most))
            begins = max(now, turns[0] + within_s) if len(turns) == most else now
            turns.append(begins)
            return begins


class PacedWeb(Web):
    """A way out in which every request, repeated ones too, waits its turn."""

    def __init__(self, web: Web, wait: Callable[[], None]) -> None:  # the connections are the other one's
        self._web = web
        self._wait = wait

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_s: float = 60.0,
    ) -> Response:
        self._wait()
        return self._web.send(method, url, headers=headers, body=body, within_s=within_s)
