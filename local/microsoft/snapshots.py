"""States of the whole cloud, saved under a name and restored as often as wanted.

A journey that many tests begin with is then travelled once; see ``tests/states.py``.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from local.microsoft.world.state import WorldState


class Snapshots:
    """Copies of everything that changes while a cloud runs: of the world, and of what its hosts remember.

    The world and the hosts stay the same objects, so that whoever holds one of them sees what is restored.
    """

    def __init__(self, world: WorldState) -> None:
        self._world = world
        self._saved: dict[str, list[dict[str, Any]]] = {}

    def save(self, name: str, parts: Iterable[object]) -> None:
        self._saved[name] = self._copied([vars(it) for it in (self._world, *parts)])

    def restore(self, name: str, parts: Iterable[object]) -> None:
        """Raises KeyError when nothing was saved under this name."""
        states = self._copied(self._saved[name])
        for part, state in zip((self._world, *parts), states, strict=True):
            vars(part).clear()
            vars(part).update(state)

    def _copied(self, states: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """In one go, so that what two of them share is shared by their copies too."""
        return deepcopy(states, {id(self._world): self._world})
