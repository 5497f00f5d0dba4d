"""The throttle of one service of one tenant, shared by all requests to it during one run.

Microsoft counts requests by tenant and service, so what one response says of a limit holds for all requests to that
service. Other tenants and services have throttles of their own.
Source: https://learn.microsoft.com/graph/throttling
"""

import time
from collections.abc import Callable, Mapping
from threading import Lock, Semaphore

from shared.microsoft.graph.errors import MicrosoftError, ServiceDown, Throttled

_USAGE_HEADER = "x-ms-throttle-limit-percentage"  # the used share of the limit; sent from 0.8 on
_SLOW_FROM, _SLOWER_FROM = 0.8, 1.0
_SLOW_SPACING_S, _SLOWER_SPACING_S = 1.0, 2.0
_SLOW_FOR_S = 10.0  # Microsoft counts resource units in windows of this length


class Throttle:
    """Decides when a request may leave.

    At most ``in_flight`` requests run at once. None leaves before a Retry-After has passed. They are spaced out when
    most of the limit is used up, except for a service whose rate we limit ourselves (``is_rate_limited``), since its
    few requests use up its limit as a matter of course. After ``failures`` failed requests in a row none leaves any
    more (circuit breaker).
    """

    def __init__(
        self,
        *,
        in_flight: int = 8,
        failures: int = 5,
        is_rate_limited: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.in_flight_slots = Semaphore(in_flight)
        self._max_failures = failures
        self._is_rate_limited = is_rate_limited
        self._monotonic = monotonic
        self._lock = Lock()
        self._failures = 0
        self._blocked_until = 0.0
        self._spacing_s = 0.0
        self._slow_until = 0.0
        self._last_left_at = 0.0

    @property
    def is_down(self) -> bool:
        """Whether the circuit breaker is open."""
        return self._failures >= self._max_failures

    def pause_s(self, max_wait_s: float) -> float:
        """Seconds to wait before checking again; 0 when a request may leave now, which is recorded.

        After the wait the caller must check again, since another response may have blocked the service meanwhile.

        Raises:
            ServiceDown: too many requests in a row have failed.
            Throttled: the wait is longer than ``max_wait_s`` seconds.
        """
        with self._lock:
            now = self._monotonic()
            if self.is_down:
                raise ServiceDown("the service failed too often in a row", wait_s=self._time_blocked_s(now))
            leaves_at = max(now, self._blocked_until)
            if now < self._slow_until:
                leaves_at = max(leaves_at, self._last_left_at + self._spacing_s)
            if leaves_at - now > max_wait_s:
                raise Throttled("the tenant is throttled for a while", wait_s=leaves_at - now)
            if leaves_at == now:
                self._last_left_at = now
            return leaves_at - now

    def refusal(self, max_wait_s: float) -> ServiceDown | Throttled | None:
        """The error for a request that can wait at most ``max_wait_s`` seconds; None when it may leave in that time."""
        with self._lock:
            blocked_s = self._time_blocked_s(self._monotonic())
        if self.is_down:
            return ServiceDown("the service failed too often in a row", wait_s=blocked_s)
        if blocked_s is not None and blocked_s > max_wait_s:
            return Throttled("the tenant is throttled for a while", wait_s=blocked_s)
        return None

    @property
    def blocked_s(self) -> float:
        """Seconds until requests may leave again; 0 when they may now."""
        with self._lock:
            return self._time_blocked_s(self._monotonic()) or 0.0

    def learn_from(self, headers: Mapping[str, str], error: MicrosoftError | None) -> None:
        """Adjust to any response of this service: to its usage header, and to the Retry-After of a 429."""
        self.observe_usage(headers)
        if error is not None and error.status == 429 and error.wait_s:
            self.block_for(error.wait_s)

    def record_success(self, headers: Mapping[str, str]) -> None:
        """Record a successful request, and space out requests if little of the limit is left."""
        self._failures = 0
        self.observe_usage(headers)

    def record_failure(self) -> None:
        """Record a request that failed in a way that may pass."""
        with self._lock:
            self._failures += 1

    def block_for(self, wait_s: float) -> None:
        """Let no request leave for so many seconds, as Retry-After says. A longer block that exists is kept."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._monotonic() + wait_s)

    def observe_usage(self, headers: Mapping[str, str]) -> None:
        """Space out requests for 10 s when the headers (lower-case) say that most of the limit is used."""
        usage = _usage(headers.get(_USAGE_HEADER))
        if usage >= _SLOW_FROM and not self._is_rate_limited:
            with self._lock:
                self._spacing_s = _SLOWER_SPACING_S if usage >= _SLOWER_FROM else _SLOW_SPACING_S
                self._slow_until = self._monotonic() + _SLOW_FOR_S

    def _time_blocked_s(self, now: float) -> float | None:
        left_s = self._blocked_until - now
        return left_s if left_s > 0 else None


def _usage(text: str | None) -> float:
    try:
        return float(text) if text else 0.0
    except ValueError:
        return 0.0
