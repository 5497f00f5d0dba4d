"""What follows when somebody else changed the same rows in the same moment: try again, or leave it to them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from integrations.storage.control import VersionConflict
from shared.telemetry.log import log

Result = TypeVar("Result")

_MOST_TRIES = 5


def retry_on_conflict(
    attempt: Callable[[], Result], *, first: Callable[[], Result] | None = None, tries: int = _MOST_TRIES
) -> Result:
    """Repeat the attempt until nobody has changed its rows meanwhile; each time it reads them anew.

    ``first`` takes the place of the first attempt, for who holds the rows already.

    Raises:
        VersionConflict: ``tries`` attempts met a conflict; nothing was written by the last.
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
    """Leave it to whoever changed the same rows in the same moment; ``fact`` says in the log what they did.

    The rest of the block is skipped, and what follows it is done.
    """
    try:
        yield
    except VersionConflict:
        log(fact, **ids)
