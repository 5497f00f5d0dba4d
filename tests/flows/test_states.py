"""A state that is restored is the one that was travelled to; ids and times apart, it is what any journey comes to."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.exhaustive import exhaustive
from tests.flows.partner import has_csp
from tests.flows.portal import CLIENT_ID, Portal, at_microsofts_pace, open_portal
from tests.states import States
from tests.stored import Storage

# What differs from one journey to the next: times, ids, random numbers, what is sealed, how long something took.
_VARYING = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|\b[0-9a-f]{32,64}\b|(?<=_)[a-z0-9]{20}\b|\b\d{15}-[0-9a-f]{8}\b|k1\|[^\"\\]+"
    r"|(?<=deltatoken=)[\w.=-]+|\b\d{10,12}\b(?!-)(?:\.\d+)?|(?<=(?:seconds|d_bytes)\\\":)[\d.e-]+"
    r"|(?<=due )\d\d|(?<=Key\": \")\d\d(?=\")"
)
Journey = Callable[[Portal], list[str]]
Begin = Callable[[States | None], Portal]


def integrated(portal: Portal) -> list[str]:
    tenant = portal.has_tenant(users=4, devices=2)
    portal.integrate(tenant)
    return [tenant["id"]]


def connected(portal: Portal) -> list[str]:
    tenant = portal.has_tenant(users=4, devices=2)
    portal.connected(tenant)
    return [tenant["id"]]


def csp_integrated(portal: Portal) -> list[str]:
    csp = has_csp(portal)
    customer = csp.has("Contoso")
    assert csp.integrate().row()["id"] == csp.id
    return [csp.partner["id"], customer["id"]]


def csp_settled(portal: Portal) -> list[str]:
    csp = has_csp(portal)
    customer = csp.has("Contoso")
    csp.settled()
    return [csp.partner["id"], customer["id"]]


JOURNEYS = [integrated, connected, csp_integrated, csp_settled]


def known(portal: Portal, tenants: list[str]) -> dict[str, Any]:
    """Everything stored, what Microsoft knows and was asked, and what the page shows."""
    storage, world = Storage(portal.host.env["AzureWebJobsStorage"]), portal.microsoft.world
    store = storage.read()
    storage.close()
    return {
        "rows": {
            f"{table} {partition} {key}": {name: it for name, it in row.items() if name != "op"}
            for table, rows in store.tables.items()
            for (partition, key), row in rows.items()
        },
        "waiting": {queue: held for queue, held in store.held.items() if held},
        "principals": [world.service_principal(tenant, CLIENT_ID) for tenant in tenants],
        "requests": [(it["method"], it["host"], it["path"], it["status"], it["units"]) for it in world.requests()],
        "page": portal.ask("GET", "/integrations"),
    }


def but_for_ids_and_times(told: dict[str, Any]) -> list[str]:
    return sorted(_VARYING.sub("*", json.dumps(told, indent=0, default=str)).splitlines())


@pytest.fixture
def begin(microsoft: Running, identity: PortalIdentity, another_storage: Callable[[], str]) -> Begin:
    """Opens a portal on an empty storage account, before an empty cloud."""

    def begun(states: States | None) -> Portal:
        microsoft.world.reset()
        return open_portal(microsoft, identity, another_storage(), states=states)

    return begun


@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_restored_state_is_the_one_that_was_travelled_to(begin: Begin, journey: Journey) -> None:
    states = States()
    travelled = begin(states)
    reached = known(travelled, journey(travelled))

    restored = begin(states)

    assert known(restored, journey(restored)) == reached


@pytest.mark.parametrize("journey", [connected, csp_settled, *exhaustive(integrated, csp_integrated)])
def test_ids_and_times_apart_every_journey_ends_in_that_state(begin: Begin, journey: Journey) -> None:
    elsewhere, states = begin(States()), States()
    reached = known(elsewhere, journey(elsewhere))
    journey(begin(states))

    restored = begin(states)

    assert but_for_ids_and_times(known(restored, journey(restored))) == but_for_ids_and_times(reached)


def test_what_is_done_after_a_state_was_restored_does_not_change_it(begin: Begin) -> None:
    states = States()
    first = begin(states)
    reached = known(first, connected(first))
    second = begin(states)
    (tenant,) = connected(second)
    world = second.microsoft.world
    for person in world.users(tenant):
        world.change_user(tenant, person["id"], displayName="Somebody Else")
    world.revoke_consent(tenant, CLIENT_ID)
    second.later(days=2)
    second.tick()

    third = begin(states)

    assert known(third, connected(third)) == reached


def test_the_world_goes_on_from_a_restored_state(begin: Begin) -> None:
    states = States()
    connected(begin(states))
    portal = begin(states)
    (tenant,) = connected(portal)
    people = portal.microsoft.world.users(tenant)
    portal.microsoft.world.change_user(tenant, people[0]["id"], displayName="Somebody Else")

    portal.later(hours=7)
    portal.sync({"id": tenant})

    users = portal.ask("GET", f"/tenants/{tenant}/users")["items"]
    devices = portal.ask("GET", f"/tenants/{tenant}/devices")["items"]
    assert "Somebody Else" in {it["name"] for it in users}
    assert devices


@pytest.mark.parametrize(
    "change",
    [
        lambda portal: portal.later(minutes=5),
        lambda portal: portal.organization("Acme Dental"),
        lambda portal: portal.microsoft.world.switch(acct_claim=True),
        lambda portal: portal.has_tenant("Fabrikam"),
        lambda portal: portal.microsoft.world.fault(host="partner", status=503),
        at_microsofts_pace,
        lambda portal: object.__setattr__(portal.services.settings, "starts_per_minute", 999),
    ],
)
def test_whoever_begins_otherwise_travels(begin: Begin, change: Callable[[Portal], Any]) -> None:
    states = States()
    first = begin(states)
    kept = first.integrate(first.has_tenant())

    portal = begin(states)
    change(portal)

    assert portal.integrate(portal.has_tenant()) != kept
    again = begin(states)
    assert again.integrate(again.has_tenant()) == kept


def test_whoever_has_patched_something_travels(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert portal.beginning is not None
    keys: list[str] = []
    monkeypatch.setattr("tests.states.States.reach", lambda _states, _portal, key, travel: keys.append(key) or travel())

    portal.integrate(portal.has_tenant())

    assert keys == []
