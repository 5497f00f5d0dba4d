"""Which device an asset is when keys disagree, what it was known by is lost, or people decided."""

import pytest

from integrations.domain.assets.inputs import IntuneState
from integrations.domain.assets.links import LinkKey, ReviewKind
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.assets.settings import AssetLinkSettings
from tests.domain.assets.fleets import FleetWorld, ago, asset, fleet, listed, managed, ran


def test_a_device_that_two_keys_give_to_two_assets_is_a_conflict() -> None:
    made = ran(
        asset("one", serial="SER123"),
        asset("two", entra_device_id="dev"),
        managed("m", serial="SER123", device_id="dev"),
    )

    assert [made.status(it).review is not None for it in ("one", "two")] == [True, True]
    assert not any(made.link(it) for it in ("one", "two"))


def test_an_asset_whose_two_serial_numbers_are_of_two_devices_is_a_conflict() -> None:
    made = ran(
        asset("pc", serial="SER123", bios_serial="SER999"), managed("m", serial="SER123"), managed("n", serial="SER999")
    )

    review = made.status("pc").review
    assert review is not None
    assert (review.kind, review.device_ids) == (ReviewKind.SEVERAL_DEVICES, ["m", "n"])


def test_a_weaker_key_that_leads_elsewhere_does_not_override() -> None:
    made = ran(
        asset("pc", serial="SER123", entra_device_id="dev"), managed("m", serial="SER123"), listed("d", device_id="dev")
    )

    link = made.link("pc")
    assert link is not None
    assert (link.device_id, link.confidence) == ("m", 0.95)


def test_the_id_of_an_older_record_means_the_same_device() -> None:
    made = ran(
        asset("pc", intune_device_id="old"),
        managed("old", serial="SER123", last_sync_at=ago(50)),
        managed("new", serial="SER123"),
    )

    link = made.link("pc")
    assert link is not None
    assert (link.device_id, link.how) == ("new", LinkKey.INTUNE_DEVICE_ID)


def test_a_link_stays_while_what_it_was_made_by_is_not_known_any_more_and_ends_when_it_is_another() -> None:
    made = ran(asset("pc", serial="SER123"), managed("m", serial="SER123"))
    before = made.link("pc")

    made.changes("pc", serial=None)
    assert made.run().is_empty
    made.changes("pc", serial="SER777")
    made.run()
    assert before is not None
    assert made.link("pc") is None


def test_a_link_stays_when_intune_is_not_licensed_any_more() -> None:
    made = ran(
        asset("pc", serial="SER123"), listed("d", device_id="dev"), managed("m", serial="SER123", device_id="dev")
    )

    made.intune.clear()
    made.intune_state = IntuneState.UNLICENSED
    made.run()

    link = made.link("pc")
    assert link is not None
    assert (link.device_id, link.how, link.evidence[0].value) == ("d", LinkKey.SERIAL, "SER123")


@pytest.mark.parametrize("how", ["the account says", "three devices show"])
def test_a_link_ends_when_its_serial_number_turns_out_to_identify_nothing(how: str) -> None:
    made = ran(asset("pc", serial="SER123"), managed("m", serial="SER123"))
    made.changes("pc", serial=None)

    if how == "the account says":
        made.settings = AssetLinkSettings(junk_serials=["SER123"])
    else:
        made.has(managed("m2", serial="SER123"), managed("m3", serial="SER123"))
    made.run()

    assert made.link("pc") is None


def test_a_serial_number_that_somebody_vouches_for_counts_whoever_shares_it() -> None:
    made = fleet(asset("pc", serial="SER123"), *(managed(f"m{it}", serial="SER123") for it in range(4)))
    made.settings = AssetLinkSettings(good_serials=["SER123"])
    made.run()

    review = made.status("pc").review
    assert review is not None
    assert len(review.device_ids) == 4


def test_records_of_a_device_set_up_anew_again_and_again_are_no_shared_serial_number() -> None:
    records = [
        managed(f"m{it}", serial="SER123", enrolled_at=ago(20 - it), last_sync_at=ago(19.5 - it)) for it in range(5)
    ]
    made = fleet(asset("pc", serial="SER123"), *records)

    assert made.run().shared_serials == {}
    assert made.device("pc") == "m4"


def test_nothing_is_planned_while_the_devices_are_not_current() -> None:
    made = ran(asset("pc", serial="SER123"), managed("m", serial="SER123"))
    made.intune.clear()
    made.is_current = False

    assert made.run().is_empty


def test_a_name_that_several_have_is_not_proposed() -> None:
    made = ran(asset("pc", name="PC"), managed("m", name="PC"), managed("n", name="PC"))
    assert made.status("pc").reason is NoEndUserReason.NAME_NOT_UNIQUE

    made = ran(asset("pc", name="PC"), asset("pc2", name="PC"), managed("m", name="PC"))
    assert made.status("pc").reason is NoEndUserReason.NAME_NOT_UNIQUE


@pytest.mark.parametrize(
    ("of_asset", "of_device"),
    [
        ({"last_seen_at": ago(30)}, {}),
        ({"last_seen_at": None}, {}),
        ({}, {"last_sync_at": ago(30)}),
        ({"os": "Ubuntu 24.04"}, {}),
        ({"os": None}, {}),
        ({"serial": "SER123"}, {"serial": "SER999"}),
        ({}, {"state": "wipePending"}),
    ],
)
def test_a_name_is_not_proposed_for_what_was_not_seen_lately_or_is_something_else(of_asset, of_device) -> None:
    made = ran(asset("pc", name="PC", **of_asset), managed("m", name="PC", **of_device))

    assert made.status("pc").review is None


def test_a_device_that_is_claimed_is_proposed_to_nobody() -> None:
    made = ran(
        asset("pc", serial="SER123", name="OTHER"),
        asset("namesake", name="PC"),
        managed("m", name="PC", serial="SER123"),
    )

    assert (made.device("pc"), made.status("namesake").review) == ("m", None)


def test_a_person_s_link_stands_whatever_the_keys_say_and_is_a_conflict_for_whom_they_mean() -> None:
    made = fleet(asset("pc", serial="SER123"), asset("real", serial="SER999"), managed("m", serial="SER999"))
    made.links("pc", "m")
    made.run()

    link = made.link("pc")
    assert link is not None
    assert (link.how, link.confidence, link.by) == (LinkKey.MANUAL, 1.0, "tech")
    review = made.status("real").review
    assert review is not None
    assert review.rivals == ["pc"]


def rivals() -> FleetWorld:
    """Two assets with the serial number of one device, in conflict until somebody links the first one."""
    made = fleet(asset("pc", serial="SER123"), asset("twin", serial="SER123"), managed("m", serial="SER123"))
    made.run()
    made.links("pc", "m")
    return made


def test_the_rival_of_an_asset_that_somebody_linked_is_in_conflict_no_more() -> None:
    made = rivals()
    assert made.status("twin").reason is NoEndUserReason.CONFLICT

    made.run()

    assert (made.status("twin").review, made.status("twin").link) == (None, None)
    assert made.status("twin").reason is NoEndUserReason.ANOTHER_ASSET


def test_the_rival_of_an_asset_that_somebody_linked_is_the_device_that_its_other_keys_mean() -> None:
    made = rivals().has(managed("n", device_id="dev"))
    made.changes("twin", entra_device_id="dev")
    made.run()

    assert (made.device("pc"), made.device("twin")) == ("m", "n")


def test_rivals_are_in_conflict_again_once_the_link_is_undone() -> None:
    made = rivals()
    made.run()
    made.manual.clear()
    made.has(asset("third", serial="SER123"))

    made.run()

    assert made.status("twin").reason is made.status("third").reason is NoEndUserReason.CONFLICT


def test_a_link_that_an_asset_would_keep_is_another_one_s_once_somebody_says_so() -> None:
    made = ran(asset("pc", serial="SER123"), asset("other"), managed("m", serial="SER123"))
    made.changes("pc", serial=None)
    made.run()
    assert made.device("pc") == "m"
    made.changes("other", serial="SER123")
    made.links("other", "m")

    made.run()

    assert (made.device("other"), made.device("pc")) == ("m", None)
    assert made.status("pc").reason is NoEndUserReason.NO_KEYS
    assert made.run().is_empty


def test_a_person_s_link_follows_a_device_set_up_anew_and_is_marked_but_never_ends() -> None:
    made = fleet(asset("pc"), managed("m", serial="SER123"))
    made.links("pc", "m", serial="SER123")
    made.run()

    made.intune.clear()
    made.has(managed("new", serial="SER123"))
    made.run()
    assert made.device("pc") == "new"
    made.intune.clear()
    gone_at = made.now
    made.run()
    made.now = ago(-90)
    made.run()
    link = made.link("pc")
    assert link is not None
    assert (link.device_id, link.stale_since) == ("m", gone_at)
    assert made.status("pc").reason is NoEndUserReason.DEVICE_GONE


def test_a_stale_link_is_kept_beside_a_proposal_by_name_and_ends_when_it_is_undone() -> None:
    made = ran(asset("pc", serial="SER123", name="PC"), managed("m", serial="SER123"))
    made.intune.clear()
    made.has(managed("n", name="PC"))
    made.run()
    review = made.status("pc").review
    assert review is not None
    assert (made.device("pc"), review.device_ids) == ("m", ["n"])

    made.undoes("pc")
    made.run()
    assert made.link("pc") is None


def test_a_proposal_that_was_refused_is_not_made_again() -> None:
    made = ran(asset("pc", serial="SER123", name="PC"), managed("m", serial="SER123", name="PC"))
    made.undoes("pc")
    made.changes("pc", serial=None)
    made.run()

    assert (made.status("pc").review, made.status("pc").reason) == (None, NoEndUserReason.UNDONE)
