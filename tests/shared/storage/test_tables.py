"""The contract of a table, whichever client implements it: one winner, all or nothing, order and bounds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared.storage.concurrency_limit import REQUESTS
from shared.storage.rows import Row, RowChanged, RowExists, chunks, delete, end_of, insert, replace, upsert
from shared.storage.table import Table
from tests.shared.storage.clients import BY_TOKEN, CLIENTS, open_table


@pytest.fixture(params=[*CLIENTS, *(client + BY_TOKEN for client in CLIENTS)])
def table(request: pytest.FixtureRequest, storage: str, tmp_path: Path) -> Iterator[Table]:
    with open_table(request.param, storage, tmp_path) as found:
        yield found


def row(key: str = "k", **values: Any) -> Row:
    return Row("p", key, values or {"name": "x"})


def test_a_table_that_is_not_there_is_empty_and_made_when_written(table: Table) -> None:
    assert table.get("p", "k") is None
    assert table.range("p") == []

    table.write(insert(row()))

    assert table.get("p", "k").text("name") == "x"  # type: ignore[union-attr]


def test_who_wrote_a_row_stands_in_it_whatever_the_row_says(table: Table) -> None:
    table.write(insert(row("a", op="mine")), insert(row("b")))
    table.write(upsert(row("c", op="mine")))

    first, second, third = (it.text("op") for it in table.range("p"))

    assert first == second != third != "mine"
    assert len(first) == len(third) == 32


def test_every_request_is_counted(table: Table) -> None:
    """So that a writer of many rows knows whether others ask storage too."""
    before = REQUESTS.sent
    table.range("p")

    assert REQUESTS.sent == before + 1


def test_an_insert_meets_what_is_there(table: Table) -> None:
    table.write(insert(row()))

    with pytest.raises(RowExists):
        table.write(insert(row()))


def test_a_write_holds_only_at_the_version_that_was_read(table: Table) -> None:
    table.write(insert(row()))
    read = table.get("p", "k")
    table.write(replace(Row("p", "k", {"name": "y"}, read.etag)))  # type: ignore[union-attr]

    for write in (replace, delete):
        with pytest.raises(RowChanged):
            table.write(write(Row("p", "k", {"name": "z"}, read.etag)))  # type: ignore[union-attr]
    with pytest.raises(RowChanged):
        table.write(replace(Row("p", "absent", {"name": "z"})))
    assert table.get("p", "k").text("name") == "y"  # type: ignore[union-attr]


@pytest.mark.parametrize("write", [replace, delete], ids=["replace", "delete"])
@pytest.mark.parametrize("others", [0, 1], ids=["alone", "in a transaction"])
def test_what_is_gone_is_neither_replaced_nor_deleted(table: Table, write: Any, others: int) -> None:
    table.write(insert(row("there")))

    with pytest.raises(RowChanged):
        table.write(write(row("gone")), *(upsert(row(str(number))) for number in range(others)))
    assert [it.key for it in table.range("p")] == ["there"]


def test_without_a_version_a_row_is_replaced_and_deleted_as_it_stands(table: Table) -> None:
    table.write(insert(row(name="x", more="y")))

    table.write(replace(row(name="z")))
    assert {name for name in table.get("p", "k").values if name != "op"} == {"name"}  # type: ignore[union-attr]
    table.write(delete(row()))
    assert table.get("p", "k") is None


def test_an_upsert_leaves_nothing_of_the_row_before(table: Table) -> None:
    for writes in ([upsert(row(name="x", more="y"))], [upsert(row(name="z"))]):
        table.write(*writes)

    assert {name for name in table.get("p", "k").values if name != "op"} == {"name"}  # type: ignore[union-attr]


def test_of_many_who_insert_or_delete_one_wins(table: Table) -> None:
    def done(write: Any) -> bool:
        try:
            table.write(write)
        except (RowExists, RowChanged):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        for write in (insert(row()), delete(row())):
            assert sum(pool.map(lambda _, it=write: done(it), range(16))) == 1


def test_the_new_version_is_returned_and_good_for_the_next_write(table: Table) -> None:
    first = table.write(insert(row()))
    second = table.write(replace(Row("p", "k", {"name": "y"}, first)), upsert(row("other")))

    table.write(replace(Row("p", "k", {"name": "z"}, second)))

    assert table.get("p", "k").text("name") == "z"  # type: ignore[union-attr]


def test_a_transaction_is_whole_or_absent(table: Table) -> None:
    table.write(insert(row("taken")))

    with pytest.raises(RowExists):
        table.write(insert(row("a")), insert(row("taken")), insert(row("b")))

    assert [it.key for it in table.range("p")] == ["taken"]


def test_of_many_writers_one_wins(table: Table) -> None:
    table.write(insert(row()))
    read = table.get("p", "k")

    def attempt(number: int) -> bool:
        try:
            table.write(replace(Row("p", "k", {"name": str(number)}, read.etag)))  # type: ignore[union-attr]
        except RowChanged:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(32))) == 1


def test_ranges_and_prefixes_are_in_key_order_and_bounded(table: Table) -> None:
    table.write(*(insert(row(key)) for key in ("a:1", "a:2", "b:1", "!first")))

    assert [it.key for it in table.range("p")] == ["!first", "a:1", "a:2", "b:1"]
    assert [it.key for it in table.prefix("p", "a:")] == ["a:1", "a:2"]
    assert [it.key for it in table.range("p", "a:2")] == ["a:2", "b:1"]
    assert [it.key for it in table.range("p", limit=2)] == ["!first", "a:1"]
    chosen = table.prefix("p", "a:", columns=["name"])
    assert [dict(it.values) for it in chosen] == [{"name": "x"}] * 2
    assert end_of("a:") == "a;"


def test_as_many_rows_come_as_are_wanted(table: Table) -> None:
    table.write(*(insert(row(f"{number:02d}")) for number in range(10)))

    assert [len(table.range("p", limit=most)) for most in (0, 1, 9, 10, 11)] == [0, 1, 9, 10, 10]
    assert len(table.range("p", limit=5_000)) == 10


def test_only_the_columns_come_that_are_wanted(table: Table) -> None:
    table.write(insert(row(name="x", more="y")))

    for columns, names in ((None, {"name", "more", "op"}), (["more"], {"more"}), ([], set()), (["absent"], set())):
        for rows in (table.range("p", columns=columns), table.find("p", ["k"], columns=columns)):
            assert [{name for name, it in found.values.items() if it is not None} for found in rows] == [names]
            assert [(found.partition, found.key, bool(found.etag)) for found in rows] == [("p", "k", True)]


def test_rows_of_many_keys_are_found_in_the_order_of_keys(table: Table) -> None:
    for part in chunks([insert(row(f"it's {number:03d}", name=str(number))) for number in range(60)]):
        table.write(*part)
    wanted = [f"it's {number:03d}" for number in range(0, 90, 2)]

    found = table.find("p", [*reversed(wanted), *wanted], columns=["name"])

    assert [it.key for it in found] == [key for key in wanted if key < "it's 060"]
    assert [it.text("name") for it in found] == [str(number) for number in range(0, 60, 2)]
    assert table.find("p", []) == table.find("other", wanted) == []


def test_more_rows_than_a_page_are_all_read(table: Table) -> None:
    for part in chunks([upsert(row(f"{number:05d}")) for number in range(2300)]):
        table.write(*part)

    assert len(table.range("p")) == 2300


def test_a_quote_in_a_key_is_a_quote(table: Table) -> None:
    table.write(insert(row("it's")))
    table.write(insert(Row("' or PartitionKey ne '", "k", {"name": "other"})))

    assert [it.key for it in table.range("p", "it's")] == ["it's"]
    assert len(table.range("' or PartitionKey ne '")) == 1
