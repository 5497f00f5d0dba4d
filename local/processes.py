"""Starts what one machine needs besides the app, and the app's host, each as a process of its own."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.azurite import running_azurite
from local.files import replace_file
from local.ports import Ports, free_ports
from local.signals import with_parent
from shared.crypto.envelopes import new_key

ROOT = Path(__file__).resolve().parent.parent
CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"
CLIENT_SECRET = "not-a-secret-but-a-simulation"  # noqa: S105 - of the simulated cloud only
# The settings of the registration for CSPs, for whoever wants both.
CSP_REGISTRATION = {
    "MICROSOFT_CSP_CLIENT_ID": "c0ffee00-0000-4000-8000-0000000000c5",
    "MICROSOFT_CSP_CLIENT_SECRET": CLIENT_SECRET,
}
_START_S = 60.0


class NotStarted(Exception):
    """A program did not get ready."""


@dataclass(frozen=True)
class LocalServices:
    """What runs, and the settings that lead the app to it."""

    settings: dict[str, str]
    login_url: str
    graph_url: str
    ca_file: str
    personas_url: str
    azurite: str
    azurite_described: str


@contextmanager
def services(ports: Ports, state: Path, *, keep: bool) -> Iterator[LocalServices]:
    """Azurite, the simulated Microsoft cloud and the portal's sign-in; ``keep`` keeps data for the next start."""
    state.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        location = state / "azurite" if keep else None
        if location:
            location.mkdir(exist_ok=True)
        azurite = stack.enter_context(running_azurite(location=location, ports=ports.azurite))
        microsoft = stack.enter_context(
            _announced(
                "local.microsoft",
                f"--login-port={ports.login}",
                f"--graph-port={ports.graph}",
                f"--partner-port={ports.partner}",
                f"--state-dir={state / 'microsoft'}",
                *(["--keep"] if keep else []),
            )
        )
        key_file = [f"--key-file={state / 'portal-key.pem'}"] if keep else []
        identity = stack.enter_context(_announced("local.portal_identity", f"--port={ports.portal}", *key_file))
        yield LocalServices(
            settings={
                "AzureWebJobsStorage": azurite.connection_strings[0],
                "PORTAL_ISSUER": identity["issuer"],
                "PORTAL_AUDIENCE": identity["audience"],
                "PORTAL_JWKS_URL": identity["jwks_url"],
                "PORTAL_PERSONAS_URL": identity["personas_url"],
                "MICROSOFT_CLOUD": "custom",
                "MICROSOFT_LOGIN_URL": microsoft["login_url"],
                "MICROSOFT_GRAPH_URL": microsoft["graph_url"],
                "MICROSOFT_PARTNER_URL": microsoft["partner_url"],
                "MICROSOFT_CA_FILE": microsoft["ca_file"],
                "MICROSOFT_CLIENT_ID": CLIENT_ID,
                "MICROSOFT_CLIENT_SECRET": CLIENT_SECRET,
                "SECRET_KEYS": _secret_key(state / "secret-key.txt"),
                "STARTS_PER_MINUTE": "1000",
                "PYTHON_THREADPOOL_THREAD_COUNT": "16",
            },
            login_url=microsoft["login_url"],
            graph_url=microsoft["graph_url"],
            ca_file=microsoft["ca_file"],
            personas_url=identity["personas_url"],
            azurite=azurite.how,
            azurite_described=azurite.describe(),
        )


@contextmanager
def app_host(settings: Mapping[str, str], port: int, log: Path) -> Iterator[str]:
    """The app on its host, its log in a file; gives its address."""
    chosen = port or free_ports()[0]
    url = f"http://localhost:{chosen}"
    env = {**os.environ, **settings, **addresses(url)}
    command = [sys.executable, "-m", "local.host", "--root", str(ROOT), "--port", str(chosen)]
    with log.open("ab") as errors, _process(command, env, errors) as lines:
        _await_line(lines, "Listening on ")
        yield url


def addresses(url: str) -> dict[str, str]:
    """The settings that follow from where the app is; its host leads from / to the page."""
    return {"PUBLIC_URL": url, "PORTAL_URL": f"{url}/api/page", "LOCAL_HOST_HOME": "/api/page/"}


@contextmanager
def _announced(module: str, *arguments: str) -> Iterator[dict[str, str]]:
    """A program of ours that says in one line of JSON where it is."""
    command = [sys.executable, "-m", module, *arguments]
    with _process(command, dict(os.environ)) as lines:
        addresses: dict[str, str] = json.loads(_await_line(lines, "{"))
        yield addresses


@contextmanager
def _process(
    command: list[str], env: Mapping[str, str], errors: IO[bytes] | None = None
) -> Iterator["queue.Queue[str | None]"]:
    process = subprocess.Popen(
        command, cwd=ROOT, env=with_parent(env), stdout=subprocess.PIPE, stderr=errors, text=True
    )
    lines: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        if process.stdout:
            process.stdout.close()


def _read(process: "subprocess.Popen[str]", lines: "queue.Queue[str | None]") -> None:
    for line in process.stdout or ():
        lines.put(line.rstrip("\n"))
    lines.put(None)


def _await_line(lines: "queue.Queue[str | None]", beginning: str) -> str:
    give_up_at = time.monotonic() + _START_S
    while time.monotonic() < give_up_at:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            continue
        if line is None:
            raise NotStarted("A program ended before it was ready; its message is above, or in app.log.")
        if line.startswith(beginning):
            return line
    raise NotStarted(f"A program was not ready within {_START_S:.0f} s.")


def _secret_key(path: Path) -> str:
    """The key that seals secrets on this machine: made at the first start, kept beside the data it protects."""
    if not path.exists():
        replace_file(path, new_key("local1").encode())
    return path.read_text().strip()
