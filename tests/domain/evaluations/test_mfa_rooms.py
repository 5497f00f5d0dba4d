"""Accounts of rooms and equipment are counted apart from people, and follow what is known of their mailboxes."""

import pytest

from integrations.domain.evaluations.mfa import MFA, MfaRow
from integrations.domain.security.mfa_counts import mfa_counts
from tests.domain.evaluations.in_memory import Follower, Memory, whole
from tests.domain.evaluations.mfa_rows import account, mailboxes_of, rows_of
from tests.domain.security.mfa_worlds import World

PEOPLE = [account(it, mail=f"{it}@contoso.com", is_enabled=True) for it in ("ada", "board", "hall", "desk", "van")]
OFF = account("old-room", is_enabled=False)
PURPOSES = {"ada": "user", "board": "room", "van": "equipment", "desk": "shared", "hall": None, "old-room": "room"}


def rooms_in(rows: dict[str, object]) -> set[str]:
    return {key for key, it in rows.items() if isinstance(it, MfaRow) and it.counted_as.value == "room"}


def test_rooms_and_equipment_are_counted_apart_and_what_is_not_sure_stays_a_person() -> None:
    data = rows_of(World(), [*PEOPLE, OFF], purposes=PURPOSES, rooms=["HALL@contoso.com"])
    reading = MFA.result(Memory(data), MFA.everything).reading

    assert {it.key for it in reading.records if it.kind == "room"} == {"board", "van", "hall"}
    kinds = [it.kind for it in reading.records]
    counted = mfa_counts({kind: kinds.count(kind) for kind in kinds})
    assert (counted.people.total, counted.rooms, counted.disabled) == (2, 3, 1)


@pytest.mark.parametrize(
    ("purposes", "rooms", "expected"),
    [
        pytest.param(None, None, set(), id="nothing may be read"),
        pytest.param(PURPOSES, None, {"board", "van"}, id="rooms may not be read"),
        pytest.param(None, ["hall@contoso.com", "x@contoso.com"], {"hall"}, id="purposes may not be read"),
        pytest.param({"hall": "shared"}, ["hall@contoso.com"], set(), id="Exchange says that it is something else"),
        pytest.param({"hall": "hologram"}, ["hall@contoso.com"], {"hall"}, id="a word that nobody knows says nothing"),
    ],
)
def test_what_could_not_be_read_makes_nobody_a_room(purposes, rooms, expected) -> None:
    assert rooms_in(whole(MFA, rows_of(World(), [*PEOPLE, OFF], purposes=purposes, rooms=rooms))) == expected


def test_another_purpose_decides_about_that_account_alone() -> None:
    crowd = [account(f"crowd-{number}") for number in range(300)]
    known = PURPOSES | {it.id: "user" for it in crowd}
    follower = Follower(MFA, rows_of(World(), [*PEOPLE, *crowd], purposes=known, rooms=[]))
    follower.change("mailbox_purposes", mailboxes_of(known | {"ada": "room", "crowd-7": None}))
    memory = follower.evaluate()

    assert set(memory.read_derived) == {"ada"}
    assert not {"users", "mailbox_purposes"} & set(memory.read_whole)
    assert rooms_in(follower.own) == {"ada", "board", "van"}
    assert follower.own == whole(MFA, follower.data)


def test_a_room_that_is_a_persons_again_is_counted_among_people() -> None:
    follower = Follower(MFA, rows_of(World(), PEOPLE, purposes=PURPOSES, rooms=["hall@contoso.com"]))
    follower.change("mailbox_purposes", mailboxes_of(PURPOSES | {"board": "user"}))
    follower.evaluate()
    without_purpose = rooms_in(follower.own)
    follower.change("rooms", {})
    follower.evaluate()

    assert (without_purpose, rooms_in(follower.own)) == ({"van", "hall"}, {"van"})
