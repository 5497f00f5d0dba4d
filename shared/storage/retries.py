"""Unknown outcomes of storage, settled: repeat within a budget, then read back and ask "was it me?".

Every write carries an operation id (column ``op``). When a repeated write meets a conflict, the row is
read: if it holds our operation id, the conflict is with our own first try, whose answer was lost.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, TypeVar

from shared.storage.rows import Row, RowChanged, RowExists, StorageUnavailable, Write

Result = TypeVar("Result")

CONNECT_S = 2
TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_ATTEMPTS = 3
_BASE_DELAY_S = 0.4  # before the second attempt, and twice that before the third


@dataclass(frozen=True, slots=True)
class StorageTimeouts:
    """How long storage may take, in seconds: to be silent, for one whole answer, and for all tries of a call."""

    read_timeout_s: float
    response_timeout_s: float
    budget_s: float


# Libraries' 300 s and silent retries are off. Whoever waits for an answer over HTTP must be told within 15 s that
# storage is frozen. Work that nobody waits for lets a slow storage be slow: one that is small, shared and asked by many
# at once answers in seconds, and to give up and begin again would only add to what it has to do.
_INTERACTIVE = StorageTimeouts(read_timeout_s=4.0, response_timeout_s=6.0, budget_s=9.0)
_BACKGROUND = StorageTimeouts(read_timeout_s=15.0, response_timeout_s=20.0, budget_s=60.0)
_patience: ContextVar[StorageTimeouts] = ContextVar("patience", default=_BACKGROUND)


def storage_timeouts() -> StorageTimeouts:
    """How long storage may take for whatever this thread does now."""
    return _patience.get()


@contextmanager
def interactive() -> Iterator[None]:
    """While this block runs, storage must answer soon or be out."""
    token = _patience.set(_INTERACTIVE)
    try:
        yield
    finally:
        _patience.reset(token)


class Unanswered(Exception):
    """Storage did not answer, or says that it cannot now; of a write, nothing is known."""


def with_retries(call: Callable[[], Result]) -> Result:
    """Call storage; repeat what may pass within the budget.

    Raises:
        StorageUnavailable: it did not pass.
    """
    limits = storage_timeouts()
    give_up_at = time.monotonic() + limits.budget_s
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return call()
        except Unanswered as error:
            pause_s = _BASE_DELAY_S * 2 ** (attempt - 1)
            if attempt == _ATTEMPTS or time.monotonic() + pause_s + limits.read_timeout_s > give_up_at:
                raise StorageUnavailable("Our storage did not answer in time.") from error
            time.sleep(pause_s)
    raise AssertionError  # the last attempt returned or raised


def write_with_retries(
    writes: Sequence[Write],
    operation: str,
    transact: Callable[[], str],
    get: Callable[[str, str], Row | None],
) -> str:
    """Make one transaction, whose outcome is known when this returns: the first row's new etag."""
    witness = next((write.row for write in writes if write.how != "delete"), None)
    first = True

    def attempt() -> str:
        nonlocal first
        again, first = not first, False
        try:
            return transact()
        except (RowExists, RowChanged):
            # On a repeat the conflict may be with our own first try, whose answer was lost.
            mine = again and _mine(witness, operation, get)
            if mine is False:
                raise
            return mine.etag if mine else ""

    return with_retries(attempt)


def _mine(witness: Row | None, operation: str, get: Callable[[str, str], Row | None]) -> Row | Literal[False] | None:
    """The row our lost try wrote, None when it only deleted (gone is what was asked), else False."""
    if witness is None:
        return None
    stored = get(witness.partition, witness.key)
    return stored if stored is not None and stored.values.get("op") == operation else False
