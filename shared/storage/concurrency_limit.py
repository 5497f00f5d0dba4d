"""How much one writer has on its way to storage at once: as much as storage answers within a blink.

Storage that is asked by many serves them in turn. A writer of a hundred thousand rows that always has full
transactions on their way makes all others wait behind these; one that keeps short what is on its way does not, and
is hardly slower for it. Where storage works side by side, as Azure does, the window opens; where it serves one after
the other, as an emulator does, or is overloaded, the window closes to one full transaction: answers that take long
because others ask do not get shorter by more and smaller requests.

The size follows Little's law: rows on their way = rows that storage takes a second, times the wait that others bear.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

_WAIT_S = 0.015  # so long anybody else may wait behind one writer
_WAY_S = 0.020  # at most so much of an answer's time is taken for the way there and back, which is nobody's wait
_FEWEST, _FIRST, _MOST = 100, 100, 400  # rows on their way


class AdaptiveConcurrencyLimit:
    """The rows of one writer on their way, at present at most ``most``; its threads share it.

    ``monotonic`` is seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.most: float = _FIRST
        self._on_way = 0
        self._way_s = _WAY_S  # the quickest answer yet took no less
        self._changed = Condition()

    @contextmanager
    def taken(self, wanted: int) -> Iterator[int]:
        """One transaction, once there is room for it; tells of how many rows it may be, at most those wanted."""
        with self._changed:
            self._changed.wait_for(lambda: not self._on_way or self._on_way + min(wanted, self.most) <= self.most)
            rows = min(wanted, int(self.most))
            self._on_way += rows
            on_way, began = self._on_way, self._monotonic()
        try:
            yield rows
        finally:
            seconds = self._monotonic() - began
            with self._changed:
                self._on_way -= rows
                self._fit(on_way, seconds)
                self._changed.notify_all()

    def _fit(self, rows: int, seconds: float) -> None:
        """Go half way to what storage would have answered in time, and to no more than four times what it was given.

        A few rows that were answered in time tell nothing of many: they leave the window as it is.
        """
        self._way_s = min(self._way_s, seconds)
        took_s = seconds - self._way_s
        in_time = rows * min(_WAIT_S / max(took_s, 0.001), 4.0)
        self.most = (self.most + in_time) / 2 if took_s > _WAIT_S else max(self.most, (self.most + in_time) / 2)
        self.most = min(max(self.most, _FEWEST), _MOST)
