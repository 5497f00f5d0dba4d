"""Many small things in few rows."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.sync.packing import MOST_BYTES, pack, rows_holding, rows_that_may_hold


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


@pytest.mark.parametrize("length", [0, 4000, 40_000])
def test_things_are_found_by_their_keys_in_rows_of_several_parts(length: int) -> None:
    rows = pack({str(it): Thing(str(it), "x" * length) for it in range(60)})
    assert len(rows) >= length // 1000  # the longer, the more parts

    for wanted in [*({str(it)} for it in range(60)), {"3", "44", "absent"}]:
        found = rows_holding(
            {it: rows_that_may_hold(it) for it in wanted},
            lambda keys: {it: rows[it] for it in keys if it in rows},
            lambda row: (it.key for it in row),
        )
        keys = [it.key for row in found for it in row]
        assert len(keys) == len(set(keys))
        assert set(keys) >= wanted - {"absent"}
