"""What somebody is a member of: directory roles and groups, directly or through groups.

Sources: https://learn.microsoft.com/graph/api/user-list-memberof,
https://learn.microsoft.com/graph/api/user-list-transitivememberof
"""

from local.microsoft.graph.directory.roles import GROUP, ROLE, group_object, role_object
from local.microsoft.graph.directory.users import find_user
from local.microsoft.graph.protocol.entity_types import EntityType, graph_reply
from local.microsoft.graph.protocol.errors import unsupported
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.permissions import GROUP_DETAILS, ROLES

_ENTITY_TYPES = {"directoryrole": ROLE, "group": GROUP}


def my_memberships(request: GraphRequest, relation: str, cast: str | None) -> Reply:
    return memberships(request, request.me(), relation, cast)


def memberships(request: GraphRequest, key: str, relation: str, cast: str | None) -> Reply:
    """``relation`` is memberOf or transitiveMemberOf; ``cast`` keeps one kind of object only."""
    request.allow("$select", "$top", "$count", "$filter")
    request.top(100, 999)
    if cast and set(request.options) - {"$select", "$top"} and not request.is_advanced:
        raise unsupported("A cast with other options needs ConsistencyLevel: eventual and $count=true.")
    person_id = find_user(request.tenant, key)["id"]
    value = [
        _rendered(request, entity_type, entity)
        for entity_type, entity in _memberships(request, person_id, relation)
        if _is_of_type(entity_type, cast)
    ]
    body: Object = {"@odata.context": f"{request.context}directoryObjects"}
    if request.is_advanced:
        body["@odata.count"] = len(value)
    return graph_reply({**body, "value": value})


def _memberships(request: GraphRequest, person_id: str, relation: str) -> list[tuple[EntityType, Object]]:
    tenant = request.tenant
    is_transitive = relation.lower().startswith("transitive")
    roles = tenant.roles_of(person_id) if is_transitive else tenant.direct_roles(person_id)
    held = [(ROLE, role_object(tenant, role)) for role in roles]
    groups = tenant.groups_of(person_id) if is_transitive else tenant.direct_groups_of(person_id)
    return held + [(GROUP, group_object(group)) for group in groups]


def _is_of_type(entity_type: EntityType, cast: str | None) -> bool:
    return not cast or _ENTITY_TYPES[cast.lower()] is entity_type


def _rendered(request: GraphRequest, entity_type: EntityType, entity: Object) -> Object:
    """A membership; what the token may not read shows as nulls, all but its id and type."""
    selected = [it.strip().lower() for it in request.options.get("$select", "").split(",") if it.strip()]
    names = [name for name in entity_type.empty if not selected or name.lower() in selected]
    rendered = entity_type.render(request, entity, names)
    may_read = request.caller.may(ROLES if entity_type is ROLE else GROUP_DETAILS)
    if request.world.switches.memberof_hidden and not may_read:
        rendered = {name: [] if isinstance(it, list) else None for name, it in rendered.items()} | {"id": entity["id"]}
    return {"@odata.type": f"#microsoft.graph.{entity_type.type}", **rendered}
