"""Domain objects as rows: one JSON document in a row, under a key prefix in one account's partition."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from shared.storage.tables import Row, Table, Write, delete, end_of, insert, replace, upsert

T = TypeVar("T", bound=msgspec.Struct)

ROWS_A_PAGE = 1000

_BODY = "body"


class RowKind(NamedTuple, Generic[T]):
    """One kind of rows: ``name`` is the prefix of their keys, ``key`` gives the rest.

    ``not_exported`` are fields that an export leaves out: encrypted values and hashes of one-time values.
    """

    name: str
    model: type[T]
    key: Callable[[T], str]
    not_exported: frozenset[str]


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """An object as it was read, with the ETag that guards its next write."""

    value: T
    etag: str

    def now(self, value: T) -> "Stored[T]":
        """The changed object, to be written only if the row was not changed since it was read."""
        return Stored(value, self.etag)


class Documents(Generic[T]):
    """All objects of one kind in one partition.

    Row: key ``<kind>:<id>``, column ``body`` (the object as JSON).
    """

    def __init__(self, table: Table, partition: str, kind: RowKind[T]) -> None:
        self._table = table
        self._partition = partition
        self._prefix = f"{kind.name}:"
        self._model = kind.model
        self._key = kind.key

    def find(self, key: str) -> Stored[T] | None:
        row = self._table.get(self._partition, self._prefix + key)
        return self.stored(row) if row else None

    def find_all(self, keys: Collection[str]) -> dict[str, Stored[T]]:
        """The objects with these keys that exist, by key; one request for each 14 keys."""
        rows = self._table.find(self._partition, [self._prefix + key for key in keys]) if keys else []
        return {row.key.removeprefix(self._prefix): self.stored(row) for row in rows}

    def through(self, first: str, last: str) -> Iterator[Stored[T]]:
        """Objects in key order: from one key to another, both included."""
        rows = self._table.range(self._partition, self._prefix + first, f"{self._prefix}{last}\u0020")
        return map(self.stored, rows)

    def list(self, below: str = "", *, after: str = "", limit: int | None = None) -> list[Stored[T]]:
        """Objects in key order: those whose key begins with ``below``, or those after the key ``after``."""
        start = self._prefix + (f"{after}\u0020" if after else below)
        rows = self._table.range(self._partition, start, end_of(self._prefix + below), limit=limit)
        return [self.stored(row) for row in rows]

    def all(self, after: str = "") -> Iterator[T]:
        """Every object in key order, after the key ``after``; without versions, one page is in memory at a time."""
        start, end = self._prefix + (f"{after}\u0020" if after else ""), end_of(self._prefix)
        while True:
            rows = self._table.range(self._partition, start, end, columns=[_BODY], limit=ROWS_A_PAGE)
            yield from (msgspec.json.decode(row.text(_BODY), type=self._model) for row in rows)
            if len(rows) < ROWS_A_PAGE:
                return
            start = f"{rows[-1].key}\u0020"

    def texts(self, *, after: str = "", until: str = "", limit: int | None = None) -> dict[str, str]:
        """Objects as stored JSON, by key in key order: after the key ``after``, up to and including ``until``."""
        start = self._prefix + (f"{after}\u0020" if after else "")
        end = f"{self._prefix}{until}\u0020" if until else end_of(self._prefix)
        rows = self._table.range(self._partition, start, end, columns=[_BODY], limit=limit)
        return {row.key.removeprefix(self._prefix): str(row.values.get(_BODY, "")) for row in rows}

    def read(self, text: str) -> T:
        """Decode stored JSON; raises msgspec.MsgspecError."""
        return msgspec.json.decode(text, type=self._model)

    def added(self, value: T) -> Write:
        return insert(self._row(value))

    def saved(self, stored: Stored[T]) -> Write:
        return replace(self._row(stored.value, stored.etag))

    def put(self, value: T) -> Write:
        """Add the row, or replace it whatever its version."""
        return upsert(self._row(value))

    def removed(self, stored: Stored[T]) -> Write:
        return delete(self._row(stored.value, stored.etag))

    def dropped(self, key: str) -> Write:
        """Delete the row with this key, whatever its version."""
        return delete(Row(self._partition, self._prefix + key))

    def row_key(self, key: str) -> str:
        """The key of an object's row."""
        return self._prefix + key

    def _row(self, value: T, etag: str = "") -> Row:
        body = msgspec.json.encode(value).decode()
        return Row(self._partition, self._prefix + self._key(value), {_BODY: body}, etag)

    def stored(self, row: Row) -> Stored[T]:
        """The object in a row."""
        return Stored(msgspec.json.decode(row.text(_BODY), type=self._model), row.etag)


def find_several(
    table: Table, partition: str, addresses: Sequence[tuple[Documents[Any], str]]
) -> list[Stored[Any] | None]:
    """Objects of several kinds in one partition by their keys, in the order asked for; one request for each 14."""
    keys = [documents.row_key(key) for documents, key in addresses]
    rows = {row.key: row for row in table.find(partition, keys)}
    found = ((documents, rows.get(key)) for (documents, _), key in zip(addresses, keys, strict=True))
    return [documents.stored(row) if row else None for documents, row in found]


def all_rows(
    table: Table, partition: str, kinds: Mapping[str, RowKind[Any]]
) -> Iterator[tuple[RowKind[Any], str, str]]:
    """Every row of a partition in key order: its kind, id and stored JSON; not those of other kinds."""
    after = ""
    while True:
        rows = table.range(partition, after, columns=[_BODY], limit=ROWS_A_PAGE)
        for row in rows:
            name, _, row_id = row.key.partition(":")
            if name in kinds:
                yield kinds[name], row_id, str(row.values.get(_BODY, ""))
        if len(rows) < ROWS_A_PAGE:
            return
        after = f"{rows[-1].key}\u0020"
