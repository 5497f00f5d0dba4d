"""What can be done to a tenant's devices, groups, scores, policies and registrations: calls of ``/_world/``."""

from local.microsoft.graph.roles import group_object
from local.microsoft.managed import managed_device
from local.microsoft.objects import Object
from local.microsoft.posture import policy
from local.microsoft.world import World


class PostureCalls:
    """Turns the world. Unknown things raise KeyError."""

    def __init__(self, world: World) -> None:
        self._world = world

    def set_secure_score(self, tenant_id: str, day: str, points: float, most: float) -> None:
        """The score of one day, as "2026-01-04"."""
        self._world.tenant(tenant_id).posture.scores[day] = (points, most)

    def keep_scores(self, tenant_id: str, days: int) -> None:
        """How many days the tenant has a score for; 0 is a new tenant, which has none."""
        self._world.tenant(tenant_id).posture.score_days = days

    def set_registration(self, tenant_id: str, user_id: str, properties: Object) -> None:
        """Properties of userRegistrationDetails, on top of what the person was seeded with."""
        known = self._world.tenant(tenant_id).posture.registrations
        known[user_id] = known.get(user_id, {}) | properties

    def set_security_defaults(self, tenant_id: str, *, enabled: bool) -> None:
        self._world.tenant(tenant_id).posture.security_defaults = enabled

    def change_policy(self, tenant_id: str, name: str, properties: Object) -> None:
        """``name``: a policy of which there is one, as in ``Posture``; properties as Graph spells them."""
        kept: Object = getattr(self._world.tenant(tenant_id).posture, name)
        kept.update(properties)

    def add_conditional_access(self, tenant_id: str, properties: Object) -> Object:
        made = policy(str(properties.get("id") or self._world.new_id("ca00")), **properties)
        self._world.tenant(tenant_id).posture.conditional_access[made["id"]] = made
        return made

    def change_conditional_access(self, tenant_id: str, policy_id: str, properties: Object) -> Object:
        kept = self._world.tenant(tenant_id).posture.conditional_access
        kept[policy_id] = {**kept[policy_id], **properties}
        return kept[policy_id]

    def remove_conditional_access(self, tenant_id: str, policy_id: str) -> None:
        del self._world.tenant(tenant_id).posture.conditional_access[policy_id]

    def conditional_access(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).posture.conditional_access.values())

    def put_setting(self, tenant_id: str, kind: str, key: str, properties: Object) -> None:
        """``kind``: named_locations, partners or group_settings; on top of what there is under the key."""
        kept: dict[str, Object] = getattr(self._world.tenant(tenant_id).posture, kind)
        kept[key] = kept.get(key, {}) | properties

    def drop_setting(self, tenant_id: str, kind: str, key: str) -> None:
        del getattr(self._world.tenant(tenant_id).posture, kind)[key]

    def managed_devices(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).managed.all())

    def add_managed_device(self, tenant_id: str, properties: Object) -> Object:
        tenant = self._world.tenant(tenant_id)
        key = str(properties.get("id") or self._world.new_id("3a3a"))
        return tenant.managed.add(managed_device(key, **{**properties, "id": key}), tenant.step())

    def change_managed_device(self, tenant_id: str, device_id: str, properties: Object) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.managed.change(device_id, properties, tenant.step())

    def remove_managed_device(self, tenant_id: str, device_id: str) -> None:
        tenant = self._world.tenant(tenant_id)
        tenant.managed.remove(device_id, "deleted", tenant.step())

    def groups(self, tenant_id: str) -> list[Object]:
        return [group_object(it) for it in self._world.tenant(tenant_id).groups.values()]

    def rename_group(self, tenant_id: str, group_id: str, name: str) -> None:
        self._world.tenant(tenant_id).rename_group(group_id, name)

    def set_owner(self, tenant_id: str, device_id: str, user_id: str) -> None:
        """Whose a device is; an empty id leaves it without anybody."""
        self._world.tenant(tenant_id).owners[device_id] = user_id
