"""Syncs of a tenant whose Microsoft answers oddly: what is odd costs itself, and everything else is as ever."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.domain.sync.datasets import Cursor
from integrations.domain.sync.records import SignInPage
from integrations.microsoft.registry import DATASETS, readable
from tests.exhaustive import exhaustive
from tests.flows.portal import Portal
from tests.flows.reading import cycle, groups_of, items, states, users_of

YEAR_1, IN_1601, NO_END = "0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"
NOBODY = "00000000-0000-0000-0000-000000000000"
JOINED = "👩‍💻 می‌خواهم 🏳️‍🌈"
ALL_FRESH = {it.name: "fresh" for it in readable(with_beta=False)}
REGISTRATIONS = "userRegistrationDetails"


def has_tenant(portal: Portal) -> dict[str, str]:
    """A small tenant with something in every data set."""
    world = portal.microsoft.world
    tenant = portal.has_tenant(users=12, devices=8, licences=["SPE_E5", "FLOW_FREE"])
    for number in range(2):
        people = [it["id"] for it in world.users(tenant["id"])[number : number + 3]]
        world.add_group(tenant["id"], f"Group {number}", people)
    return tenant


def status_of(portal: Portal, tenant: dict[str, str]) -> dict[str, Any]:
    return dict(portal.row(tenant)["sync_status"])


def stored(portal: Portal, tenant: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every row of every data set, and the cursors' tallies."""
    data = _data(portal, tenant)
    return {it.name: dict(data.list(it.name, it.record, limit=1000)) for it in DATASETS}


def cursors_of(portal: Portal, tenant: dict[str, str]) -> dict[str, Cursor]:
    return dict(_data(portal, tenant).open().cursors)


def _data(portal: Portal, tenant: dict[str, str]) -> Any:
    found = portal.services.control("acct_northwind").tenants.find(tenant["id"]).value
    return portal.services.data("acct_northwind", tenant["id"], found.epoch)


def managed(portal: Portal, tenant: dict[str, str]) -> set[str]:
    return set(stored(portal, tenant)["managed_devices"])


# Bytes before the JSON.


@pytest.mark.parametrize("host", ["graph", "login"])
def test_bytes_before_the_json_change_nothing(portal: Portal, host: str) -> None:
    portal.microsoft.world.switch(delta_page_size=2, most_on_a_page=5)
    portal.microsoft.world.garble("bom", host=host)
    tenant = has_tenant(portal)
    portal.connected(tenant)
    first = (status_of(portal, tenant)["cause"], states(portal, tenant), len(users_of(portal, tenant)))
    portal.microsoft.world.touch_users(tenant["id"], 5)
    cycle(portal, minutes=40)

    assert first == ("synced", ALL_FRESH, 12)
    assert status_of(portal, tenant)["evidence"] == {}
    titles = {it["jobTitle"] for it in portal.microsoft.world.users(tenant["id"])}
    assert {it.get("job_title") for it in users_of(portal, tenant)} == titles
    assert any(portal.microsoft.world.garbled().values())


def test_a_missing_licence_is_understood_behind_bytes_before_the_json(portal: Portal) -> None:
    refusal = {"error": {"code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "message": "x"}}
    portal.microsoft.world.fault(host="graph", path=REGISTRATIONS, status=403, body=refusal, times=None)
    portal.microsoft.world.garble("bom", path=REGISTRATIONS)
    tenant = has_tenant(portal)
    portal.connected(tenant)

    # The tenant has the licence: that Microsoft says otherwise passes. Without its code it is a denial.
    assert states(portal, tenant)["registrations"] == "stale"
    assert status_of(portal, tenant)["evidence"] == {"registrations": "not_licensed"}


# One odd item among others.


NULL_LISTS = {
    "organization": ("/organization", ["value", 0, "assignedPlans"]),
    "organization's domains": ("/organization", ["value", 0, "verifiedDomains"]),
    "groups": ("groups/delta", ["value", 0, "groupTypes"]),
    "registrations": (REGISTRATIONS, ["value", 1, "methodsRegistered"]),
    "conditional_access": ("conditionalAccess/policies", ["value", 0, "conditions", "users", "includeUsers"]),
    "named_locations": ("namedLocations", ["value", 0, "ipRanges"]),
    "devices": (r"/devices\?", ["value", 1, "registeredOwners"]),
}


def test_lists_that_are_null_cost_nothing_else(portal: Portal) -> None:
    tenant = has_tenant(portal)
    world = portal.microsoft.world
    garbled = {name: world.garble("put", *at, value=None, path=path) for name, (path, at) in NULL_LISTS.items()}
    portal.connected(tenant)
    odd = stored(portal, tenant)
    shown = world.garbled()
    status, told = status_of(portal, tenant), states(portal, tenant)
    world.ungarble()
    portal.later(days=8)
    portal.tick()

    assert [name for name, number in garbled.items() if not shown[number]] == []
    assert status["label"] == "Success"
    assert told == ALL_FRESH
    clean = stored(portal, tenant)
    del odd["secure_score"], clean["secure_score"]  # a score a day
    assert {name: rows.keys() for name, rows in odd.items()} == {name: rows.keys() for name, rows in clean.items()}
    assert {name: len(rows) for name, rows in odd.items()} == {name: len(rows) for name, rows in clean.items()}


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("plans", ["odd", *exhaustive(None)])
def test_plans_that_microsoft_does_not_tell_stop_no_data_set(portal: Portal, plans: object, *, is_first: bool) -> None:
    tenant = has_tenant(portal)
    if not is_first:
        portal.connected(tenant)
    portal.microsoft.world.garble("put", "value", 0, "assignedPlans", value=plans, path="/organization")
    if is_first:
        portal.connected(tenant)
    else:
        cycle(portal, hours=25)

    assert states(portal, tenant) == ALL_FRESH
    assert status_of(portal, tenant)["label"] == "Success"


LISTS = {
    "users": r"/users\?.*displayName",
    "groups": "groups/delta",
    "devices": r"/devices\?",
    "managed_devices": "managedDevices",
    "registrations": REGISTRATIONS,
    "sign_ins": r"/users\?.*signInActivity",
    "licenses": "subscribedSkus",
    "subscriptions": "directory/subscriptions",
    "domains": "/domains",
    "secure_score_controls": "secureScoreControlProfiles",
    "conditional_access": "conditionalAccess/policies",
}


@pytest.mark.parametrize(
    "datasets", [list(LISTS), *exhaustive(*([it] for it in LISTS))], ids=lambda it: it[0] if len(it) == 1 else "all"
)
def test_one_odd_item_of_a_list_costs_itself_alone_and_is_told(portal: Portal, datasets: list[str]) -> None:
    tenant = has_tenant(portal)
    world, item = portal.microsoft.world, {"id": ["odd"], "skuId": 7, "name": []}
    garbled = {it: world.garble("put", "value", 1, value=item, path=LISTS[it]) for it in datasets}
    portal.connected(tenant)
    odd, status = stored(portal, tenant), status_of(portal, tenant)
    shown, told = world.garbled(), states(portal, tenant)
    world.ungarble()
    cycle(portal, hours=25)
    mended = stored(portal, tenant)

    assert [it for it in datasets if not shown[garbled[it]]] == []
    assert (status["label"], status["cause"]) == ("Success", "synced_with_warnings")
    assert status["evidence"].keys() == set(datasets)
    assert told == ALL_FRESH
    assert status_of(portal, tenant)["cause"] == "synced"
    assert odd.keys() == mended.keys()
    lost = {it: len(people(mended[it])) - len(people(odd[it])) for it in datasets}
    assert lost == dict.fromkeys(datasets, 1)


def people(rows: dict[str, Any]) -> list[Any]:
    """The things that rows hold, where they hold several."""
    return [it for row in rows.values() for it in getattr(row, "people", [row])]


def test_an_item_that_cannot_be_read_is_not_taken_for_gone(portal: Portal) -> None:
    tenant = has_tenant(portal)
    portal.connected(tenant)
    portal.microsoft.world.garble("put", "value", 1, "id", value=None, path=r"/devices\?")
    portal.later(days=8)
    portal.tick()

    assert len(stored(portal, tenant)["devices"]) == 8
    assert status_of(portal, tenant)["label"] == "Success"
    assert status_of(portal, tenant)["evidence"].keys() == {"devices"}
    assert states(portal, tenant) == ALL_FRESH


# Dates and ids that stand for nothing.


@pytest.mark.parametrize("never", [YEAR_1, *exhaustive("0001-01-01T00:00:00")])
def test_managed_devices_that_never_synced_leave_later_syncs_alone(portal: Portal, never: str) -> None:
    tenant = portal.has_tenant(users=4)
    world = portal.microsoft.world
    odd = world.add_managed_device(tenant["id"], lastSyncDateTime=never)
    portal.connected(tenant)
    for hours in (1, 6, 25, 1):
        cycle(portal, hours=hours)
    runs = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]
    newer = world.add_managed_device(tenant["id"], lastSyncDateTime=portal.clock().strftime("%Y-%m-%dT%H:%M:%SZ"))
    cycle(portal, hours=25)

    assert {(it["state"], it.get("cause")) for it in runs} == {("done", "synced")}
    assert len(runs) >= 4
    assert managed(portal, tenant) == {odd["id"], newer["id"]}
    assert stored(portal, tenant)["managed_devices"][odd["id"]].last_sync_at is None


@pytest.mark.parametrize("days", [1, 3000])
def test_a_device_that_synced_in_the_future_hides_no_other(portal: Portal, days: int) -> None:
    tenant = portal.has_tenant(users=4)
    world = portal.microsoft.world
    ahead = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.add_managed_device(tenant["id"], lastSyncDateTime=ahead)
    portal.connected(tenant)
    portal.later(minutes=40)
    newer = world.add_managed_device(tenant["id"], lastSyncDateTime=portal.clock().strftime("%Y-%m-%dT%H:%M:%SZ"))
    cycle(portal, minutes=40)

    assert newer["id"] in managed(portal, tenant)


def test_a_device_that_synced_at_the_end_of_time_hides_no_other(portal: Portal) -> None:
    tenant = portal.has_tenant(users=4)
    world = portal.microsoft.world
    world.add_managed_device(tenant["id"], lastSyncDateTime=NO_END)
    portal.connected(tenant)
    portal.later(minutes=40)
    newer = world.add_managed_device(tenant["id"], lastSyncDateTime=portal.clock().strftime("%Y-%m-%dT%H:%M:%SZ"))
    cycle(portal, minutes=40)

    assert newer["id"] in managed(portal, tenant)
    assert status_of(portal, tenant)["label"] == "Success"


@pytest.mark.parametrize("never", [YEAR_1, IN_1601])
def test_somebody_who_never_signed_in_was_never_seen(portal: Portal, never: str) -> None:
    tenant = portal.has_tenant(users=4)
    activity = dict.fromkeys(("lastSignInDateTime", "lastNonInteractiveSignInDateTime"), never)
    path = r"/users\?.*signInActivity"
    portal.microsoft.world.garble("put", "value", "*", "signInActivity", value=activity, path=path)
    portal.connected(tenant)

    pages: list[SignInPage] = list(stored(portal, tenant)["sign_ins"].values())
    assert [(it.last_at, it.last_background_at) for page in pages for it in page.people] == [(None, None)] * 4
    assert cursors_of(portal, tenant)["sign_ins"].counts_by_kind == {"never seen": 4}


def test_a_device_id_of_zeros_is_none(portal: Portal) -> None:
    tenant = portal.has_tenant(users=4, devices=3)
    device = portal.microsoft.world.devices(tenant["id"])[1]
    portal.microsoft.world.change_device(tenant["id"], device["id"], deviceId=NOBODY)
    portal.connected(tenant)

    told = {it["id"]: it.get("device_id") for it in items(portal, tenant, "devices")}
    assert told[device["id"]] is None
    assert len([it for it in told.values() if it]) == 2


def test_a_date_without_a_zone_is_in_utc(portal: Portal) -> None:
    tenant = portal.has_tenant(users=4, devices=3)
    device = portal.microsoft.world.devices(tenant["id"])[1]
    portal.microsoft.world.change_device(tenant["id"], device["id"], registrationDateTime="2026-03-04T05:06:07")
    portal.connected(tenant)

    rows = stored(portal, tenant)["devices"]
    assert rows[device["id"]].registered_at == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert len(rows) == 3
    assert status_of(portal, tenant)["evidence"] == {}


# What changes do not tell.


def test_somebody_whose_deletion_no_delta_tells_is_gone_within_seven_days(portal: Portal) -> None:
    tenant = portal.has_tenant(users=6)
    portal.connected(tenant)
    ghost = portal.microsoft.world.users(tenant["id"])[3]["id"]
    portal.microsoft.world.remove_user(tenant["id"], ghost, in_delta=False)
    cycle(portal, hours=1)
    at_first = len(users_of(portal, tenant))
    for _ in range(7):
        cycle(portal, hours=24)

    assert at_first == 6
    assert ghost not in {it["id"] for it in users_of(portal, tenant)}
    assert len(users_of(portal, tenant)) == 5


# Plans in their grace period.


def test_a_plan_in_its_grace_period_works(portal: Portal) -> None:
    tenant = has_tenant(portal)
    portal.microsoft.world.set_licences(tenant["id"], "SPB", status="Warning")
    portal.connected(tenant)

    assert states(portal, tenant) == ALL_FRESH
    assert status_of(portal, tenant)["cause"] == "synced"


# Half a character.


def test_half_a_character_in_one_name_is_replaced_and_costs_nothing_else(portal: Portal) -> None:
    tenant = has_tenant(portal)
    garbled = portal.microsoft.world.garble("surrogate", "value", 0, "displayName", path="groups/delta")
    portal.connected(tenant)

    assert portal.microsoft.world.garbled()[garbled] == 1
    assert (status_of(portal, tenant)["cause"], states(portal, tenant)) == ("synced", ALL_FRESH)
    assert sorted(it.name for it in groups_of(portal, tenant).values()) == ["Group 0\ufffd", "Group 1"]


def test_joiners_inside_emoji_and_words_stay(portal: Portal) -> None:
    tenant = portal.has_tenant(users=2)
    portal.microsoft.world.add_user(tenant["id"], displayName=JOINED)
    portal.connected(tenant)

    assert JOINED in {it["name"] for it in users_of(portal, tenant)}


def test_half_a_character_leaves_joiners_beside_it_alone(portal: Portal) -> None:
    tenant = portal.has_tenant(users=2)
    portal.microsoft.world.add_user(tenant["id"], displayName=JOINED)
    portal.microsoft.world.garble("surrogate", "value", "*", "displayName", path=r"/users\?.*displayName")
    portal.connected(tenant)

    assert f"{JOINED}\ufffd" in {it["name"] for it in users_of(portal, tenant)}


def test_a_token_that_cannot_be_read_is_no_auth_error(portal: Portal) -> None:
    tenant = portal.has_tenant(users=2)
    portal.connected(tenant)
    portal.services.sign_in.forget(tenant["id"])
    portal.microsoft.world.garble("surrogate", "access_token", host="login", path="/token$")
    portal.sync(tenant)
    during = status_of(portal, tenant)
    portal.microsoft.world.ungarble()
    portal.later(minutes=40)
    portal.tick()

    assert (during["label"], during["cause"]) == ("Pending", "microsoft_unavailable")
    assert status_of(portal, tenant)["cause"] == "synced"


@pytest.mark.parametrize("link", ["https://graph.example/v1.0/devices/delta", "odd \ud800", "https://["])
def test_a_kept_link_that_leads_nowhere_means_reading_whole(portal: Portal, link: str) -> None:
    tenant = has_tenant(portal)
    portal.microsoft.world.garble("put", "@odata.deltaLink", value=link, path="devices/delta")
    portal.connected(tenant)
    portal.microsoft.world.ungarble()
    device = portal.microsoft.world.devices(tenant["id"])[0]
    portal.microsoft.world.change_device(tenant["id"], device["id"], displayName="Renamed")
    cycle(portal, minutes=40)

    assert (status_of(portal, tenant)["cause"], states(portal, tenant)) == ("synced", ALL_FRESH)
    assert "Renamed" in {it["name"] for it in items(portal, tenant, "devices")}


def test_the_organization_told_twice_is_one(portal: Portal) -> None:
    tenant = portal.has_tenant(users=2)
    portal.microsoft.world.garble("repeat", "value", 0, path="/organization")
    portal.connected(tenant)

    assert status_of(portal, tenant)["cause"] == "synced"
