"""What asking Microsoft took, counted where it is asked."""

from threading import Lock

import msgspec

_NONE = 0.0  # one object: defaults are left out where they are the very default


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Counts of one data set, one batch or one run.

    ``requests`` left us, a batch being one; ``parts`` are the questions inside batches. ``units`` are Microsoft's
    resource units. ``throttled`` counts answers with status 429, ``repeated`` what was asked again, ``waited_s``
    the seconds that Microsoft made us wait, and ``received_bytes`` the unpacked bodies.
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
    """Adds up what several threads use."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.usage = Usage()

    def add(self, usage: Usage) -> None:
        with self._lock:
            self.usage += usage
