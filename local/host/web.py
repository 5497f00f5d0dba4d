"""HTTP requests of the host: keys, CORS, routing, the admin API, and the request a function is given.

Sources: azure-functions-host AuthenticationLevelHandler.cs, GrpcMessageConversionExtensions.cs,
FunctionInvocationMiddleware.cs, ExceptionMiddleware.cs, Controllers; azure-functions-core-tools Startup.cs.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import azure.functions as func

from local.host.index import Function
from local.host.invoke import Response
from local.host.routes import Route

log = logging.getLogger("local.host")

_MOST_BODY_BYTES = 100 * 1024 * 1024
_PLAIN = {"content-type": "application/json; charset=utf-8"}


@dataclass(frozen=True)
class Keys:
    """Keys by level; without ``required`` every request is admin, as with Core Tools."""

    required: bool = False
    master: str = ""
    host: str = ""


@dataclass(frozen=True)
class Request:
    """A request as it arrived. Header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Front:
    """Answers requests; ``invoke`` runs an HTTP function, ``start`` runs any function in the background."""

    def __init__(
        self,
        routes: list[Route],
        functions: Mapping[str, Function],
        keys: Keys,
        origins: list[str],
        invoke: Callable[[Function, Any], Response],
        start: Callable[[Function, str], None],
    ) -> None:
        self._routes = routes
        self._functions = functions
        self._keys = keys
        self._origins = origins
        self._invoke = invoke
        self._start = start

    def answer(self, request: Request) -> Response:
        origin = request.headers.get("origin", "")
        allowed = origin in self._origins or "*" in self._origins
        if request.method == "OPTIONS" and allowed and "access-control-request-method" in request.headers:
            return Response(204, _cors(origin, request.headers), b"")
        response = self._routed(request)
        if allowed:
            return Response(response.status, {**response.headers, **_cors(origin, {})}, response.body, response.cookies)
        return response

    def _routed(self, request: Request) -> Response:
        path = urlsplit(request.target).path
        if path == "/":
            return Response(200, {"content-type": "text/html"}, b"<h1>The local Functions host is running.</h1>")
        if path.lower().startswith("/admin/"):
            return self._admin(request, path)
        for route in self._routes:
            values = route.match(request.method, path)
            if values is not None:
                return self._called(route.function, request, values)
        return Response(404, {}, b"")

    def _called(self, function: Function, request: Request, values: Mapping[str, str]) -> Response:
        if not self._may(function, request):
            return Response(401, {}, b"")
        try:
            return self._invoke(function, http_request(request, values))
        except Exception:
            log.exception("%s failed", function.name)
            return Response(500, {}, b"")  # and nothing else: details are in the log only

    def _may(self, function: Function, request: Request) -> bool:
        level = str(getattr(function.told.get("authLevel"), "value", function.told.get("authLevel"))).upper()
        if not self._keys.required or level == "ANONYMOUS":
            return True
        given = request.headers.get("x-functions-key") or dict(parse_qsl(urlsplit(request.target).query)).get(
            "code", ""
        )
        good = {self._keys.master} | ({self._keys.host} if level == "FUNCTION" else set())
        return given in good - {""}

    def _admin(self, request: Request, path: str) -> Response:
        if self._keys.required and request.headers.get("x-functions-key") != self._keys.master:
            return Response(401, {}, b"")
        words = path.strip("/").split("/")
        if words[1:] in (["host", "status"], ["host", "ping"]) and request.method in {"GET", "POST"}:
            return _json({"state": "Running", "version": "local"})
        if words[1:] == ["functions"] and request.method == "GET":
            return _json(
                [
                    {"name": it.name, "config": {"bindings": [_plain(b) for b in it.bindings]}}
                    for it in self._functions.values()
                ]
            )
        function = self._functions.get(words[2]) if len(words) == 3 and words[1] == "functions" else None
        if function is None or request.method != "POST":
            return Response(404, {}, b"")
        try:
            told = json.loads(request.body or b"{}")
        except ValueError:
            return Response(400, {}, b"")
        self._start(function, str(told.get("input") or ""))
        return Response(202, {}, b"")


def http_request(request: Request, values: Mapping[str, str]) -> func.HttpRequest:
    """What a function is given: lower-case headers, no query key without a value, no body without a length."""
    split = urlsplit(request.target)
    query: dict[str, str] = {}
    for name, value in parse_qsl(split.query):
        query[name] = f"{query[name]},{value}" if name in query else value
    host = request.headers.get("host", "localhost")
    body = request.body if int(request.headers.get("content-length") or len(request.body)) > 0 else b""
    return func.HttpRequest(
        method=request.method,
        url=f"http://{host}{request.target}",
        headers=dict(request.headers),
        params=query,
        route_params={name: unquote(value) for name, value in values.items()},
        body=body,
    )


def _cors(origin: str, asked: Mapping[str, str]) -> dict[str, str]:
    told = {"access-control-allow-origin": origin, "vary": "Origin"}
    for name in ("method", "headers"):
        wanted = asked.get(f"access-control-request-{name}")
        if wanted:
            told[f"access-control-allow-{'methods' if name == 'method' else name}"] = wanted
    return told


def _json(value: object) -> Response:
    return Response(200, _PLAIN, json.dumps(value).encode())


def _plain(binding: Mapping[str, Any]) -> dict[str, Any]:
    """A binding with its enums spelled out."""
    told = {name: getattr(value, "value", value) for name, value in binding.items()}
    if isinstance(told.get("methods"), list):
        told["methods"] = [getattr(method, "value", method) for method in told["methods"]]
    return told


class Listener:
    """The socket: HTTP/1.1 with keep-alive, a thread for each connection."""

    def __init__(self, address: str, port: int, front: Front) -> None:
        handler = type("Handler", (_Handler,), {"front": front})
        self._server = _Server((address, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    front: Front

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST_BODY_BYTES:
            self.send_error(413)
            return
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            headers[name.lower()] = f"{headers[name.lower()]},{value}" if name.lower() in headers else value
        body = self.rfile.read(length)  # a chunked body has no length and stays unread, as in the real host
        if "chunked" in headers.get("transfer-encoding", ""):
            self.close_connection = True
        self._send(self.front.answer(Request(self.command, self.path, headers, body)))

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value.replace("\r", " ").replace("\n", " "))
        for cookie in response.cookies:
            self.send_header("Set-Cookie", cookie)
        if response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in {204, 304}:
            self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_TRACE = _any

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name http.server gives
        """Nothing: a request's address may hold a code."""
