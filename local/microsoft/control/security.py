"""Scores, policies, and what people have registered to sign in with."""

from typing import Any

from local.microsoft.control.call import ControlCalls, call
from local.microsoft.world.collection import Object
from local.microsoft.world.policies.methods import strength
from local.microsoft.world.posture import policy


class SecurityCalls(ControlCalls):
    """Properties are Graph's own."""

    @call
    def set_secure_score(self, tenant_id: str, day: str, *, points: float, most: float) -> None:
        """The score of one day, as "2026-01-04"."""
        self._world.tenant(tenant_id).posture.scores[day] = (points, most)

    @call
    def keep_scores(self, tenant_id: str, days: int) -> None:
        """How many days the tenant has a score for; 0 is a new tenant, which has none."""
        self._world.tenant(tenant_id).posture.score_days = days

    @call
    def set_registration(self, tenant_id: str, user_id: str, **properties: Any) -> None:
        """Properties of userRegistrationDetails, on top of what the person was seeded with."""
        registrations = self._world.tenant(tenant_id).posture.registrations
        registrations[user_id] = registrations.get(user_id, {}) | properties

    @call
    def set_per_user_mfa(self, tenant_id: str, user_id: str, state: str | None) -> None:
        """The legacy state of MFA: "disabled", "enabled" or "enforced"; None: Microsoft says null."""
        self._world.tenant(tenant_id).posture.per_user_mfa[user_id] = state

    @call
    def set_role_rule(self, tenant_id: str, role: str, rule: str, **properties: Any) -> None:
        """Properties of a rule, by the role's id, or by "group id/member"."""
        rules = self._world.tenant(tenant_id).posture.role_rules.setdefault(role, {})
        rules[rule] = rules.get(rule, {}) | properties

    @call
    def set_security_defaults(self, tenant_id: str, *, enabled: bool) -> None:
        self._world.tenant(tenant_id).posture.security_defaults = enabled

    @call
    def change_policy(self, tenant_id: str, name: str, **properties: Any) -> None:
        """``name`` is a field of ``Posture`` that holds the properties of one policy, such as authorization."""
        settings: Object = getattr(self._world.tenant(tenant_id).posture, name)
        settings.update(properties)

    @call
    def conditional_access(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).posture.conditional_access.values())

    @call
    def add_conditional_access(self, tenant_id: str, **properties: Any) -> Object:
        """A policy; without more it asks everybody for MFA, everywhere."""
        added = policy(str(properties.get("id") or self._world.new_id("ca00")), **properties)
        self._world.tenant(tenant_id).posture.conditional_access[added["id"]] = added
        return added

    @call
    def change_conditional_access(self, tenant_id: str, policy_id: str, **properties: Any) -> Object:
        policies = self._world.tenant(tenant_id).posture.conditional_access
        policies[policy_id] = {**policies[policy_id], **properties}
        return policies[policy_id]

    @call
    def remove_conditional_access(self, tenant_id: str, policy_id: str) -> None:
        del self._world.tenant(tenant_id).posture.conditional_access[policy_id]

    @call
    def add_strength(self, tenant_id: str, **properties: Any) -> Object:
        """An authentication strength; without more only security keys satisfy it."""
        added = strength(str(properties.pop("id", None) or self._world.new_id("57e0")), **properties)
        self._world.tenant(tenant_id).posture.strengths[added["id"]] = added
        return added

    @call
    def put_setting(self, tenant_id: str, kind: str, key: str, **properties: Any) -> None:
        """Add or change one of a tenant's settings; ``kind`` is a field of ``Posture``, which tells what ``key`` is."""
        settings: dict[str, Object] = getattr(self._world.tenant(tenant_id).posture, kind)
        settings[key] = settings.get(key, {}) | properties

    @call
    def drop_property(self, tenant_id: str, kind: str, key: str, name: str) -> None:
        """Take one property away from a setting: Microsoft no longer sends it."""
        getattr(self._world.tenant(tenant_id).posture, kind)[key].pop(name, None)

    @call
    def drop_setting(self, tenant_id: str, kind: str, key: str) -> None:
        del getattr(self._world.tenant(tenant_id).posture, kind)[key]
