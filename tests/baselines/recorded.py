"""A tenant from recorded Graph answers: the real readers read them, and the controls judge what was read.

Answers are bodies by path, as Microsoft words them. A path that is absent was not recorded; ``statuses`` are those of
paths that answered something else than 200.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from integrations.actions.sync.dataset_reader import Access, DatasetReader
from integrations.assess.replay import ReplayClient
from integrations.domain.baselines.catalogue import Catalogue, catalogue
from integrations.domain.baselines.tenant import Inputs, JudgedTenant
from integrations.domain.baselines.verdicts import ControlFinding, Judging
from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.limits import Service
from integrations.microsoft.registry import DATASETS
from shared.microsoft.graph import Graph, RetryPolicy

ROOT = "https://graph.example"
NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)

Answers = dict[str, Any]


@dataclass
class Recorded:
    """The rows of a tenant as its readers read them from recorded answers (a ``RowSource``)."""

    data: dict[str, dict[str, msgspec.Struct]]
    states: dict[str, DatasetState]
    now: datetime = NOW

    def state(self, dataset: str) -> DatasetState:
        return self.states.get(dataset, DatasetState())

    def rows(self, dataset: str, _model: type[Any]) -> Iterator[tuple[str, Any]]:
        yield from self.data.get(dataset, {}).items()

    def find(self, dataset: str, keys: Collection[str], _model: type[Any]) -> Mapping[str, Any]:
        rows = self.data.get(dataset, {})
        return {key: rows[key] for key in keys if key in rows}

    def derived(self, _model: type[Any]) -> Iterator[tuple[str, Any]]:
        yield from ()

    def find_derived(self, _keys: Collection[str], _model: type[Any]) -> Mapping[str, Any]:
        return {}


ONCE = RetryPolicy(tries=1)  # a recorded answer does not change
_READ = {it.name: it for it in DATASETS if it.name in catalogue().reads() and it.first_request}
_FIRST = {it.name: it.service.version + it.first_request.path for it in _READ.values() if it.first_request}
_known: dict[Hashable, tuple[dict[str, msgspec.Struct], DatasetState]] = {}


def read(answers: Answers, statuses: Mapping[str, int] | None = None, now: datetime = NOW) -> Recorded:
    """Everything that controls need, read from recorded answers."""
    statuses, raw = statuses or {}, {path: _raw(body) for path, body in answers.items()}
    replay = ReplayClient(ROOT, raw, statuses)
    graphs = {
        it: Graph(root=ROOT, version=it.version, http_client=replay, token=lambda _: "t", retry_policy=ONCE)
        for it in Service
    }
    recorded = Recorded({}, {}, now)
    for dataset in sorted(_READ.values(), key=lambda it: it.name != "organization"):
        if not _paths(dataset) & (answers.keys() | statuses.keys()):
            continue
        if dataset.needs_plan and dataset.needs_plan not in _plans(recorded):
            recorded.states[dataset.name] = DatasetState(DatasetOutcome.NOT_LICENSED, NOW)
        else:
            told = _told(dataset, raw, statuses)
            if told not in _known:
                _known[told] = _read_one(dataset, graphs[dataset.service])
            rows, recorded.states[dataset.name] = _known[told]
            recorded.data[dataset.name] = dict(rows)
    return recorded


def _paths(dataset: Dataset) -> set[str]:
    """Where its reading begins."""
    return {_FIRST[dataset.name], _FIRST[dataset.name].removesuffix("/delta")}


def _told(dataset: Dataset, raw: Mapping[str, msgspec.Raw], statuses: Mapping[str, int]) -> Hashable:
    """Every answer but those that other readings begin with: most cases change one of them."""
    others = {path for it in _READ.values() for path in _paths(it)} - _paths(dataset)
    bodies = frozenset((path, bytes(it)) for path, it in raw.items() if path not in others)
    return dataset.name, bodies, frozenset(it for it in statuses.items() if it[0] not in others)


def _raw(body: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(body))


def _read_one(dataset: Dataset, graph: Graph) -> tuple[dict[str, msgspec.Struct], DatasetState]:
    attempt = DatasetReader(Access(lambda _: graph), dataset, None, NOW).attempt(None, 0.0, is_signed_in=True)
    rows = {it.key: _decoded(it.body, dataset) for it in attempt.reading.records} if attempt.reading else {}
    code = attempt.error.stable_code if attempt.error else ""
    return rows, DatasetState(attempt.outcome, NOW if attempt.reading else None, code, dataset.permission)


def _plans(recorded: Recorded) -> set[str]:
    return {plan for row in recorded.data.get("organization", {}).values() for plan in row.plans}  # type: ignore[attr-defined]


def _decoded(body: msgspec.Struct | msgspec.Raw, dataset: Dataset) -> msgspec.Struct:
    return msgspec.json.decode(bytes(body), type=dataset.record) if isinstance(body, msgspec.Raw) else body


def judged(
    recorded: Recorded, inputs: Inputs | None = None, ids: Collection[str] | None = None, by: Catalogue | None = None
) -> dict[str, ControlFinding]:
    """The findings by control."""
    tenant = JudgedTenant(recorded, inputs or Inputs())
    return {it.id: it for it in Judging(by or catalogue(), tenant).findings(ids)}
