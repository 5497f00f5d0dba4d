"""Every request the simulated Graph answers, with the permissions it takes and what it costs."""

import re
from collections.abc import Callable

from local.microsoft.graph.directory import (
    admin_relationships,
    applications,
    devices,
    groups,
    licences,
    mailboxes,
    memberships,
    organization,
    roles,
    subscriptions,
    users,
)
from local.microsoft.graph.protocol.errors import GraphError, bad_request
from local.microsoft.graph.protocol.request import BETA, GraphRoute
from local.microsoft.graph.security import (
    app_management,
    managed_devices,
    policies,
    registrations,
    role_management,
    secure_score,
    settings,
)
from local.microsoft.server import Reply
from local.microsoft.world import permissions as needs
from local.microsoft.world.permissions import RequiredPermissions

_ID = r"([^/()]+)"
_BY_APP_ID = r"\(appId='([^']+)'\)"
_DELTA = r"/(?:microsoft\.graph\.)?delta(?:\(\))?"
_CAST = r"(?:/microsoft\.graph\.(directoryRole|group))?"
_MEMBERS = "(memberOf)"
_ALL_MEMBERS = "(transitiveMemberOf)"
_PRINCIPAL = f"/servicePrincipals(?:/{_ID}|{_BY_APP_ID})"
_ROLES_OF = "(?:appRoleAssignedTo|appRoleAssignments)"
_ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
_DEFINITIONS = "/roleManagement/directory/roleDefinitions"
_SCORES = "/security/secureScores"
_CONTROLS = "/security/secureScoreControlProfiles"
_SECURE_SCORE = "secure score"
_REGISTRATIONS = "/reports/authenticationMethods/userRegistrationDetails"
_CONDITIONAL_ACCESS = "/identity/conditionalAccess/policies"
_NAMED_LOCATIONS = "/identity/conditionalAccess/namedLocations"
_METHODS_POLICY = "/policies/authenticationMethodsPolicy"
_STRENGTHS = "/policies/authenticationStrengthPolicies"
_SCHEDULES = "/roleManagement/directory/role"
_CROSS_TENANT = "/policies/crossTenantAccessPolicy"
_SECURITY_DEFAULTS = "identitySecurityDefaultsEnforcementPolicy"
_RELATIONSHIPS = "/tenantRelationships/delegatedAdminRelationships"
_OWNERS_AND_USERS = r"/registered(?:Owners|Users)(?:/microsoft\.graph\.user)?"


def _get(
    path: str, permissions: RequiredPermissions, units: int, handle: Callable[..., Reply], service: str = "directory"
) -> GraphRoute:
    return GraphRoute("GET", re.compile(path, re.IGNORECASE), permissions, units, handle, service)


def _delete(path: str, permissions: RequiredPermissions, units: int, handle: Callable[..., Reply]) -> GraphRoute:
    return GraphRoute("DELETE", re.compile(path, re.IGNORECASE), permissions, units, handle)


def _post(path: str, permissions: RequiredPermissions, units: int, handle: Callable[..., Reply]) -> GraphRoute:
    return GraphRoute("POST", re.compile(path, re.IGNORECASE), permissions, units, handle)


ROUTES = (
    _get("/organization", needs.ORGANIZATION, 1, organization.organization),
    _get(f"/organization/{_ID}", needs.ORGANIZATION, 1, organization.organization_by_id),
    _get("/domains", needs.DOMAINS, 1, organization.domains),
    _get(f"/domains/{_ID}", needs.DOMAINS, 1, organization.domain),
    _get("/users", needs.USERS, 2, users.users),
    _get(r"/users/\$count", needs.USERS, 1, users.user_count),
    _get(f"/users{_DELTA}", needs.USERS, 1, users.users_delta),
    _get(f"/users/{_ID}", needs.USERS, 1, users.user_by_id),
    _get(f"/users/{_ID}/licenseDetails", needs.LICENCE_DETAILS, 2, users.license_details),
    _get(f"/users/{_ID}/{_MEMBERS}{_CAST}", needs.USER_GROUPS, 2, memberships.memberships),
    _get(f"/users/{_ID}/{_ALL_MEMBERS}{_CAST}", needs.USER_TRANSITIVE_GROUPS, 2, memberships.memberships),
    _get(
        f"/users/{_ID}/mailboxSettings/userPurpose",
        needs.MAILBOX_SETTINGS,
        1,
        mailboxes.user_purpose,
        mailboxes.SERVICE,
    ),
    _get(r"/places/microsoft\.graph\.room", needs.PLACES, 1, mailboxes.rooms, mailboxes.SERVICE),
    _get("/me", needs.SIGNED_IN_USER, 1, users.me),
    _get(f"/me/{_MEMBERS}{_CAST}", needs.OWN_GROUPS, 2, memberships.my_memberships),
    _get(f"/me/{_ALL_MEMBERS}{_CAST}", needs.OWN_TRANSITIVE_GROUPS, 2, memberships.my_memberships),
    _get("/devices", needs.DEVICES, 1, devices.devices),
    _get(r"/devices/\$count", needs.DEVICES, 1, devices.device_count),
    _get(f"/devices{_DELTA}", needs.DEVICE_CHANGES, 1, devices.devices_delta),
    _get(f"/devices/{_ID}", needs.DEVICES, 1, devices.device_by_id),
    _get(f"/devices/{_ID}{_OWNERS_AND_USERS}", needs.DEVICES, 1, devices.registered_people),
    _get("/subscribedSkus", needs.LICENCES, 3, licences.subscribed_skus),
    _get(f"/subscribedSkus/{_ID}", needs.LICENCES, 1, licences.subscribed_sku),
    _get("/directoryRoles", needs.ROLES, 1, roles.directory_roles),
    _get(f"/directoryRoles/{_ID}", needs.ROLES, 1, roles.directory_role),
    _get(f"/directoryRoles/{_ID}/members", needs.ROLES, 1, roles.directory_role_members),
    _get(_DEFINITIONS, needs.ROLES, 1, roles.role_definitions),
    _get(f"{_DEFINITIONS}/{_ID}", needs.ROLES, 1, roles.role_definition),
    _get(_ASSIGNMENTS, needs.ROLES, 1, roles.role_assignments),
    _get(f"{_ASSIGNMENTS}/{_ID}", needs.ROLES, 1, roles.role_assignment),
    _get("/servicePrincipals", needs.APPLICATIONS, 1, applications.service_principals),
    _get(_PRINCIPAL, needs.APPLICATIONS, 1, applications.service_principal),
    _get(f"{_PRINCIPAL}/appRoleAssignments", needs.APPLICATIONS, 2, applications.app_role_assignments),
    _get(f"{_PRINCIPAL}/oauth2PermissionGrants", needs.GRANTS, 2, applications.own_permission_grants),
    _get("/oauth2PermissionGrants", needs.GRANTS, 2, applications.permission_grants),
    _post(f"{_PRINCIPAL}/{_ROLES_OF}", needs.ROLE_GRANTS, 1, applications.assign_app_role),
    _get("/tenantRelationships/delegatedAdminCustomers", needs.RELATIONSHIPS, 1, admin_relationships.customers),
    _get(_RELATIONSHIPS, needs.RELATIONSHIPS, 1, admin_relationships.relationships),
    _get(f"{_RELATIONSHIPS}/{_ID}", needs.RELATIONSHIPS, 1, admin_relationships.relationship),
    _get(f"{_RELATIONSHIPS}/{_ID}/accessAssignments", needs.RELATIONSHIPS, 1, admin_relationships.access_assignments),
    _get("/contracts", needs.CONTRACTS, 3, admin_relationships.contracts),
    _delete(_PRINCIPAL, needs.APPLICATION_REMOVAL, 1, applications.delete_service_principal),
    _delete(f"{_PRINCIPAL}/{_ROLES_OF}/{_ID}", needs.ROLE_GRANTS, 1, applications.remove_app_role),
    _get("/groups", needs.GROUPS, 1, groups.groups),
    _get(f"/groups{_DELTA}", needs.GROUPS, 1, groups.groups_delta),
    _get(f"/groups/{_ID}", needs.GROUPS, 1, groups.group_by_id),
    _get(f"/groups/{_ID}/(members)", needs.GROUPS, 3, groups.members),
    _get(f"/groups/{_ID}/(transitiveMembers)", needs.GROUPS, 5, groups.members),
    _get(_SCORES, needs.SCORES, 1, secure_score.secure_scores, _SECURE_SCORE),
    _get(_CONTROLS, needs.SCORES, 1, secure_score.control_profiles, _SECURE_SCORE),
    _get(f"{_CONTROLS}/{_ID}", needs.SCORES, 1, secure_score.control_profile, _SECURE_SCORE),
    _get(_REGISTRATIONS, needs.REGISTRATIONS, 1, registrations.registration_details, "reports"),
    _get(f"{_REGISTRATIONS}/{_ID}", needs.REGISTRATIONS, 1, registrations.registration_details_of, "reports"),
    _get(_CONDITIONAL_ACCESS, needs.POLICIES, 1, policies.conditional_access_policies, "conditional access"),
    _get(f"{_CONDITIONAL_ACCESS}/{_ID}", needs.POLICIES, 1, policies.conditional_access_policy, "conditional access"),
    _get(_NAMED_LOCATIONS, needs.POLICIES, 1, settings.named_locations, "conditional access"),
    _get("/policies/adminConsentRequestPolicy", needs.POLICIES, 1, settings.admin_consent_requests),
    _get(f"{_CROSS_TENANT}/default", needs.POLICIES, 1, settings.cross_tenant_default),
    _get(f"{_CROSS_TENANT}/partners", needs.POLICIES, 1, settings.cross_tenant_partners),
    _get("/groupSettings", needs.GROUP_SETTINGS, 1, settings.group_settings),
    _get(f"/policies/{_SECURITY_DEFAULTS}", needs.POLICIES, 1, policies.security_defaults),
    _get("/policies/authorizationPolicy", needs.POLICIES, 1, policies.authorization_policy),
    _get(_METHODS_POLICY, needs.POLICIES, 1, policies.authentication_methods_policy),
    _get(_STRENGTHS, needs.POLICIES, 1, policies.authentication_strengths),
    _get(f"{_STRENGTHS}/{_ID}", needs.POLICIES, 1, policies.authentication_strength),
    _get(f"{_SCHEDULES}AssignmentScheduleInstances", needs.ROLE_SCHEDULES, 1, role_management.assignment_schedules),
    _get(f"{_SCHEDULES}EligibilityScheduleInstances", needs.ROLE_SCHEDULES, 1, role_management.eligibility_schedules),
    _get("/policies/roleManagementPolicyAssignments", needs.ROLE_POLICIES, 1, role_management.policy_assignments),
    _get("/policies/defaultAppManagementPolicy", needs.POLICIES, 1, app_management.default_policy),
    _get("/policies/appManagementPolicies", needs.POLICIES, 1, app_management.policies),
    _get(
        f"/servicePrincipals/{_ID}/delegatedPermissionClassifications",
        needs.CLASSIFICATIONS,
        1,
        app_management.permission_classifications,
    ),
    _get("/subscriptions", needs.USERS, 1, subscriptions.subscriptions),
    _post("/subscriptions", needs.USERS, 1, subscriptions.subscribe),
    _delete(f"/subscriptions/{_ID}", needs.USERS, 1, subscriptions.unsubscribe),
    _get("/directory/subscriptions", needs.SUBSCRIPTIONS, 1, licences.subscriptions),
    _get(f"/directory/subscriptions/{_ID}", needs.SUBSCRIPTIONS, 1, licences.subscription),
    _get(
        "/deviceManagement/managedDevices",
        needs.MANAGED_DEVICES,
        1,
        managed_devices.managed_devices,
        managed_devices.SERVICE,
    ),
    _get(
        f"/deviceManagement/managedDevices/{_ID}",
        needs.MANAGED_DEVICES,
        1,
        managed_devices.managed_device_by_id,
        managed_devices.SERVICE,
    ),
    _get(
        f"/deviceManagement/managedDevices/{_ID}/users",
        needs.MANAGED_DEVICES,
        1,
        managed_devices.users_of_device,
        managed_devices.SERVICE,
    ),
)


# What is served below /beta, too, with more properties there.
_ON_BETA = frozenset({_CONDITIONAL_ACCESS, f"{_CONDITIONAL_ACCESS}/{_ID}", _METHODS_POLICY})


def find(method: str, path: str, version: str) -> tuple[GraphRoute, list[str | None]]:
    """The route of a request and the parts of its address."""
    matching = [(route, match) for route in ROUTES if (match := route.path.fullmatch(path))]
    if version == BETA:
        matching = [(route, match) for route, match in matching if route.path.pattern in _ON_BETA]
    for route, match in matching:
        if route.method == method:
            arguments = list(match.groups())
            by_app_id = len(arguments) > 1 and route.path.pattern.startswith(_PRINCIPAL)
            return route, [arguments[0] or arguments[1], *arguments[2:]] if by_app_id else arguments
    if matching:
        raise GraphError(405, "Request_BadRequest", f"{method} is not allowed for this resource.")
    raise bad_request(f"Resource not found for the segment '{path.split('/')[1]}'.", "BadRequest")
