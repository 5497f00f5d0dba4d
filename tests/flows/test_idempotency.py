"""One key, one deed: what is kept under it, what is not, and that nothing secret stands in its row."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from shared.http.responses import ApiResponse
from tests.flows.portal import Portal
from tests.flows.raw import everything

KEY = {"idempotency-key": "once"}


def body(answer: Any) -> dict[str, Any]:
    return dict(json.loads(answer.body))


@pytest.mark.parametrize("kind", ["single", "csp"])
def test_no_secret_of_a_journey_stands_in_clear_in_any_row(portal: Portal, kind: str) -> None:
    told: dict[str, Any] = {"kind": kind}
    if kind == "csp":
        version = portal.ask("GET", "/prerequisites/csp")["version"]
        told["prerequisites"] = {"accepted": True, "version": version}

    first = portal.call("POST", "/integrations", told, headers=KEY)
    again = portal.call("POST", "/integrations", told, headers=KEY)

    assert first.status == 201
    assert first.body == again.body
    query = parse_qs(urlsplit(body(first)["authorize_url"]).query)
    secrets = [query[name][0] for name in ("state", "nonce", "code_challenge") if name in query]
    assert len(secrets) == 3
    rows = "\n".join(text for _, text in everything(portal))
    assert [name for name in secrets if name in rows] == []


def test_a_kept_answer_is_of_no_use_to_another_account(portal: Portal) -> None:
    first = portal.call("POST", "/integrations", {"kind": "single"}, headers=KEY)
    other = portal.called_by("bob").call("POST", "/integrations", {"kind": "single"}, headers=KEY)

    assert (first.status, other.status) == (201, 201)
    assert body(first)["flow_id"] != body(other)["flow_id"]


def test_a_confirmation_that_came_too_early_may_be_sent_again_under_its_key(portal: Portal) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    path = f"/consent/{started['flow_id']}/complete"

    early = portal.call("POST", path, headers=KEY)
    portal.proves(tenant, started)
    done = portal.call("POST", path, headers=KEY)
    again = portal.call("POST", path, headers=KEY)

    assert (early.status, body(early)["code"]) == (409, "not_proven")
    assert int(early.headers["Retry-After"]) > 0
    assert (done.status, done.body) == (again.status, again.body) == (201, done.body)


def test_a_rate_limit_is_not_kept_under_its_key(portal: Portal) -> None:
    for _ in range(20):
        portal.start()
    refused = portal.call("POST", "/integrations", {"kind": "single"}, headers=KEY)

    portal.later(hours=2)
    portal.tick()

    assert refused.status == 429
    assert portal.call("POST", "/integrations", {"kind": "single"}, headers=KEY).status == 201


def test_a_kept_answer_keeps_its_headers(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"Location": "/api/organizations/1", "Retry-After": "7", "ETag": '"x"', "Cache-Control": "private"}
    monkeypatch.setattr(
        "integrations.triggers.organizations.created",
        lambda value, _location: ApiResponse(201, msgspec.json.encode(value), "application/vnd.x+json", told),
    )

    answers = [portal.call("POST", "/organizations", {"name": "Acme"}, headers=KEY) for _ in range(2)]

    for answer in answers:
        assert {name: answer.headers.get(name) for name in told} == told
        assert answer.headers["Content-Type"] == "application/vnd.x+json"
    assert answers[0].body == answers[1].body


def test_a_refusal_that_stays_is_answered_alike_to_the_last_header(portal: Portal) -> None:
    first, again = (
        portal.call("PUT", "/tenants/99999999-9999-4999-8999-999999999999/ignored", {"ignored": True}, headers=KEY)
        for _ in range(2)
    )

    assert first.status == 404
    assert (first.body, {**first.headers, "Idempotency-Replayed": "true"}) == (again.body, dict(again.headers))
    assert "Cache-Control" in again.headers
