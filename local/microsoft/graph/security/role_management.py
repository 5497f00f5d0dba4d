"""Who holds or may activate a directory role, and the rules for it. Needs Entra ID P2.

Sources: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentscheduleinstances,
https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances,
https://learn.microsoft.com/graph/api/policyroot-list-rolemanagementpolicyassignments
"""

import re

from local.microsoft.graph.protocol.entity_types import EntityType
from local.microsoft.graph.protocol.errors import GraphError, bad_request, forbidden
from local.microsoft.graph.protocol.paging import list_reply
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.permissions import DIRECTORY_ROLE_POLICIES, GROUP_ROLE_POLICIES
from local.microsoft.world.policies.role_rules import rules_of
from local.microsoft.world.roles import ROLE_NAMES


def _policy(request: GraphRequest, assignment: Object) -> Object:
    scope, role = assignment["scopeId"], assignment["roleDefinitionId"]
    shown: Object = {
        "id": assignment["policyId"],
        "displayName": assignment["scopeType"],
        "description": assignment["scopeType"],
        "isOrganizationDefault": False,
        "scopeId": scope,
        "scopeType": assignment["scopeType"],
        "lastModifiedDateTime": None,
        "lastModifiedBy": {"displayName": None, "id": None},
    }
    changed = request.tenant.posture.role_rules.get(role if scope == "/" else f"{scope}/{role}", {})
    return shown | ({"rules": rules_of(changed)} if "($expand=rules)" in request.options["$expand"] else {})


_SHARED: Object = {
    "id": None, "principalId": None, "roleDefinitionId": None, "directoryScopeId": "/", "appScopeId": None,
    "startDateTime": None, "endDateTime": None, "memberType": "Direct",
}  # fmt: skip
_ASSIGNMENT = EntityType(
    "unifiedRoleAssignmentScheduleInstance",
    {
        **_SHARED, "assignmentType": "Assigned", "roleAssignmentOriginId": None, "roleAssignmentScheduleId": None,
    },
)  # fmt: skip
_ELIGIBILITY = EntityType("unifiedRoleEligibilityScheduleInstance", {**_SHARED, "roleEligibilityScheduleId": None})
_POLICY_ASSIGNMENT = EntityType(
    "unifiedRoleManagementPolicyAssignment",
    dict.fromkeys(("id", "policyId", "scopeId", "scopeType", "roleDefinitionId")),
    expands={"policy": _policy},
    nested=frozenset({"rules"}),
)
_OPTIONS = ("$filter", "$top", "$skiptoken", "$count")
_SCOPE_TYPE = re.compile(r"scopeType\s+eq\s+'(\w+)'", re.IGNORECASE)
_DIRECTORY = "roleManagement/directory"
_DIRECTORY_ROLE = "DirectoryRole"


def assignment_schedules(request: GraphRequest) -> Reply:
    """Every assignment that is active; those made without Privileged Identity Management have no dates."""
    _check_licence(request)
    changed = request.tenant.posture.role_assignments
    seeded = {
        it.id: {
            "id": it.id,
            "principalId": it.principal_id,
            "roleDefinitionId": it.role,
            "directoryScopeId": it.scope,
            "roleAssignmentOriginId": it.id,
            "roleAssignmentScheduleId": it.id,
        }
        for it in request.tenant.assignments
    }
    instances = {key: seeded.get(key, {"id": key}) | changed.get(key, {}) for key in (*seeded, *changed)}
    return _page(request, _ASSIGNMENT, list(instances.values()), f"{_DIRECTORY}/roleAssignmentScheduleInstances")


def eligibility_schedules(request: GraphRequest) -> Reply:
    _check_licence(request)
    eligible = [{"id": key, **it} for key, it in request.tenant.posture.role_eligibilities.items()]
    return _page(request, _ELIGIBILITY, eligible, f"{_DIRECTORY}/roleEligibilityScheduleInstances")


def policy_assignments(request: GraphRequest) -> Reply:
    """The policy of each role, or of the two ways of being in a group; a filter has to name the scope."""
    match = _SCOPE_TYPE.search(request.options.get("$filter", ""))
    if match is None:
        raise bad_request("The required parameters are missing: scopeId and scopeType.", "MissingParameters")
    is_directory = match[1] == _DIRECTORY_ROLE
    if not request.caller.may(DIRECTORY_ROLE_POLICIES if is_directory else GROUP_ROLE_POLICIES):
        raise forbidden("UnauthorizedAccessException")
    _check_licence(request)
    assignments = _role_policies(request) if is_directory else _group_policies(request)
    return _page(request, _POLICY_ASSIGNMENT, assignments, "policies/roleManagementPolicyAssignments", "$expand")


def _role_policies(request: GraphRequest) -> list[Object]:
    return [_assignment(request, "/", _DIRECTORY_ROLE, role) for role in ROLE_NAMES]


def _group_policies(request: GraphRequest) -> list[Object]:
    groups = [it.id for it in request.tenant.groups.values() if it.is_assignable]
    return [_assignment(request, group, "Group", kind) for group in groups for kind in ("member", "owner")]


def _assignment(request: GraphRequest, scope: str, scope_type: str, role: str) -> Object:
    of = request.tenant.id if scope == "/" else scope
    policy = f"{scope_type}_{of}_{role[:8]}-9f01-4000-8000-{request.tenant.id[-12:]}"
    return {
        "id": f"{policy}_{role}",
        "policyId": policy,
        "scopeId": scope,
        "scopeType": scope_type,
        "roleDefinitionId": role,
    }


def _page(request: GraphRequest, entity_type: EntityType, entities: list[Object], path: str, *more: str) -> Reply:
    size = request.world.switches.role_management_page_size
    return list_reply(request, entity_type, entities, path, *_OPTIONS, *more, size=size)


def _check_licence(request: GraphRequest) -> None:
    if not request.tenant.has_p2():
        status = int(request.world.switches.unlicensed_role_management)
        message = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
        raise GraphError(status, "AadPremiumLicenseRequired", message)
