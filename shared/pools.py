"""Pools of connections whose waits for bytes all end with the call that is made over them.

A read time-out ends one silent wait; an answer that drips a byte every second passes it for hours. So every wait for
bytes, of headers and body alike, is cut to what is left of the call.
"""

import http.client
import io
import math
import socket
import ssl
import threading
import time
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from shared.http_head import read_head

TOO_SLOW = "the answer came too slowly"
_POOL = 32  # connections kept open to one server


class Call(threading.local):
    """When the call that this thread makes must be over, on the monotonic clock, and its longest silence in seconds."""

    give_up_at: float = math.inf
    read_s: float = 10.0

    def begin(self, within_s: float, read_s: float) -> float:
        self.give_up_at, self.read_s = time.monotonic() + within_s, read_s
        return self.give_up_at


CALL = Call()


def pool_of(host: str, port: int | None, trust: ssl.SSLContext | None) -> HTTPConnectionPool:
    """A pool of connections to one server; over TLS if it is said whom to trust."""
    if trust is None:
        return _HTTPPool(host, port, maxsize=_POOL)
    return _HTTPSPool(host, port, maxsize=_POOL, ssl_context=trust)


class _Wire(io.RawIOBase):
    """A socket's bytes; no wait for them outlasts the call."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._socket = connection
        self._bytes = connection.makefile("rb", buffering=0)
        self._give_up_at, self._read_s = CALL.give_up_at, CALL.read_s

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._give_up_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(TOO_SLOW)
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


# urllib3 looks into each header for a mark of its own, by which callers leave one out. Ours never do.
_put_header = http.client.HTTPConnection.putheader


class _HTTPSConnection(HTTPSConnection):
    response_class = _BoundedResponse
    putheader = _put_header


class _HTTPConnection(HTTPConnection):
    response_class = _BoundedResponse
    putheader = _put_header


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection
