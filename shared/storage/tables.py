"""The tables of one storage account, and the names needed to work with their rows."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient

from shared.storage.account import StorageAccount, audience_of
from shared.storage.retries import Unanswered, with_retries
from shared.storage.rows import (
    MAX_KEYS,
    MAX_OPERATIONS,
    Row,
    RowChanged,
    RowExists,
    RowNotStorable,
    StorageUnavailable,
    Value,
    Write,
    chunks,
    delete,
    end_of,
    insert,
    replace,
    upsert,
)
from shared.storage.table import Table
from shared.storage.table_clients.rest_table import RestTable
from shared.storage.table_clients.sdk_table import SdkTable
from shared.storage.table_clients.sdk_transport import BoundedTransport
from shared.storage.table_clients.transactions import TransactionWriter

__all__ = [
    "MAX_KEYS", "MAX_OPERATIONS", "RestTable", "Row", "RowChanged", "RowExists", "RowNotStorable", "StorageUnavailable",
    "Table", "Tables", "Value", "Write", "chunks", "delete", "end_of", "insert", "replace", "upsert",
]  # fmt: skip

_API_VERSION = "2020-12-06"  # the first version that accepts tokens


class Tables:
    """The tables of one storage account. A table that does not exist is created by the first write."""

    def __init__(self, service: TableServiceClient, account: StorageAccount) -> None:
        self._service = service
        self._account = account
        self._sdk_tables: dict[str, SdkTable] = {}
        self._rest_tables: dict[str, RestTable] = {}
        self._lock = Lock()

    @classmethod
    def connect(
        cls,
        connection: str,
        endpoint: str,
        credential: Callable[[], TokenCredential],
        *,
        ca_file: str | None = None,
        user_agent: str = "",
    ) -> "Tables":
        """Connect with a connection string, or, when that is empty, to an endpoint with a managed identity.

        ``ca_file`` and ``user_agent`` are as for ``HttpClient``; the SDK sends a user agent of its own.

        Raises:
            NotConfigured: the connection string has no account name or no key.
        """
        if connection:
            account = StorageAccount.from_connection_string(connection, "table", ca_file, user_agent=user_agent)
            options = _options(account.endpoint, ca_file)
            return cls(TableServiceClient.from_connection_string(connection, **options), account)
        account = StorageAccount.by_identity(endpoint, "table", credential(), ca_file, user_agent=user_agent)
        options = {**_options(endpoint, ca_file), "audience": audience_of(endpoint, "table")}
        return cls(TableServiceClient(endpoint, credential=credential(), **options), account)

    def table(self, name: str) -> Table:
        """A table through Microsoft's SDK, for rows that are read and written a few at a time."""
        with self._lock:
            if name not in self._sdk_tables:
                self._sdk_tables[name] = SdkTable(
                    self._service.get_table_client(name), TransactionWriter(self._account, name)
                )
            return self._sdk_tables[name]

    def rest_table(self, name: str) -> RestTable:
        """A table through its REST API, for rows by the hundred, at a thirtieth of the CPU for each row."""
        with self._lock:
            if name not in self._rest_tables:
                self._rest_tables[name] = RestTable(self._account, name)
            return self._rest_tables[name]

    def check_ready(self) -> None:
        """Check that the account responds.

        Raises:
            StorageUnavailable: it does not.
        """

        def list_one() -> None:
            try:
                next(iter(self._service.list_tables(results_per_page=1)), None)
            except AzureError as error:
                raise Unanswered from error

        with_retries(list_one)


def _options(endpoint: str, ca_file: str | None) -> dict[str, Any]:
    """No retries by the SDK, because ours check whether a lost write was performed; and no redirects."""
    transport = BoundedTransport(endpoint, ca_file)
    return {"transport": transport, "api_version": _API_VERSION, "retry_total": 0, "permit_redirects": False}
