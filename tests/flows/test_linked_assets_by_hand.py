"""What people decide about assets and their devices stands, whatever syncs, unmappings and mappings follow."""

import json
from typing import Any

import pytest

from local.host.invocation.invoker import Response
from tests.flows.assets import Fleet, device_of, question_of, reason_of, with_fleet
from tests.flows.portal import Portal
from tests.flows.raw import everything, rows_naming
from tests.flows.test_export import exported
from tests.flows.user_sync import refusal

SERIAL = "5CD1234XYZ"


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    found = with_fleet(portal)
    found.has_laptop("NW-LT-1", SERIAL, user=0)
    found.has_laptop("NW-LT-2", "OTHER-123", user=1)
    found.run()
    return found


def device(fleet: Fleet, name: str) -> str:
    return next(it["id"] for it in fleet.world.devices(fleet.id) if it["displayName"] == name)


def unmap(fleet: Fleet) -> None:
    fleet.portal.ask("DELETE", f"/tenants/{fleet.id}/mapping", expect=204)


def map_to(fleet: Fleet, organization: str) -> None:
    fleet.portal.ask("PUT", f"/tenants/{fleet.id}/mapping", {"organization_id": organization})
    fleet.portal.run_queues()


def days_pass(portal: Portal, days: int) -> None:
    for _ in range(2):  # the second round does what the first one plans
        portal.later(days=days / 2)
        portal.tick()


def stored(fleet: Fleet) -> list[str]:
    """The kinds of rows of asset links that are stored."""
    return sorted(kind.split()[1] for kind, _ in everything(fleet.portal) if kind.startswith("assetlinks"))


def problem(answer: Response) -> dict[str, Any]:
    return dict(json.loads(answer.body))


def test_a_link_by_hand_beats_what_fits_and_its_person_gets_the_asset(fleet: Fleet) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)

    answer = fleet.portal.call("PUT", f"/assets/{asset['id']}/link", {"device_id": device(fleet, "NW-LT-2")})
    at_once = json.loads(answer.body)
    fleet.portal.run_queues()
    fleet.run()
    after = fleet.asset(asset["id"])

    assert (answer.status, at_once["linking"]["link"]["how"]) == (200, "manual")
    assert (device_of(at_once), device_of(after)) == (device(fleet, "NW-LT-2"), device(fleet, "NW-LT-2"))
    assert (after["linking"]["link"]["how"], after["linking"]["link"]["confidence"]) == ("manual", 1.0)
    assert after["linking"]["link"]["by"]
    assert (asset["assigned_end_user_id"], after["assigned_end_user_id"]) == (fleet.end_user(0), fleet.end_user(1))


def test_who_decides_between_two_assets_leaves_no_conflict_behind(fleet: Fleet) -> None:
    fleet.push_all({"external_id": it, "name": it, "serial": SERIAL} for it in ("pc-1", "pc-2"))
    before = [question_of(fleet.by(it)) for it in ("pc-1", "pc-2")]

    assert fleet.link(fleet.by("pc-1"), device(fleet, "NW-LT-1")).status == 200

    first, second = fleet.by("pc-1"), fleet.by("pc-2")
    assert before == ["several_assets", "several_assets"]
    assert (device_of(first), question_of(first), question_of(second)) == (device(fleet, "NW-LT-1"), None, None)
    assert (device_of(second), reason_of(second)) == (None, "device_is_another_asset")
    assert second["linking"]["reason"]["remedy"]
    assert fleet.assets("?link=conflict") == []
    fleet.unlink(first)
    assert device_of(fleet.by("pc-2")) == device(fleet, "NW-LT-1")


def test_row_24_a_link_that_was_undone_is_not_made_again_and_the_end_user_stays(fleet: Fleet) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)

    fleet.unlink(asset)
    undone = fleet.asset(asset["id"])
    fleet.push("pc-1", serial=SERIAL, name="renamed")
    fleet.run()
    after = fleet.asset(asset["id"])
    fleet.unlink(after)

    assert (device_of(undone), device_of(after)) == (None, None)
    assert after["assigned_end_user_id"] == asset["assigned_end_user_id"] == fleet.end_user(0)
    assert stored(fleet).count("undone_asset_link") == 1


def test_row_29_an_asset_that_was_deleted_and_pushed_again_is_not_linked_as_somebody_undid(fleet: Fleet) -> None:
    fleet.unlink(fleet.push("pc-1", serial=SERIAL))
    first = fleet.by("pc-1")
    assert fleet.portal.call("DELETE", f"/assets/{first['id']}").status == 204

    again = fleet.push("pc-1b", serial=SERIAL)
    other = fleet.push("pc-2", serial="OTHER-123")

    assert (device_of(again), reason_of(again)) == (None, "link_undone")
    assert device_of(other) == device(fleet, "NW-LT-2")


def test_a_proposed_device_is_confirmed_or_dismissed_for_good(fleet: Fleet) -> None:
    right = fleet.push("right", name="NW-LT-1", last_seen_at=fleet.ago(days=1))
    wrong = fleet.push("wrong", name="NW-LT-2", last_seen_at=fleet.ago(days=1))
    assert [question_of(right), question_of(wrong)] == ["name_only", "name_only"]

    candidate = right["linking"]["review"]["candidates"][0]
    assert fleet.link(right, candidate["device_id"]).status == 200
    fleet.unlink(wrong)
    fleet.run()

    right, wrong = fleet.by("right"), fleet.by("wrong")
    assert (device_of(right), question_of(right)) == (device(fleet, "NW-LT-1"), None)
    assert (device_of(wrong), question_of(wrong), reason_of(wrong)) == (None, None, "link_undone")


def test_an_asset_is_given_to_somebody_or_nobody_by_hand_and_back_to_its_device(fleet: Fleet) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)

    given = []
    for body in ({"end_user_id": fleet.end_user(1)}, {"end_user_id": None}, {"is_automatic": True}):
        assert fleet.assign(asset, body).status == 200
        fleet.run()
        found = fleet.asset(asset["id"])
        given.append((found["assigned_end_user_id"], found["assigned_by"], reason_of(found)))

    assert given == [
        (fleet.end_user(1), "manual", None),
        (None, "manual", "nobody_by_decision"),
        (fleet.end_user(0), "microsoft", None),
    ]


def test_what_makes_no_sense_is_refused(fleet: Fleet) -> None:
    asset, elsewhere = fleet.push("pc-1", serial=SERIAL), fleet.portal.organization("Other")
    stranger = fleet.sync.has_end_user("Stranger", elsewhere)
    path = f"/assets/{asset['id']}"
    unknown = "1f0a3c5e-0000-4000-8000-00000000dead"

    no_device = fleet.portal.call("PUT", f"{path}/link", {"device_id": unknown})
    other_organization = fleet.portal.call("PUT", f"{path}/end-user", {"end_user_id": stranger})
    unclear = [
        fleet.portal.call("PUT", f"{path}/end-user", it) for it in ({}, {"end_user_id": None, "is_automatic": True})
    ]
    fleet.push("pc-1", is_archived=True)
    archived = fleet.portal.call("PUT", f"{path}/link", {"device_id": device(fleet, "NW-LT-1")})
    fleet.push("pc-9", elsewhere)
    (not_mapped,) = fleet.portal.ask("GET", f"/organizations/{elsewhere}/assets")["items"]
    nowhere = fleet.portal.call("PUT", f"/assets/{not_mapped['id']}/link", {"device_id": unknown})

    for answer, pointer in (
        (no_device, "/device_id"),
        (other_organization, "/end_user_id"),
        (unclear[0], "/end_user_id"),
    ):
        assert (answer.status, [it["pointer"] for it in problem(answer)["errors"]]) == (400, [pointer])
    assert unclear[1].status == 400
    assert (refusal(archived), refusal(nowhere)) == ((409, "asset_not_in_use"), (409, "not_mapped"))
    assert fleet.asset(asset["id"])["linking"] is None


def test_decisions_are_hidden_by_an_unmapping_and_back_after_mapping_again(fleet: Fleet) -> None:
    by_hand = fleet.push("by-hand")
    fleet.link(by_hand, device(fleet, "NW-LT-2"))
    undone = fleet.push("undone", serial=SERIAL)
    fleet.unlink(undone)
    fleet.assign(undone, {"end_user_id": fleet.end_user(1)})
    given = fleet.asset(undone["id"])["assigned_end_user_id"]

    unmap(fleet)
    hidden = [it["linking"] for it in fleet.assets()]
    kept = [it["assigned_end_user_id"] for it in fleet.assets()]
    fleet.portal.later(days=20)
    map_to(fleet, fleet.organization)

    by_hand, undone = fleet.by("by-hand"), fleet.by("undone")
    assert hidden == [None, None]
    assert kept.count(given) == 2
    assert (device_of(by_hand), by_hand["linking"]["link"]["how"]) == (device(fleet, "NW-LT-2"), "manual")
    assert (device_of(undone), undone["assigned_end_user_id"], undone["assigned_by"]) == (None, given, "manual")
    days_pass(fleet.portal, 31)
    assert {"manual_asset_link", "undone_asset_link"} <= {*stored(fleet)}


def test_links_of_an_ended_mapping_are_deleted_after_thirty_days_and_assignments_stay(fleet: Fleet) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)
    fleet.unlink(fleet.push("pc-2", serial="OTHER-123"))
    unmap(fleet)

    days_pass(fleet.portal, 28)
    before = stored(fleet)
    days_pass(fleet.portal, 4)

    assert {"asset_status", "undone_asset_link"} <= {*before}
    assert stored(fleet) == []
    assert fleet.asset(asset["id"])["assigned_end_user_id"] == asset["assigned_end_user_id"] is not None


def test_mapped_elsewhere_decisions_about_the_former_assets_end_after_thirty_days(fleet: Fleet) -> None:
    fleet.link(fleet.push("pc-1"), device(fleet, "NW-LT-2"))
    fleet.unlink(fleet.push("pc-2", serial=SERIAL))
    other = fleet.portal.organization("Other")
    unmap(fleet)
    map_to(fleet, other)
    here = fleet.push("pc-3", other, serial=SERIAL)
    assert stored(fleet).count("manual_asset_link") == stored(fleet).count("undone_asset_link") == 1
    assert [it["linking"] for it in fleet.assets()] == [None, None]

    days_pass(fleet.portal, 31)

    assert "manual_asset_link" not in stored(fleet)
    assert "undone_asset_link" not in stored(fleet)
    assert device_of(fleet.asset(here["id"])) == device(fleet, "NW-LT-1")


def test_a_removal_leaves_whom_assets_belong_to_and_no_id_of_microsofts(fleet: Fleet) -> None:
    asset = fleet.push("pc-1", serial=SERIAL)
    fleet.link(fleet.push("pc-2"), device(fleet, "NW-LT-2"))
    ids = [device(fleet, it) for it in ("NW-LT-1", "NW-LT-2")]
    assert all(rows_naming(fleet.portal, it) for it in ids)

    fleet.portal.remove(fleet.portal.row(fleet.sync.tenant)["integration_id"])
    fleet.portal.run_queues()

    assert stored(fleet) == []
    assert {kind for kind, _ in rows_naming(fleet.portal, *ids)} <= {"control audit"}  # who linked it
    left = fleet.asset(asset["id"])
    assert (left["assigned_end_user_id"], left["linking"]) == (asset["assigned_end_user_id"], None)


def test_an_erased_person_is_in_no_status(fleet: Fleet) -> None:
    fleet.push("pc-1", serial=SERIAL)
    person, object_id = fleet.end_user(0), fleet.user(0)
    assert any(object_id in str(row) for kind, row in everything(fleet.portal) if kind.startswith("assetlinks"))

    fleet.portal.ask("DELETE", f"/end-users/{person}", expect=204)

    assert [
        row for kind, row in everything(fleet.portal) if kind.startswith("assetlinks") and object_id in str(row)
    ] == []
    fleet.run()
    assert fleet.by("pc-1")["assigned_end_user_id"] is None


def test_the_export_holds_links_and_decisions(fleet: Fleet) -> None:
    fleet.link(fleet.push("pc-1"), device(fleet, "NW-LT-2"))
    fleet.unlink(fleet.push("pc-2", serial=SERIAL))

    kinds = {it["kind"] for it in exported(fleet.portal, f"?tenant_id={fleet.id}")}

    assert {"asset_links_head", "asset_status", "manual_asset_link", "undone_asset_link"} <= kinds
