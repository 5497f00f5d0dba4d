"""Every data set arrives, keeps its own time and its own state, and stays inside Microsoft's limits."""

from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import pytest

from integrations.domain.groups import join
from integrations.domain.records import Group
from integrations.microsoft.datasets import DATASETS
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.reading import asked, counts

CONDITIONAL_ACCESS = "/v1.0/identity/conditionalAccess/policies"
REGISTRATIONS = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
LICENSED = {"managed_devices", "registrations", "conditional_access", "sign_ins"}


def states(portal: Portal, tenant: dict[str, str]) -> dict[str, str]:
    return {it["dataset"]: it["state"] for it in portal.ask("GET", f"/tenants/{tenant['id']}")["datasets"]}


def items(portal: Portal, tenant: dict[str, str], what: str) -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/tenants/{tenant['id']}/{what}?limit=1000")["items"])


def groups_of(portal: Portal, tenant: dict[str, str]) -> dict[str, Group]:
    stored = portal.services.control("acct_northwind").tenants.find(tenant["id"]).value
    data = portal.services.data("acct_northwind", tenant["id"], stored.epoch)
    return join(row for _, row in data.list("groups", Group, limit=1000))


def security(portal: Portal, tenant: dict[str, str]) -> dict[str, Any]:
    return dict(portal.ask("GET", f"/tenants/{tenant['id']}/security"))


def parts(portal: Portal, tenant: dict[str, str]) -> list[str]:
    """Paths below the version of everything asked, alone or in batches."""
    requests = portal.graph_requests(tenant)
    alone = [it["path"] for it in requests if not it["path"].endswith("$batch")]
    return alone + [part["path"] for it in requests for part in it.get("parts") or []]


def cycle(portal: Portal, **span: float) -> None:
    """Time passes, and the schedule syncs."""
    portal.later(**span)
    portal.microsoft.world.forget_requests()
    portal.tick()


def test_the_first_sync_brings_every_data_set(portal: Portal) -> None:
    tenant = portal.has_tenant(users=60, devices=20)
    portal.connected(tenant)

    assert states(portal, tenant) == {it.name: "fresh" for it in DATASETS}
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

    assert len(ordinary) == 6
    assert {CONDITIONAL_ACCESS, REGISTRATIONS, "/v1.0/domains"} <= set(slow) - set(ordinary)
    assert "/v1.0/security/secureScoreControlProfiles" in set(daily) - set(slow)
    assert len(asked(portal, tenant)) <= 10


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
    portal.microsoft.world.set_licences(tenant["id"], "SPB", enabled=5)

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
        "security_defaults", "authorization_policy", "authentication_methods", "sign_ins",
    }  # fmt: skip
    assert (first["label"], first["cause"]) == (later["label"], later["cause"]) == ("Success", "synced_with_warnings")
    assert set(first["evidence"]) == set(later["evidence"]) == denied
    assert {"users", "roles", "domains", "licenses"} <= states(portal, tenant).keys() - denied


def test_conditional_access_is_asked_alone_and_once_a_second(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.microsoft.world.fault(host="graph", path="conditionalAccess", status=429, times=2)

    portal.later(hours=7)
    portal.microsoft.world.forget_requests()
    portal.sync(tenant)

    looks = [it for it in portal.graph_requests(tenant) if it["path"] == CONDITIONAL_ACCESS]
    assert [it["status"] for it in looks] == [429, 429, 200]
    assert all(later["at"] - sooner["at"] > 0.95 for sooner, later in pairwise(looks))
    assert states(portal, tenant)["conditional_access"] == "fresh"


@pytest.mark.slow
def test_reports_are_read_at_microsofts_pace_without_one_refusal(portal: Portal) -> None:
    portal.microsoft.world.switch(registrations_page_size=10)
    tenant = portal.has_tenant(users=75)
    portal.connected(tenant)

    pages = [it for it in portal.graph_requests(tenant) if it["path"] == REGISTRATIONS]

    assert len(pages) >= 7
    assert {it["status"] for it in pages} == {200}


def test_registrations_tell_who_has_no_mfa(portal: Portal) -> None:
    tenant = portal.has_tenant(users=30)
    world, people = portal.microsoft.world, portal.microsoft.world.users(tenant["id"])
    for person in people:
        world.set_registration(tenant["id"], person["id"], isMfaRegistered=True)
    world.give_role(tenant["id"], people[2]["userPrincipalName"], through_group=True)
    for number in (2, 5):
        world.set_registration(tenant["id"], people[number]["id"], isMfaRegistered=False)

    portal.connected(tenant)

    mfa = security(portal, tenant)["mfa"]
    assert [it["user_id"] for it in mfa["without"]] == [people[2]["id"], people[5]["id"]]
    assert (mfa["people"]["users_without"], mfa["people"]["admins"], mfa["people"]["admins_without"]) == (2, 2, 1)
    assert mfa["without"][0]["as_of"] == "2026-01-04T19:15:41.619583Z"
    assert portal.ask("GET", f"/tenants/{tenant['id']}")["mfa"]["people"] == mfa["people"]


def test_devices_bring_their_owners_and_follow_changes(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=30)
    portal.connected(tenant)
    world, people = portal.microsoft.world, portal.microsoft.world.users(tenant["id"])
    first = {it["id"]: it for it in items(portal, tenant, "devices")}
    keys = list(first)
    world.change_device(tenant["id"], keys[0], isCompliant=False, displayName="LT-NEW")
    world.set_owner(tenant["id"], keys[0], people[3]["id"])
    world.remove_device(tenant["id"], keys[1])
    lonely = world.add_device(tenant["id"], displayName="KIOSK-1", trustType="Workplace")
    world.set_owner(tenant["id"], lonely["id"], "")

    run = portal.sync(tenant)

    after = {it["id"]: it for it in items(portal, tenant, "devices")}
    assert [it["owner_id"] for it in first.values()][:5] == [it["id"] for it in people]
    assert counts(run, "devices") == {"created": 1, "changed": 1, "removed": 1}
    assert (after[keys[0]]["name"], after[keys[0]]["owner_id"]) == ("LT-NEW", people[3]["id"])
    assert (after[lonely["id"]]["joined_as"], after[lonely["id"]].get("owner_id")) == ("registered", None)
    assert keys[1] not in after


def test_a_new_owner_that_nobody_told_shows_within_a_week(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=3)
    portal.connected(tenant)
    device, people = items(portal, tenant, "devices")[0], portal.microsoft.world.users(tenant["id"])
    portal.microsoft.world.set_owner(tenant["id"], device["id"], people[4]["id"])

    cycle(portal, days=6)
    within = items(portal, tenant, "devices")[0]["owner_id"]
    cycle(portal, days=1, hours=1)

    assert (within, items(portal, tenant, "devices")[0]["owner_id"]) == (device["owner_id"], people[4]["id"])


def test_managed_devices_are_asked_for_what_checked_in_since(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=12)
    portal.connected(tenant)
    world = portal.microsoft.world
    before = {it["id"]: it for it in items(portal, tenant, "managed-devices")}
    changed, gone = list(before)[:2]
    soon = (portal.clock() + timedelta(minutes=10)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.change_managed_device(tenant["id"], changed, complianceState="noncompliant", lastSyncDateTime=soon)
    world.remove_managed_device(tenant["id"], gone)

    cycle(portal, minutes=40)
    within = {it["id"]: it for it in items(portal, tenant, "managed-devices")}
    batch = next(it for it in portal.graph_requests(tenant) if it.get("parts"))
    question = next(it["query"] for it in batch["parts"] if it["path"].endswith("managedDevices"))
    cycle(portal, hours=25)

    assert question["$filter"].startswith("lastSyncDateTime gt 2026-01-")
    assert (within[changed]["compliance"], gone in within) == ("noncompliant", True)
    assert gone not in {it["id"] for it in items(portal, tenant, "managed-devices")}


def test_a_filler_is_no_serial_number_and_no_device(portal: Portal) -> None:
    tenant = portal.has_tenant(devices=0)
    zeros = "00000000-0000-0000-0000-000000000000"
    fillers = ["", "System Serial Number", "Defaultstring", " To be filled by O.E.M. "]
    for serial in [*fillers, "5CD1234XYZ"]:
        portal.microsoft.world.add_managed_device(tenant["id"], serialNumber=serial, azureADDeviceId=zeros, userId="")

    portal.connected(tenant)

    found = items(portal, tenant, "managed-devices")
    assert sorted(it.get("serial", "-") for it in found) == ["-", "-", "-", "-", "5CD1234XYZ"]
    assert not any("device_id" in it or "user_id" in it for it in found)


def test_the_secure_score_grows_a_trend_day_by_day(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.keep_scores(tenant["id"], 3)
    portal.connected(tenant)
    before = portal.ask("GET", f"/tenants/{tenant['id']}")["secure_score"]
    tomorrow = portal.clock() + timedelta(days=1)
    portal.microsoft.world.set_secure_score(tenant["id"], f"{tomorrow:%Y-%m-%d}", points=50, most=80)

    cycle(portal, days=1)
    after = portal.ask("GET", f"/tenants/{tenant['id']}")["secure_score"]

    assert (len(before["trend"]), len(after["trend"])) == (3, 4)
    assert (after["percent"], after["points"], after["max_points"]) == (62.5, 50.0, 80.0)
    assert after["as_of"] == f"{tomorrow:%Y-%m-%d}T00:00:00Z"
    assert after["trend"][-2] == before["trend"][-1]


def test_a_new_tenant_has_no_score_and_that_is_no_error(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.keep_scores(tenant["id"], 0)
    portal.connected(tenant)

    score = portal.ask("GET", f"/tenants/{tenant['id']}")["secure_score"]

    assert (score["state"], score["percent"], score["trend"]) == ("fresh", None, [])
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_roles_list_people_and_groups_and_follow_who_holds_them(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5)
    world, people = portal.microsoft.world, portal.microsoft.world.users(tenant["id"])
    helpdesk = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
    world.give_role(tenant["id"], people[1]["id"], helpdesk)
    world.give_role(tenant["id"], people[2]["id"], helpdesk, through_group=True)
    world.give_role(tenant["id"], people[3]["id"], helpdesk, scope="/administrativeUnits/u1")
    portal.connected(tenant)
    held = [it for it in security(portal, tenant)["roles"]["items"] if it["role_id"] == helpdesk]
    world.take_role(tenant["id"], people[1]["id"], helpdesk)

    cycle(portal, hours=7)

    after = [it for it in security(portal, tenant)["roles"]["items"] if it["role_id"] == helpdesk]
    assert sorted(it["kind"] for it in held) == ["group", "user"]
    assert people[1]["userPrincipalName"] in {it.get("username") for it in held}
    assert [it["kind"] for it in after] == ["group"]


def test_groups_follow_who_comes_and_who_leaves(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5)
    world, people = portal.microsoft.world, [it["id"] for it in portal.microsoft.world.users(tenant["id"])]
    staff = world.add_group(tenant["id"], "Staff", people[:3])
    gone = world.add_group(tenant["id"], "Old", people[3:])
    portal.connected(tenant)
    before = groups_of(portal, tenant)
    world.move_member(tenant["id"], staff, people[0], come=False)
    world.move_member(tenant["id"], staff, people[4], come=True)
    world.rename_group(tenant["id"], staff, "Everybody")
    world.remove_group(tenant["id"], gone)

    run = portal.sync(tenant)
    again = portal.sync(tenant)

    assert {it.name: it.members for it in before.values()} == {"Staff": people[:3], "Old": people[3:]}
    after = groups_of(portal, tenant)
    assert {it.name: it.members for it in after.values()} == {"Everybody": [people[1], people[2], people[4]]}
    assert counts(run, "groups") == {"created": 0, "changed": 1, "removed": 1}
    assert counts(again, "groups") == {"created": 0, "changed": 0, "removed": 0}


def test_a_group_larger_than_a_row_loses_nobody(portal: Portal) -> None:
    tenant = portal.has_tenant(users=1300)
    world, people = portal.microsoft.world, [it["id"] for it in portal.microsoft.world.users(tenant["id"])]
    staff = world.add_group(tenant["id"], "Staff", people)
    portal.connected(tenant)
    before = groups_of(portal, tenant)[staff].members
    for key in people[:150]:
        world.move_member(tenant["id"], staff, key, come=False)

    run = portal.sync(tenant)

    assert before == people
    assert groups_of(portal, tenant)[staff].members == people[150:]
    assert counts(run, "groups") == {"created": 0, "changed": 2, "removed": 1}
    details = portal.ask("GET", f"/tenants/{tenant['id']}")["datasets"]
    assert next(it for it in details if it["dataset"] == "groups")["state"] == "fresh"


def test_an_administrator_through_a_group_inside_a_group_is_one(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5)
    world, people = portal.microsoft.world, portal.microsoft.world.users(tenant["id"])
    inner = world.add_group(tenant["id"], "Night shift", [people[3]["id"]])
    world.give_role(tenant["id"], people[2]["id"], through_group=True)
    outer = next(it for it in world.groups(tenant["id"]) if it["isAssignableToRole"])["id"]
    world.move_member(tenant["id"], outer, inner, come=True)
    world.set_registration(tenant["id"], people[3]["id"], isMfaRegistered=False)

    portal.connected(tenant)

    found = security(portal, tenant)["administrators"]
    assert found[0]["user_id"] == people[3]["id"]
    assert {it["user_id"] for it in found} == {people[0]["id"], people[2]["id"], people[3]["id"]}
    assert (found[0]["has_mfa"], found[0]["through"]) == (False, ["Global Administrators"])
    assert found[0]["roles"] == ["Global Administrator"]


def test_licences_know_their_orders_and_free_ones_are_never_unused(portal: Portal) -> None:
    tenant = portal.has_tenant(users=10, licences={"SPB": 25, "FLOW_FREE": 10_000})
    portal.microsoft.world.set_licences(tenant["id"], "SPB", renews_at="2026-12-01T00:00:00Z", warning=2)
    portal.connected(tenant)

    rows = {it["part_number"]: it for it in items(portal, tenant, "licenses")}
    figures = portal.ask("GET", f"/tenants/{tenant['id']}")["licenses"]

    assert rows["SPB"]["renews_at"] == "2026-12-01T00:00:00Z"
    assert [it["seats"] for it in rows["SPB"]["subscriptions"]] == [27]
    assert rows["SPB"]["unused"] == 27 - rows["SPB"]["assigned"]
    assert (rows["FLOW_FREE"].get("unused", 0), rows["FLOW_FREE"]["is_unlimited"]) == (0, True)
    assert (figures["bought"], figures["unused"]) == (25, rows["SPB"]["unused"])


def test_an_unmapped_tenant_has_no_figures(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)

    details, shown = portal.ask("GET", f"/tenants/{tenant['id']}"), security(portal, tenant)

    assert {details[name]["state"] for name in ("secure_score", "mfa", "licenses")} == {"not_mapped"}
    assert {shown["roles"]["state"], shown["conditional_access"]["state"]} == {"not_mapped"}
    assert items(portal, tenant, "devices") == []
