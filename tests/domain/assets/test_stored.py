"""How many assets are linked and why others are not; what accounts are for; and when links are in use."""

import pytest

from integrations.domain.assets.asset import AssetAssignment, AssetKind, AssignedBy
from integrations.domain.assets.inputs import AccountUse
from integrations.domain.assets.plan import plan_links
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.assets.stored.counts import AssetLinkCounts
from integrations.domain.assets.stored.state import AssetLinksHead, counts_after
from integrations.domain.assets.uses import account_use, enrollment_managers
from integrations.domain.ids import AssetId
from integrations.domain.sync.records import User
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxData
from tests.domain.assets.fleets import FleetWorld, ago, asset, fleet, listed, managed


def counted(made: FleetWorld) -> AssetLinkCounts:
    return counts_after(made.inputs(), plan_links(made.inputs()))


def a_fleet() -> FleetWorld:
    """Ana's laptop, a server, a laptop that only has the name of a PC, and two assets with one serial number."""
    made = fleet(
        asset("anas", serial="SER001"),
        asset("srv", kind=AssetKind.SERVER),
        asset("named", name="PC-9"),
        asset("one", serial="SER002"),
        asset("two", serial="SER002"),
        managed("m1", serial="SER001", user_id="ana"),
        managed("m2", serial="SER002", user_id="ana"),
        managed("m9", name="PC-9", user_id="ana"),
    )
    return made.has_person("ana")


def test_assets_are_counted_by_what_became_of_them() -> None:
    counts = counted(a_fleet())

    assert (counts.assets, counts.linked, counts.assigned) == (5, 1, 1)
    assert (counts.review, counts.conflicts) == (1, 2)
    assert counts.reasons == {
        NoEndUserReason.CONFLICT: 2,
        NoEndUserReason.REVIEW: 1,
        NoEndUserReason.SERVER: 1,
    }


def test_counts_are_the_same_whether_the_plan_changes_anything() -> None:
    made = a_fleet()
    before = counted(made)
    made.run()

    assert counted(made) == before


def test_what_is_not_kept_of_an_asset_is_not_counted() -> None:
    made = a_fleet()
    made.run()
    made.changes("anas", is_archived=True)

    assert (counted(made).assets, counted(made).linked) == (4, 0)


def test_computers_in_use_that_are_no_asset_are_counted() -> None:
    made = fleet(
        asset("anas", serial="SER001"),
        managed("m1", serial="SER001"),
        managed("m2", serial="SER002"),
        listed("phone", system="iOS"),
        listed("silent", last_seen_at=ago(31)),
        listed("off", is_enabled=False),
        listed("joined"),
    )

    assert counted(made).unmanaged == 2


def test_an_asset_that_nobody_gets_any_more_by_hand_follows_its_device_again() -> None:
    nobodys = AssetAssignment(end_user_id=None, by=AssignedBy.MICROSOFT, since=ago(1))
    made = fleet(asset("pc", serial="SER001"), managed("m1", serial="SER001", user_id="ana")).has_person("ana")
    without_device = fleet(asset("pc", serial="SER001"))
    for it in (made, without_device):
        it.assignments[AssetId("pc")] = nobodys
        it.run()

    assert made.owner("pc") == "eu_ana"
    assert without_device.status("pc").reason is NoEndUserReason.NO_DEVICE


def test_links_are_in_use_under_one_epoch_until_they_are_deleted() -> None:
    head = AssetLinksHead(epoch=3)

    assert (head.is_in_use(3), head.is_in_use(4)) == (True, False)
    assert not AssetLinksHead(epoch=3, is_closed=True).is_in_use(3)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        pytest.param({"mail": "u@contoso.example"}, AccountUse.PERSON, id="somebody"),
        pytest.param({"id": "admin", "mail": "a@contoso.example"}, AccountUse.PERSON, id="administrator with mail"),
        pytest.param({"id": "admin", "license_ids": ["sku"]}, AccountUse.PERSON, id="administrator with license"),
        pytest.param({"id": "admin"}, AccountUse.ADMINISTRATION, id="an administrator's second account"),
        pytest.param({"id": "dem", "mail": "d@contoso.example"}, AccountUse.ENROLLMENT, id="enrollment manager"),
        pytest.param({"id": "sync"}, AccountUse.DIRECTORY_SYNC, id="directory synchronization"),
        pytest.param({"license_ids": ["room"]}, AccountUse.SHARED, id="a room"),
        pytest.param({"mail": "x@contoso.example", "is_enabled": False}, AccountUse.PERSON, id="perhaps shared"),
    ],
)
def test_accounts_are_people_unless_they_are_known_to_be_for_something_else(
    user: dict[str, object], expected: AccountUse
) -> None:
    made = User(**{"id": "u", "name": "Somebody", "username": "u@contoso.example", **user})  # type: ignore[arg-type]

    use = account_use(
        made,
        MailboxData(part_numbers={"room": "Microsoft_Teams_Rooms_Pro"}),
        sync_accounts={"sync"},
        administrators={"admin", "dem"},
        managers={"dem"},
    )

    assert use is expected


def test_who_enrolls_devices_of_others_is_known_by_these_devices() -> None:
    devices = [
        managed("1", user_id="dem", enrollment="deviceEnrollmentManager"),
        managed("2", user_id="ana", enrollment="windowsAzureADJoin"),
        managed("3", enrollment="deviceEnrollmentManager"),
    ]

    assert enrollment_managers(devices) == {"dem"}
