"""One app for all portals of a worker: to build and index one takes more than many a test.

Nothing of an app belongs to a portal but the services that its functions ask for, and here each portal's functions have
their own; what a test registers before it opens its portal makes another app.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from typing import Any

from integrations.actions.read.export import kinds
from integrations.services import Services
from integrations.triggers import build_app
from local.host.indexing.index import Function, index

_services: ContextVar[Services] = ContextVar("services")


def functions_with(services: Services) -> dict[str, Function]:
    """Every function of the app, as a host runs it; it works with these services."""
    return {name: replace(it, call=_with(services, it.call)) for name, it in _indexed(tuple(kinds())).items()}


@cache
def _indexed(_kinds: tuple[str, ...]) -> dict[str, Function]:
    return index(build_app(_services.get), {})


def _with(services: Services, call: Callable[..., Any]) -> Callable[..., Any]:
    def called(**arguments: Any) -> Any:
        before = _services.set(services)
        try:
            return call(**arguments)
        finally:
            _services.reset(before)

    return called
