"""Azure Tables with the time-outs and answers we rely on, through Microsoft's SDK.

For rows that are read and written in hundreds there is the same table by a shorter way: ``Tables.bulk``.
"""

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, TableServiceClient, UpdateMode
from azure.data.tables import TransactionOperation as Sdk

from shared.bulk import BulkTable
from shared.rows import (
    MOST_OPERATIONS,
    Row,
    RowChanged,
    RowExists,
    RowNotStorable,
    StorageUnavailable,
    Value,
    Write,
    check_transaction,
    checked_key,
    chunks,
    delete,
    end_of,
    insert,
    replace,
    upsert,
)
from shared.settling import CONNECT_S, TRANSIENT, Unanswered, patience, settle, settle_write
from shared.storage_account import StorageAccount

__all__ = [
    "MOST_OPERATIONS", "Row", "RowChanged", "RowExists", "RowNotStorable", "StorageUnavailable", "Table", "Tables",
    "Value", "Write", "chunks", "delete", "end_of", "insert", "replace", "upsert",
]  # fmt: skip

Result = TypeVar("Result")


class Tables:
    """The tables of one storage account; a table is created when it is first missed."""

    def __init__(self, service: TableServiceClient, account: StorageAccount) -> None:
        self._service = service
        self._account = account
        self._open: dict[str, Table] = {}
        self._bulk: dict[str, BulkTable] = {}
        self._lock = Lock()

    @classmethod
    def connect(cls, connection: str, account: str, credential: Callable[[], TokenCredential]) -> "Tables":
        """Open by connection string, or by account name with a managed identity."""
        options: dict[str, Any] = {
            "retry_total": 0,
            "connection_timeout": CONNECT_S,
        }
        if connection:
            by_key = StorageAccount.from_connection_string(connection, "table")
            return cls(TableServiceClient.from_connection_string(connection, **options), by_key)
        by_identity = StorageAccount.by_identity(account, "table", credential())
        return cls(
            TableServiceClient(by_identity.endpoint, credential=credential(), **options),
            by_identity,
        )

    def table(self, name: str) -> "Table":
        with self._lock:
            if name not in self._open:
                self._open[name] = Table(self._service.get_table_client(name))
            return self._open[name]

    def bulk(self, name: str) -> BulkTable:
        """The same rows and rules as ``table``, at a thirtieth of the CPU for each row."""
        with self._lock:
            if name not in self._bulk:
                self._bulk[name] = BulkTable(self._account, name)
            return self._bulk[name]

    def ready(self) -> None:
        """Raise StorageUnavailable unless the account answers."""
        _settled(lambda: next(iter(self._service.list_tables(results_per_page=1, **_limits())), None))


class Table:
    """One table: rows by key, by range of keys, and transactions inside one partition."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def get(self, partition: str, key: str) -> Row | None:
        def read() -> Row | None:
            try:
                return _row(self._client.get_entity(checked_key(partition), checked_key(key), **_limits()))
            except ResourceNotFoundError:
                return None

        return _settled(read)

    def range(
        self,
        partition: str,
        start: str = "",
        end: str = "",
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Rows of a partition with start <= key < end, in key order; all of them when no bound is given."""
        clauses = ["PartitionKey eq @partition"]
        bounds = {"partition": partition}
        for name, operator, bound in (("start", "ge", start), ("end", "lt", end)):
            if bound:
                clauses.append(f"RowKey {operator} @{name}")
                bounds[name] = bound
        return self._read_all(" and ".join(clauses), bounds, columns, limit)

    def prefix(self, partition: str, prefix: str, *, columns: Sequence[str] | None = None) -> list[Row]:
        return self.range(partition, prefix, end_of(prefix), columns=columns)

    def _read_all(
        self, clause: str, bounds: dict[str, str], columns: Sequence[str] | None, limit: int | None
    ) -> list[Row]:
        select = ["PartitionKey", "RowKey", *columns] if columns is not None else None

        def read() -> list[Row]:
            rows: list[Row] = []
            try:
                for entity in self._client.query_entities(
                    clause, parameters=bounds, select=select, results_per_page=min(limit or 1000, 1000), **_limits()
                ):
                    rows.append(_row(entity))
                    if limit is not None and len(rows) >= limit:
                        break
            except ResourceNotFoundError:
                return []
            return rows

        return _settled(read)

    def write(self, *writes: Write) -> str:
        """Do all writes, or none: one transaction inside one partition. Returns the first row's new etag.

        Raises:
            RowExists: an inserted row was already there.
            RowChanged: a row was not at its etag, or to be replaced but gone.
            StorageUnavailable: storage did not answer; nothing is known to be half done.
        """
        check_transaction(writes)
        operation = uuid4().hex
        calls = [_call(write, _entity(write, operation)) for write in writes]
        return settle_write(writes, operation, lambda: _answered(lambda: self._transact(calls)), self.get)

    def _transact(self, calls: list[tuple[Sdk, dict[str, Any], dict[str, Any]]]) -> str:
        try:
            return _first_etag(self._client.submit_transaction(calls, **_limits()))
        except HttpResponseError as error:
            if _says_table_missing(error):
                self._create()
                return _first_etag(self._client.submit_transaction(calls, **_limits()))
            raise _meaning(error) from error

    def _create(self) -> None:
        try:
            self._client.create_table(**_limits())
        except HttpResponseError as error:
            if error.status_code != 409:
                raise


def _limits() -> dict[str, Any]:
    """Microsoft's SDK takes time-outs with each call."""
    return {"read_timeout": patience().silence_s}


def _settled(call: Callable[[], Result]) -> Result:
    return settle(lambda: _answered(call))


def _answered(call: Callable[[], Result]) -> Result:
    """Call the SDK; what may pass is Unanswered, what will not is a fault of ours."""
    try:
        return call()
    except AzureError as error:
        status = error.status_code if isinstance(error, HttpResponseError) else None
        if status is not None and status not in TRANSIENT:
            raise RowNotStorable(f"storage refused the request with HTTP {status}") from error
        raise Unanswered from error


def _first_etag(answers: Sequence[Mapping[str, Any]]) -> str:
    return str(answers[0].get("etag") or "")


def _meaning(error: HttpResponseError) -> Exception:
    code = str(getattr(error, "error_code", "") or "")
    if "EntityAlreadyExists" in code:
        return RowExists()
    if "UpdateConditionNotSatisfied" in code or "ResourceNotFound" in code or "EntityNotFound" in code:
        return RowChanged()
    return error


def _says_table_missing(error: HttpResponseError) -> bool:
    return "TableNotFound" in str(getattr(error, "error_code", "") or "")


def _call(write: Write, entity: dict[str, Any]) -> tuple[Sdk, dict[str, Any], dict[str, Any]]:
    guard = {"etag": write.row.etag, "match_condition": MatchConditions.IfNotModified} if write.row.etag else {}
    if write.how == "insert":
        return Sdk.CREATE, entity, {}
    if write.how == "upsert":
        return Sdk.UPSERT, entity, {"mode": UpdateMode.REPLACE}
    if write.how == "replace":
        return Sdk.UPDATE, entity, {"mode": UpdateMode.REPLACE, **guard}
    return Sdk.DELETE, entity, guard


def _entity(write: Write, operation: str) -> dict[str, Any]:
    keys = {"PartitionKey": write.row.partition, "RowKey": write.row.key}
    if write.how == "delete":
        return keys
    values = {name: _stored(value) for name, value in write.row.values.items() if name != "op"}
    return {**values, **keys, "op": operation}


def _stored(value: Value) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return EntityProperty(value, EdmType.INT64)
    return value


def _row(entity: Mapping[str, Any]) -> Row:
    values = {
        name: value.value if isinstance(value, EntityProperty) else value
        for name, value in entity.items()
        if name not in {"PartitionKey", "RowKey"}
    }
    etag = str(getattr(entity, "metadata", {}).get("etag") or "")
    return Row(entity["PartitionKey"], entity["RowKey"], values, etag)
