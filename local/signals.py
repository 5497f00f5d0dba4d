"""How a program of this machine ends: SIGTERM or Ctrl-C unwinds it, so that whatever it started is stopped too."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PARENT = "LOCAL_PARENT_PID"  # azurite-with-parent.cjs reads it, too
_LOOK_EVERY_S = 0.5


def with_parent(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program that shall end when this process does, however that ends."""
    return {**env, _PARENT: str(os.getpid())}


def end_with_parent() -> None:
    """If whoever started this program asked for it: SIGTERM to itself once that process is gone."""
    parent = os.environ.get(_PARENT)
    if parent:
        threading.Thread(target=_watch, args=(int(parent),), name="watch-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGTERM)


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
