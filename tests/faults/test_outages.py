"""When storage, Microsoft or the portal's keys are out: 503 with Retry-After, soon, and never a wrong answer."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.exhaustive import exhaustive
from tests.flows.portal import Portal, open_portal, settings_of

TENANT = "99999999-9999-4999-8999-999999999999"
CALLS = [
    ("GET", "/integrations", None),
    ("POST", "/integrations", {"kind": "single"}),
    ("POST", "/organizations", {"name": "Acme"}),
    ("PUT", f"/tenants/{TENANT}/mapping", {"organization_id": "org_" + "a" * 20}),
    ("GET", "/health/ready", None),
]


@pytest.fixture
def frozen() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        held: list[socket.socket] = []
        stopping = threading.Event()

        def lease() -> None:
            server.settimeout(0.2)
            while not stopping.is_set():
                try:
                    held.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=lease)
        thread.start()
        yield server.getsockname()[1]
        stopping.set()
        thread.join()
        for connection in held:
            connection.close()


def connection_to(port: int) -> str:
    services = "".join(f"{name}Endpoint=http://127.0.0.1:{port}/a;" for name in ("Table", "Queue", "Blob"))
    return f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;{services}"


def test_frozen_storage_is_a_503_within_fifteen_seconds(
    microsoft: Running, identity: PortalIdentity, frozen: int
) -> None:
    portal = open_portal(microsoft, identity, connection_to(frozen))

    def timed(call: tuple[str, str, object]) -> tuple[int, str, float]:
        started = time.monotonic()
        answer = portal.call(*call, headers={"idempotency-key": "k"} if call[0] != "GET" else {})
        assert int(answer.headers["Retry-After"]) >= 1
        return answer.status, json.loads(answer.body)["code"], time.monotonic() - started

    with portal.host, ThreadPoolExecutor(len(CALLS)) as pool:
        told = list(pool.map(timed, CALLS))

    assert {(status, code) for status, code, _ in told} == {(503, "storage_unavailable")}
    assert max(seconds for *_, seconds in told) < 15


def test_refused_storage_is_a_503_as_well(microsoft: Running, identity: PortalIdentity) -> None:
    portal = open_portal(microsoft, identity, connection_to(9))

    with portal.host:
        answer = portal.call("GET", "/integrations")
        callback = portal.host.call_http("GET", f"/api/consent/callback/single?code=c&state={'A' * 43}")

    assert (answer.status, json.loads(answer.body)["code"]) == (503, "storage_unavailable")
    assert (callback.status, callback.headers["Retry-After"]) == (503, "5")


def test_keys_that_cannot_be_fetched_are_a_503_and_not_a_401(
    microsoft: Running, identity: PortalIdentity, storage: str
) -> None:
    portal = open_portal(microsoft, identity, storage, PORTAL_JWKS_URL="http://127.0.0.1:9/jwks.json")

    with portal.host:
        answer = portal.call("GET", "/integrations")

    assert (answer.status, json.loads(answer.body)["code"]) == (503, "keys_unavailable")


def test_a_missing_setting_is_told_to_the_operator_and_not_to_the_caller(
    microsoft: Running, identity: PortalIdentity, storage: str, caplog: pytest.LogCaptureFixture
) -> None:
    from integrations.services import connect  # noqa: PLC0415 - as function_app does
    from integrations.settings import Settings  # noqa: PLC0415
    from integrations.triggers import build_app  # noqa: PLC0415
    from local.host import Host  # noqa: PLC0415

    env = settings_of(microsoft, identity, storage, PORTAL_ISSUER="", SECRET_KEYS="k1:short")
    with Host(build_app(lambda: connect(Settings.from_env(env))), env=env) as host:
        answer = host.call_http("GET", "/api/integrations")

    told = json.loads(answer.body)
    assert (answer.status, told["code"]) == (503, "not_configured")
    assert "PORTAL_ISSUER" in caplog.text
    assert "k1:short" not in caplog.text + answer.body.decode()


def test_microsoft_being_out_does_not_stop_the_page(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.fault(host="graph", kind="reset", times=None)
    portal.microsoft.world.fault(host="login", status=503, times=None)

    assert portal.row(tenant)["name"] == tenant["name"]
    assert portal.call("POST", "/integrations", {"kind": "single"}).status == 201


@pytest.mark.parametrize(
    "place", ["/token", *exhaustive("openid-configuration", "discovery/v2.0/keys", "transitiveMemberOf")]
)
def test_a_microsoft_that_hangs_does_not_hang_the_callback(portal: Portal, place: str) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    callback = portal.person(tenant["admin"]).follow(started["authorize_url"])
    portal.microsoft.world.fault(path=place, kind="hang", times=None)
    began = time.monotonic()

    answer = portal.send(callback)

    assert answer.status == 303
    assert time.monotonic() - began < 15
    assert portal.flow(started["flow_id"])["reason"] in {"microsoft_unavailable", "admin_unknown"}


def test_storage_that_fails_in_the_middle_of_a_sync_loses_nothing(portal: Portal) -> None:
    from shared.storage.tables import StorageUnavailable  # noqa: PLC0415 - what a dead storage raises

    tenant = portal.has_tenant(users=30)
    portal.integrate(tenant)
    portal.map(tenant)
    table = portal.services.tables.rest_table("data")
    working, table.write = table.write, lambda *_: (_ for _ in ()).throw(StorageUnavailable())  # type: ignore[method-assign]
    portal.run_queues()
    during = portal.status(tenant)
    table.write = working  # type: ignore[method-assign]

    portal.later(minutes=45)
    portal.tick()

    assert during == "Pending"
    assert portal.status(tenant) == "Success"
    assert len(portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]) == 30
