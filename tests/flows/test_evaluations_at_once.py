"""Evaluations beside everything else: syncs, other evaluations, and the end of what they evaluate."""

import threading
from collections.abc import Callable, Iterable

import pytest

from integrations.actions.evaluate.evaluate_tenant import evaluate_tenant
from integrations.actions.evaluate.evaluation_run import EvaluationRun
from integrations.domain.evaluations.evaluation import Changes, Result, RowSource
from integrations.domain.ids import AccountId
from integrations.domain.sync.datasets import RunState
from integrations.storage.data.store import Superseded
from integrations.storage.due import Work
from tests.exhaustive import exhaustive
from tests.flows.evaluating import (
    Titles,
    marked,
    messages_of,
    order_of,
    registered,
    resynced,
    synced,
    titles_at_microsoft,
    titles_of,
    view,
)
from tests.flows.failing import ACCOUNT
from tests.flows.portal import Portal
from tests.flows.raw import everything

_ROUNDS = 6


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> Titles:
    found = Titles()
    registered(monkeypatch, found)
    return found


def meanwhile(titles: Titles, monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Something happens once, after the evaluation has read its rows and before it writes any."""
    has_happened: list[bool] = []
    working = titles._evaluate

    def evaluate(source: RowSource, changes: Changes) -> Result:
        result = working(source, changes)
        if not has_happened:
            has_happened.append(True)
            do()
        return result

    titles._evaluate = evaluate  # type: ignore[method-assign]
    registered(monkeypatch)
    monkeypatch.setattr("integrations.domain.evaluations.registry.EVALUATIONS", (titles.evaluation,))


def test_a_sync_during_an_evaluation_loses_nothing_and_has_it_run_again(
    portal: Portal, titles: Titles, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = synced(portal, users=20)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant, evaluates=False)
    runs: list[dict[str, object]] = []

    def sync() -> None:
        portal.microsoft.world.touch_users(tenant["id"], 3, seed=7)
        runs.append(resynced(portal, tenant, evaluates=False))

    meanwhile(titles, monkeypatch, sync)
    portal.run_queues()

    assert [it["state"] for it in runs] == ["done"]
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)
    assert marked(portal.services, tenant) == set()


def test_of_two_evaluations_at_once_the_slower_gives_way_and_comes_again(
    portal: Portal, titles: Titles, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = synced(portal, users=20)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant, evaluates=False)
    order = order_of(portal.services, tenant)
    ran = len(titles.seen)
    meanwhile(titles, monkeypatch, lambda: evaluate_tenant(portal.services, order))
    portal.host.drain("evaluate-tenant")

    assert messages_of(portal, "evaluate-tenant") == 1  # hidden: it comes in ten seconds
    assert len(titles.seen) == ran + 2
    assert view(portal, tenant, "titles")["state"] == "fresh"
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


def test_an_order_of_an_earlier_mapping_is_dropped(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    earlier = order_of(portal.services, tenant)
    remap(portal, tenant)
    portal.run_queues()
    ran = len(titles.seen)
    evaluate_tenant(portal.services, earlier)

    assert messages_of(portal, "evaluate-tenant") == 0
    assert len(titles.seen) == ran


def test_a_change_that_comes_while_an_evaluation_looks_keeps_its_mark(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=20)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant, evaluates=False)
    look = EvaluationRun(portal.services, order_of(portal.services, tenant))
    portal.microsoft.world.touch_users(tenant["id"], 2, seed=5)
    resynced(portal, tenant, evaluates=False)
    look.evaluate()

    assert "users" in marked(portal.services, tenant)
    portal.run_queues()
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


def test_marks_are_not_forgotten_on_the_word_of_an_evaluation_that_was_overtaken(
    portal: Portal, titles: Titles
) -> None:
    """It knows one that fails, which needs no mark; meanwhile that has come right, and does."""
    tenant = synced(portal, users=20)
    titles.fault = KeyError("x")
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant)
    portal.microsoft.world.touch_users(tenant["id"], 2, seed=5)
    portal.host.drain("sync-tenant")
    order = order_of(portal.services, tenant)
    portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)
    portal.host.drain("sync-tenant")
    slow, fast = (
        EvaluationRun(portal.services, order),
        portal.services.derived(order.account_id, order.tenant_id, order.epoch),
    )
    fast.open().confirm()

    with pytest.raises(Superseded):
        slow.evaluate()
    assert "users" in marked(portal.services, tenant)


def test_after_an_evaluation_that_was_broken_off_everything_is_evaluated(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=20)
    order = order_of(portal.services, tenant)
    broken = portal.services.derived(order.account_id, order.tenant_id, order.epoch).open()
    broken._fences.claim(1)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant)
    portal.microsoft.world.touch_users(tenant["id"], 2, seed=5)
    resynced(portal, tenant)

    assert titles.is_whole == [True, True, False]


def unmap(portal: Portal, tenant: dict[str, str]) -> None:
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)


def remap(portal: Portal, tenant: dict[str, str]) -> None:
    unmap(portal, tenant)
    portal.map(tenant, to="Elsewhere")


def remove(portal: Portal, tenant: dict[str, str]) -> None:
    portal.remove(portal.row(tenant)["integration_id"])
    portal.host.drain("remove")


@pytest.mark.parametrize("end", [remap, *exhaustive(unmap, remove)])
@pytest.mark.parametrize("is_first", [True, False], ids=["the first evaluation", "a later one"])
def test_whatever_ends_the_mapping_during_an_evaluation_leaves_nothing_of_it(
    portal: Portal,
    titles: Titles,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Portal, dict[str, str]], None],
    *,
    is_first: bool,
) -> None:
    tenant = portal.has_tenant(users=20)
    portal.integrate(tenant)
    portal.map(tenant)
    portal.host.drain("sync-tenant")
    if not is_first:
        portal.run_queues()
        portal.microsoft.world.touch_users(tenant["id"], 2)
        resynced(portal, tenant, evaluates=False)
    order = order_of(portal.services, tenant)
    before = [] if is_first else derived(portal, tenant, order.epoch)
    meanwhile(titles, monkeypatch, lambda: end(portal, tenant))
    portal.host.drain("evaluate-tenant")

    left = derived(portal, tenant, order.epoch)
    assert [it for it in left if it not in before] == []
    portal.run_queues()
    assert has_line(portal, tenant) is (end is not remove)
    portal.later(days=31)
    portal.tick()
    portal.tick()
    assert derived(portal, tenant, order.epoch) == []
    if end is remap:
        assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)
        return
    assert [it for it in everything(portal) if it[0].startswith("data")] == []
    assert not has_line(portal, tenant)


def has_line(portal: Portal, tenant: dict[str, str]) -> bool:
    lines = portal.services.due.of(AccountId(ACCOUNT), tenant["id"])
    return Work.EVALUATE in {it.work for it in lines}


def derived(portal: Portal, tenant: dict[str, str], epoch: int) -> list[str]:
    """Derived rows of an epoch, fences aside."""
    place = f"{tenant['id']}|{epoch}|derived"
    return [text for kind, text in everything(portal) if place in text and "!fence" not in text and "data" in kind]


def test_syncs_and_evaluations_at_once_lose_no_run_and_come_out_right(portal: Portal, titles: Titles) -> None:
    race(portal, titles, range(_ROUNDS))


def race(portal: Portal, titles: Titles, rounds: Iterable[int]) -> None:
    """A sync for each number, while other threads evaluate without a pause."""
    tenant = synced(portal, users=40)
    order, stop = order_of(portal.services, tenant), threading.Event()
    faults: list[BaseException] = []

    def evaluate() -> None:
        while not stop.is_set():
            try:
                evaluate_tenant(portal.services, order)
            except Exception as fault:  # noqa: BLE001 - a thread's error must not be lost
                faults.append(fault)
                return

    threads = [threading.Thread(target=evaluate) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        runs = []
        for number in rounds:
            portal.microsoft.world.touch_users(tenant["id"], 3, seed=number)
            runs.append(resynced(portal, tenant, evaluates=False))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    portal.run_queues()
    portal.later(minutes=36)
    portal.tick()

    assert faults == []
    assert {it["state"] for it in runs} == {RunState.DONE.value}
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)
    assert marked(portal.services, tenant) == set()
    assert len(titles.seen) > len(runs) / 2
