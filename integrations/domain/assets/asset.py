"""Assets of an Organization, as the MSP's portal knows them, and the End User that each is assigned to. Pure."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import msgspec

from integrations.domain.ids import AssetId, EndUserId, OrganizationId

MOST_FORMER = 20  # earlier End Users of an asset
MOST_MAC_ADDRESSES = 50


class AssetKind(Enum):
    DESKTOP = "desktop"
    LAPTOP = "laptop"
    SERVER = "server"
    VM = "vm"
    MOBILE = "mobile"
    NETWORK = "network"
    PRINTER = "printer"
    OTHER = "other"


NEVER_LINKED = frozenset({AssetKind.SERVER, AssetKind.NETWORK, AssetKind.PRINTER})


class AssetFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the portal can say about an asset.

    Attributes:
        external_id: The portal's id of it, unique in the Organization.
        name: The name that it has in its network. Invisible characters are removed, and it is cut to 256 characters.
        kind: What it is.
        serial: The serial number. Null if it is not known.
        bios_serial: The serial number that the firmware tells. Null if it is not known.
        entra_device_id: The device id by which Entra knows it, in lower case. Null if it is not known.
        intune_device_id: The id by which Intune knows it, in lower case. Null if it is not known.
        manufacturer: The manufacturer. Null if it is not known.
        model: The model. Null if it is not known.
        os: The operating system. Null if it is not known.
        os_version: The version of the operating system. Null if it is not known.
        mac_addresses: The addresses of its network adapters, such as 00:1A:2B:3C:4D:5E, sorted.
        last_seen_at: When the portal last heard of it. Null if it never did.
        is_shared: Whether several people use it.
        is_archived: Whether it is out of use.
    """

    external_id: str
    name: Annotated[str, msgspec.Meta(min_length=1)]
    kind: AssetKind = AssetKind.OTHER
    serial: str | None = None
    bios_serial: str | None = None
    entra_device_id: str | None = None
    intune_device_id: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    os: str | None = None
    os_version: str | None = None
    mac_addresses: Annotated[list[str], msgspec.Meta(max_length=MOST_MAC_ADDRESSES)] = []
    last_seen_at: datetime | None = None
    is_shared: bool = False
    is_archived: bool = False


class Asset(AssetFields, frozen=True, kw_only=True, omit_defaults=True):
    """An asset of an Organization.

    Attributes:
        id: Our id of the asset.
        organization_id: The Organization that it belongs to.
        created_at: When it was first pushed.
        changed_at: When the portal last said something else about it.
        gone_at: When a complete snapshot no longer named it. Null while it is there.
        sequence: The number of its last change in the Organization, or of its assignment's.
    """

    id: AssetId
    organization_id: OrganizationId
    created_at: datetime
    changed_at: datetime
    gone_at: datetime | None = None
    sequence: int = 0

    @property
    def is_living(self) -> bool:
        return self.gone_at is None and not self.is_archived


class AssignedBy(Enum):
    """Who said which End User an asset belongs to."""

    MANUAL = "manual"
    MICROSOFT = "microsoft"


class FormerAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an asset belonged to earlier.

    Attributes:
        end_user_id: The End User.
        by: Who said so.
        since: From when.
        until: Until when.
    """

    end_user_id: EndUserId
    by: AssignedBy
    since: datetime
    until: datetime


class AssetAssignment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The End User of an asset.

    Attributes:
        end_user_id: The End User. Null if a person said that it belongs to nobody.
        by: Who said so.
        since: From when.
        former: Earlier ones, the latest first; at most 20.
    """

    end_user_id: EndUserId | None
    by: AssignedBy
    since: datetime
    former: list[FormerAssignment] = []


def assigned(
    before: AssetAssignment | None, end_user_id: EndUserId | None, by: AssignedBy, now: datetime
) -> AssetAssignment:
    """The assignment from now on; what it was is kept as a former one."""
    former = before.former if before else []
    if before and before.end_user_id and before.end_user_id != end_user_id:
        last = FormerAssignment(end_user_id=before.end_user_id, by=before.by, since=before.since, until=now)
        former = [last, *former][:MOST_FORMER]
    since = before.since if before and before.end_user_id == end_user_id else now
    return AssetAssignment(end_user_id=end_user_id, by=by, since=since, former=former)
