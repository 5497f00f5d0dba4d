"""Keys, CORS, disabled functions and the admin API. Sources: host:AuthenticationLevelHandler.cs, AuthUtility.cs,
FunctionInvocationMiddleware.cs, Controllers/*.cs; core-tools:Startup.cs."""

import json
import threading

import azure.functions as func
import pytest

from local.host import Keys

KEYS = Keys(required=True, master="master", host="host", functions={"keyed": "own"})


def answer(req):
    return func.HttpResponse()


@pytest.fixture
def routes(app, make_host):
    for name, level in (("open", "ANONYMOUS"), ("keyed", "FUNCTION"), ("closed", "ADMIN"), ("other", "FUNCTION")):
        app.function_name(name)(app.route(name, auth_level=func.AuthLevel[level])(answer))
    return lambda **options: make_host(app, **options)


@pytest.mark.parametrize(
    ("key", "open_to"),
    [
        ("", {"open"}),
        ("wrong", {"open"}),
        ("own", {"open", "keyed"}),
        ("host", {"open", "keyed", "other"}),
        ("master", {"open", "keyed", "other", "closed"}),
    ],
)
def test_a_key_opens_what_its_level_allows(routes, key, open_to):
    host = routes(keys=KEYS)
    by_header = {
        it
        for it in host.functions
        if host.call_http("GET", f"/api/{it}", headers={"x-functions-key": key}).status == 200
    }
    by_query = {it for it in host.functions if host.call_http("GET", f"/api/{it}?code={key}").status == 200}

    assert by_header == by_query == open_to


def test_a_refusal_is_an_empty_401_and_the_header_goes_before_the_query(routes):
    host = routes(keys=KEYS)
    answer = host.call_http("GET", "/api/keyed?code=own", headers={"x-functions-key": "wrong"})

    assert (answer.status, answer.body) == (401, b"")
    assert host.call_http("GET", "/api/keyed?code=own", headers={"x-functions-key": ""}).status == 401


def test_without_keys_every_request_is_admin(routes):
    assert routes().call_http("GET", "/api/closed").status == 200


def test_a_key_that_is_not_set_opens_nothing(routes):
    host = routes(keys=Keys(required=True))

    assert host.call_http("GET", "/api/keyed", headers={"x-functions-key": ""}).status == 401
    assert host.call_http("GET", "/admin/host/status").status == 401


def test_the_default_level_is_function(make_host):
    app = func.FunctionApp()
    app.function_name("f")(app.route("f")(answer))

    assert make_host(app, keys=KEYS).call_http("GET", "/api/f").status == 401


def test_a_disabled_function_is_there_for_admins_only(routes):
    host = routes(keys=KEYS, env={"AzureWebJobs.keyed.Disabled": "1", "AzureWebJobs.other.Disabled": "0"})

    def status(name, key):
        return host.call_http("GET", f"/api/{name}", headers={"x-functions-key": key}).status

    assert [status("keyed", it) for it in ("", "own", "master")] == [401, 404, 200]
    assert status("other", "host") == 200


PREFLIGHT = {"origin": "https://portal.test", "access-control-request-method": "PUT"}


def test_a_preflight_is_answered_before_keys_and_routes(routes):
    host = routes(keys=KEYS, origins=["https://portal.test"], credentials=True)
    answer = host.call_http(
        "OPTIONS", "/api/lost", headers={**PREFLIGHT, "access-control-request-headers": "authorization"}
    )

    assert answer.status == 204
    assert answer.headers == {
        "access-control-allow-origin": "https://portal.test",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "authorization",
        "vary": "Origin",
    }


def test_an_answer_names_the_origin_that_may_read_it(routes):
    host = routes(origins=["https://portal.test"])

    def told(origin):
        answer = host.call_http("GET", "/api/open", headers={"origin": origin})
        return answer.status, answer.headers.get("access-control-allow-origin")

    assert told("https://portal.test") == (200, "https://portal.test")
    assert told("https://evil.test") == (200, None)


def test_everybody_may_call_but_without_credentials(routes):
    host = routes(origins=["*"], credentials=True)
    answer = host.call_http("GET", "/api/open", headers={"origin": "https://any.test"})

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_without_origins_a_preflight_is_a_request_like_any_other(routes):
    assert routes().call_http("OPTIONS", "/api/lost", headers=PREFLIGHT).status == 404


def test_the_admin_api_tells_how_the_host_is(routes):
    host = routes(keys=KEYS, env={"AzureWebJobs.keyed.Disabled": "true"})
    admin = {"x-functions-key": "master"}
    status = json.loads(host.call_http("GET", "/admin/host/status", headers=admin).body)
    functions = json.loads(host.call_http("GET", "/admin/functions", headers=admin).body)

    assert host.call_http("GET", "/admin/host/ping").status == 200
    assert status["state"] == "Running"
    assert [(it["name"], it["isDisabled"]) for it in functions] == [
        ("closed", False), ("keyed", True), ("open", False), ("other", False),
    ]  # fmt: skip
    assert functions[2]["config"]["bindings"][0]["type"] == "httpTrigger"
    assert functions[2]["invoke_url_template"] == "/api/open"
    assert json.loads(host.call_http("GET", "/admin/functions/OPEN", headers=admin).body)["name"] == "open"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/admin/host/status", b"", 401),
        ("GET", "/admin/functions", b"", 401),
        ("POST", "/admin/functions/open", b"{}", 401),
        ("GET", "/admin/lost", b"", 401),
    ],
)
def test_the_admin_api_asks_for_the_master_key(routes, method, path, body, status):
    host = routes(keys=KEYS)

    for key in ("", "host", "own"):
        assert host.call_http(method, path, headers={"x-functions-key": key}, body=body).status == status


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/admin/lost", b"", 404),
        ("POST", "/admin/functions/lost", b"{}", 404),
        ("POST", "/admin/functions", b"{}", 404),
        ("DELETE", "/admin/functions/open", b"", 404),
        ("POST", "/admin/host/status", b"", 404),
        ("POST", "/admin/functions/open", b"{", 400),
        ("POST", "/admin/functions/open", b"[]", 400),
        ("POST", "/admin/functions/open", b"", 202),
    ],
)
def test_the_admin_api_refuses_what_it_does_not_know(routes, method, path, body, status):
    assert routes().call_http(method, path, body=body).status == status


def test_any_function_can_be_started_by_hand(app, make_host):
    seen, done = [], threading.Semaphore(0)

    def note(what):
        seen.append(what)
        done.release()

    @app.timer_trigger(arg_name="timer", schedule="0 0 1 1 *")
    def tick(timer: func.TimerRequest) -> None:
        note(("tick", timer.past_due))

    @app.queue_trigger(arg_name="msg", queue_name="work", connection="S")
    def work(msg: func.QueueMessage) -> None:
        note(("work", msg.get_body(), msg.dequeue_count))

    @app.route("route")
    def route(req: func.HttpRequest) -> func.HttpResponse:
        note(("route", req.get_body()))
        return func.HttpResponse()

    host = make_host(app)
    for name, given in (("tick", None), ("work", "héllo"), ("route", {"a": 1})):
        answer = host.call_http("POST", f"/admin/functions/{name}", body=json.dumps({"input": given}).encode())
        assert answer.status == 202
        assert done.acquire(timeout=60)

    assert seen == [("tick", False), ("work", "héllo".encode(), 1), ("route", b'{"a": 1}')]
