"""The one way out: pooled HTTPS connections with time limits that hold, and bodies that cannot run wild.

A read time-out ends one silent wait; an answer that drips a byte every second passes it for hours. So every
wait for bytes, of headers and body alike, is cut to what is left of the call. Bodies are bounded after
decompression. No redirect is followed, no cookie kept, no proxy or netrc read.
"""

import http.client
import io
import math
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from shared.errors import Waiting

_POOL = 32
_CONNECT_S, _READ_S = 3.05, 10.0
MOST_BYTES = 16 * 1024 * 1024
_MOST_RATIO = 100
_RATIO_FROM = 1024 * 1024  # small bodies may compress as well as they like
_CHUNK = 64 * 1024
_ONCE = Retry(total=False, redirect=False)
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
                content = _read(answer.raw, give_up_at)
                return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            slow = time.monotonic() >= give_up_at
            raise Unreachable(_TOO_SLOW if slow else f"no answer: {type(error).__name__}") from error


class Line:
    """A way to one server, for calls by the thousand: what requests adds to each is left out, the limits are not.

    A call costs 0.2 ms of CPU where ``Web`` takes 0.4. ``root`` is a scheme, a host and perhaps a port.
    """

    def __init__(self, root: str, ca_file: str | None = None, *, connect_s: float, read_s: float) -> None:
        pools = _Adapter(pool_connections=1, pool_maxsize=_POOL).poolmanager
        trust = {"cert_reqs": "CERT_REQUIRED", "ca_certs": ca_file or certifi.where()}
        self._pool = pools.connection_from_url(root, trust if root.startswith("https:") else None)
        self._connect_s, self._read_s = connect_s, read_s

    def send(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes | None = None, within_s: float
    ) -> Response:
        """Send one request to a path with its query, and read the whole answer.

        Raises:
            Unreachable: no complete answer within ``within_s`` seconds and 16 MiB.
        """
        give_up_at = _CALL.begin(within_s, self._read_s)
        try:
            answer = self._pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                retries=_ONCE,
                redirect=False,
                timeout=Timeout(connect=self._connect_s, read=self._read_s),
                preload_content=False,
            )
            try:
                content = _read(answer, give_up_at)
                # Before it goes back to the pool: a connection that was not read to its end is not used again.
                answer.release_conn()
            finally:
                answer.close() if not answer.isclosed() else None
            return Response(answer.status, {k.lower(): v for k, v in answer.headers.items()}, content)
        except (HTTPError, OSError, ValueError) as error:
            slow = time.monotonic() >= give_up_at
            raise Unreachable(_TOO_SLOW if slow else f"no answer: {type(error).__name__}") from error


def _read(raw: Any, give_up_at: float) -> bytes:
    """Read whatever has come, piece by piece, so that a deadline and a size hold while the body still comes."""
    parts: list[bytes] = []
    size = 0
    while part := raw.read1(_CHUNK, decode_content=True):
        size += len(part)
        if size > MOST_BYTES or (size > _RATIO_FROM and size > _MOST_RATIO * max(1, raw.tell())):
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
    def __init__(self, connection: socket.socket, *args: Any, **options: Any) -> None:
        wire: Any = _Wire(connection)  # all that the parser wants of a socket is makefile
        super().__init__(wire, *args, **options)


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
