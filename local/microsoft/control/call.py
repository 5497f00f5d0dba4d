"""One call of the ``/_world/`` interface, described once: the client sends it, the cloud runs its body.

Protocol: POST {"call": name, "args": [...], "kwargs": {...}}; the reply is {"result": ...}, or 400 {"error": text}.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

from local.microsoft.traffic.faults import Faults, HeldRequests
from local.microsoft.traffic.garble import Garbles
from local.microsoft.traffic.recorder import Recorder
from local.microsoft.world.state import WorldState

Method = TypeVar("Method", bound=Callable[..., Any])
TenantRef = Mapping[str, Any]
"""A tenant as ``add_tenant`` returns it; only its ``id`` is read."""


class Simulation(Protocol):
    """What calls act on: the state of a cloud, what makes its replies go wrong, and its record of requests."""

    world: WorldState
    recorder: Recorder
    held_requests: HeldRequests
    faults: Faults
    garbles: Garbles
    history: list[str]

    def reset(self) -> None:
        """Forget everything."""

    def save_state(self, name: str) -> None:
        """Keep everything as it is now under a name."""

    def restore_state(self, name: str) -> None:
        """Raises KeyError when nothing was saved under this name."""


class ControlCalls(ABC):
    """A group of calls. ``_cloud`` exists only where the cloud runs, and so do the bodies of ``@call`` methods."""

    _cloud: Simulation

    @property
    def _world(self) -> WorldState:
        return self._cloud.world

    @abstractmethod
    def _perform(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Run the call here, or send it to where it runs."""


CALLS: dict[str, Callable[..., Any]] = {}
"""Every call by its name."""


def call(method: Method) -> Method:
    """Make a method a call: its signature is what a client knows, its body what the cloud does.

    Arguments and results must be JSON. The body raises KeyError for what does not exist and ValueError for what
    is impossible; the client raises WorldRefused with the text.
    """
    if method.__name__ in CALLS:
        raise TypeError(f"there are two calls named {method.__name__}")
    CALLS[method.__name__] = method

    @functools.wraps(method)
    def performed(self: ControlCalls, /, *args: Any, **kwargs: Any) -> Any:
        return self._perform(method, *args, **kwargs)

    return cast("Method", performed)
