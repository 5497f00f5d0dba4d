"""How often and how long one call is retried. A Retry-After that is too long for it is left to the caller."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from shared.microsoft.graph.errors import Transient

_MAX_BACKOFF_S = 60


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits of one call (a page or a batch): its attempts, its longest single wait, its total time (in seconds).

    ``base_delay_s`` is the first wait where Microsoft names none; each further one is twice as long.
    """

    tries: int = 4
    max_wait_s: float = 20.0
    call_s: float = 60.0
    base_delay_s: float = 1.0


class Attempts:
    """The attempts of one call; ``number`` counts them from 1."""

    def __init__(self, policy: RetryPolicy, sleep: Callable[[float], None], monotonic: Callable[[], float]) -> None:
        self._policy = policy
        self._sleep = sleep
        self._monotonic = monotonic
        self._give_up_at = monotonic() + policy.call_s
        self.number = 1

    @property
    def left_s(self) -> float:
        """Seconds left for the call."""
        return self._give_up_at - self._monotonic()

    @property
    def max_wait_s(self) -> float:
        """The longest single wait, in seconds."""
        return self._policy.max_wait_s

    def wait_before_retry(self, error: Transient) -> bool:
        """Wait for Retry-After, or with exponential backoff; False, at once, when no further attempt is allowed."""
        pause_s = self._backoff_s() if error.wait_s is None else error.wait_s
        if self.number >= self._policy.tries or pause_s > self._policy.max_wait_s or pause_s >= self.left_s:
            return False
        self._sleep(pause_s)
        self.number += 1
        return True

    def _backoff_s(self) -> float:
        """1, 2, 4 ... base delays with jitter: between half of that and all of it."""
        longest_s = min(self._policy.base_delay_s * (1 << (self.number - 1)), _MAX_BACKOFF_S)
        return longest_s * (0.5 + random.random() / 2)  # noqa: S311 - no secret


def longest_wait(errors: list[Transient]) -> Transient:
    """The error with the longest Retry-After; one without counts as 0."""
    return max(errors, key=lambda error: error.wait_s or 0.0)
