"""One request to Graph that was let in: whose, about which tenant, with which options."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from local.microsoft.graph.errors import bad, unsupported
from local.microsoft.http import Reply
from local.microsoft.permissions import Needs
from local.microsoft.tenants import Tenant
from local.microsoft.world import World

VERSION = "/v1.0"
_SAFE = "-_.~,()'=/:@*!"
# Graph takes its options with or without the dollar.
_OPTIONS = frozenset({"select", "filter", "top", "skip", "count", "expand", "orderby", "search", "format"})


class Caller(NamedTuple):
    """Who asks: an application, perhaps on behalf of somebody."""

    client_id: str
    user_id: str | None
    roles: frozenset[str]
    scopes: frozenset[str]

    def may(self, needs: Needs) -> bool:
        return needs.met_by(self.roles, self.scopes)


@dataclass(frozen=True)
class Ask:
    """``path`` is below the version root; ``options`` are the query with dollars, ``headers`` are lower-case."""

    world: World
    root: str
    tenant: Tenant
    caller: Caller
    path: str
    options: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def context(self) -> str:
        return f"{self.root}{VERSION}/$metadata#"

    @property
    def is_advanced(self) -> bool:
        """Whether this is an advanced query: https://learn.microsoft.com/graph/aad-advanced-queries ."""
        return self.headers.get("consistencylevel", "").lower() == "eventual" and self.options.get("$count") == "true"

    def allow(self, *names: str) -> None:
        """Refuse every option that is not named."""
        refused = {name for name in self.options if name.startswith("$")} - set(names)
        if refused:
            raise unsupported(f"'{min(refused)}' is not supported by the service.")

    def link(self, changes: dict[str, str], without: frozenset[str] = frozenset()) -> str:
        """This request's own address with other options: how Graph makes its links."""
        kept = {name: value for name, value in self.options.items() if name not in without} | changes
        query = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in kept.items())
        return f"{self.root}{VERSION}{self.path}?{query}"

    def top(self, default: int, most: int) -> int:
        text = self.options.get("$top", "")
        if not text:
            return default
        if not text.isdigit() or not 1 <= int(text) <= most:
            message = f"Invalid page size specified: '{text}'. Must be between 1 and {most} inclusive."
            raise bad(message, self.world.switches.page_size_error)
        return int(text)

    def me(self) -> str:
        """The person on whose behalf is asked; requests about her are only let in with one."""
        return self.caller.user_id or ""


def options_of(query: dict[str, str]) -> dict[str, str]:
    return {f"${name}" if name in _OPTIONS else name: value for name, value in query.items()}


class Route(NamedTuple):
    """A request Graph answers. ``units`` is its throttling cost, ``service`` the limits it falls under."""

    method: str
    path: re.Pattern[str]
    needs: Needs
    units: int
    answer: Callable[..., Reply]
    service: str = "directory"

    def cost(self, options: dict[str, str]) -> int:
        """Source: https://learn.microsoft.com/graph/throttling-limits ."""
        top = options.get("$top", "")
        few = top.isdigit() and int(top) < 20
        return max(1, self.units - ("$select" in options) + ("$expand" in options) - few)
