"""Retries for storage, including writes whose outcome is unknown because their response was lost.

Every write carries an operation id (column ``op``). When a retried write meets a conflict, the row is read back: if it
holds our operation id, the conflict is with our own first attempt, which had succeeded.
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
    """Limits in seconds: for storage to send nothing, for one complete response, and for all attempts of a call."""

    read_timeout_s: float
    response_timeout_s: float
    budget_s: float


# A caller over HTTP must get an error within 15 s when storage does not respond. Background work has more time: a
# small, busy storage account may take seconds to respond, and giving up to start again would only add to its load.
_INTERACTIVE = StorageTimeouts(read_timeout_s=4.0, response_timeout_s=6.0, budget_s=9.0)
_BACKGROUND = StorageTimeouts(read_timeout_s=15.0, response_timeout_s=20.0, budget_s=60.0)
_timeouts: ContextVar[StorageTimeouts] = ContextVar("storage_timeouts", default=_BACKGROUND)


def storage_timeouts() -> StorageTimeouts:
    """The timeouts that apply in the current context."""
    return _timeouts.get()


@contextmanager
def interactive() -> Iterator[None]:
    """Use the short timeouts in this block, for a caller who is waiting."""
    token = _timeouts.set(_INTERACTIVE)
    try:
        yield
    finally:
        _timeouts.reset(token)


class Unanswered(Exception):
    """Storage did not respond, or with a transient error; whether a write was performed is unknown."""


def with_retries(call: Callable[[], Result]) -> Result:
    """Call storage, and retry when it is Unanswered: three attempts, within the budget of the timeouts.

    Raises:
        StorageUnavailable: no attempt succeeded.
    """
    timeouts = storage_timeouts()
    give_up_at = time.monotonic() + timeouts.budget_s
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return call()
        except Unanswered as error:
            pause_s = _BASE_DELAY_S * 2 ** (attempt - 1)
            if attempt == _ATTEMPTS or time.monotonic() + pause_s + timeouts.read_timeout_s > give_up_at:
                raise StorageUnavailable("Our storage did not answer in time.") from error
            time.sleep(pause_s)
    raise AssertionError  # the last attempt returned or raised


def write_with_retries(
    writes: Sequence[Write],
    operation: str,
    transact: Callable[[], str],
    get: Callable[[str, str], Row | None],
) -> str:
    """Perform one transaction, with retries, so that its outcome is known; returns the first row's new ETag.

    Args:
        writes: the operations.
        operation: the id that ``transact`` writes into the column ``op``.
        transact: performs the transaction once.
        get: reads a row by partition and key.

    Raises:
        RowExists, RowChanged: a conflict with somebody else's write.
        StorageUnavailable: no attempt succeeded.
    """
    witness = next((write.row for write in writes if write.how != "delete"), None)
    is_first = True

    def attempt() -> str:
        nonlocal is_first
        is_retry, is_first = not is_first, False
        try:
            return transact()
        except (RowExists, RowChanged):
            # On a retry the conflict may be with our own first attempt, whose response was lost.
            own = is_retry and _own_row(witness, operation, get)
            if own is False:
                raise
            return own.etag if own else ""

    return with_retries(attempt)


def _own_row(witness: Row | None, operation: str, get: Callable[[str, str], Row | None]) -> Row | Literal[False] | None:
    """The row that our lost attempt wrote; None when it only deleted rows; False when the conflict is not with us."""
    if witness is None:
        return None
    stored = get(witness.partition, witness.key)
    return stored if stored is not None and stored.values.get("op") == operation else False
