"""People with privileged roles: active or eligible, directly or through groups.

Counted are people, by their object ids; applications that have a role are no people. Roles for a part of the tenant
(an administrative unit) are left out here.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from typing import cast

from msgspec import UNSET

from integrations.domain.baselines.predicates.judging import Scope
from integrations.domain.baselines.tenant import JudgedTenant, Unknown
from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.sync.groups import everybody_in, reachable
from integrations.domain.sync.records import Group, User
from integrations.domain.sync.security_records import RoleMember

TENANT_WIDE = "/"
_P2 = "entra_id_p2"


def people_with(scope: Scope, roles: Iterable[str]) -> list[str]:
    """Who has one of these roles."""
    held = _held(scope)
    return sorted(set[str]().union(*(held.get(role, set()) for role in roles)))


def others_fewer_by(scope: Scope, roles: Iterable[str]) -> int:
    """By how many the people with one of these roles outnumber the other privileged people; negative if they do not."""
    inside = set(people_with(scope, roles))
    others = set(people_with(scope, scope.privileged_roles)) - inside
    return len(inside) - len(others)


def synced_administrators(scope: Scope) -> list[str]:
    """Privileged people whose account comes from a local directory.

    Raises:
        Unknown: nobody is known to be synced, and of somebody it was not read.
    """
    people = people_with(scope, scope.privileged_roles)
    users = scope.tenant.users(people)
    synced = sorted(_name(it) for it in users.values() if it.immutable_id is not UNSET and it.immutable_id is not None)
    unread = [it for it in people if it not in users or users[it].immutable_id is UNSET]
    if unread and not synced:
        raise Unknown("Of some administrators it was not read whether they come from a local directory.", "users")
    return synced


def _name(user: User) -> str:
    return user.username or user.id


def principals_of(tenant: JudgedTenant) -> Mapping[str, AbstractSet[str]]:
    """Who was given each role, tenant-wide, active or eligible: ids of people, groups and applications."""
    principals: dict[str, set[str]] = {}
    for it in cast("list[RoleMember]", tenant.rows("roles")):
        principals.setdefault(it.role_id, set()).add(it.member_id)
    for schedule in _eligible(tenant):
        if schedule.scope == TENANT_WIDE:
            principals.setdefault(schedule.role_id, set()).add(schedule.principal_id)
    return principals


def _eligible(tenant: JudgedTenant) -> list[RoleSchedule]:
    """Without Privileged Identity Management nobody is eligible."""
    if tenant.is_unlicensed("role_eligibilities"):
        return []
    if tenant.valid_until("role_eligibilities") is None and not tenant.has_license(_P2):
        return []
    return cast("list[RoleSchedule]", tenant.rows("role_eligibilities"))


def _held(scope: Scope) -> dict[str, set[str]]:
    """The people who have each privileged role, by its template id."""
    tenant = scope.tenant
    key = "privileged people", scope.privileged_roles
    if key not in tenant.cache:
        principals = {role: who for role, who in principals_of(tenant).items() if role in scope.privileged_roles}
        tenant.cache[key] = _people(tenant, principals)
    return cast("dict[str, set[str]]", tenant.cache[key])


def _people(tenant: JudgedTenant, principals_by_role: Mapping[str, AbstractSet[str]]) -> dict[str, set[str]]:
    users = {it.member_id for it in cast("list[RoleMember]", tenant.rows("roles")) if it.kind == "user"}
    other = set[str]().union(*principals_by_role.values()) - users
    applications = {it.member_id for it in tenant.rows("roles") if it.kind == "application"}
    groups = groups_from(tenant, other - applications)
    inside = {group: everybody_in(groups, group) for group in groups}
    members = set[str]().union(*inside.values()) | (other - applications - groups.keys())
    people = users | (set(tenant.users(members - users)) if members - users else set())
    return {
        role: set[str]().union(*(inside.get(it, {it}) for it in principals)) & people
        for role, principals in principals_by_role.items()
    }


def groups_from(tenant: JudgedTenant, ids: AbstractSet[str]) -> dict[str, Group]:
    """The groups among these ids, and those nested in them."""
    return reachable(partial(tenant.find, "groups", model=Group), ids) if ids else {}
