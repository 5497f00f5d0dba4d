"""Connections are used again when that is safe, and only then."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.http.client import HttpClient, Unreachable
from tests.shared.http.serving import complete_response, sending, serving
from tests.shared.http.test_response_head import TRAILED, response_of
from tests.waiting import HANGS_S


def test_connections_are_used_again_and_keep_no_old_deadline() -> None:
    peers = set()

    def script(peer: socket.socket, head: bytes) -> None:
        peers.add(peer.getpeername())
        time.sleep(1.3 if b"/slow" in head else 0)
        peer.sendall(complete_response(b"done"))

    client = HttpClient()
    with serving(script) as url:
        client.send("GET", url, within_s=1.0)
        assert client.send("GET", f"{url}slow", within_s=HANGS_S).body == b"done"

    assert len(peers) == 1


@pytest.mark.parametrize(
    "last_response",
    [
        pytest.param(complete_response(b"done", "Connection: close"), id="announced"),
        pytest.param(complete_response(b"done"), id="unannounced"),
    ],
)
def test_a_server_that_hangs_up_after_its_answer_is_called_anew(last_response: bytes) -> None:
    client = HttpClient()
    with serving(sending(last_response, close=True)) as url:
        for _ in range(3):
            assert client.send("GET", url).body == b"done"
            time.sleep(0.05)  # until the end has come through


def test_many_threads_have_a_connection_each_and_share_what_is_free() -> None:
    peers, eight = set(), threading.Barrier(8, timeout=HANGS_S)

    def script(peer: socket.socket, head: bytes) -> None:
        peers.add(peer.getpeername())
        eight.wait()
        peer.sendall(complete_response(head.split()[1]))

    with serving(script) as url, ThreadPoolExecutor(8) as pool:
        client = HttpClient()
        targets = [f"/{number}" for number in range(80)]
        bodies = list(pool.map(lambda it: client.send("GET", f"{url}{it[1:]}").body.decode(), targets))

    assert bodies == targets
    assert len(peers) == 8


def test_an_answer_that_was_given_up_is_never_taken_for_the_next_one() -> None:
    def script(peer: socket.socket, head: bytes) -> None:
        time.sleep(0.4 if b"/late" in head else 0)
        peer.sendall(complete_response(head.split()[1]))

    with serving(script) as url:
        client = HttpClient()
        with pytest.raises(Unreachable, match="too slowly"):
            client.send("GET", f"{url}late", within_s=0.2)
        time.sleep(0.4)
        assert client.send("GET", f"{url}next").body == b"/next"


@pytest.mark.parametrize(
    ("response", "body"),
    [
        pytest.param(response_of(b"Transfer-Encoding: Chunked", body=TRAILED), b"done", id="chunks"),
        pytest.param(b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n" + complete_response(b"done"), b"done", id="after 100"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", id="304 with a length"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\ndone", b"done", id="no reason"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 4\n\ndone", b"done", id="bare line feeds"),
    ],
)  # fmt: skip
def test_each_way_to_end_an_answer_leaves_the_connection_for_the_next(response: bytes, body: bytes) -> None:
    peers = set()

    def script(peer: socket.socket, _: bytes) -> None:
        peers.add(peer.getpeername())
        peer.sendall(response)

    client = HttpClient()
    with serving(script) as url:
        assert [client.send("GET", url).body for _ in range(2)] == [body] * 2
    assert len(peers) == 1
