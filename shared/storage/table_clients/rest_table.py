"""Azure Tables through its REST API, for rows that are read and written by the hundred, at less CPU than by the SDK.

Source: https://learn.microsoft.com/rest/api/storageservices/table-service-rest-api
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from shared.storage.account import StorageAccount
from shared.storage.retries import Unanswered, with_retries
from shared.storage.rows import MAX_PAGE_ROWS, Row, Write, checked_bound, checked_key, end_of, key_groups
from shared.storage.table_clients.odata import HEADERS, address, literal, require_status, row_of, url_literal
from shared.storage.table_clients.transactions import TransactionWriter

T = TypeVar("T")


class _QueryResult(msgspec.Struct):
    value: list[dict[str, Any]]


class RestTable:
    """One table (``shared.storage.table.Table``), with two further queries: ``at_most`` and ``first_after``."""

    def __init__(self, account: StorageAccount, name: str) -> None:
        self._account = account
        self._name = name
        self._transactions = TransactionWriter(account, name)

    def get(self, partition: str, key: str) -> Row | None:
        keys = address(url_literal(checked_key(partition)), checked_key(key))
        return with_retries(lambda: self._get(keys))

    def find(self, partition: str, keys: Sequence[str], *, columns: Sequence[str] | None = None) -> list[Row]:
        rows: list[Row] = []
        for group in key_groups(keys):
            clauses = " or ".join(f"RowKey eq {literal(key)}" for key in group)
            rows += self._query(f"PartitionKey eq {literal(checked_key(partition))} and ({clauses})", columns, None)
        return rows

    def range(
        self,
        partition: str,
        start: str = "",
        end: str = "",
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        at_most: tuple[str, str] | None = None,
    ) -> list[Row]:
        """As every table's ``range``; ``at_most`` is a text column, and the greatest value of it to return."""
        clauses = [f"PartitionKey eq {literal(checked_key(partition))}"]
        bounds = (("ge", checked_bound(start)), ("lt", checked_bound(end)))
        clauses += [f"RowKey {how} {literal(bound)}" for how, bound in bounds if bound]
        clauses += [f"{at_most[0]} le {literal(at_most[1])}"] if at_most else []
        return self._query(" and ".join(clauses), columns, limit)

    def prefix(self, partition: str, prefix: str, *, columns: Sequence[str] | None = None) -> list[Row]:
        return self.range(partition, prefix, end_of(prefix), columns=columns)

    def first_after(self, partition: str, end: str) -> str | None:
        """The first partition with a row after ``partition`` and before ``end``; None when there is none."""
        clause = f"PartitionKey gt {literal(partition)} and PartitionKey lt {literal(end)}"
        rows = self._query(clause, [], 1)
        return rows[0].partition if rows else None

    def write(self, *writes: Write) -> str:
        return self._transactions.write(writes, self.get)

    def _get(self, address: str) -> Row | None:
        response = self._account.send("GET", f"/{self._name}({address})", headers=HEADERS)
        if response.status == 404:
            return None
        require_status(response, 200)
        return row_of(_decode(response.body, dict[str, Any]))

    def _query(self, filter_: str, columns: Sequence[str] | None, limit: int | None) -> list[Row]:
        """All pages of a query. A page may be short or even empty although more pages follow."""
        if limit == 0:
            return []
        top = min(limit or MAX_PAGE_ROWS, MAX_PAGE_ROWS)
        query = f"$filter={quote(filter_, safe='')}&$top={top}"
        if columns is not None:
            query += "&$select=" + ",".join(["PartitionKey", "RowKey", *columns])
        rows: list[Row] = []
        continuation = ""
        while True:
            page, continuation = with_retries(partial(self._page, query + continuation))
            rows += page
            if not continuation or (limit is not None and len(rows) >= limit):
                return rows if limit is None else rows[:limit]

    def _page(self, query: str) -> tuple[list[Row], str]:
        response = self._account.send("GET", f"/{self._name}()", query=query, headers=HEADERS)
        if response.status == 404:
            return [], ""
        require_status(response, 200)
        result = _decode(response.body, _QueryResult)
        names = ("NextPartitionKey", "NextRowKey")
        keys = [(name, response.headers.get(f"x-ms-continuation-{name.lower()}")) for name in names]
        continuation = "".join(f"&{name}={quote(value, safe='')}" for name, value in keys if value)
        return [row_of(entity) for entity in result.value], continuation


def _decode(body: bytes, form: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unanswered("the answer cannot be read") from error
