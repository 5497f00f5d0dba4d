"""Directory roles: the activated ones and their members, definitions, and assignments.

Sources: https://learn.microsoft.com/graph/api/directoryrole-list,
https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
"""

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import missing
from local.microsoft.graph.kinds import Kind, answered, every, one
from local.microsoft.graph.users import USER
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.roles import ROLE_NAMES
from local.microsoft.tenants import Group, RoleAssignment, Tenant

ROLE = Kind(
    "directoryRole",
    {"id": None, "deletedDateTime": None, "description": None, "displayName": None, "roleTemplateId": None},
)
GROUP = Kind(
    "group",
    {
        "id": None, "deletedDateTime": None, "classification": None, "createdDateTime": None, "description": None,
        "displayName": None, "expirationDateTime": None, "groupTypes": [], "isAssignableToRole": None, "mail": None,
        "mailEnabled": None, "mailNickname": None, "membershipRule": None, "membershipRuleProcessingState": None,
        "onPremisesSyncEnabled": None, "preferredDataLocation": None, "proxyAddresses": [], "renewedDateTime": None,
        "securityEnabled": None, "securityIdentifier": None, "theme": None, "visibility": None,
    },
)  # fmt: skip
_DEFINITION = Kind(
    "unifiedRoleDefinition",
    {
        "id": None, "description": None, "displayName": None, "isBuiltIn": True, "isEnabled": True,
        "resourceScopes": ["/"], "templateId": None, "version": "1", "rolePermissions": [],
    },
)  # fmt: skip


def role_object(tenant: Tenant, role: str) -> Object:
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


def directory_roles(ask: Ask) -> Reply:
    roles = [role_object(ask.tenant, role) for role in ask.tenant.activated]
    return every(ask, ROLE, roles, "directoryRoles", "$filter")


def directory_role(ask: Ask, key: str) -> Reply:
    return one(ask, ROLE, role_object(ask.tenant, _role(ask.tenant, key)), "directoryRoles")


def directory_role_members(ask: Ask, key: str) -> Reply:
    """Everybody who holds the role over the whole tenant; Graph does not page these."""
    ask.allow("$select")
    role = _role(ask.tenant, key)
    holders = [it.principal_id for it in ask.tenant.assignments if it.role == role and it.scope == "/"]
    value = [shown for holder in dict.fromkeys(holders) if (shown := _principal(ask, holder, narrow=True))]
    return answered({"@odata.context": f"{ask.context}directoryObjects", "value": value})


def role_definitions(ask: Ask) -> Reply:
    return every(ask, _DEFINITION, [_definition(role) for role in ROLE_NAMES], _WHERE_DEFINITIONS, "$filter")


def role_definition(ask: Ask, key: str) -> Reply:
    if key not in ROLE_NAMES:
        raise missing(key)
    return one(ask, _DEFINITION, _definition(key), _WHERE_DEFINITIONS)


def role_assignments(ask: Ask) -> Reply:
    """Who holds what. Microsoft lists these by person or by role, not all at once."""
    if "principalId" not in ask.options.get("$filter", "") and "roleDefinitionId" not in ask.options.get("$filter", ""):
        ask.allow("$select", "$expand", "$top", "$count")
    found = [_assignment(it) for it in ask.tenant.assignments]
    return every(ask, _ASSIGNMENT, found, _WHERE_ASSIGNMENTS, "$filter", "$expand", "$top", "$count")


def role_assignment(ask: Ask, key: str) -> Reply:
    found = next((_assignment(it) for it in ask.tenant.assignments if it.id == key), None)
    if found is None:
        raise missing(key)
    return one(ask, _ASSIGNMENT, found, _WHERE_ASSIGNMENTS)


def _role(tenant: Tenant, key: str) -> str:
    for role in tenant.activated:
        if role_object(tenant, role)["id"] == key.lower():
            return role
    raise missing(key)


def _definition(role: str) -> Object:
    return {"id": role, "templateId": role, "displayName": ROLE_NAMES[role], "description": ROLE_NAMES[role]}


def _assignment(it: RoleAssignment) -> Object:
    return {
        "id": it.id,
        "principalId": it.principal_id,
        "roleDefinitionId": it.role,
        "directoryScopeId": it.scope,
    }


def _principal(ask: Ask, key: str, *, narrow: bool = False) -> Object | None:
    """A holder as a directory object; ``narrow`` applies the request's $select to it."""
    person, group = ask.tenant.users.get(key), ask.tenant.groups.get(key)
    kind, thing = (USER, person) if person else (GROUP, group_object(group) if group else None)
    if thing is None:
        return None
    asked = {it.strip() for it in ask.options.get("$select", "").split(",")} if narrow else {""}
    names = [it for it in kind.default or kind.empty if asked == {""} or it in asked]
    return {"@odata.type": f"#microsoft.graph.{kind.type}", **kind.shown(ask, thing, names)}


_WHERE_DEFINITIONS = "roleManagement/directory/roleDefinitions"
_WHERE_ASSIGNMENTS = "roleManagement/directory/roleAssignments"
_ASSIGNMENT = Kind(
    "unifiedRoleAssignment",
    {"id": None, "principalId": None, "roleDefinitionId": None, "directoryScopeId": "/"},
    expands={
        "principal": lambda ask, it: _principal(ask, it["principalId"]),
        "roleDefinition": lambda _ask, it: _definition_shown(it["roleDefinitionId"]),
    },
)


def _definition_shown(role: str) -> Object:
    return {**_DEFINITION.empty, **_definition(role)}
