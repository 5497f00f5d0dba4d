"""Who may come in, and with what: identity, roles, accounts and input (reliability.md A15-A19, A21, A23, A24)."""

import json
import random
import re
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.triggers import collect_doors
from integrations.triggers.doors import Door, Need
from tests.flows.portal import Portal

DOORS = [door for door in collect_doors(lambda: None).all if door.needs is not Need.NOTHING]  # type: ignore[arg-type, return-value]
ABSENT = {
    "tenant_id": "99999999-9999-4999-8999-999999999999",
    "integration_id": "int_" + "a" * 20,
    "flow_id": "flow_" + "a" * 20,
    "organization_id": "org_" + "a" * 20,
    "run_id": "000000000000001-aaaaaaaa",
}
BODIES: dict[str, dict[str, Any]] = {
    "post_integration": {"kind": "single"},
    "put_mapping": {"organization_id": ABSENT["organization_id"]},
    "post_organization": {"name": "Acme"},
    "put_organization": {"name": "Acme"},
}


def path_of(door: Door, known: dict[str, str]) -> str:
    return "/" + re.sub(r"{(\w+)}", lambda found: known[found.group(1)], door.route)


def cases() -> list[Any]:
    return [pytest.param(door, id=door.name) for door in DOORS]


def store(portal: Portal) -> dict[str, Any]:
    """Every control row of every account, raw."""
    service = portal.services.tables._service
    with service.get_table_client("control") as table:
        return {f"{it['PartitionKey']}/{it['RowKey']}": dict(it) for it in table.list_entities()}


def populated(portal: Portal) -> dict[str, str]:
    """Ids of one account's things, one of each kind."""
    tenant = portal.has_tenant()
    portal.connected(tenant)
    run = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"][0]["id"]
    organization = portal.ask("GET", "/organizations")["items"][0]["id"]
    return {
        "tenant_id": tenant["id"],
        "integration_id": portal.row(tenant)["integration_id"],
        "flow_id": portal.start()["flow_id"],
        "organization_id": organization,
        "run_id": run,
    }


@pytest.mark.parametrize("door", cases())
def test_no_door_opens_without_a_token(portal: Portal, door: Door) -> None:
    for headers in ({}, {"x-functions-key": "key"}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer "}):
        answer = portal.host.call_http(door.methods[0], f"/api{path_of(door, ABSENT)}", headers=headers)
        problem = json.loads(answer.body)
        assert (answer.status, problem["status"]) == (401, 401)
        assert problem["remedy"]


@pytest.mark.parametrize("door", cases())
def test_a_technician_gets_in_nowhere(portal: Portal, door: Door) -> None:
    answer = portal.called_by("tess").call(door.methods[0], path_of(door, ABSENT), BODIES.get(door.name))

    assert (answer.status, json.loads(answer.body)["code"]) == (403, "role")


@pytest.mark.parametrize("door", cases())
def test_a_lower_plan_may_look_but_not_change(portal: Portal, door: Door) -> None:
    answer = portal.called_by("carl").call(door.methods[0], path_of(door, ABSENT), BODIES.get(door.name))

    if door.needs is Need.MANAGE:
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "plan")
    else:
        assert answer.status in {200, 404}


def test_every_door_that_changes_something_asks_for_more_than_reading() -> None:
    assert {door.needs for door in DOORS if door.changes} <= {Need.MANAGE, Need.REMOVE}


def test_another_accounts_things_and_absent_things_look_the_same(portal: Portal) -> None:
    known, bob = populated(portal), portal.called_by("bob")
    before = {key: row for key, row in store(portal).items() if key.startswith("acct_northwind/")}

    for door in DOORS:
        if "{" not in door.route:
            continue
        body = BODIES.get(door.name)
        foreign = bob.call(door.methods[0], path_of(door, known), body)
        absent = bob.call(door.methods[0], path_of(door, ABSENT), body)
        assert foreign.status == absent.status == 404, door.name
        told = [{k: v for k, v in json.loads(it.body).items() if k != "trace_id"} for it in (foreign, absent)]
        assert told[0] == told[1], door.name

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


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/integrations", {"kind": "single"}),
        ("PUT", f"/tenants/{ABSENT['tenant_id']}/mapping", {"organization_id": ABSENT["organization_id"]}),
        ("POST", "/organizations", {"name": "x"}),
    ],
)
@pytest.mark.parametrize("extra", ["account_id", "accountId", "status", "epoch", "PartitionKey", "role"])
def test_fields_that_are_not_known_are_refused(
    portal: Portal, method: str, path: str, body: dict[str, Any], extra: str
) -> None:
    answer = portal.call(method, path, {**body, extra: "x"})

    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (400, "invalid")
    assert problem["errors"] == [{"pointer": f"/{extra}", "detail": "this field is not known here"}]


HOSTILE = [
    "/",
    "\\",
    "#",
    "?",
    "'",
    "%00",
    "%",
    "' or PartitionKey ne '",
    "\ud800",
    "x" * 2000,
    "..",
    "%2e%2e%2f",
    "\t",
    "{}",
    "*",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[ascii(it)[:20] for it in HOSTILE])
def test_a_hostile_id_reaches_nobodys_rows(portal: Portal, text: str) -> None:
    known, bob = populated(portal), portal.called_by("bob")
    before = store(portal)
    quoted = "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))

    for door in DOORS:
        for name in re.findall(r"{(\w+)}", door.route):
            for told in (quoted, known[name] + quoted, quoted + known[name]):
                answer = bob.call(door.methods[0], path_of(door, {**ABSENT, name: told}), BODIES.get(door.name))
                assert answer.status in {400, 404}, (door.name, answer.status, answer.body)
        for name in door.query:
            answer = bob.call(door.methods[0], f"{path_of(door, ABSENT)}?{name}={quoted}")
            assert answer.status in {200, 400, 404}, (door.name, name, answer.status)
            assert known["tenant_id"].encode() not in answer.body
    for body in ({"organization_id": text}, {"organization_id": ABSENT["organization_id"] + text}):
        raw = json.dumps(body).encode()
        headers = {"authorization": f"Bearer {portal.identity.token('bob')}", "content-type": "application/json"}
        path = f"/api/tenants/{ABSENT['tenant_id']}/mapping"
        assert portal.host.call_http("PUT", path, headers=headers, body=raw).status in {400, 404}

    assert {key for key in store(portal) if key.startswith("acct_northwind/")} == {
        key for key in before if key.startswith("acct_northwind/")
    }


TORTURE: dict[str, tuple[bytes, int]] = {
    "100,000 levels": (b'{"name":' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400),
    "a 5,000-digit number": (b'{"name":' + b"9" * 5000 + b"}", 400),
    "NaN": (b'{"name":NaN}', 400),
    "a name twice": (b'{"name":"a","name":"b"}', 400),
    "5 MB": (b'{"name":"' + b"x" * 5_000_000 + b'"}', 413),
    "a lone surrogate": (b'{"name":"\\ud800"}', 400),
    "not UTF-8": (b'{"name":"\xff"}', 400),
    "no object": (b"[1]", 400),
    "half of it": (b'{"name":"a', 400),
    "nothing": (b"", 400),
    "a wrong type": (b'{"name":7}', 400),
}


@pytest.mark.parametrize("name", TORTURE)
def test_tortured_json_is_refused_quickly(portal: Portal, name: str) -> None:
    body, status = TORTURE[name]
    headers = {"authorization": f"Bearer {portal.identity.token('alice')}", "content-type": "application/json"}
    started = time.monotonic()

    answer = portal.host.call_http("POST", "/api/organizations", headers=headers, body=body)

    assert answer.status == status, answer.body
    assert json.loads(answer.body)["remedy"]
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_read(portal: Portal, content_type: str) -> None:
    headers = {"authorization": f"Bearer {portal.identity.token('alice')}", "content-type": content_type}

    answer = portal.host.call_http("POST", "/api/organizations", headers=headers, body=b'{"name":"a"}')

    assert answer.status == 415


def test_hostile_names_stay_harmless(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    name = '=HYPERLINK("x")<img src=x onerror=alert(1)>\r\n{"event":"forged"}\u202egnp.exe\x00' + "x" * 10_000
    tenant = portal.has_tenant(name, domain="contoso.example")
    user = portal.microsoft.world.add_user(tenant_id=tenant["id"], displayName=name)
    caplog.set_level("INFO")

    portal.connected(tenant)

    row = portal.row(tenant)
    stored = next(it for it in portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"] if it["id"] == user["id"])
    for told in (row["name"], stored["name"]):
        assert told.startswith('=HYPERLINK("x")<img src=x onerror=alert(1)> {"event"')
        assert len(told) <= 256
        assert not re.search(r"[\x00-\x1f\u202e]", told)
    assert (row["sync_status"]["label"], row["default_domain"], row["tenant_id"]) == (
        "Success",
        "contoso.example",
        tenant["id"],
    )
    for record in caplog.records:
        if record.name == "integrations":
            assert json.loads(record.getMessage())["event"] != "forged"


def test_the_same_request_under_the_same_key_is_done_once(portal: Portal) -> None:
    headers = {"idempotency-key": "once"}
    first = portal.call("POST", "/organizations", {"name": "Acme"}, headers=headers)
    again = portal.call("POST", "/organizations", {"name": "Acme"}, headers=headers)
    other = portal.call("POST", "/organizations", {"name": "Other"}, headers=headers)
    another_user = portal.called_by("anna").call("POST", "/organizations", {"name": "Acme"}, headers=headers)
    unusable = portal.call("POST", "/organizations", {"name": "Acme"}, headers={"idempotency-key": "a b"})

    assert (first.status, first.body) == (again.status, again.body) == (201, first.body)
    assert (other.status, json.loads(other.body)["code"]) == (422, "idempotency_key_reused")
    assert another_user.status == 201
    assert unusable.status == 400
    assert len(portal.ask("GET", "/organizations")["items"]) == 2


def test_a_refusal_is_remembered_under_its_key_as_well(portal: Portal) -> None:
    body, headers = {"organization_id": ABSENT["organization_id"]}, {"idempotency-key": "refused"}

    answers = [portal.call("PUT", f"/tenants/{ABSENT['tenant_id']}/mapping", body, headers=headers) for _ in range(2)]

    assert [it.status for it in answers] == [404, 404]
    assert answers[0].body == answers[1].body
    assert answers[1].headers["Content-Type"].startswith("application/problem+json")


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


def test_one_user_cannot_start_journeys_without_end(portal: Portal) -> None:
    statuses = [portal.call("POST", "/integrations", {"kind": "single"}).status for _ in range(25)]
    refused = portal.call("POST", "/integrations", {"kind": "single"})

    assert statuses.count(201) == 20
    assert (refused.status, json.loads(refused.body)["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    assert portal.called_by("bob").call("POST", "/integrations", {"kind": "single"}).status == 201


def test_kinds_that_are_not_offered_are_refused_clearly(portal: Portal) -> None:
    answer = portal.call("POST", "/integrations", {"kind": "azure"})

    assert (answer.status, json.loads(answer.body)["errors"][0]["pointer"]) == (400, "/kind")


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
    assert config == {"product_name": "Syncro", "personas_url": None}
    assert (bare.status, bare.headers["Location"]) == (303, "http://localhost:7071/api/page/")
    for path in ("../services.py", "..%2Fservices.py", "%2e%2e/x", "page.py", "nothing.js"):
        assert portal.host.call_http("GET", f"/api/page/{path}").status == 404


def test_health_tells_life_and_readiness(portal: Portal) -> None:
    assert json.loads(portal.host.call_http("GET", "/api/health").body) == {"status": "alive"}
    assert json.loads(portal.host.call_http("GET", "/api/health/ready").body) == {"status": "ready"}
