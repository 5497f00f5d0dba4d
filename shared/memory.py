"""Memory settings of the process: one malloc arena for all threads, fewer garbage collections, none of its modules."""

import contextlib
import ctypes
import gc
from collections.abc import Iterator

_M_ARENA_MAX = -8  # malloc.h

# Work that creates and drops rows by the ten thousand spends a tenth of its CPU on searching them for cycles in vain.
_GC_THRESHOLDS = (50_000, 20, 20)


@contextlib.contextmanager
def loading_modules() -> Iterator[None]:
    """Load the modules of a process without collecting garbage, and leave them out of every later collection.

    They make a hundred thousand objects, nearly all of which stay for as long as the process.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def tune_memory() -> None:
    """Set up the process for work that creates and drops many objects in several threads.

    glibc gives each thread its own arena, and memory that one thread has freed cannot be used by another, so a second
    large read would take new memory beside that of the first. Python's threads take turns anyway, so that one arena
    costs them nothing. Other C libraries are left as they are.
    Source: https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html
    """
    gc.set_threshold(*_GC_THRESHOLDS)
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
