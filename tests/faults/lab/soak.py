"""Hours of work while everything around it dies now and then: what was acknowledged is never lost.

The app runs as ``python -m local.host`` on an Azurite that keeps its data in files. Each client has a tenant of
its own and writes down what it was told; at the end the page must say the same.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from local.azurite import running_azurite
from local.host.invocation.invoker import Response
from local.portal_identity import PortalIdentity
from tests.faults.lab.app import ROOT
from tests.flows.portal import Clock, Portal

_WAIT_S = 60.0


class Program:
    """The app's host as a program, at an address that stays the same over its deaths."""

    def __init__(self, env: dict[str, str], port: int, log: Path) -> None:
        self._env, self._port, self._log = env, port, log
        self.starts = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "local.host", "--root", str(ROOT), "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **self._env}, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.starts += 1
        while self._process.stdout and not (line := self._process.stdout.readline()).startswith("Listening on"):
            if not line:
                raise AssertionError("the host did not start")

    @property
    def pid(self) -> int:
        return self._process.pid

    def again(self) -> None:
        self.kill()
        self.start()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def call_http(self, method: str, target: str, *, headers: Any = None, body: bytes = b"") -> Response:
        answer = requests.request(
            method,
            f"http://127.0.0.1:{self._port}{target}",
            headers=headers,
            data=body,
            timeout=30,
            allow_redirects=False,
        )
        return Response(answer.status_code, dict(answer.headers), answer.content)

    def fire_timer(self, name: str) -> None:
        self.call_http("POST", f"/admin/functions/{name}", headers={"content-type": "application/json"}, body=b"{}")

    def drain(self, *_names: str, **_within: float) -> int:
        """Its own listeners do that."""
        return 0


@contextmanager
def lasting_azurite(folder: Path, ports: tuple[int, int, int]) -> Iterator[tuple[str, Callable[[], None]]]:
    """An emulator that keeps its data, and a way to restart it as SIGTERM does."""
    with ExitStack() as stack:
        held = [ExitStack()]
        stack.callback(lambda: held.pop().close())
        connection = held[0].enter_context(running_azurite(location=folder, ports=ports)).connection_strings[0]

        def restart() -> None:
            held[0].close()
            held[0] = ExitStack()
            held[0].enter_context(running_azurite(location=folder, ports=ports))

        yield connection, restart


@dataclass
class Client:
    """Maps and unmaps one tenant for as long as it may; ``mapped_to`` is what it was told last."""

    portal: Portal
    tenant: dict[str, str]
    organizations: list[str]
    mapped_to: str | None = None
    acknowledged: int = 0
    unknown: int = 0
    breaks: list[str] = field(default_factory=list)

    def work(self, until: float, chance: random.Random) -> None:
        while time.monotonic() < until:
            wanted = None if self.mapped_to else chance.choice(self.organizations)
            self._change(wanted, until)
            if self.mapped_to and chance.random() < 0.3:
                self._ask("POST", f"/tenants/{self.tenant['id']}/sync")
            time.sleep(chance.random() * 0.5)

    def _change(self, wanted: str | None, until: float) -> None:
        path = f"/tenants/{self.tenant['id']}/mapping"
        status = self._ask("PUT", path, {"organization_id": wanted}) if wanted else self._ask("DELETE", path)
        if status in {200, 204}:
            self.acknowledged += 1
            self.mapped_to = wanted
        elif status in {0, 409} or status >= 500:
            self.unknown += 1
            self._look(wanted, until)
        else:
            self.breaks.append(f"{status} for {wanted}")

    def _look(self, wanted: str | None, until: float) -> None:
        """Nobody told whether it was done: it is one or the other, and stays so."""
        while (shown := self.shown()) is False and time.monotonic() < until + _WAIT_S:
            time.sleep(0.5)
        if shown not in {wanted, self.mapped_to}:
            self.breaks.append(f"shown {shown}, wanted {wanted}, before {self.mapped_to}")
        self.mapped_to = str(shown) if shown else None

    def shown(self) -> str | bool | None:
        """The Organization on the page; False when nobody answers."""
        try:
            answer = self.portal.call("GET", f"/tenants/{self.tenant['id']}")
        except (requests.RequestException, OSError):
            return False
        if answer.status != 200:
            return False
        found = json.loads(answer.body)["organizations"]
        return str(found[0]["id"]) if found else None

    def _ask(self, method: str, path: str, body: object = None) -> int:
        try:
            return self.portal.call(method, path, body).status
        except (requests.RequestException, OSError):
            return 0


def client(program: Program, identity: PortalIdentity, microsoft: Any) -> Portal:
    made: Any = program
    none: Any = None
    return Portal(made, none, microsoft, identity, Clock())


def every(seconds: Callable[[], float], do: Callable[[], object], ended: threading.Event) -> threading.Thread:
    """Do it again and again, on a thread of its own."""

    def run() -> None:
        while not ended.wait(seconds()):
            do()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
