"""Devices that Intune manages: in full once a day, and in between those that have checked in since.

Intune has no delta query. A device that is removed, or changes without checking in, shows in the next full list. What
checked in within the minutes before a reading is read once more by the next: times are in whole seconds, and another
device may have checked in within the same one, or not have been listed yet.
Source: https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list
"""

import re
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from integrations.domain.sync.datasets import Reading, Record, encoded
from integrations.domain.sync.records import ManagedDevice
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import INTUNE, Dataset, FirstRequest, ReadContext, ReadRoute
from integrations.microsoft.fillers import GraphDateTime, cursor_moment, identifier, in_utc, moment
from integrations.microsoft.limits import Service

_PATH = "/deviceManagement/managedDevices"
_FIELDS = (
    "id,azureADDeviceId,deviceName,serialNumber,manufacturer,model,operatingSystem,osVersion,userId,"
    "userPrincipalName,complianceState,managementState,managedDeviceOwnerType,managementAgent,deviceEnrollmentType,"
    "enrolledDateTime,lastSyncDateTime,isEncrypted"
)
_OVERLAP = timedelta(minutes=5)
_SINCE = re.compile(r"lastSyncDateTime%20gt%20([0-9TZ.:-]+)")
# Placeholders that manufacturers use instead of a serial number, which several devices may share.
_NO_SERIAL = frozenset(
    {
        "", "0", "none", "n/a", "default string", "defaultstring", "system serial number", "systemserialnumber",
        "to be filled by o.e.m.", "tobefilledbyo.e.m.", "not specified", "invalid",
    }
)  # fmt: skip
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
    device_enrollment_type: str | None = None
    enrolled_date_time: GraphDateTime | None = None
    last_sync_date_time: GraphDateTime | None = None
    is_encrypted: bool | None = None


def _read(context: ReadContext) -> Reading:
    records: dict[str, Record] = {}
    latest = None if context.link is None else _since(context.link)
    for page in context.graph.pages_from(context.page, type=_Managed):
        records |= {it.id: Record(key=it.id, body=encoded(_to_managed_device(it))) for it in page.items}
        latest = cursor_moment([latest, *(it.last_sync_date_time for it in page.items)], context.now)
    return Reading(records=list(records.values()), is_complete=context.is_first, link=_link(latest, context.now))


def _link(latest: datetime | None, now: datetime) -> str | None:
    """The path of the next request: what checked in after ``latest``, and once more what did just before ``now``."""
    if latest is None:
        return None
    bound = in_utc(min(latest, now - _OVERLAP))
    return f"{_PATH}?$filter={quote(f'lastSyncDateTime gt {bound}', safe=':')}&$select={_FIELDS}"


def _since(link: str) -> datetime | None:
    match = _SINCE.search(link)
    return datetime.fromisoformat(match[1]) if match else None


def _to_managed_device(device: _Managed) -> ManagedDevice:
    serial = clean(device.serial_number or "")
    return ManagedDevice(
        id=device.id,
        name=clean(device.device_name or "") or device.id,
        device_id=identifier(device.azure_ad_device_id),
        serial=None if serial.casefold() in _NO_SERIAL else serial,
        manufacturer=clean_or_none(device.manufacturer),
        model=clean_or_none(device.model),
        system=clean_or_none(device.operating_system),
        system_version=clean_or_none(device.os_version),
        user_id=identifier(device.user_id),
        username=clean_or_none(device.user_principal_name),
        compliance=device.compliance_state if device.compliance_state in _COMPLIANCE else "unknown",
        ownership=clean(device.managed_device_owner_type or "") or "unknown",
        state=clean_or_none(device.management_state),
        agent=clean_or_none(device.management_agent),
        enrollment=clean_or_none(device.device_enrollment_type),
        is_encrypted=device.is_encrypted,
        enrolled_at=moment(device.enrolled_date_time),
        last_sync_at=moment(device.last_sync_date_time),
    )


MANAGED_DEVICES = Dataset(
    name="managed_devices",
    permission="DeviceManagementManagedDevices.Read.All",
    record=ManagedDevice,
    version=2,
    first_request=FirstRequest(path=_PATH, query={"select": _FIELDS}, page=_Managed),
    read=_read,
    service=Service.INTUNE,
    needs_plan=INTUNE,
    full_read_every=timedelta(hours=24),
    route=ReadRoute("managed-devices", "The devices managed by Intune, with serial numbers, as last synced."),
)
