"""The oracle finds what a client does wrong: each case breaks one rule, and that rule must speak."""

import pytest

from tests.conformance.graph import Description, Oracle
from tests.conformance.graph.samples import ANA, RELATIONSHIP, ROOT, exchange

_JSON = {"content-type": "application/json"}
_EVENTUAL = {"consistencylevel": "eventual"}
_CA = {"id": "1", "method": "GET", "url": "/identity/conditionalAccess/policies"}


def get(target, **changes):
    return exchange(target, {"value": []}, **changes)


def post(target, body, *, asked=None, method="POST"):
    return exchange(target, {}, method=method, sent=body, asked=_JSON if asked is None else asked)


def batch(*parts):
    return post("/$batch", {"requests": list(parts)})


def part(name, url="/users", **more):
    return {"id": name, "method": "GET", "url": url, **more}


IDS_51 = " or ".join(f"id eq '{number}'" for number in range(51))

WRONG = [
    # paths
    pytest.param("path", get("/people"), id="a path Graph has, but nobody described to us"),
    pytest.param("path", exchange("/subscribedSkus/1/nothing"), id="a path nobody has"),
    pytest.param("path", post("/users/delta", {}), id="a method the path does not take"),
    pytest.param("path", get("/users", url=f"{ROOT}/beta/users"), id="another version"),
    pytest.param("path", get("/users", url="https://graph.example/v1.0/users"), id="another host"),
    pytest.param("path", get("/organization/microsoft.graph.user"), id="a cast of what is no directory object"),
    # options
    pytest.param("option", get("/users?$skip=5"), id="users do not skip"),
    pytest.param("option", get("/users?$apply=groupby((x))"), id="an option of nowhere"),
    pytest.param("option", get("/users?select=id"), id="an option without its dollar"),
    pytest.param("option", get("/users?$top=5&$top=6"), id="an option twice"),
    pytest.param("option", get("/users/delta?$top=5"), id="deltas have no page size"),
    pytest.param("option", get("/users/delta?$expand=manager"), id="deltas do not expand"),
    pytest.param("option", get("/users/delta?$orderby=id"), id="deltas have no order"),
    pytest.param("option", get("/devices/delta?$top=5"), id="nor do deltas of devices"),
    pytest.param("option", get("/organization?$filter=id eq 'x'"), id="organization is only selected from"),
    pytest.param("option", get("/domains?$top=5"), id="domains are not paged"),
    pytest.param("option", get("/subscribedSkus?$top=5"), id="subscribed SKUs are not paged"),
    pytest.param("option", get("/directoryRoles?$top=5"), id="directory roles are not paged"),
    pytest.param("option", get("/directoryRoles/1/members?$skip=5"), id="nor are their members"),
    pytest.param("option", get("/security/secureScores?$select=id"), id="secure scores are not selected from"),
    pytest.param(
        "option",
        get("/reports/authenticationMethods/userRegistrationDetails?$skip=5"),
        id="registration details do not skip",
    ),
    pytest.param("option", get("/deviceManagement/managedDevices?$skip=5"), id="managed devices do not skip"),
    pytest.param(
        "option",
        get("/tenantRelationships/delegatedAdminRelationships?$expand=accessAssignments"),
        id="relationships do not expand",
    ),
    # page sizes
    pytest.param("top", get("/users?$top=1000"), id="a thousand users a page"),
    pytest.param("top", get("/users?$top=0"), id="no user a page"),
    pytest.param("top", get("/users?$top=many"), id="a page size in words"),
    pytest.param("top", get("/users?$top=-1"), id="a negative page size"),
    pytest.param("top", get("/deviceManagement/managedDevices?$top=1001"), id="more managed devices than a page holds"),
    pytest.param(
        "top", get("/tenantRelationships/delegatedAdminCustomers?$top=301"), id="more customers than a page holds"
    ),
    # names
    pytest.param("name", get("/users?$select=id,nickname"), id="selecting what users lack"),
    pytest.param("name", get("/users?$select=id,"), id="selecting nothing after a comma"),
    pytest.param("name", get("/users?$select=Id"), id="selecting with another spelling"),
    pytest.param("name", get("/users?$select=id,aboutMe"), id="selecting what single users have"),
    pytest.param("name", get("/users?$filter=nickname eq 'x'"), id="filtering by what users lack"),
    pytest.param("name", get("/users?$filter=assignedLicenses/any(x:x/sku eq 'x')"), id="filtering inside a list"),
    pytest.param("name", get("/users?$orderby=nickname"), id="ordering by what users lack"),
    pytest.param("name", get("/devices?$expand=owners"), id="expanding what devices lack"),
    pytest.param("name", get("/subscribedSkus?$select=skuPartName"), id="selecting what SKUs lack"),
    pytest.param("name", get("/me/transitiveMemberOf/microsoft.graph.group?$select=upn"), id="selecting in a cast"),
    # expressions
    pytest.param("expression", get("/users?$filter=(id eq 'x'"), id="an open bracket"),
    pytest.param("expression", get("/users?$filter=id == 'x'"), id="another language"),
    pytest.param("expression", get("/users?$filter=displayName eq 'O'Neill'"), id="a quote that is not doubled"),
    pytest.param("expression", get("/users?$orderby=id upwards"), id="a direction that is none"),
    # expansions
    pytest.param("expand", get("/devices?$expand=registeredOwners,registeredUsers"), id="two relations"),
    pytest.param("expand", get("/users?$expand=manager($expand=manager)"), id="two levels"),
    pytest.param(
        "expand",
        get("/roleManagement/directory/roleAssignments?$expand=principal,roleDefinition"),
        id="two relations of a role assignment",
    ),
    # deltas
    pytest.param("delta", get("/users/delta?$select=id&$skiptoken=x"), id="selecting on a delta's next page"),
    pytest.param("delta", get("/users/delta?$deltatoken=x&$skiptoken=x"), id="two tokens"),
    pytest.param("delta", get("/users/delta?$select=id,signInActivity"), id="tracking what is stored elsewhere"),
    pytest.param("delta", get("/users/delta?$filter=accountEnabled eq true"), id="filtering a delta by a property"),
    pytest.param("delta", get("/users/delta?$filter=id eq 'a' and id eq 'b'"), id="filtering a delta by and"),
    pytest.param("delta", get(f"/users/delta?$filter={IDS_51}"), id="filtering a delta by 51 ids"),
    # advanced queries
    pytest.param("advanced", get("/users?$filter=userType ne 'Guest'&$count=true"), id="ne without the header"),
    pytest.param("advanced", get("/users?$filter=userType ne 'Guest'", asked=_EVENTUAL), id="ne without a count"),
    pytest.param("advanced", get("/users?$filter=not accountEnabled eq true"), id="not"),
    pytest.param("advanced", get("/users?$filter=endsWith(mail,'.example')"), id="endsWith"),
    pytest.param("advanced", get('/users?$search="displayName:ana"'), id="search"),
    pytest.param("advanced", get("/users?$filter=accountEnabled eq true&$orderby=id"), id="order with filter"),
    pytest.param("advanced", exchange("/users/$count", b"5"), id="a bare count"),
    pytest.param("advanced", get("/me/transitiveMemberOf/microsoft.graph.group?$top=999"), id="a cast with options"),
    # bodies and headers
    pytest.param("body", post("/me/checkMemberGroups", {"groupIds": "x"}), id="a body of another shape"),
    pytest.param("body", post("/me/checkMemberGroups", {"groupIds": ["x"] * 21}), id="21 groups"),
    pytest.param("body", post("/me/checkMemberGroups", b""), id="no body"),
    pytest.param("body", post("/me/checkMemberGroups", b"{"), id="a body that is not JSON"),
    pytest.param("body", post("/me/checkMemberGroups", {"groupIds": []}, asked={}), id="a body of no media type"),
    pytest.param("body", post("/users/1/assignLicense", {"addLicenses": []}), id="licences added only"),
    pytest.param("body", post("/users/1/assignLicense", {"addLicenses": [{"skuId": "SPB"}]}), id="a licence by name"),
    pytest.param("body", post("/users/1", {"accountEnabled": "no"}, method="PATCH"), id="a wrong type"),
    pytest.param("body", post("/users/1", {"isBlocked": True}, method="PATCH"), id="a property of nowhere"),
    pytest.param("body", exchange("/users", {"value": []}, sent={"a": 1}), id="a GET with a body"),
    pytest.param("body", post("/users/1/revokeSignInSessions", {"a": 1}), id="an action that takes no body"),
    pytest.param(
        "header",
        exchange(f"/tenantRelationships/delegatedAdminRelationships/{RELATIONSHIP}", method="DELETE"),
        id="a relationship deleted blindly",
    ),
    # batches
    pytest.param("batch", batch(), id="an empty batch"),
    pytest.param("batch", batch(*(part(str(number)) for number in range(21))), id="21 parts"),
    pytest.param("batch", batch(part("a"), part("A")), id="the same id twice"),
    pytest.param("batch", batch(part(1)), id="an id that is a number"),
    pytest.param("batch", batch(part("1", f"{ROOT}/v1.0/users")), id="an absolute address"),
    pytest.param("batch", batch(part("1", "/v1.0/users")), id="an address with the version"),
    pytest.param("batch", batch(part("1", "/$batch")), id="a batch in a batch"),
    pytest.param("batch", batch(part("1", verb="GET")), id="a member of nowhere"),
    pytest.param("batch", batch({**part("1"), "method": "FETCH"}), id="a method of nowhere"),
    pytest.param("batch", batch({**part("1"), "body": {}}), id="a body of no media type in a part"),
    pytest.param("batch", batch(part("1", dependsOn=["9"])), id="waiting for nobody"),
    pytest.param("batch", batch(part("1"), part("2", dependsOn=["1"]), part("3")), id="some parts waiting"),
    pytest.param("batch", batch(_CA, part("2")), id="Conditional Access with others"),
    pytest.param("option", batch(part("1", "/users?$skip=1")), id="an option inside a part"),
    pytest.param("name", batch(part("1", "/users?$select=x")), id="a name inside a part"),
    pytest.param("path", batch(part("1", "/people")), id="a path inside a part"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "wrong"), WRONG)
def test_a_wrong_request_is_found(description: Description, rule, wrong):
    found = Oracle(description, ROOT).requests(wrong)
    assert rule in {mismatch.rule for mismatch in found}, [str(mismatch) for mismatch in found]


@pytest.mark.parametrize(
    "dependencies",
    [
        pytest.param([[], [], []], id="all at once"),
        pytest.param([[], ["1"], ["2"]], id="one after the other"),
        pytest.param([[], ["1"], ["1"]], id="all after the first"),
        pytest.param([["3"], ["3"], []], id="all after the last"),
    ],
)
def test_the_ways_a_batch_may_run(description: Description, dependencies):
    parts = [part(str(place + 1), dependsOn=waits) for place, waits in enumerate(dependencies)]
    assert Oracle(description, ROOT).requests(batch(*parts)) == []


def test_a_mismatch_says_where_it_was_found(description: Description):
    (found,) = Oracle(description, ROOT).requests(get(f"/users/{ANA}?$select=nickname"))
    assert str(found) == (
        f"[name] $select names 'nickname', which user does not have  <- GET /v1.0/users/{ANA}?$select=nickname -> 200"
    )
