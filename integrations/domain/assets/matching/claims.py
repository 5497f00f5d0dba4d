"""Which devices each asset may be, by what both have in common. Pure.

Serial numbers and ids claim a device. A name never does: it only proposes one that nobody claims.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from integrations.domain.assets.asset import Asset, AssetKind
from integrations.domain.assets.devices.fleet import IN_USE, DeviceRecord, Fleet, TenantDevice
from integrations.domain.assets.devices.names import (
    ComparedName,
    NameIndex,
    compared_name,
    is_same_name,
    system_family,
)
from integrations.domain.assets.devices.serials import is_virtual, is_virtual_serial, normal_device_id
from integrations.domain.assets.inputs import AssetInputs
from integrations.domain.assets.links import LinkEvidence, LinkKey, UndoneLink, serials_of
from integrations.domain.assets.matching.keys import AssetKeys, can_be_linked, differs
from integrations.domain.ids import AssetId


class Claim(NamedTuple):
    """The devices that an asset may be, by the strongest key that leads to any."""

    key: LinkKey
    devices: Sequence[TenantDevice]


class Claims:
    """What every asset of a tenant claims.

    Attributes:
        candidates: Assets that may be linked by themselves.
        by_asset: Their claims, if they have one.
        keeping: Claims of those that would keep their link if nobody else may be the device.
        undone: Assets that would claim or be proposed a device, but for a link that was undone.
        barred: Assets that would claim or be proposed a device that somebody linked with another one that fits, too.
    """

    def __init__(self, inputs: AssetInputs, fleet: Fleet) -> None:
        self._inputs, self._fleet = inputs, fleet
        self._junk = frozenset(inputs.settings.junk_serials)
        self._organization_ids = frozenset(inputs.organization_ids)
        self.candidates = {
            asset_id: it
            for asset_id, it in sorted(inputs.assets.items())
            if can_be_linked(it) and it.organization_id in self._organization_ids
        }
        self._keys = {asset_id: self._keys_of(it) for asset_id, it in inputs.assets.items()}
        self._undone, self._undone_by_serial = _undone(inputs.undone)
        self._by_hand: defaultdict[int, list[AssetId]] = defaultdict(list)
        self._decided: set[int] = set()
        self._link_by_hand()
        self.undone: set[AssetId] = set()
        self.barred: set[AssetId] = set()
        self.by_asset: dict[AssetId, Claim] = {}
        self.keeping: dict[AssetId, Claim] = {}
        self._claimants: defaultdict[int, list[AssetId]] = defaultdict(list)
        for asset_id in self.candidates:
            if asset_id not in inputs.manual and (claim := self._claim(asset_id)):
                self._add(asset_id, claim)
        for asset_id, claim in self._kept_links():
            self._add(asset_id, claim)
        self._assets_by_name, self._devices_by_name = self._names_of_assets(), self._names_of_devices()

    def keys(self, asset_id: AssetId) -> AssetKeys:
        return self._keys[asset_id]

    def claimants(self, device: TenantDevice) -> Sequence[AssetId]:
        return self._claimants.get(id(device), ())

    def by_hand(self, device: TenantDevice) -> Sequence[AssetId]:
        """Assets that people linked with a device."""
        return self._by_hand.get(id(device), ())

    def manual_device(self, asset_id: AssetId) -> TenantDevice | None:
        """The device that a person linked an asset with, wherever it is now; None if it is gone."""
        link = self._inputs.manual[asset_id]
        device = next(filter(None, map(self._fleet.by_id.get, (link.device_id, *link.record_ids))), None)
        return device or self._fleet.by_serial.get(link.serial or "")

    def linked_device(self, asset_id: AssetId) -> TenantDevice | None:
        """The device of the asset's last link, by its ids; None if it is gone."""
        status = self._inputs.statuses.get(asset_id)
        if status is None or status.link is None:
            return None
        ids = (status.link.device_id, *status.link.record_ids)
        return next(filter(None, map(self._fleet.by_id.get, ids)), None)

    def is_undone(self, asset_id: AssetId, device_keys: Iterable[str]) -> bool:
        """Whether the link of an asset with a device, by its ids and its serial number, was undone."""
        keys = frozenset(device_keys)
        if any(not keys.isdisjoint(it) for it in self._undone.get(asset_id, ())):
            return True
        earlier = (it for serial in self._keys[asset_id].serials for it in self._undone_by_serial.get(serial, ()))
        created_at = self.candidates[asset_id].created_at
        return any(it.at < created_at and not keys.isdisjoint(_device_keys(it)) for it in earlier)

    def proposed(self, asset_id: AssetId) -> TenantDevice | None:
        """The device that alone has the name of an asset that alone has it, if nobody claims it."""
        name = self._keys[asset_id].name
        if name is None or not self._was_seen(self.candidates[asset_id]):
            return None
        device = self._devices_by_name.only(name)
        if device is None or device.current is None or device.current.name is None:
            return None
        if self._assets_by_name.only(device.current.name) != asset_id or self.by_hand(device) or self.claimants(device):
            return None
        if differs(self._keys[asset_id], device):
            return None
        return next(iter(self._possible(asset_id, [device])), None)

    def is_name_ambiguous(self, asset_id: AssetId) -> bool:
        """Whether devices have the name of an asset, and several devices or assets do."""
        name = self._keys[asset_id].name
        if name is None or not (count := self._devices_by_name.count(name)):
            return False
        return count > 1 or self._assets_by_name.count(name) > 1

    def is_serial_shared(self, asset_id: AssetId) -> bool:
        """Whether three or more devices have a serial number of an asset."""
        return any(it in self._fleet.shared_serials for it in self._keys[asset_id].serials)

    def evidence(self, asset_id: AssetId, device: TenantDevice) -> list[LinkEvidence]:
        """Everything that an asset and a device have in common."""
        keys = self._keys[asset_id]
        ids = device.record_ids
        values: list[tuple[LinkKey, str | None]] = [
            (LinkKey.SERIAL, device.serial if device.serial in keys.serials else None),
            (LinkKey.ENTRA_DEVICE_ID, keys.entra_device_id if keys.entra_device_id in ids else None),
            (LinkKey.INTUNE_DEVICE_ID, keys.intune_device_id if keys.intune_device_id in ids else None),
            (LinkKey.NAME, keys.name.host if keys.name and _has_name(device.current, keys.name) else None),
        ]
        return [LinkEvidence(key=key, value=value) for key, value in values if value]

    def _keys_of(self, asset: Asset) -> AssetKeys:
        serials = [it for it in serials_of(asset) if it not in self._junk]
        are_virtual = [it for it in serials if is_virtual_serial(it)]
        if are_virtual and asset.kind is not AssetKind.VM and not is_virtual(asset.manufacturer, asset.model):
            serials = [it for it in serials if it not in are_virtual]
        return AssetKeys(
            serials,
            normal_device_id(asset.entra_device_id),
            normal_device_id(asset.intune_device_id),
            compared_name(asset.name, system_family(asset.os)),
        )

    def _claim(self, asset_id: AssetId) -> Claim | None:
        keys, fleet = self._keys[asset_id], self._fleet
        found = (
            (LinkKey.SERIAL, [fleet.by_serial.get(it) for it in keys.serials]),
            (LinkKey.ENTRA_DEVICE_ID, [fleet.by_id.get(keys.entra_device_id or "")]),
            (LinkKey.INTUNE_DEVICE_ID, [fleet.by_id.get(keys.intune_device_id or "")]),
        )
        for key, them in found:
            if possible := self._possible(asset_id, filter(None, them)):
                return Claim(key, possible)
        return None

    def _add(self, asset_id: AssetId, claim: Claim) -> None:
        self.by_asset[asset_id] = claim
        for device in claim.devices:
            self._claimants[id(device)].append(asset_id)

    def _kept_links(self) -> list[tuple[AssetId, Claim]]:
        """Links that assets have without claiming a device now, unless somebody else may be the device."""
        unclaimed = self.candidates.keys() - self.by_asset.keys() - self._inputs.manual.keys()
        self.keeping = {asset_id: claim for asset_id in sorted(unclaimed) if (claim := self._kept(asset_id))}
        times = Counter(id(claim.devices[0]) for claim in self.keeping.values())
        return [
            (asset_id, claim)
            for asset_id, claim in self.keeping.items()
            if times[id(claim.devices[0])] == 1
            and not (self.claimants(claim.devices[0]) or self.by_hand(claim.devices[0]))
        ]

    def _kept(self, asset_id: AssetId) -> Claim | None:
        """The link that an asset has, while one of the two does not say any more what it was made by."""
        device, status = self.linked_device(asset_id), self._inputs.statuses.get(asset_id)
        if device is None or device.current is None or device.others or status is None or status.link is None:
            return None
        keys, link = self._keys[asset_id], status.link
        if self.is_undone(asset_id, device.keys) or id(device) in self._decided or differs(keys, device):
            return None
        if link.how is LinkKey.SERIAL and (link.serial in self._junk or link.serial in self._fleet.shared_serials):
            return None
        is_blank = {
            LinkKey.SERIAL: not keys.serials or not next(iter(device.records())).serial,
            LinkKey.ENTRA_DEVICE_ID: not keys.entra_device_id,
            LinkKey.INTUNE_DEVICE_ID: not keys.intune_device_id or not device.current.intune,
        }
        possible = self._possible(asset_id, [device] if is_blank.get(link.how) else [])
        return Claim(link.how, possible) if possible else None

    def _possible(self, asset_id: AssetId, devices: Iterable[TenantDevice]) -> list[TenantDevice]:
        """Those that count, are no phone if the asset is none, and were not given to another one or taken back."""
        asset, possible = self.candidates[asset_id], []
        for device in devices:
            if device.current is None or not _is_like(asset, device.current):
                continue
            if self.is_undone(asset_id, device.keys):
                self.undone.add(asset_id)
            elif id(device) in self._decided:
                self.barred.add(asset_id)
            else:
                possible.append(device)
        return possible

    def _link_by_hand(self) -> None:
        """Note what people linked: that decides between assets that fit, if the linked one does."""
        for asset_id in sorted(self._inputs.manual):
            asset = self._inputs.assets.get(asset_id)
            is_there = asset is not None and asset.is_living and asset.organization_id in self._organization_ids
            if is_there and (device := self.manual_device(asset_id)):
                self._by_hand[id(device)].append(asset_id)
                if any(it.key is not LinkKey.NAME for it in self.evidence(asset_id, device)):
                    self._decided.add(id(device))

    def _was_seen(self, asset: Asset) -> bool:
        return asset.last_seen_at is not None and self._inputs.as_of - asset.last_seen_at < IN_USE

    def _names_of_assets(self) -> NameIndex[AssetId]:
        index: NameIndex[AssetId] = NameIndex()
        for asset_id, asset in self.candidates.items():
            if (name := self._keys[asset_id].name) and self._was_seen(asset):
                index.add(name, asset_id)
        return index

    def _names_of_devices(self) -> NameIndex[TenantDevice]:
        index: NameIndex[TenantDevice] = NameIndex()
        for device in self._fleet.devices:
            current = device.current
            if current is None or device.others or self._inputs.as_of - current.last_seen_at >= IN_USE:
                continue
            if name := current.name:
                index.add(name, device)
        return index


def _is_like(asset: Asset, record: DeviceRecord) -> bool:
    """Whether both are phones or tablets, or neither is. What is not known is no obstacle for an asset that is one."""
    if record.is_mobile:
        return asset.kind is AssetKind.MOBILE
    return asset.kind is not AssetKind.MOBILE or record.family is None


def _has_name(record: DeviceRecord | None, name: ComparedName) -> bool:
    return record is not None and record.name is not None and is_same_name(record.name, name)


def _device_keys(undone: UndoneLink) -> frozenset[str]:
    return frozenset({*undone.device_ids, *([undone.device_serial] if undone.device_serial else [])})


def _undone(
    links: Iterable[UndoneLink],
) -> tuple[dict[AssetId, list[frozenset[str]]], dict[str, list[UndoneLink]]]:
    """By asset, and by the serial numbers that it had."""
    by_asset: defaultdict[AssetId, list[frozenset[str]]] = defaultdict(list)
    by_serial: defaultdict[str, list[UndoneLink]] = defaultdict(list)
    for link in links:
        by_asset[link.asset_id].append(_device_keys(link))
        for serial in link.asset_serials:
            by_serial[serial].append(link)
    return dict(by_asset), dict(by_serial)
