"""The head of an HTTP answer: its first line, its headers, and where its body ends.

Read here and not by the standard library, which gives headers to an e-mail parser: that takes a quarter of the CPU of
a quiet cycle, compiles a pattern for the boundary of every multipart answer, and mends what is odd. Nothing is mended
here: of an answer that two readers could end at different places, nobody can say where the next one begins.
Source: https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, RemoteDisconnected
from typing import IO

_MOST_BYTES = 64 * 1024
_MOST_LINES = 100
_MOST_INTERIM = 20
_FIRST_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([^\r\n\0]*))?\r?\n")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_WITHOUT_BODY = frozenset({204, 304})
_SWITCHING = 101
_FRAMING = ("content-length", "transfer-encoding", "connection")


class BadHead(HTTPException):
    """The head of an answer is not what HTTP/1.1 allows, or too long."""


@dataclass(frozen=True, slots=True)
class Head:
    """``length`` of the body is None when it is chunked, or ends with the connection (``will_close``)."""

    is_1_1: bool
    status: int
    reason: str
    headers: HTTPMessage
    is_chunked: bool
    length: int | None
    will_close: bool


def read_head(stream: IO[bytes], method: str) -> Head:
    """Read the head of the answer to a request, and pass over interim ones.

    Raises:
        BadHead: it is not clear what the server says.
        RemoteDisconnected: the server hung up instead.
    """
    for _ in range(_MOST_INTERIM):
        is_1_1, status, reason = _first_line(stream)
        headers, framing = _headers(stream)
        if status == _SWITCHING:
            raise BadHead("the server wants to speak another protocol")
        if status >= 200:
            head = _judged(is_1_1, status, framing, method)
            return Head(is_1_1, status, reason, headers, *head)
    raise BadHead("interim answers do not end")


def _first_line(stream: IO[bytes]) -> tuple[bool, int, str]:
    line = stream.readline(_MOST_BYTES)
    if not line:
        raise RemoteDisconnected("the server hung up")
    found = _FIRST_LINE.fullmatch(line)
    if found is None:
        raise BadHead("the first line of an answer is none of HTTP")
    return found[1] == b"1", int(found[2]), (found[3] or b"").decode("latin-1")


def _headers(stream: IO[bytes]) -> tuple[HTTPMessage, dict[str, list[str]]]:
    """All headers, and the values of those that say where the body ends."""
    headers, left = HTTPMessage(), _MOST_BYTES
    framing: dict[str, list[str]] = {name: [] for name in _FRAMING}
    for _ in range(_MOST_LINES + 1):
        line = stream.readline(left + 1)
        left -= len(line)
        if left < 0 or not line.endswith(b"\n"):
            raise BadHead("the headers of an answer are cut off, or too long")
        line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if not line:
            return headers, framing
        name, value = _header(line)
        headers.set_raw(name, value)
        values = framing.get(name.lower())
        if values is not None:
            values.append(value)
    raise BadHead("an answer has too many headers")


def _header(line: bytes) -> tuple[str, str]:
    """A header's name and value. One that goes on in the next line begins that with a space, which is no name."""
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name) or b"\r" in value or b"\0" in value:
        raise BadHead("a header is not of the form that HTTP allows")
    return name.decode("ascii"), value.strip(b" \t").decode("latin-1")


def _judged(is_1_1: bool, status: int, framing: dict[str, list[str]], method: str) -> tuple[bool, int | None, bool]:  # noqa: FBT001 - a line
    """Whether the body is chunked, how long it is, and whether the connection ends with it."""
    lengths, codings, connection = (framing[name] for name in _FRAMING)
    length = _length(lengths)
    if codings and ([it.lower() for it in codings] != ["chunked"] or lengths or not is_1_1):
        raise BadHead("an answer has an ending that is not clear")
    words = {it.strip().lower() for line in connection for it in line.split(",")}
    has_body = status not in _WITHOUT_BODY and method != "HEAD"
    is_chunked = bool(codings) and has_body
    length = length if has_body else 0
    ends_with_connection = length is None and not is_chunked
    will_close = "close" in words or (not is_1_1 and "keep-alive" not in words) or ends_with_connection
    return is_chunked, length, will_close


def _length(lengths: Sequence[str]) -> int | None:
    """What all lengths of an answer agree on."""
    if not lengths:
        return None
    if len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise BadHead("an answer has no length that is clear")
    return int(lengths[0])
