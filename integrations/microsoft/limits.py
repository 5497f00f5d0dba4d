"""How many requests to Microsoft run at once, and how many may be sent in a time: all our limits in one place.

How many queue messages a host handles at once is host.json's ``batchSize``. What a running request does when Microsoft
throttles is ``shared.microsoft.graph.throttle``'s.
Source: https://learn.microsoft.com/graph/throttling-limits
"""

from enum import Enum
from typing import NamedTuple

from shared.microsoft.graph.links import BETA, VERSION

DATASETS_AT_ONCE = 4  # of one tenant
ONBOARDING_STEPS_PER_SECOND = 10  # steps of a CSP's customers; Partner Center allows 50 requests a second


class RateLimit(NamedTuple):
    """At most so many requests in so many seconds."""

    requests: int
    seconds: float


class Service(Enum):
    """A part of Microsoft Graph with limits of its own."""

    DIRECTORY = "directory"
    REPORTS = "reports"
    CONDITIONAL_ACCESS = "conditional_access"
    SECURE_SCORE = "secure_score"
    INTUNE = "intune"
    OUTLOOK = "outlook"  # mailboxes and places; most of its limits are those of one mailbox
    BETA = "beta"  # everything that is read from /beta

    @property
    def version(self) -> str:
        """The version of Graph that it belongs to."""
        return BETA if self is Service.BETA else VERSION

    @property
    def in_flight(self) -> int:
        """The number of concurrent requests for one tenant."""
        return _IN_FLIGHT.get(self, _IN_FLIGHT_OF_OTHERS)

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate for one tenant, where it is low enough that requests must take turns."""
        return _RATE_LIMITS.get(self)

    @property
    def is_batchable(self) -> bool:
        """Whether requests may share a ``$batch``: not where a second one in it would be throttled at once.

        Those to /beta go elsewhere.
        """
        return self.rate_limit is None and self is not Service.BETA


_IN_FLIGHT = {Service.SECURE_SCORE: 4, Service.OUTLOOK: 4}
_IN_FLIGHT_OF_OTHERS = 8
# A little longer than Microsoft's 10 s and 1 s: requests sent in time may still arrive too close to each other.
_RATE_LIMITS = {Service.REPORTS: RateLimit(5, 10.5), Service.CONDITIONAL_ACCESS: RateLimit(1, 1.1)}
_RATE_LIMITS |= {Service.BETA: _RATE_LIMITS[Service.CONDITIONAL_ACCESS]}  # its strictest part
