"""What a run of the fault tests tried, told at its end; and how much of it there is to be."""

import math
import os
import time

LINES: list[str] = []
IS_FULL = os.environ.get("FULL", "") not in {"", "0"}
IS_RELEASE = os.environ.get("FULL", "") == "release"


def tell(line: str) -> None:
    LINES.append(line)


class Budget:
    """Time for one kind of test: a bounded run ends with it, the whole run does not."""

    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._seconds = seconds

    @property
    def left_s(self) -> float:
        return math.inf if IS_FULL else max(0.0, self._seconds - (time.monotonic() - self._began))

    @property
    def is_spent(self) -> bool:
        return self.left_s <= 0

    @property
    def seconds(self) -> int:
        return round(time.monotonic() - self._began)
