"""Devices that Intune manages: a whole list once a day, between them those that have checked in since.

Intune tells no changes. A device that leaves, or changes without checking in, shows with the next whole list.
Source: https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import msgspec

from integrations.domain.datasets import Reading, Record
from integrations.domain.records import ManagedDevice
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import INTUNE, Asked, Dataset, Service, Source

_PATH = "/deviceManagement/managedDevices"
_FIELDS = (
    "id,azureADDeviceId,deviceName,serialNumber,manufacturer,model,operatingSystem,osVersion,userId,"
    "userPrincipalName,complianceState,managementState,managedDeviceOwnerType,managementAgent,enrolledDateTime,"
    "lastSyncDateTime,isEncrypted"
)
_SINCE = re.compile(r"lastSyncDateTime%20gt%20([0-9TZ.:-]+)")
_NO_DEVICE = "00000000-0000-0000-0000-000000000000"
# What makers leave in place of a serial number; two devices that share it are not the same one.
_NO_SERIAL = frozenset(
    {
        "", "0", "none", "n/a", "default string", "defaultstring", "system serial number", "systemserialnumber",
        "to be filled by o.e.m.", "tobefilledbyo.e.m.", "not specified", "invalid",
    }
)  # fmt: skip
_NEVER_YEAR = 1970  # Intune says "year 1" for what never happened
_COMPLIANCE = frozenset({"compliant", "noncompliant", "conflict", "error", "inGracePeriod", "configManager"})


class _Managed(msgspec.Struct, rename="camel"):
    id: str
    azure_ad_device_id: str | None = msgspec.field(name="azureADDeviceId", default=None)
    device_name: str | None = None
    serial_number: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    operating_system: str | None = None
    os_version: str | None = None
    user_id: str | None = None
    user_principal_name: str | None = None
    compliance_state: str | None = None
    management_state: str | None = None
    managed_device_owner_type: str | None = None
    management_agent: str | None = None
    enrolled_date_time: datetime | None = None
    last_sync_date_time: datetime | None = None
    is_encrypted: bool | None = None


def _read(asked: Asked) -> Reading:
    found = asked.by_id(_Managed)
    since = None if asked.link is None else _since(asked.link)
    return Reading(
        records=[Record(key=it.id, body=_told(it)) for it in found.values()],
        is_complete=asked.is_first,
        link=_link(found.values(), since),
    )


def _link(found: Iterable[_Managed], since: datetime | None) -> str | None:
    """The question for those that check in after the latest that did; Intune's clock, not ours."""
    times = [it.last_sync_date_time for it in found if it.last_sync_date_time]
    latest = max([*times, *([since] if since else [])], default=None)
    if latest is None:
        return None
    moment = latest.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{_PATH}?$filter={quote(f'lastSyncDateTime gt {moment}', safe=':')}&$select={_FIELDS}"


def _since(link: str) -> datetime | None:
    found = _SINCE.search(link)
    return datetime.fromisoformat(found[1]) if found else None


def _told(it: _Managed) -> ManagedDevice:
    serial = clean(it.serial_number or "")
    device_id = clean_or_none(it.azure_ad_device_id)
    return ManagedDevice(
        id=it.id,
        name=clean(it.device_name or "") or it.id,
        device_id=None if device_id == _NO_DEVICE else device_id,
        serial=None if serial.casefold() in _NO_SERIAL else serial,
        manufacturer=clean_or_none(it.manufacturer),
        model=clean_or_none(it.model),
        system=clean_or_none(it.operating_system),
        system_version=clean_or_none(it.os_version),
        user_id=clean_or_none(it.user_id),
        username=clean_or_none(it.user_principal_name),
        compliance=it.compliance_state if it.compliance_state in _COMPLIANCE else "unknown",
        ownership=clean(it.managed_device_owner_type or "") or "unknown",
        state=clean_or_none(it.management_state),
        agent=clean_or_none(it.management_agent),
        is_encrypted=it.is_encrypted,
        enrolled_at=_or_never(it.enrolled_date_time),
        last_sync_at=_or_never(it.last_sync_date_time),
    )


def _or_never(moment: datetime | None) -> datetime | None:
    return moment if moment and moment.year > _NEVER_YEAR else None


MANAGED_DEVICES = Dataset(
    name="managed_devices",
    permission="DeviceManagementManagedDevices.Read.All",
    record=ManagedDevice,
    source=Source(first=_PATH, query={"select": _FIELDS}, page=_Managed),
    read=_read,
    service=Service.INTUNE,
    needs_plan=INTUNE,
    whole_every=timedelta(hours=24),
)
