"""Awkward devices, one by one: whom they belong to, and so whom the asset does."""

import pytest

from integrations.domain.assets.asset import AssignedBy
from integrations.domain.assets.inputs import AccountUse, DevicePerson
from integrations.domain.assets.links import AssetFinding, ReviewKind
from integrations.domain.assets.people import in_question
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.domain.ids import EndUserId
from tests.domain.assets.fleets import ACME, BRANCH, FleetWorld, asset, fleet, listed, managed


def laptop(**device: object) -> FleetWorld:
    """A laptop that is linked by its serial number, and two people."""
    made = fleet(asset("pc", serial="SER123"), managed("m", serial="SER123", device_id="dev", **device))
    return made.has_person("ana").has_person("bob")


def questions(made: FleetWorld, owner_id: str | None = None) -> list[str]:
    """The devices that Intune would be asked about."""
    return [it.id for it in made.intune.values() if in_question(it, owner_id)]


def test_12_where_somebody_else_registered_the_device_intune_is_asked_who_uses_it() -> None:
    made = laptop(user_id="tech").has(listed("d", device_id="dev", owner_id="bob")).has_person("tech")
    made.run()
    assert questions(made, owner_id="bob") == ["m"]
    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.NOT_VERIFIED)

    made.changes("m", verified_user_ids=["ana"])
    made.run()
    assert questions(made, owner_id="bob") == []
    assert made.owner("pc") == "eu_ana"


def test_12_a_primary_user_who_also_registered_the_device_needs_no_verification() -> None:
    made = laptop(user_id="ana").has(listed("d", device_id="dev", owner_id="ana"))

    made.run()
    assert questions(made, owner_id="ana") == []
    assert made.owner("pc") == "eu_ana"


def test_12_devices_enrolled_in_bulk_are_verified() -> None:
    made = laptop(user_id="ana", enrollment="windowsBulkAzureDomainJoin")

    made.run()
    assert questions(made) == ["m"]
    made.changes("m", verified_user_ids=[])
    made.run()
    assert made.status("pc").reason is NoEndUserReason.SHARED


def test_20_nobody_asks_who_uses_a_server() -> None:
    assert questions(laptop(user_id="tech", system="Windows Server 2022"), owner_id="bob") == []


def test_13_an_account_that_enrolls_devices_is_nobody_s_and_the_asset_stays_as_it_is() -> None:
    made = laptop(user_id="ana", enrollment="deviceEnrollmentManager")
    made.run()
    assert questions(made) == ["m"]
    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.NOT_A_PERSON)

    made.assigns("pc", "eu_bob")
    made.run()
    assert (made.owner("pc"), made.status("pc").reason) == ("eu_bob", None)


def test_13_what_a_manager_enrolled_belongs_to_whoever_intune_says_uses_it_now() -> None:
    made = laptop(user_id="dem", enrollment="deviceEnrollmentManager", verified_user_ids=["ana"])
    made.run()
    assert made.owner("pc") == "eu_ana"

    for nobody in ([], ["dem"], ["ana", "bob"]):
        made = laptop(user_id="dem", enrollment="deviceEnrollmentManager", verified_user_ids=nobody).has_person("dem")
        made.run()
        assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.NOT_A_PERSON)


@pytest.mark.parametrize("use", [it for it in AccountUse if it is not AccountUse.PERSON])
def test_13_accounts_that_are_no_person_s_get_no_asset(use: AccountUse) -> None:
    made = laptop(user_id="ana").has_person("ana", use=use)
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.NOT_A_PERSON)


def test_14_a_device_of_intune_without_primary_user_is_shared_whoever_registered_it() -> None:
    made = laptop().has(listed("d", device_id="dev", owner_id="ana"))
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.SHARED)


def test_14_an_asset_that_the_portal_calls_shared_has_no_person() -> None:
    made = laptop(user_id="ana")
    made.changes("pc", is_shared=True)
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.SHARED)


@pytest.mark.parametrize(
    "enrollment", ["windowsAzureADJoinUsingDeviceAuth", "windowsBulkUserless", "appleBulkWithoutUser"]
)
def test_15_a_kiosk_that_enrolled_itself_is_shared(enrollment: str) -> None:
    made = laptop(user_id="ana", enrollment=enrollment)

    made.run()
    assert questions(made) == []
    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.SHARED)


@pytest.mark.parametrize("profile", ["Shared", "Printer", "IoT"])
def test_15_a_device_with_the_profile_of_a_shared_one_is_shared(profile: str) -> None:
    made = laptop(user_id="ana").has(listed("d", device_id="dev", profile=profile, owner_id="ana"))
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.SHARED)


def test_19_the_laptop_of_a_guest_without_end_user_is_assigned_to_nobody() -> None:
    made = laptop(user_id="guest")
    made.people["guest"] = DevicePerson()
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.NO_END_USER)
    assert made.status("pc").person_id == "guest"


def test_23_an_end_user_who_was_assigned_by_hand_stays_and_the_difference_is_told() -> None:
    made = laptop(user_id="ana")
    made.assigns("pc", "eu_bob")
    made.run()
    assert (made.owner("pc"), made.status("pc").findings) == ("eu_bob", [AssetFinding.DIFFERS])

    made.settings = AssetLinkSettings(override_manual=True)
    made.run()
    assert (made.owner("pc"), made.status("pc").findings) == ("eu_ana", [])
    assert made.assignments["pc"].former[0].by is AssignedBy.MANUAL


def test_23_who_was_taken_off_by_hand_is_not_put_back() -> None:
    made = laptop(user_id="ana")
    made.run()
    made.assigns("pc", None)
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.NOBODY)


def test_25_an_end_user_who_is_inactive_or_deleted_keeps_the_asset_with_a_mark() -> None:
    made = laptop(user_id="ana")
    made.run()

    made.has_person("ana", is_active=False).run()
    assert (made.owner("pc"), made.status("pc").findings) == ("eu_ana", [AssetFinding.INACTIVE])
    del made.end_users[EndUserId("eu_ana")], made.people["ana"]
    made.run()
    assert (made.owner("pc"), made.status("pc").findings) == ("eu_ana", [AssetFinding.INACTIVE])


def test_25_an_inactive_end_user_gets_no_asset() -> None:
    made = laptop(user_id="ana").has_person("ana", is_active=False)
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == (None, NoEndUserReason.INACTIVE)


def test_26_a_person_of_another_organization_is_asked_about() -> None:
    made = laptop(user_id="ana").has_person("ana", BRANCH)
    made.run()

    review = made.status("pc").review
    assert review is not None
    assert (review.kind, review.end_user_id) == (ReviewKind.OTHER_ORGANIZATION, "eu_ana")
    assert (made.device("pc"), made.owner("pc")) == ("m", None)
    assert made.status("pc").reason is NoEndUserReason.OTHER_ORGANIZATION
    made.assigns("pc", "eu_bob")
    made.run()
    assert made.status("pc").review is None


def test_26_an_end_user_stays_with_an_asset_that_moves_away_and_is_marked() -> None:
    made = laptop(user_id="ana")
    made.run()
    made.changes("pc", organization_id=BRANCH)
    made.run()
    assert (made.owner("pc"), made.status("pc").findings) == ("eu_ana", [AssetFinding.ELSEWHERE])

    made.has_person("bob", BRANCH)
    made.changes("m", user_id="bob")
    made.run()
    assert (made.owner("pc"), made.status("pc").findings) == ("eu_bob", [])


def test_32_another_primary_user_gets_the_asset_and_whom_it_belonged_to_is_kept() -> None:
    made = laptop(user_id="ana")
    made.run()
    since = made.assignments["pc"].since
    made.changes("m", user_id="bob")
    at = made.now
    made.run()

    assignment = made.assignments["pc"]
    assert (assignment.end_user_id, assignment.by, assignment.since) == ("eu_bob", AssignedBy.MICROSOFT, at)
    assert [(it.end_user_id, it.since, it.until) for it in assignment.former] == [("eu_ana", since, at)]


def test_32_no_more_than_twenty_former_end_users_are_kept() -> None:
    made = laptop(user_id="ana")
    for it in range(25):
        made.changes("m", user_id=("ana", "bob")[it % 2])
        made.run()

    assert len(made.assignments["pc"].former) == 20


def test_an_assignment_by_hand_of_whom_it_has_keeps_its_date() -> None:
    made = laptop(user_id="ana")
    made.run()
    before = made.assignments["pc"]

    made.assigns("pc", "eu_ana")
    after = made.assignments["pc"]
    assert (after.by, after.since, after.former) == (AssignedBy.MANUAL, before.since, [])


def test_the_registered_owner_is_the_person_of_a_device_that_intune_does_not_manage() -> None:
    made = fleet(asset("pc", entra_device_id="dev"), listed("d", device_id="dev", owner_id="ana")).has_person("ana")
    made.run()
    assert made.owner("pc") == "eu_ana"

    made.changes("d", owner_id=None)
    made.run()
    assert (made.owner("pc"), made.status("pc").reason) == ("eu_ana", None)


def test_a_server_that_is_linked_by_hand_has_no_person() -> None:
    made = laptop(user_id="ana")
    made.changes("pc", os="Windows Server 2022")
    made.links("pc", "m")
    made.run()

    assert (made.device("pc"), made.owner("pc")) == ("m", None)
    assert made.status("pc").reason is NoEndUserReason.SERVER


def test_an_asset_stays_with_its_end_user_when_nothing_is_known_of_its_device_any_more() -> None:
    made = laptop(user_id="ana")
    made.run()
    made.intune.clear()
    made.run()

    assert (made.owner("pc"), made.status("pc").reason) == ("eu_ana", None)
    assert made.end_users[EndUserId("eu_ana")].organization_id == ACME
