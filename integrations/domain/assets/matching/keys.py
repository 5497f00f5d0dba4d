"""What an asset is compared by, and whether it is compared at all. Pure."""

from typing import NamedTuple

from integrations.domain.assets.asset import NEVER_LINKED, Asset, AssetKind
from integrations.domain.assets.devices.fleet import TenantDevice
from integrations.domain.assets.devices.names import ComparedName, is_server_system


def is_server(asset: Asset) -> bool:
    return asset.kind is AssetKind.SERVER or is_server_system(asset.os)


def can_be_linked(asset: Asset) -> bool:
    """Whether an asset is linked by itself."""
    return asset.is_living and asset.kind not in NEVER_LINKED and not is_server(asset)


class AssetKeys(NamedTuple):
    """What an asset is compared by; ``name`` is None if its system or name is not known."""

    serials: list[str]
    entra_device_id: str | None
    intune_device_id: str | None
    name: ComparedName | None

    @property
    def is_empty(self) -> bool:
        return not (self.serials or self.entra_device_id or self.intune_device_id)


def differs(keys: AssetKeys, device: TenantDevice) -> bool:
    """Whether the serial numbers of an asset and a device are known and not the same."""
    return device.serial is not None and bool(keys.serials) and device.serial not in keys.serials
