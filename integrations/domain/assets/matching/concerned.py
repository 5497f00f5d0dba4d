"""The assets that a change may concern. Pure.

What an asset's status depends on is named in it: its device with all records, and the device's person. An asset that
depends on more, such as on how many have a name, is looked at each time.
"""

from integrations.domain.assets.devices.fleet import Fleet, TenantDevice
from integrations.domain.assets.inputs import AssetInputs, ChangedForAssets
from integrations.domain.assets.links import MOST_STALE, AssetLink, AssetStatus, LinkKey
from integrations.domain.assets.matching.claims import Claims
from integrations.domain.ids import AssetId


def concerned(inputs: AssetInputs, fleet: Fleet, claims: Claims, changed: ChangedForAssets) -> set[AssetId]:
    """The assets that changed, those that change with a device or a person, and those that may be the same device."""
    devices = _devices(fleet, changed)
    device_ids = {*changed.device_ids, *(id_ for it in devices for id_ in it.record_ids())}
    object_ids = _object_ids(inputs, changed)
    asset_ids = {*changed.asset_ids, *(inputs.assets.keys() - inputs.statuses.keys())}
    for status in inputs.statuses.values():
        is_steady = _is_steady(status) and _is_confirmed(claims, status)
        if not is_steady or status.person_id in object_ids or _names(status.link, device_ids):
            asset_ids.add(status.asset_id)
    if changed.end_user_ids:
        end_user_ids = frozenset(changed.end_user_ids)
        asset_ids |= {it for it, assignment in inputs.assignments.items() if assignment.end_user_id in end_user_ids}
    serials = {serial for it in devices for record in it.records() for serial in (record.serial, *record.older_serials)}
    asset_ids |= {it for it in inputs.assets if not serials.isdisjoint(claims.keys(it).serials)}
    asset_ids |= _claiming(claims, devices)
    return asset_ids | _claiming(claims, _claimed(inputs, claims, asset_ids))


def _is_steady(status: AssetStatus) -> bool:
    """Whether nothing changes unless something does that the status names."""
    link = status.link
    if link is None or status.review or status.reason:
        return False
    is_by_name = link.how is LinkKey.NAME
    return not (is_by_name or link.stale_since or link.is_serial_elsewhere or len(link.stale_ids) >= MOST_STALE)


def _is_confirmed(claims: Claims, status: AssetStatus) -> bool:
    """Whether the link's device has everything that the asset is known by, so that no other may be meant."""
    if status.link is None or (keys := claims.find_keys(status.asset_id)) is None:
        return False
    known_by = {it for it in (*keys.serials, keys.entra_device_id, keys.intune_device_id) if it}
    return known_by <= {it.value for it in status.link.evidence}


def _names(link: AssetLink | None, device_ids: set[str]) -> bool:
    return link is not None and not device_ids.isdisjoint([link.device_id, *link.record_ids, *link.stale_ids])


def _object_ids(inputs: AssetInputs, changed: ChangedForAssets) -> set[str]:
    object_ids = set(changed.object_ids)
    if changed.end_user_ids:
        end_user_ids = frozenset(changed.end_user_ids)
        object_ids |= {it for it, person in inputs.people.items() if person.end_user_id in end_user_ids}
    return object_ids


def _devices(fleet: Fleet, changed: ChangedForAssets) -> list[TenantDevice]:
    """Devices that changed, and all with the same serial numbers."""
    devices = {id(it): it for id_ in changed.device_ids if (it := fleet.by_id.get(id_))}
    serials = {record.serial for it in devices.values() for record in it.records() if record.serial}
    return list((devices | {id(it): it for serial in serials for it in fleet.with_serial[serial]}).values())


def _claimed(inputs: AssetInputs, claims: Claims, asset_ids: set[AssetId]) -> list[TenantDevice]:
    """Devices that these assets claim, would keep, or are by hand."""
    known = (claim for it in asset_ids for claim in (claims.by_asset.get(it), claims.keeping.get(it)) if claim)
    claimed = {id(device): device for claim in known for device in claim.devices}
    by_hand = (claims.manual_device(it) for it in asset_ids if it in inputs.manual)
    return list((claimed | {id(it): it for it in by_hand if it}).values())


def _claiming(claims: Claims, devices: list[TenantDevice]) -> set[AssetId]:
    """Assets that claim one of these devices, would keep it, are it by hand, or would be it if no other one were."""
    claiming = {
        asset_id for it in devices for asset_id in (*claims.claimants(it), *claims.by_hand(it), *claims.barred_from(it))
    }
    known = {id(it) for it in devices}
    return claiming | {asset_id for asset_id, claim in claims.keeping.items() if id(claim.devices[0]) in known}
