"""Tokens that end or are revoked in the middle of a sync: renewed in passing, and nobody notices."""

import json
from typing import Any

import pytest

from tests.flows.portal import Portal
from tests.flows.reading import states


def token_requests(portal: Portal, tenant: dict[str, str]) -> list[dict[str, Any]]:
    found = portal.microsoft.world.requests(host="login", tenant_id=tenant["id"])
    return [it for it in found if it["path"].endswith("/token")]


def demanded(request: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(request["form"]["claims"])["access_token"])


def batches(portal: Portal, tenant: dict[str, str]) -> list[list[str]]:
    made = [it for it in portal.graph_requests(tenant) if it["path"].endswith("$batch")]
    return [[part["id"] for part in it["json"]["requests"]] for it in made]


@pytest.fixture
def portal(portal: Portal) -> Portal:
    """One that travels: its process still has the token of the way when it arrives."""
    portal.beginning = None
    return portal


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    """Connected, and from here on every request is recorded anew."""
    found = portal.has_tenant(users=30)
    portal.connected(found)
    portal.microsoft.world.forget_requests()
    return found


def test_our_tokens_say_that_we_answer_challenges(portal: Portal, tenant: dict[str, str]) -> None:
    portal.services.sign_in.forget(tenant["id"])

    portal.sync(tenant)

    (asked,) = token_requests(portal, tenant)
    assert demanded(asked) == {"xms_cc": {"values": ["cp1"]}}


def test_a_challenge_to_a_request_is_answered_with_the_claims_that_it_names(
    portal: Portal, tenant: dict[str, str]
) -> None:
    nbf = {"essential": True, "value": "1700000000"}
    portal.microsoft.world.demand_claims(tenant["id"], claims={"access_token": {"nbf": nbf}})

    portal.sync(tenant)
    again = portal.sync(tenant)

    (asked,) = token_requests(portal, tenant)
    assert portal.status(tenant) == "Success"
    assert demanded(asked) == {"nbf": nbf, "xms_cc": {"values": ["cp1"]}}
    assert again["usage"].get("repeated", 0) == 0  # the new token is kept
    assert portal.graph_requests(tenant)[0]["status"] == 401


def test_a_challenge_to_one_part_of_a_batch_repeats_that_part_only(portal: Portal, tenant: dict[str, str]) -> None:
    portal.microsoft.world.demand_claims(tenant["id"], "/v1.0/subscribedSkus")

    run = portal.sync(tenant)

    first, second = batches(portal, tenant)
    (asked,) = token_requests(portal, tenant)
    assert (len(first) > 5, second) == (True, ["licenses"])
    assert demanded(asked)["nbf"]["essential"] is True
    assert portal.status(tenant) == "Success"
    licenses = next(it for it in run["datasets"] if it["dataset"] == "licenses")
    assert (licenses["usage"]["parts"], licenses["usage"]["repeated"]) == (2, 1)


def test_a_challenge_that_no_token_answers_is_a_rejected_sign_in(portal: Portal, tenant: dict[str, str]) -> None:
    portal.microsoft.world.demand_claims(tenant["id"], stubborn=True)

    portal.sync(tenant)

    status = portal.row(tenant)["sync_status"]
    assert (status["label"], status["cause"]) == ("Auth Error", "sign_in_refused")
    assert [it["status"] for it in portal.graph_requests(tenant)] == [401, 401]
    assert len(token_requests(portal, tenant)) == 1


@pytest.mark.parametrize("path", ["/v1.0/subscribedSkus", "/v1.0/users/delta"], ids=["licences", "users"])
def test_a_token_that_ended_under_one_part_is_renewed_for_that_part(
    portal: Portal, tenant: dict[str, str], path: str
) -> None:
    portal.microsoft.world.fault(host="graph", path=path, status=401)

    portal.sync(tenant)

    assert [len(it) for it in batches(portal, tenant)][1:] == [1]
    assert len(token_requests(portal, tenant)) == 1
    assert portal.status(tenant) == "Success"
    assert set(states(portal, tenant).values()) <= {"fresh", "not_licensed"}


def test_a_token_rejected_for_one_part_alone_is_never_an_auth_error(portal: Portal, tenant: dict[str, str]) -> None:
    portal.microsoft.world.fault(host="graph", path="/v1.0/users/delta", status=401, times=None)

    portal.sync(tenant)

    status = portal.row(tenant)["sync_status"]
    assert (status["label"], status["cause"]) == ("Pending", "microsoft_unavailable")
    assert [len(it) for it in batches(portal, tenant)][1:] == [2]  # both data sets that follow users
    assert states(portal, tenant)["users"] == "stale"
    assert states(portal, tenant)["licenses"] == "fresh"


def test_intunes_way_to_say_that_a_right_is_missing_costs_no_token(portal: Portal) -> None:
    tenant = portal.has_tenant(licences=["SPB"], devices=2)
    portal.connected(tenant)
    portal.microsoft.world.forget_requests()
    body = {"error": {"code": "UnknownError", "message": '{"ErrorCode":"Forbidden"}'}}
    portal.microsoft.world.fault(host="graph", path="managedDevices", status=401, body=body, times=None)

    portal.sync(tenant)

    assert states(portal, tenant)["managed_devices"] == "denied"
    assert token_requests(portal, tenant) == []
    assert len(batches(portal, tenant)) == 1
