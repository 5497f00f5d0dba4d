"""An Organization's people on real tables: one order of changes, whoever writes."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from azure.identity import ManagedIdentityCredential

from integrations.domain.ids import AccountId, OrganizationId, new_end_user_id
from integrations.domain.people.changes import ChangedBy, Departure
from integrations.domain.people.end_user import EndUser, new_end_user
from integrations.storage.control import VersionConflict
from integrations.storage.people import OrganizationPeople, PeopleBatch, organizations_with_people
from shared.storage.tables import Tables

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
ACCOUNT = AccountId("acct_northwind")
ACME = OrganizationId("org_" + "a" * 20)


@pytest.fixture
def tables(storage: str) -> Tables:
    return Tables.connect(storage, "", ManagedIdentityCredential)


@pytest.fixture
def people(tables: Tables) -> OrganizationPeople:
    return OrganizationPeople(tables, ACCOUNT, ACME)


def begin(people: OrganizationPeople) -> PeopleBatch:
    return people.batch(ChangedBy.PORTAL, NOW)


def person(**values: Any) -> EndUser:
    return new_end_user(new_end_user_id(ACME), ACME, {"name": "Jane", **values}, NOW)


def test_of_two_who_began_at_the_same_time_one_writes(people: OrganizationPeople) -> None:
    for _ in range(2):  # the first of all, and one that finds a head
        first, second = begin(people), begin(people)
        first.add(person())
        second.add(person())
        first.commit()
        with pytest.raises(VersionConflict):
            second.commit()

    assert people.head().sequence == people.head().count == len(list(people.end_users.all())) == 2


def test_a_write_without_a_number_needs_the_newest_state_as_well(people: OrganizationPeople) -> None:
    begun = begin(people)
    begun.add(person())
    begun.commit()
    late, other = begin(people), begin(people)
    other.add(person())
    other.commit()
    late.write(people.end_users.added(person()))

    with pytest.raises(VersionConflict):
        late.commit()
    assert people.head().count == 2


def test_a_batch_goes_on_until_somebody_else_writes(people: OrganizationPeople) -> None:
    batch = begin(people)
    for _ in range(2):
        batch.add(person())
        batch.commit()
    other = begin(people)
    other.add(person())
    other.commit()
    batch.add(person())

    with pytest.raises(VersionConflict):
        batch.commit()
    assert [it.value.sequence for it in people.changes.list()] == [1, 2, 3]


def test_a_batch_says_when_it_is_full(people: OrganizationPeople) -> None:
    batch = begin(people)
    while batch.has_room(3):
        batch.add(person(external_id=f"{batch.head.count}"))
    batch.commit()

    assert people.head().count == 33
    for number in range(34):
        batch.add(person(external_id=f"more {number}"))
    with pytest.raises(AssertionError):
        batch.commit()


def test_external_ids_follow_whoever_has_them(people: OrganizationPeople) -> None:
    batch = begin(people)
    jane, john = batch.add(person(external_id="1")), batch.add(person(external_id="2"))
    batch.commit()
    stored = people.end_users.find_all([jane.id, john.id])
    batch.remove(stored[john.id], Departure.MERGED, merged_into=jane.id)
    batch.save(stored[jane.id], msgspec.structs.replace(jane, external_id="3", merged_external_ids=["2"]))
    batch.commit()

    found = people.of_external_ids(["1", "2", "3"])
    assert {key: (it.end_user_id, it.is_merged) for key, it in found.items()} == {
        "2": (jane.id, True),
        "3": (jane.id, False),
    }
    (last,) = people.end_users.find_all([jane.id]).values()
    batch.remove(last, Departure.DELETED)
    batch.commit()
    assert people.of_external_ids(["1", "2", "3"]) == {}
    assert people.changes.list() == []
    assert people.head().count == 0


def test_an_account_finds_its_own_organizations_only(tables: Tables, people: OrganizationPeople) -> None:
    other = OrganizationId("org_" + "b" * 20)
    for account, organization in ((ACCOUNT, other), (AccountId(f"{ACCOUNT}|x"), ACME), (AccountId("acct_z"), ACME)):
        batch = begin(OrganizationPeople(tables, account, organization))
        batch.add(person())
        batch.commit()

    assert list(organizations_with_people(tables, ACCOUNT)) == [other]
    assert people.is_empty()
    assert list(organizations_with_people(tables, AccountId(f"{ACCOUNT}|x"))) == [ACME]
