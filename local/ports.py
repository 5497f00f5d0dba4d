"""The ports of this machine: what listens where, and how other ones are chosen."""

import json
import os
import random
import socket
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from local.files import replace_file

_LARGEST = 65535
_FREE = range(20_000, 32_000)  # no system gives these to outgoing connections, which would take them meanwhile
_ENDING_S = 5.0  # what a killed start left behind ends by itself within this time


class PortProblem(Exception):
    """A port is in use, or was not chosen as it has to be; the message says what to do."""


@dataclass(frozen=True)
class Ports:
    """Where everything listens on localhost; 0 takes a free port."""

    app: int = 7071
    portal: int = 7070
    login: int = 7443
    graph: int = 7444
    partner: int = 7445
    blob: int = 10000
    queue: int = 10001
    table: int = 10002

    @property
    def azurite(self) -> tuple[int, int, int] | None:
        ports = (self.blob, self.queue, self.table)
        return ports if all(ports) else None


FREE = Ports(0, 0, 0, 0, 0, 0, 0, 0)
_WHAT = {
    "app": "the app, with the page",
    "portal": "the portal's sign-in",
    "login": "the sign-in of the simulated Microsoft",
    "graph": "the simulated Microsoft Graph",
    "partner": "the simulated Partner Center",
    "blob": "Azurite's blobs",
    "queue": "Azurite's queues",
    "table": "Azurite's tables",
}


def free_ports(count: int = 1) -> list[int]:
    """Ports of localhost that nobody uses now."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = random.choice(_FREE)
            with suppress(OSError):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
        return found


def chosen_ports(text: str, folder: Path) -> Ports:
    """The ports of the last start in this folder, changed by a text like "app=8071,table=11002"; for the next one too.

    Raises:
        PortProblem: the text names something else, or one port twice.
    """
    file = folder / "ports.json"
    ports = replace(_last(file), **dict(_assignment(it) for it in text.replace(",", " ").split()))
    if len(set(asdict(ports).values())) < len(_WHAT):
        raise PortProblem(f"Each program needs a port of its own; these are {_listed(ports)}.")
    if text:
        replace_file(file, json.dumps(asdict(ports)).encode())
    return ports


def check_free(ports: Ports, *, is_app_ours: bool = True) -> None:
    """See that nobody listens on them; Azurite's are not needed when another one is given.

    Raises:
        PortProblem: naming each that is in use, and how to choose another one.
    """
    needed = asdict(ports) if is_app_ours else {name: port for name, port in asdict(ports).items() if name != "app"}
    if os.environ.get("AZURITE_CONNECTION_STRING"):
        needed = {name: port for name, port in needed.items() if name not in {"blob", "queue", "table"}}
    give_up_at = time.monotonic() + _ENDING_S
    while busy := {name: port for name, port in needed.items() if _is_busy(port)}:
        if time.monotonic() > give_up_at:
            raise PortProblem(_explained(busy))
        time.sleep(0.1)


def _explained(busy: dict[str, int]) -> str:
    lines = [f"Port {port} is in use; {_WHAT[name]} needs it." for name, port in busy.items()]
    others = ",".join(f"{name}={_other(port)}" for name, port in busy.items())
    return "\n".join([*lines, f"Stop the program that uses it, or choose another port: make run PORTS={others}"])


def _other(port: int) -> int:
    return port + 1000 if port + 1000 <= _LARGEST else port - 1000


def _last(file: Path) -> Ports:
    try:
        return Ports(**json.loads(file.read_bytes()))
    except (OSError, ValueError, TypeError):
        return Ports()


def _assignment(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in _WHAT or not number.isascii() or not number.isdigit() or not 0 < int(number) <= _LARGEST:
        names = ", ".join(_WHAT)
        raise PortProblem(f"PORTS has {text!r}; it is like app=8071,table=11002, with the names {names}.")
    return name, int(number)


def _listed(ports: Ports) -> str:
    return ", ".join(f"{name}={port}" for name, port in asdict(ports).items())


def _is_busy(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return True
    return False
