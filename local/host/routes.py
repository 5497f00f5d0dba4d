"""HTTP routing as the Functions host does it: ASP.NET templates, first match by function name.

Sources: azure-functions-host WebScriptHostHttpRoutesManager.cs and FunctionMetadataManager.cs; ASP.NET Core
route templates. A method is a constraint of the route: a wrong one is 404, never 405.
"""

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote

from local.host.index import Function

_PARAMETER = re.compile(r"\{(\*{0,2})(\w+)((?::[^{}()]+(?:\((?:[^()]|\([^()]*\))*\))?)*)(?:=([^}]*))?(\?)?\}")
_CONSTRAINT = re.compile(r":(\w+)(?:\(((?:[^()]|\([^()]*\))*)\))?")
_ALL_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS", "TRACE"})

_PLAIN: dict[str, str] = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "bool": r"(?i:true|false)",
    "guid": r"(?i:\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?)",
    "datetime": r"\d{4}-\d{2}-\d{2}.*",
    "decimal": r"-?\d+(?:\.\d+)?",
    "double": r"-?\d+(?:\.\d+)?",
    "float": r"-?\d+(?:\.\d+)?",
    "alpha": r"[A-Za-z]*",
    "required": r".+",
}


class RouteError(ValueError):
    """A template this host cannot read."""


class Route:
    """One function's route."""

    def __init__(self, function: Function, prefix: str) -> None:
        self.function = function
        template = function.told.get("route") or function.name
        self.template = "/".join(part.strip("/") for part in (prefix, str(template)) if part.strip("/"))
        methods = [getattr(it, "value", it) for it in function.told.get("methods") or []]
        self.methods = frozenset(str(it).upper() for it in methods) or _ALL_METHODS
        self._checks: dict[str, list[Callable[[str], bool]]] = {}
        self._defaults: dict[str, str] = {}
        self._pattern = re.compile(self._regex(), re.IGNORECASE)

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The route's parameters, or None when it does not take this request."""
        found = self._pattern.fullmatch(path.strip("/"))
        if not found or method not in self.methods:
            return None
        values = {name: unquote(value) for name, value in found.groupdict().items() if value}
        values = {**self._defaults, **values}
        fits = all(check(values[name]) for name, checks in self._checks.items() if name in values for check in checks)
        return values if fits else None

    def _regex(self) -> str:
        parts: list[str] = []
        for segment in self.template.split("/"):
            text, optional = self._segment(segment)
            if not parts:
                parts.append(text)
            else:
                parts.append(f"(?:/{text})?" if optional else f"/{text}")
        return "".join(parts)

    def _segment(self, segment: str) -> tuple[str, bool]:
        text, place, optional = "", 0, False
        for found in _PARAMETER.finditer(segment):
            text += re.escape(segment[place : found.start()])
            star, name, constraints, default, question = found.groups()
            self._checks[name] = [_check(*it) for it in _CONSTRAINT.findall(constraints)]
            if default is not None:
                self._defaults[name] = default
            optional = bool(question or star) or default is not None
            text += f"(?P<{name}>.*)" if star else f"(?P<{name}>[^/]{'*' if optional else '+'}?)"
            place = found.end()
        rest = segment[place:]
        if "{" in rest or "}" in rest:
            raise RouteError(f"{self.function.name}: the route '{self.template}' cannot be read")
        return text + re.escape(rest), optional


def routes(functions: Iterable[Function], prefix: str) -> list[Route]:
    """Routes in the order in which the host tries them: by function name, whatever is more specific."""
    http = [function for function in functions if function.trigger == "httpTrigger"]
    return [Route(function, prefix) for function in sorted(http, key=lambda it: it.name.upper())]


def _check(name: str, argument: str) -> Callable[[str], bool]:
    if name in _PLAIN:
        pattern = re.compile(_PLAIN[name])
        return lambda value: pattern.fullmatch(value) is not None
    if name == "regex":
        wanted = re.compile(argument)
        return lambda value: wanted.search(value) is not None
    numbers = [int(part) for part in argument.split(",") if part.strip().lstrip("-").isdigit()]
    if name in {"min", "max", "range"}:
        low, high = {"min": (numbers[0], None), "max": (None, numbers[0])}.get(name, (numbers[0], numbers[-1]))
        return lambda value: value.lstrip("-").isdigit() and _between(int(value), low, high)
    if name in {"length", "minlength", "maxlength"}:
        low, high = {"minlength": (numbers[0], None), "maxlength": (None, numbers[0])}.get(
            name, (numbers[0], numbers[-1])
        )
        return lambda value: _between(len(value), low, high)
    raise RouteError(f"the route constraint '{name}' is not known")


def _between(number: int, low: int | None, high: int | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)
