"""Every data set arrives, keeps its own time and its own state, and stays inside Microsoft's limits."""

from itertools import pairwise

import pytest

from integrations.microsoft.registry import readable
from tests.flows.portal import CLIENT_ID, Portal, at_microsofts_pace
from tests.flows.reading import asked, cycle, items, parts, security, states

CONDITIONAL_ACCESS = "/v1.0/identity/conditionalAccess/policies"
REGISTRATIONS = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
NEEDS_P2 = {"role_assignments", "role_eligibilities", "role_policies", "group_role_policies"}
UNASKED = {"rooms", "mailbox_purposes"}  # of permissions that a sync does not need
LICENSED = NEEDS_P2 | {
    "managed_devices", "registrations", "conditional_access", "authentication_strengths", "named_locations",
    "sign_ins",
}  # fmt: skip


def test_the_first_sync_brings_every_data_set(portal: Portal) -> None:
    tenant = portal.has_tenant(users=60, devices=20, licences=["SPE_E5"])
    portal.connected(tenant)

    assert states(portal, tenant) == {it.name: "fresh" for it in readable(with_beta=False)}
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"
    shown = security(portal, tenant)
    assert shown["secure_score"]["percent"] == pytest.approx(
        100 * shown["secure_score"]["points"] / shown["secure_score"]["max_points"], abs=0.05
    )
    assert len(shown["secure_score"]["trend"]) == 90
    assert shown["improvements"][0]["title"]
    assert {it["name"] for it in shown["conditional_access"]["items"]} >= {"Require MFA for all users"}
    assert shown["security_defaults"]["items"] == [{"is_enabled": False}]
    assert shown["authorization_policy"]["items"][0]["guest_access"] == "limited"
    assert shown["authentication_methods"]["items"][0]["enabled"] == ["Fido2", "MicrosoftAuthenticator"]
    assert [it["role"] for it in shown["roles"]["items"]] == ["Global Administrator"]
    assert shown["mfa"]["demanded_by"] == ["Require MFA for all users"]


def test_what_has_no_cheap_changes_is_asked_for_every_six_hours_or_once_a_day(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=3)
    portal.connected(tenant)

    cycle(portal, minutes=40)
    ordinary = parts(portal, tenant)
    cycle(portal, hours=6)
    slow = parts(portal, tenant)
    cycle(portal, hours=24)
    daily = parts(portal, tenant)

    assert len(ordinary) == 7
    assert {CONDITIONAL_ACCESS, REGISTRATIONS, "/v1.0/domains"} <= set(slow) - set(ordinary)
    assert "/v1.0/security/secureScoreControlProfiles" in set(daily) - set(slow)
    assert len(asked(portal, tenant)) <= 12


def test_somebody_who_asks_for_a_sync_sees_what_they_just_changed(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.set_security_defaults(tenant["id"], enabled=True)
    portal.later(minutes=6)

    portal.sync(tenant)

    assert security(portal, tenant)["security_defaults"]["items"] == [{"is_enabled": True}]
    assert security(portal, tenant)["mfa"]["demanded_by"][0] == "Security defaults"


def test_a_tenant_without_the_licence_is_not_asked_and_not_warned_about(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=3, premium=False)
    portal.connected(tenant)

    told = states(portal, tenant)
    assert {name for name, state in told.items() if state == "not_licensed"} == LICENSED
    assert not {CONDITIONAL_ACCESS, REGISTRATIONS} & set(parts(portal, tenant))
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"
    assert portal.row(tenant)["sync_status"]["evidence"] == {}
    details = portal.ask("GET", f"/tenants/{tenant['id']}")
    assert details["mfa"] == {"state": "not_licensed", "as_of": None, "people": None}


def test_a_licence_that_was_bought_shows_in_the_next_cycle(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=3, premium=False)
    portal.connected(tenant)
    portal.microsoft.world.set_licences(tenant["id"], "SPE_E5", enabled=5)

    cycle(portal, minutes=40)

    assert set(states(portal, tenant).values()) == {"fresh"}


def test_what_is_not_licensed_is_tried_once_a_day_all_the_same(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, premium=False)
    portal.connected(tenant)

    cycle(portal, hours=7)
    within = parts(portal, tenant)
    cycle(portal, hours=18)
    after = parts(portal, tenant)
    told = states(portal, tenant)

    assert REGISTRATIONS not in within
    assert {REGISTRATIONS, CONDITIONAL_ACCESS} <= set(after)
    assert {name for name, state in told.items() if state == "not_licensed"} == LICENSED


def test_conditional_access_without_a_licence_may_also_be_just_empty(portal: Portal) -> None:
    portal.microsoft.world.switch(unlicensed_conditional_access="empty")
    tenant = portal.has_tenant(premium=False)
    portal.connected(tenant)

    cycle(portal, hours=25)

    assert CONDITIONAL_ACCESS in parts(portal, tenant)
    assert states(portal, tenant)["conditional_access"] == "not_licensed"


def test_a_licence_that_is_refused_although_it_is_there_passes(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5)
    refusal = {"error": {"code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "message": "x"}}
    portal.microsoft.world.fault(host="graph", path="userRegistrationDetails", status=403, body=refusal)
    portal.connected(tenant)
    first, warned = states(portal, tenant), portal.row(tenant)["sync_status"]

    cycle(portal, minutes=40)

    assert first["registrations"] == "stale"
    assert (warned["cause"], warned["evidence"]) == ("synced_with_warnings", {"registrations": "not_licensed"})
    assert states(portal, tenant)["registrations"] == "fresh"
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_a_lapsed_licence_leaves_the_rows_and_says_so(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=6)
    portal.connected(tenant)
    before = items(portal, tenant, "managed-devices")
    portal.microsoft.world.set_licences(tenant["id"], "SPB", enabled=None)

    cycle(portal, minutes=40)

    assert portal.ask("GET", f"/tenants/{tenant['id']}/managed-devices")["state"] == "not_licensed"
    assert items(portal, tenant, "managed-devices") == before != []
    assert portal.status(tenant) == "Success"


@pytest.mark.parametrize("status", ["403", "401"])
def test_what_our_application_may_not_read_costs_only_itself(portal: Portal, status: str) -> None:
    portal.microsoft.world.switch(intune_refusal=status)
    tenant = portal.has_tenant(users=5, devices=3)
    portal.integrate(tenant)
    roles = ["Organization.Read.All", "User.Read.All", "LicenseAssignment.Read.All", "Directory.Read.All"]
    portal.microsoft.world.set_app_roles(tenant_id=tenant["id"], client_id=CLIENT_ID, names=roles)
    portal.services.sign_in.forget(tenant["id"])
    portal.map(tenant)
    portal.run_queues()
    first = portal.row(tenant)["sync_status"]

    cycle(portal, minutes=40)
    later = portal.row(tenant)["sync_status"]

    denied = {name for name, state in states(portal, tenant).items() if state == "denied"}
    assert denied == {
        "devices", "managed_devices", "secure_score", "secure_score_controls", "registrations", "conditional_access",
        "named_locations", "security_defaults", "authorization_policy", "authentication_methods",
        "admin_consent_requests", "cross_tenant_access", "sign_ins", "authentication_strengths",
        "default_app_management_policy", "app_management_policies",
    } | UNASKED  # fmt: skip
    assert (first["label"], first["cause"]) == (later["label"], later["cause"]) == ("Success", "synced_with_warnings")
    assert set(first["evidence"]) == set(later["evidence"]) == denied - UNASKED
    assert {"users", "roles", "domains", "licenses"} <= states(portal, tenant).keys() - denied


def test_conditional_access_is_asked_alone_and_once_a_second(portal: Portal) -> None:
    at_microsofts_pace(portal)
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.fault(host="graph", path="conditionalAccess/policies", status=429, times=2)

    portal.later(hours=7)
    portal.microsoft.world.forget_requests()
    portal.sync(tenant)

    looks = [it for it in portal.graph_requests(tenant) if it["path"] == CONDITIONAL_ACCESS]
    assert [it["status"] for it in looks] == [429, 429, 200]
    assert all(later["at"] - sooner["at"] > 0.95 for sooner, later in pairwise(looks))
    assert states(portal, tenant)["conditional_access"] == "fresh"


@pytest.mark.slow
def test_reports_are_read_at_microsofts_pace_without_one_refusal(portal: Portal) -> None:
    at_microsofts_pace(portal)
    portal.microsoft.world.switch(registrations_page_size=10, registrations_top="ignore")
    tenant = portal.has_tenant(users=75)
    portal.connected(tenant)

    pages = [it for it in portal.graph_requests(tenant) if it["path"] == REGISTRATIONS]

    assert len(pages) >= 7
    assert {it["status"] for it in pages} == {200}
