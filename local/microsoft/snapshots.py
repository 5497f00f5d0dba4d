"""States of the whole cloud: saved under a name and restored as often as wanted, or as bytes for the next process.

A journey that many tests begin with is then travelled once; see ``tests/states.py``. ``state_file.py`` keeps the bytes.
"""

import io
import pickle
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
        self._put(self._copied(self._saved[name]), parts)

    def dump(self, parts: Iterable[object]) -> bytes:
        """The same as bytes, which another process of the same version can load."""
        buffer = io.BytesIO()
        _Pickler(buffer, self._world).dump([vars(it) for it in (self._world, *parts)])
        return buffer.getvalue()

    def load(self, dumped: bytes, parts: Iterable[object]) -> None:
        """Bring back what ``dump`` gave; nothing is changed when it cannot be read.

        Raises:
            Exception: of any kind, when these are other bytes.
        """
        self._put(_Unpickler(io.BytesIO(dumped), self._world).load(), parts)

    def _put(self, states: list[dict[str, Any]], parts: Iterable[object]) -> None:
        for part, state in zip((self._world, *parts), states, strict=True):
            vars(part).clear()
            vars(part).update(state)

    def _copied(self, states: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """In one go, so that what two of them share is shared by their copies too."""
        return deepcopy(states, {id(self._world): self._world})


class _Pickler(pickle.Pickler):
    """Leaves out the world itself, which many of its parts point back to."""

    def __init__(self, file: io.BytesIO, world: WorldState) -> None:
        super().__init__(file)
        self._world = world

    def persistent_id(self, obj: object) -> str | None:
        return "world" if obj is self._world else None


class _Unpickler(pickle.Unpickler):
    """Puts the world of this process in its place."""

    def __init__(self, file: io.BytesIO, world: WorldState) -> None:
        super().__init__(file)
        self._world = world

    def persistent_load(self, _pid: str) -> WorldState:
        return self._world
