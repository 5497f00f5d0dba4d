"""Devices in Entra, and managed devices in Intune."""

from typing import Any

from local.microsoft.control.call import ControlCalls, call
from local.microsoft.world import seeds
from local.microsoft.world.collection import Object
from local.microsoft.world.managed_devices import managed_device


class DeviceCalls(ControlCalls):
    """Devices are Graph's objects: ``change_managed_device(tenant_id, id, complianceState="noncompliant")``."""

    @call
    def devices(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).devices.all())

    @call
    def add_device(self, tenant_id: str, *, owner_id: str | None = None, **properties: Any) -> Object:
        tenant = self._world.tenant(tenant_id)
        key = str(properties.get("id") or self._world.new_id("de0c"))
        device = seeds.device(key, device_id=self._world.new_id("de1d"), name=f"PC-{key[:8]}")
        if owner_id:
            tenant.owners[key] = owner_id
        return tenant.devices.add({**device, **properties, "id": key}, tenant.step())

    @call
    def change_device(self, tenant_id: str, device_id: str, **properties: Any) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.devices.change(device_id, properties, tenant.step())

    @call
    def remove_device(self, tenant_id: str, device_id: str, *, permanently: bool = False) -> None:
        tenant = self._world.tenant(tenant_id)
        tenant.devices.remove(device_id, "deleted" if permanently else "changed", tenant.step())

    @call
    def set_owner(self, tenant_id: str, device_id: str, user_id: str) -> None:
        """Whose a device is; an empty id leaves it without an owner."""
        self._world.tenant(tenant_id).owners[device_id] = user_id

    @call
    def managed_devices(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).managed.all())

    @call
    def add_managed_device(self, tenant_id: str, **properties: Any) -> Object:
        tenant = self._world.tenant(tenant_id)
        key = str(properties.get("id") or self._world.new_id("3a3a"))
        return tenant.managed.add(managed_device(key, **{**properties, "id": key}), tenant.step())

    @call
    def change_managed_device(self, tenant_id: str, device_id: str, **properties: Any) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.managed.change(device_id, properties, tenant.step())

    @call
    def set_device_users(self, tenant_id: str, device_id: str, user_ids: list[str]) -> None:
        """Who uses a managed device, whomever lists of devices name."""
        self._world.tenant(tenant_id).device_users[device_id] = list(user_ids)

    @call
    def remove_managed_device(self, tenant_id: str, device_id: str) -> None:
        tenant = self._world.tenant(tenant_id)
        tenant.managed.remove(device_id, "deleted", tenant.step())
