"""The host's admin API: how it is, which functions it has, and a way to start any of them by hand.

Source: azure-functions-host Controllers/HostController.cs and FunctionsController.cs.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.host.convert import Response
from local.host.index import Function
from local.host.routes import Route
from local.host.web import Level, Request

_JSON = {"content-type": "application/json; charset=utf-8"}
_NOT_FOUND = Response(404, {}, b"")


class Admin:
    """Answers what is below /admin; ``start`` runs a function in the background."""

    def __init__(
        self,
        host_id: str,
        functions: Mapping[str, Function],
        routes: Mapping[str, Route],
        start: Callable[[Function, str], None],
    ) -> None:
        self._host_id = host_id
        self._functions = {name.lower(): it for name, it in functions.items()}
        self._routes = routes
        self._start = start

    def answer(self, request: Request, level: Level) -> Response:
        words = request.path.lower().strip("/").split("/")[1:]
        if words == ["host", "ping"]:
            return (
                Response(200, {"cache-control": "no-store, no-cache"}, b"") if request.method in _PING else _NOT_FOUND
            )
        if level < Level.ADMIN:
            return Response(401, {}, b"")
        if words == ["host", "status"] and request.method == "GET":
            return _json({"id": self._host_id, "state": "Running", "version": "local"})
        if words and words[0] == "functions" and len(words) <= 2:
            return self._of_functions(request, words[1:])
        return _NOT_FOUND

    def _of_functions(self, request: Request, names: list[str]) -> Response:
        if not names:
            told = [self._told(it) for it in self._functions.values()]
            return _json(told) if request.method == "GET" else _NOT_FOUND
        function = self._functions.get(names[0])
        if function is None or request.method not in {"GET", "POST"}:
            return _NOT_FOUND
        return _json(self._told(function)) if request.method == "GET" else self._started(function, request)

    def _started(self, function: Function, request: Request) -> Response:
        try:
            told = json.loads(request.body or b"{}")
        except ValueError:
            told = None
        if not isinstance(told, dict):
            return Response(400, {}, b"")
        given = told.get("input")
        self._start(function, given if isinstance(given, str) else json.dumps(given) if given is not None else "")
        return Response(202, {}, b"")

    def _told(self, function: Function) -> dict[str, Any]:
        route = self._routes.get(function.name)
        return {
            "name": function.name,
            "language": "python",
            "isDisabled": function.is_disabled,
            "invoke_url_template": f"/{route.template}" if route else None,
            "config": {"bindings": [dict(binding) for binding in function.bindings]},
        }


_PING = frozenset({"GET", "POST"})


def _json(value: object) -> Response:
    return Response(200, _JSON, json.dumps(value).encode())
