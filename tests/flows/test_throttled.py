"""What Microsoft asks of whom it throttles: nobody comes back to that service before the time it named (P10)."""

from collections import Counter
from typing import Any

import pytest

from tests.exhaustive import exhaustive
from tests.flows.portal import Portal
from tests.flows.reading import states

# What was on its way when the refusal was told came in time; this is far more than a way takes.
_ON_ITS_WAY_S = 0.75
_WAIT_S = 2


def inside(portal: Portal, tenant: dict[str, str]) -> dict[str, list[float]]:
    """Requests, parts of batches too, inside a Retry-After of their service, as Microsoft counts them."""
    found: dict[str, list[float]] = {}
    for it in asked(portal, tenant):
        if it.get("early_s", 0.0) > _ON_ITS_WAY_S:
            found.setdefault(it["service"], []).append(round(it["early_s"], 3))
    return found


def asked(portal: Portal, tenant: dict[str, str]) -> list[dict[str, Any]]:
    made = portal.graph_requests(tenant)
    return [told for it in made for told in (it.get("parts") or [it]) if "service" in told]


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    """Connected, with pages of five, changed people and new devices; each answer takes its time."""
    found = portal.has_tenant(users=60, devices=10)
    portal.connected(found)
    world = portal.microsoft.world
    world.touch_users(found["id"], 16, seed=7)
    for number in range(8):
        world.add_device(found["id"], displayName=f"PC {number}")
    world.forget_requests()
    world.switch(delta_page_size=2, latency_s=0.1, throttle_wait_s=_WAIT_S)
    return found


def test_what_one_part_of_a_readers_batch_is_told_holds_for_all_who_ask_the_service(
    portal: Portal, tenant: dict[str, str]
) -> None:
    world = portal.microsoft.world
    world.fault(host="graph", path="/registeredOwners", status=429, headers={"Retry-After": str(_WAIT_S)})

    portal.later(hours=7)
    portal.sync(tenant)

    refused = [it for it in asked(portal, tenant) if it["status"] == 429 and it["service"] == "directory"]
    assert len(refused) == 1
    assert inside(portal, tenant) == {}
    assert states(portal, tenant)["devices"] == "fresh"


@pytest.mark.parametrize("every", [10, *exhaustive(4, 7)])
def test_no_request_comes_inside_a_retry_after_of_its_service(
    portal: Portal, tenant: dict[str, str], every: int
) -> None:
    portal.microsoft.world.switch(throttle_every=every)

    portal.later(hours=7)
    portal.sync(tenant)
    portal.microsoft.world.switch(throttle_every=0)

    throttled = Counter(it["service"] for it in asked(portal, tenant) if it["status"] == 429)
    assert throttled["directory"] >= 2
    assert inside(portal, tenant) == {}
