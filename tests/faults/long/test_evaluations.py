"""Evaluations beside syncs a hundred times, and what they take of a tenant of a hundred thousand users."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from integrations.actions.evaluate.evaluation_run import EvaluationRun
from integrations.actions.read.security import read_security
from integrations.actions.read.tenant_data import TenantData
from integrations.domain.ids import AccountId
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.packing import pack
from integrations.domain.sync.security_records import Registration, RegistrationPage
from integrations.storage.data.pending import PendingMarker
from tests.faults.lab.report import Budget, tell
from tests.flows.evaluating import Titles, marked, order_of, registered, synced, view, without_mfa
from tests.flows.failing import ACCOUNT
from tests.flows.portal import Portal
from tests.flows.reading import security
from tests.flows.test_evaluations_at_once import race

_PEOPLE = 100_000
_LACKING = 10  # one in so many
_ROUNDS = 100


def test_a_hundred_syncs_beside_evaluations_lose_no_run(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = Titles()
    registered(monkeypatch, titles)

    budget = Budget.of("evaluations")
    race(portal, titles, budget.of_cases("syncs beside evaluations", range(_ROUNDS)))
    tell(f"  {len(titles.seen)} evaluations beside them, no run was lost")


@dataclass
class Effort:
    """What something took: seconds of the clock and of the processor, and the peak of memory until then in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: int

    def __str__(self) -> str:
        return f"{self.wall_s:.2f} s, {self.cpu_s:.2f} s of CPU, peak {self.peak_mb} MB"


def effort_of(do: Callable[[], object]) -> Effort:
    wall, cpu = time.monotonic(), time.process_time()
    do()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Effort(time.monotonic() - wall, time.process_time() - cpu, peak)


def registrations(*, changed: int) -> list[Record]:
    """One in ten has not registered, but for so many who have by now."""
    people = {
        f"{number:08x}-0000-4000-8000-0000000000aa": Registration(
            user_id=f"{number:08x}-0000-4000-8000-0000000000aa",
            name=f"Somebody {number}",
            username=f"somebody.{number}@contoso.example",
            is_mfa_registered=number % _LACKING != 0 or number < changed * _LACKING,
            is_mfa_capable=True,
            methods=["microsoftAuthenticatorPush", "mobilePhone"],
        )
        for number in range(_PEOPLE)
    }
    return [Record(key=key, body=RegistrationPage(people=some)) for key, some in pack(people).items()]


def test_of_a_hundred_thousand_people_five_that_changed_are_evaluated_in_a_moment(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = synced(portal, users=3)
    order = order_of(portal.services, tenant)
    data = portal.services.data(order.account_id, order.tenant_id, order.epoch)

    def store(changed: int) -> None:
        session = data.open(marker=PendingMarker(["registrations"], portal.clock()))
        reading = Reading(records=registrations(changed=changed), is_complete=True)
        plan = session.plan("registrations", reading, portal.clock())
        session.commit([plan.writes], [plan.cursor])

    def evaluate() -> None:
        run = EvaluationRun(portal.services, order)
        run.evaluate()
        run.finish()

    store(0)
    whole = effort_of(evaluate)
    store(5)
    partial = effort_of(evaluate)
    answer = effort_of(lambda: read_security(portal.services, AccountId(ACCOUNT), order.tenant_id))

    with monkeypatch.context() as patched:
        patched.setattr(TenantData, "derived", lambda *_: None)
        without = effort_of(lambda: read_security(portal.services, AccountId(ACCOUNT), order.tenant_id))

    tell(f"evaluation of {_PEOPLE:,} people: all in {whole}; five that changed in {partial}")
    tell(f"  the answer in {answer}; from the data sets, as before, in {without}")
    lacking = {f"{number * _LACKING:08x}-0000-4000-8000-0000000000aa" for number in range(5)}
    assert view(portal, tenant)["state"] == "fresh"
    assert marked(portal.services, tenant) == set()
    assert len(security(portal, tenant)["mfa"]["without"]) == 100
    assert not without_mfa(portal, tenant) & lacking
    assert partial.cpu_s < whole.cpu_s / 2
    assert answer.cpu_s < without.cpu_s
