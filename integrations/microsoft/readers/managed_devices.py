"""Devices that Intune manages: a whole list once a day, between them those that have checked in since.

Intune tells no changes. A device that leaves, or changes without checking in, shows with the next whole list.
Source: https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list
"""

import re
from datetime import datetime, timedelta
from urllib.parse import quote

import msgspec

from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import ManagedDevice
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import INTUNE, Dataset, FirstRequest, ReadContext, ReadRoute, Service
from integrations.microsoft.fillers import GraphDateTime, cursor_moment, identifier, in_utc, moment

_PATH = "/deviceManagement/managedDevices"
_FIELDS = (
    "id,azureADDeviceId,deviceName,serialNumber,manufacturer,model,operatingSystem,osVersion,userId,"
    "userPrincipalName,complianceState,managementState,managedDeviceOwnerType,managementAgent,enrolledDateTime,"
    "lastSyncDateTime,isEncrypted"
)
_SINCE = re.compile(r"lastSyncDateTime%20gt%20([0-9TZ.:-]+)")
# What makers leave in place of a serial number; two devices that share it are not the same one.
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
    enrolled_date_time: GraphDateTime | None = None
    last_sync_date_time: GraphDateTime | None = None
    is_encrypted: bool | None = None


def _read(asked: ReadContext) -> Reading:
    records: dict[str, Record] = {}
    latest = None if asked.link is None else _since(asked.link)
    for page in asked.graph.pages_from(asked.page, type=_Managed):
        records |= {it.id: Record(key=it.id, body=msgspec.Raw(msgspec.json.encode(_told(it)))) for it in page.items}
        latest = cursor_moment([latest, *(it.last_sync_date_time for it in page.items)], asked.now)
    return Reading(records=list(records.values()), is_complete=asked.is_first, link=_link(latest))


def _link(latest: datetime | None) -> str | None:
    """The question for those that check in after the latest that did; Intune's clock, as long as it is not ahead."""
    if latest is None:
        return None
    return f"{_PATH}?$filter={quote(f'lastSyncDateTime gt {in_utc(latest)}', safe=':')}&$select={_FIELDS}"


def _since(link: str) -> datetime | None:
    found = _SINCE.search(link)
    return datetime.fromisoformat(found[1]) if found else None


def _told(it: _Managed) -> ManagedDevice:
    serial = clean(it.serial_number or "")
    return ManagedDevice(
        id=it.id,
        name=clean(it.device_name or "") or it.id,
        device_id=identifier(it.azure_ad_device_id),
        serial=None if serial.casefold() in _NO_SERIAL else serial,
        manufacturer=clean_or_none(it.manufacturer),
        model=clean_or_none(it.model),
        system=clean_or_none(it.operating_system),
        system_version=clean_or_none(it.os_version),
        user_id=identifier(it.user_id),
        username=clean_or_none(it.user_principal_name),
        compliance=it.compliance_state if it.compliance_state in _COMPLIANCE else "unknown",
        ownership=clean(it.managed_device_owner_type or "") or "unknown",
        state=clean_or_none(it.management_state),
        agent=clean_or_none(it.management_agent),
        is_encrypted=it.is_encrypted,
        enrolled_at=moment(it.enrolled_date_time),
        last_sync_at=moment(it.last_sync_date_time),
    )


MANAGED_DEVICES = Dataset(
    name="managed_devices",
    permission="DeviceManagementManagedDevices.Read.All",
    record=ManagedDevice,
    source=FirstRequest(first=_PATH, query={"select": _FIELDS}, page=_Managed),
    read=_read,
    service=Service.INTUNE,
    needs_plan=INTUNE,
    full_read_every=timedelta(hours=24),
    route=ReadRoute("managed-devices", "The devices managed by Intune, with serial numbers, as last synced."),
)
