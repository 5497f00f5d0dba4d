"""The way out against servers that drip, cut off, blow up or try to be remembered (A26, A28)."""

import gzip
import os
import socket
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import SplitResult

import pytest

from shared.http.client import HttpClient, Response, Unreachable
from shared.http.connection_pool import ConnectionPool
from tests.shared.http.serving import Script, saying, serving, whole
from tests.waiting import HANGS_S


def ask(url: str, within_s: float = HANGS_S) -> Response:
    return HttpClient().send("GET", url, within_s=within_s)


DRIPS = {
    "a status line": [b"HTTP/1.1 200 OK"] + [b"x"] * 100,
    "headers without end": [b"HTTP/1.1 200 OK\r\n"] + [b"X-A: b\r\n"] * 100,
    "interim answers without end": [b"HTTP/1.1 100 Continue\r\n\r\n"] * 100,
    "a body": [b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"] + [b"x"] * 100,
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n"] * 100,
    "nothing": [b""] * 100,
}


@pytest.mark.parametrize("pieces", DRIPS.values(), ids=DRIPS.keys())
def test_whatever_drips_is_over_at_the_deadline(pieces: list[bytes]) -> None:
    said: list[bytes] = []
    with serving(saying(*pieces, pause_s=0.05, said=said)) as url:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="too slowly"):
            ask(url, 0.4)

        assert time.monotonic() - started > 0.3
        assert len(said) < len(pieces)  # while it went on dripping


def test_a_silence_ends_with_the_call_and_not_later() -> None:
    """Whoever begins to count anew at each byte, as a read time-out does, gives up after 3.5 s only."""
    said: list[bytes] = []
    with serving(saying(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", b"", pause_s=1.5, said=said)) as url:
        with pytest.raises(Unreachable, match="too slowly"):
            ask(url, 2.0)

        assert len(said) == 2


class SlowToConnect(HttpClient):
    def _pool_of(self, parts: SplitResult) -> ConnectionPool:
        time.sleep(0.05)
        return super()._pool_of(parts)


@pytest.mark.parametrize("first", ["short", "patient"])
def test_each_call_has_a_deadline_of_its_own(first: str) -> None:
    client, within_s = SlowToConnect(), {"short": 0.25, "patient": HANGS_S}
    dripping = saying(b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 5, b"Content-Length: 0\r\n\r\n", pause_s=0.1)
    with serving(dripping) as url, ThreadPoolExecutor(2) as pool:
        calls = {}
        for name in sorted(within_s, reverse=first == "short"):
            calls[name] = pool.submit(client.send, "GET", url, within_s=within_s[name])
            time.sleep(0.02)

        assert calls["patient"].result().status == 200
        with pytest.raises(Unreachable):
            calls["short"].result()


def test_connections_are_used_again_and_keep_no_old_deadline() -> None:
    peers = set()

    def script(peer: socket.socket, head: bytes) -> None:
        peers.add(peer.getpeername())
        time.sleep(1.3 if b"/slow" in head else 0)
        peer.sendall(whole(b"done"))

    client = HttpClient()
    with serving(script) as url:
        client.send("GET", url, within_s=1.0)
        assert client.send("GET", f"{url}slow", within_s=HANGS_S).body == b"done"

    assert len(peers) == 1


@pytest.mark.parametrize(
    "farewell",
    [
        pytest.param(whole(b"done", "Connection: close"), id="told"),
        pytest.param(whole(b"done"), id="untold"),
    ],
)
def test_a_server_that_hangs_up_after_its_answer_is_called_anew(farewell: bytes) -> None:
    client = HttpClient()
    with serving(saying(farewell, close=True)) as url:
        for _ in range(3):
            assert client.send("GET", url).body == b"done"
            time.sleep(0.05)  # until the end has come through


def test_many_threads_have_a_connection_each_and_share_what_is_free() -> None:
    peers, eight = set(), threading.Barrier(8, timeout=HANGS_S)

    def script(peer: socket.socket, head: bytes) -> None:
        peers.add(peer.getpeername())
        eight.wait()
        peer.sendall(whole(head.split()[1]))

    with serving(script) as url, ThreadPoolExecutor(8) as pool:
        client = HttpClient()
        asked = [f"/{number}" for number in range(80)]
        told = list(pool.map(lambda it: client.send("GET", f"{url}{it[1:]}").body.decode(), asked))

    assert told == asked
    assert len(peers) == 8


def test_an_answer_that_was_given_up_is_never_taken_for_the_next_one() -> None:
    def script(peer: socket.socket, head: bytes) -> None:
        time.sleep(0.4 if b"/late" in head else 0)
        peer.sendall(whole(head.split()[1]))

    with serving(script) as url:
        client = HttpClient()
        with pytest.raises(Unreachable, match="too slowly"):
            client.send("GET", f"{url}late", within_s=0.2)
        time.sleep(0.4)
        assert client.send("GET", f"{url}next").body == b"/next"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", close=True), id="cut off"),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", close=True), id="cut in a chunk"
        ),
        pytest.param(
            saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n", close=True), id="no chunk size"
        ),
        pytest.param(saying(b"SSH-2.0-OpenSSH\r\n\r\n", close=True), id="another protocol"),
        pytest.param(saying(b"", close=True), id="hung up"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", close=True), id="200 headers"),
        pytest.param(saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, close=True), id="a long header"),
    ],
)
def test_half_an_answer_is_no_answer(script: Script) -> None:
    with serving(script) as url, pytest.raises(Unreachable):
        ask(url)


def test_what_is_packed_in_another_way_than_it_says_is_no_answer() -> None:
    with serving(saying(whole(b"not gzip", "Content-Encoding: gzip"))) as url, pytest.raises(Unreachable):
        HttpClient().send("GET", url, within_s=HANGS_S)


def test_a_small_body_that_unpacks_to_a_huge_one_is_given_up() -> None:
    bomb = gzip.compress(b"\0" * 12_000_000)

    with serving(saying(whole(bomb, "Content-Encoding: gzip"))) as url, pytest.raises(Unreachable, match="larger"):
        ask(url)


@pytest.mark.parametrize("packing", ["br", "zstd", "deflate", "gzip, gzip", "x"])
def test_a_packing_that_was_not_asked_for_is_no_answer(packing: str) -> None:
    with serving(saying(whole(b"body", f"Content-Encoding: {packing}"))) as url, pytest.raises(Unreachable):
        ask(url)


@pytest.mark.parametrize("kept", [1, 100, -9, -8, -1])
def test_a_packed_body_that_is_cut_off_is_no_answer(kept: int) -> None:
    packed = gzip.compress(os.urandom(300))[:kept]

    with serving(saying(whole(packed, "Content-Encoding: gzip"))) as url, pytest.raises(Unreachable):
        ask(url)


def test_packed_bodies_may_follow_each_other_and_be_empty() -> None:
    pieces = [b"", b"a" * 200_000, os.urandom(200_000), b"", b"end"]
    for body in (pieces, [b""], []):
        packed = b"".join(gzip.compress(it) for it in body)
        with serving(saying(whole(packed, "Content-Encoding: gzip"))) as url:
            assert ask(url).body == b"".join(body)


ADDRESSES = [
    "https://evil.example\\@127.0.0.1:{port}/", "http://evil@127.0.0.1:{port}/", "http://a:b@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/a b", "http://127.0.0.1:{port}/a\\b",
    "http://127.0.0.1:{port}/a\tb", "http://127.0.0.1:{port}/\r\nX: y", "/path",
    "http://127.0.0.1:{port}/Zo\u00eb", "ftp://127.0.0.1:{port}/", "http:///path", "http://127.0.0.1:{port}0000/", "",
    "//127.0.0.1:{port}/", "http://127.0.0.1:{port}\u3002evil.example/", "file:///etc/passwd", "http://[::1/",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_nobody_is_called_by_an_odd_address(address: str) -> None:
    heads: list[bytes] = []
    with serving(lambda peer, head: (heads.append(head), peer.sendall(whole(b"")))[1]) as url:
        port = url.rstrip("/").rpartition(":")[2]
        with pytest.raises(Unreachable):
            ask(address.format(port=port))

    assert heads == []


def test_an_address_arrives_as_it_was_written() -> None:
    heads: list[bytes] = []
    target = "things()?$filter=PartitionKey%20eq%20'it''s%2Fhere'&a=%C3%A9&b=*(!)~,;:@$#not-this"
    with serving(lambda peer, head: (heads.append(head), peer.sendall(whole(b"")))[1]) as url:
        ask(f"{url}{target}")
        ask(url.rstrip("/"))
        ask(f"{url.rstrip('/')}?a=b")

    lines = [head.split(b"\r\n")[0].decode() for head in heads]
    assert lines == [f"GET /{target.partition('#')[0]} HTTP/1.1", "GET / HTTP/1.1", "GET /?a=b HTTP/1.1"]


def test_bytes_that_unpack_without_end_are_given_up_soon() -> None:
    packer = zlib.compressobj(level=1, wbits=31)
    zeros = b"\0" * (1 << 20)
    packed = b"".join(packer.compress(zeros) for _ in range(1024)) + packer.flush()  # 1 GiB, unpacked
    took = time.thread_time()
    zlib.decompressobj(wbits=31).decompress(packed, 32 << 20)
    took = time.thread_time() - took  # for twice as much as is ever taken in
    ours = time.thread_time()

    with serving(saying(whole(packed, "Content-Encoding: gzip"))) as url, pytest.raises(Unreachable, match="larger"):
        HttpClient().send("GET", url)
    assert time.thread_time() - ours < 8 * took


def test_fifty_megabytes_are_given_up_at_sixteen() -> None:
    sent = []

    def script(peer: socket.socket, _: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n")
        for _ in range(50):
            peer.sendall(b"x" * (1 << 20))
            sent.append(1)

    with serving(script) as url, pytest.raises(Unreachable, match="larger"):
        ask(url, 60)
    assert len(sent) < 40


def test_what_is_packed_honestly_arrives_whole() -> None:
    body = os.urandom(1 << 20).hex().encode()
    packed = gzip.compress(body)

    with serving(saying(whole(packed, "Content-Encoding: gzip", "X-Told: Yes"))) as url:
        answer = HttpClient().send("POST", url, body=b"{}", headers={"X-Ours": "1"})

    assert (answer.status, answer.body, answer.headers["x-told"]) == (200, body, "Yes")


def test_no_cookie_is_ever_sent_back() -> None:
    heads: list[bytes] = []

    def script(peer: socket.socket, head: bytes) -> None:
        heads.append(head)
        peer.sendall(whole(b"", "Set-Cookie: tenant=contoso; Path=/"))

    client = HttpClient()
    with serving(script) as url:
        client.send("GET", url)
        client.send("GET", url)

    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with serving(saying(b"")) as elsewhere:
        answer = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(saying(answer)) as url:
            assert ask(url).status == status


def test_the_environments_proxies_and_netrc_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", __file__)

    with serving(saying(whole(b"direct"))) as url:
        assert HttpClient().send("GET", url).body == b"direct"


def answered(*headers: bytes, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(it + b"\r\n" for it in headers) + b"\r\n" + body


CHUNKS = b"4\r\ndone\r\n0\r\n\r\n"
TRAILED = b"4;x=y\r\ndone\r\n0\r\nX-After: z\r\n\r\n"
TWO_LENGTHS = [b"Content-Length: 2", b"Content-Length: 4"]
SMUGGLED = {
    "two lengths": answered(*TWO_LENGTHS, body=b"done"),
    "two lengths in one": answered(b"Content-Length: 4, 2", body=b"done"),
    "a negative length": answered(b"Content-Length: -4", body=b"done"),
    "a signed length": answered(b"Content-Length: +4", body=b"done"),
    "a length with an underscore": answered(b"Content-Length: 0_4", body=b"done"),
    "a length of other digits": answered("Content-Length: \u0664".encode(), body=b"done"),
    "a length without end": answered(b"Content-Length: " + b"1" * 5_000, body=b"done"),
    "a length that is none": answered(b"Content-Length: four", body=b"done"),
    "chunks and a length": answered(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=CHUNKS),
    "chunks twice": answered(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "another coding": answered(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "a folded header": answered(b"Content-Length: 4", b"X-A: b", b" Content-Length: 2", body=b"done"),
    "a header without a name": answered(b": x", b"Content-Length: 4", body=b"done"),
    "a header without a colon": answered(b"X-A", b"Content-Length: 4", body=b"done"),
    "a space before the colon": answered(b"Content-Length : 2", b"Content-Length: 4", body=b"done"),
    "a name of other characters": answered(b"X(A): b", b"Content-Length: 4", body=b"done"),
    "a return in a value": answered(b"X-A: b\rContent-Length: 2", b"Content-Length: 4", body=b"done"),
    "a zero in a value": answered(b"X-A: b\0", b"Content-Length: 4", body=b"done"),
    "101 headers": answered(b"Content-Length: 4", *[b"X-%d: y" % it for it in range(101)], body=b"done"),
    "64 KiB of headers": answered(b"Content-Length: 4", *[b"X-A: " + b"y" * 1_000] * 70, body=b"done"),
}  # fmt: skip


@pytest.mark.parametrize("answer", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_an_answer_whose_end_or_headers_are_doubtful_is_no_answer(answer: bytes) -> None:
    with serving(saying(answer, close=True)) as url, pytest.raises(Unreachable):
        ask(url, 5)


def test_headers_are_told_as_they_came() -> None:
    odd = answered(
        b"content-length:4", b"Content-Length: 4", "X-Name:  Zo\u00eb \t".encode("latin-1"), b"X-Empty:", b"x-two: a",
        b"X-Two: b", body=b"done",
    )  # fmt: skip
    with serving(saying(odd)) as url:
        told = ask(url, 5)

    assert (told.body, told.headers["x-name"], told.headers["x-empty"]) == (b"done", "Zo\u00eb", "")
    assert told.headers["x-two"].split(", ")[-1] == "b"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(answered(b"Transfer-Encoding: Chunked", body=TRAILED), b"done", id="chunks"),
        pytest.param(b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n" + whole(b"done"), b"done", id="after 100"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", id="304 with a length"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\ndone", b"done", id="no reason"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 4\n\ndone", b"done", id="bare line feeds"),
    ],
)  # fmt: skip
def test_each_way_to_end_an_answer_leaves_the_connection_for_the_next(answer: bytes, body: bytes) -> None:
    peers = set()

    def script(peer: socket.socket, _: bytes) -> None:
        peers.add(peer.getpeername())
        peer.sendall(answer)

    client = HttpClient()
    with serving(script) as url:
        assert [client.send("GET", url).body for _ in range(2)] == [body] * 2
    assert len(peers) == 1


def test_an_answer_of_http_1_0_ends_with_its_connection() -> None:
    with serving(saying(b"HTTP/1.0 200 OK\r\n\r\nall of it", close=True)) as url:
        assert ask(url, 5).body == b"all of it"


def test_a_multipart_answer_is_never_read_as_an_e_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        pytest.fail("an answer was given to the e-mail parser")

    monkeypatch.setattr("email.feedparser.FeedParser.__init__", parse)
    with serving(saying(whole(b"--b--", "Content-Type: multipart/mixed; boundary=b"))) as url:
        assert ask(url, 5).headers["content-type"] == "multipart/mixed; boundary=b"
