"""Awkward assets, one by one: which device each of them is. Those about people are in test_cases_of_people."""

import pytest

from integrations.domain.assets.asset import AssetKind
from integrations.domain.assets.inputs import IntuneState
from integrations.domain.assets.links import LinkKey, ReviewKind
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.assets.settings import AssetLinkSettings
from tests.domain.assets.fleets import ago, asset, fleet, listed, managed, ran

ZEROS = "00000000-0000-0000-0000-000000000000"
VMWARE = "VMware-56 4d 1a 2b 3c 4d 5e 6f-70 81 92 a3 b4 c5 d6 e7"


def test_01_serial_numbers_that_differ_in_case_and_spaces_link() -> None:
    made = ran(asset("pc", serial=" s/n: ab 12-cd "), managed("m", serial="AB12-CD"))

    link = made.link("pc")
    assert link is not None
    assert (link.device_id, link.how, link.confidence) == ("m", LinkKey.SERIAL, 0.95)
    assert [(it.key, it.value) for it in link.evidence] == [(LinkKey.SERIAL, "AB12-CD")]


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "0000000", "1.0", "0123456789", "N/A", "SN-12345"])
def test_02_a_filler_is_no_serial_number(serial: str) -> None:
    made = ran(asset("pc", serial=serial), managed("m", serial=serial))
    assert made.status("pc").reason is NoEndUserReason.NO_KEYS

    made.changes("pc", entra_device_id="dev-1")
    made.changes("m", device_id="DEV-1")
    made.run()
    link = made.link("pc")
    assert link is not None
    assert (link.how, link.serial) == (LinkKey.ENTRA_DEVICE_ID, None)


def test_03_five_white_boxes_with_a_default_serial_number_are_not_linked() -> None:
    boxes = range(5)
    made = ran(
        *(asset(f"pc{it}", serial="Default string") for it in boxes),
        *(managed(f"m{it}", serial="Default string") for it in boxes),
    )

    assert [made.link(f"pc{it}") for it in boxes] == [None] * 5


def test_04_two_living_assets_with_one_serial_number_are_a_conflict() -> None:
    made = ran(asset("one", serial="SER123"), asset("two", bios_serial="ser 123"), managed("m", serial="SER123"))

    for it, other in (("one", "two"), ("two", "one")):
        review = made.status(it).review
        assert review is not None
        assert (review.kind, review.rivals, review.device_ids) == (ReviewKind.SEVERAL_ASSETS, [other], ["m"])
        assert made.status(it).reason is NoEndUserReason.CONFLICT
        assert made.link(it) is None
    made.changes("two", is_archived=True)
    made.run()
    assert made.device("one") == "m"
    assert "two" not in made.statuses


def test_05_of_two_records_of_one_serial_number_the_current_one_is_linked_and_the_other_listed() -> None:
    made = ran(
        asset("pc", serial="SER123"),
        managed("new", serial="SER123", last_sync_at=ago(0.1)),
        managed("old", serial="SER123", last_sync_at=ago(20)),
    )

    link = made.link("pc")
    assert link is not None
    assert (link.device_id, link.stale_ids) == ("new", ["old"])


def test_06_of_two_records_that_both_report_today_somebody_decides() -> None:
    made = ran(
        asset("pc", serial="SER123"),
        managed("m1", serial="SER123", enrolled_at=ago(90), last_sync_at=ago(0.1)),
        managed("m2", serial="SER123", enrolled_at=ago(80), last_sync_at=ago(0.2)),
    )

    review = made.status("pc").review
    assert review is not None
    assert (review.kind, review.device_ids) == (ReviewKind.SEVERAL_DEVICES, ["m1", "m2"])


def test_06_a_device_that_was_set_up_anew_today_is_current_at_once() -> None:
    made = ran(
        asset("pc", serial="SER123"),
        managed("old", serial="SER123", enrolled_at=ago(90), last_sync_at=ago(0.2)),
        managed("new", serial="SER123", enrolled_at=ago(0.1), last_sync_at=ago(0.1)),
    )

    assert made.device("pc") == "new"


def test_07_a_device_id_of_zeros_is_none() -> None:
    made = ran(asset("pc", entra_device_id=ZEROS), managed("m", device_id=ZEROS))

    assert made.status("pc").reason is NoEndUserReason.NO_KEYS


def test_08_an_equal_device_id_with_another_serial_number_is_a_conflict() -> None:
    made = ran(asset("pc", serial="SER123", entra_device_id="dev"), managed("m", serial="SER999", device_id="dev"))

    review = made.status("pc").review
    assert review is not None
    assert (review.kind, review.key) == (ReviewKind.SERIAL_DIFFERS, LinkKey.ENTRA_DEVICE_ID)


def test_09_a_name_alone_is_proposed_and_linked_only_if_the_account_wants_that() -> None:
    made = ran(asset("pc", name="PC-7.acme.example"), managed("m", name="pc-7"))
    review = made.status("pc").review
    assert review is not None
    assert (review.kind, review.device_ids, review.confidence) == (ReviewKind.NAME_ONLY, ["m"], 0.6)
    assert made.status("pc").reason is NoEndUserReason.REVIEW

    made.settings = AssetLinkSettings(link_by_name=True)
    made.run()
    link = made.link("pc")
    assert link is not None
    assert (link.how, link.confidence) == (LinkKey.NAME, 0.6)


@pytest.mark.parametrize(
    ("first", "second", "is_proposed"),
    [
        ("DESKTOP-AB12CD3", "desktop-ab12cd3", True),
        ("ACCOUNTING-LAPTOP-7", "ACCOUNTING-LAPT", True),
        ("ACCOUNTING-LAPT", "ACCOUNTING-LAPTOP-7", True),
        ("ACCOUNTING-LAPTOP-7", "ACCOUNTING-LAPTOP-8", False),
        ("ACCOUNTING-LAP", "ACCOUNTING-LAPT", False),
    ],
)
def test_10_a_name_of_windows_may_be_cut_to_fifteen_letters(first: str, second: str, *, is_proposed: bool) -> None:
    made = ran(asset("pc", name=first), managed("m", name=second))

    assert bool(made.status("pc").review) is is_proposed


def test_11_a_laptop_set_up_anew_keeps_its_link_and_belongs_to_the_next_person() -> None:
    made = fleet(asset("pc", serial="SER123"), managed("old", serial="SER123", user_id="ana"))
    made.has_person("ana").has_person("bob").run()
    before = made.link("pc")

    made.has(managed("new", serial="SER123", user_id="bob", enrolled_at=made.now, last_sync_at=made.now))
    made.run()

    link = made.link("pc")
    assert before is not None
    assert link is not None
    assert (link.device_id, link.since) == ("new", before.since)
    assert made.owner("pc") == "eu_bob"


def test_16_a_device_that_was_never_enrolled_is_nothing() -> None:
    made = ran(asset("pc", serial="SER123"), listed("imported", name="SER123", last_seen_at=None))

    assert made.status("pc").reason is NoEndUserReason.NO_DEVICE


def test_17_a_hybrid_joined_device_without_intune_is_proposed_by_name_and_has_no_person() -> None:
    made = ran(asset("pc"), listed("d", name="PC", joined_as="hybrid joined"))
    assert made.status("pc").reason is NoEndUserReason.REVIEW

    made.settings = AssetLinkSettings(link_by_name=True)
    made.run()
    assert made.device("pc") == "d"
    assert made.status("pc").reason is NoEndUserReason.NO_PERSON


def test_18_a_registered_phone_is_linked_with_a_mobile_asset_alone() -> None:
    phone = listed("phone", device_id="dev", system="iOS", joined_as="registered")
    made = ran(asset("pc", entra_device_id="dev"), phone)
    assert made.status("pc").reason is NoEndUserReason.NO_DEVICE

    made.changes("pc", kind=AssetKind.MOBILE, os="iOS 18")
    made.run()
    assert made.device("pc") == "phone"


@pytest.mark.parametrize(
    ("kind", "system", "reason"),
    [
        (AssetKind.SERVER, "Windows", NoEndUserReason.SERVER),
        (AssetKind.DESKTOP, "Windows Server 2022", NoEndUserReason.SERVER),
        (AssetKind.PRINTER, None, NoEndUserReason.KIND),
        (AssetKind.NETWORK, None, NoEndUserReason.KIND),
    ],
)
def test_20_servers_and_things_without_people_are_not_linked(kind, system, reason) -> None:
    made = fleet(asset("box", kind=kind, os=system, serial="SER123"), managed("m", serial="SER123", user_id="ana"))
    made.has_person("ana").run()

    assert (made.link("box"), made.owner("box"), made.status("box").reason) == (None, None, reason)


def test_20_a_device_that_is_a_server_has_no_person() -> None:
    made = fleet(
        asset("box", entra_device_id="dev"), listed("d", device_id="dev", system="Windows Server", owner_id="ana")
    )
    made.has_person("ana").run()

    assert (made.device("box"), made.owner("box")) == ("d", None)
    assert made.status("box").reason is NoEndUserReason.SERVER


@pytest.mark.parametrize(
    ("kind", "maker", "is_linked"),
    [(AssetKind.VM, "VMware, Inc.", True), (AssetKind.LAPTOP, "VMware, Inc.", False), (AssetKind.VM, "Dell", False)],
)
def test_21_a_serial_number_of_a_virtual_machine_counts_between_virtual_machines(kind, maker, is_linked) -> None:
    made = ran(asset("vm", kind=kind, serial=VMWARE), managed("m", serial=VMWARE, manufacturer=maker))

    assert bool(made.link("vm")) is is_linked


def test_21_cloned_virtual_machines_share_a_serial_number_that_then_identifies_none() -> None:
    clones = [managed(f"m{it}", serial=VMWARE, manufacturer="VMware, Inc.") for it in range(3)]
    made = fleet(asset("vm", kind=AssetKind.VM, serial=VMWARE), *clones)

    assert list(made.run().shared_serials.values()) == [3]
    assert made.status("vm").reason is NoEndUserReason.SERIAL_SHARED
    made.intune.pop("m1")
    made.intune.pop("m2")
    made.run()
    assert made.device("vm") == "m0"


def test_22_a_mac_is_linked_by_serial_number_whatever_its_name() -> None:
    made = ran(
        asset("mac", name="Anas-MacBook-Pro-2", os="macOS 15.1", serial="C02XK1", entra_device_id="dev"),
        managed("m", name="Ana's MacBook Pro", system="macOS", serial="C02XK1", device_id="dev"),
    )

    link = made.link("mac")
    assert link is not None
    assert (link.device_id, link.confidence) == ("m", 0.99)


def test_24_a_link_that_was_undone_is_not_made_again() -> None:
    made = ran(asset("pc", serial="SER123"), managed("m", serial="SER123"))
    made.undoes("pc")
    made.run()
    assert (made.link("pc"), made.status("pc").reason) == (None, NoEndUserReason.UNDONE)

    made.has(managed("new", serial="SER123", last_sync_at=made.now, enrolled_at=made.now))
    made.run()
    assert made.link("pc") is None


def test_27_a_retired_device_keeps_its_link_for_a_month_and_its_asset_the_end_user() -> None:
    made = fleet(asset("pc", serial="SER123"), managed("m", serial="SER123", user_id="ana"))
    made.has_person("ana").run()

    made.changes("m", state="retirePending")
    retired_at = made.now
    plan = made.run()
    link = made.link("pc")
    assert link is not None
    assert link.stale_since == retired_at
    assert plan.next_at is not None
    made.intune.clear()
    assert made.run().is_empty
    made.now = plan.next_at
    made.run()
    assert made.link("pc") is None
    assert made.owner("pc") == "eu_ana"


def test_28_without_intune_devices_of_the_directory_are_linked_by_id_and_serial_numbers_are_not_known() -> None:
    rows = [listed("d", device_id="dev", owner_id="ana"), asset("by_id", entra_device_id="DEV")]
    made = fleet(*rows, asset("by_serial", serial="SER123"), intune_state=IntuneState.UNLICENSED)
    made.has_person("ana").run()

    assert (made.device("by_id"), made.owner("by_id")) == ("d", "eu_ana")
    assert made.status("by_serial").reason is NoEndUserReason.NO_INTUNE_LICENSE
    made.intune_state = IntuneState.DENIED
    made.run()
    assert made.status("by_serial").reason is NoEndUserReason.INTUNE_NOT_READ


def test_29_an_asset_deleted_and_pushed_again_is_matched_afresh_but_for_what_was_undone() -> None:
    made = ran(asset("old", serial="SER123"), asset("other", serial="SER9"), managed("m", serial="SER123"))
    made.has(managed("m9", serial="SER9"))
    made.run()
    made.undoes("old")
    made.assets.clear()
    made.now = ago(-1)
    made.has(asset("new", serial="SER123", created_at=made.now), asset("fresh", serial="SER9", created_at=made.now))
    made.run()

    assert set(made.statuses) == {"new", "fresh"}
    assert (made.link("new"), made.status("new").reason) == (None, NoEndUserReason.UNDONE)
    assert made.device("fresh") == "m9"


def test_31_a_laptop_sold_to_another_customer_is_linked_in_each_tenant_by_itself() -> None:
    seller = ran(asset("pc", serial="SER123"), managed("m", serial="SER123", last_sync_at=ago(200)))
    buyer = ran(asset("pc2", serial="SER123"), managed("n", serial="SER123"))

    assert (seller.device("pc"), buyer.device("pc2")) == ("m", "n")


def test_31_assets_of_organizations_that_are_not_under_the_syncro_tenant_are_not_looked_at() -> None:
    made = fleet(asset("pc", serial="SER123"), managed("m", serial="SER123"), organization_ids=())

    assert made.run().is_empty
