"""Microsoft's limits, kept per tenant and service; and what a sync took, counted (P10, P11, I20)."""

import itertools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from integrations.microsoft.limits import Service
from integrations.services import TenantGraphs
from local.microsoft import World
from shared.microsoft.graph import ServiceDown, Transient
from tests.exhaustive import exhaustive
from tests.flows.portal import CLIENT_ID, Portal, at_microsofts_pace, with_retries_as_deployed
from tests.flows.reading import parts, states
from tests.waiting import until

SCORES = "/security/secureScores"
POLICIES = "/identity/conditionalAccess/policies"


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    """Connected, and from here on every request is recorded anew."""
    found = portal.has_tenant(users=30)
    portal.connected(found)
    portal.microsoft.world.forget_requests()
    return found


@pytest.fixture
def world(portal: Portal) -> World:
    return portal.microsoft.world


def bystander(portal: Portal) -> TenantGraphs:
    """Another tenant, which must not notice."""
    other = portal.has_tenant("Fabrikam", seed=2)
    portal.microsoft.world.consent(other["id"], CLIENT_ID)
    return TenantGraphs(portal.services, other["id"])  # type: ignore[arg-type]


def ask(graphs: TenantGraphs, service: Service, path: str) -> None:
    list(graphs.of(service).items(path, type=msgspec.Raw))


def begun(portal: Portal, tenant: dict[str, str], path: str) -> list[float]:
    return [it["at"] for it in portal.graph_requests(tenant) if it["path"] == f"/v1.0{path}"]


def test_a_run_tells_what_it_asked_of_microsoft_as_microsoft_counts_it(portal: Portal) -> None:
    tenant = portal.has_tenant(users=1500)
    portal.integrate(tenant)
    portal.microsoft.world.forget_requests()
    portal.map(tenant)
    portal.run_queues()

    (run,) = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]
    made = portal.graph_requests(tenant)
    questions = [part for it in made for part in it.get("parts") or []]
    assert run["usage"] == portal.ask("GET", f"/tenants/{tenant['id']}/runs/{run['id']}")["usage"]
    assert run["usage"] == {
        "requests": len(made),
        "parts": len(questions),
        "units": sum(it["units"] for it in made),
        "received_bytes": sum(it["bytes"] for it in made),
    }
    by_dataset = {it["dataset"]: it["usage"] for it in run["datasets"]}
    assert sum(it.get("units", 0) for it in by_dataset.values()) == run["usage"]["units"]
    assert (by_dataset["users"]["requests"], by_dataset["users"]["parts"]) == (2, 1)
    assert "requests" not in by_dataset["licenses"]


def test_a_service_that_allows_one_request_a_second_is_asked_for_no_more(
    portal: Portal, tenant: dict[str, str], world: World
) -> None:
    at_microsofts_pace(portal)
    graphs = TenantGraphs(portal.services, tenant["id"])  # type: ignore[arg-type]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ask(graphs, Service.CONDITIONAL_ACCESS, POLICIES), range(4)))

    times = begun(portal, tenant, POLICIES)
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 1.0
    assert (len(times), graphs.usage.throttled) == (4, 0)


def test_an_unchanged_tenant_takes_one_request(portal: Portal, tenant: dict[str, str]) -> None:
    portal.later(minutes=34)
    portal.tick()

    newest = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"][0]
    assert (newest["reason"], newest["usage"]["requests"]) == ("schedule", 1)
    assert newest["usage"]["parts"] == len(newest["datasets"])


def test_throttling_is_counted_where_it_hit(portal: Portal, tenant: dict[str, str], world: World) -> None:
    world.fault(host="graph", path="/v1.0/groups", status=429, headers={"Retry-After": "1"})

    run = portal.sync(tenant)

    groups = next(it for it in run["datasets"] if it["dataset"] == "groups")
    told = {name: run["usage"][name] for name in ("requests", "throttled", "repeated", "waited_s")}
    assert told == {"requests": 2, "throttled": 1, "repeated": 1, "waited_s": 1.0}
    assert (groups["usage"]["parts"], groups["usage"]["throttled"]) == (2, 1)


def test_the_log_tells_what_a_sync_took(
    portal: Portal, tenant: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="integrations"):
        run = portal.sync(tenant)

    ours = [it.getMessage() for it in caplog.records if it.name == "integrations"]
    told: list[dict[str, Any]] = list(map(msgspec.json.decode, ours))
    assert next(it["usage"] for it in told if it["event"] == "synced tenant") == run["usage"]


def test_secure_score_is_never_asked_for_more_than_four_times_at_once(
    portal: Portal, tenant: dict[str, str], world: World
) -> None:
    graphs = TenantGraphs(portal.services, tenant["id"])  # type: ignore[arg-type]
    world.hold(path=SCORES)

    with ThreadPoolExecutor(12) as threads:
        asked = threads.map(lambda _: ask(graphs, Service.SECURE_SCORE, SCORES), range(12))
        until(lambda: world.held() >= 4)
        time.sleep(0.5)  # in which a fifth would come
        at_once = world.held()
        world.release()
        list(asked)

    assert (at_once, len(begun(portal, tenant, SCORES))) == (4, 12)


def test_a_service_that_fails_five_times_in_a_row_is_left_alone_for_the_run(
    portal: Portal, tenant: dict[str, str], world: World
) -> None:
    graphs, other = TenantGraphs(portal.services, tenant["id"]), bystander(portal)  # type: ignore[arg-type]
    headers = {"Retry-After": "1"}
    world.fault(host="graph", tenant_id=tenant["id"], path=SCORES, status=503, headers=headers, times=None)

    for _ in range(2):
        with pytest.raises(Transient):
            ask(graphs, Service.SECURE_SCORE, SCORES)
    with pytest.raises(ServiceDown):
        ask(graphs, Service.SECURE_SCORE, SCORES)

    assert len(begun(portal, tenant, SCORES)) == 5
    ask(graphs, Service.DIRECTORY, "/domains")
    ask(other, Service.SECURE_SCORE, SCORES)
    world.clear_faults()
    ask(TenantGraphs(portal.services, tenant["id"]), Service.SECURE_SCORE, SCORES)  # type: ignore[arg-type]


def test_requests_slow_down_for_the_tenant_whose_budget_runs_out(
    portal: Portal, tenant: dict[str, str], world: World
) -> None:
    graphs, other = TenantGraphs(portal.services, tenant["id"]), bystander(portal)  # type: ignore[arg-type]
    portal.later(seconds=1000)  # what was spent before is out of the window
    world.switch(units_per_10s=10)

    for _ in range(9):
        ask(graphs, Service.DIRECTORY, "/domains")
    unhurried_s = graphs.usage.waited_s
    ask(graphs, Service.DIRECTORY, "/domains")
    for _ in range(3):
        ask(other, Service.DIRECTORY, "/domains")

    times = begun(portal, tenant, "/domains")
    assert (unhurried_s, len(times)) == (0.0, 10)
    assert times[9] - times[8] >= 0.95
    assert graphs.usage.throttled == 0
    assert other.usage.waited_s == 0.0


@pytest.mark.parametrize("told", ["600", "1000000000"], ids=["ten minutes", "thirty years"])
def test_a_data_set_is_not_asked_for_inside_the_time_that_was_named(
    portal: Portal, tenant: dict[str, str], world: World, told: str
) -> None:
    world.fault(host="graph", path="/v1.0/groups", status=429, headers={"Retry-After": told}, times=None)
    portal.sync(tenant)
    refused = states(portal, tenant)["groups"]
    world.clear_faults()

    world.forget_requests()
    portal.later(minutes=9)
    portal.sync(tenant)
    early = parts(portal, tenant)
    portal.later(minutes=7)
    portal.sync(tenant)

    assert (refused, "/v1.0/groups/delta" in early, "/v1.0/users/delta" in early) == ("stale", False, True)
    assert states(portal, tenant)["groups"] == "fresh"


def test_sync_now_waits_for_the_time_that_was_named_for_the_tenant(
    portal: Portal, tenant: dict[str, str], world: World
) -> None:
    headers = {"Retry-After": "300"}
    world.fault(host="graph", tenant_id=tenant["id"], status=429, headers=headers, times=None)
    portal.sync(tenant)
    world.clear_faults()
    world.forget_requests()

    portal.later(minutes=4)
    early = portal.sync(tenant)["state"]
    asked_early = portal.graph_requests(tenant)
    portal.later(minutes=2)
    late = portal.sync(tenant)["state"]

    assert (early, asked_early, late) == ("queued", [], "done")


@pytest.mark.parametrize(
    "told", ["1", "soon", None, *exhaustive("0", "-1", "1.5", "date")], ids=lambda it: "absent" if it is None else it
)
@pytest.mark.parametrize("path", [r"/\$batch", "/v1.0/groups"], ids=["request", "part"])
def test_no_request_leaves_inside_the_time_that_was_named(
    portal: Portal, tenant: dict[str, str], world: World, path: str, told: str | None
) -> None:
    text = "Thu, 01 Jan 1970 00:00:00 GMT" if told == "date" else told
    world.fault(host="graph", path=path, status=429, headers={"Retry-After": text} if text else {})
    with_retries_as_deployed(portal)

    portal.sync(tenant)

    first, second = [it["at"] for it in portal.graph_requests(tenant)]
    named_s = float(told) if told in {"1", "1.5"} else 0.5 if told is None else 1.0
    assert second - first >= named_s
    assert portal.status(tenant) == "Success"
