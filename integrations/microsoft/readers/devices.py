"""Devices of the directory with their owners: read in full once a week, then changes only.

The list includes owners; changes do not, so the owners of changed devices are requested. Whether a new owner alone
counts as a change of the device is not documented: the weekly full reading finds it at the latest.
Sources: https://learn.microsoft.com/graph/api/device-list, https://learn.microsoft.com/graph/api/device-delta,
https://learn.microsoft.com/graph/api/device-list-registeredowners
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from integrations.domain.sync.datasets import Reading, Record, encoded
from integrations.domain.sync.records import Device
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext, ReadRoute
from integrations.microsoft.delta import Removed, changes_of, latest_of
from integrations.microsoft.fillers import GraphDateTime, identifier, ids_for_paths, moment
from shared.microsoft.graph import BatchRequest, Graph, MissingInMicrosoft

_FIELDS = (
    "id,deviceId,displayName,operatingSystem,operatingSystemVersion,trustType,profileType,deviceOwnership,isManaged,"
    "isCompliant,accountEnabled,approximateLastSignInDateTime,registrationDateTime,manufacturer,model"
)
_LIST = "/devices"
_LARGEST_PAGE = "999"
_JOINED_AS = {"Workplace": "registered", "AzureAd": "joined", "ServerAd": "hybrid joined"}


class _Owner(msgspec.Struct):
    id: str


class _GraphDevice(msgspec.Struct, rename="camel"):
    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)
    device_id: str | None = None
    display_name: str | None = None
    operating_system: str | None = None
    operating_system_version: str | None = None
    trust_type: str | None = None
    profile_type: str | None = None
    device_ownership: str | None = None
    is_managed: bool | None = None
    is_compliant: bool | None = None
    account_enabled: bool | None = None
    approximate_last_sign_in_date_time: GraphDateTime | None = None
    registration_date_time: GraphDateTime | None = None
    manufacturer: str | None = None
    model: str | None = None
    registered_owners: list[_Owner] | None = None


def _read(context: ReadContext) -> Reading:
    pages = context.graph.pages_from(context.page, type=_GraphDevice)
    if not context.is_first:
        return changes_of(pages, lambda changed: _with_owners(context.graph, changed))
    _, link = latest_of(pages)
    options = {"select": _FIELDS, "expand": "registeredOwners($select=id)", "top": _LARGEST_PAGE}
    listed = context.graph.items(_LIST, type=_GraphDevice, **options)
    records = {it.id: _record(it, _first(it.registered_owners or [])) for it in listed}
    return Reading(records=list(records.values()), is_complete=True, link=link)


def _with_owners(graph: Graph, devices: Sequence[_GraphDevice]) -> list[Record]:
    """Changed devices with their owners, which changes do not include."""
    owners = _owners(graph, [it.id for it in devices])
    return [_record(it, owners.get(it.id)) for it in devices]


def _owners(graph: Graph, device_ids: Sequence[str]) -> dict[str, str | None]:
    """Owners by device id; a device that was deleted meanwhile has none."""
    requests = [
        BatchRequest(id=it, path=f"{_LIST}/{it}/registeredOwners", query={"select": "id"})
        for it in ids_for_paths(device_ids)
    ]
    owners: dict[str, str | None] = {}
    for device_id, answer in graph.batch(requests).items():
        try:
            pages = graph.pages_from(answer.page(_Owner), type=_Owner)
            owners[device_id] = _first([it for page in pages for it in page.items])
        except MissingInMicrosoft:
            owners[device_id] = None
    return owners


def _first(owners: Sequence[_Owner]) -> str | None:
    """Microsoft stores at most one owner."""
    return identifier(owners[0].id) if owners else None


def _record(device: _GraphDevice, owner_id: str | None) -> Record:
    body = Device(
        id=device.id,
        name=clean(device.display_name or "") or device.id,
        device_id=identifier(device.device_id),
        system=clean_or_none(device.operating_system),
        system_version=clean_or_none(device.operating_system_version),
        manufacturer=clean_or_none(device.manufacturer),
        model=clean_or_none(device.model),
        joined_as=_JOINED_AS.get(device.trust_type or "", clean_or_none(device.trust_type)),
        profile=clean_or_none(device.profile_type),
        ownership=clean_or_none(device.device_ownership),
        is_enabled=device.account_enabled,
        is_managed=device.is_managed,
        is_compliant=device.is_compliant,
        registered_at=moment(device.registration_date_time),
        last_seen_at=moment(device.approximate_last_sign_in_date_time),
        owner_id=owner_id,
    )
    return Record(key=device.id, body=encoded(body))  # encoded at once to save memory, like users


DEVICES = Dataset(
    name="devices",
    permission="Device.Read.All",
    record=Device,
    version=2,
    first_request=FirstRequest(
        path="/devices/delta", query={"select": _FIELDS, "deltatoken": "latest"}, page=_GraphDevice
    ),
    read=_read,
    full_read_every=timedelta(days=7),
    route=ReadRoute("devices", "The tenant's devices with their owners, as last synced."),
)
