"""One authorized request to Graph: its caller, its tenant, its options."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from local.microsoft.graph.protocol.errors import bad_request, unsupported
from local.microsoft.server import Reply
from local.microsoft.world.permissions import RequiredPermissions
from local.microsoft.world.state import WorldState
from local.microsoft.world.tenants import TenantState

VERSION, BETA = "/v1.0", "/beta"
_SAFE = "-_.~,()'=/:@*!"
# Graph takes its options with or without the dollar.
_OPTIONS = frozenset({"select", "filter", "top", "skip", "count", "expand", "orderby", "search", "format"})


class Caller(NamedTuple):
    """Who calls: an application, perhaps on behalf of a user."""

    client_id: str
    user_id: str | None
    roles: frozenset[str]
    scopes: frozenset[str]

    def may(self, needs: RequiredPermissions) -> bool:
        return needs.satisfied_by(self.roles, self.scopes)


@dataclass(frozen=True)
class GraphRequest:
    """``path`` is below the version root; ``options`` are the query with dollars, ``headers`` are lower-case."""

    world: WorldState
    root: str
    tenant: TenantState
    caller: Caller
    path: str
    options: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    version: str = VERSION

    @property
    def is_beta(self) -> bool:
        return self.version == BETA

    @property
    def context(self) -> str:
        return f"{self.root}{self.version}/$metadata#"

    @property
    def is_advanced(self) -> bool:
        """Whether this is an advanced query: https://learn.microsoft.com/graph/aad-advanced-queries ."""
        return self.headers.get("consistencylevel", "").lower() == "eventual" and self.options.get("$count") == "true"

    def allow(self, *names: str) -> None:
        """Refuse every option that is not named."""
        unsupported_options = {name for name in self.options if name.startswith("$")} - set(names)
        if unsupported_options:
            raise unsupported(f"'{min(unsupported_options)}' is not supported by the service.")

    def link(self, changes: dict[str, str], without: frozenset[str] = frozenset()) -> str:
        """This request's own address with other options: how Graph makes its links."""
        options = {name: value for name, value in self.options.items() if name not in without} | changes
        query = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in options.items())
        return f"{self.root}{self.version}{self.path}?{query}"

    def top(self, default: int, max_size: int) -> int:
        text = self.options.get("$top", "")
        if not text:
            return default
        if not text.isdigit() or not 1 <= int(text) <= max_size:
            message = f"Invalid page size specified: '{text}'. Must be between 1 and {max_size} inclusive."
            raise bad_request(message, self.world.switches.page_size_error)
        return int(text)

    def me(self) -> str:
        """The signed-in user's id; requests to /me are only authorized with one."""
        return self.caller.user_id or ""


def version_of(path: str) -> str | None:
    """The version root that a path begins with; None if there is no such version."""
    return next((it for it in (VERSION, BETA) if path.startswith(f"{it}/")), None)


def options_of(query: dict[str, str]) -> dict[str, str]:
    return {f"${name}" if name in _OPTIONS else name: value for name, value in query.items()}


class GraphRoute(NamedTuple):
    """A request Graph answers. ``units`` is its throttling cost, ``service`` the limits it falls under."""

    method: str
    path: re.Pattern[str]
    needs: RequiredPermissions
    units: int
    handle: Callable[..., Reply]
    service: str = "directory"

    def cost(self, options: dict[str, str]) -> int:
        """Source: https://learn.microsoft.com/graph/throttling-limits ."""
        top = options.get("$top", "")
        few = top.isdigit() and int(top) < 20
        return max(1, self.units - ("$select" in options) + ("$expand" in options) - few)
