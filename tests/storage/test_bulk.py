"""What only the bulk way has: its pages, its rows by many keys, its token, its deadline."""

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from azure.identity import ManagedIdentityCredential

from shared.bulk import BulkTable
from shared.settling import somebody_waits
from shared.storage_account import SharedKey, StorageAccount
from shared.tables import Row, RowNotStorable, StorageUnavailable, Tables, chunks, insert
from shared.web import Response
from tests.storage.ways import Identity, bearer_only, bulk_by_token, cut_off


class Canned:
    """An account that answers what it was told to, and keeps what it was asked."""

    endpoint = "https://canned.table.core.windows.net"

    def __init__(self, *answers: Response) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def send(self, _method: str, path: str, *, query: str = "", **_: Any) -> Response:
        self.asked.append(f"{path}?{query}")
        return self._answers.pop(0)


def test_rows_of_many_keys_come_fourteen_a_request(storage: str) -> None:
    """Azure takes fifteen comparisons in a filter, and the partition is one of them."""
    table = Tables.connect(storage, "", ManagedIdentityCredential).bulk("things")
    for part in chunks([insert(Row("p", f"it's {number:03d}", {"name": str(number)})) for number in range(200)]):
        table.write(*part)
    wanted = [f"it's {number:03d}" for number in range(0, 300, 7)]
    canned = Canned(*[Response(200, {}, b'{"value":[]}')] * 9)

    found = table.find("p", wanted, columns=["name"])
    BulkTable(canned, "things").find("p", wanted)  # type: ignore[arg-type]

    assert [it.key for it in found] == [key for key in wanted if key < "it's 200"]
    assert {it.text("name") for it in found} == {str(number) for number in range(0, 200, 7)}
    assert [query.count("RowKey%20eq") for query in canned.asked] == [14, 14, 14, 1]


def test_a_page_may_be_empty_and_be_followed_by_more() -> None:
    onward = {"x-ms-continuation-nextpartitionkey": "1!4!cA--", "x-ms-continuation-nextrowkey": "1 2"}
    one = b'{"value":[{"PartitionKey":"p","RowKey":"a","name":"x"}]}'
    canned = Canned(Response(200, onward, b'{"value":[]}'), Response(200, onward, one), Response(200, {}, one))

    rows = BulkTable(canned, "things").range("p")  # type: ignore[arg-type]

    assert [row.key for row in rows] == ["a", "a"]
    assert all(it.endswith("&NextPartitionKey=1%214%21cA--&NextRowKey=1%202") for it in canned.asked[1:])


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_storage_refuses_is_a_fault_of_ours(status: int) -> None:
    refusal = Response(status, {}, b'{"odata.error":{"code":"InvalidInput","message":{}}}')
    table = BulkTable(Canned(*[refusal] * 3), "things")  # type: ignore[arg-type]

    with pytest.raises(RowNotStorable):
        table.write(insert(Row("p", "k")))


def test_an_answer_with_too_few_parts_is_no_answer() -> None:
    half = Response(202, {}, b"--x\r\n\r\nHTTP/1.1 204 No Content\r\nETag: e\r\n\r\n")
    none = Response(404, {}, b"")
    table = BulkTable(Canned(half, half, half, none), "things")  # type: ignore[arg-type]

    with pytest.raises(StorageUnavailable):
        table.write(insert(Row("p", "a")), insert(Row("p", "b")))


def test_a_token_is_asked_for_once_and_again_when_it_is_refused(storage: str, tmp_path: Path) -> None:
    with bearer_only(storage, tmp_path) as (endpoint, ca_file):
        cut_off(endpoint)
        steady, renewed = Identity(), Identity(first="withdrawn")
        for identity in (steady, renewed):
            table = bulk_by_token(endpoint, ca_file, identity)
            for number in range(3):
                table.write(insert(Row("p", f"{id(identity)} {number}")))

    assert (steady.asked, renewed.asked) == (1, 2)


def test_a_certificate_nobody_vouches_for_is_refused(storage: str, tmp_path: Path) -> None:
    with bearer_only(storage, tmp_path) as (endpoint, _), pytest.raises(StorageUnavailable):
        bulk_by_token(endpoint, "").get("p", "k")


def test_the_signature_is_the_one_of_the_documentation() -> None:
    """Table: date and resource. Queue: verb, type, our headers in order, resource with its ``comp``."""
    headers = {"x-ms-version": "1", "x-ms-date": "Mon, 23 Nov 2026 07:30:00 GMT", "Content-Type": "application/xml"}
    table, queue = SharedKey("table", "acct", b"key"), SharedKey("queue", "acct", b"key")

    told = [
        table.authorization("POST", "/$batch", "", headers),
        queue.authorization("PUT", "/q/messages", "comp=acl&x=1", headers),
    ]

    # hmac-sha256 of "date\n/acct/$batch" and "PUT\n\ntype\n\nx-ms-date:..\nx-ms-version:1\n/acct/q/messages?comp=acl"
    assert told == [
        "SharedKeyLite acct:WxbVFGAZ81EX6Le01ljUz93m63JVL6wtFzpW9z4ayLQ=",
        "SharedKeyLite acct:EOE7E5hff935p8pxA4CCPauRe1w9D0HI0Ltw9pcEj/Y=",
    ]


def test_a_storage_that_drips_is_given_up(storage: str) -> None:
    """A byte now and then passes every read time-out; the whole exchange has its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stopping = threading.Event()

        def drip() -> None:
            server.settimeout(0.2)
            held = []
            while not stopping.wait(0.3):
                try:
                    held.append(server.accept()[0])
                    held[-1].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                except TimeoutError:
                    pass
                for connection in held:
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        held.remove(connection)
            for connection in held:
                connection.close()

        thread = threading.Thread(target=drip)
        thread.start()
        account = StorageAccount(
            "table", f"http://127.0.0.1:{server.getsockname()[1]}/a", SharedKey("table", "a", b"k")
        )
        began = time.monotonic()
        with somebody_waits(), pytest.raises(StorageUnavailable):
            BulkTable(account, "things").get("p", "k")
        stopping.set()
        thread.join()

    assert time.monotonic() - began < 15
