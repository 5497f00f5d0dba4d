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
_MAX_S = 2**31 - 1


@dataclass(frozen=True)
class RetryPolicy:
    """A fixed pause, or one that doubles between two bounds. ``max_retries`` of -1 never gives up."""

    max_retries: int
    min_s: float
    max_s: float

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> "RetryPolicy":
        """A policy as the decorator holds it.

        Raises:
            KeyError, ValueError, SettingsError: something is missing, or is not what it should be.
        """
        max_retries = int(settings["max_retry_count"])
        if settings["strategy"] == "fixed_delay":
            pause_s = seconds(settings["delay_interval"])
            return cls(max_retries, pause_s, pause_s)
        min_s = seconds(settings.get("minimum_interval") or 0)
        return cls(max_retries, min_s, seconds(settings.get("maximum_interval") or _MAX_S))

    def allows(self, retries: int) -> bool:
        """Whether another repetition follows after so many."""
        return self.max_retries == _FOREVER or retries < self.max_retries

    def pause_s(self, retries: int) -> float:
        """How long to wait before the next repetition, a fifth more or less when pauses grow."""
        if self.min_s == self.max_s:
            return self.min_s
        grown = self.min_s * 2.0 ** min(retries, 60)
        return min(self.max_s, grown * random.uniform(0.8, 1.2))
