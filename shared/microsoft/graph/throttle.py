"""The way to one service of one tenant, shared by all who ask it during one run.

Microsoft counts by tenant and service, so what one request learns of a limit holds for the next one, too. Other
tenants and services have gates of their own and notice nothing.
Source: https://learn.microsoft.com/graph/throttling
"""

import time
from collections.abc import Callable, Mapping
from threading import Lock, Semaphore

from shared.microsoft.graph.errors import MicrosoftError, ServiceDown, Throttled

_SHARE = "x-ms-throttle-limit-percentage"  # of the limit that is used up; told from 0.8 on
_SLOW_FROM, _SLOWER_FROM = 0.8, 1.0
_SLOW_APART_S, _SLOWER_APART_S = 1.0, 2.0
_SLOW_FOR_S = 10.0  # the window in which Microsoft counts resource units


class Throttle:
    """Who may ask now, and who waits.

    At most ``in_flight`` requests at once, none inside a time that throttling named, few when the budget runs out,
    and none at all after ``failures`` in a row. Of a service that is asked at its pace anyway (``is_paced``), whose few
    requests use its limit up whenever they come, that is no warning.
    """

    def __init__(
        self,
        *,
        in_flight: int = 8,
        failures: int = 5,
        is_paced: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.in_flight_slots = Semaphore(in_flight)
        self._most_failures = failures
        self._is_paced = is_paced
        self._monotonic = monotonic
        self._lock = Lock()
        self._failures = 0
        self._not_before = 0.0
        self._apart_s = 0.0
        self._slow_until = 0.0
        self._latest = 0.0

    @property
    def is_down(self) -> bool:
        return self._failures >= self._most_failures

    def pause_s(self, longest_s: float) -> float:
        """Seconds until it is worth the caller's while to look again; 0 when its request leaves now, which counts.

        Whoever rested must look again: another answer may have closed the gate meanwhile.

        Raises:
            ServiceDown: too many requests in a row have failed.
            Throttled: it is more than ``longest_s``.
        """
        with self._lock:
            now = self._monotonic()
            if self.is_down:
                raise ServiceDown("the service failed too often in a row", wait_s=self._promised_s(now))
            leaves = max(now, self._not_before)
            if now < self._slow_until:
                leaves = max(leaves, self._latest + self._apart_s)
            if leaves - now > longest_s:
                raise Throttled("the tenant is throttled for a while", wait_s=leaves - now)
            if leaves == now:
                self._latest = now
            return leaves - now

    def refusal(self, longest_s: float) -> ServiceDown | Throttled | None:
        """Why nobody who has no longer than that would be let through now."""
        with self._lock:
            promised_s = self._promised_s(self._monotonic())
        if self.is_down:
            return ServiceDown("the service failed too often in a row", wait_s=promised_s)
        if promised_s is not None and promised_s > longest_s:
            return Throttled("the tenant is throttled for a while", wait_s=promised_s)
        return None

    @property
    def closed_s(self) -> float:
        """For so many seconds more nothing is let through."""
        with self._lock:
            return self._promised_s(self._monotonic()) or 0.0

    def learn(self, headers: Mapping[str, str], error: MicrosoftError | None) -> None:
        """What an answer of this service told of its limits, whoever asked and however."""
        self.heed(headers)
        if error is not None and error.status == 429 and error.wait_s:
            self.close(error.wait_s)

    def took(self, headers: Mapping[str, str]) -> None:
        """A request succeeded; slow down if the answer says that little of the budget is left."""
        self._failures = 0
        self.heed(headers)

    def failed(self) -> None:
        """A request failed in a way that may pass."""
        with self._lock:
            self._failures += 1

    def close(self, wait_s: float) -> None:
        """Let nothing through for so many seconds, as Microsoft asked."""
        with self._lock:
            self._not_before = max(self._not_before, self._monotonic() + wait_s)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Keep requests apart for a while when ``headers`` (lower-case) tell that most of the budget is used."""
        share = _share(headers.get(_SHARE))
        if share >= _SLOW_FROM and not self._is_paced:
            with self._lock:
                self._apart_s = _SLOWER_APART_S if share >= _SLOWER_FROM else _SLOW_APART_S
                self._slow_until = self._monotonic() + _SLOW_FOR_S

    def _promised_s(self, now: float) -> float | None:
        left_s = self._not_before - now
        return left_s if left_s > 0 else None


def _share(text: str | None) -> float:
    try:
        return float(text) if text else 0.0
    except ValueError:
        return 0.0
