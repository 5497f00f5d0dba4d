"""Policies: Conditional Access, security defaults, authorization, authentication methods.

Sources: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies,
https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get,
https://learn.microsoft.com/graph/api/authorizationpolicy-get,
https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get
"""

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import GraphError, missing
from local.microsoft.graph.kinds import Kind, every, one
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.posture import policy

_POLICY = Kind("conditionalAccessPolicy", dict.fromkeys(policy("")))
_DEFAULTS = Kind(
    "identitySecurityDefaultsEnforcementPolicy",
    {
        "id": "00000000-0000-0000-0000-000000000005", "deletedDateTime": None, "displayName": "Security Defaults",
        "description": "Basic identity security recommended by Microsoft.", "isEnabled": False,
    },
)  # fmt: skip
_AUTHORIZATION = Kind(
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
_EVERYBODY = {"targetType": "group", "id": "all_users"}
_METHODS = {"Fido2": "fido2", "MicrosoftAuthenticator": "microsoftAuthenticator", "Sms": "sms", "Voice": "voice"}
_ENABLED = frozenset({"MicrosoftAuthenticator", "Fido2"})
_METHODS_POLICY = Kind(
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
        "authenticationMethodConfigurations": [
            {
                "@odata.type": f"#microsoft.graph.{word}AuthenticationMethodConfiguration",
                "id": name,
                "state": "enabled" if name in _ENABLED else "disabled",
                "excludeTargets": [],
            }
            for name, word in _METHODS.items()
        ],
    },
)  # fmt: skip


def conditional_access_policies(ask: Ask) -> Reply:
    check_licence(ask)
    value = list(ask.tenant.posture.conditional_access.values()) if ask.tenant.is_premium() else []
    return every(ask, _POLICY, value, "identity/conditionalAccess/policies", "$filter", "$top", "$skip", "$count")


def conditional_access_policy(ask: Ask, key: str) -> Reply:
    check_licence(ask)
    found = ask.tenant.posture.conditional_access.get(key.lower())
    if found is None:
        raise missing(key)
    return one(ask, _POLICY, found, "identity/conditionalAccess/policies")


def security_defaults(ask: Ask) -> Reply:
    told: Object = {"isEnabled": ask.tenant.posture.security_defaults}
    return one(ask, _DEFAULTS, told, "policies/identitySecurityDefaultsEnforcementPolicy")


def authorization_policy(ask: Ask) -> Reply:
    return one(ask, _AUTHORIZATION, ask.tenant.posture.authorization, "policies/authorizationPolicy")


def authentication_methods_policy(ask: Ask) -> Reply:
    told = ask.tenant.posture.authentication_methods
    return one(ask, _METHODS_POLICY, told, "policies/authenticationMethodsPolicy")


def check_licence(ask: Ask) -> None:
    """Without Entra ID P1 Conditional Access refuses, or has nothing to show."""
    if not ask.tenant.is_premium() and ask.world.switches.unlicensed_conditional_access == "denied":
        raise GraphError(403, "AccessDenied", "Your tenant is not licensed for this feature.")
