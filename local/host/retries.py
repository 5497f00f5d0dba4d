"""Retry policies: how often a failed call is repeated, and after what pause.

Source: azure-webjobs-sdk FunctionExecutorExtensions.cs and ExponentialBackoffRetryAttribute.cs.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.host.settings import seconds

_FOREVER = -1


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
        if told["strategy"] != "exponential_backoff":
            raise ValueError(f"there is no strategy '{told['strategy']}'")
        return cls(most, seconds(told["minimum_interval"]), seconds(told["maximum_interval"]))

    def allows(self, retries: int) -> bool:
        """Whether another repetition follows after so many."""
        return self.most == _FOREVER or retries < self.most

    def pause_s(self, retries: int) -> float:
        """How long to wait before the next repetition, a fifth more or less when pauses grow."""
        if self.least_s == self.longest_s:
            return self.least_s
        grown = self.least_s * 2.0 ** min(retries, 60)
        return min(self.longest_s, grown * random.uniform(0.8, 1.2))
