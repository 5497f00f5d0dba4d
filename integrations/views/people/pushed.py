"""What became of pushed End Users, as the API shows it."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import msgspec

from integrations.domain.ids import EndUserId
from integrations.domain.people.pushing import Pushed, PushResult
from shared.http.responses import ProblemPlace
from shared.http.schemas import one_of


class PushedEndUser(msgspec.Struct, kw_only=True):
    """The result of one item.

    Attributes:
        external_id: The item's external_id.
        result: What was done. "merged": the End User was merged into another one, and the item was not used.
        end_user_id: The End User. Null if the item was rejected.
        ignored_fields: Fields for which another value was sent, but which Microsoft decides.
        errors: Why the item was rejected. Empty for the others.
    """

    external_id: str
    result: Annotated[str, one_of(PushResult)]
    end_user_id: EndUserId | None
    ignored_fields: list[str]
    errors: list[ProblemPlace]


class PushedEndUsers(msgspec.Struct, kw_only=True):
    """The results of all items.

    Attributes:
        items: One result for each item, in their order.
        created: How many End Users were created.
        updated: How many were changed.
        unchanged: How many had all values already.
        merged: How many items are those of End Users who were merged into others.
        rejected: How many items are not valid.
    """

    items: list[PushedEndUser]
    created: int
    updated: int
    unchanged: int
    merged: int
    rejected: int


def pushed_end_users(results: Sequence[Pushed]) -> PushedEndUsers:
    """The results with their counts."""
    counts = Counter(it.result for it in results)
    return PushedEndUsers(items=[_view(it) for it in results], **{it.value: counts[it] for it in PushResult})


def _view(pushed: Pushed) -> PushedEndUser:
    return PushedEndUser(
        external_id=pushed.external_id,
        result=pushed.result.value,
        end_user_id=pushed.end_user_id,
        ignored_fields=list(pushed.ignored_fields),
        errors=[ProblemPlace(pointer=it.pointer, detail=it.detail) for it in pushed.problems],
    )
