"""Assets get the devices of their tenant and the End Users of these devices' people, sync after sync.

The numbers are those of awkward cases that a linking of assets has to get right.
"""

import pytest

from tests.flows.assets import NO_DEVICE_ID, Fleet, device_of, question_of, reason_of, with_another_fleet, with_fleet
from tests.flows.portal import Portal


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    return with_fleet(portal)


def test_row_1_a_serial_number_links_whatever_its_case_and_spaces_and_the_person_gets_the_asset(fleet: Fleet) -> None:
    device = fleet.has_laptop("NW-LT-1", "5CD 1234xyz", user=1)
    fleet.run()

    asset = fleet.push("pc-1", serial="5cd1234XYZ")

    link = asset["linking"]["link"]
    assert (link["device_id"], link["how"], link["confidence"], link["by"]) == (device["id"], "serial", 0.95, None)
    assert link["evidence"] == [{"key": "serial", "value": "5CD1234XYZ"}]
    assert (link["device"]["name"], link["person"]["object_id"]) == ("NW-LT-1", fleet.user(1))
    assert (asset["assigned_end_user_id"], asset["assigned_by"]) == (fleet.end_user(1), "microsoft")
    assert (reason_of(asset), asset["linking"]["findings"]) == (None, [])


def test_rows_2_and_3_fillers_and_serial_numbers_of_many_are_none(fleet: Fleet) -> None:
    filler = fleet.has_laptop("NW-LT-1", "To be filled by O.E.M.", user=0)
    for number in range(3):
        fleet.has_laptop(f"WHITE-{number}", "WHITEBOX-77", user=1)
    fleet.run()

    by_id = fleet.push("pc-1", serial="To be filled by O.E.M.", entra_device_id=filler["deviceId"])
    shared = fleet.push("pc-2", serial="WHITEBOX-77")

    assert (device_of(by_id), by_id["linking"]["link"]["how"]) == (filler["id"], "entra_device_id")
    assert (device_of(shared), reason_of(shared)) == (None, "serial_shared")


def test_row_4_a_serial_number_of_two_assets_is_a_conflict_that_names_both(fleet: Fleet) -> None:
    device = fleet.has_laptop("NW-LT-1", "5CD1234XYZ")
    fleet.run()

    fleet.push_all({"external_id": it, "name": it, "serial": "5CD1234XYZ"} for it in ("pc-1", "pc-2"))

    first, second = fleet.by("pc-1"), fleet.by("pc-2")
    review = first["linking"]["review"]
    assert (device_of(first), device_of(second), reason_of(first)) == (None, None, "conflict")
    assert (review["kind"], review["is_conflict"]) == ("several_assets", True)
    assert [it["asset_id"] for it in review["rivals"]] == [second["id"]]
    candidate = review["candidates"][0]
    assert (candidate["device_id"], candidate["name"], candidate["serial"]) == (device["id"], "NW-LT-1", "5CD1234XYZ")
    assert candidate["primary_user"]["object_id"] == fleet.user(0)
    assert {it["external_id"] for it in fleet.assets("?link=conflict")} == {"pc-1", "pc-2"}
    assert fleet.assets("?link=linked") == fleet.assets("?link=none") == fleet.assets("?link=review") == []


def test_row_5_of_two_records_of_a_laptop_the_current_one_counts_and_the_other_is_listed(fleet: Fleet) -> None:
    old = fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0, lastSyncDateTime=fleet.ago(days=10))
    current = fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=1)
    fleet.run()

    asset = fleet.push("pc-1", serial="5CD1234XYZ")

    assert device_of(asset) == current["id"]
    assert old["id"] in asset["linking"]["link"]["stale_ids"]
    assert asset["assigned_end_user_id"] == fleet.end_user(1)


def test_row_6_two_records_that_both_reported_today_are_a_conflict(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0, lastSyncDateTime=fleet.ago(hours=2))
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=1)
    fleet.run()

    asset = fleet.push("pc-1", serial="5CD1234XYZ")

    assert (device_of(asset), question_of(asset)) == (None, "several_devices")
    assert len(asset["linking"]["review"]["candidates"]) == 2


def test_rows_7_and_8_zeros_are_no_device_id_and_a_good_serial_number_contradicts_one(fleet: Fleet) -> None:
    fleet.enrolls(None, "", 0)
    device = fleet.has_laptop("NW-LT-1", "5CD1234XYZ")
    fleet.run()

    zeros = fleet.push("pc-1", entra_device_id=NO_DEVICE_ID)
    differs = fleet.push("pc-2", serial="OTHER-123", entra_device_id=device["deviceId"])

    assert (device_of(zeros), reason_of(zeros)) == (None, "nothing_to_compare")
    assert (device_of(differs), question_of(differs)) == (None, "serial_differs")


def test_rows_9_and_10_a_name_alone_is_a_question_even_if_it_was_cut(fleet: Fleet) -> None:
    fleet.has_laptop("DESKTOP-AB12CD3-LONG", "", user=1)
    fleet.run()

    asset = fleet.push("pc-1", name="desktop-ab12cd3", last_seen_at=fleet.ago(days=1))

    review = asset["linking"]["review"]
    assert (device_of(asset), reason_of(asset), asset["assigned_end_user_id"]) == (None, "review", None)
    assert (review["kind"], review["key"], review["confidence"]) == ("name_only", "name", 0.6)
    assert review["candidates"][0]["primary_user"]["object_id"] == fleet.user(1)
    assert [it["external_id"] for it in fleet.assets("?link=review")] == ["pc-1"]


def test_rows_11_and_32_a_laptop_of_another_person_keeps_its_link_and_the_end_user_follows(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0)
    fleet.run()
    before = fleet.push("pc-1", serial="5CD1234XYZ")
    (managed,) = fleet.world.managed_devices(fleet.id)

    fleet.world.change_managed_device(fleet.id, managed["id"], userId=fleet.user(1), lastSyncDateTime=fleet.ago())
    fleet.world.set_owner(fleet.id, device_of(before), fleet.user(1))
    fleet.world.change_device(fleet.id, device_of(before), displayName="NW-LT-2")
    fleet.sync.sync(hours=25)
    after = fleet.by("pc-1")

    assert after["linking"]["link"]["since"] == before["linking"]["link"]["since"]
    assert (before["assigned_end_user_id"], after["assigned_end_user_id"]) == (fleet.end_user(0), fleet.end_user(1))
    assert [it["end_user_id"] for it in after["former_assignments"]] == [fleet.end_user(0)]


@pytest.mark.parametrize(
    ("enrollment", "reason"),
    [
        pytest.param("deviceEnrollmentManager", "account_is_no_person", id="row 13: a manager enrolled it"),
        pytest.param("windowsAzureADJoinUsingDeviceAuth", "shared", id="row 15: a kiosk that deploys itself"),
        pytest.param("windowsBulkUserless", "shared", id="enrolled in bulk, for nobody"),
    ],
)
def test_a_device_that_was_enrolled_for_nobody_gives_its_asset_to_nobody(
    fleet: Fleet, enrollment: str, reason: str
) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0, deviceEnrollmentType=enrollment)
    fleet.run()

    asset = fleet.push("pc-1", serial="5CD1234XYZ")

    assert (asset["assigned_end_user_id"], reason_of(asset)) == (None, reason)
    assert device_of(asset) is not None
    assert asset["linking"]["reason"]["remedy"]


def test_row_14_a_shared_pc_leaves_its_asset_as_it_is(fleet: Fleet) -> None:
    fleet.enrolls(fleet.has_device("NW-PC-1"), "5CD1234XYZ", None)
    fleet.enrolls(fleet.has_device("NW-PC-2", 0, profileType="Shared"), "5CD9999XYZ", 0)
    fleet.run()

    assets = [fleet.push("pc-1", serial="5CD1234XYZ"), fleet.push("pc-2", serial="5CD9999XYZ")]

    assert [(it["assigned_end_user_id"], reason_of(it)) for it in assets] == [(None, "shared"), (None, "shared")]


def test_row_16_a_device_that_was_imported_and_never_enrolled_is_no_asset(fleet: Fleet) -> None:
    never = {"accountEnabled": False, "approximateLastSignInDateTime": None, "trustType": None}
    fleet.has_device("5CD1234XYZ", **never)
    fleet.run()

    by_serial = fleet.push("pc-1", serial="5CD1234XYZ")
    by_name = fleet.push("pc-2", name="5CD1234XYZ", last_seen_at=fleet.ago(days=1))

    assert [(device_of(it), question_of(it), reason_of(it)) for it in (by_serial, by_name)] == [
        (None, None, "no_device"),
        (None, None, "nothing_to_compare"),
    ]


def test_row_17_a_hybrid_joined_device_without_intune_and_owner_is_proposed_by_name_and_nobodys(fleet: Fleet) -> None:
    device = fleet.has_device("NW-PC-7", trustType="ServerAd")
    fleet.run()

    proposed = fleet.push("pc-1", name="nw-pc-7", serial="5CD1234XYZ", last_seen_at=fleet.ago(days=1))
    fleet.link(proposed, device["id"])
    linked = fleet.by("pc-1")

    assert (device_of(proposed), question_of(proposed)) == (None, "name_only")
    (candidate,) = proposed["linking"]["review"]["candidates"]
    assert (candidate["device_id"], candidate["primary_user"]) == (device["id"], None)
    assert (device_of(linked), linked["assigned_end_user_id"], reason_of(linked)) == (device["id"], None, "no_person")


def test_row_28_without_an_intune_license_the_device_id_links_and_the_owner_is_the_person(portal: Portal) -> None:
    fleet = with_fleet(portal, licences=["AAD_PREMIUM"])
    registered = fleet.has_device("NW-LT-1", 1)
    fleet.enrolls(registered, "5CD1234XYZ", 0)  # from before the license ended
    fleet.run()

    by_id = fleet.push("pc-1", entra_device_id=registered["deviceId"])
    by_serial = fleet.push("pc-2", serial="5CD9999XYZ")

    assert (device_of(by_id), by_id["linking"]["link"]["how"]) == (registered["id"], "entra_device_id")
    assert by_id["assigned_end_user_id"] == fleet.end_user(1)
    assert (device_of(by_serial), reason_of(by_serial)) == (None, "no_intune_license")


def test_row_31_a_laptop_that_was_sold_is_each_customers_own_device(portal: Portal, fleet: Fleet) -> None:
    buyer = with_another_fleet(portal, "Fabrikam Dental")
    sold = fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0, lastSyncDateTime=fleet.ago(days=20))
    bought = buyer.has_laptop("FD-LT-9", "5CD1234XYZ", user=1)
    fleet.run()
    buyer.run()

    theirs, ours = fleet.push("pc-1", serial="5CD1234XYZ"), buyer.push("pc-1", serial="5CD1234XYZ")

    assert [device_of(theirs), device_of(ours)] == [sold["id"], bought["id"]]
    assert theirs["assigned_end_user_id"] == fleet.end_user(0)
    assert ours["assigned_end_user_id"] == buyer.end_user(1)
    assert [question_of(it) for it in (theirs, ours)] == [None, None]
    assert fleet.portal.call("PUT", f"/assets/{theirs['id']}/link", {"device_id": bought["id"]}).status == 400


def test_row_18_a_personal_phone_is_never_a_laptop(fleet: Fleet) -> None:
    phone = fleet.has_device("Ana's iPhone", 0, operatingSystem="IPhone", trustType="Workplace")
    fleet.enrolls(phone, "F2LX1234ABCD", 0, operatingSystem="iOS")
    fleet.run()

    laptop = fleet.push("pc-1", serial="F2LX1234ABCD")
    mobile = fleet.push("phone-1", serial="F2LX1234ABCD", kind="mobile", os="iOS 19")

    assert (device_of(laptop), device_of(mobile)) == (None, phone["id"])


def test_row_19_the_device_of_a_guest_gives_the_asset_to_nobody(fleet: Fleet) -> None:
    guest = fleet.world.add_user(fleet.id, displayName="Guest", userType="Guest", accountEnabled=False)
    device = fleet.has_device("NW-LT-1")
    fleet.world.set_owner(fleet.id, device["id"], guest["id"])
    fleet.enrolls(device, "5CD1234XYZ", None, userId=guest["id"])
    fleet.run()

    asset = fleet.push("pc-1", serial="5CD1234XYZ")

    assert (device_of(asset), asset["assigned_end_user_id"]) == (device["id"], None)
    assert reason_of(asset) == "person_without_end_user"


def test_row_20_a_server_is_left_out_whoever_signs_in_there(fleet: Fleet) -> None:
    fleet.has_laptop("SRV-1", "5CD1234XYZ", user=0, operatingSystem="Windows Server 2022")
    fleet.run()

    asset = fleet.push("srv-1", serial="5CD1234XYZ", kind="server")

    assert (device_of(asset), reason_of(asset), asset["assigned_end_user_id"]) == (None, "server", None)


def test_row_23_what_a_person_decided_stands_and_the_difference_is_told(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0)
    fleet.run()
    asset = fleet.push("pc-1", serial="5CD1234XYZ", assigned_end_user_id=fleet.end_user(1), assigned_by="manual")

    assert (asset["assigned_end_user_id"], asset["assigned_by"]) == (fleet.end_user(1), "manual")
    assert asset["linking"]["findings"] == ["differs_from_microsoft"]

    assert fleet.assign(asset, {"is_automatic": True}).status == 200
    automatic = fleet.asset(asset["id"])
    assert (automatic["assigned_end_user_id"], automatic["assigned_by"]) == (fleet.end_user(0), "microsoft")
    assert automatic["linking"]["findings"] == []


def test_row_25_somebody_who_leaves_keeps_the_asset_and_that_is_told(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=1)
    fleet.run()
    before = fleet.push("pc-1", serial="5CD1234XYZ")

    fleet.world.change_user(fleet.id, fleet.user(1), accountEnabled=False)
    fleet.run()
    after = fleet.by("pc-1")

    assert after["assigned_end_user_id"] == before["assigned_end_user_id"] is not None
    assert after["linking"]["findings"] == ["end_user_inactive"]


def test_row_27_a_retired_device_is_kept_for_thirty_days_and_then_forgotten(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0)
    fleet.run()
    before = fleet.push("pc-1", serial="5CD1234XYZ")
    (managed,) = fleet.world.managed_devices(fleet.id)
    fleet.world.change_managed_device(fleet.id, managed["id"], managementState="retirePending")
    fleet.world.change_device(fleet.id, device_of(before), accountEnabled=False)

    fleet.sync.sync(hours=25)
    retired = fleet.by("pc-1")
    for _ in range(3):
        fleet.sync.sync(days=11)
    closed = fleet.by("pc-1")

    assert (device_of(retired), reason_of(retired)) == (device_of(before), None)
    assert retired["linking"]["link"]["stale_since"] is not None
    assert device_of(closed) is None
    assert closed["assigned_end_user_id"] == retired["assigned_end_user_id"] == before["assigned_end_user_id"]


def test_rows_21_and_22_a_virtual_machine_and_a_mac_are_linked_by_their_serial_numbers(fleet: Fleet) -> None:
    machine, mac = fleet.has_device("VDI-7", 0), fleet.has_device("Ana's MacBook Pro", 1, operatingSystem="MacMDM")
    guest = "VMware-56 4d a1 b2 c3 d4 e5 f6-00 11 22 33 44 55 66 77"
    fleet.enrolls(machine, guest, 0, manufacturer="VMware, Inc.", model="VMware20,1")
    fleet.enrolls(mac, "C02XL0ABJG5J", 1, operatingSystem="macOS")
    fleet.run()

    virtual = fleet.push("vm-1", serial=guest, kind="vm", manufacturer="VMware, Inc.")
    apple = fleet.push("mac-1", serial="c02xl0abjg5j", name="anas-macbook", os="macOS 15")

    assert (device_of(virtual), device_of(apple)) == (machine["id"], mac["id"])


def test_row_26_somebody_of_another_organization_gets_no_asset_and_that_is_a_question(fleet: Fleet) -> None:
    acme = next(it for it in fleet.portal.ask("GET", "/organizations")["items"] if it["id"] == fleet.organization)
    body = {"name": "Branch", "syncro_tenant_id": acme["syncro_tenant_id"]}
    branch = fleet.portal.ask("POST", "/organizations", body, expect=201)["id"]
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=1)
    fleet.run()

    asset = fleet.push("pc-1", branch, serial="5CD1234XYZ")

    review = asset["linking"]["review"]
    assert (review["kind"], review["is_conflict"]) == ("person_in_other_organization", False)
    assert (review["end_user"]["id"], review["end_user"]["organization_id"]) == (fleet.end_user(1), fleet.organization)
    assert device_of(asset) is not None
    assert (asset["assigned_end_user_id"], reason_of(asset)) == (None, "person_in_other_organization")
