"""The devices of a tenant: records of the directory and of Intune that are of one device are taken together. Pure.

Intune keeps the record of a device that was set up anew, and adds another one with the same serial number.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from integrations.domain.assets.devices.names import (
    MOBILE,
    ComparedName,
    SystemFamily,
    compared_name,
    is_server_system,
    system_family,
)
from integrations.domain.assets.devices.records import DirectoryDevice, IntuneDevice
from integrations.domain.assets.devices.serials import is_virtual, is_virtual_serial, normal_device_id, normal_serial

FEWEST_SHARING = 3  # devices with one serial number, so that it is no device's
SAME_TIME = timedelta(days=1)  # reports this close do not say which record is the current one
IN_USE = timedelta(days=30)  # a record this much older than the latest is of a device no longer in use

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_LEAVING = frozenset({"retirePending", "retireIssued", "wipePending", "wipeIssued", "deletePending"})


@dataclass(slots=True)
class DeviceRecord:
    """What the directory and Intune know of one enrollment of a device; at least one of them does.

    ``older_ids`` are ids of further records of Intune for the same object of the directory.

    Attributes:
        id: The id by which it is known here.
        device_id: The id that the directory and Intune share.
        ids: All ids by which the record is known, the older ones not among them.
        family: The family of its system.
        name: Its name, as names are compared.
        last_sync_at: When it last reported to Intune; long ago if it never did.
        last_seen_at: When it last reported to Intune or was used to sign in; long ago if it never was.
    """

    directory: DirectoryDevice | None
    intune: IntuneDevice | None
    serial: str | None = None
    older_ids: tuple[str, ...] = ()
    id: str = field(init=False)
    device_id: str | None = field(init=False)
    ids: list[str] = field(init=False)
    family: SystemFamily | None = field(init=False)
    name: ComparedName | None = field(init=False)
    last_sync_at: datetime = field(init=False)
    last_seen_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        directory, intune = self.directory, self.intune
        self.id = directory.id if directory else intune.id if intune else ""
        self.device_id = normal_device_id((directory or intune).device_id)  # type: ignore[union-attr]
        self.ids = sorted({it for it in (directory and directory.id, self.device_id, intune and intune.id) if it})
        self.family = system_family(intune and intune.system) or system_family(directory and directory.system)
        self.name = compared_name((intune or directory).name, self.family)  # type: ignore[union-attr]
        self.last_sync_at = (intune and _reported_at(intune)) or _NEVER
        self.last_seen_at = max(self.last_sync_at, (directory and directory.last_seen_at) or _NEVER)

    @property
    def is_mobile(self) -> bool:
        return self.family in MOBILE

    @property
    def is_server(self) -> bool:
        return any(is_server_system(it.system) for it in (self.intune, self.directory) if it)

    @property
    def is_usable(self) -> bool:
        """Whether it may be used to sign in, and is not about to leave Intune."""
        is_enabled = self.directory is None or self.directory.is_enabled is not False
        return is_enabled and (self.intune is None or self.intune.state not in _LEAVING)

    @property
    def enrolled_at(self) -> datetime:
        """When it was enrolled, which was not after it last reported; long ago if that is not known."""
        return min((self.intune and self.intune.enrolled_at) or _NEVER, self.last_sync_at)


@dataclass(slots=True, kw_only=True)
class TenantDevice:
    """A device with all of its records.

    Attributes:
        current: What counts of it. None if nothing does, since it is disabled or leaves Intune.
        others: Records with the same serial number that may be the current one just as well.
        stale: Older records with the same serial number.
        is_serial_shared: Whether three or more devices have its serial number.
        serial: The serial number, if it counts.
        record_ids: All ids that Microsoft knows its records by.
        keys: The same, and the serial number.
    """

    current: DeviceRecord | None
    others: Sequence[DeviceRecord] = ()
    stale: Sequence[DeviceRecord] = ()
    is_serial_shared: bool = False
    serial: str | None = field(init=False)
    record_ids: frozenset[str] = field(init=False)
    keys: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        records = self.records()
        self.serial = None if self.is_serial_shared else records[0].serial
        self.record_ids = frozenset(id_ for it in records for id_ in (*it.ids, *it.older_ids))
        self.keys = self.record_ids | {self.serial} if self.serial else self.record_ids

    def records(self) -> list[DeviceRecord]:
        return [*([self.current] if self.current else []), *self.others, *self.stale]

    def stale_ids(self) -> list[str]:
        """Ids of its older records at Microsoft."""
        return sorted(self.record_ids.difference(self.current.ids if self.current else ()))


@dataclass(frozen=True, slots=True)
class Fleet:
    """All devices of a tenant.

    Attributes:
        devices: The devices.
        by_id: Devices by every id that Microsoft knows a record by.
        by_serial: Devices by a serial number that counts.
        shared_serials: How many devices have each serial number that does not count since several have it.
    """

    devices: list[TenantDevice]
    by_id: Mapping[str, TenantDevice]
    by_serial: Mapping[str, TenantDevice]
    shared_serials: Mapping[str, int]


def fleet_of(
    directory: Mapping[str, DirectoryDevice],
    intune: Mapping[str, IntuneDevice],
    junk_serials: Iterable[str] = (),
    good_serials: Iterable[str] = (),
) -> Fleet:
    """The devices of a tenant; ``junk_serials`` and ``good_serials`` are what an account says of serial numbers."""
    junk, good = frozenset(junk_serials), frozenset(good_serials)
    by_serial: defaultdict[str, list[DeviceRecord]] = defaultdict(list)
    devices: list[TenantDevice] = []
    for record in _records(directory, intune, junk):
        if record.serial:
            by_serial[record.serial].append(record)
        else:
            devices.append(_alone(record))
    shared: dict[str, int] = {}
    good_ones: dict[str, TenantDevice] = {}
    for serial, records in by_serial.items():
        sharing = _in_use(records) if len(records) > 1 else []
        if len(sharing) >= FEWEST_SHARING and serial not in good:
            shared[serial] = len(sharing)
            devices.extend(_alone(it, is_serial_shared=True) for it in records)
        else:
            good_ones[serial] = _together(records, sharing) if len(records) > 1 else _alone(records[0])
            devices.append(good_ones[serial])
    by_id = {id_: it for it in devices for id_ in it.record_ids}
    return Fleet(devices, by_id, good_ones, shared)


def _records(
    directory: Mapping[str, DirectoryDevice], intune: Mapping[str, IntuneDevice], junk: frozenset[str]
) -> Iterator[DeviceRecord]:
    """Each enrollment once: what the directory and Intune know by the same device id."""
    of_directory: defaultdict[str, list[IntuneDevice]] = defaultdict(list)
    for _, managed in sorted(intune.items()):
        of_directory[normal_device_id(managed.device_id) or managed.id].append(managed)
    for _, device in sorted(directory.items()):
        yield _record(device, of_directory.pop(normal_device_id(device.device_id) or "", []), junk)
    yield from (_record(None, them, junk) for them in of_directory.values())


def _record(device: DirectoryDevice | None, managed: Sequence[IntuneDevice], junk: frozenset[str]) -> DeviceRecord:
    if not managed:
        return DeviceRecord(device, None)
    latest, *older = sorted(managed, key=_lateness, reverse=True) if len(managed) > 1 else managed
    serial = _serial(latest)
    return DeviceRecord(device, latest, None if serial in junk else serial, tuple(it.id for it in older))


def _lateness(managed: IntuneDevice) -> tuple[bool, datetime, str]:
    """What is greatest of the record that counts."""
    return managed.state not in _LEAVING, _reported_at(managed), managed.id


def _serial(managed: IntuneDevice) -> str | None:
    serial = normal_serial(managed.serial)
    has_maker = bool(managed.manufacturer or managed.model)
    if serial and is_virtual_serial(serial) and has_maker and not is_virtual(managed.manufacturer, managed.model):
        return None
    return serial


def _reported_at(managed: IntuneDevice) -> datetime:
    return managed.last_sync_at or managed.enrolled_at or _NEVER


def _alone(record: DeviceRecord, *, is_serial_shared: bool = False) -> TenantDevice:
    current, stale = (record, ()) if record.is_usable else (None, (record,))
    return TenantDevice(current=current, stale=stale, is_serial_shared=is_serial_shared)


def _in_use(records: Iterable[DeviceRecord]) -> list[DeviceRecord]:
    """Those that may be devices of their own, the latest first: not replaced by a later enrollment, nor long silent."""
    usable = [it for it in records if it.is_usable]
    if not usable:
        return []
    latest, enrolled = max(it.last_sync_at for it in usable), max(it.enrolled_at for it in usable)
    in_use = [it for it in usable if it.last_sync_at >= enrolled and latest - it.last_sync_at < IN_USE]
    return sorted(in_use, key=lambda it: (it.last_sync_at, it.id), reverse=True)


def _together(records: Sequence[DeviceRecord], in_use: Sequence[DeviceRecord]) -> TenantDevice:
    """One device of all records with its serial number."""
    others = [it for it in in_use[1:] if in_use[0].last_sync_at - it.last_sync_at < SAME_TIME]
    counted = {it.id for it in (*in_use[:1], *others)}
    return TenantDevice(
        current=in_use[0] if in_use else None, others=others, stale=[it for it in records if it.id not in counted]
    )
