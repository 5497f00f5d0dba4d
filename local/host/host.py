"""The host as a whole: an app indexed, its functions callable, its clock, queues and address running."""

import base64
import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import azure.functions as func
from azure.storage.queue import QueueMessage

from local.host.index import Function, index, load
from local.host.invoke import Invoker, Outcome, Response, timer_request
from local.host.queues import QueueListener, QueueOptions, QueueReader
from local.host.routes import routes
from local.host.settings import environment, host_json, seconds
from local.host.storage import Lease, Storage
from local.host.timers import Clock, TimerListener, TimerRunner, utc_now
from local.host.web import Front, Keys, Listener, Request

log = logging.getLogger("local.host")

_GRACE_S = 10.0


class Host:
    """Runs one app. Without ``serve`` nothing listens: functions run when they are called.

    Args:
        app: a built FunctionApp; when None it is loaded from ``root``.
        root: the app's folder, with host.json.
        env: settings; what is given here is not mixed with the process's own.
        clock: time for timers, in UTC.
    """

    def __init__(
        self,
        app: func.FunctionApp | None = None,
        *,
        root: Path = Path(),
        env: Mapping[str, str] | None = None,
        keys: Keys | None = None,
        origins: list[str] | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.env = dict(env) if env is not None else environment(root, os.environ)
        told = host_json(root, self.env)
        script = self.env.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
        self.functions = index(app or load(root, script), self.env)
        self._clock = clock
        self._options = QueueOptions.from_host_json(told)
        self._storage = Storage(self.env)
        threads = int(self.env.get("PYTHON_THREADPOOL_THREAD_COUNT") or min(32, (os.cpu_count() or 1) + 4))
        timeout_s = seconds(told.get("functionTimeout", "00:30:00"))
        self._invoker = Invoker(threads, timeout_s, str(root.resolve()))
        self._host_id = _host_id(root, self.env)
        self.prefix = str(told.get("extensions", {}).get("http", {}).get("routePrefix", "api"))
        self.routes = routes(self.functions.values(), self.prefix)
        self._front = Front(self.routes, self.functions, keys or Keys(), origins or [], self._http, self._start)
        self._readers = {it.name: self._reader(it) for it in self._of("queueTrigger")}
        self._timers = {it.name: self._timer(it) for it in self._of("timerTrigger")}
        self._listeners: list[QueueListener] = []
        self._timing: list[TimerListener] = []
        self._web: Listener | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def call_http(
        self, method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """A request through routing and conversion, without a socket."""
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        lowered.setdefault("content-length", str(len(body)))
        return self._front.answer(Request(method, target, lowered, body))

    def fire_timer(self, name: str, *, past_due: bool = False) -> None:
        """Run a timer's function now; raises what it raises."""
        function = self.functions[name]
        self._publish(self._invoker.run(function, timer_request(past_due=past_due, status=None)))

    def drain(self, *names: str, within_s: float = 60.0) -> int:
        """Run queue functions until no message is visible; what they send is run too. Returns how many ran."""
        chosen = [reader for name, reader in self._readers.items() if not names or name in names]
        give_up_at, ran = time.monotonic() + within_s, 0
        while True:
            taken: list[tuple[QueueReader, QueueMessage]] = [(it, m) for it in chosen for m in it.fetch(32)]
            if not taken:
                return ran
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"queues are not empty after {within_s} s")
            for reader, message in taken:
                reader.settle(message)
            ran += len(taken)

    def serve(self, port: int = 0, address: str = "127.0.0.1", *, listeners: bool = True) -> str:
        """Listen for HTTP, and for timers and queues unless told not to; returns the base address."""
        self._web = Listener(address, port, self._front)
        self._web.start()
        if listeners:
            self._listeners = [QueueListener(reader, self._options) for reader in self._readers.values()]
            leases = {name: Lease(self._storage, self._host_id, name) for name in self._timers}
            self._timing = [TimerListener(it, leases[name], self._clock) for name, it in self._timers.items()]
            for listening in self._listeners:
                listening.start()
            for timing in self._timing:
                timing.start()
        return f"http://localhost:{self._web.port}"

    def stop(self, within_s: float = _GRACE_S) -> None:
        """Take no more work; what runs gets some seconds."""
        if self._web:
            self._web.stop()
        give_up_at = time.monotonic() + within_s
        for timing in self._timing:
            timing.stop(max(0.1, give_up_at - time.monotonic()))
        for listening in self._listeners:
            listening.stop(max(0.1, give_up_at - time.monotonic()))
        self._invoker.stop()

    def next_run(self, name: str) -> datetime:
        """When a timer fires next."""
        return self._timers[name].next_after(self._clock())

    def _of(self, trigger: str) -> list[Function]:
        return [it for it in self.functions.values() if it.trigger == trigger]

    def _reader(self, function: Function) -> QueueReader:
        return QueueReader(function, self._storage, self._invoker, self._options, self._publish)

    def _timer(self, function: Function) -> TimerRunner:
        return TimerRunner(function, self._storage, self._invoker, self._publish, self._host_id, self._clock)

    def _http(self, function: Function, value: Any) -> Response:
        outcome = self._invoker.run(function, value)
        self._publish(outcome)
        if outcome.response is None:
            raise TypeError(f"{function.name} has no HTTP output")
        return outcome.response

    def _publish(self, outcome: Outcome) -> None:
        """Send what a function put out; a listener of this host that waits for it is woken."""
        for connection, queue, body in outcome.messages:
            text = base64.b64encode(body).decode() if self._options.base64 else body.decode()
            self._storage.send(connection, queue, text)
            for listener in self._listeners:
                if listener.queue == queue:
                    listener.wake()

    def _start(self, function: Function, given: str) -> None:
        """Run any function in the background, as the admin API does."""
        threading.Thread(target=self._run_by_hand, args=(function, given), daemon=True).start()

    def _run_by_hand(self, function: Function, given: str) -> None:
        try:
            if function.trigger == "timerTrigger":
                self.fire_timer(function.name)
            elif function.trigger == "queueTrigger":
                reader = self._readers[function.name]
                self._storage.send(
                    str(function.told.get("connection") or ""), reader.queue, base64.b64encode(given.encode()).decode()
                )
            else:
                self._http(function, func.HttpRequest(method="POST", url="/", body=given.encode()))
        except Exception:
            log.exception("%s failed", function.name)


def _host_id(root: Path, env: Mapping[str, str]) -> str:
    """Who shares timers: the site's name, or this machine and folder (ScriptHostIdProvider.cs)."""
    name = env.get("AzureFunctionsWebHost__hostid") or env.get("WEBSITE_SITE_NAME")
    if name:
        return name.lower()[:32].rstrip("-")
    place = f"{socket.gethostname()}{root.resolve()}"
    return f"{socket.gethostname()[:20].lower()}-{hashlib.sha256(place.encode()).hexdigest()[:10]}"
