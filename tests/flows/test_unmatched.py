"""What no route takes: unknown paths and wrong methods are told, and whoever wants only the headers gets them."""

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from integrations.triggers import build_app, collect_routes
from integrations.triggers.http.routes import HttpRoute
from local.host import Host
from local.host.http.routes import Route, routes
from local.host.indexing.index import index
from tests.flows.portal import Portal
from tests.flows.routes import ABSENT, path_of, populated

ALL = collect_routes(lambda: None).all  # type: ignore[arg-type, return-value]
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
KNOWN = {**ABSENT, "path": "page.js"}


def place_of(route: HttpRoute) -> str:
    path = re.sub(r"{kind:alpha}", "single", route.path).replace("{*path}", "{path}")
    return "/api/" + re.sub(r"{(\w+)}", lambda found: KNOWN[found.group(1)], path)


@pytest.fixture(scope="module")
def tried() -> list[Route]:
    """Every route in the order in which a Functions host tries them."""
    return routes(index(build_app(lambda: None), {}).values(), "api")  # type: ignore[arg-type, return-value]


def taken_by(tried: list[Route], method: str, path: str) -> str:
    return next(it.function.name for it in tried if it.match(method, path) is not None)


def test_what_answers_the_rest_is_tried_last(tried: list[Route]) -> None:
    assert tried[-1].function.name == "unmatched_request"
    assert tried[-1].template == "api/{*path}"
    assert tried[-1].methods >= set(METHODS)


@pytest.mark.parametrize("route", [pytest.param(it, id=it.name) for it in ALL])
def test_it_takes_no_request_from_a_route(tried: list[Route], route: HttpRoute) -> None:
    for method in route.answered:
        assert taken_by(tried, method, place_of(route)) == route.name, method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["", "/", "/nothing", "/tenants", "/integrations/a/b/c", "/page2/", "/openapi"])
def test_an_unknown_path_is_told(lasting_portal: Portal, method: str, path: str) -> None:
    answer = lasting_portal.host.call_http(method, f"/api{path}")

    problem = json.loads(answer.body)
    assert (answer.status, problem["status"], problem["code"]) == (404, 404, "no_such_path")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert "openapi.json" in problem["remedy"]


@pytest.mark.parametrize("path", sorted({place_of(it) for it in ALL}))
def test_a_wrong_method_is_told_with_those_that_are_right(lasting_portal: Portal, path: str) -> None:
    right = {method for it in ALL if it.has_path(path.removeprefix("/api/")) for method in it.answered}

    for method in set(METHODS) - right:
        answer = lasting_portal.host.call_http(method, path)

        problem = json.loads(answer.body)
        assert (answer.status, problem["code"]) == (405, "method_not_allowed"), method
        assert set(answer.headers["Allow"].split(", ")) == right
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_microsofts_answer_is_not_used_up_by_whoever_only_looks(lasting_portal: Portal) -> None:
    answer = lasting_portal.host.call_http("HEAD", "/api/consent/callback/single?state=x&code=y")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


@pytest.fixture
def address(portal: Portal) -> str:
    return portal.host.serve(listeners=False)


def test_whoever_wants_only_the_headers_gets_those_of_get(portal: Portal, address: str) -> None:
    known = populated(portal)
    token = {"Authorization": f"Bearer {portal.identity.token('alice')}"}
    reading = [it for it in ALL if not it.changes and it.name != "get_export"]
    assert len(reading) > 20

    for route in reading:
        path = place_of(route) if "{*" in route.path else f"/api{path_of(route, known)}"
        got, looked = (sent(address, method, path, token) for method in ("GET", "HEAD"))
        assert (got[0], looked[0]) == (200, 200), (route.name, got[2][:200])
        assert looked[2] == b""
        assert same(looked[1]) == same(got[1]), route.name


def test_a_refusal_has_no_body_either_where_only_headers_are_wanted(portal: Portal, address: str) -> None:
    for path, status in (("/api/integrations", 401), ("/api/nothing", 404), ("/api/consent/callback/csp", 405)):
        got = sent(address, "HEAD", path, {})
        assert (got[0], got[2]) == (status, b""), path
        assert got[1]["content-type"].startswith("application/problem+json")


def test_an_origin_may_call_once_the_host_is_told_of_it(portal: Portal) -> None:
    asks = {"origin": "https://portal.example", "access-control-request-method": "GET"}
    off = portal.host.call_http("OPTIONS", "/api/organizations", headers=asks)
    with Host(build_app(lambda: portal.services), origins=["https://portal.example"]) as host:
        on = host.call_http("OPTIONS", "/api/organizations", headers=asks)

    assert (off.status, on.status) == (405, 204)
    assert on.headers["access-control-allow-origin"] == "https://portal.example"


def sent(address: str, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    told = {name.lower(): value for name, value in answer.getheaders()}
    body = answer.read()
    connection.close()
    return answer.status, told, body


def same(headers: dict[str, str]) -> dict[str, Any]:
    """Headers without those that differ from one moment to the next."""
    return {name: value for name, value in headers.items() if name not in {"date", "etag", "content-length"}}
