"""A tenant that meets every control, as Microsoft Graph answers, and changes to it."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from tests.baselines.recorded import Answers

P1, P2 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"
INTUNE = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
ROLES = {
    GLOBAL: "Global Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
}
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
STRONG = ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"]

CA = "/v1.0/identity/conditionalAccess/policies"
AGENT_CA = "/beta/identity/conditionalAccess/policies"
METHODS = "/v1.0/policies/authenticationMethodsPolicy"
BETA_METHODS = "/beta/policies/authenticationMethodsPolicy"
AUTHORIZATION = "/v1.0/policies/authorizationPolicy"
CONSENT = "/v1.0/policies/adminConsentRequestPolicy"
SETTINGS = "/v1.0/groupSettings"
APPS = "/v1.0/policies/defaultAppManagementPolicy"
CUSTOM_APPS = "/v1.0/policies/appManagementPolicies"
DOMAINS = "/v1.0/domains"
USERS = "/v1.0/users"
GROUPS = "/v1.0/groups"
DIRECTORY_ROLES = "/v1.0/directoryRoles"
ASSIGNMENTS = "/v1.0/roleManagement/directory/roleAssignmentScheduleInstances"
ELIGIBILITIES = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
RULES = "/v1.0/policies/roleManagementPolicyAssignments"
ORGANIZATION = "/v1.0/organization"
SKUS = "/v1.0/subscribedSkus"
STRENGTHS = "/v1.0/policies/authenticationStrengthPolicies"
APIS = "/v1.0/servicePrincipals"
GRAPH_API = "api-graph"
CLASSIFICATIONS = f"{APIS}/{GRAPH_API}/delegatedPermissionClassifications"
_ROLE_TYPE = "#microsoft.graph.user"

Change = Callable[[Answers], None]


def policy(name: str, *, grant: dict[str, Any] | None = None, **conditions: Any) -> dict[str, Any]:
    """A policy for everybody and everything that blocks; with other conditions and requirements if given."""
    whole = {
        "users": {"includeUsers": ["All"], "excludeUsers": [], "excludeGroups": [], "excludeRoles": []},
        "applications": {"includeApplications": ["All"], "excludeApplications": []},
        "clientAppTypes": ["all"],
    }
    return {
        "id": name.lower().replace(" ", "-"),
        "displayName": name,
        "state": "enabled",
        "conditions": {**whole, **conditions},
        "grantControls": {"operator": "OR", "builtInControls": ["block"]} | (grant or {}),
    }


def strength(*combinations: str, **more: Any) -> dict[str, Any]:
    made = {"id": "strength-1", "displayName": "Made", "allowedCombinations": list(combinations), **more}
    return {"builtInControls": [], "authenticationStrength": made}


DEVICES = {"builtInControls": ["compliantDevice", "domainJoinedDevice"]}
AGENTS = {"includeAgentIdServicePrincipals": ["All"]}


def _policies() -> list[dict[str, Any]]:
    registering = {"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]}
    roles = {"includeUsers": [], "includeRoles": list(ROLES)}
    return [
        policy("Block legacy", clientAppTypes=["exchangeActiveSync", "other"]),
        policy("Block risky users", userRiskLevels=["high"]),
        policy("Block risky sign-ins", signInRiskLevels=["high"]),
        policy("Strong MFA", grant=strength(*STRONG)),
        policy("MFA", grant={"builtInControls": ["mfa"]}),
        policy("Strong MFA for administrators", grant=strength(*STRONG), users=roles),
        policy("Managed devices", grant=DEVICES),
        policy("Managed devices to register", grant=DEVICES, applications=registering),
        policy("Block device codes", authenticationFlows={"transferMethods": "deviceCodeFlow"}),
    ]


def _feature() -> dict[str, Any]:
    return {"state": "enabled", "includeTarget": {"id": "all_users", "targetType": "group"}}


def _methods() -> dict[str, Any]:
    features = {
        "displayAppInformationRequiredState": _feature(),
        "displayLocationInformationRequiredState": _feature(),
        "numberMatchingRequiredState": _feature(),
    }
    keys = {"isEnforced": True, "enforcementType": "allow", "aaGuids": ["de1e552d-db1d-4423-a619-566b625cdc84"]}
    return {
        "id": "authenticationMethodsPolicy",
        "policyMigrationState": "migrationComplete",
        "reportSuspiciousActivitySettings": _feature(),
        "authenticationMethodConfigurations": [
            {"id": "MicrosoftAuthenticator", "state": "enabled", "isSoftwareOathEnabled": False,
             "featureSettings": features, "includeTargets": [{"id": "all_users", "targetType": "group"}]},
            {"id": "Fido2", "state": "enabled", "isSelfServiceRegistrationAllowed": True,
             "isAttestationEnforced": True, "keyRestrictions": keys},
            {"id": "TemporaryAccessPass", "state": "enabled", "isUsableOnce": True},
            {"id": "Sms", "state": "disabled", "includeTargets": []},
            {"id": "Voice", "state": "disabled"},
            {"id": "Email", "state": "disabled"},
        ],
    }  # fmt: skip


def _authorization() -> dict[str, Any]:
    return {
        "id": "authorizationPolicy",
        "allowInvitesFrom": "adminsAndGuestInviters",
        "guestUserRoleId": "2af84b1e-32c8-42b7-82bc-daa82404023b",
        "allowedToUseSSPR": False,
        "allowEmailVerifiedUsersToJoinOrganization": False,
        "allowedToSignUpEmailBasedSubscriptions": False,
        "allowUserConsentForRiskyApps": False,
        "defaultUserRolePermissions": {
            "allowedToCreateApps": False,
            "allowedToReadOtherUsers": True,
            "permissionGrantPoliciesAssigned": [
                "ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-team",
                "ManagePermissionGrantsForSelf.microsoft-user-default-low",
            ],
        },
    }


def setting(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _settings() -> list[dict[str, Any]]:
    consent = [("EnableGroupSpecificConsent", "False"), ("BlockUserConsentForRiskyApps", "true"),
               ("EnableAdminConsentRequests", "True")]  # fmt: skip
    passwords = [("BannedPasswordCheckOnPremisesMode", "Enforce"), ("EnableBannedPasswordCheckOnPremises", "True"),
                 ("EnableBannedPasswordCheck", "true"), ("LockoutDurationInSeconds", "60"),
                 ("LockoutThreshold", "10")]  # fmt: skip
    groups = [("AllowGuestsToBeGroupOwner", "false"), ("AllowGuestsToAccessGroups", "True")]
    named = {"Consent Policy Settings": consent, "Password Rule Settings": passwords, "Group.Unified": groups}
    return [
        {"id": name, "displayName": name, "values": [setting(*it) for it in values]} for name, values in named.items()
    ]


def restriction(kind: str, longest: str | None = None, **more: Any) -> dict[str, Any]:
    since = {"restrictForAppsCreatedAfterDateTime": None}
    return {"restrictionType": kind, "state": "enabled", "maxLifetime": longest, **since, **more}


def _app_restrictions() -> dict[str, Any]:
    return {
        "passwordCredentials": [restriction("passwordAddition"), restriction("passwordLifetime", "P180D")],
        "keyCredentials": [restriction("asymmetricKeyLifetime", "P365D")],
    }


def domain(name: str, **more: Any) -> dict[str, Any]:
    whole = {"isVerified": True, "isRoot": True, "authenticationType": "Managed", "isDefault": False}
    return {"id": name, "passwordValidityPeriodInDays": 2147483647, **whole, **more}


def user(user_id: str, **more: Any) -> dict[str, Any]:
    return {"id": user_id, "displayName": user_id, "userPrincipalName": f"{user_id}@contoso.example",
            "onPremisesImmutableId": None, **more}  # fmt: skip


def member(member_id: str, kind: str = "user") -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": member_id, "displayName": member_id}


def instance(role: str, principal: str, **more: Any) -> dict[str, Any]:
    """A role that is given for a week."""
    times = {"startDateTime": "2026-11-24T09:00:00Z", "endDateTime": "2026-12-01T09:00:00Z"}
    ids = {"id": f"{role}-{principal}", "roleDefinitionId": role, "principalId": principal}
    return {**ids, "directoryScopeId": "/", "assignmentType": "Assigned", "memberType": "Direct", **times, **more}


def rules(role: str, scope: tuple[str, str] = ("/", "DirectoryRole")) -> dict[str, Any]:
    told = {"notificationRecipients": ["soc@contoso.example"], "notificationType": "Email"}
    kinds = ("Notification_Admin_Admin_Assignment", "Notification_Admin_Admin_Eligibility",
             "Notification_Admin_EndUser_Assignment")  # fmt: skip
    approval = {"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": True}}
    return {
        "id": f"{scope[0]}-{role}",
        "roleDefinitionId": role,
        "scopeId": scope[0],
        "scopeType": scope[1],
        "policy": {"rules": [approval, *({"id": kind, **told} for kind in kinds)]},
    }


def good() -> Answers:
    """The answers of a tenant that meets every control, with two Global Administrators and two other administrators."""
    administrators = {GLOBAL: ["ada", "ben"], USER_ADMINISTRATOR: ["cleo", "dan"]}
    roles = [{"id": f"dir-{it}", "roleTemplateId": it, "displayName": ROLES[it]} for it in administrators]
    plans = [{"servicePlanId": it, "capabilityStatus": "Enabled"} for it in (P1, P2, INTUNE)]
    agents = policy("Block risky agents", clientApplications=AGENTS, agentIdRiskLevels="high", users={})
    return {
        ORGANIZATION: {"value": [{"id": "t", "displayName": "Contoso", "assignedPlans": plans}]},
        SKUS: {"value": []},
        CA: {"value": _policies()},
        AGENT_CA: {"value": [agents]},
        STRENGTHS: {"value": []},
        METHODS: _methods(),
        BETA_METHODS: _methods(),
        AUTHORIZATION: _authorization(),
        CONSENT: {"isEnabled": True, "notifyReviewers": True, "remindersEnabled": True, "requestDurationInDays": 30},
        SETTINGS: {"value": _settings()},
        APPS: {"id": "default", "isEnabled": True, "applicationRestrictions": _app_restrictions(),
               "servicePrincipalRestrictions": _app_restrictions()},
        CUSTOM_APPS: {"value": []},
        DOMAINS: {"value": [domain("contoso.example"), domain("sub.contoso.example", isRoot=False,
                                                               passwordValidityPeriodInDays=None)]},
        USERS: {"value": [user(it) for it in ("ada", "ben", "cleo", "dan", "eve")]},
        GROUPS: {"value": []},
        DIRECTORY_ROLES: {"value": roles},
        **{f"{DIRECTORY_ROLES}/dir-{role}/members": {"value": [member(it) for it in people]}
           for role, people in administrators.items()},
        ASSIGNMENTS: {"value": [instance(role, it) for role, people in administrators.items() for it in people]},
        ELIGIBILITIES: {"value": []},
        RULES: {"value": [rules(it) for it in ROLES]},
        APIS: {"value": [{"id": GRAPH_API, "appId": "00000003-0000-0000-c000-000000000000"}]},
        CLASSIFICATIONS: {"value": []},
    }  # fmt: skip


@cache
def _good() -> bytes:
    return msgspec.json.encode(good())


def changed(*changes: Change) -> Answers:
    """The good tenant after these changes."""
    answers: Answers = msgspec.json.decode(_good())
    for change in changes:
        change(answers)
    return answers
