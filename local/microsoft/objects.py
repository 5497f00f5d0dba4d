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
        self._own: dict[str, Object] = {}
        self._added: list[str] = []
        self._gone: dict[str, str] = {}
        self._cleared: dict[str, set[str]] = {}
        self._log: list[Change] = []

    def leave_out(self, numbers: Iterable[int]) -> None:
        """These seeded objects have never been there."""
        self._gone.update((self.id_of(number), "deleted") for number in numbers)

    def __len__(self) -> int:
        return self.places() - len(self._gone)

    def places(self) -> int:
        """How many places the lasting order has; a removed object leaves its place empty."""
        return self.seeded + len(self._added)

    def id_of(self, number: int) -> str:
        return f"{number:08x}{self._tail}"

    def at(self, place: int) -> Object | None:
        if place >= self.seeded:
            return self.get(self._added[place - self.seeded])
        key = self.id_of(place)
        if not self._own and not self._gone:
            return self._make(place, key)
        return self.get(key)

    def get(self, key: str) -> Object | None:
        if key in self._gone:
            return None
        return self._own.get(key) or self.as_seeded(key)

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
        for place in range(self.places()):
            found = self.at(place)
            if found is not None:
                yield found

    def touched(self) -> set[str]:
        """Ids of everything that is no longer as it was seeded."""
        return self._own.keys() | self._gone.keys()

    def own(self) -> Iterator[Object]:
        """What was added or changed, and is still there."""
        return (thing for key, thing in self._own.items() if key not in self._gone)

    def removal(self, key: str) -> str | None:
        """Why it is not there: "changed" can be restored, "deleted" is gone for good; None for what is there."""
        return self._gone.get(key)

    def cleared(self, key: str) -> set[str]:
        """Properties that once held something and were emptied."""
        return self._cleared.get(key, set())

    def add(self, made: Object, sequence: int) -> Object:
        key = made["id"]
        if self.get(key) is not None:
            raise KeyError(f"there is already an object {key}")
        self._own[key] = made
        self._added.append(key)
        self._log.append(Change(sequence, key, None))
        return made

    def change(self, key: str, properties: Object, sequence: int) -> Object:
        found = self._there(key)
        cleared = {name for name, value in properties.items() if value is None and found.get(name) is not None}
        self._cleared.setdefault(key, set()).update(cleared)
        self._own[key] = {**found, **properties}
        self._log.append(Change(sequence, key, frozenset(properties)))
        return self._own[key]

    def remove(self, key: str, reason: str, sequence: int) -> None:
        """``reason``: "changed" keeps it restorable, "deleted" does not; the second may follow the first."""
        if self._gone.get(key) != "changed":
            self._there(key)
        self._gone[key] = reason
        self._log.append(Change(sequence, key, None))

    def leave_out_by_id(self, key: str) -> None:
        """It is gone, and nothing of that is in the log of changes."""
        self._there(key)
        self._gone[key] = "deleted"
        self._log = [change for change in self._log if change.key != key]

    def restore(self, key: str, sequence: int) -> Object:
        if self._gone.get(key) != "changed":
            raise KeyError(f"object {key} cannot be restored")
        del self._gone[key]
        self._log.append(Change(sequence, key, None))
        return self._there(key)

    def between(self, since: int, until: int) -> dict[str, frozenset[str] | None]:
        """What was touched after ``since`` up to ``until``, by id, in the order of the last touch.

        The values are the touched properties; None means all of them.
        """
        touched: dict[str, frozenset[str] | None] = {}
        for change in reversed(self._log):
            if change.sequence <= since:
                break
            if change.sequence > until:
                continue
            seen = touched.get(change.key, frozenset())
            whole = seen is None or change.names is None
            touched[change.key] = None if whole else (seen or frozenset()) | (change.names or frozenset())
        return dict(reversed(touched.items()))

    def _there(self, key: str) -> Object:
        found = self.get(key)
        if found is None:
            raise KeyError(f"there is no object {key}")
        return found
