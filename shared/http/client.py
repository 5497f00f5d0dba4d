"""The one way out: pooled connections with time limits that hold, and bodies that cannot run wild.

Bodies are bounded after decompression. No redirect is followed, no request is repeated, no cookie kept, no proxy or
netrc read.
"""

import re
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from threading import Lock
from urllib.parse import SplitResult, urlsplit

import certifi

from shared.errors import Waiting
from shared.http.connection_pool import CALL_LIMITS, TOO_SLOW, ConnectionPool

_CONNECT_S, _READ_S = 3.05, 10.0
MOST_BYTES = 16 * 1024 * 1024
_MOST_RATIO = 100
_RATIO_FROM = 1024 * 1024  # small bodies may compress as well as they like
_CHUNK = 64 * 1024
_GZIP = 31  # how zlib is told of it
_OURS = {"Accept-Encoding": "gzip", "User-Agent": "microsoft-tenant-integrations"}
# Two readers of ``https://evil\\@good/`` do not find the same server: no address of ours has a backslash.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_BEHIND_SCHEME = len("https://")


class Unreachable(Waiting):
    """No usable answer came: no connection, too slow, too large, or cut off."""

    code = "unreachable"
    title = "A service did not answer properly"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web:
    """A way out for many threads. ``ca_file`` holds whom to trust, when not the usual authorities."""

    def __init__(self, ca_file: str | None = None, *, connect_s: float = _CONNECT_S) -> None:
        self._ca_file = ca_file
        self._connect_s = connect_s
        self._servers: dict[str, ConnectionPool] = {}
        self._lock = Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_s: float = 60.0,
        read_s: float | None = None,
    ) -> Response:
        """Send one request and read the whole answer; ``read_s`` is its longest silence.

        Raises:
            Unreachable: no complete answer within ``within_s`` seconds and 16 MiB.
        """
        read_s = _READ_S if read_s is None else read_s
        give_up_at = CALL_LIMITS.begin(within_s, read_s)
        try:
            server, target = self._placed(url)
            connection = server.take(min(self._connect_s, within_s))
            try:
                connection.request(method, target, body, {**_OURS, **(headers or {})})
                with connection.getresponse() as answer:
                    content = _read(answer, give_up_at)
            except BaseException:
                connection.close()
                raise
        except (HTTPException, OSError, ValueError, zlib.error) as error:
            slow = time.monotonic() >= give_up_at
            raise Unreachable(TOO_SLOW if slow else f"no answer: {type(error).__name__}") from error
        server.give_back(connection)
        return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def _placed(self, url: str) -> tuple[ConnectionPool, str]:
        """The connections to an address's server, and the rest of the address.

        Raises:
            ValueError: it is none, or one that is written in another way than ours are.
        """
        if not _PLAIN.fullmatch(url):
            raise ValueError("an address holds characters that none of ours has")
        begins = url.find("/", _BEHIND_SCHEME)
        server = self._servers.get(url[:begins])
        if server is not None and "#" not in url:
            return server, url[begins:]
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return self._server(parts), target

    def _server(self, parts: SplitResult) -> ConnectionPool:
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError("an address is of another kind than ours are")
        place = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if place not in self._servers:
                self._servers[place] = ConnectionPool(parts.hostname, parts.port, self._trust(parts))
            return self._servers[place]

    def _trust(self, parts: SplitResult) -> ssl.SSLContext | None:
        if parts.scheme == "http":
            return None
        return ssl.create_default_context(cafile=self._ca_file or certifi.where())


def _read(answer: HTTPResponse, give_up_at: float) -> bytes:
    """Read whatever has come, piece by piece, so that a deadline and a size hold while the body still comes.

    Raises:
        ValueError, zlib.error: the body is cut off, or packed in another way than it says.
    """
    parts: list[bytes] = []
    size = came = 0

    def pieces() -> Iterator[bytes]:
        nonlocal came
        while piece := answer.read1(_CHUNK):
            came += len(piece)
            yield piece

    packing = (answer.headers.get("content-encoding") or "identity").lower()
    if packing not in {"gzip", "identity"}:
        raise ValueError("the body is packed in a way that was not asked for")
    for part in _unpacked(pieces()) if packing == "gzip" else pieces():
        size += len(part)
        if size > MOST_BYTES or (size > _RATIO_FROM and size > _MOST_RATIO * came):
            raise Unreachable("the answer is larger than anything we asked for")
        if time.monotonic() > give_up_at:
            raise Unreachable(TOO_SLOW)
        parts.append(part)
    if answer.length:
        raise ValueError("the body is cut off")
    return b"".join(parts)


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A body packed by gzip, a little at a time, however much a piece of it unpacks to; one may follow the other."""
    unpacker, packed, is_begun = zlib.decompressobj(_GZIP), b"", False
    for piece in pieces:
        packed, is_begun = piece, True
        while packed:
            part = unpacker.decompress(packed, _CHUNK)
            yield part
            packed = unpacker.unconsumed_tail
            while not packed and len(part) == _CHUNK:  # what it holds back without having consumed less
                part = unpacker.decompress(b"", _CHUNK)
                yield part
                packed = unpacker.unconsumed_tail
            if unpacker.eof and unpacker.unused_data:
                packed, unpacker = unpacker.unused_data, zlib.decompressobj(_GZIP)
    if is_begun and not unpacker.eof:
        raise ValueError("the body is cut off")
