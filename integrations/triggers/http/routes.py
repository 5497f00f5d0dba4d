"""HTTP routes: one decorator does what every route must, so that no route can forget it.

It authenticates and authorizes the caller (deny by default), reads query and body strictly, repeats the response of an
Idempotency-Key, turns errors into problem+json, adds ETags and security headers, and registers the route for the
OpenAPI document. A handler itself parses, calls one action, and answers.
"""

import logging
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

import azure.functions as func
import msgspec

from integrations.actions.actors import Actor
from integrations.actions.idempotency import once_per_key
from integrations.actions.plan.learn_plan import learn_plan
from integrations.caller import Caller
from integrations.domain.ids import AccountId
from integrations.domain.plan import PLAN_NEEDED, PLAN_REMEDY
from integrations.services import Services
from integrations.triggers.http.parameters import Parameter, read_query
from shared.errors import AppError, Forbidden, Invalid, MethodNotAllowed, NotFound, Problem
from shared.http.responses import MAX_BODY_BYTES, ApiResponse, problem_response, read_json, with_etag
from shared.storage.retries import interactive
from shared.telemetry.log import log

Model = TypeVar("Model", bound=msgspec.Struct)
Value = TypeVar("Value")
Handler = Callable[["RequestContext"], ApiResponse]

PREFIX = "/api"  # as host.json has it

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_IN_PATH = re.compile(r"{(\*?)\w+(:alpha)?}")
_ANY_PATH = "{*path}"
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
_SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Need(Enum):
    """What a caller needs to be; every route declares it."""

    NOTHING = "anonymous"
    READ = "administrator"
    MANAGE = "administrator on the Team plan"
    REMOVE = "administrator on any plan"


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """A route as the OpenAPI document describes it. ``answers`` are success responses: models by status.

    ``csv``: it can answer in CSV too; ``refusals`` are error statuses beyond those of every route of its kind.
    ``example`` is a body. The query of a route that is not ``in_api`` may hold more than it declares: browsers and
    Microsoft send it. ``needs_version``: it needs the header If-Match.
    """

    name: str
    methods: tuple[str, ...]
    path: str
    needs: Need
    summary: str
    body: type[msgspec.Struct] | None = None
    query: tuple[Parameter[Any], ...] = ()
    answers: Mapping[int, Any] = field(default_factory=dict)
    in_api: bool = True
    csv: bool = False
    refusals: tuple[str, ...] = ()
    example: Mapping[str, Any] | None = None
    tag: str = ""
    max_body_bytes: int = MAX_BODY_BYTES
    needs_version: bool = False

    @property
    def changes(self) -> bool:
        return self.methods != ("GET",)

    @property
    def answered(self) -> tuple[str, ...]:
        """The methods that it answers: what only reads can be asked for its headers alone."""
        return self.methods if self.changes else ("GET", "HEAD")

    def has_path(self, path: str) -> bool:
        """Whether this path, below the prefix and decoded, is the route's."""
        pattern = _IN_PATH.sub(
            lambda it: ".*" if it[1] else "[A-Za-z]*" if it[2] else "[^/]+", self.path.replace(".", r"\.")
        )
        return re.fullmatch(pattern, path.strip("/"), re.IGNORECASE | re.DOTALL) is not None


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request of an authorized caller: who calls, and what they sent."""

    services: Services
    request: func.HttpRequest
    route: HttpRoute
    trace_id: str
    caller: Caller | None
    values: Mapping[str, Any]

    @property
    def user(self) -> Caller:
        if self.caller is None:
            raise AssertionError  # only routes that need a caller ask for it
        return self.caller

    @property
    def actor(self) -> Actor:
        return Actor(AccountId(self.user.account_id), self.user.user_id, self.trace_id)

    def param(self, name: str) -> str:
        return str(self.request.route_params.get(name, ""))

    def query(self, parameter: Parameter[Value]) -> Value:
        """The value of a query parameter that the route declares."""
        return self.values[parameter.name]  # type: ignore[no-any-return] # as read_query made it

    def body(self, model: type[Model]) -> Model:
        content_type = self.request.headers.get("Content-Type", "")
        return read_json(self.request.get_body(), content_type, model, max_bytes=self.route.max_body_bytes)


class HttpRoutes:
    """Collects the HTTP routes of the app on one blueprint."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self.blueprint = func.Blueprint()
        self.all: list[HttpRoute] = []
        self.tag = ""  # of the routes that are added next
        self._services = services

    def add(
        self,
        methods: str,
        path: str,
        *,
        needs: Need,
        summary: str,
        body: type[msgspec.Struct] | None = None,
        query: tuple[Parameter[Any], ...] = (),
        answers: Mapping[int, Any] | None = None,
        in_api: bool = True,
        csv: bool = False,
        refusals: tuple[str, ...] = (),
        example: Mapping[str, Any] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        needs_version: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare a route: ``methods`` separated by spaces, ``path`` below /api."""

        def register(handler: Handler) -> Handler:
            route = HttpRoute(
                handler.__name__, tuple(methods.split()), path, needs, summary, body, query, answers or {},
                in_api=in_api, csv=csv, refusals=refusals, example=example, tag=self.tag,
                max_body_bytes=max_body_bytes, needs_version=needs_version,
            )  # fmt: skip
            self.all.append(route)
            self._register(route, handler)
            return handler

        return register

    def _register(self, route: HttpRoute, handler: Handler) -> None:
        services = self._services

        def entry(req: func.HttpRequest) -> func.HttpResponse:
            return _response(_handle(services, route, handler, req))

        self._add_function(entry, route.name, route.summary, path=route.path, methods=list(route.answered))

    def add_unmatched(self) -> None:
        """Answer whatever no route takes: the Functions host would answer an empty 404, for a wrong method as well.

        The host tries functions in the order of their names, so that this one comes last.
        """

        def entry(req: func.HttpRequest) -> func.HttpResponse:
            path = str(req.route_params.get("path", ""))
            methods = [method for route in self.all if route.has_path(path) for method in route.answered]
            return _response(_refused(_unmatched(str(req.method), methods), _ANY_PATH, _trace_id(req)))

        self._add_function(entry, "unmatched_request", "Answers whatever no route takes.", path=_ANY_PATH, methods=None)

    def _add_function(
        self,
        entry: Callable[[func.HttpRequest], func.HttpResponse],
        name: str,
        summary: str,
        *,
        path: str,
        methods: list[str] | None,
    ) -> None:
        # Not functools.wraps: the Functions host would follow it and read the handler's parameters.
        entry.__name__ = name
        entry.__doc__ = summary
        self.blueprint.route(path, methods=methods, auth_level=func.AuthLevel.ANONYMOUS)(entry)


def _handle(
    services: Callable[[], Services], route: HttpRoute, handler: Handler, request: func.HttpRequest
) -> ApiResponse:
    """Handle a request; every error becomes a response that explains it."""
    trace_id = _trace_id(request)
    try:
        with interactive():
            return _authorized(services(), route, handler, request, trace_id)
    except AppError as error:
        return _refused(error, route.path, trace_id)
    except Exception:  # the Functions host would answer an empty 500 (platform.md 2.3)
        logging.getLogger("integrations").exception("route %s failed, trace %s", route.name, trace_id)
        return problem_response(AppError("The request could not be completed."), trace_id)


def _refused(error: AppError, path: str, trace_id: str) -> ApiResponse:
    answer = problem_response(error, trace_id)
    log(
        "refused request",
        level=logging.ERROR if answer.status >= 500 else logging.INFO,
        route=path,
        status=answer.status,
        code=error.stable_code,
        error=str(error) if answer.status >= 500 else "",
        trace_id=trace_id,
    )
    return answer


def _unmatched(method: str, methods: Collection[str]) -> AppError:
    """The error of a request that no route takes; ``methods`` are those that its path has."""
    if not methods or method in methods:
        remedy = "Check the path. GET /api/openapi.json describes every path."
        return NotFound("There is no such path in this API.", code="no_such_path", remedy=remedy)
    allowed = [it for it in _METHODS if it in methods]
    return MethodNotAllowed(f"This path takes {', '.join(allowed)}, but not {method[:20]}.", allowed=allowed)


def _authorized(
    services: Services, route: HttpRoute, handler: Handler, request: func.HttpRequest, trace_id: str
) -> ApiResponse:
    caller = None
    if route.needs is not Need.NOTHING:
        caller = services.callers.caller(request.headers.get("Authorization"))
        _refuse(route.needs, caller)
    values = read_query(route.query, request.params, is_open=not route.in_api)
    call = RequestContext(services, request, route, trace_id, caller, values)
    if caller is not None and not learn_plan(services, call.actor, caller) and route.needs is Need.MANAGE:
        raise _no_plan()
    if route.changes and caller is not None:
        key = _idempotency_key(request)
        if key:
            identity = (request.method, request.url.split("/api/", 1)[-1].encode(), request.get_body())
            return once_per_key(services, call.actor, key, identity, lambda: handler(call))
    answer = handler(call)
    if not route.changes and answer.status == 200 and caller is not None:
        return with_etag(answer, request.headers.get("If-None-Match", ""))
    return answer


def _refuse(needs: Need, caller: Caller) -> None:
    if not caller.is_administrator:
        raise Forbidden("This page is for Administrators of your account.", code="role")
    if needs is Need.MANAGE and not caller.on_team_plan:
        raise _no_plan()


def _no_plan() -> Forbidden:
    return Forbidden(PLAN_NEEDED, code="plan", remedy=PLAN_REMEDY)


def _idempotency_key(request: func.HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if key and not _KEY.fullmatch(key):
        raise Invalid(
            "The Idempotency-Key is invalid.",
            problems=[Problem("/Idempotency-Key", "1 to 255 visible ASCII characters")],
        )
    return str(key)


def _trace_id(request: func.HttpRequest) -> str:
    known = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    return known.group(1) if known else secrets.token_hex(16)


def _response(answer: ApiResponse) -> func.HttpResponse:
    headers = {**_SAFE_HEADERS, "Content-Type": answer.content_type, **answer.headers}
    return func.HttpResponse(answer.body, status_code=answer.status, headers=headers)
