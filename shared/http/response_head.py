"""The head of an HTTP response: its status line, its headers, and where its body ends.

The standard library passes headers to an e-mail parser, which is slow, compiles a pattern for the boundary of every
multipart response, and repairs malformed input. This parser repairs nothing: when two parsers could disagree on where a
response ends, nobody can say where the next one on the same connection begins (response smuggling).
Source: https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, RemoteDisconnected
from typing import IO

_MAX_BYTES = 64 * 1024
_MAX_LINES = 100
_MAX_INTERIM = 20
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([^\r\n\0]*))?\r?\n")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_WITHOUT_BODY = frozenset({204, 304})
_SWITCHING_PROTOCOLS = 101
_FRAMING = ("content-length", "transfer-encoding", "connection")


class BadHead(HTTPException):
    """The head of a response violates HTTP/1.1, or is too long."""


@dataclass(frozen=True, slots=True)
class Head:
    """A parsed head. ``length`` is that of the body in bytes; None when it is chunked, or ends with the connection."""

    is_1_1: bool
    status: int
    reason: str
    headers: HTTPMessage
    is_chunked: bool
    length: int | None
    will_close: bool


def read_head(stream: IO[bytes], method: str) -> Head:
    """Read the head of the response to a request with this method, and skip interim responses (1xx).

    Raises:
        BadHead: it violates HTTP/1.1, or its meaning is ambiguous.
        RemoteDisconnected: the server closed the connection before it.
    """
    for _ in range(_MAX_INTERIM):
        is_1_1, status, reason = _status_line(stream)
        headers, framing = _headers(stream)
        if status == _SWITCHING_PROTOCOLS:
            raise BadHead("the server switches to another protocol")
        if status >= 200:
            head = _framing_of(is_1_1, status, framing, method)
            return Head(is_1_1, status, reason, headers, *head)
    raise BadHead("too many interim responses")


def _status_line(stream: IO[bytes]) -> tuple[bool, int, str]:
    line = stream.readline(_MAX_BYTES)
    if not line:
        raise RemoteDisconnected("the server closed the connection")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise BadHead("the status line is not HTTP")
    return match[1] == b"1", int(match[2]), (match[3] or b"").decode("latin-1")


def _headers(stream: IO[bytes]) -> tuple[HTTPMessage, dict[str, list[str]]]:
    """All headers, and the values of those that decide where the body ends, by lower-case name."""
    headers, bytes_left = HTTPMessage(), _MAX_BYTES
    framing: dict[str, list[str]] = {name: [] for name in _FRAMING}
    for _ in range(_MAX_LINES + 1):
        line = stream.readline(bytes_left + 1)
        bytes_left -= len(line)
        if bytes_left < 0 or not line.endswith(b"\n"):
            raise BadHead("the headers are cut off, or too long")
        line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if not line:
            return headers, framing
        name, value = _header(line)
        headers.set_raw(name, value)
        values = framing.get(name.lower())
        if values is not None:
            values.append(value)
    raise BadHead("too many headers")


def _header(line: bytes) -> tuple[str, str]:
    """A header's name and value. A folded header is refused: its next line begins with a space, which is not a name."""
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name) or b"\r" in value or b"\0" in value:
        raise BadHead("a header violates HTTP")
    return name.decode("ascii"), value.strip(b" \t").decode("latin-1")


def _framing_of(is_1_1: bool, status: int, framing: dict[str, list[str]], method: str) -> tuple[bool, int | None, bool]:  # noqa: FBT001 - private
    """Whether the body is chunked, its length in bytes, and whether the connection closes after it."""
    lengths, encodings, connection = (framing[name] for name in _FRAMING)
    length = _length(lengths)
    if encodings and ([it.lower() for it in encodings] != ["chunked"] or lengths or not is_1_1):
        raise BadHead("the transfer encoding is ambiguous or not supported")
    words = {it.strip().lower() for line in connection for it in line.split(",")}
    has_body = status not in _WITHOUT_BODY and method != "HEAD"
    is_chunked = bool(encodings) and has_body
    length = length if has_body else 0
    ends_with_connection = length is None and not is_chunked
    will_close = "close" in words or (not is_1_1 and "keep-alive" not in words) or ends_with_connection
    return is_chunked, length, will_close


def _length(lengths: Sequence[str]) -> int | None:
    """The value that all Content-Length headers agree on; None without one."""
    if not lengths:
        return None
    if len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise BadHead("the content length is ambiguous or malformed")
    return int(lengths[0])
