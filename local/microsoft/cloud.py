"""The whole simulated cloud: three hosts, faults, oddities, a recorder, and the ``/_world/`` control interface."""

import asyncio
import json
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from local.microsoft.calls import Calls
from local.microsoft.control import World as WorldClient
from local.microsoft.entra.host import Entra
from local.microsoft.entra.scopes import Resources
from local.microsoft.faults import Faults, Latches
from local.microsoft.garble import Garbles
from local.microsoft.graph.host import Graph
from local.microsoft.http import Reply, Request, Server, told
from local.microsoft.partner_calls import PartnerCalls
from local.microsoft.partner_center import PartnerCenter
from local.microsoft.posture_calls import PostureCalls
from local.microsoft.recorder import Recorder
from local.microsoft.snapshots import Snapshots
from local.microsoft.tokens import Issuer
from local.microsoft.world import World

_CONTROL = "/_world/"


class Cloud:
    """State and hosts of one simulated cloud; everything happens on one event loop, one request at a time."""

    def __init__(self, login_url: str, graph_url: str, partner_url: str) -> None:
        self._login = login_url
        self._resources = Resources(graph_url, partner_url)
        self._world = World()
        self._issuer = Issuer(self._world, login_url, graph_url)
        self._recorder = Recorder()
        self._latches = Latches()
        self._calls = Calls(self._world)
        self._posture = PostureCalls(self._world)
        self._partner_calls = PartnerCalls(self._world)
        self._snapshots = Snapshots(self._world)
        self._history: list[str] = []
        self._begin()

    def _begin(self) -> None:
        """Hosts that remember nothing: no sessions, codes, faults or spent quota."""
        self._faults, self._garbles = Faults(), Garbles()
        login, resources = self._login, self._resources
        self._entra = Entra(self._world, self._issuer, login, resources)
        self._graph = Graph(self._world, self._issuer, self._faults, self._garbles, login, resources.graph)
        self._partner_center = PartnerCenter(self._world, self._issuer, resources.partner)
        self._history.clear()

    @property
    def _memories(self) -> list[object]:
        """What the hosts remember. Not what is held, and not Partner Center's requests of the last second."""
        return [self._recorder, self._faults, self._garbles, *self._entra.memories, *self._graph.memories]

    async def handle(self, request: Request) -> Reply:
        if request.path.startswith(_CONTROL):
            return self._controlled(request)
        tenant_id, client_id = self._whose(request)
        note = self._recorder.note(request, tenant_id, client_id)
        if self._world.switches.latency_s:
            await asyncio.sleep(self._world.switches.latency_s)
        await self._latches.wait(request, tenant_id)
        reply = self._answered(request, tenant_id, note)
        self._recorder.finish(note, reply)
        return reply

    def _answered(self, request: Request, tenant_id: str, note: dict[str, Any]) -> Reply:
        fault = self._faults.take(request, tenant_id)
        if fault is not None and fault.replaces:
            reply = fault.reply(request.host)
            if request.host == "graph":
                self._graph.noted(request, tenant_id, note, note["at"], reply)
        else:
            reply = self._from(request, note)
            reply = fault.spoil(reply) if fault is not None else reply
        reply.delay_s = fault.delay_s if fault is not None else 0.0
        return self._garbles.show(request, tenant_id, reply)

    def _from(self, request: Request, note: dict[str, Any]) -> Reply:
        if request.host == "login":
            return self._entra.answer(request)
        if request.host == "partner":
            return self._partner_center.answer(request)
        return self._graph.answer(request, note)

    def _whose(self, request: Request) -> tuple[str, str]:
        """Tenant and application: by the token, or by the tenant in a sign-in address."""
        if request.host == "login":
            found = self._world.find_tenant(request.path.split("/")[1])
            return (found.id if found else ""), request.query.get("client_id", "")
        claims = self._issuer.read(request.headers.get("authorization", "").partition(" ")[2])
        return (claims["tid"], claims["appid"]) if claims else ("", "")

    def _controlled(self, request: Request) -> Reply:
        """One call a request: {"do": name, "with": {...}}."""
        try:
            asked = json.loads(request.body)
            result = self._call(str(asked["do"]), asked.get("with", {}))
        except (KeyError, ValueError, TypeError) as error:
            return told({"error": str(error)}, 400)
        return told({"result": result})

    def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == "history":
            return self._history
        if name in {"save_state", "restore_state"}:
            return self._snapshot(name, **arguments)
        if name == "reset":
            self._latches.release()
            self._begin()
            self._recorder.forget_requests()
        else:
            self._history.append(json.dumps([name, arguments]))  # as half a character can only be in ASCII
        for target in (
            self._calls, self._partner_calls, self._posture, self._faults, self._garbles, self._latches, self._recorder,
        ):  # fmt: skip
            if name in vars(type(target)) and not name.startswith("_"):
                return getattr(target, name)(**arguments)
        raise KeyError(f"there is no call {name}")

    def _snapshot(self, how: str, name: str) -> None:
        if how == "save_state":
            self._snapshots.save(name, self._memories)
        else:
            self._snapshots.restore(name, self._memories)


@dataclass(frozen=True)
class Running:
    """Where a running cloud is."""

    login_url: str
    graph_url: str
    partner_url: str
    ca_file: str
    world: WorldClient


def prepared(state: Path) -> Path:
    """The directory that ``ca.pem`` is written to."""
    state.mkdir(parents=True, exist_ok=True)
    return state


async def serve(
    state: Path, login_port: int, graph_port: int, partner_port: int
) -> tuple[dict[str, str], list[Server]]:
    """Start all hosts; returns their addresses and the servers to stop. The CA lives as long as they do."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(state / "ca.pem"))
    cloud: list[Cloud] = []

    async def handle(request: Request) -> Reply:
        return await cloud[0].handle(request)

    ports = {"login": login_port, "graph": graph_port, "partner": partner_port}
    servers = {name: Server(name, handle) for name in ports}
    urls = {
        f"{name}_url": f"https://localhost:{await server.start(context, ports[name])}"
        for name, server in servers.items()
    }
    cloud.append(Cloud(**urls))
    return {**urls, "ca_file": str(state / "ca.pem")}, list(servers.values())


@contextmanager
def running_microsoft(state: Path | None = None) -> Iterator[Running]:
    """A simulated cloud inside this process, on a thread and an event loop of its own."""
    with tempfile.TemporaryDirectory() as scratch, _loop() as loop:
        starting = serve(prepared(state or Path(scratch)), 0, 0, 0)
        where, servers = asyncio.run_coroutine_threadsafe(starting, loop).result(30)
        world = WorldClient(where["graph_url"], where["ca_file"])
        try:
            yield Running(**where, world=world)
        finally:
            world.close()
            for server in servers:
                asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated-microsoft", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
