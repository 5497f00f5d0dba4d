"""Links between users and End Users as the API shows them, and the values that a filter can name."""

from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.people.end_user import InactiveReason
from integrations.domain.user_sync.links import LinkedBy
from shared.http.schemas import one_of


class LinkedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """The End User of a link.

    Attributes:
        id: The End User.
        name: The person's name.
        organization_id: The Organization that the person is in.
        organization_name: The Organization's name.
        is_active: Whether the End User is active.
    """

    id: EndUserId
    name: str
    organization_id: OrganizationId
    organization_name: str
    is_active: bool


class UserLinkView(msgspec.Struct, frozen=True, kw_only=True):
    """Which End User a user is.

    Attributes:
        object_id: The user's object id at Microsoft.
        name: The user's name when it was last synced.
        username: The user principal name. Null if the user is gone.
        end_user: The End User. Null if the link was undone, or the End User is gone.
        linked_by: What the link was made by.
        since: When it was made.
        is_gone: Whether the user does not exist any more.
        inactive_because: Why the sync keeps the End User inactive. Null if it does not.
    """

    object_id: str
    name: str
    username: str | None
    end_user: LinkedPerson | None
    linked_by: Annotated[str, one_of(LinkedBy)]
    since: datetime
    is_gone: bool
    inactive_because: Annotated[str, one_of(InactiveReason)] | None


class UserLinkPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of links.

    Attributes:
        items: The links, by the object ids of users.
        next_cursor: The cursor of the next page. Null on the last one.
        total: How many links there are on all pages.
    """

    items: list[UserLinkView]
    next_cursor: str | None
    total: int


class FilterValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that users have.

    Attributes:
        value: The value, as most of them have it.
        people: How many users have it.
    """

    value: str
    people: int


class FilterGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group that a filter can name.

    Attributes:
        id: The group's object id.
        name: The group's name.
        people: How many users are in it, directly or through nested groups.
    """

    id: str
    name: str
    people: int | None


class FilterChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What filters can name: at most 1,000 of each, those that most users have first.

    Attributes:
        departments: Departments of users.
        offices: Offices of users.
        domains: Domains of users' main addresses.
        groups: Groups that a filter can name, with their members counted.
        as_of: When the users were last read completely.
    """

    departments: list[FilterValue]
    offices: list[FilterValue]
    domains: list[FilterValue]
    groups: list[FilterGroup]
    as_of: datetime | None
