"""The rows of a recorded tenant: those that the readers of a sync make of its answers."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from integrations.actions.sync.dataset_reader import Access, DatasetAttempt, DatasetReader
from integrations.actions.sync.due_datasets import judge_by_plans
from integrations.assess.recording import Recording
from integrations.assess.replay import ReplayClient
from integrations.domain.causes import outcome_of
from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.sync.datasets import DatasetOutcome, Record
from integrations.domain.sync.plans import known_plans
from integrations.domain.sync.records import License, TenantProfile
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.limits import Service
from shared.microsoft.graph import Graph, RetryPolicy, TokenRejected
from shared.microsoft.sign_in import Endpoints

T = TypeVar("T", bound=msgspec.Struct)

_ONCE = RetryPolicy(tries=1)  # what was recorded does not change


class RecordedRows:
    """The rows of one recorded tenant (a ``RowSource``); ``attempts`` says how each data set was read."""

    def __init__(self, recording: Recording) -> None:
        self.now: datetime = recording.as_of
        self.attempts: dict[str, DatasetAttempt] = {}
        self.missing: dict[str, str] = {}  # the first address that was not recorded, by data set
        self._rows: dict[str, dict[str, Record]] = {}
        self._read(recording)

    def state(self, dataset: str) -> DatasetState:
        """How the data set was read; never, if it was not recorded."""
        permission = datasets.BY_NAME[dataset].permission
        if dataset in self.missing:
            return DatasetState(permission=permission)
        outcome = self.attempts[dataset].outcome
        is_read = outcome is DatasetOutcome.FRESH
        return DatasetState(outcome, self.now if is_read else None, self.error(dataset), permission)

    def is_read(self, dataset: str) -> bool:
        """Whether all rows of the data set were recorded."""
        return self.state(dataset).complete_at is not None

    def error(self, dataset: str) -> str:
        """Why the data set could not be read; "" if it could."""
        error = self.attempts[dataset].error
        return error.stable_code if error else ""

    def count(self, dataset: str) -> int:
        """How many rows the data set has."""
        return len(self._rows.get(dataset, ()))

    def rows(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        yield from ((key, body_as(it, model)) for key, it in self._rows.get(dataset, {}).items())

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        rows = self._rows.get(dataset, {})
        return {key: body_as(rows[key], model) for key in keys if key in rows}

    def derived(self, model: type[T]) -> Iterator[tuple[str, T]]:  # noqa: ARG002 - nothing was evaluated before
        yield from ()

    def find_derived(self, keys: Collection[str], model: type[T]) -> Mapping[str, T]:  # noqa: ARG002
        return {}

    def _read(self, recording: Recording) -> None:
        root = Endpoints.of_cloud(recording.tenant.microsoft_cloud.address).graph
        client = ReplayClient(root, recording.answers, recording.statuses)
        attempts = [self._attempt(it, client, root) for it in datasets.DATASETS]
        plans = self._plans()
        self.attempts = {it.dataset.name: self._judged(it, plans) for it in attempts}

    def _attempt(self, dataset: Dataset, client: ReplayClient, root: str) -> DatasetAttempt:
        """Read one data set, and keep its rows."""
        client.missing.clear()
        attempt = self._read_one(dataset, _graph(root, client, dataset.service))
        client.missing.extend(self.missing[it] for it in dataset.follows if it in self.missing)
        if client.missing:
            self.missing[dataset.name] = client.missing[0]
        elif attempt.reading is not None:
            self._rows[dataset.name] = {it.key: it for it in attempt.reading.records}
        return attempt

    def _read_one(self, dataset: Dataset, graph: Graph) -> DatasetAttempt:
        access = Access(lambda _service: graph, rows_of=lambda name, model: (it for _, it in self.rows(name, model)))
        try:
            return DatasetReader(access, dataset, None, self.now).attempt(None, 0.0, is_signed_in=True)
        except TokenRejected as rejected:  # a data set that every sync needs
            return DatasetAttempt(dataset=dataset, outcome=outcome_of(rejected), error=rejected)

    def _plans(self) -> frozenset[str] | None:
        """The tenant's service plans; None if neither its profile nor its licences say."""
        profiles = [it for _, it in self.rows("organization", TenantProfile)]
        licenses = [it for _, it in self.rows("licenses", License)]
        return known_plans(profiles, licenses if "licenses" in self._rows else None)

    def _judged(self, attempt: DatasetAttempt, plans: frozenset[str] | None) -> DatasetAttempt:
        """The attempt in view of the tenant's licences; a sync does not even ask for what they do not include."""
        dataset = attempt.dataset
        if (
            dataset.name in self.missing
            and dataset.needs_plan
            and plans is not None
            and dataset.needs_plan not in plans
        ):
            del self.missing[dataset.name]
            return DatasetAttempt(dataset=dataset, outcome=DatasetOutcome.NOT_LICENSED)
        return msgspec.structs.replace(judge_by_plans(attempt, plans), reading=None, pages={})


def _graph(root: str, client: ReplayClient, service: Service) -> Graph:
    return Graph(
        root=root, version=service.version, http_client=client, token=lambda _fresh: "recorded", retry_policy=_ONCE
    )


def body_as(record: Record, model: type[T]) -> T:
    """What a record holds."""
    if isinstance(record.body, model):
        return record.body
    body = record.body if isinstance(record.body, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(record.body))
    return msgspec.json.decode(bytes(body), type=model)
