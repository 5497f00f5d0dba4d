"""Connections to one server, kept open between calls; all waits for bytes end with the call that is made over them.

A read time-out ends one silent wait; an answer that drips a byte every second passes it for hours. So every wait for
bytes, of headers and body alike, is cut to what is left of the call.
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
_POOL = 32  # connections kept open to one server


class CallLimits(threading.local):
    """When the call that this thread makes must be over, on the monotonic clock, and its longest silence in seconds."""

    give_up_at: float = math.inf
    read_s: float = 10.0

    def begin(self, within_s: float, read_s: float) -> float:
        self.give_up_at, self.read_s = time.monotonic() + within_s, read_s
        return self.give_up_at


CALL_LIMITS = CallLimits()


class ConnectionPool:
    """A pool of connections to one server, for many threads; over TLS if it is said whom to trust."""

    def __init__(self, host: str, port: int | None, trust: ssl.SSLContext | None) -> None:
        self._host, self._port, self._trust = host, port, trust
        self._free: deque[http.client.HTTPConnection] = deque()

    def take(self, connect_s: float) -> http.client.HTTPConnection:
        """One that is free and still open, or a new one, which opens when it is used."""
        while self._free:
            with suppress(IndexError):  # another thread was faster
                connection = self._free.pop()
                if connection.sock is not None and not _has_news(connection.sock):
                    connection.sock.settimeout(CALL_LIMITS.read_s)
                    return connection
                connection.close()
        if self._trust is None:
            return _PlainConnection(self._host, self._port, timeout=connect_s)
        return _SecureConnection(self._host, self._port, timeout=connect_s, context=self._trust)

    def give_back(self, connection: http.client.HTTPConnection) -> None:
        """For the next call: its answer was read to the end."""
        if len(self._free) < _POOL:
            self._free.append(connection)
        else:
            connection.close()


def _has_news(connection: socket.socket) -> bool:
    """Whether something came that nobody asked for: the server has hung up, or nobody knows what it says."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes; no wait for them outlasts the call."""

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
    """An answer whose head is read strictly, and whose bytes keep to the call's deadline."""

    def __init__(
        self, connection: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        wire: Any = _DeadlineReader(connection)  # all that is wanted of a socket is makefile
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


class _PlainConnection(http.client.HTTPConnection):
    response_class = _BoundedResponse


class _SecureConnection(http.client.HTTPSConnection):
    response_class = _BoundedResponse
