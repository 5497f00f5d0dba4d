"""A table through Microsoft's SDK, ``azure-data-tables``: for all rows that are read and written a few at a time.

For rows that are read and written in hundreds there is a shorter way: ``shared.storage.rest_table``.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http.client import HTTPException
from typing import Any, TypeVar
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.data.tables import EdmType, EntityProperty, TableClient, UpdateMode
from azure.data.tables import TransactionOperation as Sdk

from shared.storage.retries import TRANSIENT, Unanswered, with_retries, write_with_retries
from shared.storage.rows import (
    MOST_ROWS_A_PAGE,
    Row,
    RowChanged,
    RowExists,
    RowNotStorable,
    Value,
    Write,
    check_transaction,
    checked_bound,
    checked_key,
    end_of,
    key_groups,
)

Result = TypeVar("Result")
Answer = Mapping[str, Any]
Operation = tuple[Sdk, dict[str, Any], dict[str, Any]]

_CODE = re.compile(rb'"code"\s*:\s*"(\w+)"')
_KEYS = ("PartitionKey", "RowKey")


class SdkTable:
    """One table (``shared.storage.table.Table``)."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    def get(self, partition: str, key: str) -> Row | None:
        keys = checked_key(partition), checked_key(key)

        def read() -> Row | None:
            try:
                return _row(self._client.get_entity(*keys))
            except ResourceNotFoundError:
                return None

        return with_retries(lambda: _answered(read))

    def find(self, partition: str, keys: Sequence[str], *, columns: Sequence[str] | None = None) -> list[Row]:
        rows: list[Row] = []
        for group in key_groups(keys):
            # Parameters are words of their own: between them and a bracket is a space.
            wanted = {f"key{number}": key for number, key in enumerate(group)}
            clauses = " or ".join(f"RowKey eq @{name}" for name in wanted)
            values = {"partition": checked_key(partition), **wanted}
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
        check_transaction(writes)
        operation = uuid4().hex
        calls = [_call(write, _entity(write, operation)) for write in writes]
        return write_with_retries(writes, operation, lambda: _answered(partial(self._written, calls)), self.get)

    def _query(
        self, clause: str, values: dict[str, str], columns: Sequence[str] | None, limit: int | None
    ) -> list[Row]:
        """All pages of a query. A page may be short, even empty, and be followed by more."""
        if limit == 0:
            return []
        select = [*_KEYS, *columns] if columns is not None else None
        top = min(limit or MOST_ROWS_A_PAGE, MOST_ROWS_A_PAGE)
        found = self._client.query_entities(clause, parameters=values, select=select, results_per_page=top)
        rows: list[Row] = []
        place = None
        while True:
            page, place = with_retries(partial(_answered, partial(_page, found, place)))
            rows += page
            if place is None or (limit is not None and len(rows) >= limit):
                return rows if limit is None else rows[:limit]

    def _written(self, calls: Sequence[Operation]) -> str:
        try:
            return self._sent(calls)
        except HttpResponseError as error:
            if _code(error) != "TableNotFound":
                raise _meaning(error) from error
        self._create()
        try:
            return self._sent(calls)
        except HttpResponseError as error:
            raise _meaning(error) from error

    def _sent(self, calls: Sequence[Operation]) -> str:
        """One request; a single write that is no delete needs no transaction, which is three times as dear."""
        how, entity, options = calls[0]
        if len(calls) > 1 or how is Sdk.DELETE:  # the SDK's own delete is silent about a row that is gone
            answers = self._client.submit_transaction(calls)
            if len(answers) != len(calls):
                raise Unanswered(f"{len(answers)} answers to {len(calls)} operations")
            return str(answers[0].get("etag") or "")
        single: dict[Sdk, Callable[..., Answer]] = {
            Sdk.CREATE: self._client.create_entity,
            Sdk.UPSERT: self._client.upsert_entity,
            Sdk.UPDATE: self._client.update_entity,
        }
        return str(single[how](entity, **options).get("etag") or "")

    def _create(self) -> None:
        try:
            self._client.create_table()
        except HttpResponseError as error:
            if error.status_code != 409:
                raise


def _page(found: Any, place: Any) -> tuple[list[Row], Any]:
    """One page of a query, and the place of the next one; both are of the SDK's own form."""
    pages = found.by_page(place)
    try:
        rows: Iterator[Answer] = next(pages, iter(()))
    except ResourceNotFoundError:  # the table is not there yet
        return [], None
    return [_row(entity) for entity in rows], pages.continuation_token


def _answered(call: Callable[[], Result]) -> Result:
    """Call the SDK; what may pass is Unanswered, what will not is a fault of ours."""
    try:
        return call()
    except HttpResponseError as error:
        status = error.status_code
        if status is None or status in TRANSIENT or status < 300:  # an answer that nobody can read is none
            raise Unanswered from error
        raise RowNotStorable(f"storage refused the request with HTTP {status} {_code(error)}") from error
    except (AzureError, HTTPException, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Unanswered from error


def _meaning(error: HttpResponseError) -> Exception:
    code = _code(error)
    if code == "EntityAlreadyExists":
        return RowExists()
    if code in {"UpdateConditionNotSatisfied", "ConditionNotMet", "ResourceNotFound", "EntityNotFound"}:
        return RowChanged()
    return error


def _code(error: HttpResponseError) -> str:
    """The table service's own word for what is wrong; some of the SDK's methods leave it in the answer."""
    code = getattr(error, "error_code", None)
    if code:
        return str(getattr(code, "value", code))
    answer: Any = error.response
    found = _CODE.search(answer.body()) if answer is not None else None
    return found[1].decode("ascii") if found else ""


def _call(write: Write, entity: dict[str, Any]) -> Operation:
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


def _row(entity: Answer) -> Row:
    values = {
        name: value.value if isinstance(value, EntityProperty) else value
        for name, value in entity.items()
        if name not in _KEYS
    }
    etag = str(getattr(entity, "metadata", {}).get("etag") or "")
    return Row(entity["PartitionKey"], entity["RowKey"], values, etag)
