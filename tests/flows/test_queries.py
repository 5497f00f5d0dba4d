"""What stands behind the question mark, and in bodies: everything that is wrong is told at once, by its name."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.triggers import collect_routes
from integrations.triggers.http.parameters import Parameter
from integrations.triggers.http.routes import HttpRoute
from tests.flows.portal import Portal
from tests.flows.routes import ABSENT, BODIES, DOORS, path_of

API = [it for it in collect_routes(lambda: None).all if it.in_api]  # type: ignore[arg-type, return-value]
OF_A_LIBRARY = re.compile(r"`|\bstr\b|\bint\b|\bbool\b|NoneType|Struct|msgspec|Expected")


def problems(portal: Portal, method: str, path: str, body: object = None) -> list[dict[str, str]]:
    answer = portal.call(method, path, body)
    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (400, "invalid"), problem
    assert not OF_A_LIBRARY.search(problem["detail"] + " ".join(it["detail"] for it in problem["errors"])), problem
    return list(problem["errors"])


@pytest.mark.parametrize("route", [pytest.param(it, id=it.name) for it in API])
def test_a_parameter_that_is_not_known_is_refused(lasting_portal: Portal, route: HttpRoute) -> None:
    path = f"{path_of(route, ABSENT)}?limits=5&x=1"

    assert problems(lasting_portal, route.methods[0], path, BODIES.get(route.name)) == [
        {"pointer": f"/{name}", "detail": "this parameter is unknown", "parameter": name} for name in ("limits", "x")
    ]


def wrong(parameter: Parameter[Any]) -> list[str]:
    schema = parameter.schema
    if "enum" in schema:
        return ["nothing"]
    if schema["type"] == "integer":
        return [str(schema["minimum"] - 1), str(schema["maximum"] + 1), "x", "1.5", "-1", "1,2", "9" * 20, "%C2%B2"]
    if schema["type"] == "boolean":
        return ["maybe", "1", "True"]
    if "format" in schema:
        return ["yesterday", "2026-11-23T07:30:00", "0001-01-01T00:00:00Z", "9f1c0e3a"]
    return ["%21"] if "pattern" in schema else ["x" * (schema["maxLength"] + 1)]


QUERIES = [pytest.param(route, it, id=f"{route.name} {it.name}") for route in API for it in route.query]


@pytest.mark.parametrize(("route", "parameter"), QUERIES)
def test_a_value_that_is_not_valid_is_refused(
    lasting_portal: Portal, route: HttpRoute, parameter: Parameter[Any]
) -> None:
    for value in wrong(parameter):
        path = f"{path_of(route, ABSENT)}?{parameter.name}={value}"
        assert problems(lasting_portal, route.methods[0], path) == [
            {"pointer": f"/{parameter.name}", "detail": parameter.expected, "parameter": parameter.name}
        ], value


@pytest.mark.parametrize(("route", "parameter"), QUERIES)
def test_examples_defaults_and_every_word_of_a_list_are_valid(
    lasting_portal: Portal, route: HttpRoute, parameter: Parameter[Any]
) -> None:
    values = [parameter.example, parameter.schema.get("default", ""), *parameter.schema.get("enum", [])]

    for value in values:
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        told = lasting_portal.call(route.methods[0], f"{path_of(route, ABSENT)}?{urlencode({parameter.name: text})}")
        assert told.status != 400 or json.loads(told.body)["code"] != "invalid" or parameter.name == "confirm", text


def test_everything_that_is_wrong_with_a_query_is_told_at_once(lasting_portal: Portal) -> None:
    query = "limit=0&sort=age&mapped=maybe&ignored=1&status=Great&cursor=%21&page=2"

    told = problems(lasting_portal, "GET", f"/integrations?{query}")

    assert {it["parameter"] for it in told} == {"limit", "sort", "mapped", "ignored", "status", "cursor", "page"}


def test_a_query_is_looked_at_after_who_asks(lasting_portal: Portal) -> None:
    assert lasting_portal.host.call_http("GET", "/api/integrations?page=2").status == 401
    assert lasting_portal.called_by("tess").call("GET", "/integrations?page=2").status == 403


def test_what_browsers_and_microsoft_add_to_a_query_does_no_harm(lasting_portal: Portal) -> None:
    assert lasting_portal.host.call_http("GET", "/api/page/?q=contoso&v=7").status == 200
    asked = lasting_portal.host.call_http("POST", "/api/notifications?validationToken=abc&added=1")
    assert (asked.status, asked.body) == (200, b"abc")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        (
            "POST",
            "/organizations",
            {"name": 7, "domains": ["a.example", 1, None], "syncro_tenant_id": True, "extra": 1},
            {
                "/extra": "this field is unknown",
                "/name": "a text that is not empty",
                "/domains/1": "a text",
                "/domains/2": "a text",
                "/syncro_tenant_id": "a text",
            },
        ),
        ("POST", "/organizations", {}, {"/name": "required field"}),
        ("POST", "/organizations", [], {"": "an object"}),
        (
            "POST", "/organizations", {"name": "", "domains": {}},
            {"/name": "a text that is not empty", "/domains": "a list"},
        ),
        ("POST", "/organizations", {"name": "a", "domains": ["a.example"] * 101}, {"/domains": "at most 100 items"}),
        (
            "POST", "/integrations", {"kind": "azure", "prerequisites": 1},
            {"/kind": "one of single, csp", "/prerequisites": "an object"},
        ),
        (
            "POST",
            "/integrations",
            {"kind": "csp", "prerequisites": {"accepted": "yes", "extra": 0}},
            {
                "/prerequisites/extra": "this field is unknown",
                "/prerequisites/accepted": "true or false",
                "/prerequisites/version": "required field",
            },
        ),
        ("PUT", f"/tenants/{ABSENT['tenant_id']}/ignored", {"ignored": None}, {"/ignored": "true or false"}),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_with_a_body_is_told_at_once(
    lasting_portal: Portal, method: str, path: str, body: object, expected: dict[str, str]
) -> None:
    told = problems(lasting_portal, method, path, body)

    assert {it["pointer"]: it["detail"] for it in told} == expected
    assert all("parameter" not in it for it in told)


GOOD = ["contoso.example", "CONTOSO.Example", "a-b.c.example", "xn--bcher-kva.example", "1.example"]
BAD = [
    "contoso", "-a.example", "a-.example", "a..example", "a b.example", "bücher.example", "https://a.example",
    "a.example/", f"{'a' * 64}.example", ".example", "@a.example", "." * 10, f"{'a.' * 130}example",
]  # fmt: skip


def test_domains_are_domain_names(lasting_portal: Portal) -> None:
    told = problems(lasting_portal, "POST", "/organizations", {"name": " ", "domains": ["a.example", *BAD]})
    made = lasting_portal.ask("POST", "/organizations", {"name": "Contoso", "domains": GOOD}, expect=201)
    path = f"/organizations/{made['id']}"

    assert {it["pointer"] for it in told} == {"/name", *(f"/domains/{place}" for place in range(1, len(BAD) + 1))}
    assert made["domains"] == sorted({it.lower() for it in GOOD})
    assert problems(lasting_portal, "PUT", path, {"name": "Contoso", "domains": ["nowhere"]})
    assert lasting_portal.ask("GET", path)["domains"] == made["domains"]


def test_a_second_organization_of_one_name_is_told(portal: Portal) -> None:
    first = portal.ask("POST", "/organizations", {"name": "Contoso"}, expect=201)
    second = portal.ask("POST", "/organizations", {"name": "CONTOSO "}, expect=201)
    other = portal.ask("POST", "/organizations", {"name": "Fabrikam"}, expect=201)
    renamed = portal.ask("PUT", f"/organizations/{other['id']}", {"name": "contoso"})

    assert (first["same_name"], second["same_name"], other["same_name"]) == ([], [first["id"]], [])
    assert sorted(renamed["same_name"]) == sorted([first["id"], second["id"]])


def test_what_was_created_can_be_read_where_the_answer_says(portal: Portal) -> None:
    tenant = portal.has_tenant()
    started = portal.call("POST", "/integrations", {"kind": "single"})
    flow_id = portal.proves(tenant, json.loads(started.body))
    completed = portal.call("POST", f"/consent/{flow_id}/complete")
    integration_id = json.loads(completed.body)["integration_id"]
    again = portal.call("POST", f"/integrations/{integration_id}/reauthorize")
    organization = portal.call("POST", "/organizations", {"name": "Contoso"})
    path = f"/organizations/{json.loads(organization.body)['id']}/end-users"
    end_user = portal.call("POST", path, {"name": "Jane Doe"})

    for answer in (started, completed, again, organization, end_user):
        created = json.loads(answer.body)
        read = portal.ask("GET", answer.headers["Location"].removeprefix("/api"))
        assert answer.status == 201
        named = created.get("flow_id") or created.get("integration_id") or created["id"]
        assert named in {read.get("flow_id"), read.get("id")}
    assert [it.name for it in DOORS if 201 in it.answers] == [
        "post_integration", "post_reauthorize", "post_complete", "post_organization", "post_end_user",
    ]  # fmt: skip
