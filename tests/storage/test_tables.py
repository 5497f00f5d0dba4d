"""Azure Tables as we use them: one winner, all or nothing, and limits of our own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.identity import ManagedIdentityCredential

from shared.bulk import BulkTable
from shared.settings import NotConfigured
from shared.tables import (
    Row,
    RowChanged,
    RowExists,
    RowNotStorable,
    StorageUnavailable,
    Table,
    Tables,
    chunks,
    delete,
    end_of,
    insert,
    replace,
    upsert,
)
from tests.storage.ways import bearer_only, bulk_by_token, bulk_losing, sdk_losing


@pytest.fixture
def tables(storage: str) -> Tables:
    return Tables.connect(storage, "", ManagedIdentityCredential)


AnyTable = Table | BulkTable


@pytest.fixture(params=["sdk", "bulk", "bulk by token"])
def table(request: pytest.FixtureRequest, tables: Tables, storage: str, tmp_path: Path) -> Iterator[AnyTable]:
    if request.param != "bulk by token":
        yield tables.table("things") if request.param == "sdk" else tables.bulk("things")
        return
    with bearer_only(storage, tmp_path) as (endpoint, ca_file):
        yield bulk_by_token(endpoint, ca_file)


def row(key: str = "k", **values: Any) -> Row:
    return Row("p", key, values or {"name": "x"})


def test_a_table_that_is_not_there_is_empty_and_made_when_written(table: AnyTable) -> None:
    assert table.get("p", "k") is None
    assert table.range("p") == []

    table.write(insert(row()))

    assert table.get("p", "k").text("name") == "x"  # type: ignore[union-attr]


def test_values_come_back_as_they_were(table: AnyTable) -> None:
    values = {"text": "Zoë 😀", "number": 2**40, "yes": True, "half": 0.5, "raw": b"\x00\x01", "empty": ""}
    table.write(insert(row(**values)))

    stored = table.get("p", "k")

    assert {name: stored.values[name] for name in values} == values  # type: ignore[union-attr]


def test_an_insert_meets_what_is_there(table: AnyTable) -> None:
    table.write(insert(row()))

    with pytest.raises(RowExists):
        table.write(insert(row()))


def test_a_write_holds_only_at_the_version_that_was_read(table: AnyTable) -> None:
    table.write(insert(row()))
    read = table.get("p", "k")
    table.write(replace(Row("p", "k", {"name": "y"}, read.etag)))  # type: ignore[union-attr]

    for write in (replace, delete):
        with pytest.raises(RowChanged):
            table.write(write(Row("p", "k", {"name": "z"}, read.etag)))  # type: ignore[union-attr]
    with pytest.raises(RowChanged):
        table.write(replace(Row("p", "absent", {"name": "z"})))
    assert table.get("p", "k").text("name") == "y"  # type: ignore[union-attr]


def test_the_new_version_is_returned_and_good_for_the_next_write(table: AnyTable) -> None:
    first = table.write(insert(row()))
    second = table.write(replace(Row("p", "k", {"name": "y"}, first)), upsert(row("other")))

    table.write(replace(Row("p", "k", {"name": "z"}, second)))

    assert table.get("p", "k").text("name") == "z"  # type: ignore[union-attr]


def test_a_transaction_is_whole_or_absent(table: AnyTable) -> None:
    table.write(insert(row("taken")))

    with pytest.raises(RowExists):
        table.write(insert(row("a")), insert(row("taken")), insert(row("b")))

    assert [it.key for it in table.range("p")] == ["taken"]


def test_of_many_writers_one_wins(table: AnyTable) -> None:
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


def test_ranges_and_prefixes_are_in_key_order_and_bounded(table: AnyTable) -> None:
    table.write(*(insert(row(key)) for key in ("a:1", "a:2", "b:1", "!first")))

    assert [it.key for it in table.range("p")] == ["!first", "a:1", "a:2", "b:1"]
    assert [it.key for it in table.prefix("p", "a:")] == ["a:1", "a:2"]
    assert [it.key for it in table.range("p", "a:2")] == ["a:2", "b:1"]
    assert [it.key for it in table.range("p", limit=2)] == ["!first", "a:1"]
    chosen = table.prefix("p", "a:", columns=["name"])
    assert [dict(it.values) for it in chosen] == [{"name": "x"}] * 2
    assert end_of("a:") == "a;"


def test_more_rows_than_a_page_are_all_read(table: AnyTable) -> None:
    for part in chunks([upsert(row(f"{number:05d}")) for number in range(2300)]):
        table.write(*part)

    assert len(table.range("p")) == 2300


def test_a_quote_in_a_key_is_a_quote(table: AnyTable) -> None:
    table.write(insert(row("it's")))
    table.write(insert(Row("' or PartitionKey ne '", "k", {"name": "other"})))

    assert [it.key for it in table.range("p", "it's")] == ["it's"]
    assert len(table.range("' or PartitionKey ne '")) == 1


@pytest.mark.parametrize(
    "key", ["a/b", "a\\b", "a#b", "a?b", "a%b", "a\tb", "a\x7fb", "\ud800", "x" * 513, "\x85"], ids=ascii
)
def test_keys_azure_forbids_never_leave(table: AnyTable, key: str) -> None:
    for call in (lambda: table.get("p", key), lambda: table.write(insert(row(key))), lambda: table.get(key, "k")):
        with pytest.raises(RowNotStorable):
            call()


def test_limits_the_emulator_lets_pass_are_ours(table: AnyTable) -> None:
    refused: list[dict[str, Any]] = [
        {"name": "x" * (32 * 1024 + 1)},
        {"name": "😀" * (16 * 1024 + 1)},  # two UTF-16 characters each
        {"name": "half a character: \ud83d"},
        {"raw": b"x" * (64 * 1024 + 1)},
        {"number": 2**63},
        {"number": float("nan")},
        {f"c{number}": 1 for number in range(252)},  # and the operation id is the 253rd
        {f"c{number}": "x" * 30_000 for number in range(18)},
    ]
    for values in refused:
        with pytest.raises(RowNotStorable):
            table.write(insert(row(**values)))
    with pytest.raises(RowNotStorable):
        table.write(insert(Row("p", "k")), insert(Row("q", "k")))
    for count in (0, 101):
        with pytest.raises(RowNotStorable):
            table.write(*(upsert(row(str(number))) for number in range(count)))
    with pytest.raises(RowNotStorable):
        table.write(*(upsert(row(str(number), **{f"c{n}": "x" * 30_000 for n in range(8)})) for number in range(12)))


def test_the_largest_values_azure_takes_are_taken(table: AnyTable) -> None:
    values: dict[str, Any] = {"text": "é" * 32 * 1024, "raw": b"x" * 64 * 1024, "least": -(2**63), "most": 2**63 - 1}
    table.write(insert(row(**values)), insert(row("wide", **{f"c{number}": True for number in range(251)})))

    assert {name: table.get("p", "k").values[name] for name in values} == values  # type: ignore[union-attr]
    assert len(table.get("p", "wide").values) == 252  # type: ignore[union-attr]


def test_one_row_twice_in_a_transaction_is_a_fault_of_ours(table: AnyTable) -> None:
    with pytest.raises(RowNotStorable):
        table.write(upsert(row("k", name="one")), upsert(row("k", name="two")))


def test_chunks_fit_a_transaction_in_number_and_size() -> None:
    small = list(chunks([upsert(row(str(number))) for number in range(250)], spare=1))
    large = list(chunks([upsert(row(str(number), name="x" * 30_000)) for number in range(200)]))

    assert [len(part) for part in small] == [99, 99, 52]
    assert max(len(part) for part in large) * 60_000 < 4 * 1024 * 1024
    assert list(chunks([])) == []


Losing = Callable[..., AnyTable]


@pytest.fixture(params=[sdk_losing, bulk_losing], ids=["sdk", "bulk"])
def losing(request: pytest.FixtureRequest, storage: str) -> Losing:
    """Makes a table whose answers to transactions get lost, after something else happened meanwhile."""

    def make(*faults: str, meanwhile: Callable[[], None] = lambda: None) -> AnyTable:
        return request.param(storage, list(faults), meanwhile)

    return make


@pytest.mark.parametrize("fault", ["lost", "busy"])
def test_a_write_whose_answer_was_lost_is_known_to_be_ours(losing: Losing, fault: str) -> None:
    losing().write(insert(row("there")))
    etag = losing(fault).write(insert(row()), insert(row("other")))

    losing().write(replace(Row("p", "k", {"name": "y"}, etag)))

    assert losing().get("p", "k").text("name") == "y"  # type: ignore[union-attr]


def test_a_delete_whose_answer_was_lost_is_done(losing: Losing) -> None:
    losing().write(insert(row()))
    losing("lost").write(delete(row()))

    assert losing().get("p", "k") is None


def test_a_true_conflict_stays_one_after_a_lost_answer(losing: Losing) -> None:
    losing().write(insert(row()))
    read = losing().get("p", "k")
    beaten = losing("lost", meanwhile=lambda: str(losing().write(upsert(row(name="somebody else")))))

    with pytest.raises(RowChanged):
        beaten.write(replace(Row("p", "k", {"name": "mine"}, read.etag)))  # type: ignore[union-attr]
    assert losing().get("p", "k").text("name") == "somebody else"  # type: ignore[union-attr]


def test_storage_that_never_says_is_out(losing: Losing) -> None:
    with pytest.raises(StorageUnavailable):
        losing("busy", "lost", "lost").write(upsert(row()))


def test_storage_that_is_out_is_said_to_be_out() -> None:
    connection = (
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
        "BlobEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a;"
    )
    tables = Tables.connect(connection, "", ManagedIdentityCredential)

    with pytest.raises(StorageUnavailable):
        tables.ready()
    for table in (tables.table("things"), tables.bulk("things")):
        with pytest.raises(StorageUnavailable):
            table.get("p", "k")
        with pytest.raises(StorageUnavailable):
            table.write(insert(row()))


def test_in_azure_the_account_is_reached_by_identity() -> None:
    tables = Tables.connect("", "myaccount", lambda: ManagedIdentityCredential())  # noqa: PLW0108

    assert tables.table("x") is not None
    assert tables.bulk("x")._account.endpoint == "https://myaccount.table.core.windows.net"


@pytest.mark.parametrize("connection", ["AccountName=a", "AccountName=a;AccountKey=???", "nonsense"])
def test_a_connection_string_without_a_key_is_told_as_a_setting(connection: str) -> None:
    with pytest.raises(NotConfigured):
        Tables.connect(connection, "", ManagedIdentityCredential)
