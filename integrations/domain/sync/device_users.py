"""Rows about who uses managed devices, where Intune's list may name whoever set a device up. Pure.

Intune tells the users of one device at a time. So it is asked once, and again when the listed user or the registered
owner changed; the others wait for their turn, those of which nothing is known first.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from integrations.domain.sync.packing import pack

WAITING = "waiting"  # the kind that rows with devices to be asked about are counted as


class DeviceUsers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who uses a managed device.

    Attributes:
        device_id: The device's id in Intune.
        listed_id: The object id of its primary user, as the list of devices has it.
        owner_id: The object id of its registered owner. Null if it has none.
        user_ids: Object ids of its users, as Intune says of this one. Null while that is not known.
        turn: When it is to be asked about: lower ones first. Null if it need not be.
        retry_at: From when on it is asked about again, in a full reading, because Intune did not tell. Null otherwise.
    """

    device_id: str
    listed_id: str
    owner_id: str | None = None
    user_ids: list[str] | None = None
    turn: int | None = None
    retry_at: datetime | None = None


class DeviceUserPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a tenant's devices whose users are asked for one by one."""

    devices: list[DeviceUsers]


def merged(
    known: Mapping[str, DeviceUsers], in_question: Iterable[DeviceUsers], now: datetime, *, is_full: bool
) -> dict[str, DeviceUsers]:
    """The devices in question, by id, with what is known of each; ``is_full``: all of them are asked about again."""
    return {it.device_id: _merged(known.get(it.device_id), it, now, is_full=is_full) for it in in_question}


def _merged(before: DeviceUsers | None, listed: DeviceUsers, now: datetime, *, is_full: bool) -> DeviceUsers:
    if before is None or (before.listed_id, before.owner_id) != (listed.listed_id, listed.owner_id):
        return msgspec.structs.replace(listed, turn=0)
    is_due = is_full and (before.retry_at is None or before.retry_at <= now)
    return msgspec.structs.replace(before, turn=1) if is_due and before.turn is None else before


def next_to_ask(devices: Iterable[DeviceUsers], most: int) -> list[str]:
    """The ids of up to ``most`` devices whose users are to be asked for now."""
    waiting = sorted((it.turn, it.device_id) for it in devices if it.turn is not None)
    return [device_id for _, device_id in waiting[:most]]


def with_users(device: DeviceUsers, user_ids: Iterable[str]) -> DeviceUsers:
    """The device after Intune told its users."""
    return msgspec.structs.replace(device, user_ids=sorted(set(user_ids)), turn=None, retry_at=None)


def without_users(device: DeviceUsers, retry_at: datetime) -> DeviceUsers:
    """The device after Intune did not tell its users."""
    return msgspec.structs.replace(device, user_ids=None, turn=None, retry_at=retry_at)


def verified_users(known: DeviceUsers | None, listed_id: str | None) -> list[str] | None:
    """Who uses a device whose listed user is this one; None if Intune was not asked since that user is listed."""
    return known.user_ids if known and known.listed_id == listed_id else None


def device_user_rows(devices: Mapping[str, DeviceUsers]) -> dict[str, DeviceUserPage]:
    """The rows that hold these devices, by key."""
    return {key: DeviceUserPage(devices=some) for key, some in pack(devices).items()}


def kind_of_row(page: DeviceUserPage) -> str:
    """The kind that a row is counted as."""
    return WAITING if any(it.turn is not None for it in page.devices) else "total"


def devices_in(pages: Iterable[DeviceUserPage]) -> dict[str, DeviceUsers]:
    """The devices in these rows, by id."""
    return {it.device_id: it for page in pages for it in page.devices}
