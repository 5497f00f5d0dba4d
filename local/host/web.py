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

from local.host.context import TraceContext, new_trace
from local.host.convert import Response, http_datum
from local.host.index import Function
from local.host.invoke import Given
from local.host.routes import Route, decoded

log = logging.getLogger("local.host")

_HOME = b"<!doctype html><title>Functions</title><h1>The local Functions host is running.</h1>"


class Level(IntEnum):
    """What a request may call, and what a function asks for."""

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

    def level(self, given: str, function: str | None) -> Level:
        """What a key is good for, when it comes with a call of this function."""
        if not self.required or _same(given, self.master):
            return Level.ADMIN
        own = self.functions.get(function or "", "")
        return Level.FUNCTION if function and (_same(given, self.host) or _same(given, own)) else Level.ANONYMOUS


@dataclass(frozen=True)
class Cors:
    """Who may call from another origin; ``*`` is everybody, and then without credentials."""

    origins: Sequence[str] = ()
    credentials: bool = False

    def headers(self, request: "Request") -> dict[str, str] | None:
        """What an allowed origin is told; None when the origin is not allowed or there is none."""
        origin = request.headers.get("origin", "")
        if not origin or not {origin, "*"} & set(self.origins):
            return None
        anybody = "*" in self.origins
        told = {"access-control-allow-origin": "*" if anybody else origin}
        return told if anybody else {**told, "vary": "Origin", **self._credentials()}

    def _credentials(self) -> dict[str, str]:
        return {"access-control-allow-credentials": "true"} if self.credentials else {}


@dataclass(frozen=True)
class Request:
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
        given = self.headers.get("x-functions-key")
        return query_of(self.target).get("code", "") if given is None else given

    @property
    def is_preflight(self) -> bool:
        return self.method == "OPTIONS" and "access-control-request-method" in self.headers


class Front:
    """Answers requests: ``admin`` those below /admin, ``invoke`` those that belong to a function."""

    def __init__(
        self,
        routes: Sequence[Route],
        keys: Keys,
        cors: Cors,
        *,
        invoke: Callable[[Function, Given], Response],
        admin: Callable[[Request, Level], Response],
        has_home: bool = True,
    ) -> None:
        self._routes = routes
        self._keys = keys
        self._cors = cors
        self._invoke = invoke
        self._admin = admin
        self._has_home = has_home

    def answer(self, request: Request) -> Response:
        """The answer to a request; never raises. CORS is settled before keys and routes."""
        allowed = self._cors.headers(request)
        if allowed is not None and request.is_preflight:
            return Response(204, {**allowed, **_preflight(request)}, b"")
        response = self._routed(request)
        if allowed is None:
            return response
        return Response(response.status, {**response.headers, **allowed}, response.body, response.cookies)

    def _routed(self, request: Request) -> Response:
        path = request.path.lower()
        if path == "/":
            return Response(200, {"content-type": "text/html"}, _HOME) if self._has_home else Response(204, {}, b"")
        if path.startswith("/admin/"):
            return self._admin(request, self._keys.level(request.key, None))
        if path.startswith("/runtime/webhooks/"):
            return Response(404, {}, b"")
        for route, values in self._matches(request):
            return self._called(route.function, request, values)
        return Response(404, {}, b"")

    def _matches(self, request: Request) -> Iterator[tuple[Route, dict[str, str]]]:
        path = decoded(request.path)
        for route in self._routes:
            values = route.match_decoded(request.method, path)
            if values is not None:
                yield route, values

    def _called(self, function: Function, request: Request, values: Mapping[str, str]) -> Response:
        level = self._keys.level(request.key, function.name)
        if level < Level[str(function.told.get("authLevel") or "FUNCTION").upper()]:
            return Response(401, {}, b"")
        if function.is_disabled and level < Level.ADMIN:
            return Response(404, {}, b"")
        try:
            return self._invoke(function, given_by(request, values))
        except Exception:
            log.exception("%s failed", function.name)
            return Response(500, {}, b"")  # and nothing else: details are in the log only


def given_by(request: Request, values: Mapping[str, str]) -> Given:
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
    return Given(datum, trace=_trace(request))


def query_of(target: str) -> dict[str, str]:
    """The query: repeated keys joined with a comma, those without a value dropped."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(urlsplit(target).query):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def _trace(request: Request) -> TraceContext:
    parent = request.headers.get("traceparent", "")
    return TraceContext(parent, request.headers.get("tracestate", "")) if parent else new_trace()


def _preflight(request: Request) -> dict[str, str]:
    told = {"access-control-allow-methods": request.headers["access-control-request-method"]}
    wanted: Any = request.headers.get("access-control-request-headers")
    return {**told, "access-control-allow-headers": wanted} if wanted else told


def _same(given: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())
