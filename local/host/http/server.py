"""The address: HTTP/1.1 on a socket, carried by uvicorn to the front and back.

Sources: azure-functions-host GrpcMessageConversionExtensions.cs (a body without a length is not read) and
FUNCTIONS_REQUEST_BODY_SIZE_LIMIT.
"""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn

from local.host.http.pipeline import HttpRequest
from local.host.invocation.conversion import Response

log = logging.getLogger("local.host")

MAX_BODY_BYTES = 100 * 1024 * 1024
_MAX_CONCURRENT = 256  # requests that wait for their function at a time
_SERVER_HEADERS = frozenset(
    {"content-length", "transfer-encoding", "connection"}
)  # written by this server, not by functions
_START_S = 10.0

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class HttpServer:
    """Listens from its making on, and answers once it is started. Port 0 takes a free one."""

    def __init__(
        self, address: str, port: int, handle: Callable[[HttpRequest], Response], *, max_body: int = MAX_BODY_BYTES
    ) -> None:
        self._handle = handle
        self._max_body = max_body
        self._socket = socket.create_server((address, port), backlog=512)
        self.port = int(self._socket.getsockname()[1])
        self._pending: set[asyncio.Future[Response]] = set()
        self._pool = ThreadPoolExecutor(_MAX_CONCURRENT, thread_name_prefix="http")
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._asgi,
                log_config=None,
                access_log=False,
                lifespan="off",
                loop="asyncio",
                http="h11",
                interface="asgi3",
                proxy_headers=False,
                ws="none",
                server_header=False,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="http", daemon=True)

    def start(self) -> None:
        self._thread.start()
        give_up_at = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < give_up_at:
            time.sleep(0.005)

    def stop(self) -> None:
        """Take no more requests."""
        self._server.should_exit = True

    def join(self, within_s: float) -> bool:
        """Give requests that run some time, then close what is left; False when something was."""
        self._thread.join(within_s)
        ended = not self._thread.is_alive()
        for task in list(self._pending):
            task.get_loop().call_soon_threadsafe(task.cancel)
        self._thread.join(1)
        self._pool.shutdown(wait=False, cancel_futures=True)
        return ended

    async def _asgi(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        headers = _headers(scope["headers"])
        body = await self._body(receive)
        if body is None:
            await _send(send, Response(413, {"connection": "close"}, b""))
            return
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        request = HttpRequest(scope["method"], target, headers, body)
        await _send(send, await self._handled(request))

    async def _handled(self, request: HttpRequest) -> Response:
        """The answer, found on a thread; 503 when the time that a stop gives is over."""
        task = asyncio.get_running_loop().run_in_executor(self._pool, self._handle, request)
        self._pending.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            return Response(503, {"connection": "close"}, b"")
        finally:
            self._pending.discard(task)

    async def _body(self, receive: Receive) -> bytes | None:
        """The whole body; None when it is longer than allowed."""
        parts, length = [], 0
        while True:
            message = await receive()
            part = message.get("body", b"")
            length += len(part)
            if length > self._max_body:
                return None
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


def _headers(sent: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in sent:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


async def _send(send: Send, response: Response) -> None:
    try:
        headers = _encoded_headers(response)
    except ValueError:
        log.exception("an answer cannot be sent")
        response, headers = Response(500, {}, b""), [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if _has_body(response) else b""})


def _has_body(response: Response) -> bool:
    return response.status not in {204, 205, 304}


def _encoded_headers(response: Response) -> list[tuple[bytes, bytes]]:
    """The headers as bytes; ValueError for what HTTP cannot carry."""
    if not 200 <= response.status <= 999:
        raise ValueError(f"there is no status {response.status}")
    pairs = [(name.lower(), value) for name, value in response.headers.items() if name.lower() not in _SERVER_HEADERS]
    pairs += [("set-cookie", cookie) for cookie in response.cookies]
    if any(sign in text for pair in pairs for text in pair for sign in "\r\n\0"):
        raise ValueError("a header holds a line break")
    encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs]
    return [*encoded, (b"content-length", str(len(response.body)).encode())] if _has_body(response) else encoded
