"""Following changes and evaluating everything come to the same derived rows, whatever changes in whatever order."""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.evaluations.administrators import ADMINISTRATORS
from integrations.domain.evaluations.evaluation import Changes, Evaluation, Result, RowSource
from integrations.domain.evaluations.people_without_mfa import PEOPLE_WITHOUT_MFA
from integrations.domain.security.posture import administrators, first_people, in_order, without_mfa
from integrations.domain.sync.changed_keys import ALL
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.groups import MOST_MEMBERS, join, split
from integrations.domain.sync.packing import pack
from integrations.domain.sync.records import Group
from integrations.domain.sync.security_records import Registration, RegistrationPage, RoleMember
from tests.domain.evaluations.in_memory import Follower, Memory, Rows, whole


class Lamp(msgspec.Struct, frozen=True):
    room: str
    is_on: bool


class Room(msgspec.Struct, frozen=True):
    lamps: int


def _evaluate_rooms(source: RowSource, changes: Changes) -> Result:
    """How many lamps are on in each room: of a room in which something changed, all is counted again."""
    on: Counter[str] = Counter(lamp.room for _, lamp in source.rows("lamps", Lamp) if lamp.is_on)
    keys = changes["lamps"]
    records = [Record(key=room, body=Room(lamps=count)) for room, count in on.items()]
    if keys is ALL:
        return Result(Reading(records=records, is_complete=True))
    gone = [room for room, _ in source.derived(Room) if room not in on]
    return Result(Reading(records=records, removed=gone, is_complete=False))


ROOMS = Evaluation(name="rooms", needs=frozenset({"lamps"}), version=1, evaluate=_evaluate_rooms)

ids = st.sampled_from([f"user-{number}" for number in range(12)])
group_ids = st.sampled_from([f"group-{number}" for number in range(4)])
lamps = st.dictionaries(
    st.sampled_from("abcdef"), st.builds(Lamp, room=st.sampled_from(["hall", "attic"]), is_on=st.booleans())
)
registrations = st.dictionaries(
    ids, st.tuples(st.booleans(), st.sampled_from([None, True, False]), st.booleans(), st.sampled_from("xyz"))
)
roles = st.lists(
    st.tuples(
        st.sampled_from(["Global Administrator", "User Administrator"]), st.one_of(ids, group_ids), st.booleans()
    ),
    max_size=6,
)
groups = st.dictionaries(group_ids, st.lists(st.one_of(ids, group_ids), max_size=4))
data = st.fixed_dictionaries({"lamps": lamps, "registrations": registrations, "roles": roles, "groups": groups})
changes = st.dictionaries(st.sampled_from(["lamps", "registrations", "roles", "groups"]), st.just(True), min_size=1)


def rows_of(made: dict[str, Any]) -> dict[str, Rows]:
    """Rows as syncs store them."""
    people = {
        key: Registration(
            user_id=key, name=key.upper(), username=f"{name}-{key}", is_mfa_registered=is_registered,
            is_mfa_capable=is_registered, is_admin=is_admin, is_guest=is_guest,
        )
        for key, (is_registered, is_admin, is_guest, name) in made["registrations"].items()
    }  # fmt: skip
    members = [
        RoleMember(
            role_id=role, role=role, member_id=member, name=member.title(), username=member,
            kind="group" if member.startswith("group") else "user" if is_user else "application",
        )
        for role, member, is_user in made["roles"]
    ]  # fmt: skip
    return {
        "lamps": made["lamps"],
        "registrations": {key: RegistrationPage(people=some) for key, some in spread(people).items()},
        "roles": {f"{it.role_id}:{it.member_id}": it for it in members},
        "groups": {
            key: row
            for group, inside in made["groups"].items()
            for key, row in split(Group(id=group, name=group, members=inside)).items()
        },
    }


def spread(people: dict[str, Registration]) -> dict[str, list[Registration]]:
    """Several to a row, which one a matter of how many there are: as in ``pack``, with rows that hold few."""
    buckets = 1 if len(people) < 4 else 3
    found: dict[str, list[Registration]] = {}
    for key, it in sorted(people.items()):
        found.setdefault(f"{int(key.split('-')[1]) % buckets}", []).append(it)
    return found


def _follows(evaluation: Evaluation, first: dict[str, Any], then: list[tuple[dict[str, Any], dict[str, bool]]]) -> None:
    follower = Follower(evaluation, rows_of(first))
    for made, which in then:
        now = rows_of(made)
        for dataset in which:
            follower.change(dataset, now[dataset])
        follower.evaluate()

        assert follower.own == whole(evaluation, follower.data)


then = st.lists(st.tuples(data, changes), min_size=1, max_size=4)


@given(data, then)
def test_people_without_mfa_follow_changes(first: dict[str, Any], then: Any) -> None:
    _follows(PEOPLE_WITHOUT_MFA, first, then)


@given(data, then)
def test_administrators_follow_changes(first: dict[str, Any], then: Any) -> None:
    _follows(ADMINISTRATORS, first, then)


@given(data, then)
def test_an_evaluation_of_a_feature_still_to_come_follows_changes(first: dict[str, Any], then: Any) -> None:
    _follows(ROOMS, first, then)


@given(data)
def test_derived_rows_answer_what_the_data_sets_would(made: dict[str, Any]) -> None:
    rows: dict[str, Any] = rows_of(made)
    people = [it for page in rows["registrations"].values() for it in page.people]
    members, known = rows["roles"].values(), join(rows["groups"].values())
    lacking: Any = whole(PEOPLE_WITHOUT_MFA, rows).values()
    admins: Any = whole(ADMINISTRATORS, rows).values()

    assert first_people(it for page in lacking for it in page.people) == without_mfa(people)
    told = [{**msgspec.structs.asdict(it), "registered_in": None} for it in in_order(admins)]
    expected = administrators(members, known, {it.user_id: it for it in people})
    assert told == [{**msgspec.structs.asdict(it), "registered_in": None} for it in expected]


def people_of(count: int, *, without: int = 0) -> Rows:
    found = {
        f"user-{n}": Registration(
            user_id=f"user-{n}", name=f"{n}", username=f"{n:05d}", is_mfa_registered=n >= without, is_mfa_capable=True
        )
        for n in range(count)
    }
    return {key: RegistrationPage(people=some) for key, some in pack(found).items()}


def holders(*members: str) -> Rows:
    return {
        it: RoleMember(role_id="r", role="r", member_id=it, kind="group" if it.startswith("group") else "user")
        for it in members
    }


def test_of_a_hundred_thousand_registrations_those_that_changed_are_read() -> None:
    before, now = people_of(4000, without=3), people_of(4000, without=1)
    changed = {key for key in now if now[key] != before[key]}
    for evaluation in (PEOPLE_WITHOUT_MFA, ADMINISTRATORS):
        follower = Follower(evaluation, {"registrations": dict(before), "roles": holders("user-1", "user-3999")})
        follower.change("registrations", now)
        memory = follower.evaluate()

        assert set(memory.read) == changed
        assert "registrations" not in memory.read_whole


def test_a_new_administrator_is_looked_for_among_all() -> None:
    follower = Follower(ADMINISTRATORS, {"registrations": people_of(40), "roles": holders("user-1")})
    follower.change("roles", holders("user-1", "user-2"))
    memory = follower.evaluate()

    assert "registrations" in memory.read_whole
    assert {key: it.has_mfa for key, it in follower.own.items()} == {"user-1": True, "user-2": True}  # type: ignore[attr-defined]


def test_members_in_further_rows_of_a_large_group_administer_too() -> None:
    members = [f"user-{number:04d}" for number in range(2 * MOST_MEMBERS + 1)]
    rows = split(Group(id="group-1", name="All", members=members))
    found = whole(ADMINISTRATORS, {"groups": dict(rows), "roles": holders("group-1")})

    assert len(rows) == 3
    assert found.keys() == set(members)


def test_groups_that_hold_no_role_are_not_read() -> None:
    everybody = {"group-1": Group(id="group-1", name="1", members=["user-1"])}
    memory = Memory({"groups": everybody, "roles": holders("user-2")})
    ADMINISTRATORS.evaluate(memory, ADMINISTRATORS.everything)

    assert (memory.read, "groups" in memory.read_whole) == ([], False)
