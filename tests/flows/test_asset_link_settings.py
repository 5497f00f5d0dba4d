"""How assets are linked is the account's choice: it is followed at once, and kept and deleted with the links."""

import json
from typing import Any

import pytest

from integrations.domain.assets.settings import MOST_SERIALS
from local.host.invocation.invoker import Response
from tests.flows.assets import Fleet, device_of, question_of, reason_of, with_fleet
from tests.flows.portal import Portal
from tests.flows.test_export import exported

DEFAULTS = {"link_by_name": False, "override_manual": False, "junk_serials": [], "good_serials": []}


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    return with_fleet(portal)


def path(fleet: Fleet) -> str:
    return f"/tenants/{fleet.id}/asset-links"


def settings_of(fleet: Fleet) -> Any:
    return fleet.portal.ask("GET", path(fleet))["settings"]


def body_of(answer: Response) -> Any:
    return json.loads(answer.body)


def choose(fleet: Fleet, if_match: str = "*", **settings: Any) -> Response:
    body = {"settings": settings}
    answer = fleet.portal.call("PUT", path(fleet), body, headers={"if-match": if_match} if if_match else {})
    fleet.portal.run_queues()
    return answer


def test_until_somebody_chooses_there_are_defaults_and_then_what_was_chosen(fleet: Fleet) -> None:
    before = fleet.portal.call("GET", path(fleet))

    answer = choose(fleet, before.headers["ETag"], link_by_name=True, junk_serials=["ser 1"])

    assert (body_of(before)["settings"], body_of(before)["tenant_id"]) == (DEFAULTS, fleet.id)
    assert answer.status == 200
    assert (
        body_of(answer)["settings"]
        == settings_of(fleet)
        == {**DEFAULTS, "link_by_name": True, "junk_serials": ["SER1"]}
    )


def test_nobody_overwrites_what_somebody_else_chose_meanwhile(fleet: Fleet) -> None:
    read = fleet.portal.call("GET", path(fleet)).headers["ETag"]
    choose(fleet, read, link_by_name=True)

    late, blind = choose(fleet, read, override_manual=True), choose(fleet, "", override_manual=True)

    assert [late.status, blind.status] == [412, 428]
    assert settings_of(fleet) == {**DEFAULTS, "link_by_name": True}


def test_what_makes_no_sense_is_refused_with_every_place(fleet: Fleet) -> None:
    refused = choose(fleet, junk_serials=["SER-1", "n/a"], good_serials=["ser-1"])

    assert (refused.status, [it["pointer"] for it in body_of(refused)["errors"]]) == (
        400,
        ["/settings/junk_serials/0", "/settings/junk_serials/1"],
    )
    assert choose(fleet, link_by_names=True).status == 400
    assert settings_of(fleet) == DEFAULTS


def test_lists_of_the_longest_serial_numbers_are_stored(fleet: Fleet) -> None:
    longest = [('\\"' * 30 + f"{number:04}") for number in range(1000, 1000 + MOST_SERIALS)]

    answer = choose(fleet, junk_serials=longest, good_serials=[f"{it[:-4]}G{it[-3:]}" for it in longest])

    assert answer.status == 200
    assert len(settings_of(fleet)["junk_serials"]) == len(settings_of(fleet)["good_serials"]) == MOST_SERIALS


def test_an_asset_is_linked_by_its_name_alone_as_soon_as_somebody_wants_that(fleet: Fleet) -> None:
    device = fleet.has_laptop("NW-LT-1", "", user=1)
    fleet.run()
    asset = fleet.push("pc-1", name="nw-lt-1", last_seen_at=fleet.ago(days=1))

    choose(fleet, link_by_name=True)
    linked = fleet.by("pc-1")
    choose(fleet)
    again = fleet.by("pc-1")

    assert (device_of(asset), question_of(asset)) == (None, "name_only")
    assert (device_of(linked), linked["linking"]["link"]["how"]) == (device["id"], "name")
    assert linked["assigned_end_user_id"] == fleet.end_user(1)
    assert (device_of(again), question_of(again)) == (None, "name_only")


def test_microsofts_person_replaces_one_by_hand_only_if_somebody_wants_that(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0)
    fleet.run()
    fleet.push("pc-1", serial="5CD1234XYZ", assigned_end_user_id=fleet.end_user(1), assigned_by="manual")

    choose(fleet, override_manual=True)

    after = fleet.by("pc-1")
    assert (after["assigned_end_user_id"], after["assigned_by"]) == (fleet.end_user(0), "microsoft")
    assert [it["end_user_id"] for it in after["former_assignments"]] == [fleet.end_user(1)]


def test_a_junk_serial_number_links_nothing_and_a_good_one_does_though_several_have_it(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "REFURB-0001")
    shared = [
        fleet.has_laptop(f"WHITE-{number}", "WHITEBOX-77", lastSyncDateTime=fleet.ago(days=number))
        for number in range(1, 4)
    ]
    fleet.run()
    fleet.push("pc-1", serial="REFURB-0001")
    fleet.push("pc-2", serial="WHITEBOX-77")
    before = [fleet.by(it) for it in ("pc-1", "pc-2")]

    choose(fleet, junk_serials=["refurb-0001"], good_serials=["whitebox-77"])

    after = [fleet.by(it) for it in ("pc-1", "pc-2")]
    assert (device_of(before[0]) is not None, reason_of(before[1])) == (True, "serial_shared")
    assert (device_of(after[0]), device_of(after[1])) == (None, shared[0]["id"])


def test_settings_are_in_the_export_and_in_the_audit_log(fleet: Fleet) -> None:
    choose(fleet, link_by_name=True)

    kinds = {it["kind"]: it["value"] for it in exported(fleet.portal)}
    assert kinds["asset_link_settings"]["link_by_name"] is True
    (entry,) = [it for it in fleet.portal.ask("GET", "/audit")["items"] if it["action"] == "changed linking of assets"]
    assert entry["subject"]["tenant_id"] == fleet.id


def test_settings_rest_with_the_links_and_go_with_them(fleet: Fleet) -> None:
    choose(fleet, link_by_name=True)
    mapping = f"/tenants/{fleet.id}/mapping"
    fleet.portal.ask("DELETE", mapping, expect=204)
    unmapped = fleet.portal.call("GET", path(fleet)).status
    fleet.portal.ask("PUT", mapping, {"organization_id": fleet.organization})
    too_early = choose(fleet, override_manual=True)
    fleet.portal.run_queues()
    back = settings_of(fleet)
    fleet.portal.ask("DELETE", mapping, expect=204)
    fleet.portal.later(days=31)
    fleet.portal.tick()
    fleet.portal.ask("PUT", mapping, {"organization_id": fleet.organization})
    fleet.portal.run_queues()

    assert (unmapped, too_early.status, body_of(too_early)["code"]) == (409, 409, "not_compared")
    assert back == {**DEFAULTS, "link_by_name": True}
    assert settings_of(fleet) == DEFAULTS


def test_a_tenant_of_another_account_is_none(fleet: Fleet) -> None:
    theirs = fleet.portal.called_by("bob")

    assert theirs.call("GET", path(fleet)).status == 404
    assert theirs.call("PUT", path(fleet), {"settings": {}}, headers={"if-match": "*"}).status == 404
