"""How long one call keeps trying: waits that Microsoft asks for when they are short, else the caller's turn."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from shared.microsoft.graph.errors import Transient

_LONGEST_STEP_S = 60


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient one Graph object is, in seconds; ``tries`` and ``call_s`` are of one page or batch.

    ``base_delay_s`` is the first wait where Microsoft names none; each further one is twice as long.
    """

    tries: int = 4
    max_wait_s: float = 20.0
    call_s: float = 60.0
    base_delay_s: float = 1.0


class Attempts:
    """The tries of one call, which together keep to its time."""

    def __init__(self, limits: RetryPolicy, sleep: Callable[[float], None], monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._sleep = sleep
        self._monotonic = monotonic
        self._give_up_at = monotonic() + limits.call_s
        self.number = 1

    @property
    def left_s(self) -> float:
        return self._give_up_at - self._monotonic()

    @property
    def longest_s(self) -> float:
        """No single wait is longer."""
        return self._limits.max_wait_s

    def waited(self, error: Transient) -> bool:
        """Sit out what Microsoft asks for; False when that is too long, or the tries are used up."""
        pause_s = self._step_s() if error.wait_s is None else error.wait_s
        if self.number >= self._limits.tries or pause_s > self._limits.max_wait_s or pause_s >= self.left_s:
            return False
        self._sleep(pause_s)
        self.number += 1
        return True

    def _step_s(self) -> float:
        """1, 2, 4 ... base delays, each between half and whole of it, so that callers do not come back as one."""
        longest_s = min(self._limits.base_delay_s * (1 << (self.number - 1)), _LONGEST_STEP_S)
        return longest_s * (0.5 + random.random() / 2)  # noqa: S311 - no secret


def longest(errors: list[Transient]) -> Transient:
    """The error that asks for the longest wait; those that name none ask for the least."""
    return max(errors, key=lambda error: error.wait_s or 0.0)
