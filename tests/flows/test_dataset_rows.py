"""What the rows of each data set hold, and how they follow what changes at Microsoft."""

from datetime import UTC, timedelta

from tests.flows.portal import Portal
from tests.flows.reading import counts, cycle, groups_of, items, security


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
    assert mfa["without"][0]["as_of"] == "2026-01-04T19:15:41Z"
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


def test_a_device_that_checks_in_within_the_second_of_the_last_one_is_not_missed_and_costs_nothing_later(
    portal: Portal,
) -> None:
    tenant, world = portal.has_tenant(users=5, devices=3), portal.microsoft.world
    now = {"lastSyncDateTime": portal.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    world.add_managed_device(tenant["id"], **now)
    portal.connected(tenant)
    late = world.add_managed_device(tenant["id"], **now)

    cycle(portal, minutes=40)
    within = {it["id"] for it in items(portal, tenant, "managed-devices")}
    cycle(portal, minutes=40)

    assert late["id"] in within
    runs = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]
    counts = [it["counts"] for run in runs for it in run["datasets"] if it["dataset"] == "managed_devices"]
    assert [it["created"] for it in counts[:2]] == [0, 1]
    assert [it["changed"] for it in counts[:2]] == [0, 0]


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
    world.remove_member(tenant, staff, people[0])
    world.add_member(tenant, staff, people[4])
    world.rename_group(tenant["id"], staff, "Everybody")
    world.remove_group(tenant, gone)

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
        world.remove_member(tenant, staff, key)

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
    world.add_member(tenant, outer, inner)
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
