"""The host as a whole: an app indexed, its functions callable, its clock, queues and address running."""

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import azure.functions as func
from azure.storage.queue import QueueMessage

from local.host.http.admin import AdminApi
from local.host.http.pipeline import Cors, Home, HttpPipeline, HttpRequest, Keys, http_input
from local.host.http.routes import routes
from local.host.indexing.index import Function, index
from local.host.indexing.loading import load
from local.host.invocation.conversion import Response
from local.host.invocation.invoker import InvocationResult, Invoker, TriggerInput
from local.host.settings import environment, host_json, is_true, seconds
from local.host.storage import SingletonLease, Storage
from local.host.triggers.polling import QueueListener
from local.host.triggers.queues import QueueOptions, QueueReader
from local.host.triggers.timers import Clock, TimerListener, TimerRunner, utc_now

log = logging.getLogger("local.host")

GRACE_S = 10.0


class _Listening(Protocol):
    """What runs by itself until it is stopped."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def join(self, within_s: float) -> bool: ...


class Host:
    """Runs one app. Without ``serve`` nothing listens: functions run when they are called.

    Args:
        app: a built FunctionApp, or the functions that one was indexed to; when None it is loaded from ``root``.
        root: the app's folder, with host.json.
        env: settings; what is given here is not mixed with the process's own.
        keys: who may call what; by default everybody everything, as with Core Tools.
        origins: who may call from a browser; ``credentials`` lets them send cookies.
        clock: time for timers, in UTC.

    Raises:
        IndexingError: the app cannot be loaded.
        SettingsError: host.json or local.settings.json cannot be used.
    """

    def __init__(
        self,
        app: func.FunctionRegister | Mapping[str, Function] | None = None,
        *,
        root: Path = Path(),
        env: Mapping[str, str] | None = None,
        keys: Keys | None = None,
        origins: Sequence[str] = (),
        credentials: bool = False,
        clock: Clock = utc_now,
    ) -> None:
        self.env = dict(env) if env is not None else environment(root, os.environ)
        host_settings = host_json(root, self.env)
        self.functions = dict(app) if isinstance(app, Mapping) else self._indexed(app, root, host_settings)
        self.prefix = str(host_settings.get("extensions", {}).get("http", {}).get("routePrefix", "api"))
        self.routes = routes(self.functions.values(), self.prefix)
        self._clock = clock
        self._options = QueueOptions.from_host_json(host_settings)
        self._storage = Storage(self.env)
        self._host_id = _host_id(root, self.env)
        self._invoker = Invoker(
            _threads(self.env), seconds(host_settings.get("functionTimeout", 1800)), str(root.resolve())
        )
        self._readers = {it.name: self._reader(it) for it in self._of("queueTrigger")}
        self._timers = {it.name: self._timer(it) for it in self._of("timerTrigger")}
        self._pipeline = self._made_pipeline(keys or Keys(), Cors(origins, credentials))
        self._polling: list[QueueListener] = []
        self._timing: list[TimerListener] = []
        self._web: _Listening | None = None

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
        if "transfer-encoding" not in lowered:
            lowered.setdefault("content-length", str(len(body)))
        return self._pipeline.handle(HttpRequest(method, target, lowered, body))

    def fire_timer(self, name: str, *, past_due: bool = False) -> None:
        """Run a timer's function now; raises what it raises."""
        self._timers[name].call(past_due=past_due)

    def drain(self, *names: str, within_s: float = 60.0) -> int:
        """Run queue functions until no message is visible; what they send is run too. Returns how many ran.

        Args:
            names: of functions or of queues; none is all of them.
            within_s: raises TimeoutError when there is still more after so long.

        Raises:
            KeyError: a name is neither a queue function's nor a queue's.
        """
        known = {name: it for it in self._readers.values() for name in (it.function.name, it.queue)}
        chosen = [known[name] for name in names] or list(self._readers.values())
        give_up_at, ran = time.monotonic() + within_s, 0
        while True:
            # Most queues are not there yet: one question for all of them is quicker than one for each.
            existing = {name: self._storage.queues(name) for name in {it.connection for it in chosen}}
            ready = [it for it in chosen if it.queue in existing[it.connection]]
            taken: list[tuple[QueueReader, QueueMessage]] = [(it, m) for it in ready for m in it.fetch()]
            if not taken:
                return ran
            for reader, message in taken:
                if time.monotonic() > give_up_at:
                    raise TimeoutError(f"queues are not empty after {within_s} s")
                reader.process(message)
                ran += 1

    def serve(self, port: int = 0, address: str = "127.0.0.1", *, listeners: bool = True) -> str:
        """Listen for HTTP, and with ``listeners`` for timers and queues; returns the base address.

        Raises:
            SettingsError: a trigger's storage connection is not set.
            OSError: the port is taken.
        """
        from local.host.http.server import HttpServer  # noqa: PLC0415 - tests without sockets need no server

        if listeners:
            self._check_connections()
        web = HttpServer(address, port, self._pipeline.handle)
        web.start()
        self._web = web
        if listeners:
            self.listen()
        return f"http://{address}:{web.port}"

    def listen(self) -> None:
        """Begin with timers and queues, after a ``serve`` without them."""
        queues = [it for it in self._readers.values() if not it.function.is_disabled]
        timers = {name: it for name, it in self._timers.items() if not it.function.is_disabled}
        leases = {name: SingletonLease(self._storage, self._host_id, name) for name in timers}
        self._polling = [QueueListener(it, self._options) for it in queues]
        self._timing = [TimerListener(it, leases[name], self._clock) for name, it in timers.items()]
        started: list[_Listening] = [*self._polling, *self._timing]
        for listener in started:
            listener.start()

    def stop(self, within_s: float = GRACE_S) -> bool:
        """Take no more work; what runs gets some seconds. False when something still runs after that."""
        give_up_at = time.monotonic() + within_s
        listening: list[_Listening] = [*self._timing, *self._polling, *([self._web] if self._web else [])]
        self._invoker.stop()
        for listener in listening:
            listener.stop()
        ended = [listener.join(max(0.1, give_up_at - time.monotonic())) for listener in listening]
        ended.append(self._invoker.join(max(0.0, give_up_at - time.monotonic())))
        self._timing, self._polling, self._web = [], [], None
        self._storage.close()
        return all(ended)

    def next_run(self, name: str) -> datetime:
        """When a timer fires next."""
        return self._timers[name].schedule.next_after(self._clock())

    def _indexed(
        self, app: func.FunctionRegister | None, root: Path, host_settings: Mapping[str, Any]
    ) -> dict[str, Function]:
        script = self.env.get("PYTHON_SCRIPT_FILE_NAME") or "function_app.py"
        return index(app or load(root, script), self.env, host_settings.get("functions") or ())

    def _made_pipeline(self, keys: Keys, cors: Cors) -> HttpPipeline:
        by_name = {route.function.name: route for route in self.routes}
        admin = AdminApi(self._host_id, self.functions, by_name, self._start)
        home = Home(
            is_shown=not is_true(self.env.get("AzureWebJobsDisableHomepage", "")),
            leads_to=self.env.get("LOCAL_HOST_HOME", ""),
        )
        return HttpPipeline(self.routes, keys, cors, invoke=self._http, admin=admin.handle, home=home)

    def _check_connections(self) -> None:
        for reader in self._readers.values():
            self._storage.check(reader.connection)
        if self._timers:
            self._storage.check("AzureWebJobsStorage")

    def _of(self, trigger: str) -> list[Function]:
        return [it for it in self.functions.values() if it.trigger == trigger]

    def _reader(self, function: Function) -> QueueReader:
        return QueueReader(function, self._storage, self._invoker, self._options, self._publish)

    def _timer(self, function: Function) -> TimerRunner:
        return TimerRunner(function, self._storage, self._invoker, self._publish, self._host_id, self._clock)

    def _http(self, function: Function, trigger_input: TriggerInput) -> Response:
        result = self._invoker.run(function, trigger_input)
        self._publish(result)
        return result.response or Response(204, {}, b"")

    def _publish(self, result: InvocationResult) -> None:
        """Send what a function put out; a listener of this host that waits for it is woken."""
        for connection, queue, body in result.messages:
            self._storage.queue(connection, queue).put(self._options.encode(body))
            for listener in self._polling:
                if listener.queue == queue:
                    listener.wake()

    def _start(self, function: Function, text: str) -> None:
        """Run any function in the background, as the admin API does."""
        threading.Thread(target=self._run_by_hand, args=(function, text), daemon=True).start()

    def _run_by_hand(self, function: Function, text: str) -> None:
        try:
            if function.trigger == "timerTrigger":
                self.fire_timer(function.name)
            elif function.trigger == "queueTrigger":
                self._readers[function.name].call(_message(text), text.encode())
            else:
                body = text.encode()
                self._http(function, http_input(HttpRequest("POST", "/", {"content-length": str(len(body))}, body), {}))
        except Exception:
            log.exception("%s failed", function.name)


def _threads(env: Mapping[str, str]) -> int:
    """PYTHON_THREADPOOL_THREAD_COUNT; when it is not set, Python's own default (threadpool.py)."""
    return int(env.get("PYTHON_THREADPOOL_THREAD_COUNT") or min(32, (os.cpu_count() or 1) + 4))


def _message(text: str) -> QueueMessage:
    """A message that lies in no queue."""
    message: QueueMessage = QueueMessage(content=text)
    message.id, message.dequeue_count, message.pop_receipt = "by-hand", 1, ""
    message.inserted_on = message.next_visible_on = datetime.now(UTC)
    message.expires_on = message.inserted_on + timedelta(days=7)
    return message


def _host_id(root: Path, env: Mapping[str, str]) -> str:
    """Who shares timers: the site's name, or this machine and folder (ScriptHostIdProvider.cs)."""
    name = env.get("AzureFunctionsWebHost__hostid") or env.get("WEBSITE_SITE_NAME")
    if name:
        return name.lower()[:32].rstrip("-")
    place = f"{socket.gethostname()}{root.resolve()}"
    return f"{socket.gethostname()[:20].lower()}-{hashlib.sha256(place.encode()).hexdigest()[:10]}"
