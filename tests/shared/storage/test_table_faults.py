"""Lost, slow and malformed responses of Azure Tables have the same outcome with both clients."""

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
from tests.exhaustive import exhaustive
from tests.shared.storage.clients import CLIENTS, by_key, short_timeouts
from tests.shared.storage.proxy import Proxy, Reply, proxied

Make = Callable[[], Table]


@pytest.fixture
def proxy(storage: str) -> Iterator[Proxy]:
    with proxied(storage) as running:
        yield running


@pytest.fixture(params=[*CLIENTS])
def table(request: pytest.FixtureRequest, proxy: Proxy) -> Table:
    """A table with two rows behind the proxy."""
    opened = CLIENTS[request.param](by_key(proxy.connection))
    opened.write(insert(row("a")), insert(row("b")))
    proxy.requests.clear()
    return opened


def row(key: str, name: str = "x", etag: str = "") -> Row:
    return Row("p", key, {"name": name}, etag)


def names(table: Table) -> dict[str, str]:
    return {it.key: it.text("name") for it in table.range("p")}


LOST = pytest.mark.parametrize("fault", ["lost", *exhaustive("refused", "busy")])
ALONE = pytest.mark.parametrize("others", [0, 1], ids=["alone", "in a transaction"])


@LOST
@ALONE
@pytest.mark.parametrize("how", [insert, upsert, replace, delete], ids=["insert", "upsert", "replace", "delete"])
def test_a_write_whose_answer_was_lost_is_done_once(
    table: Table, proxy: Proxy, fault: str, others: int, how: Callable[[Row], object]
) -> None:
    key = "new" if how is insert else "a"
    version = table.get("p", "a").etag if how in {replace, delete} else ""  # type: ignore[union-attr]
    proxy.faults = [fault]

    etag = table.write(how(row(key, "y", version)), *(upsert(row("c")) for _ in range(others)))  # type: ignore[arg-type]

    assert names(table).get(key) == (None if how is delete else "y")
    if how is not delete:
        table.write(replace(row(key, "z", etag)))
        assert names(table)[key] == "z"


@pytest.mark.parametrize("fault", ["lost", "busy"])
@ALONE
def test_a_true_conflict_stays_one_after_a_lost_answer(table: Table, proxy: Proxy, fault: str, others: int) -> None:
    read = table.get("p", "a")
    proxy.faults, proxy.meanwhile = [fault], lambda: table.write(upsert(row("a", "somebody else")))

    with pytest.raises(RowChanged):
        table.write(replace(row("a", "mine", read.etag)), *(upsert(row("c")) for _ in range(others)))  # type: ignore[union-attr]
    assert names(table)["a"] == "somebody else"


@ALONE
def test_an_insert_that_was_lost_and_taken_away_meanwhile_meets_who_came_then(
    table: Table, proxy: Proxy, others: int
) -> None:
    def somebody_else() -> None:
        table.write(delete(row("new")))
        table.write(insert(row("new", "somebody else")))

    proxy.faults, proxy.meanwhile = ["lost"], somebody_else

    with pytest.raises(RowExists):
        table.write(insert(row("new", "mine")), *(upsert(row("c")) for _ in range(others)))


@LOST
def test_a_row_that_was_not_answered_is_read_again(table: Table, proxy: Proxy, fault: str) -> None:
    for read in (lambda: table.get("p", "a"), lambda: table.range("p")[0], lambda: table.find("p", ["a"])[0]):
        proxy.faults = [fault, fault]
        found = read()
        assert found is not None
        assert found.key == "a"
        assert proxy.faults == []


@LOST
def test_storage_that_never_says_is_out_after_three_tries(table: Table, proxy: Proxy, fault: str) -> None:
    for call in (lambda: table.get("p", "a"), lambda: table.find("p", ["a"]), lambda: table.write(upsert(row("a")))):
        proxy.requests.clear()
        proxy.faults = [fault] * 3
        with pytest.raises(StorageUnavailable):
            call()
        assert len(proxy.requests) == 3


@pytest.mark.parametrize("fault", ["dripping", *exhaustive("hanging")])
@pytest.mark.parametrize("what", ["get", "find", "range", "write"])
def test_storage_that_is_slow_is_given_up_in_time(table: Table, proxy: Proxy, fault: str, what: str) -> None:
    calls = {
        "get": lambda: table.get("p", "a"),
        "find": lambda: table.find("p", ["a"]),
        "range": lambda: table.range("p"),
        "write": lambda: table.write(upsert(row("a"))),
    }
    proxy.faults = [fault] * 3

    with short_timeouts(), pytest.raises(StorageUnavailable):
        calls[what]()

    assert proxy.outlasted == []


def test_an_interactive_caller_gets_an_error_when_storage_hangs(table: Table, proxy: Proxy) -> None:
    proxy.faults = ["hanging"] * 3

    with interactive(), pytest.raises(StorageUnavailable):
        table.get("p", "a")

    assert proxy.outlasted == []
    assert len(proxy.requests) < 3  # a third attempt would exceed the fifteen seconds of an interactive caller


MALFORMED: dict[str, Callable[[Reply], Reply]] = {
    "no JSON": lambda reply: reply._replace(body=b"<html>Gateway</html>"),
    "half of it": lambda reply: reply._replace(body=reply.body[: len(reply.body) // 2]),
    "no text": lambda reply: reply._replace(body=b"\xff\xfe\x00"),
    "a list": lambda reply: reply._replace(body=b"[]"),
    "nothing": lambda reply: reply._replace(body=b""),
    "a row without keys": lambda reply: reply._replace(body=b'{"name":"x","value":[{"name":"x"}]}'),
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_response_counts_as_none(table: Table, proxy: Proxy, malformed: Callable[[Reply], Reply]) -> None:
    for call in (lambda: table.get("p", "a"), lambda: table.range("p")):
        proxy.faults = [malformed]
        assert call()
        proxy.faults = [malformed] * 3
        with pytest.raises(StorageUnavailable):
            call()


def _without_the_last_part(reply: Reply) -> Reply:
    """One part too few for two operations."""
    parts = reply.body.split(b"--changesetresponse")
    return reply._replace(body=b"--changesetresponse".join([*parts[:2], parts[-1]]))


INCOMPLETE: dict[str, Callable[[Reply], Reply]] = {
    "no multipart": lambda _: Reply(202, {"Content-Type": "text/plain"}, b"fine"),
    "no body": lambda reply: reply._replace(body=b""),
    "a part too few": _without_the_last_part,
    "parts that are no HTTP": lambda reply: reply._replace(body=reply.body.replace(b"HTTP/1.1 ", b"SSH-2.0 ")),
}


@pytest.mark.parametrize("incomplete", INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_a_transaction_with_an_incomplete_response_is_retried(
    table: Table, proxy: Proxy, incomplete: Callable[[Reply], Reply]
) -> None:
    proxy.faults = [incomplete]
    etag = table.write(insert(row("c")), insert(row("d")))  # the second attempt recognizes the write of the first

    assert (names(table).keys(), table.get("p", "c").etag) == ({"a", "b", "c", "d"}, etag)  # type: ignore[union-attr]
    proxy.faults = [incomplete] * 3
    with pytest.raises(StorageUnavailable):
        table.write(upsert(row("c")), upsert(row("d")))


@pytest.mark.parametrize("status", [400, 403, *exhaustive(405, 411, 413, 415)])
def test_what_storage_refuses_is_a_bug_of_ours_and_not_retried(table: Table, proxy: Proxy, status: int) -> None:
    refusal = Reply(status, {"Content-Type": "application/json"}, b'{"odata.error":{"code":"InvalidInput"}}')
    calls = (
        lambda: table.get("p", "a"),
        lambda: table.range("p"),
        lambda: table.write(upsert(row("a"))),
        lambda: table.write(upsert(row("a")), upsert(row("b"))),
    )
    for number, call in enumerate(calls, 1):
        proxy.faults = [lambda _: refusal]
        with pytest.raises(RowNotStorable):
            call()
        assert len(proxy.requests) == number


@pytest.mark.parametrize("status", [429, 503, *exhaustive(408, 500, 502, 504)])
def test_transient_errors_are_retried(table: Table, proxy: Proxy, status: int) -> None:
    for body in (b"", b"<h1>Bad Gateway</h1>", b'{"odata.error":{"code":"ServerBusy"}}'):
        proxy.faults = [lambda _, values=body: Reply(status, {"Content-Type": "application/json"}, values)]
        table.write(upsert(row("a")), upsert(row("c")))
        proxy.faults = [lambda _, values=body: Reply(status, {"Content-Type": "text/html"}, values)]
        assert table.get("p", "a") is not None


def test_storage_that_is_out_is_reported() -> None:
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
