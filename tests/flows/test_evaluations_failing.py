"""An evaluation that fails costs itself alone, says so, and is tried again; so does a process that dies each time."""

import json
import logging
from collections.abc import Iterator

import msgspec
import pytest

from integrations.actions.evaluate.evaluation_run import EvaluationRun
from integrations.domain.evaluations.evaluation import Result
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.datasets import Reading, Record
from integrations.storage.data.store import DataSession
from integrations.storage.data.stored_rows import StoredRows
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from shared.storage.tables import StorageUnavailable
from tests.flows.evaluating import (
    Title,
    Titles,
    loses_mfa,
    marked,
    order_of,
    registered,
    resynced,
    states,
    synced,
    titles_at_microsoft,
    titles_of,
    view,
    without_mfa,
)
from tests.flows.failing import AT_ONCE, alerts, entries
from tests.flows.portal import Portal, open_portal
from tests.flows.routes import store


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[Portal]:
    """A portal whose failed messages come back at once."""
    found = open_portal(microsoft, identity, storage, **AT_ONCE)
    with found.host:
        yield found


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> Titles:
    found = Titles()
    registered(monkeypatch, found)
    return found


def test_one_that_fails_says_so_and_costs_no_other_and_no_sync(
    portal: Portal, titles: Titles, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = synced(portal)
    before = titles_of(portal.services, tenant)
    titles.fault = KeyError("a name that nobody may read in a log")
    portal.microsoft.world.touch_users(tenant["id"], 2)
    lost = loses_mfa(portal, tenant, 3)
    run = resynced(portal, tenant)

    told = view(portal, tenant, "titles")
    assert (run["state"], portal.status(tenant)) == ("done", "Success")
    assert states(portal, tenant) == {
        "people_without_mfa": "fresh",
        "administrators": "fresh",
        "controls": "fresh",
        "mfa": "fresh",
        "titles": "failed",
    }
    assert without_mfa(portal, tenant) == set(lost)
    assert (told["error"], titles_of(portal.services, tenant)) == ("KeyError", before)
    assert "failed while evaluating" in told["detail"]
    assert told["since"] < told["next_at"]
    assert marked(portal.services, tenant) == set()
    errors = [it.getMessage() for it in caplog.records if it.levelno >= logging.ERROR]
    assert [json.loads(it)["error"].split(":")[0] for it in errors] == ["KeyError at evaluating.py"]
    assert not any("nobody may read" in it for it in caplog.text.splitlines())


def test_it_is_tried_again_by_itself_and_evaluates_everything(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    titles.fault = KeyError("x")
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant)
    first = view(portal, tenant, "titles")
    portal.microsoft.world.touch_users(tenant["id"], 1, seed=9)
    portal.sync(tenant)  # which does not have it tried before its time
    ran = len(titles.seen)
    portal.later(minutes=6)
    portal.tick()
    again = view(portal, tenant, "titles")
    titles.fault = None
    portal.later(minutes=11)
    portal.tick()

    healed = view(portal, tenant, "titles")
    assert (ran, titles.is_whole) == (2, [True, False, True, True])
    assert (again["state"], again["since"], again["error"]) == ("failed", first["since"], "KeyError")
    assert again["next_at"] > first["next_at"]
    assert again["lag_s"] >= 360
    assert (healed["state"], healed["error"], healed["detail"], healed["next_at"]) == ("fresh", "", "", None)
    assert healed["lag_s"] == 0
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


@pytest.mark.parametrize("what", ["a key that no table holds", "changes where everything was asked for"])
def test_one_that_gives_what_cannot_be_stored_fails_and_keeps_its_rows(
    portal: Portal, titles: Titles, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    tenant = synced(portal, users=5)
    before = titles_of(portal.services, tenant)
    if what.startswith("a key"):
        record = Record(key="no/such", body=Title("x"))
        titles.gives = Result(Reading(records=[record], is_complete=True))
    else:
        titles.version, titles.gives = 2, Result(Reading(records=[], is_complete=False))
        monkeypatch.undo()
        registered(monkeypatch, titles)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant)

    told = view(portal, tenant, "titles")
    assert (told["state"], told["error"]) in {("failed", "RowNotStorable"), ("failed", "TypeError")}
    assert titles_of(portal.services, tenant) == before
    titles.gives = None
    portal.later(minutes=6)
    portal.tick()
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


def test_a_process_that_dies_each_time_is_told_on_the_evaluations_that_were_due(
    portal: Portal, titles: Titles, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = synced(portal, users=5)
    rows = portal.row(tenant)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant, evaluates=False)
    monkeypatch.setattr(EvaluationRun, "evaluate", _dies)
    portal.run_queues()

    assert states(portal, tenant) == {
        "people_without_mfa": "fresh",
        "administrators": "fresh",
        "controls": "failed",
        "mfa": "failed",
        "titles": "failed",
    }
    told = view(portal, tenant, "titles")
    assert (told["error"], portal.row(tenant)["sync_status"]["label"]) == ("our_failure", "Success")
    assert len(alerts(caplog, EvaluateOrder.queue)) == 1
    assert [it["subject"]["tenant_id"] for it in entries(portal, EvaluateOrder.queue)] == [tenant["id"]]
    assert rows["sync_status"]["cause"] == portal.row(tenant)["sync_status"]["cause"]

    portal.later(minutes=6)
    portal.tick()  # it dies again, which is not told a second time
    assert len(entries(portal, EvaluateOrder.queue)) == 1
    assert view(portal, tenant, "titles")["since"] == told["since"]
    monkeypatch.undo()
    registered(monkeypatch, titles)
    portal.later(minutes=21)
    portal.tick()
    assert view(portal, tenant, "titles")["state"] == "fresh"
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


def _dies(_look: EvaluationRun) -> None:
    raise MemoryError


@pytest.mark.parametrize("does", ["reads", "writes"])
def test_storage_that_fails_in_the_middle_is_no_fault_of_the_evaluation(
    portal: Portal,
    titles: Titles,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    does: str,
) -> None:
    tenant = synced(portal, users=5)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    resynced(portal, tenant, evaluates=False)
    owner, name = {"reads": (StoredRows, "find"), "writes": (DataSession, "commit")}[does]
    working, failed = getattr(owner, name), []

    def fails_once(*given: object, **named: object) -> object:
        if not failed:
            failed.append(True)
            raise StorageUnavailable
        return working(*given, **named)

    monkeypatch.setattr(owner, name, fails_once)
    portal.run_queues()

    assert failed
    assert "an evaluation failed" not in caplog.text
    assert set(states(portal, tenant).values()) == {"fresh"}
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


def test_a_forged_or_repeated_poison_message_changes_nothing_that_is_well(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    order = order_of(portal.services, tenant)
    before = store(portal), view(portal, tenant, "titles")
    for changes in ({}, {"epoch": order.epoch + 1}, {"tenant_id": "9" * 8 + order.tenant_id[8:]}):
        body = msgspec.json.encode(msgspec.structs.replace(order, **changes))
        portal.services.queues.send(f"{EvaluateOrder.queue}-poison", body)
    portal.services.queues.send(f"{EvaluateOrder.queue}-poison", b'{"account_id": "\xff"}')
    portal.run_queues()

    assert (store(portal), view(portal, tenant, "titles")) == before
    assert len(titles.seen) == 1
