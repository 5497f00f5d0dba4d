"""Whom assets belong to: as the portal pushes it, in list and feed, and when End Users are merged, moved or erased."""

import json
from typing import Any

import pytest

from integrations.actions.people import end_users
from integrations.domain.ids import AccountId, EndUserId, OrganizationId
from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.flows.test_assets import asset, listed, push
from tests.flows.test_end_users import created, refused
from tests.flows.test_export import exported
from tests.flows.test_people_feed import feed
from tests.flows.test_people_meanwhile import broken_off
from tests.flows.test_pushed_people import results

ACCOUNT = AccountId("acct_northwind")
ABSENT = "eu_" + "a" * 32


def given(number: int, person: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    """An asset that the portal says belongs to somebody, or to nobody."""
    return asset(number, assigned_end_user_id=person["id"] if person else None, **fields)


def assigned(portal: Portal, organization: str) -> dict[str, Any]:
    """Whom each asset belongs to, by its external id."""
    return {it["external_id"]: it["assigned_end_user_id"] for it in listed(portal, organization)}


def former(portal: Portal, organization: str, external_id: str) -> list[str]:
    (found,) = listed(portal, organization, f"?external_id={external_id}")
    return [it["end_user_id"] for it in found["former_assignments"]]


def move(portal: Portal, source: str, target: str, *people: dict[str, Any]) -> None:
    body = {"organization_id": target, "end_user_ids": [it["id"] for it in people]}
    assert portal.ask("POST", f"/organizations/{source}/end-users/move", body)["not_moved"] == []


def days_pass(portal: Portal, *days: int) -> None:
    for it in days:
        portal.later(days=it)
        portal.tick()


def rows_that_name(portal: Portal, organization: str, end_user_id: str) -> set[str]:
    """The kinds of an Organization's rows in which an End User is named."""
    people = portal.services.people(ACCOUNT, OrganizationId(organization))
    return {kind.name for kind, _, text in people.everything() if end_user_id in text}


def test_an_asset_gets_the_end_user_that_the_portal_knows_once_and_then_by_hand(portal: Portal) -> None:
    acme = portal.organization()
    jane, john = created(portal, acme, name="Jane"), created(portal, acme, name="John")
    push(portal, acme, given(1, jane))
    (first,) = listed(portal, acme)
    portal.later(minutes=5)

    again = push(portal, acme, given(1, john))
    assert (results(again), again["items"][0]["ignored_fields"]) == (["unchanged"], ["assigned_end_user_id"])
    by_hand = push(portal, acme, given(1, john, assigned_by="manual"))
    (second,) = listed(portal, acme)
    nobody = push(portal, acme, given(1, None, assigned_by="manual"))
    (third,) = listed(portal, acme)

    assert (first["assigned_end_user_id"], first["assigned_by"]) == (jane["id"], "manual")
    assert (results(by_hand), second["assigned_end_user_id"]) == (["updated"], john["id"])
    assert second["changed_at"] == first["changed_at"]
    assert second["former_assignments"] == [
        {
            "end_user_id": jane["id"],
            "by": "manual",
            "since": first["assigned_since"],
            "until": second["assigned_since"],
        }
    ]
    assert (results(nobody), third["assigned_end_user_id"], third["assigned_by"]) == (["updated"], None, "manual")
    assert third == portal.ask("GET", f"/assets/{third['id']}")


def test_a_push_that_repeats_whom_assets_belong_to_writes_nothing(portal: Portal) -> None:
    acme = portal.organization()
    jane = created(portal, acme)
    items = [given(number, jane, assigned_by="manual") for number in range(30)]
    push(portal, acme, *items)
    before = everything(portal)

    again = push(portal, acme, *items)

    assert (again["unchanged"], everything(portal)) == (30, before)


def test_only_an_end_user_of_the_organization_gets_its_assets(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    elsewhere = created(portal, other)

    pushed = push(portal, acme, given(1, elsewhere), given(2, {"id": ABSENT}), given(3, {"id": "eu_x|y"}), asset(4))

    assert results(pushed) == ["rejected", "rejected", "rejected", "created"]
    assert [[it["pointer"] for it in item["errors"]] for item in pushed["items"]] == [
        *([f"/items/{place}/assigned_end_user_id"] for place in range(3)),
        [],
    ]
    assert assigned(portal, acme) == {"4": None}


def test_who_is_on_the_way_gets_no_assets(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane = created(portal, acme)
    push(portal, acme, given(1, jane))
    broken_off(portal, monkeypatch, acme, other)

    pushed = [push(portal, it, given(2, jane)) for it in (acme, other)]
    portal.later(minutes=6)
    portal.tick()

    assert [results(it) for it in pushed] == [["rejected"], ["rejected"]]
    assert (assigned(portal, acme), assigned(portal, other)) == ({"1": jane["id"]}, {})
    assert results(push(portal, other, given(2, jane))) == ["created"]


def test_somebodys_assets_are_listed_page_by_page(portal: Portal) -> None:
    acme = portal.organization()
    jane, john = created(portal, acme, name="Jane"), created(portal, acme, name="John")
    push(portal, acme, *(given(number, (jane, john, None)[number % 3]) for number in range(15)))
    path = f"/organizations/{acme}/assets?end_user={jane['id']}"

    seen, cursor, pages = [], "", 0
    while pages == 0 or (cursor and pages < 9):
        page = portal.ask("GET", f"{path}&limit=2" + (f"&cursor={cursor}" if cursor else ""))
        seen += page["items"]
        cursor, pages = page["next_cursor"], pages + 1

    assert {it["external_id"] for it in seen} == {"0", "3", "6", "9", "12"}
    assert [it["id"] for it in seen] == sorted(it["id"] for it in seen)
    assert ({it["assigned_end_user_id"] for it in seen}, pages, page["total"]) == ({jane["id"]}, 3, 5)
    assert [it["name"] for it in listed(portal, acme, f"?end_user={john['id']}&external_id=1")] == ["PC-1"]
    assert listed(portal, acme, f"?end_user={john['id']}&external_id=0") == []
    assert listed(portal, acme, f"?end_user={ABSENT}") == []
    assert portal.call("GET", f"/organizations/{acme}/assets?end_user=x").status == 400


def test_the_feed_tells_of_assets_and_their_end_users_in_one_order(portal: Portal) -> None:
    acme = portal.organization()
    jane = created(portal, acme)
    push(portal, acme, asset(1), asset(2), asset(3))
    begun = feed(portal, acme)
    ids = {it["external_id"]: it["id"] for it in listed(portal, acme)}
    push(portal, acme, given(1, jane))
    portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane Roe"})
    push(portal, acme, asset(2, serial="A"), asset(1), complete=True)
    portal.ask("DELETE", f"/assets/{ids['3']}", expect=204)

    changes = feed(portal, acme, begun["next_after"])

    assert [(it["kind"], it["asset_id"] or it["end_user_id"], it["change"]) for it in changes["items"]] == [
        ("asset", ids["1"], "saved"),
        ("end_user", jane["id"], "saved"),
        ("asset", ids["2"], "saved"),
        ("asset", ids["3"], "deleted"),
    ]
    assert [it["asset"] for it in changes["items"]] == [
        portal.ask("GET", f"/assets/{ids['1']}"),
        None,
        portal.ask("GET", f"/assets/{ids['2']}"),
        None,
    ]
    assert changes["items"][0]["asset"]["assigned_end_user_id"] == jane["id"]
    assert [it["end_user"] is not None for it in changes["items"]] == [False, True, False, False]
    again = feed(portal, acme)
    assert [it["asset_id"] or it["end_user_id"] for it in again["items"]] == [ids["1"], jane["id"], *map(ids.get, "23")]


def test_the_feed_is_read_page_by_page_through_people_and_assets(portal: Portal) -> None:
    acme = portal.organization()
    for number in range(4):
        created(portal, acme, name=f"{number}")
        push(portal, acme, asset(number))

    seen, after, pages = [], "", 0
    while page := feed(portal, acme, after, limit=3):
        seen += [it["kind"] for it in page["items"]]
        after, pages = page["next_after"], pages + 1
        if not page["has_more"]:
            break

    assert (seen, pages) == (["end_user", "asset"] * 4, 3)


def test_deletions_of_assets_are_kept_in_the_feed_for_ninety_days(portal: Portal) -> None:
    acme = portal.organization()
    push(portal, acme, asset(1), asset(2))
    before = feed(portal, acme, limit=1)
    ids = {it["external_id"]: it["id"] for it in listed(portal, acme)}
    portal.ask("DELETE", f"/assets/{ids['1']}", expect=204)
    jane = created(portal, acme)
    beside = feed(portal, acme)["next_after"]
    portal.ask("DELETE", f"/end-users/{jane['id']}", expect=204)
    days_pass(portal, 1, 1, 87)
    assert [it["change"] for it in feed(portal, acme, before["next_after"])["items"]] == ["saved", "deleted", "deleted"]

    days_pass(portal, 3)

    for after in (before["next_after"], beside):
        expired = refused(portal, "GET", f"/organizations/{acme}/changes?after={after}")
        assert expired == (410, "changes_expired")
    assert [it["asset_id"] for it in feed(portal, acme)["items"]] == [ids["2"]]
    portal.ask("DELETE", f"/assets/{ids['2']}", expect=204)
    portal.ask("DELETE", f"/organizations/{acme}", expect=204)
    days_pass(portal, 1, 92, 1)
    assert portal.services.people(ACCOUNT, OrganizationId(acme)).find_head() is None


def test_what_a_merged_end_user_had_belongs_to_the_survivor(portal: Portal) -> None:
    acme = portal.organization()
    jane, john = created(portal, acme, name="Jane"), created(portal, acme, name="John")
    push(portal, acme, *(given(number, john) for number in range(60)), given(60, jane))
    push(portal, acme, given(0, jane, assigned_by="manual"))
    begun = feed(portal, acme)["next_after"]

    portal.ask("POST", f"/end-users/{jane['id']}/merge", {"end_user_id": john["id"]})

    assert assigned(portal, acme) == {f"{number}": jane["id"] for number in range(61)}
    assert former(portal, acme, "0") == [jane["id"]]
    changes = feed(portal, acme, begun)["items"]
    assert {it["asset"]["external_id"] for it in changes if it["asset"]} == {f"{number}" for number in range(60)}


def test_who_moves_keeps_the_assets_wherever_the_way_leads(portal: Portal) -> None:
    first, second, third = (portal.organization(name) for name in ("First", "Second", "Third"))
    jane, john = created(portal, first, name="Jane"), created(portal, third, name="John")
    for here, there in ((first, second), (second, first), (first, third)):
        push(portal, here, given(1, jane, assigned_by="manual"))
        move(portal, here, there, jane)
    unchanged = push(portal, second, given(1, jane, assigned_by="manual"))

    assert [assigned(portal, it) for it in (first, second)] == [{"1": jane["id"]}] * 2
    assert results(unchanged) == ["unchanged"]
    portal.ask("POST", f"/end-users/{john['id']}/merge", {"end_user_id": jane["id"]})
    assert [assigned(portal, it) for it in (first, second)] == [{"1": john["id"]}] * 2
    portal.ask("DELETE", f"/end-users/{john['id']}", expect=204)
    assert [assigned(portal, it) for it in (first, second)] == [{"1": None}] * 2


def test_an_erased_end_user_is_in_no_assignment(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane, john = created(portal, acme, name="Jane"), created(portal, acme, name="John")
    push(portal, acme, *(given(number, jane) for number in range(30)), given(30, john))
    push(portal, acme, given(0, john, assigned_by="manual"))
    move(portal, acme, other, jane)
    push(portal, other, given(1, jane))

    portal.ask("DELETE", f"/end-users/{jane['id']}", expect=204)

    assert assigned(portal, acme) == {f"{number}": None for number in range(1, 30)} | {
        "0": john["id"],
        "30": john["id"],
    }
    assert former(portal, acme, "0") == []
    assert assigned(portal, other) == {"1": None}
    assert rows_that_name(portal, other, jane["id"]) == {"end_user_tombstone"}
    assert rows_that_name(portal, acme, jane["id"]) == {"end_user_tombstone", "moved_end_user"}
    taken = push(portal, acme, given(1, john))
    assert (results(taken), assigned(portal, acme)["1"]) == (["updated"], john["id"])


def test_who_gets_an_asset_while_being_erased_leaves_none(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    acme, change = portal.organization(), end_users.change_assignments
    jane = created(portal, acme)
    push(portal, acme, given(1, jane), asset(2))

    def after_another_push(*args: Any) -> None:
        monkeypatch.setattr(end_users, "change_assignments", change)
        change(*args)
        push(portal, acme, given(2, jane))

    monkeypatch.setattr(end_users, "change_assignments", after_another_push)
    portal.ask("DELETE", f"/end-users/{jane['id']}", expect=204)

    assert assigned(portal, acme) == {"1": None, "2": None}


def test_an_organization_is_deleted_with_nothing_left_of_its_assets(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane = created(portal, acme)
    push(portal, acme, given(1, jane), given(2, None, assigned_by="manual"))
    move(portal, acme, other, jane)
    for it in listed(portal, acme):
        portal.ask("DELETE", f"/assets/{it['id']}", expect=204)

    portal.ask("DELETE", f"/organizations/{acme}", expect=204)

    kinds = {kind.name for kind, _, _ in portal.services.people(ACCOUNT, OrganizationId(acme)).everything()}
    assert kinds == {"people_head", "asset_tombstone", "end_user_tombstone", "moved_end_user"}
    portal.ask("DELETE", f"/end-users/{jane['id']}", expect=204)


def test_assets_stay_when_the_tenant_is_unmapped_and_removed(portal: Portal) -> None:
    tenant = portal.has_tenant()
    integration = portal.integrate(tenant)
    acme = portal.organization()
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": acme})
    push(portal, acme, given(1, created(portal, acme)))
    before = listed(portal, acme)

    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    portal.remove(integration)
    portal.run_queues()
    portal.later(hours=1)
    portal.tick()

    assert listed(portal, acme) == before


def test_the_export_holds_every_row_of_assets_and_no_other_accounts(portal: Portal) -> None:
    acme = portal.organization()
    jane = created(portal, acme)
    push(portal, acme, given(1, jane), asset(2))
    portal.ask("DELETE", f"/assets/{listed(portal, acme, '?external_id=2')[0]['id']}", expect=204)
    theirs = portal.called_by("bob")
    push(theirs, theirs.organization("Theirs"), asset(1, name="Theirs"))

    rows = exported(portal)

    of_assets = {it["kind"]: it["value"] for it in rows if it["kind"].startswith("asset")}
    assert set(of_assets) == {"asset", "asset_external_id", "asset_assignment", "asset_change", "asset_tombstone"}
    assert of_assets["asset_assignment"]["assignment"]["end_user_id"] == jane["id"]
    assert "Theirs" not in json.dumps(rows)


def test_an_asset_with_everything_at_its_longest_is_stored(portal: Portal) -> None:
    acme = portal.organization()
    jane, john = created(portal, acme, name="Jane"), created(portal, acme, name="John")
    texts = ("manufacturer", "model", "os", "os_version", "serial", "bios_serial")
    macs = [f"00:00:00:00:00:{number:02x}" for number in range(50)]
    longest = {**dict.fromkeys(texts, "\u1234" * 300), "name": "\u1234" * 300, "mac_addresses": macs}

    for number in range(25):
        it = given(1, (jane, john)[number % 2], **longest, assigned_by="manual")
        assert push(portal, acme, it)["rejected"] == 0

    (found,) = listed(portal, acme)
    assert ({len(found[it]) for it in texts}, len(found["mac_addresses"])) == ({256}, 50)
    assert len(found["former_assignments"]) == 20
    assert found["former_assignments"][0]["end_user_id"] == EndUserId(john["id"])
