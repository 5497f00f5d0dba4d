"""An adaptive limit on how many rows one writer has in flight to storage at once.

A writer of a hundred thousand rows that always keeps several full transactions in flight makes all other requests wait
behind them. With few rows in flight it is hardly slower, and the others do not wait. Where storage works in parallel,
as Azure does, the limit grows. Where it works serially, as the emulator does, or is overloaded, the limit shrinks to
one full transaction; smaller ones would not help, since responses are slow because of the other requests. After a
response that took too long, while others in this process asked storage too, the writer pauses for as long.

The limit follows Little's law: rows in flight = rows that storage writes per second * the wait that others tolerate.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

_TOLERATED_WAIT_S = 0.010  # the wait behind one writer that others tolerate
_MAX_ROUND_TRIP_S = 0.020  # the most of a response time that counts as network round trip
_MIN, _INITIAL, _MAX = 100, 100, 400  # rows in flight
_MAX_PAUSE_S = 0.050


class RequestCounter:
    """Counts the requests to storage. Threads may lose a count to one another, which does no harm."""

    sent = 0

    def add(self) -> None:
        self.sent += 1


REQUESTS = RequestCounter()  # of this process


class AdaptiveConcurrencyLimit:
    """Limits the rows that one writer has in flight to ``max_rows``; shared by the writer's threads.

    ``requests`` counts those of everybody, ``monotonic`` returns seconds, ``sleep`` waits for so many.
    """

    def __init__(
        self,
        requests: RequestCounter = REQUESTS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._requests = requests
        self._monotonic = monotonic
        self._sleep = sleep
        self._transactions = 0
        self.max_rows: float = _INITIAL
        self._in_flight = 0
        self._round_trip_s = _MAX_ROUND_TRIP_S  # the shortest response time so far
        self._paused_until = 0.0
        self._changed = Condition()

    @contextmanager
    def acquire(self, requested: int) -> Iterator[int]:
        """Wait for room for one transaction; yields its number of rows, at most ``requested``.

        The block sends the transaction. Its duration adapts the limit.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: not self._in_flight or self._in_flight + min(requested, self.max_rows) <= self.max_rows
            )
            rows = min(requested, int(self.max_rows))
            self._in_flight += rows
            in_flight, pause_s = self._in_flight, self._paused_until - self._monotonic()
        if pause_s > 0:
            self._sleep(pause_s)
        began, by_others = self._monotonic(), self._by_others()
        self._transactions += 1
        try:
            yield rows
        finally:
            seconds = self._monotonic() - began
            with self._changed:
                self._in_flight -= rows
                self._adapt(in_flight, seconds)
                if self._by_others() > by_others:
                    self._pause(seconds)
                self._changed.notify_all()

    def _by_others(self) -> int:
        """The requests so far that were not this writer's transactions."""
        return self._requests.sent - self._transactions

    def _adapt(self, rows: int, seconds: float) -> None:
        """Move the limit half way to the rows that storage could write in time, at most four times those in flight.

        A quick response to a few rows says nothing about many rows, so it never lowers the limit.
        """
        self._round_trip_s = min(self._round_trip_s, seconds)
        waited_s = seconds - self._round_trip_s
        in_time = rows * min(_TOLERATED_WAIT_S / max(waited_s, 0.001), 4.0)
        adapted = (self.max_rows + in_time) / 2
        if waited_s <= _TOLERATED_WAIT_S:
            adapted = max(adapted, self.max_rows)
        self.max_rows = min(max(adapted, _MIN), _MAX)

    def _pause(self, seconds: float) -> None:
        """After a response that took longer than others tolerate, give them as much time."""
        waited_s = seconds - self._round_trip_s
        if waited_s > _TOLERATED_WAIT_S:
            self._paused_until = self._monotonic() + min(waited_s, _MAX_PAUSE_S)
