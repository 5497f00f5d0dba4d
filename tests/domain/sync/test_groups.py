"""Groups: rows that fit the table, and who is in a group."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.sync.groups import MOST_MEMBERS, everybody_in, join, split
from integrations.domain.sync.records import Group


def group(key: str, *members: str) -> Group:
    return Group(id=key, name=key, members=list(members))


def test_members_of_groups_inside_are_members() -> None:
    groups = {
        it.id: it for it in (group("all", "day", "night", "ann"), group("day", "bob"), group("night", "cem", "ann"))
    }

    assert everybody_in(groups, "all") == {"ann", "bob", "cem"}
    assert everybody_in(groups, "day") == {"bob"}
    assert everybody_in(groups, "unknown") == set()


def test_groups_that_hold_each_other_come_to_an_end() -> None:
    groups = {it.id: it for it in (group("a", "b", "ann"), group("b", "a", "bob"), group("c", "c"))}

    assert everybody_in(groups, "a") == everybody_in(groups, "b") == {"ann", "bob"}
    assert everybody_in(groups, "c") == set()


@given(st.sets(st.integers(0, 5000), max_size=2000))
def test_a_group_comes_out_of_its_rows_as_it_went_in(numbers: set[int]) -> None:
    members = [f"{it:036d}" for it in numbers]
    rows = split(group("g", *members))

    assert list(rows) == ["g", *(f"g:{part}" for part in range(1, len(rows)))]
    assert all(len(row.members) <= MOST_MEMBERS for row in rows.values())
    assert all(len(msgspec.json.encode(row)) < 32_000 for row in rows.values())
    assert join(reversed(rows.values()))["g"].members == sorted(members)
