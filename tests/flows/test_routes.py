"""Who may come in, and with what: identity, roles, accounts and input (reliability.md A15-A19, A21, A23, A24)."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.triggers.http.routes import HttpRoute, Need
from local.host.invocation.invoker import Response
from shared.http.client import HttpClient
from tests.flows.portal import Portal
from tests.flows.routes import ABSENT, BODIES, DOORS, path_of, populated, store


def cases() -> list[Any]:
    return [pytest.param(route, id=route.name) for route in DOORS]


@pytest.mark.parametrize("route", cases())
def test_no_door_opens_without_a_token(lasting_portal: Portal, route: HttpRoute) -> None:
    for headers in ({}, {"x-functions-key": "key"}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer "}):
        answer = lasting_portal.host.call_http(route.methods[0], f"/api{path_of(route, ABSENT)}", headers=headers)
        problem = json.loads(answer.body)
        assert (answer.status, problem["status"]) == (401, 401)
        assert problem["remedy"]


@pytest.mark.parametrize("route", cases())
def test_a_technician_gets_in_nowhere(lasting_portal: Portal, route: HttpRoute) -> None:
    answer = lasting_portal.called_by("tess").call(route.methods[0], path_of(route, ABSENT), BODIES.get(route.name))

    assert (answer.status, json.loads(answer.body)["code"]) == (403, "role")


@pytest.mark.parametrize("route", cases())
def test_a_lower_plan_may_look_but_not_change(lasting_portal: Portal, route: HttpRoute) -> None:
    answer = lasting_portal.called_by("carl").call(route.methods[0], path_of(route, ABSENT), BODIES.get(route.name))

    if route.needs is Need.MANAGE:
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "plan")
    else:
        assert answer.status in {200, 404} or json.loads(answer.body)["code"] == "not_confirmed"


def test_every_door_that_changes_something_asks_for_more_than_reading() -> None:
    assert {route.needs for route in DOORS if route.changes} <= {Need.MANAGE, Need.REMOVE}


def test_another_accounts_things_and_absent_things_look_the_same(portal: Portal) -> None:
    known, bob = populated(portal), portal.called_by("bob")
    before = {key: row for key, row in store(portal).items() if key.startswith("acct_northwind/")}

    for route in DOORS:
        if "{" not in route.path:
            continue
        body = BODIES.get(route.name)
        foreign = bob.call(route.methods[0], path_of(route, known), body)
        absent = bob.call(route.methods[0], path_of(route, ABSENT), body)
        assert foreign.status == absent.status == 404, route.name
        told = [{k: v for k, v in json.loads(it.body).items() if k != "trace_id"} for it in (foreign, absent)]
        assert told[0] == told[1], route.name

    after = {key: row for key, row in store(portal).items() if key.startswith("acct_northwind/")}
    assert after == before


def test_a_demoted_administrator_is_out_with_the_next_token(portal: Portal) -> None:
    token = portal.identity.token("alice", role="technician")

    answer = portal.call("GET", "/integrations", headers={"authorization": f"Bearer {token}"})

    assert answer.status == 403


def test_two_thousand_forged_tokens_open_nothing(portal: Portal) -> None:
    good = portal.identity.token("alice")
    dice = random.Random(7)
    forged = list(wrong_tokens(portal)) + [mutated(good, dice) for _ in range(2000)]

    statuses = {
        portal.host.call_http("GET", "/api/organizations", headers={"authorization": f"Bearer {it}"}).status
        for it in forged
    }

    assert statuses == {401}
    assert portal.call("GET", "/organizations").status == 200


def mutated(token: str, dice: random.Random) -> str:
    """One character of the header, the claims or the signature is another one."""
    place = dice.randrange(len(token) - 1)
    while token[place] == ".":
        place = dice.randrange(len(token) - 1)
    other = dice.choice(
        [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" if c != token[place]]
    )
    return token[:place] + other + token[place + 1 :]


def wrong_tokens(portal: Portal) -> list[str]:
    identity, now = portal.identity, int(time.time())
    claims = jwt.decode(identity.token("alice"), options={"verify_signature": False})
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    told = [
        {**claims, "exp": now - 100, "iat": now - 500},
        {**claims, "exp": now + 86_400},
        {**claims, "exp": claims["iat"]},
        {**claims, "aud": "somebody-else"},
        {**claims, "aud": [claims["aud"], "somebody-else"]},
        {**claims, "iss": "https://evil.example"},
        {**claims, "iat": now + 3600, "exp": now + 3700},
        *(
            {**claims, name: value}
            for name in ("sub", "account_id", "role", "plan")
            for value in ("", None, 7, "a/b", "x" * 200, "a\nb", "a'b")
        ),
        *(
            {name: value for name, value in claims.items() if name != left}
            for left in ("sub", "account_id", "role", "plan", "exp", "iat", "aud", "iss")
        ),
    ]
    tokens = [identity.sign(it) for it in told]
    tokens.append(jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "portal-1"}))
    tokens.append(
        jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": "x", "jku": "https://evil.example/k"})
    )
    tokens.append(jwt.encode(claims, "a" * 64, algorithm="HS256", headers={"kid": "portal-1"}))
    tokens.append(jwt.encode(claims, None, algorithm="none", headers={"kid": "portal-1"}))
    tokens.append(identity.sign(claims, crit=["x"]))
    tokens += ["", ".", "..", "a.b.c", "x" * 9000]
    return tokens


def test_headers_of_a_platform_that_is_not_there_are_not_believed(portal: Portal) -> None:
    headers = {"x-ms-client-principal-id": "user_alice", "x-ms-client-principal": "eyJ9", "x-forwarded-user": "alice"}

    assert portal.host.call_http("GET", "/api/integrations", headers=headers).status == 401


def test_an_unchanged_page_is_not_sent_again(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    first = portal.call("GET", "/integrations")
    etag = first.headers["ETag"]

    same = portal.call("GET", "/integrations", headers={"if-none-match": etag})
    portal.map(tenant)
    changed = portal.call("GET", "/integrations", headers={"if-none-match": etag})

    assert (same.status, same.body) == (304, b"")
    assert changed.status == 200


def test_the_table_is_searched_filtered_sorted_and_paged(portal: Portal) -> None:
    tenants = [portal.has_tenant(name, seed=seed) for seed, name in enumerate(("Delta", "Alpha", "Charlie", "Bravo"))]
    for tenant in tenants:
        portal.integrate(tenant)
    portal.map(tenants[0])

    def names(query: str) -> list[str]:
        return [it["name"] for it in portal.ask("GET", f"/integrations?{query}")["tenants"]["items"]]

    assert names("") == ["Alpha", "Bravo", "Charlie", "Delta"]
    assert names("sort=-name") == ["Delta", "Charlie", "Bravo", "Alpha"]
    assert names("q=aLPh") == ["Alpha"]
    assert names(f"q={tenants[3]['id'][:8]}") == ["Bravo"]
    assert names("mapped=true") == ["Delta"]
    assert names("status=success") == ["Alpha", "Bravo", "Charlie"]
    assert names("csp=Nobody") == []
    seen, cursor = [], ""
    while True:
        page = portal.ask("GET", f"/integrations?limit=3&sort=-name{f'&cursor={cursor}' if cursor else ''}")["tenants"]
        seen += [it["name"] for it in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["Delta", "Charlie", "Bravo", "Alpha"]
    assert page["total"] == len(seen)  # of all pages, on the last one too
    for bad in ("limit=0", "limit=1001", "limit=x", "sort=age", "mapped=maybe", "cursor=%21"):
        assert portal.call("GET", f"/integrations?{bad}").status == 400, bad


def test_the_committed_api_document_is_what_the_code_serves(portal: Portal, root: Path) -> None:
    served = json.loads(portal.host.call_http("GET", "/api/openapi.json").body)

    assert served == json.loads((root / "docs" / "openapi.json").read_text()), "run `make openapi`"


def test_the_page_and_its_files_come_with_a_strict_policy(portal: Portal) -> None:
    page = portal.host.call_http("GET", "/api/page/")
    script = portal.host.call_http("GET", "/api/page/page.js")
    config = json.loads(portal.host.call_http("GET", "/api/page/config.json").body)
    bare = portal.host.call_http("GET", "/api/page")

    assert (page.status, script.status) == (200, 200)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert b"<script>" not in page.body
    assert config == {
        "product_name": "Syncro",
        "personas_url": None,
        "help": {
            "important_information": "help/important-information.html",
            "troubleshooting": "help/troubleshooting.html",
            "mapping": "help/mapping.html",
        },
    }
    for place in config["help"].values():
        assert portal.host.call_http("GET", f"/api/page/{place}").status == 200, place
    assert (bare.status, bare.headers["Location"]) == (303, "http://localhost:7071/api/page/")
    for path in ("../services.py", "..%2Fservices.py", "%2e%2e/x", "page.py", "nothing.js"):
        assert portal.host.call_http("GET", f"/api/page/{path}").status == 404


def test_health_tells_life_and_readiness(portal: Portal) -> None:
    assert json.loads(portal.host.call_http("GET", "/api/health").body) == {"status": "alive"}
    assert json.loads(portal.host.call_http("GET", "/api/health/ready").body) == {"status": "ready"}


def test_another_accounts_things_and_absent_things_cost_the_same(portal: Portal) -> None:
    known, bob = populated(portal), portal.called_by("bob")
    bob.call("GET", "/integrations")

    differing = {}
    for route in DOORS:
        if "{" not in route.path:
            continue
        foreign, absent = (
            operations(
                portal,
                lambda ids=ids, route=route: bob.call(route.methods[0], path_of(route, ids), BODIES.get(route.name)),
            )  # type: ignore[misc]
            for ids in (known, ABSENT)
        )
        if foreign != absent or not foreign:
            differing[route.name] = (foreign, absent)

    assert differing == {}


def operations(portal: Portal, ask: Callable[[], Response]) -> list[tuple[str, str]]:
    """What a call asks of our tables, in order, whichever client asks it; with ids and values left out."""
    asked: list[tuple[str, str]] = []
    tables, send = portal.services.tables._account.endpoint, HttpClient.send

    def noted(http_client: HttpClient, method: str, url: str, **how: Any) -> Any:
        if url.startswith(tables):
            asked.append((method, url.removeprefix(tables).partition("?")[0].partition("(")[0]))
        return send(http_client, method, url, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpClient, "send", noted)
        assert ask().status == 404
    return asked
