"""Azurite, Microsoft's storage emulator: the one that is given, else in Docker, else from npm.

``AZURITE_CONNECTION_STRING`` names one that runs already. ``AZURITE_MODE=docker`` or ``npm`` forces a way, and
then a failure is a failure, not a reason to try the other. The one from npm finds rows by its indexes, which
``azurite-lookups.cjs`` sees to; the one in Docker looks through all rows, and ``AZURITE_PLAIN=1`` has it so from npm.
"""

import argparse
import base64
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

from local.azurite_version import version_of
from local.ports import free_ports
from local.signals import exit_on_signal, wait_for_signal, with_parent

INSTALL = "Azurite is needed: run `npm ci` in this folder (Node 20 or newer), or start Docker."
SLOWER = (
    "Azurite runs in Docker, as it comes: it looks through all rows for each one, so that a first sync of 10,000 users "
    "takes minutes (308 s on a quiet machine). AZURITE_MODE=npm takes the one from npm, which uses its indexes here."
)
IMAGE = "mcr.microsoft.com/azure-storage/azurite:3.35.0"
_FLAGS = ("--skipApiVersionCheck", "--disableTelemetry", "--silent")
_INSIDE = {"blob": 10000, "queue": 10001, "table": 10002}
_SERVICES = tuple(_INSIDE)
_START_S = 40.0
_WITH_PARENT, _LOOKUPS, _WITHOUT_PAUSES = (
    Path(__file__).with_name(f"azurite-{name}.cjs") for name in ("with-parent", "lookups", "without-pauses")
)
_ROOM = "--max-semi-space-size=32"  # MiB for what a request leaves behind; with the usual 16 its CPU is a tenth more
_NOTHING_TO_PATCH = "azurite-lookups.cjs: found nothing to patch"
_DEVELOPMENT = (
    "devstoreaccount1",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
)


class NoAzurite(Exception):
    """There is no way to an Azurite here."""


@dataclass(frozen=True)
class Account:
    """A storage account of the emulator."""

    name: str
    key: str

    def connection_string(self, ports: Mapping[str, int]) -> str:
        endpoints = "".join(
            f"{service.capitalize()}Endpoint=http://127.0.0.1:{ports[service]}/{self.name};" for service in _SERVICES
        )
        return f"DefaultEndpointsProtocol=http;AccountName={self.name};AccountKey={self.key};{endpoints}"


@dataclass(frozen=True)
class Azurite:
    """A running emulator: one connection string for each account.

    ``in_memory`` and ``has_lookups`` (whether ``azurite-lookups.cjs`` is in effect) are None where nobody knows.
    """

    how: str
    connection_strings: tuple[str, ...]
    in_memory: bool | None = None
    has_lookups: bool | None = None

    def describe(self) -> str:
        """For reports: "Azurite 3.35.0 (npm), in memory, with the lookup patch"."""
        kept = {True: "in memory", False: "in a folder", None: "in memory or in a folder"}[self.in_memory]
        patch = {True: "with", False: "without", None: "with or without"}[self.has_lookups]
        return f"Azurite {version_of(self.connection_strings[0])} ({self.how}), {kept}, {patch} the lookup patch"


@contextmanager
def running_azurite(
    *, accounts: int = 1, location: Path | None = None, ports: tuple[int, int, int] | None = None
) -> Iterator[Azurite]:
    """Find or start an emulator with so many accounts; in memory, unless a folder is given.

    An emulator that is given by its connection string has one account, whatever was asked for.

    Raises:
        NoAzurite: with the line that installs one.
    """
    given = os.environ.get("AZURITE_CONNECTION_STRING")
    if given:
        yield Azurite("given", (given,))
        return
    made = [Account(*_DEVELOPMENT)] if accounts == 1 else [_account(number) for number in range(accounts)]
    with ExitStack() as stack:
        yield _start(stack, _Options(made, location, ports))


@dataclass(frozen=True)
class _Options:
    """What to start: accounts, the folder that keeps the data, the ports of blob, queue and table."""

    accounts: list[Account]
    location: Path | None
    ports: tuple[int, int, int] | None

    @property
    def env(self) -> str:
        return ";".join(f"{account.name}:{account.key}" for account in self.accounts)

    def started(self, how: str, ports: Mapping[str, int], *, has_lookups: bool) -> Azurite:
        connections = tuple(account.connection_string(ports) for account in self.accounts)
        return Azurite(how, connections, in_memory=self.location is None, has_lookups=has_lookups)


def _start(stack: ExitStack, options: _Options) -> Azurite:
    """Docker when it answers, else npm; a way that is forced may not fall back to the other."""
    forced = os.environ.get("AZURITE_MODE", "")
    if forced not in {"", "docker", "npm"}:
        raise NoAzurite(f"AZURITE_MODE is {forced!r}; it may be docker or npm")
    if forced == "docker" or (not forced and _docker_answers()):
        try:
            return stack.enter_context(_in_docker(options))
        except NoAzurite:
            if forced:
                raise
    return stack.enter_context(_from_npm(options))


def _docker_answers() -> bool:
    if not os.environ.get("DOCKER_HOST") and not Path("/var/run/docker.sock").exists():
        return False
    import docker  # noqa: PLC0415 - slow to import, and only needed here
    from docker.errors import DockerException  # noqa: PLC0415 - as above

    try:
        client = docker.from_env(timeout=3)
        try:
            client.ping()
        finally:
            client.close()
    except (DockerException, OSError):
        return False
    return True


@contextmanager
def _in_docker(options: _Options) -> Iterator[Azurite]:
    """Through testcontainers, which removes the container at the end; its ports must be on this machine's loopback.

    The plain container class: AzuriteContainer waits on the address it believes in, which inside another container
    is not loopback, and has one account only.
    """
    with ExitStack() as stack:
        azurite = _container(stack, options)
        print(SLOWER, file=sys.stderr, flush=True)
        yield azurite


def _container(stack: ExitStack, options: _Options) -> Azurite:
    from docker.errors import DockerException  # noqa: PLC0415 - slow to import, and only needed here
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - as above

    listen = [word for service in _SERVICES for word in (f"--{service}Host", "0.0.0.0")]  # noqa: S104 - in its container
    keep = ["--location", "/data"] if options.location else ["--inMemoryPersistence"]
    try:
        container = DockerContainer(os.environ.get("AZURITE_IMAGE", IMAGE))
        container.with_env("AZURITE_ACCOUNTS", options.env).with_command(["azurite", *_FLAGS, *listen, *keep])
        if options.location:
            container.with_volume_mapping(str(options.location.resolve()), "/data", "rw")
            container.with_kwargs(user=f"{os.getuid()}:{os.getgid()}")  # so that the files are ours to remove
        container.with_exposed_ports(*_INSIDE.values())
        for inside, outside in zip(_INSIDE.values(), options.ports or (), strict=False):
            container.with_bind_ports(inside, outside)
        stack.enter_context(container)
        stack.callback(container.get_wrapped_container().stop, timeout=20)  # removal alone would kill it
        ports = {service: int(container.get_exposed_port(inside)) for service, inside in _INSIDE.items()}
        socket.create_connection(("127.0.0.1", ports["table"]), timeout=3).close()
    except (DockerException, OSError) as error:
        raise NoAzurite(f"Docker could not start Azurite: {error}") from error
    _wait(ports, lambda: True)
    return options.started("docker", ports, has_lookups=False)


@contextmanager
def _from_npm(options: _Options) -> Iterator[Azurite]:
    program = _program()
    ports = dict(zip(_SERVICES, options.ports or free_ports(len(_SERVICES)), strict=True))
    listen = [word for service in _SERVICES for word in (f"--{service}Port", str(ports[service]))]
    keep = ["--location", str(options.location)] if options.location else ["--inMemoryPersistence"]
    loaded = [] if _is_plain() else [_LOOKUPS] if options.location else [_LOOKUPS, _WITHOUT_PAUSES]
    node_options = " ".join((_ROOM, *(f'--require "{it.as_posix()}"' for it in (_WITH_PARENT, *loaded))))
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [program, *_FLAGS, *listen, *keep],
            env=with_parent({**os.environ, "AZURITE_ACCOUNTS": options.env, "NODE_OPTIONS": node_options}),
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            _wait(ports, lambda: process.poll() is None)
            is_patched = _LOOKUPS in loaded and _NOTHING_TO_PATCH not in _repeated(errors)
            yield options.started("npm", ports, has_lookups=is_patched)
        finally:
            _stop(process)


def _repeated(errors: IO[bytes]) -> str:
    """What Azurite and its patches said while they started; a person shall see it, too."""
    errors.seek(0)
    said = errors.read().decode(errors="replace")
    if said:
        print(said, end="", file=sys.stderr, flush=True)
    return said


def _is_plain() -> bool:
    return os.environ.get("AZURITE_PLAIN", "") not in {"", "0"}


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()  # killing it at once would lose what was written in the last seconds
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _program() -> str:
    ours = Path(__file__).resolve().parent.parent / "node_modules" / ".bin" / "azurite"
    found = str(ours) if ours.exists() else shutil.which("azurite")
    if not found:
        raise NoAzurite(INSTALL)
    return found


def _account(number: int) -> Account:
    return Account(f"test{number:05d}", base64.b64encode(secrets.token_bytes(48)).decode())


def _wait(ports: Mapping[str, int], is_alive: Callable[[], bool]) -> None:
    """Until all three services answer."""
    give_up_at = time.monotonic() + _START_S
    for port in ports.values():
        while not _answers(port):
            if not is_alive() or time.monotonic() > give_up_at:
                raise NoAzurite("Azurite did not start; are its ports free?")
            time.sleep(0.05)


def _answers(port: int) -> bool:
    """Whether an HTTP answer comes, whatever it says: Docker accepts connections before Azurite does."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


def main() -> None:
    """Run until SIGTERM or Ctrl-C, printing the connection string."""
    exit_on_signal()
    parser = argparse.ArgumentParser(prog="python -m local.azurite", description=__doc__)
    parser.add_argument("--location", default=".local/azurite", help="the folder that keeps the data")
    parser.add_argument("--ports", default="10000,10001,10002", help="blob, queue, table")
    arguments = parser.parse_args()
    first, second, third = (int(port) for port in arguments.ports.split(","))
    Path(arguments.location).mkdir(parents=True, exist_ok=True)
    with running_azurite(location=Path(arguments.location), ports=(first, second, third)) as azurite:
        print(azurite.connection_strings[0], flush=True)
        wait_for_signal()


if __name__ == "__main__":
    main()
