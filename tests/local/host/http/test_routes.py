"""Routing. Sources: host:WebScriptHostHttpRoutesManager.cs, FunctionMetadataManager.cs; ASP.NET TemplateMatcher."""

import azure.functions as func
import pytest

from local.host.http.routes import Route, routes
from local.host.indexing.index import index
from local.host.indexing.loading import IndexingError


def nothing(req):
    return func.HttpResponse()


def route(template, *, methods=("GET",), prefix="api"):
    app = func.FunctionApp()
    app.function_name("f")(app.route(template, methods=list(methods))(nothing))
    return Route(index(app, {})["f"], prefix)


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("items", "/api/items", {}),
        ("items", "/API/Items", {}),
        ("items", "/api/items/", {}),
        ("items", "/api/items/1", None),
        ("items", "/items", None),
        ("items/{id}", "/api/items/a%20b", {"id": "a b"}),
        ("items/{id}", "/api/items/a%2Fb", {"id": "a%2Fb"}),
        ("items/{id}", "/api/items/%2525", {"id": "%25"}),
        ("items/{id}", "/api/items", None),
        ("items/{id?}", "/api/items", {}),
        ("items/{id?}", "/api/items/7", {"id": "7"}),
        ("items/{id=9}", "/api/items", {"id": "9"}),
        ("items/{id=9}", "/api/items/7", {"id": "7"}),
        ("files/{*rest}", "/api/files/a/b/c", {"rest": "a/b/c"}),
        ("files/{*rest}", "/api/files", {}),
        ("{a}-{b}", "/api/x-y-z", {"a": "x-y", "b": "z"}),
        ("v{major}.{minor}/x", "/api/v1.2/x", {"major": "1", "minor": "2"}),
        ("café", "/api/caf%C3%A9", {}),
    ],
)
def test_a_template_matches_a_path(template, path, expected):
    assert route(template).match("GET", path) == expected


@pytest.mark.parametrize(
    ("constraint", "fits", "not_"),
    [
        ("int", ["7", "-7", "+7", "2147483647"], ["x", "1.5", "2147483648"]),
        ("long", ["2147483648"], ["9223372036854775808"]),
        ("bool", ["true", "FALSE"], ["1", "yes"]),
        ("guid", ["0a0a0a0a-0000-4000-8000-00000000000A", "0a0a0a0a000040008000000000000001"], ["0a0a", "not-a-guid"]),
        ("datetime", ["2026-11-23", "2026-11-23T07:30:00"], ["2026-13-01", "soon"]),
        ("decimal", ["1.5", "-2"], ["1e3", "x"]),
        ("double", ["1.5", "1e3"], ["x"]),
        ("float", [".5"], ["."]),
        ("alpha", ["abc"], ["ab1"]),
        ("required", ["x"], []),
        ("min(5)", ["5", "9"], ["4", "x"]),
        ("max(5)", ["5", "-9"], ["6"]),
        ("range(2,4)", ["2", "4"], ["1", "5"]),
        ("length(3)", ["abc"], ["ab", "abcd"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        (r"regex(^\d{{3}}$)", ["123"], ["12"]),
        ("int:min(3)", ["3"], ["2", "x"]),
    ],
)
def test_a_constraint_decides_whether_a_route_matches(constraint, fits, not_):
    found = route(f"items/{{id:{constraint}}}")

    assert [text for text in fits if found.match("GET", f"/api/items/{text}") != {"id": text}] == []
    assert [text for text in not_ if found.match("GET", f"/api/items/{text}") is not None] == []


@pytest.mark.parametrize(
    "template",
    ["a/{", "a/{x:nope}", "a/{x:min}", "a/{x:min(z)}", "a/{x:range(1)}", "{x}/{x}", "a/{x:regex([)}"],
)
def test_a_template_that_cannot_be_read_is_refused_by_the_functions_name(template):
    with pytest.raises(IndexingError, match=r"^f: the route"):
        route(template)


@pytest.mark.parametrize("template", ["admin/x", "Runtime"])
def test_the_hosts_own_paths_cannot_be_taken(template):
    assert route(template).template == f"api/{template}"
    with pytest.raises(IndexingError, match="conflicts with one or more built in routes"):
        route(template, prefix="")


def test_a_wrong_method_is_no_match():
    assert route("x", methods=["GET"]).match("HEAD", "/api/x") is None
    assert route("x", methods=["GET"]).match("POST", "/api/x") is None


def test_without_methods_all_are_taken():
    taken = route("x", methods=[])

    assert all(taken.match(it, "/api/x") == {} for it in ("GET", "HEAD", "OPTIONS", "PATCH", "TRACE"))


def test_without_a_template_the_functions_name_is_the_route():
    app = func.FunctionApp()
    app.function_name("Ping")(app.route()(nothing))

    assert routes(index(app, {}).values(), "")[0].template == "Ping"


def test_functions_are_tried_by_name_whatever_is_more_specific():
    app = func.FunctionApp()
    for name, template in (("B_summary", "items/summary"), ("a_any", "items/{id}")):
        app.function_name(name)(app.route(template)(nothing))

    assert [it.function.name for it in routes(index(app, {}).values(), "api")] == ["a_any", "B_summary"]
