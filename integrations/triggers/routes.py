"""HTTP routes: one decorator does what every route must, so that no route can forget it.

It authenticates and authorizes the caller (deny by default), reads the body strictly, repeats the stored response of
an Idempotency-Key, turns errors into problem+json, adds ETags and security headers, and registers the route for the
OpenAPI document. A handler itself parses, calls one action, and answers.
"""

import logging
import re
import secrets
from collections.abc import Callable, Mapping
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
from integrations.services import Services
from shared.errors import AppError, Forbidden, Invalid, Problem
from shared.http.responses import ApiResponse, problem_response, read_json, with_etag
from shared.storage.retries import interactive
from shared.telemetry.log import log

Model = TypeVar("Model", bound=msgspec.Struct)
Handler = Callable[["RequestContext"], ApiResponse]

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CURSOR = re.compile(r"[A-Za-z0-9_.@-]{1,128}")
PAGING = {"limit": "rows per page, 1 to 1000, default 100", "cursor": "next_cursor of the previous page"}
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
    """

    name: str
    methods: tuple[str, ...]
    path: str
    needs: Need
    summary: str
    body: type[msgspec.Struct] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[int, Any] = field(default_factory=dict)
    in_api: bool = True
    csv: bool = False
    refusals: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        return not set(self.methods) <= {"GET", "HEAD"}


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request of an authorized caller: who calls, and what they sent."""

    services: Services
    request: func.HttpRequest
    route: HttpRoute
    trace_id: str
    caller: Caller | None

    @property
    def actor(self) -> Actor:
        if self.caller is None:
            raise AssertionError  # only routes that need a caller ask for the actor
        return Actor(AccountId(self.caller.account_id), self.caller.user_id, self.trace_id)

    def param(self, name: str) -> str:
        return str(self.request.route_params.get(name, ""))

    def query(self, name: str, default: str = "") -> str:
        if name not in self.route.query:
            raise AssertionError(f"{self.route.name} does not declare ?{name}=")
        return str(self.request.params.get(name, default))

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        text = self.query(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
            raise Invalid(f"?{name}= is invalid.", problems=[Problem(f"/{name}", f"a whole number, {least} to {most}")])
        return int(text)

    def limit(self) -> int:
        return self.integer("limit", 100, 1, 1000)

    def cursor(self) -> str:
        """The key after which the page begins, empty for the first page."""
        cursor = self.query("cursor")
        if cursor and not _CURSOR.fullmatch(cursor):
            problem = Problem("/cursor", "send next_cursor of the previous page, unchanged")
            raise Invalid("The cursor is invalid.", problems=[problem])
        return cursor

    def body(self, model: type[Model]) -> Model:
        return read_json(self.request.get_body(), self.request.headers.get("Content-Type", ""), model)


class HttpRoutes:
    """Collects the HTTP routes of the app on one blueprint."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self.blueprint = func.Blueprint()
        self.all: list[HttpRoute] = []
        self._services = services

    def add(
        self,
        methods: str,
        path: str,
        *,
        needs: Need,
        summary: str,
        body: type[msgspec.Struct] | None = None,
        query: Mapping[str, str] | None = None,
        answers: Mapping[int, Any] | None = None,
        in_api: bool = True,
        csv: bool = False,
        refusals: tuple[str, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare a route: ``methods`` separated by spaces, ``path`` below /api."""

        def register(handler: Handler) -> Handler:
            route = HttpRoute(
                name=handler.__name__,
                methods=tuple(methods.split()),
                path=path,
                needs=needs,
                summary=summary,
                body=body,
                query=query or {},
                answers=answers or {},
                in_api=in_api,
                csv=csv,
                refusals=refusals,
            )
            self.all.append(route)
            self._register(route, handler)
            return handler

        return register

    def _register(self, route: HttpRoute, handler: Handler) -> None:
        services = self._services

        def entry(req: func.HttpRequest) -> func.HttpResponse:
            return _response(_handle(services, route, handler, req))

        # Not functools.wraps: the Functions host would follow it and read the handler's parameters.
        entry.__name__ = route.name
        entry.__doc__ = route.summary
        self.blueprint.route(route.path, methods=list(route.methods), auth_level=func.AuthLevel.ANONYMOUS)(entry)


def _handle(
    services: Callable[[], Services], route: HttpRoute, handler: Handler, request: func.HttpRequest
) -> ApiResponse:
    """Handle a request; every error becomes a response that explains it."""
    trace_id = _trace_id(request)
    try:
        with interactive():
            return _authorized(services(), route, handler, request, trace_id)
    except AppError as error:
        answer = problem_response(error, trace_id)
        level = logging.ERROR if answer.status >= 500 else logging.INFO
        log(
            "refused request",
            level=level,
            route=route.path,
            status=answer.status,
            code=error.stable_code,
            error=str(error) if answer.status >= 500 else "",
            trace_id=trace_id,
        )
        return answer
    except Exception:  # the Functions host would answer an empty 500 (platform.md 2.3)
        logging.getLogger("integrations").exception("route %s failed, trace %s", route.name, trace_id)
        return problem_response(AppError("The request could not be completed."), trace_id)


def _authorized(
    services: Services, route: HttpRoute, handler: Handler, request: func.HttpRequest, trace_id: str
) -> ApiResponse:
    caller = None
    if route.needs is not Need.NOTHING:
        caller = services.callers.caller(request.headers.get("Authorization"))
        _refuse(route.needs, caller)
    call = RequestContext(services, request, route, trace_id, caller)
    if caller is not None and not learn_plan(services, call.actor, caller) and route.needs is Need.MANAGE:
        raise _no_plan()
    if route.changes and caller is not None:
        key = _idempotency_key(request)
        if key:
            identity = (request.method, request.url.split("/api/", 1)[-1].encode(), request.get_body())
            return once_per_key(services, call.actor, key, identity, lambda: handler(call))
    answer = handler(call)
    if request.method == "GET" and answer.status == 200 and caller is not None:
        return with_etag(answer, request.headers.get("If-None-Match", ""))
    return answer


def _refuse(needs: Need, caller: Caller) -> None:
    if not caller.is_administrator:
        raise Forbidden("This page is for Administrators of your account.", code="role")
    if needs is Need.MANAGE and not caller.on_team_plan:
        raise _no_plan()


def _no_plan() -> Forbidden:
    return Forbidden(
        "Microsoft Tenant Integrations require the Team plan.",
        code="plan",
        remedy="Move your account to the Team plan. Integrations can be removed on any plan.",
    )


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
