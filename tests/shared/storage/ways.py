"""The ways to a table that must mean the same: Microsoft's SDK and ours, each by key and by token."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken
from azure.identity import ManagedIdentityCredential

from shared.storage.retries import StorageTimeouts, _timeouts
from shared.storage.table import Table
from shared.storage.tables import Tables
from tests.shared.storage.front import TOKEN, Front, front

Way = Callable[[Tables], Table]
WAYS: dict[str, Way] = {
    "sdk": lambda tables: tables.table("things"),
    "bulk": lambda tables: tables.rest_table("things"),
}
BY_TOKEN = " by token"


class Identity:
    """A credential that counts how often it is asked; its first token may be one that nobody takes."""

    def __init__(self, *, first: str = TOKEN) -> None:
        self.asked = 0
        self._first = first

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://storage.azure.com/.default",)
        self.asked += 1
        return AccessToken(self._first if self.asked == 1 else TOKEN, 4_000_000_000)


def by_key(connection: str) -> Tables:
    return Tables.connect(connection, "", ManagedIdentityCredential)


def by_token(before: Front, folder: Path, identity: Any = None) -> Tables:
    found = identity or Identity()
    return Tables.connect("", before.endpoint, lambda: found, ca_file=str(folder / "ca.pem"))


@contextmanager
def opened(way: str, storage: str, folder: Path) -> Iterator[Table]:
    """The table "things" of an account, in the way of this name."""
    if not way.endswith(BY_TOKEN):
        yield WAYS[way](by_key(storage))
        return
    with front(storage, folder) as before:
        yield WAYS[way.removesuffix(BY_TOKEN)](by_token(before, folder))


@contextmanager
def short_timeouts(budget_s: float = 10.0) -> Iterator[None]:
    """As ``interactive``, for somebody who waits a second."""
    token = _timeouts.set(StorageTimeouts(read_timeout_s=0.2, response_timeout_s=0.3, budget_s=budget_s))
    try:
        yield
    finally:
        _timeouts.reset(token)
