"""Retry policies: how often a failed call is repeated, and after what pause.

Sources: azure-webjobs-sdk FunctionExecutorExtensions.cs and ExponentialBackoffRetryAttribute.cs;
azure-functions-runtime loader.py.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.host.settings import seconds

_FOREVER = -1
_LONGEST_S = 2**31 - 1


@dataclass(frozen=True)
class RetryPolicy:
    """A fixed pause, or one that doubles between two bounds. ``most`` of -1 never gives up."""

    most: int
    least_s: float
    longest_s: float

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "RetryPolicy":
        """A policy as the decorator holds it.

        Raises:
            KeyError, ValueError, SettingsError: something is missing, or is not what it should be.
        """
        most = int(told["max_retry_count"])
        if told["strategy"] == "fixed_delay":
            pause_s = seconds(told["delay_interval"])
            return cls(most, pause_s, pause_s)
        least_s = seconds(told.get("minimum_interval") or 0)
        return cls(most, least_s, seconds(told.get("maximum_interval") or _LONGEST_S))

    def allows(self, retries: int) -> bool:
        """Whether another repetition follows after so many."""
        return self.most == _FOREVER or retries < self.most

    def pause_s(self, retries: int) -> float:
        """How long to wait before the next repetition, a fifth more or less when pauses grow."""
        if self.least_s == self.longest_s:
            return self.least_s
        grown = self.least_s * 2.0 ** min(retries, 60)
        return min(self.longest_s, grown * random.uniform(0.8, 1.2))
