"""Linking assets where something goes wrong: a bug of ours, a dead process, somebody who is faster; and its cost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from integrations.actions.asset_links import run as link_run
from integrations.domain.ids import AccountId, TenantId
from integrations.storage.asset_links import AssetLinkStore
from shared.storage.table_clients.rest_table import RestTable
from tests.exhaustive import exhaustive
from tests.flows.assets import Fleet, device_of, with_fleet
from tests.flows.portal import Portal
from tests.flows.raw import everything

SERIAL = "5CD1234XYZ"


class _Died(BaseException):
    """The process ends here."""


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    found = with_fleet(portal)
    found.has_laptop("NW-LT-1", SERIAL, user=0)
    found.run()
    return found


def while_planning(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
    """Have somebody change something once a run has made its next plan, and before it writes."""
    plan_links, changes = link_run.plan_links, iter([change])

    def plans_slowly(*inputs: Any) -> Any:
        made = plan_links(*inputs)
        for it in changes:
            it()
        return made

    monkeypatch.setattr(link_run, "plan_links", plans_slowly)


def dying_at(number: int) -> Callable[..., str]:
    """The process ends at its n-th transaction of assets or links."""
    left, write = number, RestTable.write

    def dying(table: RestTable, *writes: Any) -> str:
        nonlocal left
        left -= table._name in {"people", "assetlinks"}
        if left == 0:
            raise _Died
        return write(table, *writes)

    return dying


@contextmanager
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The kinds of people's, assets' and links' rows that are read."""
    kinds: list[str] = []
    ranges, get = RestTable.range, RestTable.get

    def ranging(table: RestTable, partition: str, start: str = "", *more: Any, **options: Any) -> Any:
        kinds.append(start.partition(":")[0] if table._name in {"people", "assetlinks", "usersync"} else "")
        return ranges(table, partition, start, *more, **options)

    def getting(table: RestTable, partition: str, key: str, **options: Any) -> Any:
        kinds.append(key.partition(":")[0] if table._name in {"people", "assetlinks", "usersync"} else "")
        return get(table, partition, key, **options)

    with monkeypatch.context() as patched:
        patched.setattr(RestTable, "range", ranging)
        patched.setattr(RestTable, "get", getting)
        yield kinds


def test_a_second_run_writes_nothing_and_reads_heads_alone(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.push("pc-1", serial=SERIAL)
    fleet.run()
    before = [it for it in everything(fleet.portal) if it[0].startswith(("assetlinks", "people"))]

    with reading(monkeypatch) as kinds:
        fleet.sync.run()
        fleet.run()

    assert [it for it in everything(fleet.portal) if it[0].startswith(("assetlinks", "people"))] == before
    assert {it for it in kinds if it} <= {"asset_links_head", "people_head", "user_sync_head", "user_sync_text"}


def test_without_assets_nothing_is_stored_of_links(fleet: Fleet) -> None:
    fleet.world.change_device(fleet.id, fleet.world.devices(fleet.id)[0]["id"], displayName="Renamed")
    fleet.run()

    assert [kind for kind, _ in everything(fleet.portal) if kind.startswith("assetlinks")] == []


@pytest.mark.parametrize("at", [2, 4, *exhaustive(1, 3, 5)])
def test_a_process_that_dies_leaves_an_asset_that_the_next_run_completes(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    item = {"external_id": "pc-1", "name": "pc-1", "kind": "laptop", "serial": SERIAL}
    path = f"/organizations/{fleet.organization}/assets/bulk"
    with monkeypatch.context() as patched, suppress(_Died):
        patched.setattr(RestTable, "write", dying_at(at))
        fleet.portal.call("POST", path, {"items": [item]})
        fleet.portal.run_queues()
    fleet.portal.later(minutes=20)
    fleet.portal.tick()

    asset = fleet.push("pc-1", serial=SERIAL)

    assert device_of(asset) is not None
    assert (asset["assigned_end_user_id"], asset["former_assignments"]) == (fleet.end_user(0), [])


@pytest.mark.parametrize("at", [2, *exhaustive(1, 3)])
def test_a_device_that_changed_is_not_forgotten_by_a_process_that_dies(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    fleet.push("pc-1", serial="OTHER-123")
    fleet.has_laptop("NW-LT-2", "OTHER-123", user=1)
    with monkeypatch.context() as patched, suppress(_Died):
        patched.setattr(RestTable, "write", dying_at(at))
        fleet.run()

    fleet.sync.run()

    assert fleet.by("pc-1")["assigned_end_user_id"] == fleet.end_user(1)


def test_a_fault_of_ours_fails_the_links_alone_and_is_tried_again(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise KeyError(SERIAL)

    with monkeypatch.context() as patched:
        patched.setattr(link_run, "plan_links", fails)
        asset = fleet.push("pc-1", serial=SERIAL)
        (row,) = fleet.portal.ask("GET", "/insights/assets")["items"]
        assert (row["is_failing"], row["counts"], asset["linking"]) == (True, None, None)
        assert fleet.portal.status(fleet.sync.tenant) == "Success"
        evaluations = fleet.portal.ask("GET", f"/tenants/{fleet.id}")["evaluations"]
        assert {it["state"] for it in evaluations} == {"fresh"}
    fleet.portal.later(minutes=6)
    fleet.portal.tick()

    (row,) = fleet.portal.ask("GET", "/insights/assets")["items"]
    assert (row["is_failing"], row["counts"]["linked"]) == (False, 1)
    assert device_of(fleet.by("pc-1")) is not None


def test_what_the_portal_changed_while_a_run_was_planning_is_not_overwritten(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, person = fleet.push("pc-1", serial="OTHER-123"), fleet.end_user(2)
    fleet.has_laptop("NW-LT-2", "OTHER-123", user=1)

    def change() -> None:
        fleet.portal.ask("PUT", f"/assets/{asset['id']}/end-user", {"end_user_id": person})

    while_planning(monkeypatch, change)
    fleet.run()
    fleet.portal.run_queues()
    fleet.portal.later(minutes=20)
    fleet.portal.tick()

    after = fleet.asset(asset["id"])
    assert (after["assigned_end_user_id"], after["assigned_by"]) == (person, "manual")
    assert after["linking"]["findings"] == ["differs_from_microsoft"]


def test_nobody_who_left_while_a_run_was_planning_gets_an_asset(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    asset, person = fleet.push("pc-1", serial="OTHER-123"), fleet.end_user(1)
    fleet.has_laptop("NW-LT-2", "OTHER-123", user=1)

    def change() -> None:
        assert fleet.portal.call("DELETE", f"/end-users/{person}").status == 204

    while_planning(monkeypatch, change)
    fleet.run()

    assert fleet.asset(asset["id"])["assigned_end_user_id"] is None


def test_nothing_is_known_of_a_last_asset_that_was_deleted(fleet: Fleet) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)
    assert device_of(asset)
    assert fleet.portal.call("DELETE", f"/assets/{asset['id']}").status == 204
    fleet.run()

    store = AssetLinkStore(fleet.portal.services.tables, AccountId("acct_northwind"), TenantId(fleet.id))
    assert [it.value.asset_id for it in store.statuses.list() if it.value.asset_id == asset["id"]] == []


def test_a_decision_while_a_run_was_planning_stands(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)
    fleet.world.change_device(fleet.id, device_of(asset), displayName="Renamed")

    def change() -> None:
        assert fleet.portal.call("DELETE", f"/assets/{asset['id']}/link").status == 204

    while_planning(monkeypatch, change)
    fleet.run()
    fleet.portal.later(minutes=20)
    fleet.portal.tick()

    assert device_of(fleet.asset(asset["id"])) is None


def test_nothing_is_concluded_from_devices_that_were_not_read_lately(fleet: Fleet) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)
    world = fleet.world
    world.fault(host="graph", path="/deviceManagement", status=500, times=None)
    (managed,) = world.managed_devices(fleet.id)
    world.remove_managed_device(fleet.id, managed["id"])
    fleet.sync.sync(hours=30)
    fleet.push("pc-2", serial="NEW-123")
    during = fleet.asset(asset["id"]), fleet.by("pc-2")
    world.clear_faults()
    fleet.sync.sync(hours=25)
    after = fleet.by("pc-2")

    assert (device_of(during[0]), during[1]["linking"]) == (device_of(asset), None)
    assert after["linking"]["reason"]["code"] == "no_device"


def test_what_changed_while_devices_were_not_current_is_seen_as_soon_as_they_are(fleet: Fleet) -> None:
    device = fleet.has_device("NW-LT-9", 0)
    fleet.run()
    before = fleet.push("pc-9", entra_device_id=device["deviceId"])
    fleet.world.fault(host="graph", path="/deviceManagement", status=500, times=None)
    fleet.world.set_owner(fleet.id, device["id"], fleet.user(1))
    fleet.world.change_device(fleet.id, device["id"], displayName="Renamed")
    fleet.run()
    during = fleet.by("pc-9")
    fleet.world.clear_faults()

    fleet.sync.sync(minutes=40)

    owners = [it["assigned_end_user_id"] for it in (before, during, fleet.by("pc-9"))]
    assert owners == [fleet.end_user(0), fleet.end_user(0), fleet.end_user(1)]


def test_an_asset_that_a_merge_changed_while_a_run_was_planning_is_left_to_the_next_one(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = fleet.has_device("NW-LT-9", 1)
    fleet.run()
    asset, twin = fleet.push("pc-9", entra_device_id=device["deviceId"]), fleet.sync.has_end_user("Twin")
    third = fleet.end_user(2)
    fleet.world.set_owner(fleet.id, device["id"], fleet.user(2))
    fleet.world.change_device(fleet.id, device["id"], displayName="Renamed")

    def change() -> None:
        merged = {"end_user_id": asset["assigned_end_user_id"]}
        fleet.portal.ask("POST", f"/end-users/{twin}/merge", merged)

    while_planning(monkeypatch, change)
    fleet.run()
    assert "data changed" in {kind for kind, _ in everything(fleet.portal)}  # nothing is forgotten meanwhile
    fleet.sync.run()

    after = fleet.asset(asset["id"])
    assert (after["assigned_end_user_id"], after["former_assignments"][0]["end_user_id"]) == (third, twin)
