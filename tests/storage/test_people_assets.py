"""An Organization's assets on real tables: their place in the one order of changes, and whom they belong to."""

import msgspec
import pytest
from azure.identity import ManagedIdentityCredential

from integrations.domain.assets.asset import Asset, AssetAssignment, AssignedBy, assigned
from integrations.domain.ids import AssetId, EndUserId, new_asset_id
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.people import OrganizationPeople
from shared.storage.tables import Tables
from tests.storage.test_people import ACCOUNT, ACME, NOW, begin, person

BOB, ANA = (assigned(None, EndUserId(it), AssignedBy.MANUAL, NOW) for it in ("eu_bob", "eu_ana"))


@pytest.fixture
def people(storage: str) -> OrganizationPeople:
    return OrganizationPeople(Tables.connect(storage, "", ManagedIdentityCredential), ACCOUNT, ACME)


def added(people: OrganizationPeople, external_id: str, assignment: AssetAssignment | None = None) -> Asset:
    asset_id, name = new_asset_id(ACME), f"PC-{external_id}"
    new = Asset(id=asset_id, organization_id=ACME, external_id=external_id, name=name, created_at=NOW, changed_at=NOW)
    batch = begin(people)
    numbered = batch.add_asset(new, assignment)
    batch.commit()
    return numbered


def stored(people: OrganizationPeople, external_id: str) -> Stored[Asset]:
    return people.assets.of_external_ids([external_id])[external_id]


def lines(people: OrganizationPeople) -> list[tuple[int, AssetId]]:
    """The assets' lines in the feed."""
    return [(it.value.sequence, it.value.asset_id) for it in people.assets.changes.list()]


def test_an_asset_is_in_the_feed_once_at_the_last_change_of_it_or_its_assignment(people: OrganizationPeople) -> None:
    first, second = added(people, "1"), added(people, "2")
    assert lines(people) == [(1, first.id), (2, second.id)]

    batch = begin(people)
    batch.assign(stored(people, "1"), BOB)
    batch.commit()
    assert lines(people) == [(2, second.id), (3, first.id)]

    batch = begin(people)
    batch.save_asset(stored(people, "2"), msgspec.structs.replace(second, serial="A"))
    batch.commit()
    assert lines(people) == [(3, first.id), (4, second.id)]
    assert {it.id: it.serial for it in people.assets.all_assets()} == {first.id: None, second.id: "A"}


def test_an_assignment_stays_whatever_the_portal_says_until_it_is_ended(people: OrganizationPeople) -> None:
    first, second = added(people, "1", BOB), added(people, "2", ANA)
    batch = begin(people)
    batch.save_asset(stored(people, "1"), msgspec.structs.replace(first, serial="A"))
    batch.assign(stored(people, "2"), None)
    batch.commit()

    assert dict(people.assets.all_assignments()) == {first.id: BOB}
    assert people.assets.assignments_of([first.id, second.id]) == {first.id: BOB}


def test_of_two_who_assign_at_the_same_time_one_does(people: OrganizationPeople) -> None:
    added(people, "1")
    one, other = begin(people), begin(people)
    one.assign(stored(people, "1"), BOB)
    other.assign(stored(people, "1"), ANA)
    one.commit()

    with pytest.raises(VersionConflict):
        other.commit()
    assert list(people.assets.assignments_of([stored(people, "1").value.id]).values()) == [BOB]


def test_nothing_but_the_deletion_is_left_of_an_asset(people: OrganizationPeople) -> None:
    for assignment in (None, BOB):
        asset = added(people, "1", assignment)
        batch = begin(people)
        batch.remove_asset(stored(people, "1"), is_assigned=assignment is not None)
        batch.commit()

        assert people.assets.of_external_ids(["1"]) == {}
        assert (people.head().assets, lines(people), dict(people.assets.all_assignments())) == (0, [], {})
        assert people.assets.tombstones.list()[-1].value.asset_id == asset.id
    assert {kind.name for kind, _, _ in people.everything()} == {"people_head", "asset_tombstone"}


def test_end_users_have_a_mark_of_their_own_that_assets_leave(people: OrganizationPeople) -> None:
    batch = begin(people)
    batch.add(person())
    batch.commit()
    added(people, "1")

    assert (people.head().sequence, people.head().end_users_sequence) == (2, 1)


def test_assets_are_read_page_by_page_after_any_of_them(people: OrganizationPeople) -> None:
    ids = sorted(added(people, f"{number}", BOB).id for number in range(3))

    assert [it.id for it in people.assets.all_assets(after=ids[0])] == ids[1:]
    assert [it for it, _ in people.assets.all_assignments(after=ids[1])] == ids[2:]
