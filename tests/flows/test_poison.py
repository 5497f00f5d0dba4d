"""Given up before anything began, ordered for nobody, or never given up at all: queues and their poison readers."""

import logging
from collections.abc import Iterator

import msgspec
import pytest

from integrations.domain.jobs.orders import CspOrder, CustomerOrder, PlanOrder, PurgeOrder, RemovalOrder, SyncOrder
from integrations.storage.due import Due, Work
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.flows.failing import ACCOUNT, AT_ONCE, Bug, alerts, entries, says_so
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal, open_portal
from tests.flows.routes import store


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[Portal]:
    """A portal whose failed messages come back at once."""
    found = open_portal(microsoft, identity, storage, **AT_ONCE)
    with found.host:
        yield found


@pytest.fixture
def csp(portal: Portal) -> Csp:
    found = has_csp(portal)
    found.has("Contoso")
    return found


# A sync, which was told before, now with its evidence; also one that failed before it had begun.


def test_a_sync_that_was_given_up_tells_its_evidence(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    portal.map(tenant)
    bug = Bug(portal.services.tables.rest_table("data"), "write")
    portal.run_queues()

    status = portal.row(tenant)["sync_status"]
    assert status["cause"] == "our_failure"
    says_so(status | {"reason": status["cause"]}, SyncOrder.queue)
    assert len(alerts(caplog, SyncOrder.queue)) == 1
    assert len(entries(portal, SyncOrder.queue)) == 1
    bug.mend()
    portal.later(minutes=36)
    portal.tick()
    assert (portal.status(tenant), portal.row(tenant)["sync_status"]["evidence"]) == ("Success", {})


@pytest.mark.parametrize("is_asked_for", [True, False], ids=["asked for", "by the schedule"])
def test_a_sync_that_failed_before_it_began_is_told_too(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, *, is_asked_for: bool
) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    monkeypatch.setattr("integrations.actions.sync.slot.held_back_by", lambda *_: 1 / 0)
    if is_asked_for:
        run = portal.sync(tenant)
    else:
        portal.later(minutes=36)
        portal.tick()
        run = None

    status = portal.row(tenant)["sync_status"]
    says_so(status | {"reason": status["cause"]}, SyncOrder.queue)
    assert run is None or (run["state"], run["cause"]) == ("failed", "our_failure")
    monkeypatch.undo()
    portal.later(minutes=36)
    portal.tick()
    assert portal.status(tenant) == "Success"


# What orders all this.


def test_one_piece_of_work_that_cannot_be_ordered_does_not_stop_the_others(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    for number in range(64):  # in every shard
        portal.services.due.put(Due(Work.PURGE, ACCOUNT, f"{number}:no epoch", portal.clock()))  # type: ignore[arg-type]
    before = portal.row(tenant)["last_sync_at"]
    portal.later(minutes=36)
    portal.tick()

    assert portal.row(tenant)["last_sync_at"] > before
    assert any(it.levelno == logging.ERROR and "could not order work" in it.getMessage() for it in caplog.records)


def test_a_shard_that_was_given_up_alerts_the_operator_and_is_ordered_again(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    before = portal.row(tenant)["last_sync_at"]
    bug = Bug(portal.services.due, "list")
    portal.later(minutes=36)
    portal.tick()
    assert alerts(caplog, "order-due")
    assert portal.row(tenant)["last_sync_at"] == before

    bug.mend()
    portal.later(minutes=6)
    portal.tick()
    assert portal.row(tenant)["last_sync_at"] > before


# Messages that nobody gave up.


def test_a_forged_poison_message_changes_nothing_that_is_well(csp: Csp) -> None:
    portal = csp.settled().portal
    tenant = portal.has_tenant()
    portal.connected(tenant)
    ours, theirs, now = csp.customers["Contoso"]["id"], "acct_southridge", portal.clock()
    before = store(portal)
    for account in (ACCOUNT, theirs):
        for queue, order in (
            (CspOrder.queue, CspOrder(account_id=account, integration_id=csp.id, due_at=now, reason="schedule")),  # type: ignore[arg-type]
            (CustomerOrder.queue, CustomerOrder(account_id=account, tenant_id=ours)),  # type: ignore[arg-type]
            (RemovalOrder.queue, RemovalOrder(account_id=account, removal_id="rem_" + "a" * 20)),  # type: ignore[arg-type]
            (PurgeOrder.queue, PurgeOrder(account_id=account, tenant_id=tenant["id"], epoch=9, is_last=True)),  # type: ignore[arg-type]
            (PlanOrder.queue, PlanOrder(account_id=account)),  # type: ignore[arg-type]
            (
                SyncOrder.queue,
                SyncOrder(account_id=account, tenant_id=tenant["id"], run_id="forged", due_at=now, reason="manual"),  # type: ignore[arg-type]
            ),
        ):
            portal.services.queues.send(f"{queue}-poison", msgspec.json.encode(order))
            portal.services.queues.send(f"{queue}-poison", b'{"account_id": "\xff"}')
    portal.run_queues()

    assert store(portal) == before


def test_a_poison_message_that_comes_twice_is_told_once(csp: Csp) -> None:
    csp.settled()
    Bug(csp.portal.services.sign_in, "renew")
    csp.later(minutes=36)
    once = csp.row()["sync_status"]
    order = CspOrder(account_id=ACCOUNT, integration_id=csp.id, due_at=csp.portal.clock(), reason="schedule")  # type: ignore[arg-type]
    before = store(csp.portal)
    csp.portal.services.queues.send(f"{CspOrder.queue}-poison", msgspec.json.encode(order))
    csp.portal.run_queues()

    assert once["cause"] == "csp_our_failure"
    assert store(csp.portal) == before


def test_a_poison_reader_never_raises(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    object.__setattr__(portal.services, "clock", lambda: 1 / 0)
    order = CustomerOrder(account_id=ACCOUNT, tenant_id=tenant["id"])  # type: ignore[arg-type]
    portal.services.queues.send(f"{CustomerOrder.queue}-poison", msgspec.json.encode(order))
    portal.run_queues()
    object.__setattr__(portal.services, "clock", portal.clock)

    assert alerts(caplog, CustomerOrder.queue)
    assert portal.services.queues.peek(f"{CustomerOrder.queue}-poison") == []
