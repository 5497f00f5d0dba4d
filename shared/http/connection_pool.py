"""A pool of open connections to one server, with a deadline for each call made over them.

A read timeout alone ends only a silent wait: a server that sends a byte every second could keep a call busy for hours.
So every read, of headers and body alike, waits no longer than what is left of the call's time.
"""

import http.client
import io
import math
import select
import socket
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any

from shared.http.response_head import read_head

TOO_SLOW = "the answer came too slowly"
_MAX_FREE = 32  # idle connections kept open to one server


class CallLimits(threading.local):
    """Limits of the call that this thread makes: its end on the monotonic clock, and its read timeout in seconds."""

    give_up_at: float = math.inf
    read_s: float = 10.0

    def begin(self, within_s: float, read_s: float) -> float:
        """Start a call; returns its end on the monotonic clock."""
        self.give_up_at, self.read_s = time.monotonic() + within_s, read_s
        return self.give_up_at


CALL_LIMITS = CallLimits()


class ConnectionPool:
    """Connections to one server, shared between threads; over TLS when a TLS context is given."""

    def __init__(self, host: str, port: int | None, tls: ssl.SSLContext | None) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._free: deque[http.client.HTTPConnection] = deque()

    def acquire(self, connect_s: float) -> http.client.HTTPConnection:
        """An idle connection that is still open, or a new one, which connects when it is first used."""
        while self._free:
            with suppress(IndexError):  # another thread was faster
                connection = self._free.pop()
                if connection.sock is not None and not _has_unexpected_data(connection.sock):
                    connection.sock.settimeout(CALL_LIMITS.read_s)
                    return connection
                connection.close()
        if self._tls is None:
            return _PlainConnection(self._host, self._port, timeout=connect_s)
        return _SecureConnection(self._host, self._port, timeout=connect_s, context=self._tls)

    def release(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection for the next call; its response must have been read to the end."""
        if len(self._free) < _MAX_FREE:
            self._free.append(connection)
        else:
            connection.close()


def _has_unexpected_data(connection: socket.socket) -> bool:
    """Whether an idle connection is readable: the server closed it, or sent something that is not a response."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket; no read waits longer than the call's deadline."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._socket = connection
        self._bytes = connection.makefile("rb", buffering=0)
        self._give_up_at, self._read_s = CALL_LIMITS.give_up_at, CALL_LIMITS.read_s

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
    """A response whose head is parsed strictly, and whose reads keep to the call's deadline."""

    def __init__(
        self, connection: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        reader: Any = _DeadlineReader(connection)  # the base class needs nothing of a socket but makefile
        super().__init__(reader, debuglevel, method, url)
        self._request_method = method or "GET"

    def begin(self) -> None:
        if self.headers is not None:
            return
        head = read_head(self.fp, self._request_method)
        self.version, self.status, self.reason = (11 if head.is_1_1 else 10), head.status, head.reason
        self.headers = self.msg = head.headers
        self.chunked, self.chunk_left = head.is_chunked, None
        self.length, self.will_close = head.length, head.will_close


class _PlainConnection(http.client.HTTPConnection):
    response_class = _BoundedResponse


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _BoundedResponse
