"""The simulated Graph answers as Microsoft describes, at every path it serves and in every form of answer."""

import time

import pytest

from local.microsoft.graph.routes import ROUTES
from tests.conformance.graph import Oracle
from tests.conformance.simulator.caller import CLIENT_ID, Caller, assert_conforms
from tests.conformance.simulator.test_notifications import SUBSCRIPTION, SUBSCRIPTIONS
from tests.conformance.simulator.test_partners import AS_PARTNER, GRANT, RELATIONSHIP

_USERS = (
    "id,displayName,givenName,surname,userPrincipalName,mail,otherMails,proxyAddresses,accountEnabled,userType,"
    "externalUserState,createdDateTime,department,jobTitle,companyName,employeeId,mobilePhone,businessPhones,"
    "usageLocation,onPremisesSyncEnabled,lastPasswordChangeDateTime,passwordPolicies,assignedLicenses,"
    "licenseAssignmentStates,assignedPlans"
)
_TRACKED = (
    "id,displayName,givenName,surname,userPrincipalName,mail,accountEnabled,userType,jobTitle,department,"
    "mobilePhone,businessPhones,usageLocation,assignedLicenses"
)
_DEVICES = (
    "id,deviceId,displayName,operatingSystem,operatingSystemVersion,trustType,profileType,isManaged,isCompliant,"
    "managementType,accountEnabled,approximateLastSignInDateTime,registrationDateTime,manufacturer,model"
)
_MANAGED = (
    "id,azureADDeviceId,deviceName,serialNumber,manufacturer,model,operatingSystem,osVersion,userId,"
    "userPrincipalName,userDisplayName,complianceState,managementState,managedDeviceOwnerType,managementAgent,"
    "deviceEnrollmentType,enrolledDateTime,lastSyncDateTime,isEncrypted"
)
_EVENTUAL = {"ConsistencyLevel": "eventual"}

# What an application may ask; {words} stand for ids of the tenant's things, see ``filled``.
AS_APPLICATION = [
    ("/organization", {}),
    ("/organization?$select=id,displayName,verifiedDomains,assignedPlans,partnerTenantType", {}),
    ("/domains", {}),
    ("/domains?$select=id,isDefault", {}),
    ("/users", {}),
    ("/users?$top=5", {}),
    (f"/users?$top=999&$select={_USERS}", {}),
    ("/users?$select=displayName", {}),
    ("/users?$filter=accountEnabled eq true&$select=id", {}),
    ("/users?$filter=userPrincipalName eq 'nobody@contoso.example'", {}),
    ("/users?$select=id&$count=true", _EVENTUAL),
    ("/users/{user}", {}),
    (f"/users/{{user}}?$select={_USERS}", {}),
    ("/users/{user}/memberOf", {}),
    ("/users/{user}/transitiveMemberOf", {}),
    ("/users/{user}/transitiveMemberOf/microsoft.graph.directoryRole", {}),
    ("/users/{user}/transitiveMemberOf/microsoft.graph.group", {}),
    ("/users/{user}/memberOf/microsoft.graph.directoryRole", {}),
    ("/users/delta", {}),
    ("/users/delta()", {}),
    (f"/users/delta?$select={_TRACKED}", {}),
    ("/users/delta?$deltatoken=latest", {}),
    ("/users/delta?$deltatoken=latest&$select=id,displayName", {}),
    ("/devices", {}),
    ("/devices?$top=2", {}),
    (f"/devices?$select={_DEVICES}", {}),
    ("/devices/delta", {}),
    ("/devices/delta?$select=id,displayName", {}),
    ("/devices/{device}/registeredOwners", {}),
    ("/subscribedSkus", {}),
    ("/subscribedSkus?$select=skuId,skuPartNumber,consumedUnits,prepaidUnits", {}),
    ("/directoryRoles", {}),
    ("/directoryRoles?$select=id,roleTemplateId", {}),
    ("/roleManagement/directory/roleAssignments", {}),
    ("/roleManagement/directory/roleAssignments?$expand=principal", {}),
    ("/roleManagement/directory/roleAssignments?$filter=principalId eq '{user}'", {}),
    ("/servicePrincipals", {}),
    ("/servicePrincipals?$filter=appId eq '{app}'&$select=id", {}),
    ("/servicePrincipals/{principal}", {}),
    ("/servicePrincipals/{principal}?$select=id,appId", {}),
    ("/servicePrincipals(appId='{app}')", {}),
    ("/servicePrincipals(appId='{app}')?$select=id", {}),
    ("/servicePrincipals/{principal}/appRoleAssignments", {}),
    ("/servicePrincipals/{principal}/oauth2PermissionGrants", {}),
    ("/oauth2PermissionGrants", {}),
    ("/organization/{organization}", {}),
    ("/domains/{domain}", {}),
    ("/users/$count", _EVENTUAL),
    ("/users/{user}/licenseDetails", {}),
    ("/devices/$count", _EVENTUAL),
    ("/devices/{device}", {}),
    ("/subscribedSkus/{sku}", {}),
    ("/directoryRoles/{role}", {}),
    ("/directoryRoles/{role}/members", {}),
    ("/roleManagement/directory/roleDefinitions", {}),
    ("/roleManagement/directory/roleDefinitions/{definition}", {}),
    ("/roleManagement/directory/roleAssignments/{assignment}", {}),
    ("/groups", {}),
    ("/groups?$select=id,displayName&$top=1", {}),
    ("/groups/{group}", {}),
    ("/groups/{group}/members", {}),
    ("/groups/{group}/transitiveMembers?$select=id,displayName", {}),
    ("/groups/delta", {}),
    ("/groups/delta?$select=id,displayName,groupTypes,members", {}),
    ("/groups/delta?$deltatoken=latest&$select=id,displayName,members", {}),
    ("/security/secureScores", {}),
    ("/security/secureScores?$top=1", {}),
    ("/security/secureScores?$top=10&$skip=20&$count=true", {}),
    ("/security/secureScoreControlProfiles", {}),
    ("/security/secureScoreControlProfiles/AdminMFAV2", {}),
    ("/reports/authenticationMethods/userRegistrationDetails", {}),
    ("/reports/authenticationMethods/userRegistrationDetails?$filter=isAdmin eq true", {}),
    ("/reports/authenticationMethods/userRegistrationDetails/{user}", {}),
    ("/policies/identitySecurityDefaultsEnforcementPolicy", {}),
    ("/policies/identitySecurityDefaultsEnforcementPolicy?$select=id,isEnabled", {}),
    ("/policies/authorizationPolicy", {}),
    ("/policies/authorizationPolicy?$select=allowInvitesFrom,defaultUserRolePermissions", {}),
    ("/policies/authenticationStrengthPolicies", {}),
    ("/roleManagement/directory/roleAssignmentScheduleInstances", {}),
    ("/roleManagement/directory/roleEligibilityScheduleInstances", {}),
    ("/policies/adminConsentRequestPolicy", {}),
    ("/policies/crossTenantAccessPolicy/default", {}),
    ("/policies/crossTenantAccessPolicy/partners", {}),
    ("/groupSettings", {}),
    ("/groupSettings?$select=id,displayName,templateId,values", {}),
    ("/directory/subscriptions", {}),
    ("/directory/subscriptions?$select=id,skuId,status,totalLicenses,nextLifecycleDateTime", {}),
    ("/directory/subscriptions/{subscription}", {}),
    ("/deviceManagement/managedDevices", {}),
    (f"/deviceManagement/managedDevices?$select={_MANAGED}", {}),
    ("/deviceManagement/managedDevices?$top=2", {}),
    ("/deviceManagement/managedDevices?$filter=lastSyncDateTime gt 2026-01-10T00:00:00Z&$select=id", {}),
    ("/deviceManagement/managedDevices/{managed}", {}),
    ("/deviceManagement/managedDevices/{managed}/users", {}),
    ("/deviceManagement/managedDevices/{managed}/users?$select=id", {}),
]
# One request a second is all that a tenant may ask of Conditional Access.
ONE_A_SECOND = [
    "/identity/conditionalAccess/policies",
    "/identity/conditionalAccess/policies/{policy}",
    "/identity/conditionalAccess/namedLocations",
]
_OF_ROLES = "$filter=scopeId eq '/' and scopeType eq 'DirectoryRole'&$expand=policy($expand=rules)"
# The description at hand lacks these, or parts of them: that they are served is all that is looked at.
NOT_DESCRIBED = [
    "/policies/authenticationMethodsPolicy",
    "/policies/authenticationStrengthPolicies/{strength}",
    f"/policies/roleManagementPolicyAssignments?{_OF_ROLES}",
    "/policies/roleManagementPolicyAssignments?$filter=scopeId eq '{group}' and scopeType eq 'Group'&$expand=policy",
    "/policies/defaultAppManagementPolicy",
    "/policies/appManagementPolicies?$expand=appliesTo",
    "/servicePrincipals/{principal}/delegatedPermissionClassifications",
    "/users/{user}/mailboxSettings/userPurpose",
    "/places/microsoft.graph.room",
]
# Where the first thing of each kind is found.
_LISTS = {
    "device": "/devices?$top=1&$select=id",
    "organization": "/organization?$select=id",
    "domain": "/domains?$select=id",
    "sku": "/subscribedSkus?$select=id",
    "role": "/directoryRoles",
    "group": "/groups?$select=id",
    "subscription": "/directory/subscriptions?$select=id",
    "managed": "/deviceManagement/managedDevices?$select=id",
    "definition": "/roleManagement/directory/roleDefinitions",
    "strength": "/policies/authenticationStrengthPolicies",
    "assignment": "/roleManagement/directory/roleAssignments",
}
AS_PERSON = [
    ("/me", {}),
    ("/me?$select=id,displayName,userPrincipalName,userType", {}),
    ("/me/memberOf", {}),
    ("/me/transitiveMemberOf", {}),
    ("/me/memberOf/microsoft.graph.directoryRole", {}),
    ("/me/transitiveMemberOf/microsoft.graph.directoryRole", {}),
    ("/me/transitiveMemberOf/microsoft.graph.directoryRole?$select=id,roleTemplateId&$count=true", _EVENTUAL),
    ("/me/transitiveMemberOf/microsoft.graph.group", {}),
    ("/organization", {}),
]
DELETIONS = ["/servicePrincipals/{principal}", "/servicePrincipals(appId='{app}')"]


@pytest.fixture(scope="module")
def caller(cloud):
    found = Caller(cloud, users=30, devices=6, licences=["SPE_E5", "FLOW_FREE"])
    cloud.world.give_role(tenant_id=found.tenant["id"], username=found.tenant["admin"], through_group=True)
    partner = "7d1f0000-0000-4000-8000-0000000000c1"
    cloud.world.put_setting(found.tenant["id"], "partners", partner, tenantId=partner, isServiceProvider=True)
    return found


@pytest.fixture(scope="module")
def person(cloud, caller):
    caller_of_person = Caller(cloud, users=30, devices=6)
    caller_of_person.token = caller_of_person.person_token()
    return caller_of_person


def filled(target: str, caller: Caller) -> str:
    world, tenant = caller.cloud.world, caller.tenant["id"]
    words = {
        **{word: caller.ask(path).answer["value"][0]["id"] for word, path in _LISTS.items() if f"{{{word}}}" in target},
        "policy": world.conditional_access(tenant)[0]["id"],
        "user": world.users(tenant_id=tenant)[0]["id"],
        "principal": world.service_principal(tenant_id=tenant, client_id=CLIENT_ID)["id"],
        "app": CLIENT_ID,
    }
    for word, value in words.items():
        target = target.replace(f"{{{word}}}", value)
    return target


@pytest.mark.parametrize(("target", "headers"), AS_APPLICATION, ids=[target for target, _ in AS_APPLICATION])
def test_an_application_is_answered_as_microsoft_describes(oracle: Oracle, caller, target, headers):
    exchange = caller.ask(filled(target, caller), **headers)
    assert exchange.status == 200, exchange.received
    assert_conforms(oracle, exchange)


@pytest.mark.parametrize(("target", "headers"), AS_PERSON, ids=[target for target, _ in AS_PERSON])
def test_a_person_is_answered_as_microsoft_describes(oracle: Oracle, person, target, headers):
    exchange = person.ask(target, **headers)
    assert exchange.status == 200, exchange.received
    assert_conforms(oracle, exchange)


@pytest.mark.parametrize("target", NOT_DESCRIBED)
def test_an_application_is_answered_where_nobody_describes_it(caller, target):
    exchange = caller.ask(filled(target, caller))
    assert exchange.status == 200, exchange.received


@pytest.mark.parametrize("target", DELETIONS)
def test_an_application_may_remove_itself_where_it_is_let(oracle: Oracle, cloud, target):
    leaving = Caller(cloud, name=f"Leaving {len(target)}", devices=1)
    refused = leaving.ask(filled(target, leaving), "DELETE")
    cloud.world.switch(owned_by_removes_itself=True)
    exchange = leaving.ask(filled(target, leaving), "DELETE")
    cloud.world.switch(owned_by_removes_itself=False)
    assert (refused.status, exchange.status) == (403, 204), exchange.received
    assert_conforms(oracle, refused, exchange)


def test_conditional_access_is_answered_as_microsoft_describes(oracle: Oracle, caller):
    caller.cloud.world.switch(limits={"conditional access": (100, 1.0)})
    for target in ONE_A_SECOND:
        exchange = caller.ask(filled(target, caller))
        assert exchange.status == 200, exchange.received
        assert exchange.answer.get("value", [exchange.answer])
        assert_conforms(oracle, exchange)
    caller.cloud.world.switch(limits={})


def test_a_second_look_at_conditional_access_within_a_second_is_refused_without_a_time(oracle: Oracle, caller):
    time.sleep(1.1)
    first, second = caller.ask(ONE_A_SECOND[0]), caller.ask(ONE_A_SECOND[0])
    assert (first.status, second.status) == (200, 429)
    assert "retry-after" not in second.told
    assert_conforms(oracle, first, second)


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/reports/authenticationMethods/userRegistrationDetails", 403, "Authentication_RequestFromNonPremium"),
        ("/identity/conditionalAccess/policies", 403, "AccessDenied"),
        ("/identity/conditionalAccess/namedLocations", 403, "AccessDenied"),
        ("/deviceManagement/managedDevices", 400, "BadRequest"),
        ("/users?$select=id,signInActivity", 403, "Authentication_RequestFromNonPremium"),
        ("/policies/authenticationStrengthPolicies", 403, "AccessDenied"),
        ("/roleManagement/directory/roleAssignmentScheduleInstances", 403, "AadPremiumLicenseRequired"),
        ("/roleManagement/directory/roleEligibilityScheduleInstances", 403, "AadPremiumLicenseRequired"),
    ],
)
def test_what_was_not_bought_is_refused_as_microsoft_describes(oracle: Oracle, cloud, target, status, code):
    poor = Caller(cloud, name=f"Poor {len(target)}", users=3, premium=False)
    exchange = poor.ask(target)
    assert exchange.status == status
    assert exchange.answer["error"]["code"].startswith(code)
    assert_conforms(oracle, exchange)


def test_every_path_that_is_served_has_been_asked_here(caller):
    asked = [("GET", filled(target, caller).partition("?")[0]) for target, _ in (*AS_APPLICATION, *AS_PERSON)]
    asked += [("GET", filled(target, caller).partition("?")[0]) for target in NOT_DESCRIBED]
    asked += [("GET", target) for target in ONE_A_SECOND]
    asked += [("DELETE", filled(target, caller)) for target in DELETIONS]
    asked += [("GET", target.partition("?")[0].format(relationship=RELATIONSHIP)) for target in AS_PARTNER]
    asked += [("POST", GRANT.format(graph=CLIENT_ID)), ("DELETE", f"{GRANT.format(graph=CLIENT_ID)}/1")]
    asked += [("GET", SUBSCRIPTIONS), ("POST", SUBSCRIPTIONS), ("DELETE", SUBSCRIPTION.format(subscription=CLIENT_ID))]
    never = [
        f"{route.method} {route.path.pattern}"
        for route in ROUTES
        if not any(method == route.method and route.path.fullmatch(path) for method, path in asked)
    ]
    assert never == []
