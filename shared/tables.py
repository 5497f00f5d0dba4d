"""Azure Tables with the limits, time-outs and answers we rely on.

A row is a partition, a key and plain values (str, int, bool, float, bytes). Every write carries an
operation id (column ``op``), so that a lost answer is settled by reading back: was it me?

What Azure enforces and the emulator does not is enforced here (platform.md 5.3): key characters, 100
operations and 4 MiB a transaction, 32 Ki characters a string, 1 MiB a row.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, TypeVar
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, TableServiceClient, UpdateMode
from azure.data.tables import TransactionOperation as Sdk

from shared.errors import AppError, Unavailable

Value = str | int | bool | float | bytes
Result = TypeVar("Result")

MOST_OPERATIONS = 100
_MOST_TRANSACTION_BYTES = 3_500_000
_MOST_CHARACTERS = 32 * 1024
_MOST_ROW_BYTES = 1_000_000
_FORBIDDEN_IN_KEYS = re.compile(r"[/\\#?%\x00-\x1f\x7f-\x9f]")
_MOST_KEY_CHARACTERS = 512

# A frozen storage must become a 503 within 15 s, so the SDK's 300 s and its silent retries are off.
_CONNECT_S, _READ_S, _BUDGET_S, _ATTEMPTS = 2, 4, 9.0, 3
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


class StorageUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Our storage is not answering"


class RowExists(AppError):
    """An insert met a row that is already there."""


class RowChanged(AppError):
    """The row is not as it was read: somebody wrote it meanwhile, or it is gone."""


class RowNotStorable(AppError):
    """A key or a value that Azure Tables would refuse; a fault of ours, never the caller's to see."""


@dataclass(frozen=True, slots=True)
class Row:
    """One entity. ``etag`` is set on rows that were read, and names the version they were read at."""

    partition: str
    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    etag: str = ""

    def text(self, name: str) -> str:
        return str(self.values[name])


@dataclass(frozen=True, slots=True)
class Write:
    """One operation of a transaction; ``replace`` and ``delete`` hold only at the row's etag, if any."""

    how: Literal["insert", "replace", "upsert", "delete"]
    row: Row


def insert(row: Row) -> Write:
    return Write("insert", row)


def replace(row: Row) -> Write:
    return Write("replace", row)


def upsert(row: Row) -> Write:
    return Write("upsert", row)


def delete(row: Row) -> Write:
    return Write("delete", row)


class Tables:
    """The tables of one storage account; a table is created when it is first missed."""

    def __init__(self, service: TableServiceClient) -> None:
        self._service = service
        self._open: dict[str, Table] = {}
        self._lock = Lock()

    @classmethod
    def connect(cls, connection: str, account: str, credential: Callable[[], TokenCredential]) -> "Tables":
        """Open by connection string, or by account name with a managed identity."""
        options: dict[str, Any] = {
            "retry_total": 0,
            "connection_timeout": _CONNECT_S,
            "read_timeout": _READ_S,
        }
        if connection:
            return cls(TableServiceClient.from_connection_string(connection, **options))
        endpoint = f"https://{account}.table.core.windows.net"
        return cls(TableServiceClient(endpoint, credential=credential(), **options))

    def table(self, name: str) -> "Table":
        with self._lock:
            if name not in self._open:
                self._open[name] = Table(self._service.get_table_client(name))
            return self._open[name]

    def ready(self) -> None:
        """Raise StorageUnavailable unless the account answers."""
        _settle(lambda: next(iter(self._service.list_tables(results_per_page=1)), None))


class Table:
    """One table: rows by key, by range of keys, and transactions inside one partition."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def get(self, partition: str, key: str) -> Row | None:
        def read() -> Row | None:
            try:
                return _row(self._client.get_entity(_key(partition), _key(key)))
            except ResourceNotFoundError:
                return None

        return _settle(read)

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
                    clause, parameters=bounds, select=select, results_per_page=min(limit or 1000, 1000)
                ):
                    rows.append(_row(entity))
                    if limit is not None and len(rows) >= limit:
                        break
            except ResourceNotFoundError:
                return []
            return rows

        return _settle(read)

    def write(self, *writes: Write) -> str:
        """Do all writes, or none: one transaction inside one partition. Returns the first row's new etag.

        Raises:
            RowExists: an inserted row was already there.
            RowChanged: a row was not at its etag, or to be replaced but gone.
            StorageUnavailable: storage did not answer; nothing is known to be half done.
        """
        operation = uuid4().hex
        entities = [_entity(write, operation) for write in writes]
        _check_transaction(writes, entities)
        calls = [_call(write, entity) for write, entity in zip(writes, entities, strict=True)]
        witness = next((write.row for write in writes if write.how != "delete"), None)
        first = True

        def attempt() -> str:
            nonlocal first
            again, first = not first, False
            try:
                return self._transact(calls)
            except (RowExists, RowChanged):
                # On a repeat the conflict may be with our own first try, whose answer was lost.
                mine = again and self._mine(witness, operation)
                if mine is False:
                    raise
                return mine.etag if mine else ""

        return _settle(attempt)

    def _transact(self, calls: list[tuple[Sdk, dict[str, Any], dict[str, Any]]]) -> str:
        try:
            return _first_etag(self._client.submit_transaction(calls))
        except HttpResponseError as error:
            if _says_table_missing(error):
                self._create()
                return _first_etag(self._client.submit_transaction(calls))
            raise _meaning(error) from error

    def _create(self) -> None:
        try:
            self._client.create_table()
        except HttpResponseError as error:
            if error.status_code != 409:
                raise

    def _mine(self, witness: Row | None, operation: str) -> Row | Literal[False] | None:
        """The row our lost try wrote, None when it only deleted (gone is what was asked), else False."""
        if witness is None:
            return None
        stored = self.get(witness.partition, witness.key)
        return stored if stored is not None and stored.values.get("op") == operation else False


def end_of(prefix: str) -> str:
    """The first key after all keys that begin with ``prefix``."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def chunks(writes: Sequence[Write], *, spare: int = 0) -> Iterator[list[Write]]:
    """Split writes so that each part fits a transaction with ``spare`` places left over."""
    part: list[Write] = []
    size = 0
    for write in writes:
        weight = _weight(write.row.values) + 600
        if part and (len(part) >= MOST_OPERATIONS - spare or size + weight > _MOST_TRANSACTION_BYTES):
            yield part
            part, size = [], 0
        part.append(write)
        size += weight
    if part:
        yield part


def _settle(call: Callable[[], Result]) -> Result:
    """Call storage; repeat what may pass within the budget, and say Unavailable when it does not."""
    give_up_at = time.monotonic() + _BUDGET_S
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return call()
        except AzureError as error:
            status = error.status_code if isinstance(error, HttpResponseError) else None
            if status is not None and status not in _TRANSIENT:
                raise RowNotStorable(f"storage refused the request with HTTP {status}") from error
            pause_s = 0.2 * 2**attempt
            if attempt == _ATTEMPTS or time.monotonic() + pause_s + _READ_S > give_up_at:
                raise StorageUnavailable("Our storage did not answer in time.") from error
            time.sleep(pause_s)
    raise AssertionError  # the last attempt returned or raised


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
    keys = {"PartitionKey": _key(write.row.partition), "RowKey": _key(write.row.key)}
    if write.how == "delete":
        return keys
    values = {name: _stored(name, value) for name, value in write.row.values.items() if name != "op"}
    if _weight(write.row.values) > _MOST_ROW_BYTES:
        raise RowNotStorable(f"row {write.row.key!r} is over 1 MiB")
    return {**values, **keys, "op": operation}


def _stored(name: str, value: Value) -> Any:
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        raise RowNotStorable(f"column {name} holds {len(value)} characters, over 32 Ki")
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


def _key(text: str) -> str:
    if len(text) > _MOST_KEY_CHARACTERS or _FORBIDDEN_IN_KEYS.search(text) or not text.isprintable():
        raise RowNotStorable("a key holds characters that Azure Tables forbids, or is too long")
    return text


def _check_transaction(writes: Sequence[Write], entities: Sequence[object]) -> None:
    if not 1 <= len(entities) <= MOST_OPERATIONS:
        raise RowNotStorable(f"a transaction holds 1 to 100 operations, not {len(entities)}")
    if sum(_weight(write.row.values) for write in writes) > _MOST_TRANSACTION_BYTES + _MOST_ROW_BYTES:
        raise RowNotStorable("a transaction is over 4 MiB")


def _weight(values: Mapping[str, Value]) -> int:
    """Bytes as Azure counts them: text in UTF-16."""
    return sum(
        len(name) * 2 + (len(value) * 2 if isinstance(value, str) else len(value) if isinstance(value, bytes) else 8)
        for name, value in values.items()
    )
