"""Who uses managed devices, where the list of devices may name whoever set one up: read of one device at a time.

Which devices these are follows from the stored rows of both lists. There are at most 20 batches in a cycle.
Source: https://learn.microsoft.com/graph/api/resources/intune-devices-manageddevice
"""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from integrations.domain.assets.devices.records import intune_device
from integrations.domain.assets.devices.serials import normal_device_id
from integrations.domain.assets.people import in_question
from integrations.domain.retry_delays import REFUSED_DEVICE
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.device_users import (
    DeviceUserPage,
    DeviceUsers,
    device_user_rows,
    devices_in,
    kind_of_row,
    merged,
    next_to_ask,
    with_users,
    without_users,
)
from integrations.domain.sync.records import Device, ManagedDevice
from integrations.microsoft.dataset import Dataset, ReadContext
from integrations.microsoft.fillers import identifier, ids_for_paths
from integrations.microsoft.in_turn import MOST_BATCHES, in_turn, most_at_once
from integrations.microsoft.limits import Service
from integrations.microsoft.readers.devices import DEVICES
from integrations.microsoft.readers.managed_devices import MANAGED_DEVICES
from shared.microsoft.graph import BatchRequest, BatchResponse, Transient, UnexpectedAnswer

_LINK = "changes"  # nothing of Microsoft's is followed


class _GraphDeviceUser(msgspec.Struct):
    id: str


def _read(context: ReadContext) -> Reading:
    stored = {key: row for key, row in context.stored().items() if isinstance(row, DeviceUserPage)}
    found = {it.device_id: it for it in _in_question(context)}
    in_paths = [found[it] for it in ids_for_paths(found)]
    devices = merged(devices_in(stored.values()), in_paths, context.now, is_full=context.is_first)
    odd = _ask(context, devices)
    rows = device_user_rows(devices)
    return Reading(
        records=[
            Record(key=key, body=it, kind=kind_of_row(it))
            for key, it in rows.items()
            if context.is_first or stored.get(key) != it
        ],
        removed=[key for key in stored if key not in rows],
        is_complete=context.is_first,
        link=_LINK,
        odd=odd,
    )


def _in_question(context: ReadContext) -> Iterator[DeviceUsers]:
    rows = context.rows_of(DEVICES.name, Device)
    owners = {id_: it.owner_id for it in rows if it.owner_id and (id_ := normal_device_id(it.device_id))}
    for it in context.rows_of(MANAGED_DEVICES.name, ManagedDevice):
        managed = intune_device(it)
        owner_id = owners.get(normal_device_id(managed.device_id) or "")
        if managed.user_id and in_question(managed, owner_id):
            yield DeviceUsers(device_id=managed.id, listed_id=managed.user_id, owner_id=owner_id)


def _ask(context: ReadContext, devices: dict[str, DeviceUsers]) -> int:
    """Ask for the users of those whose turn it is; the number of answers that could not be read.

    What Intune is too busy for stays to be asked.

    Raises:
        Transient: nothing at all could be read.
    """
    waiting = next_to_ask(devices.values(), most_at_once(MOST_BATCHES))
    odd = 0
    try:
        for responses in in_turn(context.graph, [_request(it) for it in waiting]):
            odd += sum(_apply(devices, device_id, it, context) for device_id, it in responses.items())
    except Transient:
        if all(devices[it].turn is not None for it in waiting):
            raise
    return odd


def _request(device_id: str) -> BatchRequest:
    path = f"/deviceManagement/managedDevices/{device_id}/users"
    return BatchRequest(id=device_id, path=path, query={"select": "id"})


def _apply(devices: dict[str, DeviceUsers], device_id: str, response: BatchResponse, context: ReadContext) -> int:
    """Keep what Intune told of one device; the number of values that could not be read."""
    before, error = devices[device_id], response.error
    if isinstance(error, Transient):
        return 0
    if error is not None:  # it left meanwhile, or we may not read this one
        devices[device_id] = without_users(before, context.now + REFUSED_DEVICE)
        return 0
    try:
        page = response.page(_GraphDeviceUser)
    except UnexpectedAnswer:
        devices[device_id] = without_users(before, context.now)
        return 1
    user_ids = [identifier(it.id) for it in page.items]
    odd = page.unreadable_values + user_ids.count(None)
    known = [it for it in user_ids if it]
    devices[device_id] = without_users(before, context.now) if odd else with_users(before, known)
    return odd


DEVICE_USERS = Dataset(
    name="device_users",
    permission="DeviceManagementManagedDevices.Read.All",
    record=DeviceUserPage,
    follows=(MANAGED_DEVICES.name, DEVICES.name),
    read=_read,
    service=Service.INTUNE,
    cadence=Cadence.SIX_HOURS,
    full_read_every=timedelta(days=7),
)
