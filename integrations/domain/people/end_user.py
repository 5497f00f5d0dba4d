"""End Users: the people of an Organization, as the MSP's portal knows them."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId

# A row holds an End User as one text of at most 32 Ki characters, with all of its texts at their longest.
MOST_ALIASES = 50
MOST_MERGED = 20
MOST_NOTES = 2000


class InactiveReason(Enum):
    """Who or what made an End User inactive: the portal, or the user sync and why (its ``LeftOutReason``)."""

    PORTAL = "portal"
    DELETED = "deleted"
    DIRECTORY_SYNC = "directory_sync_account"
    SHARED_MAILBOX = "shared_mailbox"
    ROOM = "room"
    EQUIPMENT = "equipment"
    CALL_QUEUE = "call_queue"
    DISABLED = "disabled"
    UNLICENSED = "unlicensed"
    UNROUTED = "unrouted"


class EndUserFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the portal can say about an End User.

    Attributes:
        name: The full name. Invisible characters are removed, and it is cut to 256 characters.
        given_name: The given name. Null if it is not known.
        surname: The surname. Null if it is not known.
        mail: The mail address. Two End Users may share one. Null if there is none.
        username: The name to sign in with at Microsoft (UPN). Null if it is not known.
        aliases: Further mail addresses, sorted.
        phone: The phone number. Null if it is not known.
        mobile_phone: The mobile phone number. Null if it is not known.
        job_title: The job title. Null if it is not known.
        notes: Free text of at most 2,000 characters, with its line breaks. Null if there is none.
        external_id: The portal's own id of this person, unique in the Organization. Null if it has none.
        is_active: Whether the person still belongs to the Organization.
        keep_active: Whether nothing but the portal may make this End User inactive.
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    username: str | None = None
    aliases: Annotated[list[str], msgspec.Meta(max_length=MOST_ALIASES)] = []
    phone: str | None = None
    mobile_phone: str | None = None
    job_title: str | None = None
    notes: str | None = None
    external_id: str | None = None
    is_active: bool = True
    keep_active: bool = False


FIELDS = EndUserFields.__struct_fields__


class EndUser(EndUserFields, frozen=True, kw_only=True, omit_defaults=True):
    """One person of an Organization.

    ``managed_fields`` are those that Microsoft decides; the portal does not change them. ``sequence`` is the number of
    its last change in the Organization. ``merged_external_ids`` are those of End Users that were merged into this one.
    ``moving_to`` is set while it is being moved to another Organization. ``former_organization_ids`` are those where
    assets may still belong to it.
    """

    id: EndUserId
    organization_id: OrganizationId
    sequence: int
    created_at: datetime
    changed_at: datetime
    inactive_reason: InactiveReason | None = None
    inactive_since: datetime | None = None
    managed_fields: list[str] = []
    merged_external_ids: list[str] = []
    moving_to: OrganizationId | None = None
    former_organization_ids: list[OrganizationId] = []

    @property
    def external_ids(self) -> set[str]:
        """Every id by which the portal may know the person."""
        return {*self.merged_external_ids, *([self.external_id] if self.external_id else [])}


def with_values(person: EndUser, values: Mapping[str, Any], now: datetime) -> tuple[EndUser, list[str]]:
    """The End User with the portal's values, which are checked, and the managed fields that stay different.

    An End User that has all these values is returned as it is.
    """
    different = {name: value for name, value in values.items() if getattr(person, name) != value}
    ignored = [name for name in different if name in person.managed_fields]
    changes = {name: value for name, value in different.items() if name not in ignored}
    if changes.get("is_active") is True:
        changes |= {"inactive_reason": None, "inactive_since": None}
    elif changes.get("is_active") is False:
        changes |= {"inactive_reason": InactiveReason.PORTAL, "inactive_since": now}
    if changes.get("external_id") in person.merged_external_ids:
        remaining = [it for it in person.merged_external_ids if it != changes["external_id"]]
        changes |= {"merged_external_ids": remaining}
    return (msgspec.structs.replace(person, **changes, changed_at=now) if changes else person), sorted(ignored)


def new_end_user(
    end_user_id: EndUserId, organization_id: OrganizationId, values: Mapping[str, Any], now: datetime
) -> EndUser:
    """A new End User with the portal's values, which are checked and include a name."""
    blank = EndUser(
        id=end_user_id,
        organization_id=organization_id,
        sequence=0,
        created_at=now,
        changed_at=now,
        name=values["name"],
    )
    return with_values(blank, values, now)[0]
