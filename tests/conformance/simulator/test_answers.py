"""The simulated Graph answers as Microsoft describes, at every path it serves and in every form of answer."""

import pytest

from local.microsoft.directory import ROUTES
from tests.conformance.graph import Oracle
from tests.conformance.simulator.caller import CLIENT_ID, Caller, assert_conforms

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
]
# Where the first thing of each kind is found.
_LISTS = {
    "device": "/devices?$top=1&$select=id",
    "organization": "/organization?$select=id",
    "domain": "/domains?$select=id",
    "sku": "/subscribedSkus?$select=id",
    "role": "/directoryRoles",
    "definition": "/roleManagement/directory/roleDefinitions",
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
    found = Caller(cloud, users=30, devices=6)
    cloud.world.give_role(tenant_id=found.tenant["id"], username=found.tenant["admin"], through_group=True)
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


@pytest.mark.parametrize("target", DELETIONS)
def test_an_application_may_remove_itself(oracle: Oracle, cloud, target):
    leaving = Caller(cloud, name=f"Leaving {len(target)}", devices=1)
    exchange = leaving.ask(filled(target, leaving), "DELETE")
    assert exchange.status == 204, exchange.received
    assert_conforms(oracle, exchange)


def test_every_path_that_is_served_has_been_asked_here(caller):
    asked = [("GET", filled(target, caller).partition("?")[0]) for target, _ in (*AS_APPLICATION, *AS_PERSON)]
    asked += [("DELETE", filled(target, caller)) for target in DELETIONS]
    never = [
        f"{route.method} {route.path.pattern}"
        for route in ROUTES
        if not any(method == route.method and route.path.fullmatch(path) for method, path in asked)
    ]
    assert never == []
