"""The client of ``/_world/``: what tests, demonstrations and people at a prompt change a running cloud with."""

import asyncio
import functools
import json
from collections.abc import Callable, Mapping
from types import GenericAlias
from typing import Any, get_type_hints

import msgspec
import requests

from local import worlds
from local.microsoft.control.server import PREFIX, WorldCalls
from local.microsoft.control.tenants import Tenant
from local.microsoft.server import Handler, Request

_TIMEOUT_S = 120


class WorldRefused(Exception):
    """The world does not know such a thing, or cannot do that to it."""


class World(WorldCalls):
    """Every call of a running cloud, sent to it.

    Raises:
        WorldRefused: by each call, with the cloud's explanation.
    """

    def __init__(self, graph_url: str, ca_file: str) -> None:
        self._url = f"{graph_url}{PREFIX}call"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file

    def close(self) -> None:
        self._session.close()

    def history(self) -> list[tuple[str, dict[str, Any]]]:
        """Every call since the last reset, with its arguments: the same calls make the same world."""
        return [(name, arguments) for name, arguments in map(json.loads, self.call_history())]

    def load(self, world: str | Mapping[str, Any]) -> list[Tenant]:
        """Add the tenants of a world: one of ``local/worlds`` by name, or {"switches": {}, "tenants": [...]}."""
        described = worlds.named(world) if isinstance(world, str) else world
        if described.get("switches"):
            self.switch(**described["switches"])
        return [self.add_tenant(**tenant) for tenant in described["tenants"]]

    def _perform(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        reply = self._send(method.__name__, *args, **kwargs)
        return msgspec.json.decode(reply, type=_reply_of(method))["result"]

    def _send(self, name: str, /, *args: Any, **kwargs: Any) -> bytes:
        body = json.dumps({"call": name, "args": args, "kwargs": kwargs}, default=_plain)
        status, content = self._post(body.encode())
        if status != 200:
            raise WorldRefused(json.loads(content)["error"])
        return content

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Have a call performed; returns the status and the body of the reply."""
        answer = self._session.post(self._url, data=body, timeout=_TIMEOUT_S)
        return answer.status_code, answer.content


class NearWorld(World):
    """Every call of a cloud in this process, run on its event loop; a request over TLS takes ten times as long."""

    def __init__(self, loop: asyncio.AbstractEventLoop, handle: Handler) -> None:
        self._loop = loop
        self._handle = handle

    def close(self) -> None:
        """Nothing to do: there is no connection."""

    def _post(self, body: bytes) -> tuple[int, bytes]:
        handling = self._handle(Request("graph", "POST", f"{PREFIX}call", {}, body))
        reply = asyncio.run_coroutine_threadsafe(handling, self._loop).result(_TIMEOUT_S)
        return reply.status, reply.body


@functools.cache
def _reply_of(method: Callable[..., Any]) -> Any:
    """The type of a call's reply, from the annotation of its result."""
    return GenericAlias(dict, (str, get_type_hints(method)["return"]))


def _plain(value: Any) -> Any:
    """Mappings and collections that JSON does not know."""
    return dict(value) if isinstance(value, Mapping) else list(value)
