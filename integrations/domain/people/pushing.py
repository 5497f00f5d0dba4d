"""What becomes of each item that the portal pushes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from integrations.domain.ids import EndUserId
from integrations.domain.people.fields import checked
from shared.errors import Problem


class PushResult(Enum):
    """What was done with an item."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    REJECTED = "rejected"


class Pushed(NamedTuple):
    """An item's result; ``ignored_fields`` are managed by Microsoft, ``problems`` say why an item was rejected."""

    external_id: str
    result: PushResult
    end_user_id: EndUserId | None = None
    ignored_fields: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class PushedItem(NamedTuple):
    """An item at its place in the request, with its values as they are stored."""

    place: int
    external_id: str
    values: Mapping[str, Any]

    def rejected(self, *problems: Problem) -> Pushed:
        """The item's result; the problems' pointers are those below the item."""
        placed = tuple(Problem(f"/items/{self.place}{it.pointer}", it.detail) for it in problems)
        return Pushed(self.external_id, PushResult.REJECTED, problems=placed)


def read_items(items: Iterable[Mapping[str, Any]]) -> tuple[list[PushedItem], dict[int, Pushed]]:
    """The items that are valid, and by their places the others: not valid, or with an id that comes more than once."""
    listed = list(items)
    times = Counter(it["external_id"] for it in listed)
    valid: list[PushedItem] = []
    rejected: dict[int, Pushed] = {}
    for place, values in enumerate(listed):
        stored, problems = checked(values)
        item = PushedItem(place, values["external_id"], stored)
        if times[item.external_id] > 1:
            problems.append(Problem("/external_id", "an id that comes once in a request"))
        if problems:
            rejected[place] = item.rejected(*problems)
        else:
            valid.append(item)
    return valid, rejected
