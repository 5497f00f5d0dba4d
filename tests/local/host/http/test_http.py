"""HTTP without sockets. Sources: host:GrpcMessageConversionExtensions.cs, ExceptionMiddleware.cs, HttpBinding.cs,
HomepageMiddleware.cs; azure-functions http.py."""

import asyncio
import json

import azure.functions as func
import pytest
from werkzeug.datastructures import Headers


@pytest.fixture
def echo(app, make_host):
    """A host whose one function tells what it was given."""

    @app.route("echo/{id?}")
    def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        told = {
            "method": req.method,
            "url": req.url,
            "params": dict(req.params),
            "route": dict(req.route_params),
            "headers": dict(req.headers),
            "body": req.get_body().decode(),
            "upper": req.headers.get("X-MIXED"),
            "trace": context.trace_context.trace_parent,
        }
        return func.HttpResponse(json.dumps(told), mimetype="application/json")

    return make_host(app)


def told(response):
    assert response.status == 200
    return json.loads(response.body)


def test_a_function_sees_the_request(echo):
    seen = told(echo.call_http("POST", "/api/echo/7?a=1", headers={"X-Mixed": "v", "Host": "acme.test"}, body=b"hello"))

    assert (seen["method"], seen["url"]) == ("POST", "http://acme.test/api/echo/7?a=1")
    assert (seen["params"], seen["route"], seen["body"]) == ({"a": "1"}, {"id": "7"}, "hello")
    assert seen["headers"]["x-mixed"] == "v"
    assert seen["upper"] == "v"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&a=2", {"a": "1,2"}),
        ("flag=&a=1", {"a": "1"}),
        ("flag&a=1", {"a": "1"}),
        ("q=a%20b+c%26", {"q": "a b c&"}),
        ("", {}),
    ],
)
def test_repeated_query_keys_are_joined_and_empty_ones_dropped(echo, query, expected):
    assert told(echo.call_http("GET", f"/api/echo?{query}"))["params"] == expected


def test_an_absent_optional_parameter_is_missing(echo):
    assert told(echo.call_http("GET", "/api/echo"))["route"] == {}


def test_a_body_without_a_length_arrives_empty(echo):
    seen = told(echo.call_http("POST", "/api/echo", headers={"Transfer-Encoding": "chunked"}, body=b"lost"))

    assert seen["body"] == ""


def test_a_trace_is_continued_or_begun(echo):
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    assert told(echo.call_http("GET", "/api/echo", headers={"traceparent": parent}))["trace"] == parent
    assert told(echo.call_http("GET", "/api/echo"))["trace"].startswith("00-")


def answer_of(app, make_host, returned):
    @app.route("x")
    def x(req: func.HttpRequest):
        return returned

    return make_host(app).call_http("GET", "/api/x")


def test_an_answer_carries_status_headers_and_body(app, make_host):
    answer = answer_of(app, make_host, func.HttpResponse(b"\x00\xff", status_code=201, headers={"X-A": "b"}))

    assert (answer.status, answer.body) == (201, b"\x00\xff")
    assert answer.headers == {"X-A": "b", "content-type": "text/plain; charset=utf-8"}


def test_an_answer_may_set_cookies(app, make_host):
    headers = Headers([("Set-Cookie", "a=1; Path=/; HttpOnly"), ("Set-Cookie", "b=2; SameSite=Lax")])
    answer = answer_of(app, make_host, func.HttpResponse("", headers=headers))

    assert [it.split(";")[0] for it in answer.cookies] == ["a=1", "b=2"]
    assert "HttpOnly" in answer.cookies[0]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("returned", "status", "body"),
    [
        ("plain", 200, b"plain"),
        ('{"no": "response"}', 200, b'{"no": "response"}'),
        ('{"status": 418, "headers": {"X": "y"}, "body": "tea"}', 418, b"tea"),  # HttpBinding.cs takes it for one
        ('{"statusCode": 202, "body": {"a": 1}}', 202, b'{"a": 1}'),
    ],
)
def test_a_returned_text_is_the_body_unless_it_looks_like_a_response(app, make_host, returned, status, body):
    answer = answer_of(app, make_host, returned)

    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize("returned", [None, {"a": 1}, ("x", 200), 5, b"bytes"])
def test_anything_else_returned_is_an_empty_500(app, make_host, returned, caplog):
    answer = answer_of(app, make_host, returned)

    assert (answer.status, answer.body) == (500, b"")
    assert "unable to encode outgoing TypedData" in caplog.text


def test_an_exception_is_an_empty_500_and_a_line_in_the_log(app, make_host, caplog):
    @app.route("x")
    def x(req):
        raise ValueError("told to the log only")

    answer = make_host(app).call_http("GET", "/api/x")

    assert (answer.status, dict(answer.headers), answer.body) == (500, {}, b"")
    assert "told to the log only" in caplog.text


def test_the_first_function_by_name_answers(app, make_host):
    @app.route("items/summary")
    def b(req):
        return func.HttpResponse("b")

    @app.route("items/{id:alpha}")
    def a(req):
        return func.HttpResponse("a")

    host = make_host(app)

    assert host.call_http("GET", "/api/items/summary").body == b"a"
    assert host.call_http("GET", "/api/items/7").status == 404


def test_what_no_route_takes_is_an_empty_404(echo):
    for method, path in (("GET", "/api/lost"), ("GET", "/echo"), ("GET", "/runtime/webhooks/echo"), ("GET", "/admin")):
        answer = echo.call_http(method, path)
        assert (answer.status, answer.body) == (404, b"")


def test_a_wrong_method_is_404_and_get_does_not_answer_head(app, make_host):
    @app.route("x", methods=["GET"])
    def x(req):
        return func.HttpResponse("x")

    host = make_host(app)

    assert [host.call_http(it, "/api/x").status for it in ("GET", "POST", "HEAD", "OPTIONS")] == [200, 404, 404, 404]


def test_the_prefix_is_a_setting(app, make_host):
    @app.route("x")
    def x(req):
        return func.HttpResponse("x")

    host = make_host(app, host_json={"extensions": {"http": {"routePrefix": ""}}})

    assert (host.call_http("GET", "/x").status, host.call_http("GET", "/api/x").status) == (200, 404)


def test_there_is_a_home_page_that_can_be_switched_off(make_host):
    on, off = make_host(func.FunctionApp()), make_host(func.FunctionApp(), env={"AzureWebJobsDisableHomepage": "true"})

    assert on.call_http("GET", "/").status == 200
    assert (off.call_http("GET", "/").status, off.call_http("GET", "/").body) == (204, b"")


def test_the_home_page_can_lead_to_a_page_of_the_app(make_host):
    host = make_host(func.FunctionApp(), env={"LOCAL_HOST_HOME": "/api/page/"})

    assert (host.call_http("GET", "/").status, host.call_http("GET", "/").headers["location"]) == (302, "/api/page/")


def test_an_async_function_answers_and_shares_one_loop(app, make_host):
    loops = []

    @app.route("x")
    async def x(req: func.HttpRequest) -> func.HttpResponse:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        return func.HttpResponse("later")

    host = make_host(app)

    assert [host.call_http("GET", "/api/x").body for _ in range(2)] == [b"later", b"later"]
    assert loops[0] is loops[1]
