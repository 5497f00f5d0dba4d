"""A tenant's devices and users as they were last read, for plans of asset links."""

from collections.abc import Mapping
from datetime import datetime

from integrations.actions.directory import SOURCES, USERS, StoredDirectory
from integrations.domain.assets.devices.records import DirectoryDevice, IntuneDevice, directory_device, intune_device
from integrations.domain.assets.inputs import AccountUse, IntuneState
from integrations.domain.assets.uses import account_use, enrollment_managers
from integrations.domain.integrations import Tenant
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.domain.sync.device_users import DeviceUserPage, devices_in, verified_users
from integrations.domain.sync.records import Device, ManagedDevice
from integrations.storage.data.store import StoredData

DEVICES, MANAGED_DEVICES, DEVICE_USERS = "devices", "managed_devices", "device_users"
_SOURCES = (DEVICES, MANAGED_DEVICES, DEVICE_USERS, *SOURCES)
_STATES = {
    DatasetOutcome.NOT_LICENSED: IntuneState.UNLICENSED,
    DatasetOutcome.NOT_OFFERED: IntuneState.UNLICENSED,
    DatasetOutcome.DENIED: IntuneState.DENIED,
}


class StoredDevices:
    """The rows of one tenant that its asset links depend on, and how they were last read."""

    def __init__(self, tenant: Tenant, stored: StoredData, now: datetime) -> None:
        self._rows = stored.rows
        self._pending = stored.pending
        self._directory = StoredDirectory(tenant, stored, now)

    @property
    def intune_state(self) -> IntuneState:
        outcome = self._directory.outcome(MANAGED_DEVICES)
        return IntuneState.READ if outcome is None else _STATES.get(outcome, IntuneState.READ)

    @property
    def is_current(self) -> bool:
        """Whether devices and users were read completely and lately, as far as Microsoft lets us."""
        names = [USERS, DEVICES, *([MANAGED_DEVICES] if self.intune_state is IntuneState.READ else [])]
        return all(map(self._directory.is_current, names))

    @property
    def has_changes(self) -> bool:
        """Whether rows were changed that no plan has seen."""
        return any(self._pending.get(it) for it in _SOURCES)

    def directory(self) -> dict[str, DirectoryDevice]:
        return {key: directory_device(it) for key, it in self._rows.all(DEVICES, Device)}

    def intune(self) -> dict[str, IntuneDevice]:
        if self.intune_state is not IntuneState.READ:
            return {}
        known = devices_in(page for _, page in self._rows.all(DEVICE_USERS, DeviceUserPage))
        return {
            key: intune_device(it, verified_users(known.get(key), it.user_id))
            for key, it in self._rows.all(MANAGED_DEVICES, ManagedDevice)
        }

    def uses(self, intune: Mapping[str, IntuneDevice]) -> dict[str, AccountUse]:
        """What each user's account is for, by object id."""
        accounts, managers = self._directory.accounts(), enrollment_managers(intune.values())
        return {
            it.id: account_use(
                it,
                accounts.mailboxes,
                sync_accounts=accounts.sync_accounts,
                administrators=accounts.administrators,
                managers=managers,
            )
            for it in accounts.users
        }
