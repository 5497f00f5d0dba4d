"""One request to Graph, already let in, and the shape of a route that answers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from local.microsoft.http import Reply
from local.microsoft.odata import bad
from local.microsoft.world import Tenant, World


@dataclass
class Ask:
    """One request to Graph, already let in: whose tenant, on whose behalf, with which options."""

    world: World
    root: str
    tenant: Tenant
    client_id: str
    me: str | None
    headers: dict[str, str]
    path: str
    query: dict[str, str]

    @property
    def context(self) -> str:
        return f"{self.root}/v1.0/$metadata#"

    def link(self, path: str, **options: str) -> str:
        told = "&".join(f"${name}={quote(value, safe=',')}" for name, value in options.items())
        return f"{self.root}/v1.0{path}?{told}"


@dataclass(frozen=True)
class Route:
    """A request Graph answers: ``units`` are its throttling cost."""

    method: str
    path: re.Pattern[str]
    needs: frozenset[str]
    units: int
    answer: Callable[..., Reply]


def myself(ask: Ask) -> str:
    """The id of the person a delegated token stands for."""
    if ask.me is None:
        raise bad("/me request is only valid with delegated authentication flow.")
    return ask.me
