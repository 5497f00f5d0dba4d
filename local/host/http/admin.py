"""The host's admin API: its status, its functions, and starting any of them manually.

Source: azure-functions-host Controllers/HostController.cs and FunctionsController.cs.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.host.http.pipeline import AuthLevel, HttpRequest
from local.host.http.routes import Route
from local.host.indexing.index import Function
from local.host.invocation.conversion import Response

_JSON = {"content-type": "application/json; charset=utf-8"}
_NOT_FOUND = Response(404, {}, b"")


class AdminApi:
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

    def handle(self, request: HttpRequest, level: AuthLevel) -> Response:
        words = request.path.lower().strip("/").split("/")[1:]
        if words == ["host", "ping"]:
            return (
                Response(200, {"cache-control": "no-store, no-cache"}, b"") if request.method in _PING else _NOT_FOUND
            )
        if level < AuthLevel.ADMIN:
            return Response(401, {}, b"")
        if words == ["host", "status"] and request.method == "GET":
            return _json({"id": self._host_id, "state": "Running", "version": "local"})
        if words and words[0] == "functions" and len(words) <= 2:
            return self._functions_reply(request, words[1:])
        return _NOT_FOUND

    def _functions_reply(self, request: HttpRequest, names: list[str]) -> Response:
        if not names:
            listed = [self._function_json(it) for it in self._functions.values()]
            return _json(listed) if request.method == "GET" else _NOT_FOUND
        function = self._functions.get(names[0])
        if function is None or request.method not in {"GET", "POST"}:
            return _NOT_FOUND
        return _json(self._function_json(function)) if request.method == "GET" else self._started(function, request)

    def _started(self, function: Function, request: HttpRequest) -> Response:
        try:
            body = json.loads(request.body or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return Response(400, {}, b"")
        text = body.get("input")
        self._start(function, text if isinstance(text, str) else json.dumps(text) if text is not None else "")
        return Response(202, {}, b"")

    def _function_json(self, function: Function) -> dict[str, Any]:
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
