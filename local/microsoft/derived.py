"""A view of a collection: every object of another one, told differently, in the same lasting order."""

from collections.abc import Callable

from local.microsoft.objects import Collection, Object


class Derived(Collection):
    """``tell`` makes the view's object of the other one, or None where the view has none."""

    def __init__(self, source: Collection, tell: Callable[[Object], Object | None]) -> None:
        super().__init__(0, 0, lambda _number, _key: {})
        self._source = source
        self._tell = tell

    def __len__(self) -> int:
        return sum(1 for _ in self.all())

    def places(self) -> int:
        return self._source.places()

    def at(self, place: int) -> Object | None:
        found = self._source.at(place)
        return self._tell(found) if found else None

    def get(self, key: str) -> Object | None:
        found = self._source.get(key)
        return self._tell(found) if found else None
