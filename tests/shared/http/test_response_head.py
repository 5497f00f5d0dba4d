"""Heads of responses: which are refused because their end is ambiguous, and which are read."""

import pytest

from shared.http.client import HttpClient, Response, Unreachable
from tests.shared.http.serving import complete_response, sending, serving
from tests.waiting import HANGS_S


def get(url: str, within_s: float = HANGS_S) -> Response:
    return HttpClient().send("GET", url, within_s=within_s)


def response_of(*headers: bytes, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(it + b"\r\n" for it in headers) + b"\r\n" + body


CHUNKS = b"4\r\ndone\r\n0\r\n\r\n"


TRAILED = b"4;x=y\r\ndone\r\n0\r\nX-After: z\r\n\r\n"


TWO_LENGTHS = [b"Content-Length: 2", b"Content-Length: 4"]


SMUGGLED = {
    "two lengths": response_of(*TWO_LENGTHS, body=b"done"),
    "two lengths in one": response_of(b"Content-Length: 4, 2", body=b"done"),
    "a negative length": response_of(b"Content-Length: -4", body=b"done"),
    "a signed length": response_of(b"Content-Length: +4", body=b"done"),
    "a length with an underscore": response_of(b"Content-Length: 0_4", body=b"done"),
    "a length of other digits": response_of("Content-Length: \u0664".encode(), body=b"done"),
    "a length without end": response_of(b"Content-Length: " + b"1" * 5_000, body=b"done"),
    "a length that is none": response_of(b"Content-Length: four", body=b"done"),
    "chunks and a length": response_of(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=CHUNKS),
    "chunks twice": response_of(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "another coding": response_of(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "a folded header": response_of(b"Content-Length: 4", b"X-A: b", b" Content-Length: 2", body=b"done"),
    "a header without a name": response_of(b": x", b"Content-Length: 4", body=b"done"),
    "a header without a colon": response_of(b"X-A", b"Content-Length: 4", body=b"done"),
    "a space before the colon": response_of(b"Content-Length : 2", b"Content-Length: 4", body=b"done"),
    "a name of other characters": response_of(b"X(A): b", b"Content-Length: 4", body=b"done"),
    "a return in a value": response_of(b"X-A: b\rContent-Length: 2", b"Content-Length: 4", body=b"done"),
    "a zero in a value": response_of(b"X-A: b\0", b"Content-Length: 4", body=b"done"),
    "101 headers": response_of(b"Content-Length: 4", *[b"X-%d: y" % it for it in range(101)], body=b"done"),
    "64 KiB of headers": response_of(b"Content-Length: 4", *[b"X-A: " + b"y" * 1_000] * 70, body=b"done"),
}  # fmt: skip


@pytest.mark.parametrize("response", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_an_answer_whose_end_or_headers_are_doubtful_is_no_answer(response: bytes) -> None:
    with serving(sending(response, close=True)) as url, pytest.raises(Unreachable):
        get(url, 5)


def test_headers_are_returned_as_they_were_sent() -> None:
    unusual = response_of(
        b"content-length:4", b"Content-Length: 4", "X-Name:  Zo\u00eb \t".encode("latin-1"), b"X-Empty:", b"x-two: a",
        b"X-Two: b", body=b"done",
    )  # fmt: skip
    with serving(sending(unusual)) as url:
        response = get(url, 5)

    assert (response.body, response.headers["x-name"], response.headers["x-empty"]) == (b"done", "Zo\u00eb", "")
    assert response.headers["x-two"].split(", ")[-1] == "b"


def test_an_answer_of_http_1_0_ends_with_its_connection() -> None:
    with serving(sending(b"HTTP/1.0 200 OK\r\n\r\nall of it", close=True)) as url:
        assert get(url, 5).body == b"all of it"


def test_a_multipart_answer_is_never_read_as_an_e_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        pytest.fail("an answer was given to the e-mail parser")

    monkeypatch.setattr("email.feedparser.FeedParser.__init__", parse)
    with serving(sending(complete_response(b"--b--", "Content-Type: multipart/mixed; boundary=b"))) as url:
        assert get(url, 5).headers["content-type"] == "multipart/mixed; boundary=b"
