"""The examples of the API's description are answers that were received: ``EXAMPLES=1`` takes them anew.

They are in ``integrations/triggers/http/answers.json``, with one item of each list. Every run receives all answers
again and compares their form with that of the examples, so that an example cannot go out of date.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from integrations.triggers.http.openapi import ANSWERS
from integrations.triggers.http.routes import HttpRoute
from tests.flows.portal import Portal
from tests.flows.routes import ROUTES, path_of, populated

FILE = Path("integrations/triggers/http/answers.json")
FRACTION = re.compile(r"(T\d\d:\d\d:\d\d)\.\d+Z")
ANY_VERSION = {"if-match": "*"}
LONGEST = 300  # characters of a text in an example


def received(portal: Portal) -> Iterator[tuple[HttpRoute, int, Any]]:
    """The first successful answer of every route that has one in JSON: all that read, then those that change."""
    known = populated(portal)
    leftover = portal.removal(known["removal_id"])["leftovers"][0]["tenant_id"]
    csp = portal.microsoft.world.add_partner("Northwind Partner")
    known |= {"organization_id": str(portal.ask("GET", "/organizations")["items"][0]["id"])}
    routes = {route.name: route for route in ROUTES if route.in_api and any(route.answers.values())}
    reading = [route for route in routes.values() if not route.changes]
    only_jane = {"get_end_users": "?external_id=4711"}
    for route in reading:
        yield _answer(portal, route, known, query=only_jane.get(route.name, ""))
    tenant = portal.has_tenant("Tailspin Toys")
    flow = {"flow_id": portal.proves(tenant)}
    mapped = {"organization_id": portal.organization("Tailspin")}
    version = portal.ask("GET", "/prerequisites/csp")["version"]
    started = portal.ask(
        "POST", "/integrations", {"kind": "csp", "prerequisites": {"accepted": True, "version": version}}, expect=201
    )
    portal.send(portal.person(csp["admin"]).follow(started["authorize_url"]))
    portal.run_queues()
    bound = portal.ask("POST", f"/consent/{started['flow_id']}/complete", expect=201)["integration_id"]
    portal.run_queues()
    settings = _user_sync_settings(known["organization_id"])
    yield _answer(portal, routes["post_user_sync_plan"], known, settings)
    object.__setattr__(portal.services, "users_while_waiting", 0)
    yield _answer(portal, routes["post_user_sync_plan"], known, settings)
    object.__setattr__(portal.services, "users_while_waiting", 5000)
    yield _answer(portal, routes["post_user_sync_decision"], known, {"choice": "later"})
    held = _held(portal, known)
    in_organization = {"organization_id": known["organization_id"]}
    twin = portal.ask("POST", f"/organizations/{known['organization_id']}/end-users", {"name": "J. Doe"}, expect=201)
    steps: list[tuple[str, dict[str, str], object, str]] = [
        ("post_integration", {}, {"kind": "single"}, ""),
        ("post_reauthorize", known, None, ""),
        ("post_complete", flow, None, ""),
        ("post_access_check", {"integration_id": bound}, None, ""),
        ("put_mapping", {"tenant_id": tenant["id"]}, mapped, ""),
        ("post_sync", known, None, ""),
        ("post_user_sync_release", known, {"plan_hash": held}, ""),
        ("put_user_sync", known, settings | {"plan_hash": _plan_hash(portal, known, settings)}, ""),
        ("delete_user_sync", known, None, ""),
        ("post_organization", {}, routes["post_organization"].example, ""),
        ("put_organization", mapped, routes["put_organization"].example, ""),
        ("put_settings", {}, _of_tenant(routes["put_settings"].example, known["tenant_id"]), ""),
        ("post_end_user", mapped, routes["post_end_user"].example, ""),
        ("put_end_user", known, routes["put_end_user"].example, ""),
        ("post_merge", known, {"end_user_id": twin["id"]}, ""),
        ("post_bulk", mapped, routes["post_bulk"].example, ""),
        ("post_assets", mapped, routes["post_assets"].example, ""),
        ("put_asset_end_user", known, {"end_user_id": None}, ""),
        ("put_asset_link", known, {"device_id": portal.microsoft.world.devices(known["tenant_id"])[0]["id"]}, ""),
        ("put_asset_links", known, routes["put_asset_links"].example, ""),
        ("post_move", in_organization, mapped, ""),
        ("post_leftover_done", {**known, "tenant_id": leftover}, None, ""),
        ("delete_integration", {"integration_id": bound}, None, "?confirm=Northwind%20Partner"),
        ("delete_integrations", {}, None, "?confirm=all"),
    ]
    for name, ids, body, query in steps:
        yield _answer(portal, routes[name], ids, body, query)


def _user_sync_settings(organization_id: str, **user_filter: Any) -> dict[str, Any]:
    return {"settings": {"organizations": [{"organization_id": organization_id, "filter": user_filter}]}}


def _plan_hash(portal: Portal, known: dict[str, str], settings: dict[str, Any]) -> str:
    return str(portal.ask("POST", f"/tenants/{known['tenant_id']}/user-sync/plan", settings)["plan_hash"])


def _held(portal: Portal, known: dict[str, str]) -> str:
    """The hash of a plan that is held, as nobody is in the department any more that the filter names."""
    tenant, path = {"id": known["tenant_id"]}, f"/tenants/{known['tenant_id']}/user-sync"
    user = known["object_id"]
    portal.microsoft.world.change_user(tenant["id"], user, department="Sales")
    portal.sync(tenant)
    settings = _user_sync_settings(known["organization_id"], department={"include": [{"value": "Sales"}]})
    body = settings | {"plan_hash": _plan_hash(portal, known, settings)}
    assert portal.call("PUT", path, body, headers={"if-match": "*"}).status == 200
    portal.run_queues()
    portal.microsoft.world.change_user(tenant["id"], user, department="Purchase")
    portal.sync(tenant)
    return str(portal.ask("GET", path)["hold"]["plan"]["plan_hash"])


def _of_tenant(example: Any, tenant_id: str) -> Any:
    """The example with a tenant that is there."""
    return {**example, "exceptions": [it | {"tenant_id": tenant_id} for it in example["exceptions"]]}


def _answer(
    portal: Portal, route: HttpRoute, ids: dict[str, str], body: object = None, query: str = ""
) -> tuple[HttpRoute, int, Any]:
    answer = portal.call(
        route.methods[0], path_of(route, ids) + query, body, headers=ANY_VERSION if route.needs_version else {}
    )
    assert answer.status in route.answers, (route.name, answer.status, answer.body.decode())
    return route, answer.status, json.loads(answer.body)


def short(value: Any) -> Any:
    """An answer with the fullest item of each list, long texts cut, and times in full seconds as in most answers."""
    if isinstance(value, dict):
        return {name: short(it) for name, it in value.items()}
    if isinstance(value, list):
        return [short(fullest(value))] if value else []
    return FRACTION.sub(r"\1Z", value[:LONGEST]) if isinstance(value, str) else value


def fullest(items: list[Any]) -> Any:
    return max(items, key=lambda it: len(str(form(it))))


def form(value: Any) -> Any:
    """What an example has in common with every later answer of the same kind: its fields, not their values."""
    if isinstance(value, dict):
        return {name: form(it) for name, it in value.items()}
    if isinstance(value, list):
        return [form(it) for it in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def test_every_example_of_an_answer_has_the_form_of_the_answer(portal: Portal, root: Path) -> None:
    answers: dict[str, dict[str, Any]] = {}
    for route, status, answer in received(portal):
        answers.setdefault(route.name, {})[str(status)] = short(answer)
    if os.environ.get("EXAMPLES"):
        (root / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(answers), indent=1) + b"\n")
        return

    promised = {(it.name, str(status)) for it in ROUTES if it.in_api for status, model in it.answers.items() if model}
    assert {(name, status) for name, by_status in ANSWERS.items() for status in by_status} == promised
    changed = [name for name, answer in answers.items() if form(answer) != form(ANSWERS[name])]
    assert changed == [], "take the examples anew: make examples"
