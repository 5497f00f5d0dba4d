"""What a run of the fault tests tried, told at its end; and how much of it there is to be."""

import os
import time

LINES: list[str] = []
IS_FULL = os.environ.get("FULL", "") not in {"", "0"}


def tell(line: str) -> None:
    LINES.append(line)


class Budget:
    """Time for one kind of test: a bounded run ends with it, the whole run does not."""

    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._seconds = seconds

    @property
    def is_spent(self) -> bool:
        return not IS_FULL and time.monotonic() - self._began > self._seconds

    @property
    def seconds(self) -> int:
        return round(time.monotonic() - self._began)
