"""What requests to Microsoft cost."""

from threading import Lock

import msgspec

_NONE = 0.0  # one object: omit_defaults compares defaults by identity


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts, for one batch, one data set or one run.

    ``requests``: HTTP requests, where a batch is one. ``parts``: requests inside batches. ``units``: Microsoft's
    resource units. ``throttled``: responses with status 429. ``repeated``: retries. ``waited_s``: seconds spent waiting
    for Microsoft's limits. ``received_bytes``: bodies, decompressed.

    Attributes:
        requests: HTTP requests, where a batch is one.
        parts: Requests inside batches.
        units: Microsoft's resource units, which its limits are about.
        throttled: Responses with status 429.
        repeated: Requests that were repeated.
        waited_s: Seconds spent waiting for Microsoft's limits.
        received_bytes: Bytes of bodies, decompressed.
    """

    requests: int = 0
    parts: int = 0
    units: int = 0
    throttled: int = 0
    repeated: int = 0
    waited_s: float = _NONE
    received_bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        waited_s = self.waited_s + other.waited_s
        return Usage(
            self.requests + other.requests,
            self.parts + other.parts,
            self.units + other.units,
            self.throttled + other.throttled,
            self.repeated + other.repeated,
            round(waited_s, 3) if waited_s else _NONE,
            self.received_bytes + other.received_bytes,
        )


class Meter:
    """Adds up usage; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.usage = Usage()

    def add(self, usage: Usage) -> None:
        with self._lock:
            self.usage += usage
