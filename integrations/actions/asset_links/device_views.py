"""The devices and users that some assets' statuses name, as the API shows them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from integrations.actions.asset_links.devices import DEVICES, MANAGED_DEVICES
from integrations.actions.asset_links.linked_tenant import LinkedTenant
from integrations.actions.directory import USERS
from integrations.domain.assets.devices.serials import normal_device_id
from integrations.domain.assets.links import AssetStatus
from integrations.domain.sync.records import Device, ManagedDevice, User
from integrations.storage.data.stored_rows import StoredRows
from integrations.views.people.asset_links import DeviceSummary, DeviceUser
from integrations.views.status import to_second

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class DeviceViews:
    """Devices by the ids that links and questions have, and users by their object ids."""

    def __init__(self, linked: LinkedTenant, statuses: Sequence[AssetStatus]) -> None:
        rows = linked.account.services.data(linked.account.id, linked.id, linked.tenant.epoch).state().rows
        links = [it.link for it in statuses if it.link]
        in_question = {device_id for it in statuses if it.review for device_id in it.review.device_ids}
        ids = {*in_question, *(id_ for it in links for id_ in (it.device_id, *it.record_ids))}
        self._directory = rows.find(DEVICES, ids, Device)
        self._managed = rows.find(MANAGED_DEVICES, ids, ManagedDevice)
        self._by_device_id = _latest(_all_managed(rows) if in_question else self._managed.values())
        people = {it for device_id in ids if (it := self._user_id(device_id))}
        people |= {it.person_id for it in statuses if it.person_id}
        self._users: Mapping[str, User] = rows.find(USERS, people, User)

    def user(self, object_id: str | None) -> DeviceUser | None:
        """A user of the tenant; None if there is none, or none any more."""
        user = self._users.get(object_id or "")
        return DeviceUser(object_id=user.id, name=user.name, username=user.username) if user else None

    def device(self, device_id: str) -> DeviceSummary | None:
        """A device; None if neither the directory nor Intune has it any more."""
        device, managed = self._records(device_id)
        known = managed or device
        if known is None:
            return None
        seen = [it for it in (managed and managed.last_sync_at, device and device.last_seen_at) if it]
        return DeviceSummary(
            device_id=device_id,
            name=known.name,
            serial=managed.serial if managed else None,
            manufacturer=known.manufacturer or (device.manufacturer if device else None),
            model=known.model or (device.model if device else None),
            system=known.system,
            system_version=known.system_version,
            last_seen_at=to_second(max(seen, default=None)),
            primary_user=self.user(self._user_id(device_id)),
        )

    def _records(self, device_id: str) -> tuple[Device | None, ManagedDevice | None]:
        device, managed = self._directory.get(device_id), self._managed.get(device_id)
        if device is not None:
            managed = self._by_device_id.get(normal_device_id(device.device_id) or "")
        return device, managed

    def _user_id(self, device_id: str) -> str | None:
        device, managed = self._records(device_id)
        return (managed and managed.user_id) or (device and device.owner_id) or None


def _all_managed(rows: StoredRows) -> Iterable[ManagedDevice]:
    """The directory does not say which of Intune's devices is the same one, so all of these are read."""
    return (it for _, it in rows.all(MANAGED_DEVICES, ManagedDevice))


def _latest(managed: Iterable[ManagedDevice]) -> dict[str, ManagedDevice]:
    """By the id that the directory knows a device by; of several records the one that reported last."""
    ordered = sorted(managed, key=lambda it: it.last_sync_at or _NEVER)
    return {device_id: it for it in ordered if (device_id := normal_device_id(it.device_id))}
