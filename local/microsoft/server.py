"""Requests and replies inside the simulated cloud, and a small HTTPS server that can also misbehave.

A server of our own, since none that is made to behave can break off an answer or let it drip.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

_DRIP_S = 0.1
_HANG_S = 3600.0
_MAX_BODY = 16 * 1024 * 1024


@dataclass
class Request:
    """One request. Header names are lower-case; ``host`` is "login", "graph" or "partner"."""

    host: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @cached_property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass
class Reply:
    """One reply; ``failure`` is how it goes wrong on the wire: "", reset, hang, drip or truncate."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    delay_s: float = 0.0


def json_reply(value: Any, status: int = 200, content_type: str = "application/json; charset=utf-8") -> Reply:
    return Reply(status, msgspec.json.encode(value), {"Content-Type": content_type})


def html_reply(text: str, status: int = 200) -> Reply:
    return Reply(status, text.encode(), {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"})


def redirect(url: str) -> Reply:
    return Reply(302, b"", {"Location": url, "Cache-Control": "no-store"})


Handler = Callable[[Request], Coroutine[Any, Any, Reply]]


class Server:
    """HTTP/1.1 over TLS with keep-alive, for one of the simulated hosts."""

    def __init__(self, host: str, handler: Handler) -> None:
        self._host = host
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, context: ssl.SSLContext, port: int) -> int:
        """Listen on a port of this machine, 0 for any that is free; returns it."""
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port, ssl=context)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the other side went away, spoke no HTTP, or we are stopping: the connection just ends
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError, asyncio.CancelledError):  # stopping, while the other side goes away
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; False when the connection ends with it."""
        request = await self._received(reader)
        reply = await self._handler(request)
        return await _send(writer, reply) and request.headers.get("connection", "").lower() != "close"

    async def _received(self, reader: asyncio.StreamReader) -> Request:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= _MAX_BODY:
            raise ValueError("a body of impossible length")
        return Request(self._host, method, target, headers, await reader.readexactly(length))


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Send it the way it is meant to go; False when the connection ends with it."""
    if reply.delay_s:
        await asyncio.sleep(reply.delay_s)
    if reply.failure == "hang":
        await asyncio.sleep(_HANG_S)
    if reply.failure in {"hang", "reset"}:
        return False
    writer.write(_head(reply))
    if reply.failure == "drip":
        for place in range(len(reply.body)):
            writer.write(reply.body[place : place + 1])
            await writer.drain()
            await asyncio.sleep(_DRIP_S)
        return True
    cut = len(reply.body) // 2 if reply.failure == "truncate" else len(reply.body)
    writer.write(reply.body[:cut])
    await writer.drain()
    return reply.failure != "truncate"


def _head(reply: Reply) -> bytes:
    reasons = {status.value: status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {reply.status} {reasons.get(reply.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [f"Content-Length: {len(reply.body)}"] if reply.status not in {204, 304} else []
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
