"""Rows in memory, changed at random, and an evaluation that follows them as the job does."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.evaluations.evaluation import Evaluation
from integrations.domain.sync.changed_keys import NONE, Keys, keys_of, union
from integrations.domain.sync.datasets import DatasetOutcome, Reading

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)

Rows = dict[str, msgspec.Struct]


@dataclass
class Memory:
    """Synced rows by data set, and the derived rows of one evaluation; ``read`` are the keys that were asked for."""

    data: dict[str, Rows]
    own: Rows = field(default_factory=dict)
    now: datetime = NOW
    read_at: datetime = NOW
    read: list[str] = field(default_factory=list)
    read_whole: list[str] = field(default_factory=list)
    read_derived: list[str] = field(default_factory=list)

    def state(self, dataset: str) -> DatasetState:
        is_read = dataset in self.data
        return DatasetState(DatasetOutcome.FRESH, self.read_at) if is_read else DatasetState()

    def rows(self, dataset: str, _model: type[Any]) -> Iterator[tuple[str, Any]]:
        self.read_whole.append(dataset)
        yield from self.data.get(dataset, {}).items()

    def find(self, dataset: str, keys: Collection[str], _model: type[Any]) -> Mapping[str, Any]:
        self.read += keys
        rows = self.data.get(dataset, {})
        return {key: rows[key] for key in keys if key in rows}

    def derived(self, model: type[Any]) -> Iterator[tuple[str, Any]]:
        for key, row in self.own.items():
            yield key, msgspec.json.decode(msgspec.json.encode(row), type=model)

    def find_derived(self, keys: Collection[str], model: type[Any]) -> Mapping[str, Any]:
        self.read_derived += keys
        return {key: it for key, it in self.derived(model) if key in keys}


def after(before: Rows, reading: Reading) -> Rows:
    """Derived rows as storage keeps them after a reading."""
    came = {it.key: it.body for it in reading.records}
    kept = {} if reading.is_complete else {key: it for key, it in before.items() if key not in reading.removed}
    return kept | came


def whole(evaluation: Evaluation, data: dict[str, Rows]) -> Rows:
    return after({}, evaluation.result(Memory(data), evaluation.everything).reading)


@dataclass
class Follower:
    """An evaluation that is told of changes only."""

    evaluation: Evaluation
    data: dict[str, Rows]
    own: Rows = field(default_factory=dict)
    pending: dict[str, Keys] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.own = whole(self.evaluation, self.data)

    def change(self, dataset: str, rows: Rows) -> None:
        before = self.data.get(dataset, {})
        keys = [key for key in before.keys() | rows.keys() if before.get(key) != rows.get(key)]
        self.pending[dataset] = union(self.pending.get(dataset, NONE), keys_of(keys))
        self.data[dataset] = rows

    def evaluate(self) -> Memory:
        changes = {name: self.pending.get(name, NONE) for name in self.evaluation.needs}
        memory = Memory(self.data, dict(self.own))
        self.own = after(self.own, self.evaluation.result(memory, changes).reading)
        self.pending = {}
        return memory
