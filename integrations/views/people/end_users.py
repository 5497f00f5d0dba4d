"""End Users as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId, TenantId
from integrations.domain.people.end_user import EndUser, EndUserFields, InactiveReason
from integrations.domain.security.protection import Protection
from integrations.domain.user_sync.links import LinkedBy
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxEvidence, MailboxKind
from shared.http.schemas import one_of


class MicrosoftUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of a Microsoft tenant who is an End User, with what is shown of the user and never written to fields.

    Attributes:
        tenant_id: The tenant that the user belongs to.
        tenant_name: The tenant's name at Microsoft.
        object_id: The user's object id there.
        username: The user principal name. Null if the user is gone.
        is_gone: Whether the user does not exist any more.
        department: The department at Microsoft. Null if it is not set.
        office: The office there. Null if it is not set.
        licenses: Names of the products that are assigned to the user; Microsoft's id of one whose name is not known.
        mailbox: What the user's mailbox is for. Null if the user is gone.
        mailbox_evidence: How that is known. Null if the user is gone.
        mfa: What has to be done about the user's MFA. Null if it was not evaluated.
        linked_by: What the link was made by.
        since: When it was made.
    """

    tenant_id: TenantId
    tenant_name: str
    object_id: str
    username: str | None
    is_gone: bool
    department: str | None
    office: str | None
    licenses: list[str]
    mailbox: Annotated[str, one_of(MailboxKind)] | None
    mailbox_evidence: Annotated[str, one_of(MailboxEvidence)] | None
    mfa: Annotated[str, one_of(Protection)] | None
    linked_by: Annotated[str, one_of(LinkedBy)]
    since: datetime


class EndUserView(EndUserFields, frozen=True, kw_only=True, omit_defaults=False):
    """An End User.

    Attributes:
        id: The End User. It never changes, wherever the person is moved.
        organization_id: The Organization in which the person is now.
        inactive_reason: Who made the person inactive. Null for an active one.
        inactive_since: When that was. Null for an active one.
        managed_fields: The fields that Microsoft decides, by their names. What the portal sends for them is ignored.
        merged_external_ids: The portal's ids of End Users that were merged into this one.
        microsoft: The users of Microsoft tenants that this person is, by the user sync. Empty while it is not on.
        created_at: When the End User was created.
        changed_at: When one of its fields was changed last.
    """

    id: EndUserId
    organization_id: OrganizationId
    inactive_reason: Annotated[str, one_of(InactiveReason)] | None
    inactive_since: datetime | None
    managed_fields: list[str]
    merged_external_ids: list[str]
    microsoft: list[MicrosoftUser]
    created_at: datetime
    changed_at: datetime


class SavedEndUser(EndUserView, frozen=True, kw_only=True):
    """An End User as it was just changed.

    Attributes:
        ignored_fields: Fields for which another value was sent, but which Microsoft decides.
    """

    ignored_fields: list[str]

    @classmethod
    def of(cls, view: EndUserView, ignored_fields: list[str]) -> "SavedEndUser":
        return cls(**msgspec.structs.asdict(view), ignored_fields=ignored_fields)


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


def end_user_view(person: EndUser, microsoft: Sequence[MicrosoftUser] = ()) -> EndUserView:
    return EndUserView(**_fields(person, microsoft))


def _fields(person: EndUser, microsoft: Sequence[MicrosoftUser]) -> dict[str, Any]:
    reason = person.inactive_reason
    names = (it for it in EndUserView.__struct_fields__ if it != "microsoft")
    values = {name: getattr(person, name) for name in names}
    return {**values, "inactive_reason": reason.value if reason else None, "microsoft": list(microsoft)}
