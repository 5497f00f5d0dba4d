"""``python -m local`` in the hands of a test: started in a folder on free ports, stopped, killed, and asked."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local.microsoft.control import World
from local.portal_client import PortalClient
from local.ports import Ports, free_ports
from local.processes import LocalServices
from tests.waiting import HANGS_S, until

ROOT = Path(__file__).resolve().parents[2]


def other_ports() -> Ports:
    """Ports that nobody uses now; all of a module's starts have the same, as those of a person have."""
    names = list(asdict(Ports()))
    return Ports(**dict(zip(names, free_ports(len(names)), strict=True)))


class Start:
    """One start, and what it printed so far."""

    def __init__(self, folder: Path, ports: Ports, *options: str) -> None:
        self.folder, self.ports = folder, ports
        self.printed = ""
        chosen = ",".join(f"{name}={port}" for name, port in asdict(ports).items())
        command = [sys.executable, "-m", "local", f"--state-dir={folder}", f"--ports={chosen}", *options]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "AZURITE_MODE": "npm", "AZURITE_CONNECTION_STRING": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.printed += line

    def await_line(self, text: str) -> None:
        until(lambda: text in self.printed or self.process.poll() is not None)
        assert text in self.printed, self.printed

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(HANGS_S)
        self._reader.join(HANGS_S)
        return code

    @property
    def alice(self) -> PortalClient:
        return PortalClient(self._services(), f"http://localhost:{self.ports.app}")

    @property
    def world(self) -> World:
        services = self._services()
        return World(services.graph_url, services.ca_file)

    def tenant(self, name: str) -> dict[str, Any]:
        return next(dict(it) for it in self.world.tenants() if it["name"] == name)

    def sync(self, tenant: Mapping[str, Any]) -> dict[str, Any]:
        """Sync Now; the run once it has ended."""
        path = f"/tenants/{tenant['id']}"
        run = self.alice.ask("POST", f"{path}/sync")["run_id"]
        until(lambda: self.alice.ask("GET", f"{path}/runs/{run}").get("ended_at"))
        return dict(self.alice.ask("GET", f"{path}/runs/{run}"))

    def _services(self) -> LocalServices:
        """What ``PortalClient`` asks for: addresses alone."""
        return LocalServices(
            settings={},
            login_url=f"https://localhost:{self.ports.login}",
            graph_url=f"https://localhost:{self.ports.graph}",
            ca_file=str(self.folder / "microsoft" / "ca.pem"),
            personas_url=f"http://localhost:{self.ports.portal}",
            azurite="",
            azurite_described="",
        )


@contextmanager
def started(folder: Path, ports: Ports, *options: str) -> Iterator[Start]:
    """A start that is ready; it is stopped at the end, if it still runs."""
    start = Start(folder, ports, *options)
    try:
        start.await_line("Press Ctrl-C")
        yield start
    finally:
        if start.process.poll() is None:
            start.end()
