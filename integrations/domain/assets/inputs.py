"""Everything that links are planned from. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.assets.asset import Asset, AssetAssignment
from integrations.domain.assets.devices.records import DirectoryDevice, IntuneDevice
from integrations.domain.assets.links import AssetStatus, ManualLink, UndoneLink
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.domain.ids import AssetId, EndUserId, OrganizationId


class IntuneState(Enum):
    """Whether Intune's devices are known."""

    READ = "read"
    UNLICENSED = "unlicensed"
    DENIED = "denied"


class AccountUse(Enum):
    """What an account is for; only a person's can have a device."""

    PERSON = "person"
    SHARED = "shared"  # mailboxes, rooms and equipment
    DIRECTORY_SYNC = "directory_sync"
    ADMINISTRATION = "administration"  # an administrator's second account
    ENROLLMENT = "enrollment"  # a device enrollment manager


class DevicePerson(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user of the tenant, as far as devices are concerned.

    Attributes:
        end_user_id: The End User that the user is linked with. Null if there is none.
        use: What the account is for.
    """

    end_user_id: EndUserId | None = None
    use: AccountUse = AccountUse.PERSON


class Assignee(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An End User who may have assets.

    Attributes:
        organization_id: The Organization that the End User belongs to.
        is_active: Whether the person still belongs to it.
    """

    organization_id: OrganizationId
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetInputs:
    """The state of one tenant's assets.

    Attributes:
        organization_ids: Organizations under the tenant's Syncro Tenant; only their assets are linked.
        assets: Assets of these Organizations, by id.
        directory: Devices of the directory, by object id.
        intune: Devices of Intune, by their id there.
        intune_state: Whether Intune's devices are known.
        is_current: Whether the devices and the users were read completely and lately. Otherwise nothing is planned.
        people: Users of the tenant, by object id.
        end_users: End Users, by id: all that users are linked with or assets assigned to, unless they are deleted.
        manual: Links that were made by hand, by asset.
        undone: Links that were undone.
        statuses: What the last plan said, by asset.
        assignments: Whom assets belong to, by asset.
        settings: The account's settings.
        as_of: The time of the plan, in UTC.
    """

    organization_ids: Collection[OrganizationId]
    assets: Mapping[AssetId, Asset]
    directory: Mapping[str, DirectoryDevice] = field(default_factory=dict)
    intune: Mapping[str, IntuneDevice] = field(default_factory=dict)
    intune_state: IntuneState = IntuneState.READ
    is_current: bool = True
    people: Mapping[str, DevicePerson] = field(default_factory=dict)
    end_users: Mapping[EndUserId, Assignee] = field(default_factory=dict)
    manual: Mapping[AssetId, ManualLink] = field(default_factory=dict)
    undone: Collection[UndoneLink] = ()
    statuses: Mapping[AssetId, AssetStatus] = field(default_factory=dict)
    assignments: Mapping[AssetId, AssetAssignment] = field(default_factory=dict)
    settings: AssetLinkSettings = field(default_factory=AssetLinkSettings)
    as_of: datetime
