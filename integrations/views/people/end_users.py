"""End Users as the API shows them."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.people.end_user import EndUser, EndUserFields, InactiveReason
from shared.http.schemas import one_of


class EndUserView(EndUserFields, frozen=True, kw_only=True, omit_defaults=False):
    """An End User.

    Attributes:
        id: The End User. It never changes, wherever the person is moved.
        organization_id: The Organization in which the person is now.
        inactive_reason: Who made the person inactive. Null for an active one.
        inactive_since: When that was. Null for an active one.
        managed_fields: The fields that Microsoft decides, by their names. What the portal sends for them is ignored.
        merged_external_ids: The portal's ids of End Users that were merged into this one.
        created_at: When the End User was created.
        changed_at: When one of its fields was changed last.
    """

    id: EndUserId
    organization_id: OrganizationId
    inactive_reason: Annotated[str, one_of(InactiveReason)] | None
    inactive_since: datetime | None
    managed_fields: list[str]
    merged_external_ids: list[str]
    created_at: datetime
    changed_at: datetime


class SavedEndUser(EndUserView, frozen=True, kw_only=True):
    """An End User as it was just changed.

    Attributes:
        ignored_fields: Fields for which another value was sent, but which Microsoft decides.
    """

    ignored_fields: list[str]


class EndUserPage(msgspec.Struct, kw_only=True):
    """A page of an Organization's End Users.

    Attributes:
        items: The End Users in the order of their ids.
        total: How many End Users the Organization has.
        next_cursor: The cursor of the next page. Null on the last one.
    """

    items: list[EndUserView]
    total: int
    next_cursor: str | None


class MovedEndUsers(msgspec.Struct, kw_only=True):
    """What became of a move.

    Attributes:
        moved: Who is in the other Organization now.
        not_moved: Who is not: nobody of this id is in this Organization, or somebody in the other one has the same
            external_id.
        remaining: How many End Users this Organization still has.
    """

    moved: list[EndUserId]
    not_moved: list[EndUserId]
    remaining: int


def end_user_view(person: EndUser) -> EndUserView:
    return EndUserView(**_fields(person, EndUserView))


def saved_end_user(person: EndUser, ignored_fields: list[str]) -> SavedEndUser:
    return SavedEndUser(**_fields(person, EndUserView), ignored_fields=ignored_fields)


def _fields(person: EndUser, view: type[EndUserView]) -> dict[str, Any]:
    reason = person.inactive_reason
    values = {name: getattr(person, name) for name in view.__struct_fields__}
    return {**values, "inactive_reason": reason.value if reason else None}
