"""Faults on purpose, requests that are held back, and the record of everything that was asked."""

import threading
import time

import pytest
import requests

from local.microsoft import WorldRefused
from tests.local.microsoft.caller import CLIENT_ID, SECRET, Caller, code_of
from tests.waiting import HANGS_S


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 503}, 503, "serviceNotAvailable"),
        ({"status": 429, "headers": {"Retry-After": "7"}}, 429, "TooManyRequests"),
        ({"status": 500, "body": {"error": {"code": "generalException", "message": "x"}}}, 500, "generalException"),
        ({"status": 404, "body": '{"error":{"code":"","message":"x"}}'}, 404, ""),
    ],
)
def test_an_answer_can_be_replaced(caller: Caller, fault, status, code):
    asker = caller.as_app(caller.tenant())
    caller.world.fault(host="graph", **fault)

    answer = asker.get("/organization")

    assert (answer.status_code, code_of(answer)) == (status, code)
    assert {"request-id", "client-request-id"} <= answer.headers.keys()
    assert answer.headers.get("Retry-After") == fault.get("headers", {}).get("Retry-After")
    assert asker.get("/organization").status_code == 200


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", requests.ConnectionError),
        ("reset_after", requests.ConnectionError),
        ("truncate", requests.exceptions.ChunkedEncodingError),
        ("hang", requests.ReadTimeout),
    ],
)
def test_a_connection_can_fail(caller: Caller, kind, error):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    caller.world.fault(host="graph", kind=kind)
    url = f"{caller.microsoft.graph_url}/v1.0/organization"
    headers = asker._headers

    with pytest.raises(error):
        caller.session.get(url, headers=headers, timeout=(30, 0.5 if kind == "hang" else 30))
    assert asker.get("/organization").status_code == 200


def test_work_is_done_although_the_answer_is_lost(caller: Caller):
    caller.world.switch(owned_by_removes_itself=True)
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    caller.world.fault(method="DELETE", kind="reset_after")

    with pytest.raises(requests.ConnectionError):
        asker.send("DELETE", f"/servicePrincipals(appId='{CLIENT_ID}')")
    assert caller.world.service_principal(tenant["id"], CLIENT_ID) is None


def test_an_answer_can_drip_be_late_or_be_a_page(caller: Caller):
    asker = caller.as_app(caller.tenant())
    caller.world.fault(host="graph", kind="html", status=502)
    page = asker.get("/organization")
    caller.world.fault(host="graph", delay_s=0.3)
    started = time.monotonic()
    late = asker.get("/organization")
    caller.world.fault(host="graph", kind="drip")

    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert (late.status_code, time.monotonic() - started >= 0.3) == (200, True)
    with asker.send("GET", "/organization", stream=True) as slow:
        assert next(slow.iter_content(16))
        assert slow.status_code == 200


@pytest.mark.parametrize(
    ("aim", "hit"),
    [
        ({"host": "login"}, [True, False, False, False]),
        ({"path": r"/users\?\$top=5"}, [False, False, True, False]),
        ({"path": "organization", "skip": 1}, [False, False, False, False]),
        ({"tenant_id": "other"}, [False, False, False, True]),
        ({"times": 2}, [True, True, False, False]),
        ({"times": None}, [True, True, True, True]),
        ({"method": "DELETE"}, [False, False, False, False]),
    ],
)
def test_a_fault_hits_what_it_is_aimed_at(caller: Caller, aim, hit):
    mine, other = caller.tenant("Mine"), caller.tenant("Other")
    asker, foreign = caller.as_app(mine), caller.as_app(other)
    aim = {**aim, "tenant_id": other["id"]} if "tenant_id" in aim else aim
    caller.world.fault(status=418, **aim)

    answers = [caller.app_token(mine), asker.get("/organization"), asker.get("/users?$top=5"), foreign.get("/domains")]

    assert [it.status_code == 418 for it in answers] == hit
    caller.world.clear_faults()
    assert asker.get("/organization").status_code == 200


def test_a_fault_can_hit_one_part_of_a_batch(caller: Caller):
    asker = caller.as_app(caller.tenant())
    caller.world.fault(path="/domains", status=429, headers={"Retry-After": "3"})
    parts = [{"id": name, "method": "GET", "url": f"/{name}"} for name in ("organization", "domains")]

    told = {it["id"]: it for it in asker.batch(*parts).json()["responses"]}

    assert (told["organization"]["status"], told["domains"]["status"]) == (200, 429)
    assert told["domains"]["headers"]["Retry-After"] == "3"


def test_entra_fails_in_its_own_words(caller: Caller):
    tenant = caller.tenant()
    caller.world.fault(host="login", status=503)
    answer = caller.app_token(tenant)

    assert (answer.status_code, answer.json()["error"], code_of(answer)) == (503, "temporarily_unavailable", 90033)


def test_requests_wait_while_they_are_held(caller: Caller):
    mine, other = caller.tenant("Mine"), caller.tenant("Other")
    asker, foreign = caller.as_app(mine), caller.as_app(other)
    caller.world.hold("/organization", mine["id"])
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(asker.get("/organization").status_code))
    waiting.start()
    while not caller.world.held():
        time.sleep(0.01)

    assert foreign.get("/organization").status_code == 200
    assert answers == []
    caller.world.release()
    waiting.join(HANGS_S)
    assert (answers, caller.world.held()) == ([200], 0)


def test_every_request_is_recorded_without_its_secrets(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    asker.batch({"id": "1", "method": "GET", "url": "/users?$select=id"}, {"id": "2", "method": "GET", "url": "/none"})

    token, batch = caller.world.requests(tenant_id=tenant["id"])

    assert (token["host"], token["path"]) == ("login", f"/{tenant['id']}/oauth2/v2.0/token")
    assert (token["form"]["grant_type"], token["form"]["client_secret"]) == ("client_credentials", "***")
    assert (batch["method"], batch["status"], batch["client_id"]) == ("POST", 200, CLIENT_ID)
    assert "Directory.Read.All" in batch["roles"]
    assert [(it["path"], it["query"], it["status"], it["units"]) for it in batch["parts"]] == [
        ("/v1.0/users", {"$select": "id"}, 200, 1),
        ("/v1.0/none", {}, 400, 0),
    ]
    assert (batch["units"], batch["bytes"] > 100) == (1, True)
    assert SECRET not in str(caller.world.requests())
    assert asker._headers["Authorization"] not in str(caller.world.requests())


def test_the_record_can_be_read_from_a_point_on(caller: Caller):
    asker = caller.as_app(caller.tenant())
    asker.get("/organization")
    last = caller.world.requests()[-1]["seq"]
    asker.get("/domains")

    assert [it["path"] for it in caller.world.requests(since=last, host="graph")] == ["/v1.0/domains"]
    caller.world.forget_requests()
    assert caller.world.requests() == []


@pytest.mark.parametrize(
    "call",
    [
        lambda world: world.fault(kind="sulk"),
        lambda world: world.switch(gravity=0),
        lambda world: world.users("no-such-tenant"),
        lambda world: world.forge_id_token("badly"),
        lambda world: world.register_app("x", app_roles=["Everything.Read.All"]),
        lambda world: world.users(),
        lambda world: world.tenant("id", colour="blue"),
    ],
)
def test_the_world_refuses_what_it_does_not_know(caller: Caller, call):
    with pytest.raises(WorldRefused):
        call(caller.world)


@pytest.mark.parametrize("name", ["nothing", "__init__", "_user_id", "handle", "load"])
def test_only_calls_can_be_called(caller: Caller, name):
    with pytest.raises(WorldRefused, match="there is no call"):
        caller.world._send(name)
