"""Links between assets and devices, what was decided about them, and what is open. Pure."""

from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.assets.asset import Asset
from integrations.domain.assets.devices.serials import normal_serial
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.ids import AssetId, EndUserId

MOST_LISTED = 20  # rivals and candidates of a question: more help nobody
MOST_STALE = 50


class LinkKey(Enum):
    """What an asset and a device have in common, the strongest first."""

    MANUAL = "manual"
    SERIAL = "serial"
    ENTRA_DEVICE_ID = "entra_device_id"
    INTUNE_DEVICE_ID = "intune_device_id"
    NAME = "name"


class LinkEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that an asset and its device have in common.

    Attributes:
        key: What it is.
        value: Its value, as it is compared.
    """

    key: LinkKey
    value: str


class AssetLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which device an asset is, and why.

    Attributes:
        device_id: The device's object id in the directory, or its id in Intune if the directory does not have it.
        how: The strongest thing that they have in common.
        evidence: Everything that they have in common.
        confidence: How sure that is, from 0 to 1.
        since: From when the asset is linked with this device.
        by: The id of the person who linked them. Null if nobody did.
        serial: The device's serial number. Null if it has none that counts.
        record_ids: The ids of what Microsoft knows of it now: object id, device id, id in Intune.
        stale_ids: Ids of its older records, such as from before it was set up anew; at most 50.
        stale_since: Since when the device is retired or gone. Null while it is there.
    """

    device_id: str
    how: LinkKey
    evidence: list[LinkEvidence] = []
    confidence: float
    since: datetime
    by: str | None = None
    serial: str | None = None
    record_ids: list[str] = []
    stale_ids: list[str] = []
    stale_since: datetime | None = None


class ManualLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's decision that an asset is a device.

    Attributes:
        asset_id: The asset.
        device_id: The device, as in a link.
        record_ids: The ids of what Microsoft knew of it then.
        serial: Its serial number, by which it is found after it was set up anew. Null if it had none that counted.
        at: When it was decided.
        by: The id of the person.
    """

    asset_id: AssetId
    device_id: str
    record_ids: list[str] = []
    serial: str | None = None
    at: datetime
    by: str


class UndoneLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's decision that an asset is not a device.

    Attributes:
        asset_id: The asset.
        asset_serials: Its serial numbers, by which it is known if it is deleted and pushed again.
        device_ids: The ids of what Microsoft knew of the device then.
        device_serial: Its serial number, by which it is known after it was set up anew. Null if it had none.
        at: When it was decided.
        by: The id of the person.
    """

    asset_id: AssetId
    asset_serials: list[str] = []
    device_ids: list[str] = []
    device_serial: str | None = None
    at: datetime
    by: str


def serials_of(asset: Asset) -> list[str]:
    """The asset's serial numbers that say something, as they are compared; sorted."""
    return sorted({it for it in map(normal_serial, (asset.serial, asset.bios_serial)) if it})


def undo(asset: Asset, link: AssetLink, at: datetime, by: str) -> UndoneLink:
    """The decision that a link is wrong; it is not made again by itself."""
    return UndoneLink(
        asset_id=asset.id,
        asset_serials=serials_of(asset),
        device_ids=sorted({link.device_id, *link.record_ids}),
        device_serial=link.serial,
        at=at,
        by=by,
    )


class ReviewKind(Enum):
    """A question about an asset that only a person can answer."""

    NAME_ONLY = "name_only"
    SEVERAL_ASSETS = "several_assets"
    SEVERAL_DEVICES = "several_devices"
    SERIAL_DIFFERS = "serial_differs"
    OTHER_ORGANIZATION = "person_in_other_organization"


CONFLICTS = frozenset({ReviewKind.SEVERAL_ASSETS, ReviewKind.SEVERAL_DEVICES, ReviewKind.SERIAL_DIFFERS})


class ReviewItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An open question about an asset.

    Attributes:
        kind: The question.
        key: What asset and device have in common. Null or absent if the question is about the person.
        device_ids: Devices that it may be; at most 20.
        rivals: Other assets that may be the same device; at most 20.
        confidence: How sure it would be, from 0 to 1.
        end_user_id: The End User of another Organization. Null or absent for other questions.
    """

    kind: ReviewKind
    key: LinkKey | None = None
    device_ids: list[str] = []
    rivals: list[AssetId] = []
    confidence: float = 0.0
    end_user_id: EndUserId | None = None


class AssetFinding(Enum):
    """What is worth knowing about the End User that an asset has."""

    DIFFERS = "differs_from_microsoft"  # a person said otherwise
    INACTIVE = "end_user_inactive"  # or deleted
    ELSEWHERE = "end_user_in_other_organization"


class AssetStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known about an asset's device and its End User.

    Attributes:
        asset_id: The asset.
        link: The device that it is. Null or absent if none is linked.
        review: An open question. Null or absent if there is none.
        person_id: The object id of the device's person. Null or absent if none is known.
        reason: Why the asset has no End User. Null or absent if it has one.
        findings: What is worth knowing about the End User that it has.
    """

    asset_id: AssetId
    link: AssetLink | None = None
    review: ReviewItem | None = None
    person_id: str | None = None
    reason: NoEndUserReason | None = None
    findings: list[AssetFinding] = []
