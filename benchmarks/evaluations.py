"""The jobs of ``client`` about what follows from a synced tenant's rows."""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from integrations.actions.evaluate.evaluate_tenant import evaluate_tenant
from integrations.domain.evaluations import registry
from integrations.domain.evaluations.controls import CONTROLS
from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.evaluations.evaluation import Changes, Evaluation, Result, RowSource
from integrations.domain.evaluations.mfa import MFA
from integrations.domain.ids import AccountId, TenantId
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.changed_keys import ALL
from integrations.domain.sync.datasets import Reading, Record
from integrations.microsoft.dataset import state_of
from integrations.microsoft.registry import BY_NAME
from integrations.storage.data.stored_rows import StoredRows

if TYPE_CHECKING:
    from benchmarks.client import Bench


def judge(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Judge a synced tenant by all controls, and only read the rows that this takes; the medians of several times.

    Each time the rows are read anew: for the floor one data set after the other.
    """
    source = Reads(bench, told["account"], told["tenant_id"])
    changes = dict.fromkeys(CONTROLS.needs, ALL)
    made = len(CONTROLS.evaluate(source, changes).reading.records)
    calls = list(source.calls)
    judged, read = [], []
    for _ in range(told["times"]):
        anew = Reads(bench, told["account"], told["tenant_id"])
        judged.append(bench.measured(partial(CONTROLS.evaluate, anew, changes))["cpu_s"])
        read.append(bench.measured(lambda: [call() for call in calls])["cpu_s"])
    return {"judged_s": median(judged), "read_s": median(read), "rows": sum(call() for call in calls), "controls": made}


def decide(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Decide about everybody's MFA, and only read and write the rows that this takes; the medians of several times.

    Each time the rows are new ones: those of an evaluation by another name. The last time they are the product's own.
    """
    bench.clock.ahead = timedelta(minutes=31)
    source = Reads(bench, told["account"], told["tenant_id"])
    records = MFA.evaluate(source, MFA.everything).reading.records
    decided, floor = [], []
    for number in reversed(range(told["times"])):
        bare = dataclasses.replace(
            MFA, name=f"floor{number}", evaluate=partial(_read_again, list(source.calls), records)
        )
        floor.append(_evaluated(bench, told, bare)["cpu_s"])
        named = dataclasses.replace(MFA, name=f"mfa{number}") if number else MFA
        decided.append(_evaluated(bench, told, named)["cpu_s"])
    kinds = len({it.kind for it in records})
    return {"decided_s": median(decided), "floor_s": median(floor), "rows": len(records), "kinds": kinds}


def decide_again(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Decide about the people that changed since, in a process that has done so before."""
    bench.clock.ahead = timedelta(minutes=told["ahead"])
    MFA.evaluate(Reads(bench, told["account"], told["tenant_id"]), MFA.everything)
    return _evaluated(bench, told, MFA)


def _read_again(
    calls: Sequence[Callable[[], int]], records: Sequence[Record], _source: RowSource, _changes: Changes
) -> Result:
    for call in calls:
        call()
    return Result(Reading(records=records, is_complete=True))


def evaluate(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """All evaluations of a synced tenant that are due, in one run."""
    order = EvaluateOrder(account_id=AccountId(told["account"]), tenant_id=TenantId(told["tenant_id"]), epoch=1)
    return bench.measured(partial(evaluate_tenant, bench.services, order))


def _evaluated(bench: "Bench", told: dict[str, Any], evaluation: Evaluation) -> dict[str, Any]:
    """One run of this evaluation alone."""
    registry.EVALUATIONS = (evaluation,)
    return evaluate(bench, told)


class Reads:
    """The stored rows of a tenant (a ``RowSource``); ``calls`` reads again what was read, and counts the rows."""

    def __init__(self, bench: "Bench", account: str, tenant_id: str) -> None:
        self.now = bench.clock()
        self.calls: list[Callable[[], int]] = []
        data = bench.services.data(AccountId(account), TenantId(tenant_id), 1)
        self._stored = data.state()
        self._apart = StoredRows(data.table, data.base, self._stored.rows.parts)

    def state(self, dataset: str) -> DatasetState:
        return state_of(BY_NAME[dataset], self._stored.cursors.get(dataset))

    def rows(self, dataset: str, model: type[Any]) -> Iterator[tuple[str, Any]]:
        self.calls.append(lambda: sum(1 for _ in self._apart.all(dataset, model)))
        return self._stored.rows.all(dataset, model)

    def find(self, dataset: str, keys: Collection[str], model: type[Any]) -> Mapping[str, Any]:
        self.calls.append(lambda: len(self._apart.find(dataset, keys, model)))
        return self._stored.rows.find(dataset, keys, model)

    def derived(self, _model: type[Any]) -> Iterator[tuple[str, Any]]:
        yield from ()

    def find_derived(self, _keys: Collection[str], _model: type[Any]) -> dict[str, Any]:
        return {}
