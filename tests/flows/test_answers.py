"""Every answer is of the schema that the API's own description promises, and its times have one precision."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from integrations.triggers import collect_routes
from integrations.triggers.http.openapi import EXAMPLE_OF_A_REFUSAL, document
from integrations.triggers.http.routes import HttpRoute
from tests.flows.partner import has_csp
from tests.flows.portal import Portal
from tests.flows.routes import ABSENT, DOORS, path_of, populated

DOCUMENT = document(collect_routes(lambda: None).all)  # type: ignore[arg-type, return-value]
FRACTION = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+Z|[+-][^"]*)"')
FORMATS = FormatChecker(["uuid"])
FORMATS.checks("date-time")(lambda it: it is None or bool(re.fullmatch(r"[\d-]{10}T[\d:]{8}Z", it)))
READING = [it for it in DOORS if not it.changes]
NOT_THERE = {"get_flow", "get_run", "get_removal", "get_end_user", "get_asset", "get_user_sync_plan"}


def faults(route: HttpRoute, status: int, body: bytes) -> list[str]:
    """Where an answer is not what the description says."""
    path = "/" + re.sub(r":\w+}", "}", route.path)
    answers = DOCUMENT["paths"][path][route.methods[0].lower()]["responses"]
    content = answers[str(status)]["content"]
    schema = (content.get("application/json") or content["application/problem+json"])["schema"]
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]}, format_checker=FORMATS)
    return [f"{route.name} {it.json_path}: {it.message[:200]}" for it in validator.iter_errors(json.loads(body))]


def read(portal: Portal, known: dict[str, str]) -> Iterator[tuple[HttpRoute, int, bytes]]:
    for route in READING:
        answer = portal.call("GET", path_of(route, known))
        yield route, answer.status, answer.body


def test_every_answer_about_a_single_tenant_is_of_its_schema(portal: Portal) -> None:
    answers = list(read(portal, populated(portal)))

    assert {status for _, status, _ in answers} == {200}
    assert [fault for answer in answers for fault in faults(*answer)] == []


def test_every_answer_about_a_tenant_whose_data_is_not_there_is_of_its_schema(portal: Portal) -> None:
    tenant = portal.has_tenant()
    known = {**ABSENT, "tenant_id": tenant["id"], "integration_id": portal.integrate(tenant)}

    unmapped = list(read(portal, known))
    portal.map(tenant)
    unread = list(read(portal, known))

    assert any(b"not_mapped" in body for _, _, body in unmapped)
    assert any(b"not_read_yet" in body for _, _, body in unread)
    assert [fault for answer in (*unmapped, *unread) for fault in faults(*answer)] == []


def test_every_answer_about_a_csp_and_its_customers_is_of_its_schema(portal: Portal) -> None:
    csp = has_csp(portal)
    contoso = csp.has("Contoso")
    csp.has("Fabrikam")
    csp.onboarded()
    portal.map(contoso)
    portal.run_queues()

    known = {"tenant_id": contoso["id"], "integration_id": csp.id, "organization_id": portal.organization("Other")}
    answers = list(read(portal, {**ABSENT, **known}))

    assert portal.row(contoso)["csp_auth"] != "-"
    assert {route.name for route, status, _ in answers if status != 200} == NOT_THERE
    assert [fault for answer in answers for fault in faults(*answer)] == []


def test_every_refusal_is_of_its_schema(lasting_portal: Portal) -> None:
    for route in READING:
        for query in ("", "?unknown=1"):
            answer = lasting_portal.call("GET", path_of(route, ABSENT) + query)
            if answer.status >= 400:
                assert faults(route, answer.status, answer.body) == []


def test_the_example_of_a_refusal_is_what_is_answered(lasting_portal: Portal) -> None:
    trace_id = str(EXAMPLE_OF_A_REFUSAL["trace_id"])
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}

    answer = lasting_portal.call("GET", "/integrations?limit=0", headers=headers)

    assert json.loads(answer.body) == EXAMPLE_OF_A_REFUSAL


NAMES_A_TENANT = {"put_settings"}  # one that has to be there: test_examples sends it with its id


@pytest.mark.parametrize(
    "route", [pytest.param(it, id=it.name) for it in DOORS if it.example and it.name not in NAMES_A_TENANT]
)
def test_the_example_of_a_body_is_taken(lasting_portal: Portal, route: HttpRoute) -> None:
    answer = lasting_portal.call(route.methods[0], path_of(route, ABSENT), route.example)

    assert answer.status in {200, 201, 204, 404}, answer.body  # 404: of an id that is not there
    assert answer.status == 404 or "{" not in route.path
    if answer.status == 201:
        assert faults(route, 201, answer.body) == []


def test_times_are_in_full_seconds_everywhere(portal: Portal) -> None:
    known = populated(portal)
    answers = {it.name: portal.call("GET", path_of(it, known)).body for it in READING if it.name != "get_export"}
    made = portal.call("POST", "/organizations", {"name": "Acme"}).body

    assert sum(len(re.findall(rb"T\d\d:\d\d:\d\dZ", body)) for body in answers.values()) > 50
    assert {name: FRACTION.search(body) for name, body in answers.items() if FRACTION.search(body)} == {}
    assert re.search(rb'"created_at":"[^"]*:\d\dZ"', made)


def test_an_entry_is_found_by_the_time_that_it_shows(portal: Portal) -> None:
    portal.organization("Acme")
    entry: dict[str, Any] = portal.ask("GET", "/audit?limit=1")["items"][0]

    found = portal.ask("GET", f"/audit?since={entry['at']}&until={entry['at']}")["items"]

    assert entry in found
