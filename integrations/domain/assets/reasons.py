"""Why an asset has no End User, and what would mend that. Pure."""

from enum import Enum
from typing import NamedTuple


class NoEndUserReason(Enum):
    """Why an asset has no End User. The first that holds counts."""

    NOBODY = "nobody_by_decision"
    KIND = "kind_has_no_person"
    SERVER = "server"
    SHARED = "shared"
    CONFLICT = "conflict"
    REVIEW = "review"
    UNDONE = "link_undone"
    ANOTHER_ASSET = "device_is_another_asset"
    SERIAL_SHARED = "serial_shared"
    NAME_NOT_UNIQUE = "name_not_unique"
    NO_INTUNE_LICENSE = "no_intune_license"
    INTUNE_NOT_READ = "intune_not_read"
    NO_KEYS = "nothing_to_compare"
    NO_DEVICE = "no_device"
    DEVICE_GONE = "device_gone"
    NOT_VERIFIED = "person_not_verified"
    NO_PERSON = "no_person"
    NOT_A_PERSON = "account_is_no_person"
    NO_END_USER = "person_without_end_user"
    INACTIVE = "end_user_inactive"
    OTHER_ORGANIZATION = "person_in_other_organization"


class ReasonText(NamedTuple):
    """A reason in words: what is so, and what would mend it."""

    detail: str
    remedy: str


REASON_TEXTS = {
    NoEndUserReason.NOBODY: ReasonText(
        "Somebody decided that this asset belongs to nobody.", "Assign an End User by hand if that has changed."
    ),
    NoEndUserReason.KIND: ReasonText(
        "Network devices and printers belong to no person.", "Change the asset's kind if it is something else."
    ),
    NoEndUserReason.SERVER: ReasonText(
        "Servers belong to no person.", "Change the asset's kind if it is no server, or assign an End User by hand."
    ),
    NoEndUserReason.SHARED: ReasonText(
        "Several people share this device, or it has no primary user.",
        "Set its primary user in Intune if one person uses it, or assign an End User by hand.",
    ),
    NoEndUserReason.CONFLICT: ReasonText(
        "Serial number or ids fit several assets or several devices.",
        "Look at both and link the right ones by hand, or archive the asset that is a duplicate.",
    ),
    NoEndUserReason.REVIEW: ReasonText(
        "Only the name fits a device.", "Confirm the proposed link, or let the portal send the serial number."
    ),
    NoEndUserReason.UNDONE: ReasonText(
        "The link with the device that fits was undone.", "Link the asset by hand if that was a mistake."
    ),
    NoEndUserReason.ANOTHER_ASSET: ReasonText(
        "Somebody linked the device that fits with another asset.",
        "Archive the asset if it is a duplicate, or link it by hand with the device that it is.",
    ),
    NoEndUserReason.SERIAL_SHARED: ReasonText(
        "Three or more devices have this serial number, so it identifies none of them.",
        "Link the asset by hand, or let the portal send its Entra device id.",
    ),
    NoEndUserReason.NAME_NOT_UNIQUE: ReasonText(
        "Several assets or devices have this name, and nothing else fits.",
        "Let the portal send the serial number, or link the asset by hand.",
    ),
    NoEndUserReason.NO_INTUNE_LICENSE: ReasonText(
        "The tenant has no Intune license, and only Intune knows serial numbers.",
        "Let the portal send the Entra device id, link the asset by hand, or buy Intune.",
    ),
    NoEndUserReason.INTUNE_NOT_READ: ReasonText(
        "Intune could not be read, and only Intune knows serial numbers.",
        "Look at the tenant's Sync Status. It says what is missing.",
    ),
    NoEndUserReason.NO_KEYS: ReasonText(
        "The portal knows neither a usable serial number nor a device id of this asset, and no device has its name.",
        "Let the portal send the serial number or the Entra device id, or link the asset by hand.",
    ),
    NoEndUserReason.NO_DEVICE: ReasonText(
        "No device of the tenant fits.", "Join the device to Entra and enroll it in Intune, or link the asset by hand."
    ),
    NoEndUserReason.DEVICE_GONE: ReasonText(
        "The device was retired or deleted at Microsoft.",
        "Archive the asset if it is out of use. Otherwise enroll the device again, or assign an End User by hand.",
    ),
    NoEndUserReason.NOT_VERIFIED: ReasonText(
        "The primary user may be whoever set the device up: somebody else registered it, or it was enrolled in bulk. "
        "Intune did not tell yet who uses it.",
        "Wait for the next syncs, which ask Intune about this device, or assign an End User by hand.",
    ),
    NoEndUserReason.NO_PERSON: ReasonText(
        "Microsoft knows nobody who owns or uses the device.",
        "Set its primary user in Intune, or assign an End User by hand.",
    ),
    NoEndUserReason.NOT_A_PERSON: ReasonText(
        "The device is in the name of an account that is no person's, such as one that enrolls devices.",
        "Set its primary user in Intune, or assign an End User by hand.",
    ),
    NoEndUserReason.NO_END_USER: ReasonText(
        "The device's person has no End User.",
        "Let the user sync take the person, or link the person to an End User.",
    ),
    NoEndUserReason.INACTIVE: ReasonText(
        "The End User of the device's person is inactive.",
        "Set another primary user in Intune if somebody else has the device now, or assign an End User by hand.",
    ),
    NoEndUserReason.OTHER_ORGANIZATION: ReasonText(
        "The device's person belongs to another Organization.",
        "Move the asset or the End User, or assign an End User by hand.",
    ),
}
