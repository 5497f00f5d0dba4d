"""Directory objects of one kind in one tenant, made when they are looked at, with a log of every change.

A tenant of 100,000 users costs no memory until somebody changes one of them: object number n is always the
same, and its id tells n.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

Object = dict[str, Any]


class Change(NamedTuple):
    """Something happened to an object. ``names`` are the properties it touched; None: all of them."""

    sequence: int
    key: str
    names: frozenset[str] | None


class Collection:
    """``seeded`` objects made on demand by ``make(number, id)``, plus what was added, changed or removed.

    Every object keeps its place in one lasting order, so that paging is stable while things change.
    """

    def __init__(self, seeded: int, prefix: int, make: Callable[[int, str], Object]) -> None:
        self.seeded = seeded
        self._tail = f"-0000-4000-8000-{prefix % (1 << 48):012x}"
        self._make = make
        self._modified: dict[str, Object] = {}
        self._added: list[str] = []
        self._removed: dict[str, str] = {}
        self._cleared: dict[str, set[str]] = {}
        self._log: list[Change] = []

    def exclude(self, numbers: Iterable[int]) -> None:
        """These seeded objects have never been there."""
        self._removed.update((self.id_of(number), "deleted") for number in numbers)

    def __len__(self) -> int:
        return self.positions() - len(self._removed)

    def positions(self) -> int:
        """How many places the lasting order has; a removed object leaves its place empty."""
        return self.seeded + len(self._added)

    def id_of(self, number: int) -> str:
        return f"{number:08x}{self._tail}"

    def at(self, position: int) -> Object | None:
        if position >= self.seeded:
            return self.get(self._added[position - self.seeded])
        key = self.id_of(position)
        if not self._modified and not self._removed:
            return self._make(position, key)
        return self.get(key)

    def get(self, key: str) -> Object | None:
        if key in self._removed:
            return None
        return self._modified.get(key) or self.as_seeded(key)

    def as_seeded(self, key: str) -> Object | None:
        """How a seeded object was before anybody touched it; None for an added one."""
        number = self.number_of(key)
        return self._make(number, key) if number is not None else None

    def number_of(self, key: str) -> int | None:
        if not key.endswith(self._tail) or len(key) != 36:
            return None
        try:
            number = int(key[:8], 16)
        except ValueError:
            return None
        return number if number < self.seeded else None

    def all(self) -> Iterator[Object]:
        for position in range(self.positions()):
            entity = self.at(position)
            if entity is not None:
                yield entity

    def touched(self) -> set[str]:
        """Ids of everything that is no longer as it was seeded."""
        return self._modified.keys() | self._removed.keys()

    def modified(self) -> Iterator[Object]:
        """What was added or changed, and is still there."""
        return (entity for key, entity in self._modified.items() if key not in self._removed)

    def removal_reason(self, key: str) -> str | None:
        """Why it is not there: "changed" can be restored, "deleted" is gone for good; None for what is there."""
        return self._removed.get(key)

    def cleared(self, key: str) -> set[str]:
        """Properties that once held something and were emptied."""
        return self._cleared.get(key, set())

    def add(self, entity: Object, sequence: int) -> Object:
        key = entity["id"]
        if self.get(key) is not None:
            raise KeyError(f"there is already an object {key}")
        self._modified[key] = entity
        self._added.append(key)
        self._log.append(Change(sequence, key, None))
        return entity

    def change(self, key: str, properties: Object, sequence: int) -> Object:
        entity = self._existing(key)
        cleared = {name for name, value in properties.items() if value is None and entity.get(name) is not None}
        self._cleared.setdefault(key, set()).update(cleared)
        self._modified[key] = {**entity, **properties}
        self._log.append(Change(sequence, key, frozenset(properties)))
        return self._modified[key]

    def remove(self, key: str, reason: str, sequence: int) -> None:
        """``reason``: "changed" keeps it restorable, "deleted" does not; the second may follow the first."""
        if self._removed.get(key) != "changed":
            self._existing(key)
        self._removed[key] = reason
        self._log.append(Change(sequence, key, None))

    def vanish(self, key: str) -> None:
        """It is gone, and nothing of that is in the log of changes."""
        self._existing(key)
        self._removed[key] = "deleted"
        self._log = [change for change in self._log if change.key != key]

    def restore(self, key: str, sequence: int) -> Object:
        if self._removed.get(key) != "changed":
            raise KeyError(f"object {key} cannot be restored")
        del self._removed[key]
        self._log.append(Change(sequence, key, None))
        return self._existing(key)

    def changes_between(self, since: int, until: int) -> dict[str, frozenset[str] | None]:
        """What was touched after ``since`` up to ``until``, by id, in the order of the last touch.

        The values are the touched properties; None means all of them.
        """
        touched: dict[str, frozenset[str] | None] = {}
        for change in reversed(self._log):
            if change.sequence <= since:
                break
            if change.sequence > until:
                continue
            known = touched.get(change.key, frozenset())
            is_full = known is None or change.names is None
            touched[change.key] = None if is_full else (known or frozenset()) | (change.names or frozenset())
        return dict(reversed(touched.items()))

    def _existing(self, key: str) -> Object:
        entity = self.get(key)
        if entity is None:
            raise KeyError(f"there is no object {key}")
        return entity
