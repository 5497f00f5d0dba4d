"""The simulated Graph refuses as Microsoft does: the status, the error object, the headers that come with it."""

import pytest

from tests.conformance.graph import Exchange, Oracle
from tests.conformance.simulator.caller import CLIENT_ID, Caller, assert_conforms, assert_silent

_LONG = {"requests": [{"id": str(number), "method": "GET", "url": "/organization"} for number in range(21)]}
_TWINS = {"requests": [{"id": "a", "method": "GET", "url": "/organization"}] * 2}


@pytest.fixture(scope="module")
def caller(cloud):
    return Caller(cloud, users=5, devices=2)


def assert_refused(oracle: Oracle, exchange: Exchange, status: int, *codes: str) -> None:
    """Refused with that status, and nothing about the answer is wrong; the request is wrong on purpose."""
    assert exchange.status == status, (exchange.status, exchange.received)
    assert exchange.answer["error"]["code"] in codes
    assert_silent(oracle.answers(exchange))


@pytest.mark.parametrize(
    ("target", "status", "codes"),
    [
        ("/users?$top=1000", 400, ("Request_UnsupportedQuery",)),
        ("/users?$top=0", 400, ("Request_UnsupportedQuery",)),
        ("/users?$skip=1", 400, ("Request_UnsupportedQuery", "Request_BadRequest")),
        ("/users?$select=nickname", 400, ("Request_BadRequest",)),
        ("/users?$filter=(accountEnabled", 400, ("Request_UnsupportedQuery", "Request_BadRequest")),
        ("/users?$skiptoken=rubbish", 400, ("Request_BadRequest", "Directory_ExpiredPageToken")),
        ("/users?$select=id,aboutMe", 501, ("NotImplemented",)),
        ("/users/delta?$top=5", 400, ("Request_UnsupportedQuery", "Request_BadRequest")),
        ("/users/delta?$expand=manager", 400, ("Request_UnsupportedQuery", "Request_BadRequest")),
        ("/users/delta?$orderby=displayName", 400, ("Request_UnsupportedQuery", "Request_BadRequest")),
        ("/users/delta?$select=signInActivity", 501, ("NotImplemented",)),
        ("/users/delta?$deltatoken=rubbish", 400, ("Request_BadRequest",)),
        ("/users/00000000-0000-4000-8000-00000000dead", 404, ("Request_ResourceNotFound",)),
        ("/devices/00000000-0000-4000-8000-00000000dead/registeredOwners", 404, ("Request_ResourceNotFound",)),
        ("/servicePrincipals(appId='00000000-0000-4000-8000-00000000dead')", 404, ("Request_ResourceNotFound",)),
        ("/devices?$top=1000", 400, ("Request_UnsupportedQuery",)),
        ("/organization?$filter=id eq 'x'", 400, ("Request_UnsupportedQuery", "Request_BadRequest")),
        ("/me", 400, ("Request_BadRequest", "BadRequest")),
    ],
)
def test_a_wrong_question_is_refused_as_by_microsoft(oracle: Oracle, caller, target, status, codes):
    assert_refused(oracle, caller.ask(target), status, *codes)


@pytest.mark.parametrize("token", ["", "rubbish", "a.b.c"])
def test_a_token_that_is_none_is_refused(oracle: Oracle, caller, token):
    exchange = caller.ask("/organization", Authorization=f"Bearer {token}")
    assert_refused(oracle, exchange, 401, "InvalidAuthenticationToken")


def test_a_token_without_roles_is_denied(oracle: Oracle, cloud):
    poor = Caller(cloud, name="Poor")
    cloud.world.set_app_roles(tenant_id=poor.tenant["id"], client_id=CLIENT_ID, names=[])
    poor.token = poor.app_token()
    for target in ("/organization", "/users", "/users/delta", "/subscribedSkus", "/devices"):
        assert_refused(oracle, poor.ask(target), 403, "Authorization_RequestDenied")


def test_an_application_that_is_gone_has_no_identity(oracle: Oracle, cloud):
    gone = Caller(cloud, name="Gone")
    cloud.world.revoke_consent(tenant_id=gone.tenant["id"], client_id=CLIENT_ID)
    cloud.world.switch(tokens_outlive_removal=False)
    try:
        assert_refused(oracle, gone.ask("/organization"), 401, "Authorization_IdentityNotFound")
    finally:
        cloud.world.switch(tokens_outlive_removal=True)


def test_too_many_requests_are_told_to_wait(oracle: Oracle, cloud):
    hurried = Caller(cloud, name="Hurried")
    cloud.world.switch(units_per_10s=2)
    try:
        exchanges = [hurried.ask("/organization?$select=id") for _ in range(6)]
    finally:
        cloud.world.switch(units_per_10s=0)
    assert {exchange.status for exchange in exchanges} == {200, 429}
    assert_conforms(oracle, *exchanges)


@pytest.mark.parametrize("how", ["410", "syncStateNotFound"])
@pytest.mark.parametrize("thing", ["users", "devices"])
def test_an_expired_delta_must_start_again(oracle: Oracle, cloud, how, thing):
    late = Caller(cloud, name=f"Late {how} {thing}", users=3)
    link = late.ask(f"/{thing}/delta?$select=id&$deltatoken=latest").answer["@odata.deltaLink"]
    cloud.world.expire_delta_tokens(tenant_id=late.tenant["id"], how=how)
    exchange = late.ask(link)
    assert exchange.status in {400, 404, 410}
    assert exchange.answer["error"]["code"].lower() in {"syncstatenotfound", "resyncrequired"}
    assert_conforms(oracle, exchange)


@pytest.mark.parametrize(
    "body", [{}, {"requests": []}, {"requests": "x"}, _LONG, _TWINS], ids=["empty", "none", "text", "21", "twins"]
)
def test_a_malformed_batch_is_refused_whole(oracle: Oracle, caller, body):
    exchange = caller.ask("/$batch", "POST", body)
    assert_refused(oracle, exchange, 400, "BadRequest", "Request_BadRequest")
