"""Waiting for what another thread or process does: nobody can say how long that takes on a machine that is busy."""

import time
from collections.abc import Callable
from typing import Any

# What has not come about by then never will: alone it takes a second, on a slow machine that is busy twenty.
HANGS_S = 120.0


def until(holds: Callable[[], Any], within_s: float = HANGS_S) -> None:
    """Look again and again; fail when it never comes about."""
    give_up_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up_at, "it never came about"
        time.sleep(0.01)
