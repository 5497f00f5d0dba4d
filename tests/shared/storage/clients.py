"""The clients of a table, which must behave the same: Microsoft's SDK and ours, each by key and by token."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.core.credentials import AccessToken
from azure.identity import ManagedIdentityCredential

from shared.storage.retries import StorageTimeouts, _timeouts
from shared.storage.table import Table
from shared.storage.tables import Tables
from tests.shared.storage.proxy import TOKEN, Proxy, proxied

Open = Callable[[Tables], Table]
CLIENTS: dict[str, Open] = {
    "sdk": lambda tables: tables.table("things"),
    "rest": lambda tables: tables.rest_table("things"),
}
BY_TOKEN = " by token"


class Identity:
    """A credential that counts its requests; its first token may be an invalid one."""

    def __init__(self, *, first: str = TOKEN) -> None:
        self.requests = 0
        self._first = first

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://storage.azure.com/.default",)
        self.requests += 1
        return AccessToken(self._first if self.requests == 1 else TOKEN, 4_000_000_000)


def by_key(connection: str) -> Tables:
    return Tables.connect(connection, "", ManagedIdentityCredential)


def by_token(proxy: Proxy, folder: Path, identity: Any = None) -> Tables:
    credential = identity or Identity()
    return Tables.connect("", proxy.endpoint, lambda: credential, ca_file=str(folder / "ca.pem"))


@contextmanager
def open_table(client: str, storage: str, folder: Path) -> Iterator[Table]:
    """The table "things" of an account, with this client."""
    if not client.endswith(BY_TOKEN):
        yield CLIENTS[client](by_key(storage))
        return
    with proxied(storage, folder) as proxy:
        yield CLIENTS[client.removesuffix(BY_TOKEN)](by_token(proxy, folder))


@contextmanager
def short_timeouts(budget_s: float = 10.0) -> Iterator[None]:
    """As ``interactive``, with timeouts below a second."""
    token = _timeouts.set(StorageTimeouts(read_timeout_s=0.2, response_timeout_s=0.3, budget_s=budget_s))
    try:
        yield
    finally:
        _timeouts.reset(token)
