"""Azure Tables when it loses answers, is slow, or says what nobody can read: both clients come to the same end."""

from collections.abc import Callable, Iterator

import pytest

from shared.storage.retries import interactive
from shared.storage.rows import (
    Row,
    RowChanged,
    RowExists,
    RowNotStorable,
    StorageUnavailable,
    delete,
    insert,
    replace,
    upsert,
)
from shared.storage.table import Table
from tests.shared.storage.front import Front, Said, front
from tests.shared.storage.ways import WAYS, by_key, short_timeouts

Make = Callable[[], Table]


@pytest.fixture
def before(storage: str) -> Iterator[Front]:
    with front(storage) as found:
        yield found


@pytest.fixture(params=[*WAYS])
def table(request: pytest.FixtureRequest, before: Front) -> Table:
    """A table behind a front that has no faults yet, with two rows."""
    found = WAYS[request.param](by_key(before.connection))
    found.write(insert(row("a")), insert(row("b")))
    before.asked.clear()
    return found


def row(key: str, name: str = "x", etag: str = "") -> Row:
    return Row("p", key, {"name": name}, etag)


def names(table: Table) -> dict[str, str]:
    return {it.key: it.text("name") for it in table.range("p")}


LOST = pytest.mark.parametrize("fault", ["refused", "lost", "busy"])
ALONE = pytest.mark.parametrize("others", [0, 1], ids=["alone", "in a transaction"])


@LOST
@ALONE
@pytest.mark.parametrize("how", [insert, upsert, replace, delete], ids=["insert", "upsert", "replace", "delete"])
def test_a_write_whose_answer_was_lost_is_done_once(
    table: Table, before: Front, fault: str, others: int, how: Callable[[Row], object]
) -> None:
    key = "new" if how is insert else "a"
    version = table.get("p", "a").etag if how in {replace, delete} else ""  # type: ignore[union-attr]
    before.faults = [fault]

    etag = table.write(how(row(key, "y", version)), *(upsert(row("c")) for _ in range(others)))  # type: ignore[arg-type]

    assert names(table).get(key) == (None if how is delete else "y")
    if how is not delete:
        table.write(replace(row(key, "z", etag)))
        assert names(table)[key] == "z"


@pytest.mark.parametrize("fault", ["lost", "busy"])
@ALONE
def test_a_true_conflict_stays_one_after_a_lost_answer(table: Table, before: Front, fault: str, others: int) -> None:
    read = table.get("p", "a")
    before.faults, before.meanwhile = [fault], lambda: table.write(upsert(row("a", "somebody else")))

    with pytest.raises(RowChanged):
        table.write(replace(row("a", "mine", read.etag)), *(upsert(row("c")) for _ in range(others)))  # type: ignore[union-attr]
    assert names(table)["a"] == "somebody else"


@ALONE
def test_an_insert_that_was_lost_and_taken_away_meanwhile_meets_who_came_then(
    table: Table, before: Front, others: int
) -> None:
    def somebody_else() -> None:
        table.write(delete(row("new")))
        table.write(insert(row("new", "somebody else")))

    before.faults, before.meanwhile = ["lost"], somebody_else

    with pytest.raises(RowExists):
        table.write(insert(row("new", "mine")), *(upsert(row("c")) for _ in range(others)))


@LOST
def test_a_row_that_was_not_answered_is_read_again(table: Table, before: Front, fault: str) -> None:
    for read in (lambda: table.get("p", "a"), lambda: table.range("p")[0], lambda: table.find("p", ["a"])[0]):
        before.faults = [fault, fault]
        found = read()
        assert found is not None
        assert found.key == "a"
        assert before.faults == []


@pytest.mark.parametrize("fault", ["refused", "lost", "busy"])
def test_storage_that_never_says_is_out_after_three_tries(table: Table, before: Front, fault: str) -> None:
    for call in (lambda: table.get("p", "a"), lambda: table.find("p", ["a"]), lambda: table.write(upsert(row("a")))):
        before.asked.clear()
        before.faults = [fault] * 3
        with pytest.raises(StorageUnavailable):
            call()
        assert len(before.asked) == 3


@pytest.mark.parametrize("fault", ["hanging", "dripping"])
@pytest.mark.parametrize("what", ["get", "find", "range", "write"])
def test_storage_that_is_slow_is_given_up_in_time(table: Table, before: Front, fault: str, what: str) -> None:
    calls = {
        "get": lambda: table.get("p", "a"),
        "find": lambda: table.find("p", ["a"]),
        "range": lambda: table.range("p"),
        "write": lambda: table.write(upsert(row("a"))),
    }
    before.faults = [fault] * 3

    with short_timeouts(), pytest.raises(StorageUnavailable):
        calls[what]()

    assert before.outlasted == []


def test_somebody_who_waits_is_told_of_a_frozen_storage(table: Table, before: Front) -> None:
    before.faults = ["hanging"] * 3

    with interactive(), pytest.raises(StorageUnavailable):
        table.get("p", "a")

    assert before.outlasted == []
    assert len(before.asked) < 3  # a third try would take longer than the fifteen seconds that somebody waits


UNREADABLE: dict[str, Callable[[Said], Said]] = {
    "no JSON": lambda said: said._replace(body=b"<html>Gateway</html>"),
    "half of it": lambda said: said._replace(body=said.body[: len(said.body) // 2]),
    "no text": lambda said: said._replace(body=b"\xff\xfe\x00"),
    "a list": lambda said: said._replace(body=b"[]"),
    "nothing": lambda said: said._replace(body=b""),
    "a row without keys": lambda said: said._replace(body=b'{"name":"x","value":[{"name":"x"}]}'),
}


@pytest.mark.parametrize("unreadable", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_answer_that_nobody_can_read_is_none(
    table: Table, before: Front, unreadable: Callable[[Said], Said]
) -> None:
    for call in (lambda: table.get("p", "a"), lambda: table.range("p")):
        before.faults = [unreadable]
        assert call()
        before.faults = [unreadable] * 3
        with pytest.raises(StorageUnavailable):
            call()


def _without_the_last_part(said: Said) -> Said:
    """Two operations were asked for, one is answered."""
    parts = said.body.split(b"--changesetresponse")
    return said._replace(body=b"--changesetresponse".join([*parts[:2], parts[-1]]))


TORN: dict[str, Callable[[Said], Said]] = {
    "no multipart": lambda _: Said(202, {"Content-Type": "text/plain"}, b"fine"),
    "no body": lambda said: said._replace(body=b""),
    "a part too few": _without_the_last_part,
    "parts that are no HTTP": lambda said: said._replace(body=said.body.replace(b"HTTP/1.1 ", b"SSH-2.0 ")),
}


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN.keys())
def test_a_transaction_whose_answer_is_torn_is_asked_for_again(
    table: Table, before: Front, torn: Callable[[Said], Said]
) -> None:
    before.faults = [torn]
    etag = table.write(insert(row("c")), insert(row("d")))  # the second try meets the first, and knows it

    assert (names(table).keys(), table.get("p", "c").etag) == ({"a", "b", "c", "d"}, etag)  # type: ignore[union-attr]
    before.faults = [torn] * 3
    with pytest.raises(StorageUnavailable):
        table.write(upsert(row("c")), upsert(row("d")))


@pytest.mark.parametrize("status", [400, 403, 405, 411, 413, 415])
def test_what_storage_refuses_is_a_fault_of_ours_and_not_tried_again(table: Table, before: Front, status: int) -> None:
    refusal = Said(status, {"Content-Type": "application/json"}, b'{"odata.error":{"code":"InvalidInput"}}')
    calls = (
        lambda: table.get("p", "a"),
        lambda: table.range("p"),
        lambda: table.write(upsert(row("a"))),
        lambda: table.write(upsert(row("a")), upsert(row("b"))),
    )
    for number, call in enumerate(calls, 1):
        before.faults = [lambda _: refusal]
        with pytest.raises(RowNotStorable):
            call()
        assert len(before.asked) == number


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(table: Table, before: Front, status: int) -> None:
    for body in (b"", b"<h1>Bad Gateway</h1>", b'{"odata.error":{"code":"ServerBusy"}}'):
        before.faults = [lambda _, told=body: Said(status, {"Content-Type": "application/json"}, told)]
        table.write(upsert(row("a")), upsert(row("c")))
        before.faults = [lambda _, told=body: Said(status, {"Content-Type": "text/html"}, told)]
        assert table.get("p", "a") is not None


def test_storage_that_is_out_is_said_to_be_out() -> None:
    connection = (
        "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
        "BlobEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a;"
    )
    tables = by_key(connection)

    with pytest.raises(StorageUnavailable):
        tables.check_ready()
    for table in (tables.table("things"), tables.rest_table("things")):
        with pytest.raises(StorageUnavailable):
            table.get("p", "k")
        with pytest.raises(StorageUnavailable):
            table.write(insert(row("k")))
