"""Told of changes by Microsoft: read at once, believed in nothing, renewed, and ended with the mapping (F94)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.microsoft.cloud import Running
from local.portal_client import APP_ROLES
from local.portal_identity import PortalIdentity
from local.ports import free_ports
from tests.exhaustive import exhaustive
from tests.flows.portal import CLIENT_ID, CLIENT_SECRET, Portal, open_portal
from tests.flows.raw import everything


def opened(microsoft: Running, identity: PortalIdentity, storage: str, how: str) -> Iterator[Portal]:
    """A portal that Microsoft can reach."""
    (port,) = free_ports(1)
    public = f"http://127.0.0.1:{port}"
    portal = open_portal(microsoft, identity, storage, PUBLIC_URL=public, CHANGE_NOTIFICATIONS=how)
    microsoft.world.register_app(
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        redirect_uris=[f"{public}/api/consent/callback/{kind}" for kind in ("single", "csp")],
        app_roles=APP_ROLES,
        delegated=["User.Read"],
    )
    with portal.host:
        portal.host.serve(port, listeners=False)
        yield portal


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[Portal]:
    yield from opened(microsoft, identity, storage, "on")


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    tenant = portal.has_tenant(users=5)
    portal.connected(tenant)
    return tenant


def subscriptions(portal: Portal, tenant: dict[str, str]) -> list[dict[str, Any]]:
    return list(portal.microsoft.world.subscriptions(tenant["id"]))


def runs(portal: Portal, tenant: dict[str, str]) -> list[str]:
    return [it["reason"] for it in portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]]


def gathered(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders do not wait for their like."""
    monkeypatch.setattr("integrations.actions.sync.change_notifications._BURST_S", 0)


def test_microsoft_is_asked_to_tell_of_users_and_groups_once(portal: Portal, tenant: dict[str, str]) -> None:
    made = subscriptions(portal, tenant)
    portal.later(hours=1)
    portal.tick()

    assert {it["resource"] for it in made} == {"users", "groups"}
    assert {it["lifecycleNotificationUrl"] for it in made} == {it["notificationUrl"] for it in made}
    assert subscriptions(portal, tenant) == made
    actions = [it["action"] for it in portal.ask("GET", "/audit?limit=1000")["items"]]
    assert actions.count("began to watch") == 1


def test_a_change_is_read_when_microsoft_tells_of_it(
    portal: Portal, tenant: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(portal, monkeypatch)
    world = portal.microsoft.world
    world.add_user(tenant["id"], displayName="New Colleague")

    assert world.notify(tenant["id"]) == [202]
    assert world.notify(tenant["id"], "groups") == [202]
    portal.run_queues()

    names = {it["name"] for it in portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]}
    assert "New Colleague" in names
    assert runs(portal, tenant).count("notified") == 1  # a swarm is one run


@pytest.mark.parametrize(
    "forged",
    [
        {"clientState": "acct_northwind." + "x" * 43},
        {"tenantId": "8d1f0c3a-0000-4000-8000-00000000ffff"},
        *exhaustive(
            {"clientState": ""},
            {"clientState": "acct_southridge." + "x" * 43},
            {"subscriptionId": "5b5c0000-0000-4000-8000-00000000ffff"},
            {"tenantId": "../x"},
        ),
    ],
    ids=["another secret", "no secret", "another account", "another subscription", "another tenant", "no tenant"],
)
def test_a_word_that_nobody_asked_for_orders_nothing(
    portal: Portal, tenant: dict[str, str], forged: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered(portal, monkeypatch)
    before = runs(portal, tenant)

    told = portal.microsoft.world.notify(tenant["id"], **forged)
    portal.run_queues()

    assert told == [202]
    assert runs(portal, tenant) == before


def test_microsofts_own_token_comes_back_as_text_and_as_nothing_else(portal: Portal) -> None:
    answer = portal.host.call_http("POST", "/api/notifications?validationToken=%3Cscript%3E%20a%2Bb")
    long = portal.host.call_http("POST", f"/api/notifications?validationToken={'x' * 2000}")
    other = portal.host.call_http("POST", "/api/notifications", headers={"content-type": "application/json"}, body=b"1")

    assert (answer.status, answer.body) == (200, b"<script> a+b")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (long.status, other.status) == (400, 400)


def test_notifications_are_renewed_before_they_end(portal: Portal, tenant: dict[str, str]) -> None:
    before = {it["id"] for it in subscriptions(portal, tenant)}

    portal.later(days=27)
    portal.tick()

    after = {it["id"] for it in subscriptions(portal, tenant)}
    assert len(after) == 2
    assert not before & after


@pytest.mark.parametrize("event", ["subscriptionRemoved", *exhaustive("reauthorizationRequired", "missed")])
def test_when_microsoft_ends_them_they_are_made_anew(
    portal: Portal, tenant: dict[str, str], monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    gathered(portal, monkeypatch)
    before = {it["id"] for it in subscriptions(portal, tenant)}

    portal.microsoft.world.notify(tenant["id"], lifecycleEvent=event)
    portal.run_queues()

    assert not before & {it["id"] for it in subscriptions(portal, tenant)}


@pytest.mark.parametrize(
    "end",
    [
        lambda portal, tenant: portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204),
        lambda portal, tenant: portal.remove(portal.row(tenant)["integration_id"]),
    ],
    ids=["unmapped", "removed"],
)
def test_they_end_with_the_mapping_and_with_the_connection(
    portal: Portal, tenant: dict[str, str], end: Callable[[Portal, dict[str, str]], object]
) -> None:
    end(portal, tenant)
    portal.run_queues()
    portal.later(hours=25)
    portal.tick()

    assert subscriptions(portal, tenant) == []
    assert not [kind for kind, _ in everything(portal) if kind == "control watch"]


def test_what_microsoft_does_not_tell_is_read_by_the_schedule(portal: Portal, microsoft: Running) -> None:
    microsoft.world.fault(host="graph", path=r"^/v1.0/subscriptions", status=403, times=None)
    tenant = portal.has_tenant(users=5)
    portal.connected(tenant)
    microsoft.world.add_user(tenant["id"], displayName="New Colleague")
    portal.later(minutes=40)
    portal.tick()

    assert portal.status(tenant) == "Success"
    assert len(portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]) == 6
    microsoft.world.clear_faults()
    portal.later(hours=7)
    portal.tick()
    assert len(subscriptions(portal, tenant)) == 2


def test_without_the_setting_microsoft_is_asked_for_nothing(
    microsoft: Running, identity: PortalIdentity, storage: str
) -> None:
    for portal in opened(microsoft, identity, storage, "off"):
        tenant = portal.has_tenant(users=2)
        portal.connected(tenant)

        assert subscriptions(portal, tenant) == []


def test_a_secret_is_kept_as_its_hash_only(portal: Portal, tenant: dict[str, str]) -> None:
    secrets = {str(it["clientState"]).partition(".")[2] for it in subscriptions(portal, tenant)}
    text = json.dumps(everything(portal))

    assert len(secrets) == 1
    assert not [it for it in secrets if it in text]
