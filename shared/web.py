"""The one way out: pooled HTTPS connections with time limits that hold, and bodies that cannot run wild.

A read time-out ends one silent wait; an answer that drips a byte every second passes it for hours. So every
wait for bytes, of headers and body alike, is cut to what is left of the call. Bodies are bounded after
decompression. No redirect is followed, no cookie kept, no proxy or netrc read.
"""

import http.client
import io
import math
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.wait import wait_for_read

from shared.errors import Waiting
from shared.http_head import read_head

_POOL = 32
_CONNECT_S, _READ_S = 3.05, 10.0
MOST_BYTES = 16 * 1024 * 1024
_MOST_RATIO = 100
_RATIO_FROM = 1024 * 1024  # small bodies may compress as well as they like
_CHUNK = 64 * 1024
_TOO_SLOW = "the answer came too slowly"


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
    """A way out for many threads. ``adapter`` is the seam where tests put another transport."""

    def __init__(self, ca_file: str | None = None, adapter: HTTPAdapter | None = None) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file or True
        # One jar would carry one tenant's cookies into another tenant's calls.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Only what is bounded below: other decoders appear when somebody installs a package.
        self._session.headers["Accept-Encoding"] = "gzip"
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter or _Adapter(pool_connections=_POOL, pool_maxsize=_POOL))

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_s: float = 60.0,
    ) -> Response:
        """Send one request and read the whole answer.

        Raises:
            Unreachable: no complete answer within ``within_s`` seconds and 16 MiB.
        """
        give_up_at = _CALL.begin(within_s, _READ_S)
        try:
            with self._session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=body,
                timeout=(min(_CONNECT_S, within_s), min(_READ_S, within_s)),
                allow_redirects=False,
                stream=True,
            ) as answer:
                raw = answer.raw
                content = _read(lambda: raw.read1(_CHUNK, decode_content=True), give_up_at, raw.tell)
                return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            slow = time.monotonic() >= give_up_at
            raise Unreachable(_TOO_SLOW if slow else f"no answer: {type(error).__name__}") from error


class Line:
    """A way to one server, for calls by the thousand: plain connections of the standard library, with the same limits.

    ``root`` is a scheme, a host and perhaps a port. Bodies come as they are: nothing packed is asked for.
    """

    def __init__(self, root: str, ca_file: str | None = None, *, connect_s: float) -> None:
        parts = urlsplit(root)
        self._host, self._port = parts.hostname or "", parts.port
        is_secure = parts.scheme == "https"
        self._trust = ssl.create_default_context(cafile=ca_file or certifi.where()) if is_secure else None
        self._connect_s = connect_s
        self._free: deque[http.client.HTTPConnection] = deque()

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        within_s: float,
        read_s: float = _READ_S,
    ) -> Response:
        """Send one request to a path with its query, and read the whole answer; ``read_s`` is its longest silence.

        Raises:
            Unreachable: no complete answer within ``within_s`` seconds and 16 MiB.
        """
        give_up_at = _CALL.begin(within_s, read_s)
        connection = self._connection(read_s)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            with answer:
                content = _read(lambda: answer.read1(_CHUNK), give_up_at)
            if answer.length:
                raise http.client.IncompleteRead(content, answer.length)
        except Unreachable:
            connection.close()
            raise
        except (http.client.HTTPException, OSError, ValueError) as error:
            connection.close()
            slow = time.monotonic() >= give_up_at
            raise Unreachable(_TOO_SLOW if slow else f"no answer: {type(error).__name__}") from error
        if len(self._free) < _POOL:
            self._free.append(connection)
        else:
            connection.close()
        return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def _connection(self, read_s: float) -> http.client.HTTPConnection:
        """One that is free and still open, or a new one; it opens when it is used."""
        while self._free:
            with suppress(IndexError):  # another thread was faster
                connection = self._free.pop()
                if connection.sock is not None and not wait_for_read(connection.sock, 0):  # else the server hung up
                    connection.sock.settimeout(read_s)
                    return connection
                connection.close()
        if self._trust:
            return _SecureLine(self._host, self._port, timeout=self._connect_s, context=self._trust)
        return _PlainLine(self._host, self._port, timeout=self._connect_s)


def _read(piece: Callable[[], bytes], give_up_at: float, came: Callable[[], int] | None = None) -> bytes:
    """Read whatever has come, piece by piece, so that a deadline and a size hold while the body still comes.

    ``came`` tells how many bytes came of a body that is unpacked meanwhile.
    """
    parts: list[bytes] = []
    size = 0
    while part := piece():
        size += len(part)
        if size > MOST_BYTES or (came and size > _RATIO_FROM and size > _MOST_RATIO * max(1, came())):
            raise Unreachable("the answer is larger than anything we asked for")
        if time.monotonic() > give_up_at:
            raise Unreachable(_TOO_SLOW)
        parts.append(part)
    return b"".join(parts)


class _Call(threading.local):
    """When the call that this thread makes must be over, on the monotonic clock, and its longest silence."""

    give_up_at: float = math.inf
    read_s: float = _READ_S

    def begin(self, within_s: float, read_s: float) -> float:
        self.give_up_at, self.read_s = time.monotonic() + within_s, read_s
        return self.give_up_at


_CALL = _Call()


class _Wire(io.RawIOBase):
    """A socket's bytes; no wait for them outlasts the call."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._socket = connection
        self._bytes = connection.makefile("rb", buffering=0)
        self._give_up_at, self._read_s = _CALL.give_up_at, _CALL.read_s

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._give_up_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(_TOO_SLOW)
        self._socket.settimeout(min(self._read_s, left_s))
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        self._bytes.close()
        super().close()


class _BoundedResponse(http.client.HTTPResponse):
    """An answer whose head is read strictly, and whose bytes keep to the call's deadline."""

    def __init__(
        self, connection: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        wire: Any = _Wire(connection)  # all that is wanted of a socket is makefile
        super().__init__(wire, debuglevel, method, url)
        self._asked_by = method or "GET"

    def begin(self) -> None:
        if self.headers is not None:
            return
        head = read_head(self.fp, self._asked_by)
        self.version, self.status, self.reason = (11 if head.is_1_1 else 10), head.status, head.reason
        self.headers = self.msg = head.headers
        self.chunked, self.chunk_left = head.is_chunked, None
        self.length, self.will_close = head.length, head.will_close


class _PlainLine(http.client.HTTPConnection):
    response_class = _BoundedResponse


class _SecureLine(http.client.HTTPSConnection):
    response_class = _BoundedResponse


class _HTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse


class _HTTPConnection(HTTPConnection):
    response_class = _BoundedResponse


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _Adapter(HTTPAdapter):
    """Pools whose connections keep to the call's deadline."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
