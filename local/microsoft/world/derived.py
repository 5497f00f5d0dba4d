"""A view of a collection: every object of another one, converted, in the same stable order."""

from collections.abc import Callable

from local.microsoft.world.collection import Collection, Object


class DerivedCollection(Collection):
    """``derive`` converts an object of the source, or returns None to leave it out."""

    def __init__(self, source: Collection, derive: Callable[[Object], Object | None]) -> None:
        super().__init__(0, 0, lambda _number, _key: {})
        self._source = source
        self._derive = derive

    def __len__(self) -> int:
        return sum(1 for _ in self.all())

    def positions(self) -> int:
        return self._source.positions()

    def at(self, position: int) -> Object | None:
        source = self._source.at(position)
        return self._derive(source) if source else None

    def get(self, key: str) -> Object | None:
        source = self._source.get(key)
        return self._derive(source) if source else None
