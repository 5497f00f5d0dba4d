"""Where flows begin: a journey is travelled once, and the state it ends in is restored for every further test.

A state is everything stored, everything the simulated cloud knows, and the time. It is kept for the one beginning that
it was reached from: the same calls of the world's control interface, the same settings, the same person, and a portal
that has done nothing yet. A test that changed anything else before (the clock, a service, a fault, a patch) travels.
The app is as after a restart then: what its process remembered is gone.

``tests/flows/test_states.py`` compares states that were restored with states that were travelled to.
"""

import json
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from integrations.services import Services, connect
from shared.storage.account import StorageAccount
from tests.stored import Storage, Store

if TYPE_CHECKING:
    from tests.flows.portal import Portal

T = TypeVar("T")

# All tests of a worker begin at one moment, so that times of a state are as old in each of them. It lies ahead of every
# run of the suite: a clock that is moved forward is nothing new to a test, one that goes back would be. What a tenant
# does once a day, at a time of its own, it does as long after the beginning in every run.
_AHEAD = timedelta(hours=3)
_HOUR = 6
_UNREPEATABLE = frozenset({"fault", "garble", "hold"})  # what comes of these depends on when they meet a request
_REMEMBERED = ("sign_in", "csp_sign_in", "callers", "quota", "seal_lines", "plans")
_STORAGE = "AzureWebJobsStorage"


@dataclass(frozen=True)
class State:
    """Where a journey ended: its result, all rows, and the time; the cloud keeps its part under the same key."""

    result: Any
    store: Store
    at: datetime


class States:
    """The states that one worker has reached so far, and the moment at which its tests begin."""

    def __init__(self) -> None:
        soonest = datetime.now(UTC) + _AHEAD
        began = soonest.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
        self._began = began if began >= soonest else began + timedelta(days=1)
        self._kept: dict[str, State] = {}

    @property
    def ahead(self) -> timedelta:
        """How far a portal's clock is set forward when a test begins now."""
        return self._began - datetime.now(UTC)

    def reach(self, portal: "Portal", key: str, travel: Callable[[], T]) -> T:
        """What the journey returns; it is travelled when nobody did before from the same beginning."""
        if key in self._kept:
            return self._restored(portal, key)
        result, store = travel(), _read(portal)
        if not any(store.held.values()):  # what waits in a queue to be seen later cannot be read
            self._kept[key] = State(result, store, portal.clock())
            portal.microsoft.world.save_state(key)
            restart(portal)
        return result

    def _restored(self, portal: "Portal", key: str) -> Any:
        state = self._kept[key]
        portal.microsoft.world.restore_state(key)
        storage = Storage(portal.host.env[_STORAGE])
        storage.fill(state.store)
        storage.close()
        portal.set_clock(state.at - datetime.now(UTC))
        return state.result


class Beginning:
    """A portal that was just opened, as long as nothing was done with it."""

    def __init__(self, states: States, portal: "Portal", patches: pytest.MonkeyPatch | None = None) -> None:
        self._states = states
        self._patches = patches
        self._ahead = portal.clock.ahead
        self._services = _parts(portal.services)
        self._settings = copy(portal.services.settings)

    def reach(self, portal: "Portal", journey: str, travel: Callable[[], T]) -> T:
        """See ``States.reach``; a portal that is not as it was opened travels."""
        history = portal.microsoft.world.history()
        if not self._is_untouched(portal) or not _UNREPEATABLE.isdisjoint(name for name, _ in history):
            return travel()
        env = {name: value for name, value in portal.host.env.items() if name != _STORAGE}
        calls = [it for it in history if "clock_offset_s" not in it[1].get("settings", {})]
        key = json.dumps([journey, portal.who, portal.headers, env, calls], sort_keys=True)
        return self._states.reach(portal, key, travel)

    def _is_untouched(self, portal: "Portal") -> bool:
        now = _parts(portal.services)
        return (
            portal.clock.ahead == self._ahead
            and all(now[name] is value for name, value in self._services.items())
            and portal.services.settings == self._settings
            and (self._patches is None or not (self._patches._setattr or self._patches._setitem))
            and _is_empty(portal.host.env[_STORAGE])
        )


def restart(portal: "Portal") -> None:
    """Let the app forget what only its process knows."""
    fresh = connect(portal.services.settings)
    for name in _REMEMBERED:
        object.__setattr__(portal.services, name, getattr(fresh, name))


def _parts(services: Services) -> dict[str, Any]:
    return {it.name: getattr(services, it.name) for it in fields(services)}


def _read(portal: "Portal") -> Store:
    storage = Storage(portal.host.env[_STORAGE])
    store = storage.read()
    storage.close()
    return store


def _is_empty(connection: str) -> bool:
    account = StorageAccount.from_connection_string(connection, "table")
    answer = account.send("GET", "/Tables", headers={"Accept": "application/json;odata=nometadata"})
    return bool(json.loads(answer.body)["value"] == [])
