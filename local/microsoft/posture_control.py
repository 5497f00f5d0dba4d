"""The part of the hand that turns devices in Intune, scores, policies and registrations; see ``control.World``."""

from abc import ABC, abstractmethod
from typing import Any

Object = dict[str, Any]


class PostureControl(ABC):
    """Properties are Graph's own: ``change_managed_device(tenant_id, id, complianceState="noncompliant")``."""

    @abstractmethod
    def _call(self, name: str, /, **arguments: Any) -> Any: ...

    def set_secure_score(self, tenant_id: str, day: str, *, points: float, most: float) -> None:
        """The score of one day, as "2026-01-04"."""
        self._call("set_secure_score", tenant_id=tenant_id, day=day, points=points, most=most)

    def keep_scores(self, tenant_id: str, days: int) -> None:
        """How many days the tenant has a score for; 0 is a new tenant, which has none."""
        self._call("keep_scores", tenant_id=tenant_id, days=days)

    def set_registration(self, tenant_id: str, user_id: str, **properties: Any) -> None:
        """What somebody has registered: properties of userRegistrationDetails."""
        self._call("set_registration", tenant_id=tenant_id, user_id=user_id, properties=properties)

    def set_security_defaults(self, tenant_id: str, *, enabled: bool) -> None:
        self._call("set_security_defaults", tenant_id=tenant_id, enabled=enabled)

    def change_policy(self, tenant_id: str, name: str, **properties: Any) -> None:
        """``name``: authorization, authentication_methods, admin_consent_requests or cross_tenant_access."""
        self._call("change_policy", tenant_id=tenant_id, name=name, properties=properties)

    def add_conditional_access(self, tenant_id: str, **properties: Any) -> Object:
        """A policy; without more it asks everybody for MFA, everywhere."""
        made: Object = self._call("add_conditional_access", tenant_id=tenant_id, properties=properties)
        return made

    def change_conditional_access(self, tenant_id: str, policy_id: str, **properties: Any) -> None:
        self._call("change_conditional_access", tenant_id=tenant_id, policy_id=policy_id, properties=properties)

    def remove_conditional_access(self, tenant_id: str, policy_id: str) -> None:
        self._call("remove_conditional_access", tenant_id=tenant_id, policy_id=policy_id)

    def conditional_access(self, tenant_id: str) -> list[Object]:
        found: list[Object] = self._call("conditional_access", tenant_id=tenant_id)
        return found

    def put_setting(self, tenant_id: str, kind: str, key: str, **properties: Any) -> None:
        """Add or change one of the named_locations, the partners (by tenant id) or the group_settings."""
        self._call("put_setting", tenant_id=tenant_id, kind=kind, key=key, properties=properties)

    def drop_setting(self, tenant_id: str, kind: str, key: str) -> None:
        self._call("drop_setting", tenant_id=tenant_id, kind=kind, key=key)

    def managed_devices(self, tenant_id: str) -> list[Object]:
        found: list[Object] = self._call("managed_devices", tenant_id=tenant_id)
        return found

    def add_managed_device(self, tenant_id: str, **properties: Any) -> Object:
        made: Object = self._call("add_managed_device", tenant_id=tenant_id, properties=properties)
        return made

    def change_managed_device(self, tenant_id: str, device_id: str, **properties: Any) -> None:
        self._call("change_managed_device", tenant_id=tenant_id, device_id=device_id, properties=properties)

    def remove_managed_device(self, tenant_id: str, device_id: str) -> None:
        self._call("remove_managed_device", tenant_id=tenant_id, device_id=device_id)

    def groups(self, tenant_id: str) -> list[Object]:
        found: list[Object] = self._call("groups", tenant_id=tenant_id)
        return found

    def rename_group(self, tenant_id: str, group_id: str, name: str) -> None:
        self._call("rename_group", tenant_id=tenant_id, group_id=group_id, name=name)

    def set_owner(self, tenant_id: str, device_id: str, user_id: str) -> None:
        """Whose a device is; an empty id leaves it without anybody."""
        self._call("set_owner", tenant_id=tenant_id, device_id=device_id, user_id=user_id)
