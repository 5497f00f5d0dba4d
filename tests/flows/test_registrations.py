"""With a registration of its own for CSPs, each tenant is asked for, holds and loses only what its connection needs."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.microsoft.permissions import CUSTOMER_SCOPES, PARTNER_CENTER_SCOPE, PARTNER_SCOPES, SIGN_IN_SCOPES
from local.microsoft.cloud import Running
from local.portal_client import APP_ROLES
from local.portal_identity import PortalIdentity
from tests.flows.partner import FRIENDLY, Csp, has_csp
from tests.flows.portal import CALLBACKS, CLIENT_ID, DELEGATED, Portal, open_portal
from tests.flows.raw import everything, rows_naming
from tests.flows.test_removal import QUIET, integration_of, receipt
from tests.states import States, restart

CSP_CLIENT_ID = "c0ffee00-0000-4000-8000-0000000000c5"
SETTINGS = {"MICROSOFT_CSP_CLIENT_ID": CSP_CLIENT_ID, "MICROSOFT_CSP_CLIENT_SECRET": "another-secret-of-ours"}
# What a single tenant grants our application under the same name is no sign of a CSP.
CSP_ONLY = {*CUSTOMER_SCOPES, *PARTNER_SCOPES, PARTNER_CENTER_SCOPE} - set(SIGN_IN_SCOPES) - set(APP_ROLES)
BOTH = {"first": CLIENT_ID, "for CSPs": CSP_CLIENT_ID}


def register_for_csps(portal: Portal) -> None:
    """Both registrations as docs/deploy.md has them, each with its own list."""
    world = portal.microsoft.world
    world.register_app(client_id=CLIENT_ID, app_roles=APP_ROLES, delegated=list(SIGN_IN_SCOPES))
    world.register_app(
        client_id=CSP_CLIENT_ID,
        secret=SETTINGS["MICROSOFT_CSP_CLIENT_SECRET"],
        redirect_uris=CALLBACKS,
        app_roles=[],
        delegated=[*DELEGATED, *CUSTOMER_SCOPES],
    )


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str, states: States) -> Iterator[Portal]:
    """A portal that has both registrations."""
    found = open_portal(microsoft, identity, storage, states=states, **SETTINGS)
    register_for_csps(found)
    with found.host:
        yield found


@pytest.fixture
def earlier(microsoft: Running, identity: PortalIdentity, storage: str, states: States) -> Iterator[Csp]:
    """A CSP that was integrated while there was one registration; now there are two."""
    found = open_portal(microsoft, identity, storage, states=states)
    with found.host:
        csp = has_csp(found)
        csp.has("Contoso", users=4)
        csp.settled()
        found.beginning = None
        set_registration(found, CSP_CLIENT_ID)
        register_for_csps(found)
        yield csp


def set_registration(portal: Portal, client_id: str) -> None:
    """Start the app anew with the registration for CSPs, or without it."""
    secret = SETTINGS["MICROSOFT_CSP_CLIENT_SECRET"] if client_id else ""
    settings = dataclasses.replace(portal.services.settings, csp_client_id=client_id, csp_client_secret=secret)
    object.__setattr__(portal.services, "settings", settings)
    restart(portal)


def installed(portal: Portal, tenant: dict[str, str]) -> set[str]:
    """Which registrations a Microsoft tenant knows."""
    return {name for name, it in BOTH.items() if portal.microsoft.world.service_principal(tenant["id"], it)}


def with_admin(csp: Csp, name: str) -> dict[str, str]:
    customer = csp.customers[name]
    return {**customer, "admin": csp.world.tenant(customer["id"])["admin"]}


def read_now(portal: Portal, tenant: dict[str, str]) -> str:
    """The Sync Status after a sync with a token that is requested for it."""
    restart(portal)
    portal.sync(tenant)
    return portal.status(tenant)


def names_of(screen: dict[str, Any]) -> tuple[str, ...]:
    return tuple(it["name"] for it in screen["permissions"])


def end(portal: Portal, removal: str) -> dict[str, Any]:
    portal.run_queues()
    portal.later(**QUIET)
    portal.tick()
    return portal.removal(removal)


def test_a_single_tenants_administrator_is_shown_nothing_that_only_csps_need(portal: Portal) -> None:
    tenant = portal.has_tenant()
    person, started = portal.person(tenant["admin"]), portal.start()
    portal.send(person.follow(started["authorize_url"]))
    person.follow(portal.flow(started["flow_id"])["continue_url"])

    sign_in, permissions = started["consent_screens"]
    assert names_of(sign_in) == SIGN_IN_SCOPES
    assert set(names_of(permissions)) == {*APP_ROLES, *SIGN_IN_SCOPES}
    assert all(it in person.shown[-1] for it in names_of(permissions))
    assert [it for it in CSP_ONLY if it in " ".join(person.shown)] == []


def test_with_one_registration_it_is_told_which_permissions_only_csps_need(
    microsoft: Running, identity: PortalIdentity, storage: str
) -> None:
    portal = open_portal(microsoft, identity, storage)
    microsoft.world.register_app(client_id=CLIENT_ID, delegated=[*DELEGATED, *CUSTOMER_SCOPES])
    with portal.host:
        tenant = portal.has_tenant()
        flow = portal.signs_in(portal.start(), tenant["admin"])
        person = portal.person(tenant["admin"])
        person.follow(flow["continue_url"])
        told = portal.ask("GET", "/consent-screens")["single"][1]

    assert all(it in person.shown[-1] for it in names_of(told))
    assert {it["name"] for it in told["permissions"] if "with a CSP only" in it["why"]} == CSP_ONLY - {
        PARTNER_CENTER_SCOPE
    }


def test_a_csps_account_is_shown_what_was_told_before(portal: Portal) -> None:
    csp = has_csp(portal)
    person, started = portal.person(csp.partner["admin"]), csp.start()
    person.follow(started["authorize_url"])

    (screen,) = started["consent_screens"]
    assert [it for it in names_of(screen) if it not in " ".join(person.shown)] == []


def test_a_csp_is_asked_by_its_own_registration_which_is_the_only_one_in_its_customers(portal: Portal) -> None:
    csp = has_csp(portal)
    contoso = csp.has("Contoso", users=4)
    started = csp.start()
    assert f"client_id={CSP_CLIENT_ID}" in started["authorize_url"]
    csp.complete(csp.signs_in(started)).later(minutes=1)
    portal.map(contoso)
    portal.run_queues()

    assert (csp.auth("Contoso"), portal.status(contoso)) == ("Active", "Success")
    assert installed(portal, contoso) == {"for CSPs"}
    assert installed(portal, {"id": csp.partner["id"]}) == {"for CSPs"}


@pytest.mark.parametrize("first", ["single", "csp"])
def test_a_tenant_that_is_connected_both_ways_holds_both_and_each_removal_leaves_the_other(
    portal: Portal, first: str
) -> None:
    portal.microsoft.world.switch(**FRIENDLY)
    csp, bob = has_csp(portal), portal.called_by("bob")
    csp.has("Contoso", users=4)
    csp.settled()
    tenant = with_admin(csp, "Contoso")
    portal.map(tenant)
    bob.connected(tenant)
    portal.run_queues()
    assert installed(portal, tenant) == {"first", "for CSPs"}

    if first == "single":
        told = end(bob, bob.remove(integration_of(bob, tenant), "Contoso"))
        assert receipt(told)["microsoft"] == {"removed": 1}
        assert installed(portal, tenant) == {"for CSPs"}
        assert read_now(portal, tenant) == "Success"
    else:
        told = end(portal, portal.remove(csp.id, "Northwind Partner"))
        assert receipt(told)["microsoft"] == {"by_hand": 1, "removed": 1}
        assert CSP_CLIENT_ID in told["leftovers"][0]["how"]
        assert CLIENT_ID not in told["leftovers"][0]["how"]
        assert installed(portal, tenant) == {"first"}
        assert read_now(bob, tenant) == "Success"


def test_what_a_removal_leaves_to_do_by_hand_names_the_registration_before_it_begins(portal: Portal) -> None:
    csp = has_csp(portal)
    csp.has("Contoso")
    csp.settled()

    steps = portal.ask("GET", f"/integrations/{csp.id}/removal-effects")["by_hand"]
    assert [(CSP_CLIENT_ID in it["command"], CLIENT_ID in it["command"]) for it in steps] == [(True, False)]


def test_rows_of_the_first_registration_are_as_they_were_and_stay_readable(earlier: Csp) -> None:
    portal, contoso = earlier.portal, earlier.customers["Contoso"]
    assert [row for _, row in everything(portal) if "client_id" in row] == []
    portal.map(contoso)
    portal.run_queues()
    earlier.later(minutes=34)

    assert (earlier.status(), earlier.auth("Contoso"), portal.status(contoso)) == ("Success", "Active", "Success")
    assert installed(portal, contoso) == {"first"}
    assert rows_naming(portal, CSP_CLIENT_ID) == []


def test_a_csp_goes_over_to_its_own_registration_when_it_is_reauthorized(earlier: Csp) -> None:
    portal, contoso = earlier.portal, earlier.customers["Contoso"]
    portal.map(contoso)
    portal.run_queues()
    earlier.complete(earlier.reauthorize())
    assert portal.status(contoso) == "Success"
    for _ in range(2):
        earlier.later(minutes=34)

    assert (earlier.status(), earlier.auth("Contoso")) == ("Success", "Active")
    assert installed(portal, contoso) == {"first", "for CSPs"}
    portal.microsoft.world.revoke_consent(contoso["id"], CLIENT_ID)
    assert read_now(portal, contoso) == "Success"


def test_a_csp_that_went_over_is_removed_with_both_registrations(earlier: Csp) -> None:
    portal, contoso = earlier.portal, earlier.customers["Contoso"]
    portal.microsoft.world.switch(**FRIENDLY)
    earlier.complete(earlier.reauthorize())
    earlier.later(minutes=34)
    assert installed(portal, contoso) == {"first", "for CSPs"}
    told = end(portal, portal.remove(earlier.id, "Northwind Partner"))

    assert installed(portal, contoso) == set()
    assert receipt(told)["microsoft"] == {"by_hand": 2, "removed": 2}
    assert receipt(told)["tenants"] == 1
    assert {it for it in BOTH.values() for left in told["leftovers"] if it in left["how"]} == set(BOTH.values())
    path = f"/removals/{told['id']}/leftovers/{earlier.partner['id']}/done"
    portal.ask("POST", path)
    assert [it["done_by"] for it in portal.removal(told["id"])["leftovers"]] == ["user_alice"] * 2


def test_the_earlier_registration_goes_first_because_the_present_one_has_the_right_to_remove_it(earlier: Csp) -> None:
    portal, contoso = earlier.portal, earlier.customers["Contoso"]
    portal.microsoft.world.switch(**FRIENDLY)
    earlier.complete(earlier.reauthorize())
    earlier.later(minutes=34)
    portal.microsoft.world.fault(host="graph", path=CLIENT_ID, status=503, times=None)
    removal = portal.remove(earlier.id, "Northwind Partner")
    portal.run_queues()
    assert installed(portal, contoso) == {"first", "for CSPs"}

    portal.microsoft.world.clear_faults()
    earlier.later(hours=1)
    assert installed(portal, contoso) == set()
    assert receipt(end(portal, removal))["microsoft"] == {"by_hand": 2, "removed": 2}


def test_a_registration_that_was_taken_out_of_the_settings_is_our_fault_and_no_tenants(portal: Portal) -> None:
    csp = has_csp(portal)
    contoso = csp.has("Contoso", users=4)
    csp.settled()
    portal.map(contoso)
    portal.run_queues()
    set_registration(portal, "")
    portal.sync(contoso)

    assert csp.auth("Contoso") == "Active"
    assert not portal.status(contoso).startswith("Auth Error")
    set_registration(portal, CSP_CLIENT_ID)
    portal.later(hours=1)
    portal.tick()
    assert portal.status(contoso) == "Success"
