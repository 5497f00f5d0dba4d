"""Syncing: only what changed is read and written, and every fault shows as what it is."""

import json
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from integrations.domain.jobs.orders import SyncOrder
from integrations.microsoft.readers import mailbox_purposes
from integrations.storage.due import shards
from tests.exhaustive import exhaustive
from tests.flows.portal import Portal, beside_another_process
from tests.flows.reading import asked, counts, table_requests, users_of
from tests.waiting import HANGS_S, until

ALL_AT_ONCE = 1000  # batches: a tenant whose mailboxes are still being read is not quiet
EVERY_CYCLE = [
    "!fence",
    "cursor:organization",
    "cursor:users",
    "cursor:licenses",
    "cursor:devices",
    "cursor:managed_devices",
    "cursor:groups",
    "cursor:mailbox_purposes",
]


class Writes:
    """Counts transactions on the data table, and the rows in them."""

    def __init__(self, portal: Portal) -> None:
        self.rows: list[list[str]] = []
        table = portal.services.tables.rest_table("data")
        original = table.write

        def write(*writes: Any) -> str:
            self.rows.append([it.row.key for it in writes])
            return original(*writes)

        table.write = write  # type: ignore[method-assign]


def test_an_unchanged_tenant_of_two_thousand_users_costs_one_request_and_four_table_operations(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox_purposes, "MOST_BATCHES", ALL_AT_ONCE)
    tenant = portal.has_tenant(users=2000)
    portal.connected(tenant)
    before = portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1")
    portal.microsoft.world.forget_requests()
    portal.later(minutes=34)
    portal.host.fire_timer("sync_timer")
    portal.host.drain("order-due")
    writes, requests = Writes(portal), table_requests(portal, monkeypatch)

    portal.host.drain("sync-tenant")
    made = list(requests)

    after = portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1")
    assert portal.status(tenant) == "Success"
    assert asked(portal, tenant) == [("POST", "/v1.0/$batch")]
    assert writes.rows == []
    assert len(made) == 4, made
    assert before["as_of"] < after["as_of"]


def test_cursors_of_a_quiet_tenant_are_written_every_five_hours(portal: Portal) -> None:
    """So that no delta link grows old; and what stood between is told all the same."""
    tenant = portal.has_tenant()
    portal.connected(tenant)
    writes, times = Writes(portal), []

    for _ in range(10):
        portal.later(minutes=34)
        portal.tick()
        told = portal.ask("GET", f"/tenants/{tenant['id']}")["datasets"]
        times += [it["as_of"] for it in told if it["dataset"] == "users"]

    assert writes.rows == [EVERY_CYCLE]
    assert times == sorted(set(times))


def test_a_person_of_whom_nothing_we_keep_changed_is_not_read_again_and_again(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5)
    portal.connected(tenant)
    person = users_of(portal, tenant)[0]
    portal.microsoft.world.change_user(tenant_id=tenant["id"], user_id=person["id"], jobTitle=person.get("job_title"))
    writes = Writes(portal)

    for _ in range(2):
        portal.sync(tenant)

    assert writes.rows == [EVERY_CYCLE]


@pytest.mark.parametrize("changes", [15, *exhaustive(1, 60)])
def test_a_changed_tenant_writes_only_its_changed_rows(
    portal: Portal, changes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox_purposes, "MOST_BATCHES", ALL_AT_ONCE)
    tenant = portal.has_tenant(users=1000)
    portal.connected(tenant)
    changed = portal.microsoft.world.touch_users(tenant_id=tenant["id"], count=changes)
    portal.microsoft.world.forget_requests()
    writes = Writes(portal)

    run = portal.sync(tenant)

    rows = [key for part in writes.rows for key in part if key.startswith("row:users:")]
    assert sorted(rows) == sorted(f"row:users:{key}" for key in changed)
    assert counts(run) == {"created": 0, "changed": changes, "removed": 0}
    assert len(asked(portal, tenant)) <= 2


def test_created_changed_and_removed_people_arrive(portal: Portal) -> None:
    tenant = portal.has_tenant(users=30)
    portal.connected(tenant)
    world, people = portal.microsoft.world, users_of(portal, tenant)
    world.add_user(tenant_id=tenant["id"], givenName="Nina", surname="New")
    world.change_user(tenant_id=tenant["id"], user_id=people[3]["id"], department=None, jobTitle="Chief")
    world.remove_user(tenant_id=tenant["id"], user_id=people[4]["id"])
    world.remove_user(tenant_id=tenant["id"], user_id=people[5]["id"], permanently=True)

    run = portal.sync(tenant)

    after = {it["id"]: it for it in users_of(portal, tenant)}
    assert counts(run) == {"created": 1, "changed": 1, "removed": 2}
    assert len(after) == 29
    assert "Nina New" in {it["name"] for it in after.values()}
    assert after[people[3]["id"]]["job_title"] == "Chief"
    assert "department" not in after[people[3]["id"]]
    assert not {people[4]["id"], people[5]["id"]} & after.keys()
    details = portal.ask("GET", f"/tenants/{tenant['id']}")
    assert details["user_count"] == sum(not it.get("is_guest", False) for it in after.values())


@pytest.mark.parametrize("how", ["410", "SyncStateNotFound", *exhaustive("syncStateNotFound", "resyncRequired")])
def test_a_lost_delta_link_leads_to_a_whole_reading(portal: Portal, how: str) -> None:
    tenant = portal.has_tenant(users=30)
    portal.connected(tenant)
    gone = users_of(portal, tenant)[7]["id"]
    portal.microsoft.world.remove_user(tenant_id=tenant["id"], user_id=gone)
    portal.microsoft.world.expire_delta_tokens(tenant_id=tenant["id"], how=how)

    run = portal.sync(tenant)
    again = portal.sync(tenant)

    assert counts(run) == {"created": 0, "changed": 0, "removed": 1}
    assert counts(again) == {"created": 0, "changed": 0, "removed": 0}
    assert len(users_of(portal, tenant)) == 29


def test_users_that_change_while_they_are_listed_are_not_lost(portal: Portal) -> None:
    tenant = portal.has_tenant(users=2500)
    portal.integrate(tenant)
    portal.map(tenant)
    portal.microsoft.world.hold(path=r"/users\?.*skiptoken")
    worker = threading.Thread(target=portal.run_queues)
    worker.start()
    until(portal.microsoft.world.held)
    changed = portal.microsoft.world.touch_users(tenant_id=tenant["id"], count=40)
    portal.microsoft.world.release()
    worker.join()

    portal.sync(tenant)

    wanted = {it["id"]: it["jobTitle"] for it in portal.microsoft.world.users(tenant_id=tenant["id"])}
    first = portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")
    stored = {it["id"]: it.get("job_title") for it in first["items"]}
    assert all(stored[key] == wanted[key] for key in set(changed) & stored.keys())
    assert set(changed) & stored.keys()


def test_the_schedule_syncs_every_half_hour_and_only_then(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.forget_requests()

    portal.later(minutes=20)
    portal.tick()
    quiet = asked(portal, tenant)
    portal.later(minutes=14)
    portal.tick()

    assert quiet == []
    assert asked(portal, tenant) == [("POST", "/v1.0/$batch")]


def test_a_timer_storm_reads_each_tenant_once_a_slot(portal: Portal) -> None:
    tenants = [portal.has_tenant(f"Tenant {number}", seed=number) for number in range(3)]
    for tenant in tenants:
        portal.integrate(tenant)
        portal.map(tenant, to=tenant["name"])
    portal.run_queues()
    portal.later(minutes=34)
    portal.microsoft.world.forget_requests()

    for _ in range(10):
        portal.host.fire_timer("sync_timer")
    portal.run_queues()
    portal.tick()

    assert [len(asked(portal, tenant)) for tenant in tenants] == [1] * 3


def test_a_repeated_order_runs_once(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.forget_requests()
    order = SyncOrder(
        account_id="acct_northwind",
        tenant_id=tenant["id"],
        run_id="000000000000001-aaaaaaaa",
        due_at=portal.clock(),
        reason="reauthorized",
    )

    for _ in range(5):
        portal.services.queues.send("sync-tenant", msgspec.json.encode(order))
    portal.run_queues()

    assert len(asked(portal, tenant)) == 1


def test_a_renamed_tenant_keeps_its_history(portal: Portal) -> None:
    tenant = portal.has_tenant("Contoso Dental")
    portal.connected(tenant)
    portal.microsoft.world.rename_tenant(tenant_id=tenant["id"], name="Contoso Clinics")

    portal.sync(tenant)

    stored = portal.services.control("acct_northwind").tenants.find(tenant["id"]).value
    assert portal.row(tenant)["name"] == "Contoso Clinics"
    assert [it.name for it in stored.former_names] == ["Contoso Dental"]


def test_licences_tell_what_is_unused(portal: Portal) -> None:
    tenant = portal.has_tenant(users=10, licences={"SPB": 25, "FLOW_FREE": 10000})
    portal.connected(tenant)

    rows = {it["part_number"]: it for it in portal.ask("GET", f"/tenants/{tenant['id']}/licenses")["items"]}

    premium = rows["SPB"]
    assert premium["name"] == "Microsoft 365 Business Premium"
    assert premium["unused"] == premium["bought"] - premium["assigned"] > 0


def test_unmapping_during_a_sync_leaves_nothing_readable(portal: Portal) -> None:
    tenant = portal.has_tenant(users=2500)
    portal.integrate(tenant)
    portal.map(tenant)
    portal.microsoft.world.hold(path=r"/users\?.*skiptoken")
    worker = threading.Thread(target=portal.run_queues)
    worker.start()
    until(portal.microsoft.world.held)

    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    portal.microsoft.world.release()
    worker.join()

    data = portal.services.tables.rest_table("data")
    epoch = portal.services.control("acct_northwind").tenants.find(tenant["id"]).value.epoch - 1
    rows = data.range(f"acct_northwind|{tenant['id']}|{epoch}")
    assert [row.key for row in rows] == ["!fence"]
    assert portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"] == []
    runs = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]
    assert [run["state"] for run in runs] == ["superseded"]


def test_mapping_again_starts_empty_and_reads_whole(portal: Portal) -> None:
    tenant = portal.has_tenant(users=30)
    portal.connected(tenant)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)

    portal.map(tenant, to="Another")
    empty = portal.ask("GET", f"/tenants/{tenant['id']}/users")
    portal.run_queues()

    assert (empty["items"], empty["state"]) == ([], "not_read_yet")
    assert len(users_of(portal, tenant)) == 30


def test_two_hosts_on_one_storage_sync_a_slot_once(portal: Portal) -> None:
    """A second process shares our storage; both get every order, one of them does the work."""
    beside_another_process(portal)
    tenants = [portal.has_tenant(f"Tenant {number}", seed=number, users=20) for number in range(3)]
    for tenant in tenants:
        portal.integrate(tenant)
        portal.map(tenant, to=tenant["name"])
    portal.run_queues()
    portal.microsoft.world.forget_requests()
    env = {**portal.host.env, "PYTHONUNBUFFERED": "1", "PATH": ""}
    second = subprocess.Popen(
        [sys.executable, "-m", "local.host", "--port", "0"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert any(line.startswith("Listening on") for line in second.stdout)
        portal.host.serve()
        orders = [
            SyncOrder(
                account_id="acct_northwind",
                tenant_id=it["id"],
                run_id="000000000000001-aaaaaaaa",
                due_at=portal.clock(),
                reason="reauthorized",
            )
            for it in tenants
        ]
        for _ in range(4):
            for order in orders:
                portal.services.queues.send("sync-tenant", msgspec.json.encode(order))
        done = ["/runs/000000000000001-aaaaaaaa"] * 1
        for tenant in tenants:
            until(lambda tenant=tenant: _ended(portal, tenant, done[0]))
        time.sleep(2)
    finally:
        second.terminate()
        second.wait(HANGS_S)
        second.stdout.close()

    assert [len(asked(portal, tenant)) for tenant in tenants] == [1] * 3


def _ended(portal: Portal, tenant: dict[str, str], run: str) -> bool:
    answer = portal.call("GET", f"/tenants/{tenant['id']}{run}")
    return answer.status == 200 and json.loads(answer.body)["state"] == "done"


def test_the_due_list_holds_one_line_for_each_tenant(portal: Portal) -> None:
    tenants = [portal.has_tenant(f"Tenant {number}", seed=number) for number in range(3)]
    for tenant in tenants:
        portal.connected(tenant) if tenant is tenants[0] else portal.integrate(tenant)

    far = portal.clock() + timedelta(days=2)
    dues = [due for shard in shards() for due in portal.services.due.list(shard, far) if due.work.value == "sync"]

    assert sorted(due.item_id for due in dues) == sorted(tenant["id"] for tenant in tenants)


def test_a_scheduled_order_that_was_overtaken_by_sync_now_does_nothing(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.later(minutes=28)
    order = SyncOrder(
        account_id="acct_northwind",
        tenant_id=tenant["id"],
        run_id="000000000000001-schedul0",
        due_at=portal.clock(),
        reason="schedule",
    )
    portal.sync(tenant)
    portal.microsoft.world.forget_requests()

    portal.services.queues.send("sync-tenant", msgspec.json.encode(order))
    portal.run_queues()

    assert asked(portal, tenant) == []
