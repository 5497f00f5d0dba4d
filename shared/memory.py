"""The process's memory: one heap for all threads, and fewer looks for cycles."""

import contextlib
import ctypes
import gc

_M_ARENA_MAX = -8  # malloc.h

# A sync makes rows by the ten thousand and drops them at its end; looking for cycles among them again and again
# takes a tenth of its CPU and finds none.
_LOOK_FOR_CYCLES = (50_000, 20, 20)


def spare_memory() -> None:
    """Set up the process for work that makes and drops many objects in several threads.

    glibc gives threads heaps of their own, and what one thread has freed no other can use: a big tenant's second round
    of reading would take new memory beside that of the first. Python's threads take turns anyway, so that one heap
    costs them nothing. Other C libraries are left as they are.
    Source: https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html
    """
    gc.set_threshold(*_LOOK_FOR_CYCLES)
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
