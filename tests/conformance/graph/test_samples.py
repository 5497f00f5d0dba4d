"""The oracle accepts what Microsoft's own documentation shows."""

import pytest

from tests.conformance.graph import Description, Granted, Oracle
from tests.conformance.graph.samples import (
    ADMIN_RELATIONSHIP,
    ANA,
    ASSIGNMENT,
    CUSTOMER,
    DEVICE,
    DOMAIN,
    MANAGED_DEVICE,
    ORGANIZATION,
    POLICY,
    REGISTRATION,
    RELATIONSHIP,
    ROOT,
    SECURE_SCORE,
    SUBSCRIBED_SKU,
    USER,
    context,
    error,
    exchange,
)

_DELEGATED = Granted(scopes=frozenset({"User.Read", "GroupMember.Read.All"}))
_NEXT = f"{ROOT}/v1.0/users?$select=id&$top=999&$skiptoken=RFNwdAIAAQAAAB"
_DELTA = f"{ROOT}/v1.0/users/delta?$deltatoken=0Vsv"
_EVENTUAL = {"consistencylevel": "eventual"}
_BATCH = [
    {"id": "1", "method": "GET", "url": "/users?$top=5"},
    {"id": "2", "method": "GET", "url": "/organization?$select=id"},
]
_REPLIES = [
    {
        "id": "2",
        "status": 429,
        "headers": {"Retry-After": "5", "Content-Type": "application/json"},
        "body": error("TooManyRequests", code="429"),
    },
    {
        "id": "1",
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "body": {"@odata.context": context("users"), "value": []},
    },
]


def listed(item, **annotations):
    return {**annotations, "value": [item]}


def selecting(item) -> str:
    return "$select=" + ",".join(name for name in item if "@" not in name and name != "registeredOwners")


RIGHT = {
    "organization": exchange("/organization", listed(ORGANIZATION, **{"@odata.context": context("organization")})),
    "organization with $select": exchange(f"/organization?{selecting(ORGANIZATION)}", listed(ORGANIZATION)),
    "domains": exchange("/domains", listed(DOMAIN)),
    "users": exchange(f"/users?{selecting(USER)}", listed(USER, **{"@odata.nextLink": _NEXT})),
    "an empty page that goes on": exchange("/users?$select=id", {"value": [], "@odata.nextLink": _NEXT}),
    "the next page": exchange("/users?$select=id&$top=999&$skiptoken=RFNw", {"value": [{"id": ANA}]}),
    "users counted": exchange(
        "/users?$select=id&$filter=userType ne 'Guest'&$count=true",
        {"@odata.count": 1, "value": [{"id": ANA}]},
        asked=_EVENTUAL,
    ),
    "a bare count": exchange("/users/$count", b"27", asked=_EVENTUAL, told={"content-type": "text/plain"}),
    "users with one relation": exchange(
        "/users?$select=id&$expand=manager($select=id)", {"value": [{"id": ANA, "manager": None}]}
    ),
    "a delta's page": exchange(
        "/users/delta?$select=id,displayName,accountEnabled",
        {
            "@odata.context": context("users(id,displayName,accountEnabled)/$delta"),
            "@odata.deltaLink": _DELTA,
            "value": [
                {"id": ANA, "displayName": "Ana Ruiz", "accountEnabled": False},
                {"id": "77aa0000-0000-4000-8000-0000000000c2", "@removed": {"reason": "changed"}},
            ],
        },
    ),
    "a delta from now on": exchange(
        "/users/delta?$deltatoken=latest&$select=id", {"value": [], "@odata.deltaLink": _DELTA}
    ),
    "a delta spelled as a function": exchange(
        "/users/delta()?$deltatoken=1", {"value": [], "@odata.deltaLink": _DELTA}
    ),
    "subscribed SKUs": exchange("/subscribedSkus", listed(SUBSCRIBED_SKU)),
    "registration details": exchange(
        "/reports/authenticationMethods/userRegistrationDetails",
        listed(REGISTRATION),
        told={"x-ms-resource-unit": None},
    ),
    "secure scores": exchange("/security/secureScores?$top=1", listed(SECURE_SCORE)),
    "devices with owners": exchange(f"/devices?{selecting(DEVICE)}&$expand=registeredOwners", listed(DEVICE)),
    "managed devices": exchange("/deviceManagement/managedDevices", listed(MANAGED_DEVICE, **{"@odata.count": 1})),
    "Conditional Access": exchange("/identity/conditionalAccess/policies", listed(POLICY)),
    "partner customers": exchange("/tenantRelationships/delegatedAdminCustomers?$top=300", listed(CUSTOMER)),
    "admin relationships": exchange(
        "/tenantRelationships/delegatedAdminRelationships?$filter=status eq 'active'", listed(ADMIN_RELATIONSHIP)
    ),
    "access assignments": exchange(
        f"/tenantRelationships/delegatedAdminRelationships/{RELATIONSHIP}/accessAssignments", listed(ASSIGNMENT)
    ),
    "one's own roles": exchange(
        "/me/transitiveMemberOf/microsoft.graph.directoryRole",
        {"value": [{"id": ANA, "displayName": "Global Administrator"}]},
        granted=_DELEGATED,
    ),
    "one's own groups": exchange(
        "/me/transitiveMemberOf/microsoft.graph.group?$select=id&$count=true&$top=999",
        {"@odata.count": 1, "value": [{"id": ANA}]},
        granted=_DELEGATED,
        asked=_EVENTUAL,
    ),
    "a member of another type": exchange(
        "/directoryRoles/1/members", listed({"@odata.type": "#microsoft.graph.user", "id": ANA, "surname": "Ruiz"})
    ),
    "a service principal by its app": exchange(
        "/servicePrincipals(appId='c0ffee00-0000-4000-8000-000000000001')?$select=id", {"id": ANA}
    ),
    "disconnecting": exchange("/servicePrincipals/1", b"", method="DELETE", status=204, told={"content-type": None}),
    "checking one's groups": exchange(
        "/me/checkMemberGroups",
        {"value": [ANA]},
        method="POST",
        sent={"groupIds": [ANA]},
        asked={"content-type": "application/json"},
        granted=_DELEGATED,
    ),
    "refused": exchange("/users", error("Authorization_RequestDenied"), status=403),
    "not licensed": exchange(
        "/users?$select=id,signInActivity",
        error("Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
        status=403,
    ),
    "throttled": exchange(
        "/users",
        error("TooManyRequests", code="429", status="429"),
        status=429,
        told={
            "retry-after": "10",
            "x-ms-throttle-scope": "Tenant_Application/ReadWrite/app/tenant",
            "x-ms-throttle-information": "ResourceUnitLimitExceeded",
        },
    ),
    "Conditional Access throttled": exchange(
        "/identity/conditionalAccess/policies", error("TooManyRequests"), status=429
    ),
    "start the delta again": exchange(
        "/users/delta?$deltatoken=old",
        error("syncStateNotFound"),
        status=410,
        told={"location": f"{ROOT}/v1.0/users/delta?$deltatoken="},
    ),
    "a delta expired otherwise": exchange("/users/delta?$deltatoken=old", error("SyncStateNotFound"), status=400),
    "a finer code inside": exchange("/users", error("UnknownError", code="AccessDenied"), status=403),
    "a batch": exchange(
        "/$batch",
        {"responses": _REPLIES},
        method="POST",
        sent={"requests": _BATCH},
        asked={"content-type": "application/json"},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_microsoft_documents_is_no_mismatch(description: Description, name):
    assert [str(mismatch) for mismatch in Oracle(description, ROOT).judge([RIGHT[name]])] == []
