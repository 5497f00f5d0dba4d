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


def principals_of(scope: Scope) -> Mapping[str, AbstractSet[str]]:
    """Who was given each role, tenant-wide, active or eligible: ids of people, groups and applications."""
    principals: dict[str, set[str]] = {}
    for it in _members(scope):
        principals.setdefault(it.role_id, set()).add(it.member_id)
    for schedule in _eligible(scope):
        if schedule.scope == TENANT_WIDE:
            principals.setdefault(schedule.role_id, set()).add(schedule.principal_id)
    return principals


def _members(scope: Scope) -> list[RoleMember]:
    return cast("list[RoleMember]", scope.tenant.rows("roles"))


def _eligible(scope: Scope) -> list[RoleSchedule]:
    """Without Privileged Identity Management nobody is eligible. ScubaGear takes what was not read for nobody, too."""
    tenant = scope.tenant
    if tenant.is_unlicensed("role_eligibilities"):
        return []
    if tenant.valid_until("role_eligibilities") is None and not (scope.is_strict and tenant.has_license(_P2)):
        return []
    return cast("list[RoleSchedule]", tenant.rows("role_eligibilities"))


def _held(scope: Scope) -> dict[str, set[str]]:
    """The people who have each privileged role, by its template id."""
    cache, key = scope.tenant.cache, ("privileged people", scope.privileged_roles)
    if key not in cache:
        principals = {role: who for role, who in principals_of(scope).items() if role in scope.privileged_roles}
        cache[key] = _people(scope, principals)
    return cast("dict[str, set[str]]", cache[key])


def _people(scope: Scope, principals_by_role: Mapping[str, AbstractSet[str]]) -> dict[str, set[str]]:
    """People are active members that Microsoft calls users, and everybody else who is among the users."""
    kinds = {it.member_id: it.kind for it in _members(scope)}
    people = {key for key, kind in kinds.items() if kind == "user"}
    unsure = set[str]().union(*principals_by_role.values()) - {key for key, kind in kinds.items() if kind != "group"}
    people |= _among_users(scope.tenant, {it for it in unsure if it not in kinds})
    groups = groups_from(scope.tenant, unsure - people)
    inside = {group: everybody_in(groups, group) for group in groups}
    people |= _among_users(scope.tenant, set[str]().union(*inside.values()) - people)
    return {
        role: set[str]().union(*(inside.get(it, {it}) for it in principals)) & people
        for role, principals in principals_by_role.items()
    }


def _among_users(tenant: JudgedTenant, ids: AbstractSet[str]) -> set[str]:
    return set(tenant.users(ids)) if ids else set()


def groups_from(tenant: JudgedTenant, ids: AbstractSet[str]) -> dict[str, Group]:
    """The groups among these ids, and those nested in them."""
    return reachable(partial(tenant.find, "groups", model=Group), ids) if ids else {}
