"""What somebody is a member of: directory roles and groups, directly or through groups.

Sources: https://learn.microsoft.com/graph/api/user-list-memberof,
https://learn.microsoft.com/graph/api/user-list-transitivememberof
"""

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import unsupported
from local.microsoft.graph.kinds import Kind, answered
from local.microsoft.graph.roles import GROUP, ROLE, group_object, role_object
from local.microsoft.graph.users import found_user
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.permissions import GROUP_DETAILS, ROLES

_KINDS = {"directoryrole": ROLE, "group": GROUP}


def my_memberships(ask: Ask, relation: str, cast: str | None) -> Reply:
    return memberships(ask, ask.me(), relation, cast)


def memberships(ask: Ask, key: str, relation: str, cast: str | None) -> Reply:
    """``relation`` is memberOf or transitiveMemberOf; ``cast`` keeps one kind of object only."""
    ask.allow("$select", "$top", "$count", "$filter")
    ask.top(100, 999)
    if cast and set(ask.options) - {"$select", "$top"} and not ask.is_advanced:
        raise unsupported("A cast with other options needs ConsistencyLevel: eventual and $count=true.")
    person_id = found_user(ask.tenant, key)["id"]
    value = [_shown(ask, kind, thing) for kind, thing in _held(ask, person_id, relation) if _fits(kind, cast)]
    body: Object = {"@odata.context": f"{ask.context}directoryObjects"}
    if ask.is_advanced:
        body["@odata.count"] = len(value)
    return answered({**body, "value": value})


def _held(ask: Ask, person_id: str, relation: str) -> list[tuple[Kind, Object]]:
    tenant = ask.tenant
    is_transitive = relation.lower().startswith("transitive")
    roles = tenant.roles_of(person_id) if is_transitive else tenant.direct_roles(person_id)
    held = [(ROLE, role_object(tenant, role)) for role in roles]
    groups = tenant.groups_of(person_id) if is_transitive else tenant.direct_groups_of(person_id)
    return held + [(GROUP, group_object(group)) for group in groups]


def _fits(kind: Kind, cast: str | None) -> bool:
    return not cast or _KINDS[cast.lower()] is kind


def _shown(ask: Ask, kind: Kind, thing: Object) -> Object:
    """A membership; what the token may not read shows as nulls, all but its id and type."""
    asked = [it.strip().lower() for it in ask.options.get("$select", "").split(",") if it.strip()]
    names = [name for name in kind.empty if not asked or name.lower() in asked]
    shown = kind.shown(ask, thing, names)
    may_read = ask.caller.may(ROLES if kind is ROLE else GROUP_DETAILS)
    if ask.world.switches.memberof_hidden and not may_read:
        shown = {name: [] if isinstance(it, list) else None for name, it in shown.items()} | {"id": thing["id"]}
    return {"@odata.type": f"#microsoft.graph.{kind.type}", **shown}
