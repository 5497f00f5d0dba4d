"""Devices as the directory and Intune know them, as far as they are compared with assets. Pure."""

from datetime import datetime

import msgspec

from integrations.domain.sync.records import Device, ManagedDevice


class DirectoryDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device of the tenant's directory.

    Attributes:
        id: The device's object id.
        name: The name that Microsoft shows.
        device_id: The id that Intune uses for it. Null if it has none.
        system: The operating system. Null if it is not known.
        joined_as: How it joined: joined, hybrid joined or registered. Null if it is not known.
        profile: Microsoft's profile type, such as RegisteredDevice or Shared. Null if Microsoft does not say.
        is_enabled: Whether it may be used to sign in. Null if Microsoft does not say.
        last_seen_at: When it was last used to sign in, to about two weeks. Null if Microsoft does not say.
        owner_id: The object id of its registered owner. Null if it has none.
    """

    id: str
    name: str
    device_id: str | None = None
    system: str | None = None
    joined_as: str | None = None
    profile: str | None = None
    is_enabled: bool | None = None
    last_seen_at: datetime | None = None
    owner_id: str | None = None


class IntuneDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device as Intune manages it.

    Attributes:
        id: The device's id in Intune.
        name: The device's name in Intune.
        device_id: The id that the tenant's directory uses for it. Null if it has none.
        serial: The serial number, as Intune has it. Null if it is not known.
        manufacturer: The manufacturer. Null if it is not known.
        model: The model. Null if it is not known.
        system: The operating system. Null if it is not known.
        user_id: The object id of its primary user, as the list of devices has it. Null if it has none.
        verified_user_ids: Object ids of its users, as Intune answers when asked for this device. Null if it was not.
        enrollment: Microsoft's kind of enrollment, such as windowsBulkUserless. Null if Intune does not say.
        state: Intune's state of the management, such as managed. Null if it does not say.
        enrolled_at: When it was enrolled. Null if Intune does not say.
        last_sync_at: When it last reported to Intune. Null if it never did.
    """

    id: str
    name: str
    device_id: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    system: str | None = None
    user_id: str | None = None
    verified_user_ids: list[str] | None = None
    enrollment: str | None = None
    state: str | None = None
    enrolled_at: datetime | None = None
    last_sync_at: datetime | None = None


def directory_device(device: Device) -> DirectoryDevice:
    """A synced device of the directory."""
    return DirectoryDevice(
        id=device.id,
        name=device.name,
        device_id=device.device_id,
        system=device.system,
        joined_as=device.joined_as,
        profile=device.profile,
        is_enabled=device.is_enabled,
        last_seen_at=device.last_seen_at,
        owner_id=device.owner_id,
    )


def intune_device(device: ManagedDevice, verified_user_ids: list[str] | None = None) -> IntuneDevice:
    """A synced device of Intune; ``verified_user_ids`` are what Intune said when it was asked for this one."""
    return IntuneDevice(
        id=device.id,
        name=device.name,
        device_id=device.device_id,
        serial=device.serial,
        manufacturer=device.manufacturer,
        model=device.model,
        system=device.system,
        user_id=device.user_id,
        verified_user_ids=verified_user_ids,
        enrollment=device.enrollment,
        state=device.state,
        enrolled_at=device.enrolled_at,
        last_sync_at=device.last_sync_at,
    )
