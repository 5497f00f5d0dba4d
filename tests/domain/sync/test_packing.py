"""Many small things in few rows."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.sync.packing import MOST_BYTES, pack


class Thing(msgspec.Struct):
    key: str
    text: str = ""


@given(st.sets(st.integers(0, 100_000), max_size=600), st.integers(0, 2000))
def test_nothing_is_lost_and_every_row_fits(numbers: set[int], length: int) -> None:
    things = {str(it): Thing(str(it), "x" * length) for it in numbers}

    rows = pack(things)

    assert sorted(it.key for row in rows.values() for it in row) == sorted(things)
    assert all(len(msgspec.json.encode(row)) <= MOST_BYTES + 100 for row in rows.values())


def test_a_change_of_one_thing_changes_one_row() -> None:
    before = pack({str(it): Thing(str(it)) for it in range(10_000)})
    after = pack({str(it): Thing(str(it), "changed" if it == 77 else "") for it in range(10_000)})

    assert len(before) == 512
    assert sum(before[key] != after[key] for key in before) == 1


def test_a_thing_too_large_for_a_row_has_one_of_its_own() -> None:
    rows = pack({"a": Thing("a", "x" * 40_000), "b": Thing("b")})

    assert sorted(len(row) for row in rows.values()) in ([1, 1], [2])
    assert pack({}) == {}
