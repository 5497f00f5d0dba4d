"""Azure Tables as we use them: one winner, all or nothing, and limits of our own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceResponseError
from azure.data.tables import TableServiceClient
from azure.identity import ManagedIdentityCredential

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


@pytest.fixture
def tables(storage: str) -> Tables:
    return Tables.connect(storage, "", ManagedIdentityCredential)


@pytest.fixture
def table(tables: Tables) -> Table:
    return tables.table("things")


def row(key: str = "k", **values: Any) -> Row:
    return Row("p", key, values or {"name": "x"})


def test_a_table_that_is_not_there_is_empty_and_made_when_written(table: Table) -> None:
    assert table.get("p", "k") is None
    assert table.range("p") == []

    table.write(insert(row()))

    assert table.get("p", "k").text("name") == "x"  # type: ignore[union-attr]


def test_values_come_back_as_they_were(table: Table) -> None:
    values = {"text": "Zoë 😀", "number": 2**40, "yes": True, "half": 0.5, "raw": b"\x00\x01", "empty": ""}
    table.write(insert(row(**values)))

    stored = table.get("p", "k")

    assert {name: stored.values[name] for name in values} == values  # type: ignore[union-attr]


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


def test_more_rows_than_a_page_are_all_read(table: Table) -> None:
    for part in chunks([upsert(row(f"{number:05d}")) for number in range(2300)]):
        table.write(*part)

    assert len(table.range("p")) == 2300


def test_a_quote_in_a_key_is_a_quote(table: Table) -> None:
    table.write(insert(row("it's")))
    table.write(insert(Row("' or PartitionKey ne '", "k", {"name": "other"})))

    assert [it.key for it in table.range("p", "it's")] == ["it's"]
    assert len(table.range("' or PartitionKey ne '")) == 1


@pytest.mark.parametrize(
    "key", ["a/b", "a\\b", "a#b", "a?b", "a%b", "a\tb", "a\x7fb", "\ud800", "x" * 513, "\x85"], ids=ascii
)
def test_keys_azure_forbids_never_leave(table: Table, key: str) -> None:
    for call in (lambda: table.get("p", key), lambda: table.write(insert(row(key))), lambda: table.get(key, "k")):
        with pytest.raises(RowNotStorable):
            call()


def test_limits_the_emulator_lets_pass_are_ours(table: Table) -> None:
    too_long, too_big = {"name": "x" * (32 * 1024 + 1)}, {f"c{n}": "x" * 30_000 for n in range(18)}

    for values in (too_long, too_big):
        with pytest.raises(RowNotStorable):
            table.write(insert(row(**values)))
    for count in (0, 101):
        with pytest.raises(RowNotStorable):
            table.write(*(upsert(row(str(number))) for number in range(count)))
    with pytest.raises(RowNotStorable):
        table.write(*(upsert(row(str(number), **{f"c{n}": "x" * 30_000 for n in range(8)})) for number in range(12)))


def test_chunks_fit_a_transaction_in_number_and_size() -> None:
    small = list(chunks([upsert(row(str(number))) for number in range(250)], spare=1))
    large = list(chunks([upsert(row(str(number), name="x" * 30_000)) for number in range(200)]))

    assert [len(part) for part in small] == [99, 99, 52]
    assert max(len(part) for part in large) * 60_000 < 4 * 1024 * 1024
    assert list(chunks([])) == []


class Flaky:
    """The SDK's client, with answers that get lost after the write was done."""

    def __init__(self, client: Any, fails: list[Exception]) -> None:
        self._client = client
        self._fails = fails

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def submit_transaction(self, calls: Any) -> Any:
        answer = self._client.submit_transaction(calls)
        if self._fails:
            raise self._fails.pop()
        return answer


@pytest.fixture
def client(storage: str) -> Iterator[Any]:
    with TableServiceClient.from_connection_string(storage, retry_total=0) as service:
        yield service.create_table("things")


def lost() -> Exception:
    return ServiceResponseError("the answer was lost")


def busy() -> Exception:
    error = HttpResponseError("busy")
    error.status_code = 503
    return error


@pytest.mark.parametrize("fault", [lost, busy])
def test_a_write_whose_answer_was_lost_is_known_to_be_ours(client: Any, fault: Any) -> None:
    table = Table(Flaky(client, [fault()]))  # type: ignore[arg-type]
    etag = table.write(insert(row()), insert(row("other")))

    table.write(replace(Row("p", "k", {"name": "y"}, etag)))

    assert table.get("p", "k").text("name") == "y"  # type: ignore[union-attr]


def test_a_delete_whose_answer_was_lost_is_done(client: Any) -> None:
    Table(client).write(insert(row()))
    Table(Flaky(client, [lost()])).write(delete(row()))  # type: ignore[arg-type]

    assert Table(client).get("p", "k") is None


def test_a_true_conflict_stays_one_after_a_lost_answer(client: Any) -> None:
    Table(client).write(insert(row()))
    read = Table(client).get("p", "k")

    class Beaten(Flaky):
        def submit_transaction(self, calls: Any) -> Any:
            if self._fails:
                Table(self._client).write(upsert(row(name="somebody else")))
                raise self._fails.pop()
            return self._client.submit_transaction(calls)

    with pytest.raises(RowChanged):
        Table(Beaten(client, [lost()])).write(replace(Row("p", "k", {"name": "mine"}, read.etag)))  # type: ignore[arg-type, union-attr]
    assert Table(client).get("p", "k").text("name") == "somebody else"  # type: ignore[union-attr]


def test_storage_that_is_out_is_said_to_be_out() -> None:
    connection = (
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
        "BlobEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a;"
    )
    tables = Tables.connect(connection, "", ManagedIdentityCredential)

    with pytest.raises(StorageUnavailable):
        tables.ready()
    with pytest.raises(StorageUnavailable):
        tables.table("things").get("p", "k")


def test_in_azure_the_account_is_reached_by_identity() -> None:
    assert Tables.connect("", "myaccount", lambda: ManagedIdentityCredential()).table("x") is not None  # noqa: PLW0108
