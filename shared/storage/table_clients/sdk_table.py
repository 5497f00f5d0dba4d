"""Azure Tables through Microsoft's SDK, ``azure-data-tables``, for rows that are read and written a few at a time.

Rows by the hundred take less CPU by ``rest_table``. Transactions of both have one writer (``transactions``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http.client import HTTPException
from typing import Any, TypeVar
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, UpdateMode

from shared.storage.retries import TRANSIENT, Unanswered, with_retries, write_with_retries
from shared.storage.rows import (
    MAX_PAGE_ROWS,
    Row,
    RowNotStorable,
    Value,
    Write,
    check_transaction,
    checked_bound,
    checked_key,
    end_of,
    key_groups,
)
from shared.storage.table_clients.odata import code_of, conflict_of
from shared.storage.table_clients.transactions import TransactionWriter

Result = TypeVar("Result")
Entity = Mapping[str, Any]
Call = Callable[[], Entity]

_KEYS = ("PartitionKey", "RowKey")


class SdkTable:
    """One table (``shared.storage.table.Table``)."""

    def __init__(self, client: TableClient, transactions: TransactionWriter) -> None:
        self._client = client
        self._transactions = transactions

    def get(self, partition: str, key: str) -> Row | None:
        keys = checked_key(partition), checked_key(key)

        def read() -> Row | None:
            try:
                return _row(self._client.get_entity(*keys))
            except ResourceNotFoundError:
                return None

        return with_retries(lambda: _translated(read))

    def find(self, partition: str, keys: Sequence[str], *, columns: Sequence[str] | None = None) -> list[Row]:
        rows: list[Row] = []
        for group in key_groups(keys):
            # The SDK finds parameters by splitting at spaces, so they need a space before a bracket.
            parameters = {f"key{number}": key for number, key in enumerate(group)}
            clauses = " or ".join(f"RowKey eq @{name}" for name in parameters)
            values = {"partition": checked_key(partition), **parameters}
            rows += self._query(f"PartitionKey eq @partition and ( {clauses} )", values, columns, None)
        return rows

    def range(
        self,
        partition: str,
        start: str = "",
        end: str = "",
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        clauses = ["PartitionKey eq @partition"]
        values = {"partition": checked_key(partition)}
        for name, operator, bound in (("start", "ge", start), ("end", "lt", end)):
            if bound:
                clauses.append(f"RowKey {operator} @{name}")
                values[name] = checked_bound(bound)
        return self._query(" and ".join(clauses), values, columns, limit)

    def prefix(self, partition: str, prefix: str, *, columns: Sequence[str] | None = None) -> list[Row]:
        return self.range(partition, prefix, end_of(prefix), columns=columns)

    def write(self, *writes: Write) -> str:
        """As every table's. Only a delete is a transaction by itself: the SDK does not tell of a row that is gone."""
        if len(writes) != 1 or writes[0].how == "delete":
            return self._transactions.write(writes, self.get)
        check_transaction(writes)
        operation = uuid4().hex
        call = self._call_of(writes[0], operation)
        return write_with_retries(
            writes, operation, lambda: _translated(partial(self._write_creating_table, call)), self.get
        )

    def _query(
        self, clause: str, values: dict[str, str], columns: Sequence[str] | None, limit: int | None
    ) -> list[Row]:
        """All pages of a query. A page may be short or even empty although more pages follow."""
        if limit == 0:
            return []
        select = [*_KEYS, *columns] if columns is not None else None
        top = min(limit or MAX_PAGE_ROWS, MAX_PAGE_ROWS)
        query = self._client.query_entities(clause, parameters=values, select=select, results_per_page=top)
        rows: list[Row] = []
        continuation = None
        while True:
            page, continuation = with_retries(partial(_translated, partial(_page, query, continuation)))
            rows += page
            if continuation is None or (limit is not None and len(rows) >= limit):
                return rows if limit is None else rows[:limit]

    def _call_of(self, write: Write, operation: str) -> Call:
        entity = _entity(write, operation)
        if write.how == "insert":
            return partial(self._client.create_entity, entity)
        if write.how == "upsert":
            return partial(self._client.upsert_entity, entity, mode=UpdateMode.REPLACE)
        update = partial(self._client.update_entity, entity, mode=UpdateMode.REPLACE)
        if etag := write.row.etag:
            return partial(update, etag=etag, match_condition=MatchConditions.IfNotModified)
        return update

    def _write_creating_table(self, call: Call) -> str:
        for is_created in (False, True):
            try:
                return str(call().get("etag") or "")
            except HttpResponseError as error:
                code = _code(error)
                if is_created or code != "TableNotFound":
                    raise conflict_of(code) or error from error
            self._create()
        raise AssertionError  # the second call returned or raised

    def _create(self) -> None:
        try:
            self._client.create_table()
        except HttpResponseError as error:
            if error.status_code != 409:
                raise


def _page(query: Any, continuation: Any) -> tuple[list[Row], Any]:
    """One page of a query, and the SDK's continuation token of the next page."""
    pages = query.by_page(continuation)
    try:
        rows: Iterator[Entity] = next(pages, iter(()))
    except ResourceNotFoundError:  # the table does not exist yet
        return [], None
    return [_row(entity) for entity in rows], pages.continuation_token


def _translated(call: Callable[[], Result]) -> Result:
    """Call the SDK, and turn its errors into Unanswered (transient) or RowNotStorable (a bug of ours)."""
    try:
        return call()
    except HttpResponseError as error:
        status = error.status_code
        if status is None or status in TRANSIENT or status < 300:  # a response that cannot be parsed counts as none
            raise Unanswered from error
        raise RowNotStorable(f"storage refused the request with HTTP {status} {_code(error)}") from error
    except (AzureError, HTTPException, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Unanswered from error


def _code(error: HttpResponseError) -> str:
    """The table service's error code; some methods of the SDK leave it in the response body."""
    code = getattr(error, "error_code", None)
    if code:
        return str(getattr(code, "value", code))
    response: Any = error.response
    return code_of(response.body()) if response is not None else ""


def _entity(write: Write, operation: str) -> dict[str, Any]:
    keys = {"PartitionKey": write.row.partition, "RowKey": write.row.key}
    values = {name: _stored(value) for name, value in write.row.values.items() if name != "op"}
    return {**values, **keys, "op": operation}


def _stored(value: Value) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return EntityProperty(value, EdmType.INT64)
    return value


def _row(entity: Entity) -> Row:
    values = {
        name: value.value if isinstance(value, EntityProperty) else value
        for name, value in entity.items()
        if name not in _KEYS
    }
    etag = str(getattr(entity, "metadata", {}).get("etag") or "")
    return Row(entity["PartitionKey"], entity["RowKey"], values, etag)
