"""The oracle finds what Graph, or whoever stands in for it, answers wrongly: each case breaks one rule."""

import time

import pytest

from tests.conformance.graph import Description, Granted, Oracle
from tests.conformance.graph.samples import (
    ADMIN_RELATIONSHIP,
    ANA,
    DEVICE,
    ORGANIZATION,
    POLICY,
    ROOT,
    SUBSCRIBED_SKU,
    USER,
    context,
    error,
    exchange,
)

_NEXT, _DELTA = "@odata.nextLink", "@odata.deltaLink"
_GOOD_NEXT = f"{ROOT}/v1.0/users?$skiptoken=x"
_GOOD_DELTA = f"{ROOT}/v1.0/users/delta?$deltatoken=x"
_EVENTUAL = {"consistencylevel": "eventual"}
_BATCH = {"requests": [{"id": "1", "method": "GET", "url": "/users?$select=id"}]}
_JSON = {"Content-Type": "application/json"}


def users(*items, select="id", **annotations):
    return exchange(f"/users?$select={select}", {"value": list(items), **annotations})


def delta(*items, **annotations):
    return exchange("/users/delta?$select=id,displayName", {"value": list(items), **annotations})


def changed(thing, **changes):
    return {"value": [{**thing, **changes}]}


def failed(status, body, **told):
    headers = {name.replace("_", "-"): value for name, value in told.items()}
    return exchange("/users", body, status=status, told=headers)


def batch(*responses, status=200):
    body = {"responses": list(responses)}
    asked = {"content-type": "application/json"}
    return exchange("/$batch", body, method="POST", sent=_BATCH, asked=asked, status=status)


def reply(body, **changes):
    return {"id": "1", "status": 200, "headers": _JSON, "body": body, **changes}


def held(*roles, scopes=()):
    return Granted(frozenset(roles), frozenset(scopes))


WRONG = [
    # shapes
    pytest.param("shape", exchange("/organization", changed(ORGANIZATION, size=5)), id="a property of nowhere"),
    pytest.param("shape", exchange("/organization", changed(ORGANIZATION, id=7)), id="a wrong type"),
    pytest.param("shape", exchange("/organization", changed(ORGANIZATION, verifiedDomains=None)), id="null in vain"),
    pytest.param("shape", exchange("/organization", changed(ORGANIZATION, createdDateTime="2019")), id="half a date"),
    pytest.param("shape", exchange("/organization", changed(ORGANIZATION, partnerTenantType="big")), id="no such word"),
    pytest.param("shape", exchange("/organization", ORGANIZATION), id="one where a list belongs"),
    pytest.param("shape", exchange("/organization", b"<html>"), id="a page of HTML"),
    pytest.param("shape", exchange("/subscribedSkus", changed(SUBSCRIBED_SKU, skuId="SPB")), id="a name for a GUID"),
    pytest.param("shape", exchange("/subscribedSkus", changed(SUBSCRIBED_SKU, consumedUnits="23")), id="a text number"),
    pytest.param("shape", exchange("/identity/conditionalAccess/policies", changed(POLICY, state="on")), id="a state"),
    pytest.param("shape", exchange("/users/1?$select=id", {"value": [{"id": ANA}]}), id="a list where one belongs"),
    pytest.param(
        "shape",
        exchange("/directoryRoles/1/members", changed({"@odata.type": "#microsoft.graph.person", "id": ANA})),
        id="a type that may not stand there",
    ),
    pytest.param(
        "shape", exchange("/directoryRoles/1/members", changed({"id": ANA, "surname": "Ruiz"})), id="an unnamed type"
    ),
    pytest.param(
        "shape",
        exchange("/directoryRoles/1/members", changed({"@odata.type": "#microsoft.graph.group", "surname": "Ruiz"})),
        id="a property of another type",
    ),
    pytest.param(
        "shape",
        exchange(
            "/tenantRelationships/delegatedAdminRelationships", changed(ADMIN_RELATIONSHIP, duration="two years")
        ),
        id="a duration in words",
    ),
    pytest.param("shape", exchange("/servicePrincipals/1", {}, method="DELETE", status=204), id="204 with a body"),
    pytest.param("shape", exchange("/users/$count", b"many", asked=_EVENTUAL), id="a count in words"),
    pytest.param("path", exchange("/people", {"value": []}), id="success where there is nothing"),
    # selection
    pytest.param("select", users({"id": ANA, "displayName": "Ana"}), id="more than was selected"),
    pytest.param("select", users({"id": ANA}, select="id,displayName"), id="less than was selected"),
    pytest.param("select", exchange("/users", changed({"id": ANA, "accountEnabled": True})), id="above default"),
    pytest.param("select", exchange("/users", changed({"id": ANA})), id="less than the default"),
    pytest.param("select", exchange(f"/users/{ANA}?$select=id", {"id": ANA, "mail": None}), id="more of one user"),
    pytest.param("select", exchange("/subscribedSkus?$select=skuId", changed(SUBSCRIBED_SKU)), id="all of a SKU"),
    pytest.param("select", users({"id": ANA, "@removed": {"reason": "changed"}}), id="a removal outside a delta"),
    pytest.param("select", delta({"id": ANA, "mail": None}, **{_DELTA: _GOOD_DELTA}), id="more than a delta tracks"),
    pytest.param("select", delta({"id": ANA, "@removed": {"reason": "gone"}}), id="a reason of nowhere"),
    pytest.param(
        "select",
        delta({"id": ANA, "displayName": "Ana", "@removed": {"reason": "deleted"}}),
        id="a removed item with properties",
    ),
    pytest.param(
        "select",
        exchange("/devices?$select=id&$expand=registeredOwners", changed({"id": ANA, "registeredOwners": [
            {"@odata.type": "#microsoft.graph.user", "id": ANA}] * 21})),
        id="an expansion of 21",
    ),
    # links
    pytest.param("link", users(**{_NEXT: "/v1.0/users?$skiptoken=x"}), id="a relative link"),
    pytest.param("link", users(**{_NEXT: "https://graph.example/v1.0/users?$skiptoken=x"}), id="a link elsewhere"),
    pytest.param("link", users(**{_NEXT: f"{ROOT}/beta/users?$skiptoken=x"}), id="a link to another version"),
    pytest.param("link", users(**{_NEXT: f"{ROOT}/v1.0/groups?$skiptoken=x"}), id="a link to another collection"),
    pytest.param("link", users(**{_NEXT: f"{ROOT}/v1.0/users?$top=5"}), id="a link that does not go on"),
    pytest.param("link", users(**{_NEXT: None}), id="a link to nothing"),
    pytest.param("link", users(**{_DELTA: _GOOD_DELTA}), id="a delta link outside a delta"),
    pytest.param("link", users(**{"@odata.context": "$metadata#users"}), id="a relative context"),
    pytest.param("link", users(**{"@odata.context": f"{ROOT}/v1.0/users"}), id="a context without metadata"),
    pytest.param("link", delta(), id="a delta that does not end"),
    pytest.param("link", delta(**{_NEXT: f"{ROOT}/v1.0/users/delta?$skiptoken=x", _DELTA: _GOOD_DELTA}), id="both"),
    pytest.param("link", delta(**{_DELTA: f"{ROOT}/v1.0/users/delta?$skiptoken=x"}), id="a delta link without token"),
    pytest.param("link", delta(**{_NEXT: _GOOD_NEXT}), id="a delta that goes on as a list"),
    pytest.param("top", exchange("/users?$select=id&$top=1", {"value": [{"id": "1"}, {"id": "2"}]}), id="a full page"),
    # counts
    pytest.param("count", users(**{"@odata.count": 0}), id="a count nobody asked for"),
    pytest.param(
        "count", exchange("/users?$select=id&$count=true", {"value": []}, asked=_EVENTUAL), id="a count that is missing"
    ),
    pytest.param("count", exchange("/deviceManagement/managedDevices", {"value": []}), id="devices not counted"),
    pytest.param(
        "count",
        exchange("/users?$select=id&$count=true", {"value": [], "@odata.count": "1"}, asked=_EVENTUAL),
        id="a count in text",
    ),
    # headers
    *(
        pytest.param("header", exchange("/subscribedSkus", {"value": []}, told={name: None}), id=f"no {name}")
        for name in (
            "request-id", "client-request-id", "x-ms-ags-diagnostic", "date", "odata-version", "content-type",
            "x-ms-resource-unit",
        )
    ),
    *(
        pytest.param("header", exchange("/subscribedSkus", {"value": []}, told={name: value}), id=f"a wrong {name}")
        for name, value in {
            "request-id": "5",
            "client-request-id": "5",
            "date": "today",
            "odata-version": "3.0",
            "content-type": "application/json",
            "x-ms-resource-unit": "0",
            "x-ms-throttle-limit-percentage": "0.5",
        }.items()
        if name != "client-request-id"
    ),
    pytest.param(
        "header",
        exchange("/subscribedSkus", {"value": []}, asked={"client-request-id": "mine"}),
        id="another client-request-id",
    ),
    pytest.param("header", failed(429, error("TooManyRequests")), id="throttled without a wait"),
    pytest.param(
        "header",
        failed(429, error("TooManyRequests"), retry_after="5", x_ms_throttle_scope="everybody"),
        id="a throttle scope of another form",
    ),
    pytest.param(
        "header",
        failed(429, error("TooManyRequests"), retry_after="5", x_ms_throttle_information="Busy"),
        id="a throttle reason of nowhere",
    ),
    pytest.param(
        "header",
        exchange(
            "/identity/conditionalAccess/policies", error("TooManyRequests"), status=429, told={"retry-after": "1"}
        ),
        id="Conditional Access with a wait",
    ),
    pytest.param("header", failed(410, error("resyncRequired")), id="start again, but where"),
    # errors
    pytest.param("status", failed(199, {}), id="a status that is none"),
    pytest.param("error", failed(404, {"value": []}), id="an error without an error"),
    pytest.param("error", failed(404, b"<html>"), id="an error page"),
    pytest.param("error", failed(404, {"error": "invalid_grant"}), id="an error of OAuth"),
    pytest.param("error", failed(404, {"error": {"code": "ResourceNotFound"}}), id="an error without a message"),
    pytest.param("error", failed(404, {"error": {"code": 404, "message": "x"}}), id="an error with a number"),
    pytest.param("error", failed(404, error("Request_BadRequest")), id="a code of another status"),
    pytest.param("error", failed(403, error("InvalidAuthenticationToken")), id="a refused token as forbidden"),
    pytest.param("error", failed(404, error("ResourceNotFound", date="yesterday")), id="a date in words"),
    pytest.param("error", failed(404, error("ResourceNotFound", **{"request-id": "5"})), id="another request"),
    pytest.param(
        "error", failed(404, {"error": {"code": "ResourceNotFound", "message": "x", "hint": "y"}}), id="a hint"
    ),
    # permissions
    pytest.param("permission", exchange("/users?$select=id", changed({"id": ANA}), granted=held()), id="no permission"),
    pytest.param(
        "permission", exchange("/subscribedSkus", {"value": []}, granted=held("User.Read.All")), id="another permission"
    ),
    pytest.param(
        "permission",
        exchange("/me?$select=id", {"id": ANA}, granted=held("User.Read.All")),
        id="nobody is signed in, yet /me answers",
    ),
    pytest.param(
        "permission",
        exchange("/users?$select=id,signInActivity", changed({"id": ANA, "signInActivity": None}),
                 granted=held("User.Read.All")),
        id="sign-ins without the audit log",
    ),
    pytest.param(
        "permission",
        exchange("/me/checkMemberGroups", {"value": []}, method="POST", sent={"groupIds": []},
                 granted=held(scopes=["User.Read"])),
        id="groups without the right to read them",
    ),
    pytest.param(
        "permission",
        exchange("/servicePrincipals/1/appRoleAssignedTo", {}, method="POST", status=201,
                 granted=held("AppRoleAssignment.ReadWrite.All")),
        id="granting roles without reading applications",
    ),
    pytest.param(
        "permission",
        exchange("/users/1", b"", method="PATCH", status=204, sent={"accountEnabled": False},
                 granted=held("User.EnableDisableAccount.All")),
        id="blocking whom one may not read",
    ),
    # batches
    pytest.param("batch", batch(), id="a part without an answer"),
    pytest.param("batch", batch(reply({"value": []}, id="2")), id="an answer without a part"),
    pytest.param("batch", batch(reply({"value": []}), reply({"value": []})), id="two answers"),
    pytest.param("batch", batch(reply({"value": []}), status=207), id="another status"),
    pytest.param("batch", batch(reply({"value": []}, headers={})), id="a part of no media type"),
    pytest.param("batch", batch(reply({"value": []}, status="200")), id="a status in text"),
    pytest.param("batch", batch(reply(error("x"), status=424)), id="a dependency that is none"),
    pytest.param("batch", batch(reply({"value": []}, error={})), id="a member of nowhere"),
    pytest.param("shape", batch(reply({"value": [{"id": 5}]})), id="a shape inside a part"),
    pytest.param("select", batch(reply({"value": [{"id": ANA, "mail": None}]})), id="a selection inside a part"),
    pytest.param("link", batch(reply({"value": [], _NEXT: "/users?$skiptoken=x"})), id="a relative link inside a part"),
    pytest.param("error", batch(reply({"error": "x"}, status=404)), id="an error inside a part"),
    pytest.param("header", batch(reply(error("TooManyRequests"), status=429)), id="no wait inside a part"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "wrong"), WRONG)
def test_a_wrong_answer_is_found(description: Description, rule, wrong):
    found = Oracle(description, ROOT).answers(wrong)
    assert rule in {mismatch.rule for mismatch in found}, [str(mismatch) for mismatch in found]


@pytest.mark.parametrize("place", [0, 500, 998])
def test_a_fault_is_found_wherever_in_a_page_it_stands(description: Description, place):
    page = [dict(USER) for _ in range(999)]
    page[place] |= {"accountEnabled": "yes"}
    select = ",".join(USER)
    found = Oracle(description, ROOT).answers(users(*page, select=select))
    assert [mismatch.detail for mismatch in found] == [
        f"value/{place}/accountEnabled: 'yes' is not of type 'boolean', 'null'"
    ]


def test_thousands_of_exchanges_are_judged_in_seconds(description: Description):
    oracle = Oracle(description, ROOT)
    small = [exchange("/organization?$select=id", {"value": [{"id": ANA}]}) for _ in range(3000)]
    large = [users(*[USER] * 999, select=",".join(USER)) for _ in range(3)]
    before = time.process_time()
    assert oracle.judge([*small, *large]) == []
    assert time.process_time() - before < 10


def test_an_unreadable_token_is_not_judged(description: Description):
    unknown = Granted(known=False)
    assert Oracle(description, ROOT).answers(exchange("/subscribedSkus", {"value": []}, granted=unknown)) == []


def test_a_denied_request_says_nothing_about_permissions(description: Description):
    denied = exchange("/users", error("Authorization_RequestDenied"), status=403, granted=held())
    assert Oracle(description, ROOT).judge([denied]) == []


def test_a_device_need_not_have_what_was_never_set_in_a_delta(description: Description):
    told = {"value": [{"id": DEVICE["id"]}], _DELTA: f"{ROOT}/v1.0/devices/delta?$deltatoken=x",
            "@odata.context": context("devices(id,model)/$delta")}  # fmt: skip
    assert Oracle(description, ROOT).judge([exchange("/devices/delta?$select=id,model", told)]) == []
