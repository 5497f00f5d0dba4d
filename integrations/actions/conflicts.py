"""The two answers to a version conflict: retry with freshly read rows, or leave the matter to whoever was faster."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from integrations.storage.control import VersionConflict
from shared.telemetry.log import log

Result = TypeVar("Result")

_DEFAULT_TRIES = 5


def retry_on_conflict(
    attempt: Callable[[], Result], *, first: Callable[[], Result] | None = None, tries: int = _DEFAULT_TRIES
) -> Result:
    """Repeat the attempt, which reads its rows each time, until it meets no version conflict.

    ``first`` replaces the first attempt, for a caller that has read the rows already.

    Raises:
        VersionConflict: all ``tries`` attempts met a conflict; the last one wrote nothing.
    """
    for number in range(1, tries + 1):
        try:
            return first() if first is not None and number == 1 else attempt()
        except VersionConflict:
            if number == tries:
                raise
    raise AssertionError  # the last try returned or raised


@contextlib.contextmanager
def ignore_conflict(fact: str, **ids: Any) -> Iterator[None]:
    """Ignore a version conflict: whoever changed the same rows has done the work. ``fact`` is what the log says.

    The rest of the block is skipped, and execution continues after it.
    """
    try:
        yield
    except VersionConflict:
        log(fact, **ids)
