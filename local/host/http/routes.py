"""HTTP routing as the Functions host does it: ASP.NET templates, first match by function name.

A method is a constraint of the route: a wrong one is 404, never 405.
Sources: azure-functions-host WebScriptHostHttpRoutesManager.cs and FunctionMetadataManager.cs; ASP.NET Core
Microsoft.AspNetCore.Routing.Template.TemplateMatcher.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from local.host.http.route_constraints import Check, ConstraintError, constraint
from local.host.indexing.index import Function
from local.host.indexing.loading import IndexingError

_ALL_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS", "TRACE", "CONNECT"})
_RESERVED = frozenset({"admin", "runtime"})
_ARGUMENT = r"\((?:[^()]|\([^()]*\))*\)"
_PARAMETER = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>\w+)"
    rf"(?P<constraints>(?::\w+(?:{_ARGUMENT})?)*)"
    r"(?:=(?P<default>[^{}]*))?(?P<optional>\?)?\}"
)
_CONSTRAINT = re.compile(rf":(\w+)({_ARGUMENT})?")
_SLASH = re.compile(r"/(?![^{]*\})")  # one that is not inside a parameter
_ENCODED_SLASH = re.compile(r"(%2f)", re.IGNORECASE)


class Route:
    """One function's route.

    Raises:
        IndexingError: a template that cannot be read, or one that the host keeps for itself.
    """

    def __init__(self, function: Function, prefix: str) -> None:
        self.function = function
        template = str(function.trigger_settings.get("route") or function.name)
        self.template = "/".join(part.strip("/") for part in (prefix, template) if part.strip("/"))
        self.methods = (
            frozenset(str(it).upper() for it in function.trigger_settings.get("methods") or ()) or _ALL_METHODS
        )
        self._checks: dict[str, list[Check]] = {}
        self._defaults: dict[str, str] = {}
        if self.template.split("/")[0].lower() in _RESERVED:
            self._refuse("conflicts with one or more built in routes")
        self._pattern = re.compile(self._regex(), re.IGNORECASE | re.DOTALL)

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The route's parameters, or None when it does not take this request; path is as it was sent."""
        return self.match_decoded(method, decoded(path))

    def match_decoded(self, method: str, path: str) -> dict[str, str] | None:
        """The same, of a path that was decoded before: once for all routes."""
        match = self._pattern.fullmatch(path.strip("/"))
        if not match or method.upper() not in self.methods:
            return None
        values = {**self._defaults, **{name: value for name, value in match.groupdict().items() if value}}
        return values if self._satisfies(values) else None

    def _satisfies(self, values: dict[str, str]) -> bool:
        return all(fits(values[name]) for name, checks in self._checks.items() if name in values for fits in checks)

    def _regex(self) -> str:
        pattern = ""
        for place, segment in enumerate(_SLASH.split(self.template)):
            text, optional = self._segment(segment)
            slash = "" if place == 0 else "/"
            pattern += f"(?:{slash}{text})?" if optional else slash + text
        return pattern

    def _segment(self, segment: str) -> tuple[str, bool]:
        """A segment's pattern, and whether it may be missing. Several parameters share it from right to left."""
        text, end, optional = "", 0, False
        for match in _PARAMETER.finditer(segment):
            text += self._literal(segment[end : match.start()])
            text += self._parameter(match)
            optional = bool(match["optional"] or match["star"]) or match["default"] is not None
            end = match.end()
        return text + self._literal(segment[end:]), optional

    def _literal(self, text: str) -> str:
        if "{" in text or "}" in text:
            self._refuse(f"cannot be read at '{text}'")
        return re.escape(text)

    def _parameter(self, match: re.Match[str]) -> str:
        name = match["name"]
        if name in self._checks:
            self._refuse(f"has the parameter '{name}' twice")
        try:
            constraints = _CONSTRAINT.findall(match["constraints"])
            self._checks[name] = [
                constraint(kind, argument[1:-1] if argument else None) for kind, argument in constraints
            ]
        except ConstraintError as error:
            self._refuse(str(error))
        if match["default"] is not None:
            self._defaults[name] = match["default"]
        return f"(?P<{name}>.*)" if match["star"] else f"(?P<{name}>[^/]+)"

    def _refuse(self, what: str) -> None:
        raise IndexingError(f"{self.function.name}: the route '{self.template}' {what}")


def decoded(path: str) -> str:
    """A path as Kestrel hands it on: percent-decoded, except that an encoded slash stays encoded."""
    return "".join(part if part.lower() == "%2f" else unquote(part) for part in _ENCODED_SLASH.split(path))


def routes(functions: Iterable[Function], prefix: str) -> list[Route]:
    """Routes in the order in which the host tries them: by function name, whatever is more specific."""
    http = [function for function in functions if function.trigger == "httpTrigger"]
    return [Route(function, prefix) for function in sorted(http, key=lambda it: it.name.upper())]
