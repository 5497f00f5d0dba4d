"""A portal pushes an Organization's assets, and what becomes of those that a complete snapshot leaves out."""

import json
from typing import Any

import pytest

from integrations.actions.assets import push as actions
from integrations.domain.ids import AssetId
from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.flows.test_end_users import created, refused
from tests.flows.test_export import exported
from tests.flows.test_pushed_people import results

LAPTOP = {
    "external_id": "pc-17",
    "name": "LAPTOP-17",
    "kind": "laptop",
    "serial": "5CG1234ABC",
    "bios_serial": None,
    "entra_device_id": "1F0A3C5E-0000-4000-8000-00000000D001",
    "intune_device_id": None,
    "manufacturer": "HP",
    "model": "EliteBook 840",
    "os": "Windows 11",
    "os_version": "10.0.22631",
    "mac_addresses": ["00-1a-2b-3c-4d-5e"],
    "last_seen_at": "2026-11-29T09:00:00+01:00",
    "is_shared": False,
    "is_archived": False,
}


def push(portal: Portal, organization: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return dict(portal.ask("POST", f"/organizations/{organization}/assets/bulk", {"items": items, **more}))


def asset(number: int, **fields: Any) -> dict[str, Any]:
    return {"external_id": f"{number}", "name": f"PC-{number}", **fields}


def listed(portal: Portal, organization: str, query: str = "") -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/organizations/{organization}/assets{query}")["items"])


def gone(portal: Portal, organization: str) -> set[str]:
    """The external ids of assets that are marked as gone."""
    return {it["external_id"] for it in listed(portal, organization) if it["gone_at"]}


def test_an_asset_is_pushed_found_and_listed(portal: Portal) -> None:
    acme = portal.organization()

    pushed = push(portal, acme, LAPTOP)

    asset_id = pushed["items"][0]["asset_id"]
    found = portal.ask("GET", f"/assets/{asset_id}")
    assert asset_id.startswith(f"ast_{acme.removeprefix('org_')}")
    assert (found["assigned_end_user_id"], found["assigned_by"], found["former_assignments"]) == (None, None, [])
    assert {name: found[name] for name in LAPTOP} == LAPTOP | {
        "entra_device_id": "1f0a3c5e-0000-4000-8000-00000000d001",
        "mac_addresses": ["00:1A:2B:3C:4D:5E"],
        "last_seen_at": "2026-11-29T08:00:00Z",
    }
    assert (found["id"], found["organization_id"], found["gone_at"]) == (asset_id, acme, None)
    assert portal.ask("GET", f"/organizations/{acme}/assets") == {"items": [found], "total": 1, "next_cursor": None}


def test_assets_are_created_once_and_then_only_changed(portal: Portal) -> None:
    acme = portal.organization()
    items = [asset(number, serial=f"SERIAL{number}") for number in range(70)]

    first = push(portal, acme, *items)
    before = everything(portal)
    again = push(portal, acme, *items)
    after = everything(portal)
    changed = push(portal, acme, {"external_id": "7", "serial": None}, {"external_id": "8"})

    assert (first["created"], again["unchanged"], results(changed)) == (70, 70, ["updated", "unchanged"])
    assert after == before
    assert [it["asset_id"] for it in again["items"]] == [it["asset_id"] for it in first["items"]]
    assets = {it["external_id"]: it for it in listed(portal, acme)}
    assert (assets["7"]["serial"], assets["7"]["name"], assets["8"]["serial"]) == (None, "PC-7", "SERIAL8")


def test_assets_are_listed_page_by_page_and_found_by_the_portals_id(portal: Portal) -> None:
    acme = portal.organization()
    ids = {it["asset_id"] for it in push(portal, acme, *map(asset, range(5)))["items"]}

    seen, cursor, pages = [], "", 0
    while pages == 0 or (cursor and pages < 9):
        page = portal.ask("GET", f"/organizations/{acme}/assets?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        seen += [it["id"] for it in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1

    assert (seen, pages, page["total"]) == (sorted(ids), 3, 5)
    assert [it["name"] for it in listed(portal, acme, "?external_id=3")] == ["PC-3"]
    assert listed(portal, acme, "?external_id=9") == []


def test_b4_30_of_a_thousand_assets_a_bad_one_is_named_and_all_others_are_stored(portal: Portal) -> None:
    acme = portal.organization()
    items = [asset(number, serial=f"SERIAL{number}") for number in range(1000)]
    items[517]["entra_device_id"] = "no GUID"

    pushed = push(portal, acme, *items)

    assert (pushed["created"], pushed["rejected"]) == (999, 1)
    bad = pushed["items"][517]
    assert (bad["external_id"], bad["result"], bad["asset_id"]) == ("517", "rejected", None)
    assert [it["pointer"] for it in bad["errors"]] == ["/items/517/entra_device_id"]
    assert portal.ask("GET", f"/organizations/{acme}/assets")["total"] == 999


def test_b4_29_an_asset_that_is_made_again_in_the_portal_is_another_one(portal: Portal) -> None:
    acme = portal.organization()
    jane = created(portal, acme)
    first = push(portal, acme, asset(1, serial="A", assigned_end_user_id=jane["id"]))["items"][0]["asset_id"]

    again = push(portal, acme, asset(2, serial="A"), complete=True)

    second = again["items"][0]["asset_id"]
    assert (again["created"], again["gone"]) == (1, [first])
    found = {it["id"]: it for it in listed(portal, acme)}
    assert [found[it]["assigned_end_user_id"] for it in (first, second)] == [jane["id"], None]
    assert found[first]["gone_at"] is not None


def test_an_item_that_is_not_valid_costs_only_itself(portal: Portal) -> None:
    acme = portal.organization()

    pushed = push(
        portal, acme, asset(1), asset(2, entra_device_id="x", mac_addresses=["y"]), {"external_id": "3"}, asset(4),
        asset(4), asset(5, name="\u200b"),
    )  # fmt: skip

    assert results(pushed) == ["created", *["rejected"] * 5]
    assert [[it["pointer"] for it in item["errors"]] for item in pushed["items"]] == [
        [],
        ["/items/1/entra_device_id", "/items/1/mac_addresses"],
        ["/items/2/name"],
        ["/items/3/external_id"],
        ["/items/4/external_id"],
        ["/items/5/name"],
    ]
    assert [it["external_id"] for it in listed(portal, acme)] == ["1"]


def test_what_a_complete_snapshot_leaves_out_is_gone_until_it_is_pushed_again(portal: Portal) -> None:
    acme = portal.organization()
    ids = {it["external_id"]: it["asset_id"] for it in push(portal, acme, *map(asset, range(4)))["items"]}

    partial = push(portal, acme, asset(0))
    complete = push(portal, acme, asset(0), asset(1), asset(2, entra_device_id="x"), complete=True)

    assert partial["gone"] == []
    assert results(complete) == ["unchanged", "unchanged", "rejected"]
    assert (complete["gone"], gone(portal, acme)) == ([ids["3"]], {"3"})
    assert push(portal, acme, asset(0), asset(1), asset(2), complete=True)["gone"] == []
    back = push(portal, acme, asset(3))
    assert (results(back), back["items"][0]["asset_id"], gone(portal, acme)) == (["updated"], ids["3"], set())


def test_a_snapshot_that_leaves_out_many_waits_for_somebody_who_looks(portal: Portal) -> None:
    acme, path = portal.organization(), "/organizations/{}/assets/bulk"
    push(portal, acme, *map(asset, range(60)))
    snapshot = {"items": [asset(0, name="Renamed"), *map(asset, range(1, 5))], "complete": True}
    before = everything(portal)

    answer = portal.call("POST", path.format(acme), snapshot)

    problem = json.loads(answer.body)
    assert (answer.status, problem["code"], problem["absent_count"]) == (409, "snapshot_held", 55)
    assert {it["name"] for it in problem["absent"]} == {f"PC-{number}" for number in range(5, 60)}
    assert everything(portal) == before
    other = {**snapshot, "items": snapshot["items"][:4], "approval": problem["absence_hash"]}
    assert refused(portal, "POST", path.format(acme), other) == (409, "snapshot_held")
    approved = portal.ask("POST", path.format(acme), {**snapshot, "approval": problem["absence_hash"]})
    assert (approved["updated"], len(approved["gone"])) == (1, 55)
    assert gone(portal, acme) == {f"{number}" for number in range(5, 60)}


def test_an_asset_that_is_pushed_while_a_snapshot_is_carried_out_stays(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, mark = portal.organization(), actions._mark_gone
    push(portal, acme, *map(asset, range(3)))

    def after_another_push(*args: Any) -> list[AssetId]:
        monkeypatch.setattr(actions, "_mark_gone", mark)
        push(portal, acme, asset(1, name="Heard of again"))
        return mark(*args)

    monkeypatch.setattr(actions, "_mark_gone", after_another_push)
    push(portal, acme, asset(0), complete=True)

    assert gone(portal, acme) == {"2"}


def test_an_asset_that_is_assigned_while_a_snapshot_is_carried_out_is_gone_all_the_same(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, mark = portal.organization(), actions._mark_gone
    jane = created(portal, acme)
    push(portal, acme, *map(asset, range(2)))

    def after_an_assignment(*args: Any) -> list[AssetId]:
        monkeypatch.setattr(actions, "_mark_gone", mark)
        push(portal, acme, {"external_id": "1", "assigned_end_user_id": jane["id"]})
        return mark(*args)

    monkeypatch.setattr(actions, "_mark_gone", after_an_assignment)
    push(portal, acme, asset(0), complete=True)

    assert gone(portal, acme) == {"1"}
    assert [it["name"] for it in listed(portal, acme, f"?end_user={jane['id']}")] == ["PC-1"]


def test_an_organization_with_assets_says_what_comes_first(portal: Portal) -> None:
    acme = portal.organization()
    ids = [it["asset_id"] for it in push(portal, acme, *map(asset, range(2)))["items"]]
    push(portal, acme, complete=True)

    answer = portal.call("DELETE", f"/organizations/{acme}")

    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (409, "organization_has_assets")
    assert "2 assets" in problem["detail"]
    for asset_id in ids:
        portal.ask("DELETE", f"/assets/{asset_id}", expect=204)
        assert refused(portal, "GET", f"/assets/{asset_id}") == (404, "not_found")
        assert refused(portal, "DELETE", f"/assets/{asset_id}") == (404, "not_found")
    portal.ask("DELETE", f"/organizations/{acme}", expect=204)
    assert refused(portal, "POST", f"/organizations/{acme}/assets/bulk", {"items": [asset(1)]}) == (404, "not_found")


def test_a_deleted_asset_that_is_pushed_again_is_a_new_one(portal: Portal) -> None:
    acme = portal.organization()
    first = push(portal, acme, asset(1))["items"][0]["asset_id"]
    portal.ask("DELETE", f"/assets/{first}", expect=204)

    again = push(portal, acme, asset(1))

    assert (again["created"], again["items"][0]["asset_id"] != first) == (1, True)
    assert portal.ask("GET", f"/organizations/{acme}/assets")["total"] == 1


def test_organizations_and_accounts_have_their_own_assets_in_list_and_export(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")

    push(portal, acme, asset(1, serial="A"))
    push(portal, other, asset(1, serial="B"))

    assert [listed(portal, it)[0]["serial"] for it in (acme, other)] == ["A", "B"]
    theirs = portal.called_by("bob")
    push(theirs, theirs.organization("Theirs"), asset(1, name="Theirs"))
    rows = [it for it in exported(portal) if it["kind"] in {"asset", "asset_external_id"}]
    assert sorted(it["kind"] for it in rows) == ["asset", "asset", "asset_external_id", "asset_external_id"]
    assert {it["value"]["name"] for it in rows if it["kind"] == "asset"} == {"PC-1"}


def test_a_push_is_read_up_to_its_limits(portal: Portal) -> None:
    acme = portal.organization()
    path = f"/organizations/{acme}/assets/bulk"

    many = push(portal, acme, *(asset(it, model="x" * 256, manufacturer="y" * 256) for it in range(1000)))
    too_many = portal.call("POST", path, {"items": [*map(asset, range(1001))]})
    too_large = portal.call("POST", path, {"items": [asset(1, model="x" * 2**21)]})

    assert (many["created"], too_many.status, too_large.status) == (1000, 400, 413)
