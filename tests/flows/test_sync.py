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

from integrations.domain.orders import SyncOrder
from integrations.storage.due import shards
from tests.flows.portal import CLIENT_ID, Portal


def asked(portal: Portal, tenant: dict[str, str]) -> list[tuple[str, str]]:
    return [(it["method"], it["path"]) for it in portal.graph_requests(tenant)]


def users_of(portal: Portal, tenant: dict[str, str]) -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")["items"])


def counts(run: dict[str, Any], dataset: str = "users") -> dict[str, int]:
    found = next(it for it in run["datasets"] if it["dataset"] == dataset)
    return {name: found.get("counts", {}).get(name, 0) for name in ("created", "changed", "removed")}


class Writes:
    """Counts transactions on the data table, and the rows in them."""

    def __init__(self, portal: Portal) -> None:
        self.rows: list[list[str]] = []
        table = portal.services.tables.table("data")
        original = table.write

        def write(*writes: Any) -> str:
            self.rows.append([it.row.key for it in writes])
            return original(*writes)

        table.write = write  # type: ignore[method-assign]


def test_an_unchanged_tenant_of_ten_thousand_users_costs_one_request_and_one_transaction(portal: Portal) -> None:
    tenant = portal.has_tenant(users=10_000)
    portal.connected(tenant)
    assert portal.status(tenant) == "Success"
    portal.microsoft.world.forget_requests()
    writes = Writes(portal)

    run = portal.sync(tenant)

    assert run["state"] == "done"
    assert asked(portal, tenant) == [("POST", "/v1.0/$batch")]
    assert writes.rows == [["!fence", "cursor:organization", "cursor:users", "cursor:licenses"]]


@pytest.mark.parametrize("changes", [1, 15, 60])
def test_a_changed_tenant_writes_only_its_changed_rows(portal: Portal, changes: int) -> None:
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


@pytest.mark.parametrize("how", ["410", "syncStateNotFound", "SyncStateNotFound", "resyncRequired"])
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
    time.sleep(1.0)
    changed = portal.microsoft.world.touch_users(tenant_id=tenant["id"], count=40)
    portal.microsoft.world.release()
    worker.join(60)

    portal.sync(tenant)

    wanted = {it["id"]: it["jobTitle"] for it in portal.microsoft.world.users(tenant_id=tenant["id"])}
    first = portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")
    stored = {it["id"]: it.get("job_title") for it in first["items"]}
    assert all(stored[key] == wanted[key] for key in set(changed) & stored.keys())
    assert set(changed) & stored.keys()


def test_a_page_that_fails_deletes_nothing_and_keeps_the_old_rows(portal: Portal) -> None:
    tenant = portal.has_tenant(users=1500)
    portal.connected(tenant)
    portal.microsoft.world.expire_delta_tokens(tenant_id=tenant["id"])
    portal.microsoft.world.fault(host="graph", path=r"/users\?.*skiptoken", status=500, times=None)

    portal.sync(tenant)

    details = portal.ask("GET", f"/tenants/{tenant['id']}")
    users = next(it for it in details["datasets"] if it["dataset"] == "users")
    assert portal.status(tenant) == "Pending"
    assert (users["state"], users["count"]) == ("stale", 1500)
    assert portal.row(tenant)["last_sync_at"] is not None


def test_rows_that_vanish_in_masses_are_believed_when_seen_twice(portal: Portal) -> None:
    tenant = portal.has_tenant(users=100)
    portal.connected(tenant)
    for person in users_of(portal, tenant)[:60]:
        portal.microsoft.world.remove_user(tenant_id=tenant["id"], user_id=person["id"])
    portal.microsoft.world.expire_delta_tokens(tenant_id=tenant["id"])

    first = portal.sync(tenant)
    after_one = len(users_of(portal, tenant))
    second = portal.sync(tenant)

    assert (counts(first)["removed"], after_one) == (0, 100)
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"
    assert (counts(second)["removed"], len(users_of(portal, tenant))) == (60, 40)


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
    tenants = [portal.has_tenant(f"Tenant {number}", seed=number) for number in range(5)]
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

    assert [len(asked(portal, tenant)) for tenant in tenants] == [1] * 5


def test_a_repeated_order_runs_once(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.forget_requests()
    order = SyncOrder(
        account_id="acct_northwind",
        tenant_id=tenant["id"],
        run_id="000000000000001-aaaaaaaa",
        due_at=portal.clock(),
        reason="schedule",
    )

    for _ in range(5):
        portal.services.queues.send("sync-tenant", msgspec.json.encode(order))
    portal.run_queues()

    assert len(asked(portal, tenant)) == 1


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"status": 429, "headers": {"Retry-After": "30"}}, "throttled"),
        ({"status": 429, "headers": {"Retry-After": "garbage"}}, "throttled"),
        ({"status": 503, "headers": {"Retry-After": "120"}}, "microsoft_unavailable"),
        ({"status": 500}, "microsoft_unavailable"),
        ({"kind": "reset"}, "microsoft_unavailable"),
        ({"kind": "html"}, "microsoft_unavailable"),
        ({"kind": "truncate"}, "microsoft_unavailable"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else value,
)
def test_a_fault_that_passes_is_pending_and_heals(portal: Portal, fault: dict[str, Any], cause: str) -> None:
    tenant = portal.has_tenant(users=30)
    portal.connected(tenant)
    portal.microsoft.world.fault(host="graph", tenant_id=tenant["id"], times=None, **fault)

    portal.sync(tenant)
    ill = portal.row(tenant)["sync_status"]
    portal.microsoft.world.clear_faults()
    portal.later(minutes=40)
    portal.tick()

    assert (ill["label"], ill["colour"], ill["reason"], ill["cause"]) == (
        "Pending",
        "orange",
        "waiting_on_microsoft",
        cause,
    )
    assert len(users_of(portal, tenant)) == 30
    assert portal.status(tenant) == "Success"


def test_a_wait_microsoft_asks_for_is_kept(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    headers = {"Retry-After": "300"}
    portal.microsoft.world.fault(host="graph", tenant_id=tenant["id"], status=429, headers=headers, times=None)
    portal.later(minutes=34)
    portal.tick()
    portal.microsoft.world.clear_faults()
    portal.microsoft.world.forget_requests()

    portal.later(minutes=3)
    portal.tick()
    too_early = asked(portal, tenant)
    portal.later(minutes=4)
    portal.tick()

    assert too_early == []
    assert portal.status(tenant) == "Success"


@pytest.mark.parametrize(
    ("do", "cause"),
    [
        ("revoke_consent", "app_removed"),
        ("disable_app", "app_disabled"),
    ],
)
def test_a_refused_sign_in_stops_the_schedule_until_a_probe_succeeds(portal: Portal, do: str, cause: str) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    world = portal.microsoft.world
    getattr(world, do)(tenant_id=tenant["id"], client_id=CLIENT_ID)
    portal.services.sign_in.forget(tenant["id"])

    portal.sync(tenant)
    ill = portal.row(tenant)
    world.forget_requests()
    portal.later(minutes=20)
    portal.tick()
    rested = asked(portal, tenant)
    world.consent(tenant_id=tenant["id"], client_id=CLIENT_ID)
    if do == "disable_app":
        world.disable_app(tenant_id=tenant["id"], client_id=CLIENT_ID, enabled=True)
    portal.later(minutes=15)
    portal.tick()

    assert (ill["sync_status"]["label"], ill["sync_status"]["colour"]) == ("Auth Error", "red")
    assert ill["sync_status"]["cause"] == cause
    assert ill["sync_status"]["evidence"]["code"].startswith("AADSTS")
    assert ill["sync_status"]["remedy"]
    assert rested == []
    assert portal.status(tenant) == "Success"


def test_probes_of_a_refused_credential_back_off_to_six_hours(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.revoke_consent(tenant_id=tenant["id"], client_id=CLIENT_ID)
    portal.services.sign_in.forget(tenant["id"])
    pauses = []

    for _ in range(7):
        portal.sync(tenant)
        status = portal.services.control("acct_northwind").tenants.find(tenant["id"]).value.status
        pauses.append(status.next_check_at - status.last_attempt_at)

    minutes = [pause / timedelta(minutes=1) for pause in pauses]
    assert minutes == [30, 60, 120, 240, 360, 360, 360]


def test_a_tenant_that_is_gone_keeps_its_data(portal: Portal) -> None:
    tenant = portal.has_tenant(users=30)
    portal.connected(tenant)
    portal.microsoft.world.delete_tenant(tenant_id=tenant["id"])
    portal.services.sign_in.forget(tenant["id"])

    portal.sync(tenant)

    assert portal.row(tenant)["sync_status"]["cause"] == "tenant_not_found"
    assert len(users_of(portal, tenant)) == 30


def test_a_wrong_secret_of_ours_is_no_customers_fault(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.services.sign_in.forget(tenant["id"])
    body = json.dumps(
        {"error": "invalid_client", "error_codes": [7000222], "error_description": "AADSTS7000222: expired"}
    )
    portal.microsoft.world.fault(host="login", path="token", status=401, body=body, times=None)

    portal.sync(tenant)

    status = portal.row(tenant)["sync_status"]
    assert (status["label"], status["reason"], status["cause"]) == ("Pending", "blocked", "our_credential")


def test_a_token_for_another_tenant_is_never_used(portal: Portal) -> None:
    mine, other = portal.has_tenant("Mine", seed=1), portal.has_tenant("Other", seed=2)
    portal.connected(mine)
    portal.microsoft.world.consent(tenant_id=other["id"], client_id=CLIENT_ID)
    portal.microsoft.world.answer_with_token_of(tenant_id=mine["id"], other=other["id"])
    portal.services.sign_in.forget(mine["id"])

    portal.sync(mine)

    assert portal.row(mine)["sync_status"]["cause"] == "wrong_tenant_token"
    assert portal.graph_requests(other) == []


def test_a_missing_licence_permission_only_warns(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    # Organization.Read.All would let licences be read, too; what is left here reads users and the name only.
    portal.microsoft.world.set_app_roles(tenant_id=tenant["id"], client_id=CLIENT_ID, names=["User.Read.All"])
    portal.services.sign_in.forget(tenant["id"])

    portal.sync(tenant)

    row = portal.row(tenant)
    datasets = portal.ask("GET", f"/tenants/{tenant['id']}")["datasets"]
    assert row["sync_status"]["label"] == "Success"
    assert row["sync_status"]["cause"] == "synced_with_warnings"
    assert row["sync_status"]["evidence"] == {"licenses": "denied"}
    assert {it["dataset"]: it["state"] for it in datasets}["licenses"] == "denied"


def test_a_missing_core_permission_is_an_auth_error(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.set_app_roles(tenant_id=tenant["id"], client_id=CLIENT_ID, names=["Organization.Read.All"])
    portal.services.sign_in.forget(tenant["id"])

    portal.sync(tenant)

    status = portal.row(tenant)["sync_status"]
    assert (status["label"], status["cause"]) == ("Auth Error", "permission_missing")
    assert status["evidence"]["dataset"] == "users"


def test_a_refused_request_is_believed_after_three_tries(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.expire_delta_tokens(tenant_id=tenant["id"])
    portal.microsoft.world.fault(host="graph", path=r"/v1.0/users\?", status=400, times=None)
    portal.microsoft.world.forget_requests()

    portal.sync(tenant)

    assert portal.row(tenant)["sync_status"]["cause"] == "request_error"
    assert sum(path == "/v1.0/users" for _, path in asked(portal, tenant)) == 3


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
    time.sleep(1.0)

    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    portal.microsoft.world.release()
    worker.join(60)

    data = portal.services.tables.table("data")
    rows = data.range(f"acct_northwind|{tenant['id']}|2")
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


def test_a_run_left_behind_by_a_dead_process_is_taken_over(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    control = portal.services.control("acct_northwind")
    stored = control.tenants.find(tenant["id"])
    dead = msgspec.structs.replace(
        control.runs.list(f"{tenant['id']}:")[0].value, id="000000000000001-deaddead", state="running"
    )
    dead = msgspec.convert(msgspec.to_builtins(dead), type=type(dead))
    held = {"run_id": dead.id, "until": (portal.clock() + timedelta(minutes=9)).isoformat()}
    held_by_dead = msgspec.convert({**msgspec.to_builtins(stored.value), "running": held}, type=type(stored.value))
    control.commit(control.runs.added(dead), control.tenants.saved(stored.now(held_by_dead)))

    portal.later(minutes=34)
    portal.tick()

    assert portal.status(tenant) == "Success"
    assert control.runs.find(f"{tenant['id']}:{dead.id}").value.state.value == "superseded"


def test_an_order_given_up_is_told_on_the_row_and_tried_again(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    run_id = portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)["run_id"]
    order = SyncOrder(
        account_id="acct_northwind", tenant_id=tenant["id"], run_id=run_id, due_at=portal.clock(), reason="manual"
    )
    control = portal.services.control("acct_northwind")
    run, row = control.runs.find(f"{tenant['id']}:{run_id}"), control.tenants.find(tenant["id"])
    started = msgspec.convert({**msgspec.to_builtins(run.value), "state": "running"}, type=type(run.value))
    holder = {"run_id": run_id, "until": (portal.clock() + timedelta(minutes=9)).isoformat()}
    held = msgspec.convert({**msgspec.to_builtins(row.value), "running": holder}, type=type(row.value))
    control.commit(control.runs.saved(run.now(started)), control.tenants.saved(row.now(held)))
    portal.services.queues.send("sync-tenant-poison", msgspec.json.encode(order))

    portal.host.drain("sync_tenant_poison")
    told = portal.row(tenant)["sync_status"]
    portal.later(minutes=34)
    portal.tick()

    assert (told["label"], told["cause"]) == ("Pending", "our_failure")
    assert portal.status(tenant) == "Success"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{}",
        b"\x00\x01",
        b'{"account_id": 1}',
        b'{"account_id":"a","tenant_id":"../x","run_id":"r","due_at":"2026-01-01T00:00:00Z","reason":"x"}',
        b"x" * 40_000,
    ],
    ids=["empty", "no order", "binary", "wrong types", "a bad id", "huge"],
)
def test_a_forged_message_changes_nothing_and_blocks_nobody(portal: Portal, message: bytes) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    before = portal.row(tenant)
    for queue in ("sync-tenant", "prove-consent", "order-due"):
        portal.services.queues.send(queue, message)

    portal.run_queues()

    assert portal.row(tenant) == before
    assert portal.sync(tenant)["state"] == "done"


def test_two_hosts_on_one_storage_sync_a_slot_once(portal: Portal) -> None:
    """A second process shares our storage; both get every order, one of them does the work."""
    tenants = [portal.has_tenant(f"Tenant {number}", seed=number, users=20) for number in range(6)]
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
                reason="schedule",
            )
            for it in tenants
        ]
        for _ in range(4):
            for order in orders:
                portal.services.queues.send("sync-tenant", msgspec.json.encode(order))
        done = ["/runs/000000000000001-aaaaaaaa"] * 1
        give_up_at = time.monotonic() + 60
        for tenant in tenants:
            while portal.call("GET", f"/tenants/{tenant['id']}{done[0]}").status != 200 or not _ended(
                portal, tenant, done[0]
            ):
                assert time.monotonic() < give_up_at
                time.sleep(0.2)
        time.sleep(2)
    finally:
        second.terminate()
        second.wait(20)
        second.stdout.close()

    assert [len(asked(portal, tenant)) for tenant in tenants] == [1] * 6


def _ended(portal: Portal, tenant: dict[str, str], run: str) -> bool:
    return portal.ask("GET", f"/tenants/{tenant['id']}{run}")["state"] == "done"


def test_the_due_list_holds_one_line_for_each_tenant(portal: Portal) -> None:
    tenants = [portal.has_tenant(f"Tenant {number}", seed=number) for number in range(3)]
    for tenant in tenants:
        portal.connected(tenant) if tenant is tenants[0] else portal.integrate(tenant)

    far = portal.clock() + timedelta(days=2)
    dues = [due for shard in shards() for due in portal.services.due.list(shard, far) if due.work.value == "sync"]

    assert sorted(due.item_id for due in dues) == sorted(tenant["id"] for tenant in tenants)
