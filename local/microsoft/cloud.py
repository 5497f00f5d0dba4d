"""The whole simulated cloud: three hosts, injected faults, a recorder, and the ``/_world/`` control interface."""

import asyncio
import contextlib
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from local.files import replace_file
from local.microsoft.control import World
from local.microsoft.control.client import NearWorld
from local.microsoft.control.server import PREFIX, ControlServer
from local.microsoft.entra.host import Entra
from local.microsoft.entra.scopes import Resources
from local.microsoft.entra.tokens.issuer import Issuer
from local.microsoft.graph.host import Graph
from local.microsoft.partner_center import PartnerCenter
from local.microsoft.server import Handler, Reply, Request, Server
from local.microsoft.snapshots import Snapshots
from local.microsoft.state_file import StateFile, StateKeeper
from local.microsoft.traffic.faults import Faults, HeldRequests
from local.microsoft.traffic.garble import Garbles
from local.microsoft.traffic.recorder import Recorder
from local.microsoft.world.state import WorldState


class Cloud:
    """State and hosts of one simulated cloud; everything happens on one event loop, one request at a time."""

    def __init__(self, login_url: str, graph_url: str, partner_url: str) -> None:
        self._login = login_url
        self._resources = Resources(graph_url, partner_url)
        self.world = WorldState()
        self._issuer = Issuer(self.world, login_url, graph_url)
        self.recorder = Recorder()
        self.held_requests = HeldRequests()
        self._snapshots = Snapshots(self.world)
        self._control = ControlServer(self)
        self.history: list[str] = []
        self._is_touched = False
        self._start_hosts()

    def reset(self) -> None:
        """Forget everything but the signing keys; requests that are held go on."""
        self.held_requests.release()
        self._start_hosts()
        self.recorder.forget_requests()
        self.history.clear()
        self.world.clear()

    def _start_hosts(self) -> None:
        """Hosts that remember nothing: no sessions, codes, faults or spent quota."""
        self.faults, self.garbles = Faults(), Garbles()
        login, resources = self._login, self._resources
        self._entra = Entra(self.world, self._issuer, login, resources)
        self._graph = Graph(self.world, self._issuer, self.faults, self.garbles, login, resources.graph)
        self._partner_center = PartnerCenter(self.world, self._issuer, resources.partner)

    def save_state(self, name: str) -> None:
        self._snapshots.save(name, self._memories)

    def restore_state(self, name: str) -> None:
        self._snapshots.restore(name, self._memories)

    def dump_state(self) -> bytes:
        """What outlives a restart: the world, who is signed in, what can be redeemed, and the signing keys."""
        return self._snapshots.dump(self._lasting)

    def load_state(self, dumped: bytes) -> None:
        """Raises an exception of any kind when it is no state."""
        self._snapshots.load(dumped, self._lasting)

    def was_touched(self) -> bool:
        """Whether there was a request since the last time this was asked."""
        touched, self._is_touched = self._is_touched, False
        return touched

    @property
    def _lasting(self) -> list[object]:
        return [*self._entra.memories, self._issuer.keys]

    @property
    def _memories(self) -> list[object]:
        """What the hosts remember. Not what is held, and not Partner Center's requests of the last second."""
        return [self.recorder, self.faults, self.garbles, *self._entra.memories, *self._graph.memories]

    async def handle(self, request: Request) -> Reply:
        self._is_touched = True
        if request.path.startswith(PREFIX):
            return self._control.handle(request)
        tenant_id, client_id = self._caller(request)
        record = self.recorder.begin(request, tenant_id, client_id)
        if self.world.switches.latency_s:
            await asyncio.sleep(self.world.switches.latency_s)
        await self.held_requests.wait(request, tenant_id)
        reply = self._routed(request, tenant_id, record)
        self.recorder.finish(record, reply)
        return reply

    def _routed(self, request: Request, tenant_id: str, record: dict[str, Any]) -> Reply:
        fault = self.faults.match(request, tenant_id)
        if fault is not None and fault.replaces:
            reply = fault.reply(request.host)
            if request.host == "graph":
                self._graph.record_faulted(request, tenant_id, record, record["at"], reply)
        else:
            reply = self._handled_by_host(request, record)
            reply = fault.degrade(reply) if fault is not None else reply
        reply.delay_s = fault.delay_s if fault is not None else 0.0
        return self.garbles.apply(request, tenant_id, reply)

    def _handled_by_host(self, request: Request, record: dict[str, Any]) -> Reply:
        if request.host == "login":
            return self._entra.handle(request)
        if request.host == "partner":
            return self._partner_center.handle(request)
        return self._graph.handle(request, record)

    def _caller(self, request: Request) -> tuple[str, str]:
        """Tenant and application: by the token, or by the tenant in a sign-in address."""
        if request.host == "login":
            tenant = self.world.find_tenant(request.path.split("/")[1])
            return (tenant.id if tenant else ""), request.query.get("client_id", "")
        claims = self._issuer.verify(request.headers.get("authorization", "").partition(" ")[2])
        return (claims["tid"], claims["appid"]) if claims else ("", "")


@dataclass(frozen=True)
class Running:
    """Where a running cloud is."""

    login_url: str
    graph_url: str
    partner_url: str
    ca_file: str
    world: World


def prepared(state: Path) -> Path:
    """The directory that ``ca.pem`` is written to."""
    state.mkdir(parents=True, exist_ok=True)
    return state


async def serve(
    state: Path, login_port: int, graph_port: int, partner_port: int, *, keep: bool = False
) -> tuple[dict[str, str], list[Server | StateKeeper], Handler]:
    """Start all hosts; returns their addresses, what to stop, and what handles their requests.

    ``keep`` goes on from the state in the folder.
    """
    context = _tls(state)
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
    stopped: list[Server | StateKeeper] = list(servers.values())
    if keep:
        keeper = StateKeeper(StateFile(state), cloud[0].dump_state, cloud[0].was_touched)
        keeper.start(cloud[0].load_state)
        stopped.append(keeper)
    return {**urls, "ca_file": str(state / "ca.pem")}, stopped, handle


def _tls(state: Path) -> ssl.SSLContext:
    """The certificate of the last start, which a browser may have accepted, or a new one, of a new CA.

    ``server.pem`` ends with the CA that it belongs to, so that no start mixes two.
    """
    ca, server = state / "ca.pem", state / "server.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with contextlib.suppress(OSError):
        known = ca.read_bytes()
        if known and server.read_bytes().endswith(known):
            context.load_cert_chain(server)
            return context
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.bytes()
    replace_file(ca, authority.cert_pem.bytes())
    replace_file(server, issued + authority.cert_pem.bytes())
    context.load_cert_chain(server)
    return context


@contextmanager
def running_microsoft(state: Path | None = None) -> Iterator[Running]:
    """A simulated cloud inside this process, on a thread and an event loop of its own."""
    with tempfile.TemporaryDirectory() as scratch, _loop() as loop:
        starting = serve(prepared(state or Path(scratch)), 0, 0, 0)
        where, servers, handle = asyncio.run_coroutine_threadsafe(starting, loop).result(30)
        try:
            yield Running(**where, world=NearWorld(loop, handle))
        finally:
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
