"""What comes in: unknown fields, hostile ids and names, tortured JSON, repeated requests (A19, A21, A23, A24)."""

import json
import re
import time
from typing import Any

import pytest

from tests.exhaustive import exhaustive
from tests.flows.portal import Portal
from tests.flows.routes import ABSENT, BODIES, DOORS, path_of, populated, store


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
    lasting_portal: Portal, method: str, path: str, body: dict[str, Any], extra: str
) -> None:
    answer = lasting_portal.call(method, path, {**body, extra: "x"})

    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (400, "invalid")
    assert problem["errors"] == [{"pointer": f"/{extra}", "detail": "this field is unknown"}]


HOSTILE = ["/", "' or PartitionKey ne '", "\ud800", "%2e%2e%2f"]
MORE_HOSTILE = ["\\", "#", "?", "'", "%00", "%", "x" * 2000, "..", "\t", "{}", "*"]


@pytest.mark.parametrize("text", [*HOSTILE, *exhaustive(*MORE_HOSTILE)], ids=lambda it: ascii(it)[:20])
def test_a_hostile_id_reaches_nobodys_rows(portal: Portal, text: str) -> None:
    known, bob = populated(portal), portal.called_by("bob")
    before = store(portal)
    quoted = "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))

    for route in DOORS:
        for name in re.findall(r"{(\w+)}", route.path):
            for told in (quoted, known[name] + quoted, quoted + known[name]):
                answer = bob.call(route.methods[0], path_of(route, {**ABSENT, name: told}), BODIES.get(route.name))
                assert answer.status in {400, 404}, (route.name, answer.status, answer.body)
        for parameter in route.query:
            answer = bob.call(route.methods[0], f"{path_of(route, ABSENT)}?{parameter.name}={quoted}")
            assert answer.status in {200, 400, 404}, (route.name, parameter.name, answer.status)
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
def test_tortured_json_is_refused_quickly(lasting_portal: Portal, name: str) -> None:
    body, status = TORTURE[name]
    headers = {"authorization": f"Bearer {lasting_portal.identity.token('alice')}", "content-type": "application/json"}
    ours = time.process_time()

    answer = lasting_portal.host.call_http("POST", "/api/organizations", headers=headers, body=body)

    assert answer.status == status, answer.body
    assert json.loads(answer.body)["remedy"]
    assert time.process_time() - ours < 1.0  # of the processor; refused in a hundredth of it


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_only_json_is_read(lasting_portal: Portal, content_type: str) -> None:
    headers = {"authorization": f"Bearer {lasting_portal.identity.token('alice')}", "content-type": content_type}

    answer = lasting_portal.host.call_http("POST", "/api/organizations", headers=headers, body=b'{"name":"a"}')

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
    assert [it.headers.get("Idempotency-Replayed") for it in (first, again, another_user)] == [None, "true", None]
    assert again.headers["Location"] == first.headers["Location"]
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


def test_one_user_cannot_start_journeys_without_end(portal: Portal) -> None:
    statuses = [portal.call("POST", "/integrations", {"kind": "single"}).status for _ in range(25)]
    refused = portal.call("POST", "/integrations", {"kind": "single"})

    assert statuses.count(201) == 20
    assert (refused.status, json.loads(refused.body)["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0
    assert portal.called_by("bob").call("POST", "/integrations", {"kind": "single"}).status == 201


def test_kinds_that_are_not_offered_are_refused_clearly(lasting_portal: Portal) -> None:
    answer = lasting_portal.call("POST", "/integrations", {"kind": "azure"})

    assert (answer.status, json.loads(answer.body)["errors"][0]["pointer"]) == (400, "/kind")


def nested(levels: int) -> str:
    return '{"name":' + "[" * levels + "]" * levels + "}"


ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", [nested(5000), '{"name":"a"}'], ids=["deep", "plain"])
def test_a_body_that_is_not_utf_8_is_refused_by_name(lasting_portal: Portal, encoding: str, text: str) -> None:
    known = {"authorization": f"Bearer {lasting_portal.identity.token('alice')}", "content-type": "application/json"}

    answers = [
        lasting_portal.host.call_http(method, f"/api{path}", headers=known, body=text.encode(encoding))
        for method, path in (
            ("POST", "/notifications"),
            ("POST", "/organizations"),
            ("POST", "/integrations"),
            ("PUT", f"/organizations/{ABSENT['organization_id']}"),
            ("PUT", f"/tenants/{ABSENT['tenant_id']}/mapping"),
            ("PUT", f"/tenants/{ABSENT['tenant_id']}/ignored"),
        )
    ]

    assert {(it.status, json.loads(it.body)["code"]) for it in answers} == {(400, "not_utf8")}


def test_a_byte_order_mark_before_utf_8_costs_nothing(lasting_portal: Portal) -> None:
    known = {"authorization": f"Bearer {lasting_portal.identity.token('alice')}", "content-type": "application/json"}

    answer = lasting_portal.host.call_http(
        "POST", "/api/organizations", headers=known, body=b'\xef\xbb\xbf{"name":"a"}'
    )

    assert answer.status == 201, answer.body
