"""Policies: Conditional Access, security defaults, authorization, authentication methods and strengths.

Sources: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies,
https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get,
https://learn.microsoft.com/graph/api/authorizationpolicy-get,
https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get,
https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
"""

from typing import Any

from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply
from local.microsoft.graph.protocol.errors import GraphError, not_found
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.policies.methods import REPORT_SUSPICIOUS, strength
from local.microsoft.world.posture import policy

_POLICY = EntityType("conditionalAccessPolicy", dict.fromkeys(policy("")))
_DEFAULTS = EntityType(
    "identitySecurityDefaultsEnforcementPolicy",
    {
        "id": "00000000-0000-0000-0000-000000000005", "deletedDateTime": None, "displayName": "Security Defaults",
        "description": "Basic identity security recommended by Microsoft.", "isEnabled": False,
    },
)  # fmt: skip
_AUTHORIZATION = EntityType(
    "authorizationPolicy",
    {
        "id": "authorizationPolicy", "deletedDateTime": None, "displayName": "Authorization Policy",
        "description": "Used to manage authorization related settings across the company.",
        "allowInvitesFrom": "everyone", "allowedToSignUpEmailBasedSubscriptions": True, "allowedToUseSSPR": True,
        "allowEmailVerifiedUsersToJoinOrganization": False, "allowUserConsentForRiskyApps": None,
        "blockMsolPowerShell": False, "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
        "defaultUserRolePermissions": {
            "allowedToCreateApps": True, "allowedToCreateSecurityGroups": True, "allowedToCreateTenants": True,
            "allowedToReadBitlockerKeysForOwnedDevice": True, "allowedToReadOtherUsers": True,
            "permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.microsoft-user-default-low"],
        },
    },
)  # fmt: skip
_STRENGTH = EntityType("authenticationStrengthPolicy", dict.fromkeys(strength("")))
_EVERYBODY = {"targetType": "group", "id": "all_users"}
_METHODS_POLICY = EntityType(
    "authenticationMethodsPolicy",
    {
        "id": "authenticationMethodsPolicy", "displayName": "Authentication Methods Policy",
        "description": "The tenant-wide policy that controls which authentication methods are allowed.",
        "lastModifiedDateTime": "2025-05-05T10:00:00Z", "policyVersion": "1.5", "reconfirmationInDays": None,
        "policyMigrationState": "migrationComplete",
        "registrationEnforcement": {
            "authenticationMethodsRegistrationCampaign": {
                "snoozeDurationInDays": 1, "state": "default", "excludeTargets": [],
                "includeTargets": [{**_EVERYBODY, "targetedAuthenticationMethod": "microsoftAuthenticator"}],
            }
        },
        "authenticationMethodConfigurations": [],
    },
)  # fmt: skip
_BETA_METHODS_POLICY = EntityType(
    "authenticationMethodsPolicy",
    {
        **_METHODS_POLICY.empty, "reportSuspiciousActivitySettings": REPORT_SUSPICIOUS,
        "systemCredentialPreferences": {"state": "default", "includeTargets": [_EVERYBODY], "excludeTargets": []},
    },
)  # fmt: skip
# Properties, however deep they are, that v1.0 does not know.
_ON_BETA_ALONE = frozenset(
    {
        "agentIdRiskLevels", "includeAgentIdServicePrincipals", "excludeAgentIdServicePrincipals",
        "agentIdServicePrincipalFilter", "numberMatchingRequiredState", "companionAppAllowedState",
        "reportSuspiciousActivitySettings",
    }
)  # fmt: skip


def conditional_access_policies(request: GraphRequest) -> Reply:
    check_licence(request)
    policies = request.tenant.posture.conditional_access.values() if request.tenant.is_premium() else ()
    value = [_in_version(request, it) for it in policies]
    return collection_reply(
        request, _POLICY, value, "identity/conditionalAccess/policies", "$filter", "$top", "$skip", "$count"
    )


def conditional_access_policy(request: GraphRequest, key: str) -> Reply:
    check_licence(request)
    rule = request.tenant.posture.conditional_access.get(key.lower())
    if rule is None:
        raise not_found(key)
    return entity_reply(request, _POLICY, _in_version(request, rule), "identity/conditionalAccess/policies")


def security_defaults(request: GraphRequest) -> Reply:
    properties: Object = {"isEnabled": request.tenant.posture.security_defaults}
    return entity_reply(request, _DEFAULTS, properties, "policies/identitySecurityDefaultsEnforcementPolicy")


def authorization_policy(request: GraphRequest) -> Reply:
    return entity_reply(request, _AUTHORIZATION, request.tenant.posture.authorization, "policies/authorizationPolicy")


def authentication_methods_policy(request: GraphRequest) -> Reply:
    posture = request.tenant.posture
    methods: Object = {"authenticationMethodConfigurations": list(posture.methods.values())}
    properties = _in_version(request, methods | posture.authentication_methods)
    entity_type = _BETA_METHODS_POLICY if request.is_beta else _METHODS_POLICY
    return entity_reply(request, entity_type, properties, "policies/authenticationMethodsPolicy")


def authentication_strengths(request: GraphRequest) -> Reply:
    check_licence(request)
    value = list(request.tenant.posture.strengths.values())
    options = ("$filter", "$top", "$skip", "$count")
    return collection_reply(request, _STRENGTH, value, "policies/authenticationStrengthPolicies", *options)


def authentication_strength(request: GraphRequest, key: str) -> Reply:
    check_licence(request)
    found = request.tenant.posture.strengths.get(key.lower())
    if found is None:
        raise not_found(key)
    return entity_reply(request, _STRENGTH, found, "policies/authenticationStrengthPolicies")


def _in_version(request: GraphRequest, value: Any) -> Any:
    """What the request's version knows of a value."""
    if request.is_beta:
        return value
    if isinstance(value, dict):
        return {name: _in_version(request, it) for name, it in value.items() if name not in _ON_BETA_ALONE}
    return [_in_version(request, it) for it in value] if isinstance(value, list) else value


def check_licence(request: GraphRequest) -> None:
    """Without Entra ID P1 Conditional Access refuses, or has nothing to show."""
    if not request.tenant.is_premium() and request.world.switches.unlicensed_conditional_access == "denied":
        raise GraphError(403, "AccessDenied", "Your tenant is not licensed for this feature.")
