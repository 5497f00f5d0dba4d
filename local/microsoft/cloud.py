"""The whole simulated cloud: two hosts, faults, a recorder, and the ``/_world/`` control interface."""

import asyncio
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import trustme

from local.microsoft.control import CALLS
from local.microsoft.control import World as WorldClient
from local.microsoft.entra import Entra
from local.microsoft.graph import Graph
from local.microsoft.http import Reply, Request, Server, told
from local.microsoft.tokens import Issuer
from local.microsoft.world import World

_SECRET_FIELDS = frozenset({"client_secret", "client_assertion", "code", "refresh_token", "code_verifier"})
_CONTROL = "/_world/"
_MOST_RECORDS = 200_000


@dataclass
class Fault:
    """What goes wrong with which requests; the first that fits is taken."""

    id: int
    host: str | None = None
    method: str | None = None
    path: str | None = None
    tenant_id: str | None = None
    kind: str = "answer"
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    delay_s: float = 0.0
    times: int | None = 1
    skip: int = 0

    def takes(self, request: Request, tenant_id: str) -> bool:
        fits = (
            self.host in {None, request.host}
            and self.method in {None, request.method}
            and (self.path is None or re.search(self.path, request.target) is not None)
            and self.tenant_id in {None, tenant_id}
            and self.times != 0
        )
        if fits and self.skip:
            self.skip -= 1
            return False
        if fits and self.times is not None:
            self.times -= 1
        return fits


class Cloud:
    """State and hosts of one simulated cloud."""

    def __init__(self, login_url: str, graph_url: str) -> None:
        self.world = World()
        self._issuer = Issuer(self.world, login_url, graph_url)
        self._entra = Entra(self.world, self._issuer, login_url, graph_url)
        self._graph = Graph(self.world, self._issuer, graph_url)
        self._faults: list[Fault] = []
        self._latches: list[tuple[str, asyncio.Event]] = []
        self._records: list[dict[str, Any]] = []
        self._next_fault = 1

    async def handle(self, request: Request) -> Reply:
        if request.path.startswith(_CONTROL):
            return self._controlled(request)
        note = self._record(request)
        if self.world.switches.latency_s:
            await asyncio.sleep(self.world.switches.latency_s)
        for pattern, latch in self._latches:
            if re.search(pattern, request.target):
                await latch.wait()
        fault = next((it for it in self._faults if it.takes(request, self._tenant_of(request))), None)
        if fault and fault.kind in {"answer", "html", "reset", "hang"}:
            reply = _faulty(fault)
        else:
            reply = self._answer(request, note)
            if fault:
                reply.how = "reset" if fault.kind == "reset_after" else fault.kind
        if fault:
            reply.delay_s = fault.delay_s
        note |= {"status": reply.status, "bytes": len(reply.body)}
        return reply

    def _answer(self, request: Request, note: dict[str, Any]) -> Reply:
        with self.world.lock:
            return self._entra.answer(request) if request.host == "login" else self._graph.answer(request, note)

    def _tenant_of(self, request: Request) -> str:
        """Whose request it is: by the token, or by the tenant in a sign-in address."""
        claims = self._issuer.read(request.headers.get("authorization", "").partition(" ")[2])
        return claims["tid"] if claims else request.path.split("/")[1]

    def _record(self, request: Request) -> dict[str, Any]:
        form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        pairs = parse_qsl(request.body.decode("utf-8", "replace")) if form else []
        note: dict[str, Any] = {
            "seq": len(self._records) + 1,
            "at": time.time(),
            "host": request.host,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": {name: value for name, value in request.headers.items() if name != "authorization"},
            "form": {name: "***" if name in _SECRET_FIELDS else value for name, value in pairs},
            "tenant_id": self._tenant_of(request),
            "status": 0,
        }
        if len(self._records) < _MOST_RECORDS:
            self._records.append(note)
        return note

    # The control interface: one call a request, {"do": name, "with": {...}}.

    def _controlled(self, request: Request) -> Reply:
        try:
            asked = json.loads(request.body or b"{}")
            name, arguments = asked["do"], asked.get("with", {})
            with self.world.lock:
                result = self._call(name)(**arguments)
        except (KeyError, ValueError, TypeError) as error:
            return told({"error": str(error)}, 400)
        return told({"result": asdict(result) if is_dataclass(result) and not isinstance(result, type) else result})

    def _call(self, name: str) -> Callable[..., Any]:
        if name not in CALLS:
            raise KeyError(f"there is no call {name}")
        return getattr(self if hasattr(self, name) else self.world, name)  # type: ignore[no-any-return] # by name

    def fault(self, **described: Any) -> int:
        self._next_fault += 1
        self._faults.append(Fault(self._next_fault, **described))
        return self._next_fault

    def clear_faults(self) -> None:
        self._faults.clear()

    def hold(self, path: str) -> None:
        """Requests whose address fits wait until ``release``."""
        self._latches.append((path, asyncio.Event()))

    def release(self) -> None:
        for _, latch in self._latches:
            latch.set()
        self._latches.clear()

    def requests(
        self, *, since: int = 0, host: str | None = None, tenant_id: str | None = None
    ) -> list[dict[str, Any]]:
        return [
            it for it in self._records[since:] if host in {None, it["host"]} and tenant_id in {None, it["tenant_id"]}
        ]

    def forget_requests(self) -> None:
        self._records.clear()


def _faulty(fault: Fault) -> Reply:
    if fault.kind == "html":
        return Reply(200, b"<html><body>Sorry</body></html>", {"Content-Type": "text/html"})
    if fault.kind in {"reset", "hang"}:
        return Reply(how=fault.kind)
    body = fault.body or json.dumps({"error": {"code": "UnknownError", "message": "Injected."}})
    return Reply(fault.status, body.encode(), {"Content-Type": "application/json", **fault.headers})


@dataclass(frozen=True)
class Running:
    """Where a running cloud is."""

    login_url: str
    graph_url: str
    partner_url: str
    ca_file: str
    world: WorldClient


async def serve(state: Path, login_port: int, graph_port: int) -> tuple[dict[str, str], list[Server]]:
    """Start both hosts; returns their addresses and the servers to stop."""
    context = _certified(state)
    cloud: list[Cloud] = []

    async def handle(request: Request) -> Reply:
        return await cloud[0].handle(request)

    login, graph = Server("login", handle), Server("graph", handle)
    login_url = f"https://localhost:{await login.start(context, login_port)}"
    graph_url = f"https://localhost:{await graph.start(context, graph_port)}"
    cloud.append(Cloud(login_url, graph_url))
    told_of = {"login_url": login_url, "graph_url": graph_url, "partner_url": f"{graph_url}/partner"}
    return {**told_of, "ca_file": str(state / "ca.pem")}, [login, graph]


def _certified(state: Path) -> ssl.SSLContext:
    """A certificate for localhost from an authority of our own, whose certificate is written to ``ca.pem``."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    state.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(state / "ca.pem")
    return context


@contextmanager
def running_microsoft(state: Path, login_port: int = 0, graph_port: int = 0) -> Iterator[Running]:
    """A simulated cloud inside this process, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated-microsoft", daemon=True)
    thread.start()
    where, servers = asyncio.run_coroutine_threadsafe(serve(state, login_port, graph_port), loop).result(30)
    try:
        yield Running(**where, world=WorldClient(where["graph_url"], where["ca_file"]))
    finally:
        for server in servers:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
