"""The rows of a recorded tenant: those that the readers of a sync make of its answers."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from integrations.actions.sync.dataset_reader import Access, DatasetAttempt, DatasetReader
from integrations.actions.sync.due_datasets import judge_by_plans
from integrations.assess.recording import Recording
from integrations.assess.replay import NOT_RECORDED, ReplayClient
from integrations.domain.causes import outcome_of
from integrations.domain.evaluations.evaluation import DatasetState
from integrations.domain.sync.datasets import DatasetOutcome, Record
from integrations.domain.sync.records import License, TenantProfile
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.limits import Service
from shared.microsoft.graph import Graph, MicrosoftError, RetryPolicy, TokenRejected
from shared.microsoft.sign_in import Endpoints

T = TypeVar("T", bound=msgspec.Struct)

_ONCE = RetryPolicy(tries=1)  # what was recorded does not change


class RecordedRows:
    """The rows of one recorded tenant (a ``RowSource``); ``attempts`` says how each data set was read."""

    def __init__(self, recording: Recording) -> None:
        self.now: datetime = recording.as_of
        self.attempts: dict[str, DatasetAttempt] = {}
        self._rows: dict[str, dict[str, Record]] = {}
        self._read(recording)

    def state(self, dataset: str) -> DatasetState:
        attempt, permission = self.attempts[dataset], datasets.BY_NAME[dataset].permission
        is_read = attempt.outcome is DatasetOutcome.FRESH
        return DatasetState(attempt.outcome, self.now if is_read else None, self.error(dataset), permission)

    def error(self, dataset: str) -> str:
        """Why the data set could not be read; "" if it could."""
        error = self.attempts[dataset].error
        return error.stable_code if error else ""

    def is_recorded(self, dataset: str) -> bool:
        """Whether the recording holds everything that was asked for."""
        error = self.attempts[dataset].error
        return not (isinstance(error, MicrosoftError) and error.graph_code == NOT_RECORDED)

    def count(self, dataset: str) -> int:
        """How many rows the data set has."""
        return len(self._rows[dataset])

    def rows(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        yield from ((key, _as(it, model)) for key, it in self._rows[dataset].items())

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        rows = self._rows[dataset]
        return {key: _as(rows[key], model) for key in keys if key in rows}

    def derived(self, model: type[T]) -> Iterator[tuple[str, T]]:  # noqa: ARG002 - nothing was evaluated before
        yield from ()

    def _read(self, recording: Recording) -> None:
        root = Endpoints.of_cloud(recording.tenant.cloud).graph
        client = ReplayClient(root, recording.answers, recording.statuses)
        attempts = {it.name: _attempt(it, _graph(root, client, it.service), self.now) for it in datasets.DATASETS}
        for name, attempt in attempts.items():
            self._rows[name] = {it.key: it for it in attempt.reading.records} if attempt.reading else {}
        plans = self._plans(attempts)
        self.attempts = {name: _without_reading(judge_by_plans(it, plans)) for name, it in attempts.items()}

    def _plans(self, attempts: Mapping[str, DatasetAttempt]) -> frozenset[str] | None:
        """The tenant's service plans; None if neither its profile nor its licences were recorded."""
        if attempts["organization"].reading is None and attempts["licenses"].reading is None:
            return None
        profiles = [set(it.plans) for _, it in self.rows("organization", TenantProfile)]
        licences = [set(it.plans) for _, it in self.rows("licenses", License) if isinstance(it.plans, list)]
        return frozenset[str]().union(*profiles, *licences)


def _graph(root: str, client: ReplayClient, service: Service) -> Graph:
    return Graph(
        root=root, version=service.version, http_client=client, token=lambda _fresh: "recorded", retry_policy=_ONCE
    )


def _attempt(dataset: Dataset, graph: Graph, now: datetime) -> DatasetAttempt:
    reader = DatasetReader(Access(lambda _service: graph), dataset, None, now)
    try:
        return reader.attempt(None, 0.0, is_signed_in=True)
    except TokenRejected as rejected:  # a data set that every sync needs
        return DatasetAttempt(dataset=dataset, outcome=outcome_of(rejected), error=rejected)


def _without_reading(attempt: DatasetAttempt) -> DatasetAttempt:
    return msgspec.structs.replace(attempt, reading=None, pages={})


def _as(record: Record, model: type[T]) -> T:
    if isinstance(record.body, model):
        return record.body
    body = record.body if isinstance(record.body, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(record.body))
    return msgspec.json.decode(bytes(body), type=model)
