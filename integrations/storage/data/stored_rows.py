"""Reading rows of data sets or evaluations page by page and by key, for evaluations and exports."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

import msgspec

from integrations.storage.data.fences import MAIN, part_of, partition_of
from integrations.storage.data.records import BODIES, ROWS, body_of, row_prefix
from shared.storage.table_clients.rest_table import RestTable
from shared.storage.tables import Row, end_of

T = TypeVar("T", bound=msgspec.Struct)

_ROWS_A_PAGE = 1000
SEVERAL_READS = 140  # keys of one partition, ten requests: from here, reading all rows is cheaper


class StoredRows:
    """The rows under one base; ``parts`` is the number of partitions of each data set (default 1)."""

    def __init__(self, table: RestTable, base: str, parts: Mapping[str, int]) -> None:
        self._table = table
        self._base = base
        self._parts = parts

    def all(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        """Every row with its key; only one page is in memory at a time."""
        for part in range(self._parts.get(dataset, 1)):
            yield from self._all_of(part, dataset, model, None)

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        """The rows with these keys that exist."""
        by_part = _by_part(keys, self._parts.get(dataset, 1))
        return {key: it for part, some in by_part.items() for key, it in self._some_of(part, dataset, some, model)}

    def _all_of(self, part: int, dataset: str, model: type[T], only: Collection[str] | None) -> Iterator[tuple[str, T]]:
        prefix, parts = row_prefix(dataset), self._parts.get(dataset, 1)
        for row in pages(self._table, partition_of(self._base, part), prefix):
            key = row.key.removeprefix(prefix)
            if (only is None or key in only) and part_of(key, parts) == part:
                yield key, _decoded(row, model)

    def _some_of(self, part: int, dataset: str, keys: set[str], model: type[T]) -> Iterator[tuple[str, T]]:
        if len(keys) > SEVERAL_READS:
            yield from self._all_of(part, dataset, model, keys)
            return
        prefix = row_prefix(dataset)
        partition = partition_of(self._base, part)
        for row in self._table.find(partition, [prefix + key for key in keys], columns=BODIES):
            yield row.key.removeprefix(prefix), _decoded(row, model)


class FewRows(StoredRows):
    """The rows of a small tenant: from the second question on, all of them are read together and kept."""

    def __init__(self, table: RestTable, base: str) -> None:
        super().__init__(table, base, {})
        self._has_question = False

    def all(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        if self._is_first_question():
            return super().all(dataset, model)
        return ((key, _decoded(row, model)) for key, row in self._kept.get(dataset, {}).items())

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        if not keys or self._is_first_question():
            return super().find(dataset, keys, model)
        rows = self._kept.get(dataset, {})
        return {key: _decoded(rows[key], model) for key in keys if key in rows}

    def _is_first_question(self) -> bool:
        had_question, self._has_question = self._has_question, True
        return not had_question

    @cached_property
    def _kept(self) -> dict[str, dict[str, Row]]:
        """All rows by data set and key."""
        kept: dict[str, dict[str, Row]] = {}
        for row in pages(self._table, partition_of(self._base, MAIN), ROWS):
            _, dataset, key = row.key.split(":", 2)
            kept.setdefault(dataset, {})[key] = row
        return kept


def _decoded(row: Row, model: type[T]) -> T:
    return msgspec.json.decode(body_of(row), type=model)


def _by_part(keys: Collection[str], parts: int) -> dict[int, set[str]]:
    if parts == 1:
        return {0: set(keys)} if keys else {}
    by_part: dict[int, set[str]] = {}
    for key in keys:
        by_part.setdefault(part_of(key, parts), set()).add(key)
    return by_part


def pages(table: RestTable, partition: str, prefix: str) -> Iterator[Row]:
    """All rows of a partition whose keys begin with ``prefix``; only one page is in memory at a time."""
    start = prefix
    while True:
        rows = table.range(partition, start, end_of(prefix), columns=BODIES, limit=_ROWS_A_PAGE)
        yield from rows
        if len(rows) < _ROWS_A_PAGE:
            return
        start = f"{rows[-1].key}\u0020"
