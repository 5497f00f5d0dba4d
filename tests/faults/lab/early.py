"""Which requests leave inside a Retry-After of their service: judged by the order of things, not by the clock alone.

A thread that has passed the gate before another one was told to wait cannot know of it, however long the machine keeps
it from sending. So a time to wait counts from when the thread that was told does the next thing, and a request counts
as leaving when it passes the gate.
"""

import threading
from collections.abc import Callable
from typing import Any

from local.microsoft.graph.protocol.errors import GraphError
from local.microsoft.graph.routes import find
from shared.microsoft.graph.throttle import Throttle

_SLACK_S = 0.05
_VERSION = "/v1.0"


class _Thread(threading.local):
    """What this thread was told and has not acted on yet, and when it passed a gate."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []
        self.passed = (0, 0.0)


class Departures:
    """``now`` is a clock in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._order = 0
        self._closed: dict[str, list[tuple[int, float]]] = {}
        self._here = _Thread()

    def watch_gates(self, monkeypatch: Any) -> None:
        """Note who passes a gate, and when."""
        pause_s = Throttle.pause_s

        def noted(throttle: Throttle, longest_s: float) -> float:
            with self._lock:
                found = pause_s(throttle, longest_s)
                if not found:
                    self._order += 1
                    self._here.passed = (self._order, self._now())
                return found

        monkeypatch.setattr(Throttle, "pause_s", noted)

    def told(self, path: str, wait_s: float) -> None:
        """This thread's answer names a time to wait for the service behind a path."""
        self._here.told.append((service_of(path), self._now() + wait_s))

    def acts(self) -> None:
        """This thread does something new: what it was told before holds for everybody."""
        told, self._here.told = self._here.told, []
        with self._lock:
            for service, until in told:
                self._order += 1
                self._closed.setdefault(service, []).append((self._order, until))

    def early_s(self, path: str) -> float:
        """How much too early this thread's request leaves; 0 when it does not."""
        order, at = self._here.passed
        with self._lock:
            known = [until for since, until in self._closed.get(service_of(path), []) if since < order]
        left_s = max(known, default=at) - at
        return left_s if left_s > _SLACK_S else 0.0


def service_of(path: str) -> str:
    """The service whose limits hold for a path of Graph; a batch as such is the directory's."""
    try:
        return find("GET", path.removeprefix(_VERSION), _VERSION)[0].service
    except GraphError:
        return "directory"
