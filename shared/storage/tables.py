"""The tables of one storage account, and all that is needed to speak of their rows."""

from collections.abc import Callable
from threading import Lock
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.data.tables import TableServiceClient

from shared.storage.account import StorageAccount, audience_of
from shared.storage.rest_table import RestTable
from shared.storage.retries import Unanswered, with_retries
from shared.storage.rows import (
    MOST_OPERATIONS,
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
from shared.storage.sdk_table import SdkTable
from shared.storage.sdk_transport import BoundedTransport
from shared.storage.table import Table

__all__ = [
    "MOST_OPERATIONS", "RestTable", "Row", "RowChanged", "RowExists", "RowNotStorable", "StorageUnavailable", "Table",
    "Tables", "Value", "Write", "chunks", "delete", "end_of", "insert", "replace", "upsert",
]  # fmt: skip

_API_VERSION = "2020-12-06"  # the first that knows tokens


class Tables:
    """The tables of one storage account; a table is created when it is first missed."""

    def __init__(self, service: TableServiceClient, account: StorageAccount) -> None:
        self._service = service
        self._account = account
        self._open: dict[str, SdkTable] = {}
        self._bulk: dict[str, RestTable] = {}
        self._lock = Lock()

    @classmethod
    def connect(
        cls, connection: str, endpoint: str, credential: Callable[[], TokenCredential], *, ca_file: str | None = None
    ) -> "Tables":
        """Open by connection string, or by the table service's address with a managed identity.

        Raises:
            NotConfigured: the connection string has no account name and key.
        """
        if connection:
            account = StorageAccount.from_connection_string(connection, "table", ca_file)
            options = _options(account.endpoint, ca_file)
            return cls(TableServiceClient.from_connection_string(connection, **options), account)
        account = StorageAccount.by_identity(endpoint, "table", credential(), ca_file)
        options = {**_options(endpoint, ca_file), "audience": audience_of(endpoint, "table")}
        return cls(TableServiceClient(endpoint, credential=credential(), **options), account)

    def table(self, name: str) -> Table:
        """A table for rows that are read and written a few at a time, through Microsoft's SDK."""
        with self._lock:
            if name not in self._open:
                self._open[name] = SdkTable(self._service.get_table_client(name))
            return self._open[name]

    def bulk(self, name: str) -> RestTable:
        """The same for rows by the hundred, at a thirtieth of the CPU for each row."""
        with self._lock:
            if name not in self._bulk:
                self._bulk[name] = RestTable(self._account, name)
            return self._bulk[name]

    def ready(self) -> None:
        """Raise StorageUnavailable unless the account answers."""

        def ask() -> None:
            try:
                next(iter(self._service.list_tables(results_per_page=1)), None)
            except AzureError as error:
                raise Unanswered from error

        with_retries(ask)


def _options(endpoint: str, ca_file: str | None) -> dict[str, Any]:
    """Retries are ours to make, because a repeated write asks whether it was done; nobody redirects storage."""
    transport = BoundedTransport(endpoint, ca_file)
    return {"transport": transport, "api_version": _API_VERSION, "retry_total": 0, "permit_redirects": False}
