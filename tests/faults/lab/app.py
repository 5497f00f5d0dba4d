"""The app in a process of its own that starts in a moment: forked from one that has imported everything.

``python -m tests.faults.lab.app ADDRESS`` waits on a socket; each connection gets a fresh process, which builds
the host as ``python -m local.host`` does and carries out commands until it is killed or the connection ends.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

from integrations.services import Services, connect
from integrations.settings import Settings
from integrations.triggers import build_app
from local.host import Host
from local.host.invocation.invoker import Response
from tests.faults.lab.kill import Switch

ROOT = Path(__file__).resolve().parents[3]


class Died(Exception):
    """The app's process is gone, with whatever it was doing."""


class _Ahead:
    """The app's clock: the machine's, moved ahead by what each command says."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


def _serve(connection: Connection) -> None:
    """Be the app until the connection ends."""
    env: dict[str, str] = connection.recv()
    clock = _Ahead()
    services = Services(**{**vars(connect(Settings.from_env(env))), "clock": clock})
    host = Host(build_app(lambda: services), root=ROOT, env=env, clock=clock)
    connection.send(os.getpid())
    while True:
        try:
            name, ahead, arguments, options = connection.recv()
        except EOFError:
            os._exit(0)
        clock.by = ahead
        try:
            told = (True, getattr(host, name)(*arguments, **options))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test hears of it
            told = (False, f"{type(error).__name__}: {error}")
        connection.send(told)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getppid()
    with Listener(sys.argv[1], family="AF_UNIX", backlog=64) as listener:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while os.getppid() == parent:
            connection = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _serve(connection)
            connection.close()


class Apps:
    """Starts apps."""

    def __init__(self, address: str) -> None:
        self._address = address

    def start(self, env: Mapping[str, str]) -> tuple[Connection, int]:
        connection = Client(self._address, family="AF_UNIX")
        connection.send(dict(env))
        return connection, int(connection.recv())


@contextmanager
def running_apps() -> Iterator[Apps]:
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/apps"
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, address], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Apps(address)
        finally:
            process.kill()
            process.wait()


class AppProcess:
    """Stands for ``Host`` in tests: the same calls, carried out in another process that can die."""

    def __init__(self, apps: Apps, env: Mapping[str, str], switch: Switch) -> None:
        self._apps = apps
        self._env = dict(env)
        self._switch = switch
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        self.ahead = timedelta(0)
        self.restart()

    def restart(self) -> None:
        """End what runs, however it is, and begin with nothing but what is stored."""
        self.kill()
        self._connection, self._switch.pid = self._apps.start(self._env)

    def kill(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            try:
                os.kill(self._switch.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def call_http(
        self, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        told: Response = self._do("call_http", method, target, headers=dict(headers or {}), body=body)
        return told

    def drain(self, *names: str, within_s: float = 60.0) -> int:
        return int(self._do("drain", *names, within_s=within_s))

    def fire_timer(self, name: str) -> None:
        self._do("fire_timer", name)

    def _do(self, name: str, *arguments: Any, **options: Any) -> Any:
        with self._lock:
            if self._connection is None:
                raise Died
            try:
                self._connection.send((name, self.ahead, arguments, options))
                is_done, told = self._connection.recv()
            except (EOFError, OSError) as error:
                raise Died from error
        if not is_done:
            raise AssertionError(told)
        return told


def wait_until(is_done: Any, within_s: float) -> bool:
    """Look again and again."""
    give_up_at = time.monotonic() + within_s
    while not is_done():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.2)
    return True


if __name__ == "__main__":
    main()
