"""Runs the calls of ``/_world/`` where the cloud is."""

import inspect
import json
from collections.abc import Callable
from typing import Any

from local.microsoft.control.apps import AppCalls
from local.microsoft.control.call import CALLS, Simulation
from local.microsoft.control.devices import DeviceCalls
from local.microsoft.control.failures import FailureCalls
from local.microsoft.control.partners import PartnerCalls
from local.microsoft.control.security import SecurityCalls
from local.microsoft.control.sign_ins import SignInCalls
from local.microsoft.server import Reply, Request, json_reply

PREFIX = "/_world/"
_LEAVE_NO_TRACE = frozenset({"reset", "call_history", "save_state", "restore_state"})


class WorldCalls(AppCalls, PartnerCalls, SignInCalls, DeviceCalls, SecurityCalls, FailureCalls):
    """Every call; tenants, people and groups come with partners."""


class ControlServer(WorldCalls):
    """Answers the client: one call a request."""

    def __init__(self, cloud: Simulation) -> None:
        self._cloud = cloud

    def handle(self, request: Request) -> Reply:
        """The reply: 200 {"result": ...}, or 400 {"error": text} for a call or arguments that do not exist."""
        try:
            body = json.loads(request.body)
            result = self.run(str(body["call"]), body.get("args", []), body.get("kwargs", {}))
        except (KeyError, ValueError, TypeError) as error:
            return json_reply({"error": str(error)}, 400)
        return json_reply({"result": result})

    def run(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Run a call by its name.

        Raises:
            KeyError: there is no such call, or it names something that does not exist.
            TypeError: an argument is missing or unknown.
            ValueError: what it asks for is impossible.
        """
        if name not in CALLS:
            raise KeyError(f"there is no call {name}")
        arguments = inspect.signature(CALLS[name]).bind(self, *args, **kwargs).arguments
        del arguments["self"]
        if name not in _LEAVE_NO_TRACE:
            self._cloud.history.append(json.dumps([name, arguments]))  # as half a character can only be in ASCII
        return CALLS[name](self, *args, **kwargs)

    def _perform(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)
