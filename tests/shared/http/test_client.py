"""The HTTP client against servers that are slow, cut off, send too much, or set cookies (A26, A28)."""

import gzip
import os
import socket
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import SplitResult

import pytest

from shared.http.client import HttpClient, Unreachable
from shared.http.connection_pool import ConnectionPool
from tests.shared.http.serving import Script, complete_response, sending, serving
from tests.shared.http.test_response_head import get
from tests.waiting import HANGS_S

DRIPS = {
    "a status line": [b"HTTP/1.1 200 OK"] + [b"x"] * 100,
    "headers without end": [b"HTTP/1.1 200 OK\r\n"] + [b"X-A: b\r\n"] * 100,
    "interim answers without end": [b"HTTP/1.1 100 Continue\r\n\r\n"] * 100,
    "a body": [b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"] + [b"x"] * 100,
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n"] * 100,
    "nothing": [b""] * 100,
}


@pytest.mark.parametrize("chunks", DRIPS.values(), ids=DRIPS.keys())
def test_whatever_drips_is_over_at_the_deadline(chunks: list[bytes]) -> None:
    sent: list[bytes] = []
    with serving(sending(*chunks, pause_s=0.05, sent=sent)) as url:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="too slowly"):
            get(url, 0.4)

        assert time.monotonic() - started > 0.3
        assert len(sent) < len(chunks)  # while it went on dripping


def test_a_silence_ends_with_the_call_and_not_later() -> None:
    """A read timeout alone, which starts again at each byte, would give up after 3.5 s only."""
    sent: list[bytes] = []
    with serving(sending(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", b"", pause_s=1.5, sent=sent)) as url:
        with pytest.raises(Unreachable, match="too slowly"):
            get(url, 2.0)

        assert len(sent) == 2


class SlowToConnect(HttpClient):
    def _pool_of(self, parts: SplitResult) -> ConnectionPool:
        time.sleep(0.05)
        return super()._pool_of(parts)


@pytest.mark.parametrize("first", ["short", "long"])
def test_each_call_has_a_deadline_of_its_own(first: str) -> None:
    client, within_s = SlowToConnect(), {"short": 0.25, "long": HANGS_S}
    dripping = sending(b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 5, b"Content-Length: 0\r\n\r\n", pause_s=0.1)
    with serving(dripping) as url, ThreadPoolExecutor(2) as pool:
        calls = {}
        for name in sorted(within_s, reverse=first == "short"):
            calls[name] = pool.submit(client.send, "GET", url, within_s=within_s[name])
            time.sleep(0.02)

        assert calls["long"].result().status == 200
        with pytest.raises(Unreachable):
            calls["short"].result()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", close=True), id="cut off"),
        pytest.param(
            sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", close=True), id="cut in a chunk"
        ),
        pytest.param(
            sending(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n", close=True), id="no chunk size"
        ),
        pytest.param(sending(b"SSH-2.0-OpenSSH\r\n\r\n", close=True), id="another protocol"),
        pytest.param(sending(b"", close=True), id="hung up"),
        pytest.param(sending(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", close=True), id="200 headers"),
        pytest.param(sending(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, close=True), id="a long header"),
    ],
)
def test_half_an_answer_is_no_answer(script: Script) -> None:
    with serving(script) as url, pytest.raises(Unreachable):
        get(url)


def test_a_body_that_is_not_encoded_as_its_headers_say_is_refused() -> None:
    with serving(sending(complete_response(b"not gzip", "Content-Encoding: gzip"))) as url, pytest.raises(Unreachable):
        HttpClient().send("GET", url, within_s=HANGS_S)


def test_a_small_body_that_decompresses_to_a_huge_one_is_given_up() -> None:
    bomb = gzip.compress(b"\0" * 12_000_000)

    with (
        serving(sending(complete_response(bomb, "Content-Encoding: gzip"))) as url,
        pytest.raises(Unreachable, match="larger"),
    ):
        get(url)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "x"])
def test_a_content_encoding_that_was_not_requested_is_refused(encoding: str) -> None:
    with (
        serving(sending(complete_response(b"body", f"Content-Encoding: {encoding}"))) as url,
        pytest.raises(Unreachable),
    ):
        get(url)


@pytest.mark.parametrize("kept", [1, 100, -9, -8, -1])
def test_a_compressed_body_that_is_cut_off_is_refused(kept: int) -> None:
    compressed = gzip.compress(os.urandom(300))[:kept]

    with serving(sending(complete_response(compressed, "Content-Encoding: gzip"))) as url, pytest.raises(Unreachable):
        get(url)


def test_gzip_members_may_follow_each_other_and_be_empty() -> None:
    chunks = [b"", b"a" * 200_000, os.urandom(200_000), b"", b"end"]
    for body in (chunks, [b""], []):
        compressed = b"".join(gzip.compress(it) for it in body)
        with serving(sending(complete_response(compressed, "Content-Encoding: gzip"))) as url:
            assert get(url).body == b"".join(body)


ADDRESSES = [
    "https://evil.example\\@127.0.0.1:{port}/", "http://evil@127.0.0.1:{port}/", "http://a:b@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/a b", "http://127.0.0.1:{port}/a\\b",
    "http://127.0.0.1:{port}/a\tb", "http://127.0.0.1:{port}/\r\nX: y", "/path",
    "http://127.0.0.1:{port}/Zo\u00eb", "ftp://127.0.0.1:{port}/", "http:///path", "http://127.0.0.1:{port}0000/", "",
    "//127.0.0.1:{port}/", "http://127.0.0.1:{port}\u3002evil.example/", "file:///etc/passwd", "http://[::1/",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_no_request_is_sent_to_a_malformed_url(address: str) -> None:
    heads: list[bytes] = []
    with serving(lambda peer, head: (heads.append(head), peer.sendall(complete_response(b"")))[1]) as url:
        port = url.rstrip("/").rpartition(":")[2]
        with pytest.raises(Unreachable):
            get(address.format(port=port))

    assert heads == []


def test_an_address_arrives_as_it_was_written() -> None:
    heads: list[bytes] = []
    target = "things()?$filter=PartitionKey%20eq%20'it''s%2Fhere'&a=%C3%A9&b=*(!)~,;:@$#not-this"
    with serving(lambda peer, head: (heads.append(head), peer.sendall(complete_response(b"")))[1]) as url:
        get(f"{url}{target}")
        get(url.rstrip("/"))
        get(f"{url.rstrip('/')}?a=b")

    lines = [head.split(b"\r\n")[0].decode() for head in heads]
    assert lines == [f"GET /{target.partition('#')[0]} HTTP/1.1", "GET / HTTP/1.1", "GET /?a=b HTTP/1.1"]


def test_a_decompression_bomb_is_given_up_soon() -> None:
    compressor = zlib.compressobj(level=1, wbits=31)
    zeros = b"\0" * (1 << 20)
    compressed = b"".join(compressor.compress(zeros) for _ in range(1024)) + compressor.flush()  # 1 GiB, unpacked
    took = time.thread_time()
    zlib.decompressobj(wbits=31).decompress(compressed, 32 << 20)
    took = time.thread_time() - took  # for twice as much as is ever taken in
    ours = time.thread_time()

    with (
        serving(sending(complete_response(compressed, "Content-Encoding: gzip"))) as url,
        pytest.raises(Unreachable, match="larger"),
    ):
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
        get(url, 60)
    assert len(sent) < 40


def test_a_compressed_body_arrives_complete() -> None:
    body = os.urandom(1 << 20).hex().encode()
    compressed = gzip.compress(body)

    with serving(sending(complete_response(compressed, "Content-Encoding: gzip", "X-Name: Yes"))) as url:
        response = HttpClient().send("POST", url, body=b"{}", headers={"X-Ours": "1"})

    assert (response.status, response.body, response.headers["x-name"]) == (200, body, "Yes")


@pytest.mark.parametrize(("options", "line"), [({"user_agent": "Product/1"}, [b"User-Agent: Product/1"]), ({}, [])])
def test_every_request_carries_the_products_user_agent(options: dict[str, str], line: list[bytes]) -> None:
    heads: list[bytes] = []
    with serving(lambda peer, head: (heads.append(head), peer.sendall(complete_response(b"")))[1]) as url:
        HttpClient(**options).send("GET", url)

    assert [it for it in heads[0].split(b"\r\n") if it.lower().startswith(b"user-agent")] == line


def test_no_cookie_is_ever_sent_back() -> None:
    heads: list[bytes] = []

    def script(peer: socket.socket, head: bytes) -> None:
        heads.append(head)
        peer.sendall(complete_response(b"", "Set-Cookie: tenant=contoso; Path=/"))

    client = HttpClient()
    with serving(script) as url:
        client.send("GET", url)
        client.send("GET", url)

    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with serving(sending(b"")) as elsewhere:
        response = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(sending(response)) as url:
            assert get(url).status == status


def test_the_environments_proxies_and_netrc_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", __file__)

    with serving(sending(complete_response(b"direct"))) as url:
        assert HttpClient().send("GET", url).body == b"direct"
