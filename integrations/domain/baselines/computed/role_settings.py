"""How privileged roles are given: permanently, outside of Privileged Identity Management, or unnoticed."""

from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from typing import cast

from msgspec import UNSET

from integrations.domain.baselines.computed.administrators import TENANT_WIDE, principals_of
from integrations.domain.baselines.predicates.judging import Scope
from integrations.domain.baselines.tenant import JudgedTenant, Unknown
from integrations.domain.policies.role_management import RolePolicy, RoleRule, RoleSchedule
from integrations.domain.sync.security_records import RoleMember

_MEMBER = "member"
_OF_GROUPS = "group_role_policies"
_UNKNOWN_TIME = "Of some assignments Microsoft did not send when they begin or end."


def permanent_assignments(scope: Scope, users: Collection[str], groups: Collection[str]) -> list[str]:
    """Active assignments of privileged roles without an end, except to these users and groups."""
    allowed = {*users, *groups}
    assignments = [it for it in _privileged(scope) if it.principal_id not in allowed]
    return _texts(
        [it for it in assignments if it.ends_at is None], is_unknown=any(it.ends_at is UNSET for it in assignments)
    )


def assignments_without_start(scope: Scope) -> list[str]:
    """Active assignments of privileged roles that were made outside of Privileged Identity Management."""
    assignments = list(_privileged(scope))
    return _texts(
        [it for it in assignments if it.starts_at is None], is_unknown=any(it.starts_at is UNSET for it in assignments)
    )


def _texts(assignments: list[RoleSchedule], *, is_unknown: bool) -> list[str]:
    if is_unknown and not assignments:
        raise Unknown(_UNKNOWN_TIME, "role_assignments")
    return sorted(f"{it.principal_id} has the role {it.role_id}" for it in assignments)


def _privileged(scope: Scope) -> Iterator[RoleSchedule]:
    rows = cast("list[RoleSchedule]", scope.tenant.rows("role_assignments"))
    return (it for it in rows if it.role_id in scope.privileged_roles)


def roles_without_approval(scope: Scope, rule: str, roles: Collection[str], missing: str = "unknown") -> list[str]:
    """Which of these roles, or of the groups that hold them, can be activated without approval.

    ``missing`` says what a role without the rule means: "unknown", or "passes".
    """
    return _offenders(scope, rule, roles, missing, lambda it: it.needs_approval is False)


def roles_without_recipients(
    scope: Scope, rule: str, roles: Collection[str], missing: str = "unknown", channel: str = ""
) -> list[str]:
    """For which of these roles, or of the groups that hold them, nobody in particular is told.

    Microsoft's own choice of recipients does not count. With a ``channel``, rules for others are left out.
    """

    def is_silent(rule: RoleRule) -> bool:
        return not rule.recipients and (not channel or rule.channel == channel)

    return _offenders(scope, rule, roles, missing, is_silent)


def other_roles_without_recipients(
    scope: Scope, rule: str, roles: Collection[str], missing: str = "unknown", channel: str = ""
) -> list[str]:
    """The same for the privileged roles that are none of these."""
    return roles_without_recipients(scope, rule, scope.privileged_roles - set(roles), missing, channel)


def _offenders(
    scope: Scope, rule: str, roles: Collection[str], missing: str, is_lax: Callable[[RoleRule], bool]
) -> list[str]:
    policies = {role: list(_policies(scope, role)) for role in roles}
    rules = [(name, policy.rules.get(rule)) for role in sorted(roles) for name, policy in policies[role]]
    offenders = [name for name, it in rules if it is not None and _is_known(it) and is_lax(it)]
    is_unknown = not all(policies.values()) or any(it is None or not _is_known(it) for _, it in rules)
    if missing != "passes" and not offenders and (is_unknown or _has_unread_groups(scope.tenant, roles)):
        raise Unknown("Of some roles, or groups that hold them, the rule is not known.", "role_policies")
    return sorted(offenders)


def _is_known(rule: RoleRule) -> bool:
    return rule.needs_approval is not UNSET or rule.recipients is not UNSET


def _policies(scope: Scope, role: str) -> Iterator[tuple[str, RolePolicy]]:
    """The policies under which somebody gets a role: its own, and those of the groups that hold it."""
    tenant = scope.tenant
    rows = cast("list[RolePolicy]", tenant.rows("role_policies"))
    if tenant.valid_until(_OF_GROUPS) is not None:
        rows = rows + cast("list[RolePolicy]", tenant.rows(_OF_GROUPS))
    holders = _holders(scope, role) if any(it.group_id for it in rows) else frozenset[str]()
    for it in rows:
        if it.group_id is None and it.role_id == role:
            yield f"role {role}", it
        elif it.group_id in holders and it.role_id == _MEMBER:
            yield f"group {it.group_id}", it


def _has_unread_groups(tenant: JudgedTenant, roles: Collection[str]) -> bool:
    """Whether groups are known to hold one of these roles, and their policies are not known."""
    if tenant.valid_until(_OF_GROUPS) is not None or tenant.valid_until("roles") is None:
        return False
    members = cast("list[RoleMember]", tenant.rows("roles"))
    return any(it.kind == "group" and it.role_id in roles for it in members)


def _holders(scope: Scope, role: str) -> AbstractSet[str]:
    """Who holds a role, as far as it was read: through Privileged Identity Management, or as a member."""
    if scope.tenant.valid_until("role_assignments") is None:
        return principals_of(scope).get(role, set())
    rows = cast("list[RoleSchedule]", scope.tenant.rows("role_assignments"))
    assigned = {it.principal_id for it in rows if it.role_id == role and it.scope == TENANT_WIDE}
    if scope.tenant.valid_until("roles") is None:
        return assigned
    return principals_of(scope).get(role, set()) | assigned
