"""HTTP requests of the host: CORS, reserved paths, routing, keys, and the request a function is given.

Sources: azure-functions-host AuthenticationLevelHandler.cs, GrpcMessageConversionExtensions.cs,
FunctionInvocationMiddleware.cs, ExceptionMiddleware.cs, HomepageMiddleware.cs; azure-functions-core-tools Startup.cs.
"""

import hmac
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.host.http.routes import Route, decoded
from local.host.indexing.index import Function
from local.host.invocation.context import TraceContext, new_trace
from local.host.invocation.conversion import Response, http_datum
from local.host.invocation.invoker import TriggerInput

log = logging.getLogger("local.host")

_HOME_PAGE = b"<!doctype html><title>Functions</title><h1>The local Functions host is running.</h1>"


class AuthLevel(IntEnum):
    """The level of a request's key, and the level a function requires (authLevel)."""

    ANONYMOUS = 0
    FUNCTION = 1
    ADMIN = 2


@dataclass(frozen=True)
class Keys:
    """Keys by level; without ``required`` every request is admin, as with Core Tools.

    ``functions`` holds keys that are good for one function each, by its name.
    """

    required: bool = False
    master: str = ""
    host: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)

    def level(self, key: str, function: str | None) -> AuthLevel:
        """What a key is good for, when it comes with a call of this function."""
        if not self.required or _same(key, self.master):
            return AuthLevel.ADMIN
        function_key = self.functions.get(function or "", "")
        return (
            AuthLevel.FUNCTION
            if function and (_same(key, self.host) or _same(key, function_key))
            else AuthLevel.ANONYMOUS
        )


@dataclass(frozen=True)
class Cors:
    """Who may call from another origin; ``*`` is everybody, and then without credentials."""

    origins: Sequence[str] = ()
    credentials: bool = False

    def headers(self, request: "HttpRequest") -> dict[str, str] | None:
        """The CORS headers for an allowed origin; None when the origin is not allowed or there is none."""
        origin = request.headers.get("origin", "")
        if not origin or not {origin, "*"} & set(self.origins):
            return None
        anybody = "*" in self.origins
        headers = {"access-control-allow-origin": "*" if anybody else origin}
        return headers if anybody else {**headers, "vary": "Origin", **self._credentials()}

    def _credentials(self) -> dict[str, str]:
        return {"access-control-allow-credentials": "true"} if self.credentials else {}


@dataclass(frozen=True)
class Home:
    """What is at ``/``: an address of the app that it leads to, else a page of the host's own, or nothing."""

    is_shown: bool = True
    leads_to: str = ""

    def response(self) -> Response:
        if self.leads_to:
            return Response(302, {"location": self.leads_to}, b"")
        return Response(200, {"content-type": "text/html"}, _HOME_PAGE) if self.is_shown else Response(204, {}, b"")


@dataclass(frozen=True)
class HttpRequest:
    """A request as it arrived. Header names are lower-case, repeated ones are joined with a comma."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def key(self) -> str:
        """The key given; a header, even an empty one, goes before the query."""
        header = self.headers.get("x-functions-key")
        return query_of(self.target).get("code", "") if header is None else header

    @property
    def is_preflight(self) -> bool:
        return self.method == "OPTIONS" and "access-control-request-method" in self.headers


class HttpPipeline:
    """Answers requests: ``admin`` those below /admin, ``invoke`` those that belong to a function."""

    def __init__(
        self,
        routes: Sequence[Route],
        keys: Keys,
        cors: Cors,
        *,
        invoke: Callable[[Function, TriggerInput], Response],
        admin: Callable[[HttpRequest, AuthLevel], Response],
        home: Home | None = None,
    ) -> None:
        self._routes = routes
        self._keys = keys
        self._cors = cors
        self._invoke = invoke
        self._admin = admin
        self._home = home or Home()

    def handle(self, request: HttpRequest) -> Response:
        """The answer to a request; never raises. CORS is settled before keys and routes."""
        allowed = self._cors.headers(request)
        if allowed is not None and request.is_preflight:
            return Response(204, {**allowed, **_preflight(request)}, b"")
        response = self._dispatched(request)
        if allowed is None:
            return response
        return Response(response.status, {**response.headers, **allowed}, response.body, response.cookies)

    def _dispatched(self, request: HttpRequest) -> Response:
        path = request.path.lower()
        if path == "/":
            return self._home.response()
        if path.startswith("/admin/"):
            return self._admin(request, self._keys.level(request.key, None))
        if path.startswith("/runtime/webhooks/"):
            return Response(404, {}, b"")
        for route, values in self._matches(request):
            return self._invoked(route.function, request, values)
        return Response(404, {}, b"")

    def _matches(self, request: HttpRequest) -> Iterator[tuple[Route, dict[str, str]]]:
        path = decoded(request.path)
        for route in self._routes:
            values = route.match_decoded(request.method, path)
            if values is not None:
                yield route, values

    def _invoked(self, function: Function, request: HttpRequest, values: Mapping[str, str]) -> Response:
        level = self._keys.level(request.key, function.name)
        if level < AuthLevel[str(function.trigger_settings.get("authLevel") or "FUNCTION").upper()]:
            return Response(401, {}, b"")
        if function.is_disabled and level < AuthLevel.ADMIN:
            return Response(404, {}, b"")
        try:
            return self._invoke(function, http_input(request, values))
        except Exception:
            log.exception("%s failed", function.name)
            return Response(500, {}, b"")  # and nothing else: details are in the log only


def http_input(request: HttpRequest, values: Mapping[str, str]) -> TriggerInput:
    """What an HTTP function is given: no query key without a value, no body without a length."""
    host = request.headers.get("host", "localhost")
    has_length = int(request.headers.get("content-length") or 0) > 0
    datum = http_datum(
        request.method,
        f"http://{host}{request.target}",
        dict(request.headers),
        query_of(request.target),
        values,
        request.body if has_length else b"",
    )
    return TriggerInput(datum, trace=_trace(request))


def query_of(target: str) -> dict[str, str]:
    """The query: repeated keys joined with a comma, those without a value dropped."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(urlsplit(target).query):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def _trace(request: HttpRequest) -> TraceContext:
    parent = request.headers.get("traceparent", "")
    return TraceContext(parent, request.headers.get("tracestate", "")) if parent else new_trace()


def _preflight(request: HttpRequest) -> dict[str, str]:
    headers = {"access-control-allow-methods": request.headers["access-control-request-method"]}
    requested: Any = request.headers.get("access-control-request-headers")
    return {**headers, "access-control-allow-headers": requested} if requested else headers


def _same(key: str, expected: str) -> bool:
    return bool(expected) and hmac.compare_digest(key.encode(), expected.encode())
