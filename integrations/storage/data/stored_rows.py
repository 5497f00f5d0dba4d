"""Reading rows of data sets or evaluations page by page and by key, for evaluations and exports."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple, TypeVar

import msgspec

from integrations.storage.data.fences import MAIN, part_of, partition_of
from integrations.storage.data.records import BODIES, ROWS, body_of, row_prefix
from shared.storage.table_clients.rest_table import RestTable
from shared.storage.tables import Row, end_of

T = TypeVar("T", bound=msgspec.Struct)

_ROWS_A_PAGE = 1000
SEVERAL_READS = 140  # keys of one partition, ten requests: from here, reading all rows is cheaper


class KeyRange(NamedTuple):
    """Keys from ``start`` on, before ``end``."""

    start: str
    end: str


EVERYTHING = KeyRange(ROWS, end_of(ROWS))


class StoredRows:
    """The rows under one base; ``parts`` is the number of partitions of each data set (default 1).

    Whoever asks for more than one data set has those of few rows read together, as far as they are neighbours:
    ``together`` are their keys in the main partition. These rows stay in memory.
    """

    def __init__(
        self, table: RestTable, base: str, parts: Mapping[str, int], together: Sequence[KeyRange] = ()
    ) -> None:
        self._table = table
        self._base = base
        self._together = together
        self._has_question = False
        self._kept: dict[KeyRange, dict[str, dict[str, Row]]] = {}
        self.parts = parts

    def all(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        """Every row with its key; of a data set with many, only one page is in memory at a time."""
        kept = self._kept_rows(dataset)
        if kept is None:
            return chain.from_iterable(self._all_of(it, dataset, model, None) for it in range(self._parts_of(dataset)))
        return ((key, _decoded(row, model)) for key, row in kept.items())

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        """The rows with these keys that exist."""
        kept = self._kept_rows(dataset) if keys else {}
        if kept is not None:
            return {key: _decoded(kept[key], model) for key in keys if key in kept}
        by_part = _by_part(keys, self._parts_of(dataset))
        return {key: it for part, some in by_part.items() for key, it in self._some_of(part, dataset, some, model)}

    def _parts_of(self, dataset: str) -> int:
        return self.parts.get(dataset, 1)

    def _kept_rows(self, dataset: str) -> Mapping[str, Row] | None:
        """All rows of a data set, by key, if they are in memory from now on."""
        had_question, self._has_question = self._has_question, True
        prefix = row_prefix(dataset)
        keys = next((it for it in self._together if it.start <= prefix < it.end), None)
        if keys is None or not (had_question or keys in self._kept):
            return None
        if keys not in self._kept:
            self._kept[keys] = self._read(keys)
        return self._kept[keys].get(dataset, {})

    def _read(self, keys: KeyRange) -> dict[str, dict[str, Row]]:
        """The rows by data set and key."""
        rows: dict[str, dict[str, Row]] = {}
        for row in _pages(self._table, partition_of(self._base, MAIN), keys):
            _, dataset, key = row.key.split(":", 2)
            rows.setdefault(dataset, {})[key] = row
        return rows

    def _all_of(self, part: int, dataset: str, model: type[T], only: Collection[str] | None) -> Iterator[tuple[str, T]]:
        prefix, parts = row_prefix(dataset), self._parts_of(dataset)
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


def neighbours(few: Collection[str], stored: Collection[str]) -> list[KeyRange]:
    """The keys of the ``few`` data sets; in one range are those that no other one of those ``stored`` is between."""
    ordered = groupby(sorted(map(row_prefix, stored)), key={*map(row_prefix, few)}.__contains__)
    groups = [list(prefixes) for are_few, prefixes in ordered if are_few]
    return [KeyRange(it[0], end_of(it[-1])) for it in groups]


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
    return _pages(table, partition, KeyRange(prefix, end_of(prefix)))


def _pages(table: RestTable, partition: str, keys: KeyRange) -> Iterator[Row]:
    start = keys.start
    while True:
        rows = table.range(partition, start, keys.end, columns=BODIES, limit=_ROWS_A_PAGE)
        yield from rows
        if len(rows) < _ROWS_A_PAGE:
            return
        start = f"{rows[-1].key}\u0020"
