"""Directory roles: the activated ones and their members, definitions, and assignments.

Sources: https://learn.microsoft.com/graph/api/directoryrole-list,
https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
"""

from local.microsoft.graph.directory.users import USER
from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply, graph_reply
from local.microsoft.graph.protocol.errors import not_found
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.roles import ROLE_NAMES
from local.microsoft.world.tenants import Group, RoleAssignment, TenantState

ROLE = EntityType(
    "directoryRole",
    {"id": None, "deletedDateTime": None, "description": None, "displayName": None, "roleTemplateId": None},
)
GROUP = EntityType(
    "group",
    {
        "id": None, "deletedDateTime": None, "classification": None, "createdDateTime": None, "description": None,
        "displayName": None, "expirationDateTime": None, "groupTypes": [], "isAssignableToRole": None, "mail": None,
        "mailEnabled": None, "mailNickname": None, "membershipRule": None, "membershipRuleProcessingState": None,
        "onPremisesSyncEnabled": None, "preferredDataLocation": None, "proxyAddresses": [], "renewedDateTime": None,
        "securityEnabled": None, "securityIdentifier": None, "theme": None, "visibility": None,
    },
)  # fmt: skip
_DEFINITION = EntityType(
    "unifiedRoleDefinition",
    {
        "id": None, "description": None, "displayName": None, "isBuiltIn": True, "isEnabled": True,
        "resourceScopes": ["/"], "templateId": None, "version": "1", "rolePermissions": [],
    },
)  # fmt: skip


def role_object(tenant: TenantState, role: str) -> Object:
    """An activated role as an object of the tenant's: its id is the tenant's own, the template id is not."""
    name = ROLE_NAMES[role]
    return {
        "id": f"{role[:8]}-0000-4000-8000-{tenant.id.replace('-', '')[:8]}d401",
        "displayName": name,
        "description": f"Members of {name} act within its permissions.",
        "roleTemplateId": role,
    }


def group_object(group: Group) -> Object:
    return {
        "id": group.id,
        "createdDateTime": "2025-01-15T09:00:00Z",
        "displayName": group.name,
        "isAssignableToRole": group.is_assignable or None,
        "mailEnabled": False,
        "mailNickname": group.id[:8],
        "renewedDateTime": "2025-01-15T09:00:00Z",
        "securityEnabled": True,
        "visibility": "Private",
    }


def directory_roles(request: GraphRequest) -> Reply:
    roles = [role_object(request.tenant, role) for role in request.tenant.activated]
    return collection_reply(request, ROLE, roles, "directoryRoles", "$filter")


def directory_role(request: GraphRequest, key: str) -> Reply:
    return entity_reply(request, ROLE, role_object(request.tenant, _role(request.tenant, key)), "directoryRoles")


def directory_role_members(request: GraphRequest, key: str) -> Reply:
    """Everybody who holds the role over the whole tenant; Graph does not page these."""
    request.allow("$select")
    role = _role(request.tenant, key)
    holders = [it.principal_id for it in request.tenant.assignments if it.role == role and it.scope == "/"]
    value = [rendered for holder in dict.fromkeys(holders) if (rendered := _principal(request, holder, narrow=True))]
    return graph_reply({"@odata.context": f"{request.context}directoryObjects", "value": value})


def role_definitions(request: GraphRequest) -> Reply:
    return collection_reply(
        request, _DEFINITION, [_definition(role) for role in ROLE_NAMES], _DEFINITIONS_PATH, "$filter"
    )


def role_definition(request: GraphRequest, key: str) -> Reply:
    if key not in ROLE_NAMES:
        raise not_found(key)
    return entity_reply(request, _DEFINITION, _definition(key), _DEFINITIONS_PATH)


def role_assignments(request: GraphRequest) -> Reply:
    """Who holds what. Microsoft lists these by person or by role, not all at once."""
    if "principalId" not in request.options.get("$filter", "") and "roleDefinitionId" not in request.options.get(
        "$filter", ""
    ):
        request.allow("$select", "$expand", "$top", "$count")
    assignments = [_assignment(it) for it in request.tenant.assignments]
    return collection_reply(
        request, _ASSIGNMENT, assignments, _ASSIGNMENTS_PATH, "$filter", "$expand", "$top", "$count"
    )


def role_assignment(request: GraphRequest, key: str) -> Reply:
    assignment = next((_assignment(it) for it in request.tenant.assignments if it.id == key), None)
    if assignment is None:
        raise not_found(key)
    return entity_reply(request, _ASSIGNMENT, assignment, _ASSIGNMENTS_PATH)


def _role(tenant: TenantState, key: str) -> str:
    for role in tenant.activated:
        if role_object(tenant, role)["id"] == key.lower():
            return role
    raise not_found(key)


def _definition(role: str) -> Object:
    return {"id": role, "templateId": role, "displayName": ROLE_NAMES[role], "description": ROLE_NAMES[role]}


def _assignment(assignment: RoleAssignment) -> Object:
    return {
        "id": assignment.id,
        "principalId": assignment.principal_id,
        "roleDefinitionId": assignment.role,
        "directoryScopeId": assignment.scope,
    }


def _principal(request: GraphRequest, key: str, *, narrow: bool = False) -> Object | None:
    """A holder as a directory object; ``narrow`` applies the request's $select to it."""
    person, group = request.tenant.users.get(key), request.tenant.groups.get(key)
    entity_type, entity = (USER, person) if person else (GROUP, group_object(group) if group else None)
    if entity is None:
        return None
    selected = {it.strip() for it in request.options.get("$select", "").split(",")} if narrow else {""}
    names = [it for it in entity_type.default or entity_type.empty if selected == {""} or it in selected]
    return {"@odata.type": f"#microsoft.graph.{entity_type.type}", **entity_type.render(request, entity, names)}


_DEFINITIONS_PATH = "roleManagement/directory/roleDefinitions"
_ASSIGNMENTS_PATH = "roleManagement/directory/roleAssignments"
_ASSIGNMENT = EntityType(
    "unifiedRoleAssignment",
    {"id": None, "principalId": None, "roleDefinitionId": None, "directoryScopeId": "/"},
    expands={
        "principal": lambda request, it: _principal(request, it["principalId"]),
        "roleDefinition": lambda _request, it: _definition_shown(it["roleDefinitionId"]),
    },
)


def _definition_shown(role: str) -> Object:
    return {**_DEFINITION.empty, **_definition(role)}
