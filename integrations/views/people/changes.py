"""The feed of an Organization's people, as the API shows it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.people.changes import ChangedBy, Departure, EndUserChange, Position, Tombstone
from integrations.views.people.end_users import EndUserView
from shared.http.schemas import one_of

_SAVED = "saved"


class ChangeView(msgspec.Struct, kw_only=True):
    """The last change of one End User.

    Attributes:
        end_user_id: Who changed, or is gone.
        change: What happened. "saved": created or changed, or moved here. All others: the End User is gone from here.
        at: When it happened.
        by: Where the change came from. "portal": it was sent to this API.
        end_user: The End User as it is now. Null if it is gone.
        moved_to: The Organization to which it was moved. Null if it was not moved.
        merged_into: The End User into which it was merged. Null if it was not merged.
    """

    end_user_id: EndUserId
    change: Annotated[str, one_of(_SAVED, Departure)]
    at: datetime
    by: Annotated[str, one_of(ChangedBy)]
    end_user: EndUserView | None
    moved_to: OrganizationId | None
    merged_into: EndUserId | None


class ChangePage(msgspec.Struct, kw_only=True):
    """Changes in their order.

    Attributes:
        items: The changes. An End User that changed several times is only there once, at its last change.
        next_after: Send it as "after" to read on, now or later.
        has_more: Whether more changes can be read now.
    """

    items: list[ChangeView]
    next_after: str
    has_more: bool


def change_page(
    changes: Iterable[tuple[EndUserChange, EndUserView | None]], position: Position, *, has_more: bool
) -> ChangePage:
    return ChangePage(items=[_view(*it) for it in changes], next_after=str(position), has_more=has_more)


def _view(change: EndUserChange, person: EndUserView | None) -> ChangeView:
    gone = change if isinstance(change, Tombstone) else None
    return ChangeView(
        end_user_id=change.end_user_id,
        change=gone.how.value if gone else _SAVED,
        at=change.at,
        by=change.by.value,
        end_user=person,
        moved_to=gone.moved_to if gone else None,
        merged_into=gone.merged_into if gone else None,
    )
