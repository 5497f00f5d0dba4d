"""Requests and replies inside the simulated cloud, and a small HTTPS server that can also misbehave."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_MOST_HEADER_BYTES = 64 * 1024
_REASONS = {200: "OK", 201: "Created", 204: "No Content", 302: "Found", 303: "See Other"}


@dataclass
class Request:
    """One request. Header names are lower-case; ``host`` is "login" or "graph"."""

    host: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass
class Reply:
    """One reply; ``how`` is how it goes wrong on the wire: "", reset, hang, drip, truncate."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    how: str = ""
    delay_s: float = 0.0


def told(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Reply(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


def page(text: str, status: int = 200) -> Reply:
    return Reply(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


def redirect(url: str) -> Reply:
    return Reply(302, b"", {"Location": url})


Handler = Callable[[Request], Awaitable[Reply]]


class Server:
    """HTTP/1.1 over TLS with keep-alive, for one of the simulated hosts."""

    def __init__(self, host: str, handler: Handler) -> None:
        self._host = host
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, context: ssl.SSLContext, port: int) -> int:
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
        try:
            while await self._exchange(reader, writer):
                pass
        except asyncio.CancelledError:
            pass  # the server is stopping
        except (
            asyncio.IncompleteReadError,
            ConnectionError,
            ssl.SSLError,
            asyncio.LimitOverrunError,
            TimeoutError,
        ):
            pass
        finally:
            if task:
                self._open.discard(task)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (it.partition(":") for it in lines if it)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        reply = await self._handler(Request(self._host, method, target, headers, body))
        return await _send(writer, reply) and headers.get("connection", "").lower() != "close"


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Send it the way it is meant to go; False when the connection ends with it."""
    if reply.delay_s:
        await asyncio.sleep(reply.delay_s)
    if reply.how == "hang":
        await asyncio.sleep(3600)
    if reply.how == "reset":
        return False
    lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [f"Date: {formatdate(usegmt=True)}", f"Content-Length: {len(reply.body)}", "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    if reply.how == "drip":
        for place in range(len(reply.body)):
            writer.write(reply.body[place : place + 1])
            await writer.drain()
            await asyncio.sleep(1.0)
        return True
    if reply.how == "truncate":
        writer.write(reply.body[: len(reply.body) // 2])
        await writer.drain()
        return False
    writer.write(reply.body)
    await writer.drain()
    return True
