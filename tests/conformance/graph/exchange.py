"""One request to Graph with its answer, as seen from the client's side; the unit that the oracle judges."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Granted:
    """What the token of a request allows; ``known`` is False when the token could not be read."""

    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    known: bool = True

    @property
    def names(self) -> frozenset[str]:
        return self.scopes or self.roles

    @property
    def scheme(self) -> str:
        """How the description names the kind of token."""
        return "DelegatedWork" if self.scopes else "Application"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. Header names are lower-case; bodies are as they went over the wire."""

    method: str
    url: str
    status: int
    asked: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    sent: bytes = b""
    received: bytes = b""
    granted: Granted = field(default_factory=Granted)

    @cached_property
    def path(self) -> str:
        """The path below the version, for example "/users/{id}"; decoded."""
        path = unquote(urlsplit(self.url).path)
        return path.removeprefix("/v1.0") or "/"

    @cached_property
    def options(self) -> list[tuple[str, str]]:
        """Query options in their order, names in lower case: Graph does not mind their case."""
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        return [(name.lower(), value) for name, value in pairs]

    def option(self, name: str) -> str | None:
        return dict(self.options).get(name)

    @cached_property
    def question(self) -> Any:
        """The request's JSON body, or None."""
        return _json(self.sent)

    @cached_property
    def answer(self) -> Any:
        """The answer's JSON body, or None."""
        return _json(self.received)

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def names(self) -> str:
        return f"{self.method} {urlsplit(self.url).path}?{urlsplit(self.url).query}".rstrip("?")


def granted_by(authorization: str) -> Granted:
    """Read what a bearer token grants, without checking its signature: the oracle trusts the recorded traffic."""
    try:
        payload = authorization.partition(" ")[2].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return Granted(known=False)
    if not isinstance(claims, dict):
        return Granted(known=False)
    return Granted(frozenset(claims.get("roles") or ()), frozenset(str(claims.get("scp") or "").split()))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
