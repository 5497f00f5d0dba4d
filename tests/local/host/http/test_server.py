"""HTTP on a socket. Sources: host:GrpcMessageConversionExtensions.cs; ASP.NET Core Kestrel."""

import http.client
import json
import socket
import threading
import time

import azure.functions as func
import pytest
from werkzeug.datastructures import Headers

from local.host.http.server import HttpServer
from local.host.invocation.conversion import Response
from tests.waiting import HANGS_S


@pytest.fixture
def served(app, make_host):
    @app.route("echo/{*rest}")
    def echo(req: func.HttpRequest) -> func.HttpResponse:
        told = {
            "body": req.get_body().decode(),
            "headers": dict(req.headers),
            "route": dict(req.route_params),
            "url": req.url,
        }
        return func.HttpResponse(json.dumps(told), headers={"X-Method": req.method})

    host = make_host(app)
    return int(host.serve(listeners=False).rsplit(":", 1)[1])


def ask(port, method, path, body=None, headers=None, **options):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS_S)
    try:
        connection.request(method, path, body, headers or {}, **options)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_a_request_travels_to_the_function_and_back(served):
    status, headers, body = ask(served, "POST", "/api/echo/a%20b/c?x=1", b"hello", {"X-Mixed": "v"})
    told = json.loads(body)

    assert (status, headers["x-method"], headers["content-type"]) == (200, "POST", "text/plain; charset=utf-8")
    assert (told["body"], told["route"]) == ("hello", {"rest": "a b/c"})
    assert told["url"] == f"http://127.0.0.1:{served}/api/echo/a%20b/c?x=1"
    assert told["headers"]["x-mixed"] == "v"


def test_a_chunked_body_arrives_empty(served):
    _, _, body = ask(served, "POST", "/api/echo", iter([b"lo", b"st"]), encode_chunked=True)

    assert json.loads(body)["body"] == ""


def test_repeated_headers_are_joined(served):
    with socket.create_connection(("127.0.0.1", served)) as wire:
        wire.sendall(b"GET /api/echo HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(65536), b""))

    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["headers"]["a"] == "1,2"


def test_a_connection_carries_several_requests(served):
    connection = http.client.HTTPConnection("127.0.0.1", served, timeout=HANGS_S)
    for method in ("POST", "HEAD", "GET"):
        connection.request(method, "/api/echo", b"x" if method == "POST" else None)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["x-method"]) == (200, method)
        assert (answer.read() == b"") is (method == "HEAD")
    connection.close()


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(app, make_host, status):
    @app.route("f")
    def f(req):
        return func.HttpResponse("lost", status_code=status)

    host = make_host(app)
    port = int(host.serve(listeners=False).rsplit(":", 1)[1])

    assert ask(port, "GET", "/api/f")[::2] == (status, b"")


def test_cookies_travel_one_by_one_and_framing_is_the_servers(app, make_host):
    @app.route("f")
    def f(req):
        pairs = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Length", "999")]
        return func.HttpResponse("ok", headers=Headers(pairs))

    port = int(make_host(app).serve(listeners=False).rsplit(":", 1)[1])
    status, headers, body = ask(port, "GET", "/api/f")

    assert (status, headers.get_all("set-cookie"), headers.get_all("content-length")) == (200, ["a=1", "b=2"], ["2"])
    assert body == b"ok"


@pytest.fixture
def listen():
    made = []

    def listen(answer, **options):
        made.append(HttpServer("127.0.0.1", 0, answer, **options))
        made[-1].start()
        return made[-1]

    yield listen
    for listener in made:
        listener.stop()
        listener.join(2)


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {"x": "a\r\nSet-Cookie: b"}, b""),
        Response(200, {"x": "\u2603"}, b""),
        Response(700_000, {}, b""),
        Response(101, {}, b""),
    ],
)
def test_what_http_cannot_carry_is_a_500(listen, answer):
    assert ask(listen(lambda _: answer).port, "GET", "/")[::2] == (500, b"")


def test_a_body_above_the_limit_is_refused(listen):
    listener = listen(lambda request: Response(200, {}, request.body), max_body=10)

    assert ask(listener.port, "POST", "/", b"x" * 10)[::2] == (200, b"x" * 10)
    assert ask(listener.port, "POST", "/", b"x" * 11)[0] == 413


def test_garbage_is_refused_and_harms_nobody(served):
    with socket.create_connection(("127.0.0.1", served)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n")
        assert wire.recv(65536).startswith(b"HTTP/1.1 400")

    assert ask(served, "GET", "/api/echo")[0] == 200


def test_a_request_that_runs_is_answered_before_the_end(app, make_host):
    began = threading.Event()

    @app.route("slow")
    def slow(req):
        began.set()
        time.sleep(0.3)
        return func.HttpResponse("done")

    host, answers = make_host(app), []
    port = int(host.serve(listeners=False).rsplit(":", 1)[1])
    caller = threading.Thread(target=lambda: answers.append(ask(port, "GET", "/api/slow")))
    caller.start()
    assert began.wait(HANGS_S)
    assert host.stop(HANGS_S)
    caller.join(HANGS_S)

    assert answers[0][::2] == (200, b"done")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_request_that_hangs_does_not_hold_the_end_up(app, make_host):
    began, release = threading.Event(), threading.Event()

    @app.route("hang")
    def hang(req):
        began.set()
        release.wait(HANGS_S)
        return func.HttpResponse()

    host = make_host(app)
    port = int(host.serve(listeners=False).rsplit(":", 1)[1])

    answers = []
    caller = threading.Thread(target=lambda: answers.append(ask(port, "GET", "/api/hang")[0]))
    caller.start()
    assert began.wait(HANGS_S)
    started = time.monotonic()
    assert not host.stop(0.3)
    assert time.monotonic() - started < HANGS_S / 2
    release.set()
    caller.join(HANGS_S)

    assert answers == [503]
