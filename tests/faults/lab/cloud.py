"""The simulated Microsoft cloud with a switch at its gates: it counts what changes something, and can kill the app.

The switch sits where the cloud's own servers hand over requests, so that addresses, certificates and tokens are
the cloud's own and need not be rewritten.
"""

import asyncio
import random
import re
import ssl
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import trustme

from local.microsoft.cloud import Cloud
from local.microsoft.server import Reply, Request, Server
from tests.faults.lab.kill import Switch

T = TypeVar("T")

_REFRESH_TOKEN = re.compile(rb'"refresh_token":\s*"([^"]{8,})"')
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class GatedCloud:
    """Three hosts on free ports, in front of one cloud of its own."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._servers: dict[str, Server] = {}
        self._cloud: Cloud | None = None
        self.faults = 0.0  # the share of what the app asks that is broken off
        self.tokens: set[bytes] = set()  # refresh tokens it has given out: none of them may be read anywhere

    async def start(self, context: ssl.SSLContext) -> dict[str, str]:
        """Listen; returns login_url, graph_url and partner_url."""
        self._servers = {name: Server(name, self._handle) for name in ("login", "graph", "partner")}
        urls = {
            f"{name}_url": f"https://localhost:{await server.start(context, 0)}"
            for name, server in self._servers.items()
        }
        self._cloud = Cloud(**urls)
        return urls

    async def stop(self) -> None:
        for server in self._servers.values():
            await server.stop()

    async def _handle(self, request: Request) -> Reply:
        if self._cloud is None:
            raise AssertionError
        if self.faults and _changes(request) and random.random() < self.faults:
            return Reply(failure="reset")
        number = self._switch.before(f"{request.host} {request.method}") if _changes(request) else 0
        if number < 0:
            return Reply(failure="reset")
        reply = await self._cloud.handle(request)
        self.tokens |= set(_REFRESH_TOKEN.findall(reply.body))
        return reply if self._switch.after(number) else Reply(failure="reset")


def _changes(request: Request) -> bool:
    """Whether the app asks for something to be done: a browser's pages and the test's own calls are not the app's."""
    if request.host == "login":
        return request.path.endswith("/token")
    return request.method not in _READING and not request.path.startswith("/_world/")


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A certificate for this machine, and the file of the authority that issued it."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, str(path)


class Loop:
    """An event loop on a thread of its own; ``run`` waits for what it is given."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()
