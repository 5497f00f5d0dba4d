"""Every fault of Microsoft, of the queue and of ours shows as what it is, loses nothing, and heals."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from integrations.actions.account import Account
from integrations.domain.ids import AccountId
from integrations.domain.jobs.orders import SyncOrder
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.flows.portal import CLIENT_ID, Portal, open_portal
from tests.flows.reading import asked, counts, users_of


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
    denied = ("licenses", "devices", "managed_devices", "groups")
    assert row["sync_status"]["evidence"] == dict.fromkeys(denied, "denied")
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
    lists = [it["query"] for it in portal.graph_requests(tenant) if it["path"] == "/v1.0/users"]
    assert sum("displayName" in it["$select"] for it in lists) == 3


def test_a_run_left_behind_by_a_dead_process_is_taken_over(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    account = Account(portal.services, AccountId("acct_northwind"))
    control = account.control
    stored = control.tenants.find(tenant["id"])
    dead = msgspec.structs.replace(
        control.runs.list(f"{tenant['id']}:")[0].value, id="000000000000001-deaddead", state="running"
    )
    dead = msgspec.convert(msgspec.to_builtins(dead), type=type(dead))
    held = {"run_id": dead.id, "until": (portal.clock() + timedelta(minutes=9)).isoformat()}
    held_by_dead = msgspec.convert({**msgspec.to_builtins(stored.value), "running": held}, type=type(stored.value))
    with account.change() as change:
        change.write(control.runs.added(dead), control.tenants.saved(stored.now(held_by_dead)))

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
    account = Account(portal.services, AccountId("acct_northwind"))
    control = account.control
    run, row = control.runs.find(f"{tenant['id']}:{run_id}"), control.tenants.find(tenant["id"])
    started = msgspec.convert({**msgspec.to_builtins(run.value), "state": "running"}, type=type(run.value))
    holder = {"run_id": run_id, "until": (portal.clock() + timedelta(minutes=9)).isoformat()}
    held = msgspec.convert({**msgspec.to_builtins(row.value), "running": holder}, type=type(row.value))
    with account.change() as change:
        change.write(control.runs.saved(run.now(started)), control.tenants.saved(row.now(held)))
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


def test_a_message_that_comes_back_after_a_crash_takes_its_run_up_again(
    microsoft: Running, identity: PortalIdentity, storage: str
) -> None:
    at_once = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"}
    portal = open_portal(microsoft, identity, storage, **at_once)
    tenant = portal.has_tenant(users=30)
    portal.integrate(tenant)
    portal.map(tenant)
    table = portal.services.tables.rest_table("data")
    working, crashes = table.write, [KeyError("a bug of ours"), KeyError("again")]

    def write(*writes: Any) -> str:
        if crashes:
            raise crashes.pop()
        return working(*writes)

    table.write = write  # type: ignore[method-assign]
    with portal.host:
        portal.run_queues()

        assert crashes == []
        assert portal.status(tenant) == "Success"
        runs = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]
        assert [run["state"] for run in runs] == ["done"]


def test_a_run_that_fails_five_times_is_told_on_the_row(
    microsoft: Running, identity: PortalIdentity, storage: str
) -> None:
    at_once = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"}
    portal = open_portal(microsoft, identity, storage, **at_once)
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    portal.map(tenant)
    portal.services.tables.rest_table("data").write = lambda *_: 1 / 0  # type: ignore[method-assign]
    with portal.host:
        portal.run_queues()

        status = portal.row(tenant)["sync_status"]
        assert (status["label"], status["reason"], status["cause"]) == ("Pending", "blocked", "our_failure")
