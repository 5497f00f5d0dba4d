"""What every request to the simulated Graph goes through: tokens, permissions, batches, throttling, headers."""

import re
from email.utils import parsedate_to_datetime

import pytest

from tests.local.microsoft.caller import CLIENT_ID, Asker, Caller, code_of

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@pytest.mark.parametrize(("target", "status"), [("/organization", 200), ("/users?$top=0", 400)])
def test_every_answer_names_its_request(caller: Caller, target, status):
    answer = caller.as_app(caller.tenant()).get(target, client_request_id="c1de0000-0000-4000-8000-000000000001")

    assert answer.status_code == status
    assert answer.headers["client-request-id"] == "c1de0000-0000-4000-8000-000000000001"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["request-id"])
    assert (answer.headers["OData-Version"], answer.headers["Content-Type"]) == ("4.0", JSON_TYPE)
    assert {"Date", "x-ms-ags-diagnostic"} <= answer.headers.keys()
    assert list(answer.headers).count("Date") == 1
    if status == 400:
        inner = answer.json()["error"]["innerError"]
        assert inner["request-id"] == answer.headers["request-id"]
        assert inner["client-request-id"] == answer.headers["client-request-id"]


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (None, "empty"),
        ("Bearer made.up.token", "parsing"),
        ("Basic abc", "parsing"),
        ("expired", "expired"),
        ("id token", "parsing"),
    ],
)
def test_a_token_that_does_not_hold_is_rejected(caller: Caller, authorization, message):
    tenant = caller.tenant()
    if authorization == "expired":
        caller.world.switch(access_token_life_s=-1)
        authorization = f"Bearer {caller.app_token(tenant).json()['access_token']}"
    if authorization == "id token":
        told = caller.redeem(caller.signs_in(tenant["admin"]).fields["code"]).json()
        authorization = f"Bearer {told['id_token']}"
    headers = {"Authorization": authorization} if authorization else {}

    answer = caller.session.get(f"{caller.microsoft.graph_url}/v1.0/organization", headers=headers, timeout=30)

    assert (answer.status_code, code_of(answer)) == (401, "InvalidAuthenticationToken")
    assert message in answer.json()["error"]["message"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("role", "open_"),
    [
        ("Organization.Read.All", {"/organization", "/subscribedSkus"}),
        ("User.Read.All", {"/organization", "/users", "/users/delta"}),
        ("Device.Read.All", {"/devices", "/devices/delta"}),
        ("LicenseAssignment.Read.All", {"/subscribedSkus"}),
        ("Domain.Read.All", {"/domains"}),
        ("RoleManagement.Read.Directory", {"/directoryRoles", "/roleManagement/directory/roleDefinitions"}),
        ("Application.ReadWrite.OwnedBy", {"/servicePrincipals"}),
        ("AuditLog.Read.All", set()),
    ],
)
def test_a_permission_opens_what_microsoft_says_it_opens(caller: Caller, role, open_):
    tenant = caller.tenant()
    caller.world.set_app_roles(tenant["id"], CLIENT_ID, [role])
    asker = caller.as_app(tenant)
    paths = {
        "/organization", "/users", "/users/delta", "/devices", "/devices/delta", "/subscribedSkus", "/domains",
        "/directoryRoles", "/roleManagement/directory/roleDefinitions", "/servicePrincipals", "/oauth2PermissionGrants",
    }  # fmt: skip

    answers = {path: asker.get(path) for path in paths}

    assert {path for path, answer in answers.items() if answer.status_code == 200} == open_
    refused = {code_of(answer) for answer in answers.values() if answer.status_code == 403}
    assert refused == {"Authorization_RequestDenied"}


def test_a_tenant_that_is_gone_knows_nobody(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    caller.world.delete_tenant(tenant["id"])

    assert code_of(asker.get("/organization")) == "Authorization_IdentityNotFound"
    assert code_of(caller.app_token(tenant)) == 90002


def test_methods_and_versions_that_are_not_there_are_refused(caller: Caller):
    asker = caller.as_app(caller.tenant())

    assert asker.send("POST", "/users", json={}).status_code == 405
    assert asker.get(f"{caller.microsoft.graph_url}/beta/users").status_code == 400


# Batches.


def part(name: str, url: str, **more: object) -> dict[str, object]:
    return {"id": name, "method": "GET", "url": url, **more}


def test_each_part_of_a_batch_is_answered_for_itself(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)

    told = asker.batch(
        part("a", "/organization?$select=id"),
        part("b", "/users?$select=id&$top=1"),
        part("c", "/me"),
        part("d", "/users/nobody"),
        part("e", "/users/$count", headers={"ConsistencyLevel": "eventual"}),
    )

    parts = {it["id"]: it for it in told.json()["responses"]}
    assert [it["id"] for it in told.json()["responses"]] != list("abcde")
    assert {name: it["status"] for name, it in parts.items()} == {"a": 200, "b": 200, "c": 400, "d": 404, "e": 200}
    assert parts["a"]["body"]["value"] == [{"id": tenant["id"]}]
    assert parts["b"]["body"]["@odata.nextLink"].startswith(f"{caller.microsoft.graph_url}/v1.0/users?")
    assert parts["a"]["headers"]["Content-Type"] == JSON_TYPE


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="none"),
        pytest.param([part(str(n), "/organization") for n in range(21)], id="too many"),
        pytest.param([part("a", "/organization"), part("A", "/domains")], id="the same id twice"),
        pytest.param([part("a", "organization")], id="no slash"),
        pytest.param([part("a", "/$batch")], id="a batch within"),
        pytest.param([part("a", "/users", method="POST", body={})], id="a body without its type"),
        pytest.param([{"id": "a", "url": "/users"}], id="no method"),
        pytest.param([part("a", "/users", dependsOn=["b"]), part("b", "/users")], id="waits for a later one"),
        pytest.param(
            [part("a", "/users"), part("b", "/users"), part("c", "/users", dependsOn=["a", "b"])], id="waits for two"
        ),
        pytest.param([part("a", "/users", dependsOn=["z"])], id="waits for nobody"),
    ],
)
def test_a_malformed_batch_is_refused_whole(caller: Caller, parts):
    answer = caller.as_app(caller.tenant()).batch(*parts)
    assert (answer.status_code, code_of(answer)) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("second", "statuses"),
    [
        ({"dependsOn": ["a"]}, [404, 424, 424]),
        ({}, [404, 200, 200]),
    ],
)
def test_a_part_whose_predecessor_failed_is_not_tried(caller: Caller, second, statuses):
    third = {"dependsOn": ["b"]} if second else {}
    told = caller.as_app(caller.tenant()).batch(
        part("a", "/users/nobody"), part("b", "/organization", **second), part("c", "/organization", **third)
    )
    parts = {it["id"]: it["status"] for it in told.json()["responses"]}
    assert [parts[name] for name in "abc"] == statuses


# Throttling.


def spent(asker: Asker, target: str) -> int:
    return int(asker.get(target).headers["x-ms-resource-unit"])


@pytest.mark.parametrize(
    ("target", "units"),
    [
        ("/users", 2),
        ("/users?$select=id", 1),
        ("/users?$top=19", 1),
        ("/users?$select=id&$top=5", 1),
        ("/devices?$expand=registeredOwners", 2),
        ("/subscribedSkus", 3),
        ("/organization", 1),
    ],
)
def test_requests_cost_what_microsoft_says(caller: Caller, target, units):
    assert spent(caller.as_app(caller.tenant()), target) == units


def test_an_application_that_asks_too_much_of_a_tenant_waits(caller: Caller):
    caller.world.switch(units_per_10s=9)
    mine, other = caller.tenant("Mine"), caller.tenant("Other")
    asker = caller.as_app(mine)
    answers = [asker.get("/subscribedSkus") for _ in range(4)]

    assert [it.status_code for it in answers] == [200, 200, 200, 429]
    assert answers[2].headers["x-ms-throttle-limit-percentage"] == "1.00"
    assert "x-ms-throttle-limit-percentage" not in answers[1].headers
    refused = answers[3]
    assert 1 <= int(refused.headers["Retry-After"]) <= 11
    assert refused.headers["x-ms-throttle-scope"] == f"Tenant_Application/ReadWrite/{CLIENT_ID}/{mine['id']}"
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert (code_of(refused), refused.json()["error"]["innerError"]["code"]) == ("TooManyRequests", "429")
    assert caller.as_app(other).get("/subscribedSkus").status_code == 200
    caller.world.switch(clock_offset_s=11)
    assert asker.get("/subscribedSkus").status_code == 200


@pytest.mark.parametrize("form", ["seconds", "decimal", "date", "absent"])
def test_the_wait_is_told_in_each_form(caller: Caller, form):
    caller.world.switch(units_per_10s=1, retry_after=form)
    asker = caller.as_app(caller.tenant())
    asker.get("/organization")

    told = asker.get("/organization").headers.get("Retry-After")

    checks = {
        "seconds": lambda: str(told).isdigit(),
        "decimal": lambda: re.fullmatch(r"\d+\.\d{3}", str(told)),
        "date": lambda: parsedate_to_datetime(str(told)),
        "absent": lambda: told is None,
    }
    assert checks[form]()


@pytest.mark.parametrize(("users", "limit"), [(50, 3500), (51, 5000), (501, 8000)])
def test_larger_tenants_take_more(caller: Caller, users, limit):
    asker = caller.as_app(caller.tenant(users=users))
    caller.world.switch(units_per_10s=0)
    for _ in range(58):  # three units a request, so that they fit into the ten seconds on a slow machine too
        answer = asker.batch(*[part(str(n), "/subscribedSkus") for n in range(20)])
    shares = [float(it["headers"].get("x-ms-throttle-limit-percentage", 0)) for it in answer.json()["responses"]]
    assert answer.status_code == 200
    assert (shares == [0] * 20) is (3500 / limit <= 0.8)


def test_parts_of_a_batch_are_throttled_for_themselves(caller: Caller):
    caller.world.switch(units_per_10s=2)
    told = caller.as_app(caller.tenant()).batch(*[part(str(n), "/organization") for n in range(4)])

    parts = {it["id"]: it for it in told.json()["responses"]}
    assert [parts[str(n)]["status"] for n in range(4)] == [200, 200, 429, 429]
    assert int(parts["3"]["headers"]["Retry-After"]) >= 1


def test_throttling_can_be_switched_off(caller: Caller):
    caller.world.switch(units_per_10s=1, throttling=False)
    asker = caller.as_app(caller.tenant())
    assert {asker.get("/organization").status_code for _ in range(3)} == {200}
