"""How a program of this machine ends: SIGTERM or Ctrl-C unwinds it, so that whatever it started is stopped too."""

import signal
import sys
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def exit_on_signal() -> None:
    """From here on both signals leave every ``with`` block and end the program with success.

    A parent that waits for signals blocks them, and its children inherit that; so they are unblocked here.
    """
    for number in _SIGNALS:
        signal.signal(number, _end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def wait_for_signal() -> NoReturn:
    """Sleep until one of the signals ends the program."""
    while True:
        signal.pause()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)  # an impatient second Ctrl-C must not cut the clean end short
    sys.exit(0)
