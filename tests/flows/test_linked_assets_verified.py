"""Where Intune's list may name whoever set a device up, Intune is asked who uses this one, and no other device."""

from typing import Any

import pytest

from integrations.domain.sync.device_users import DeviceUsers, devices_in
from tests.exhaustive import exhaustive
from tests.flows.assets import Fleet, device_of, reason_of, with_fleet
from tests.flows.portal import Portal
from tests.flows.reading import cycle, data_of, parts, rows, states, table_requests

USERS = "/users"
ASKED = "/deviceManagement/managedDevices/"


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    return with_fleet(portal)


def tenant_of(fleet: Fleet) -> dict[str, str]:
    return {"id": fleet.id}


def asked_about(fleet: Fleet) -> list[str]:
    """The devices whose users Intune was asked for since the requests were last forgotten."""
    asked = parts(fleet.portal, tenant_of(fleet))
    return sorted(it.split("/")[4].split("?")[0] for it in asked if ASKED in it and it.split("?")[0].endswith(USERS))


def known(fleet: Fleet) -> dict[str, DeviceUsers]:
    return devices_in(rows(fleet.portal, tenant_of(fleet), "device_users").values())


def next_cycle(fleet: Fleet, **span: float) -> None:
    fleet.portal.microsoft.world.forget_requests()
    fleet.sync.sync(**(span or {"minutes": 40}))


def state_of(fleet: Fleet) -> str:
    return states(fleet.portal, tenant_of(fleet))["device_users"]


def set_up_by_technician(fleet: Fleet, name: str = "NW-LT-1", serial: str = "5CD1234XYZ", **more: Any) -> str:
    """A laptop that Ana (1) registered and the list says is the technician's (0); returns its id in Intune."""
    return fleet.enrolls(fleet.has_device(name, 1), serial, 0, **more)


def test_row_12_a_laptop_that_a_technician_set_up_belongs_to_whoever_uses_it(fleet: Fleet) -> None:
    managed = set_up_by_technician(fleet)
    fleet.world.set_device_users(fleet.id, managed, [fleet.user(1)])
    fleet.run()

    asset = fleet.push("pc-1", serial="5CD1234XYZ")

    assert asked_about(fleet) == [managed]
    assert (asset["assigned_end_user_id"], asset["assigned_by"]) == (fleet.end_user(1), "microsoft")
    assert (asset["linking"]["link"]["person"]["object_id"], reason_of(asset)) == (fleet.user(1), None)
    assert asset["former_assignments"] == []


def test_row_12_devices_that_nobody_doubts_are_not_asked_about(fleet: Fleet) -> None:
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ", user=0)
    fleet.enrolls(fleet.has_device("NW-LT-2"), "5CD2234XYZ", 1)
    fleet.enrolls(fleet.has_device("SRV-1", 1), "5CD3234XYZ", 0, operatingSystem="Windows Server 2022")
    fleet.enrolls(fleet.has_device("KIOSK-1", 1), "5CD4234XYZ", 0, deviceEnrollmentType="windowsBulkUserless")
    fleet.enrolls(fleet.has_device("NW-LT-3", 1), "5CD5234XYZ", None)

    fleet.run()

    assert (asked_about(fleet), known(fleet)) == ([], {})


@pytest.mark.parametrize(
    ("enrollment", "users", "owner", "reason"),
    [
        pytest.param("windowsBulkAzureDomainJoin", [1], 1, None, id="enrolled in bulk, used by Ana"),
        pytest.param("windowsBulkAzureDomainJoin", [], None, "shared", id="enrolled in bulk, used by nobody"),
        pytest.param("windowsBulkAzureDomainJoin", [0, 1], None, "shared", id="used by two"),
        pytest.param("deviceEnrollmentManager", [1], 1, None, id="row 13: a manager's, given to Ana"),
        pytest.param("deviceEnrollmentManager", [0], None, "account_is_no_person", id="row 13: still a manager's"),
    ],
)
def test_what_intune_says_of_one_device_counts(
    fleet: Fleet, enrollment: str, users: list[int], owner: int | None, reason: str | None
) -> None:
    managed = fleet.enrolls(fleet.has_device("NW-LT-1", 0), "5CD1234XYZ", 0, deviceEnrollmentType=enrollment)
    fleet.world.set_device_users(fleet.id, managed, [fleet.user(it) for it in users])
    fleet.run()

    asset = fleet.push("pc-1", serial="5CD1234XYZ")

    assert asset["assigned_end_user_id"] == (None if owner is None else fleet.end_user(owner))
    assert reason_of(asset) == reason
    assert device_of(asset) is not None


def test_a_device_is_asked_about_once_and_again_when_its_listed_user_changed(fleet: Fleet) -> None:
    managed, other = set_up_by_technician(fleet), set_up_by_technician(fleet, "NW-LT-2", "5CD9999XYZ")
    for it in (managed, other):
        fleet.world.set_device_users(fleet.id, it, [fleet.user(1)])
    fleet.run()
    first = fleet.push("pc-1", serial="5CD1234XYZ")
    checked_in = {"lastSyncDateTime": fleet.ago()}
    fleet.world.change_managed_device(fleet.id, managed, **checked_in)
    next_cycle(fleet)
    same = asked_about(fleet)

    fleet.world.set_device_users(fleet.id, managed, [fleet.user(2)])
    fleet.world.change_managed_device(fleet.id, managed, userId=fleet.user(2), lastSyncDateTime=fleet.ago())
    next_cycle(fleet)

    assert (same, asked_about(fleet)) == ([], [managed])
    after = fleet.by("pc-1")
    assert (first["assigned_end_user_id"], after["assigned_end_user_id"]) == (fleet.end_user(1), fleet.end_user(2))


def test_a_device_that_left_is_forgotten_and_one_that_comes_is_asked_about(fleet: Fleet) -> None:
    gone = set_up_by_technician(fleet)
    fleet.run()
    fleet.world.remove_managed_device(fleet.id, gone)
    came = set_up_by_technician(fleet, "NW-LT-2", "5CD9999XYZ")

    next_cycle(fleet, hours=25)

    assert (asked_about(fleet), list(known(fleet))) == ([came], [came])


def test_everything_is_asked_about_again_after_a_week(fleet: Fleet) -> None:
    managed = set_up_by_technician(fleet)
    fleet.run()
    fleet.push("pc-1", serial="5CD1234XYZ")
    fleet.world.set_device_users(fleet.id, managed, [fleet.user(1)])
    next_cycle(fleet, days=1)
    soon = asked_about(fleet)

    next_cycle(fleet, days=7)

    assert (soon, asked_about(fleet)) == ([], [managed])
    assert fleet.by("pc-1")["assigned_end_user_id"] == fleet.end_user(1)


@pytest.mark.parametrize("status", [403, *exhaustive(404)])
def test_a_device_that_may_not_be_read_costs_itself_and_is_tried_again_after_days(fleet: Fleet, status: int) -> None:
    closed, other = set_up_by_technician(fleet), set_up_by_technician(fleet, "NW-LT-2", "5CD9999XYZ")
    for it in (closed, other):
        fleet.world.set_device_users(fleet.id, it, [fleet.user(1)])
    fleet.world.fault(host="graph", path=f"{ASKED}{closed}{USERS}", status=status, times=100)
    fleet.run()
    refused, read = fleet.push("pc-1", serial="5CD1234XYZ"), fleet.push("pc-2", serial="5CD9999XYZ")
    fleet.world.clear_faults()
    next_cycle(fleet)
    soon = asked_about(fleet)

    next_cycle(fleet, days=8)

    assert (reason_of(refused), refused["assigned_end_user_id"]) == ("person_not_verified", None)
    assert read["assigned_end_user_id"] == fleet.end_user(1)
    assert (soon, asked_about(fleet)) == ([], sorted([closed, other]))
    assert fleet.by("pc-1")["assigned_end_user_id"] == fleet.end_user(1)
    assert state_of(fleet) == "fresh"


def test_a_throttled_intune_delays_who_uses_devices_and_nothing_else(fleet: Fleet) -> None:
    managed = set_up_by_technician(fleet)
    fleet.world.set_device_users(fleet.id, managed, [fleet.user(1)])
    fleet.world.fault(
        host="graph", path=f"{ASKED}{managed}{USERS}", status=429, headers={"Retry-After": "600"}, times=1000
    )
    fleet.run()
    asset, told = fleet.push("pc-1", serial="5CD1234XYZ"), states(fleet.portal, tenant_of(fleet))
    status = fleet.portal.row(tenant_of(fleet))["sync_status"]
    fleet.world.clear_faults()

    next_cycle(fleet)

    assert reason_of(asset) == "person_not_verified"
    assert {name for name, it in told.items() if it == "stale"} == {"device_users"}
    assert (status["cause"], status["evidence"]["device_users"]) == ("synced_with_warnings", "throttled")
    assert fleet.by("pc-1")["assigned_end_user_id"] == fleet.end_user(1)
    assert state_of(fleet) == "fresh"


@pytest.mark.parametrize(
    ("how", "at", "value"),
    [
        pytest.param("drop", ["value"], None, id="no list"),
        pytest.param("put", ["value", 0, "id"], 7, id="an id that is none"),
        pytest.param("put", ["value", 0, "id"], "00000000-0000-0000-0000-000000000000", id="nobody's id"),
    ],
)
def test_one_odd_answer_costs_itself_and_is_counted(fleet: Fleet, how: str, at: list[Any], value: Any) -> None:
    strange, other = set_up_by_technician(fleet), set_up_by_technician(fleet, "NW-LT-2", "5CD9999XYZ")
    for it in (strange, other):
        fleet.world.set_device_users(fleet.id, it, [fleet.user(1)])
    fleet.world.garble(how, *at, value=value, path=f"{ASKED}{strange}{USERS}", times=None)
    fleet.run()
    assets = [fleet.push("pc-1", serial="5CD1234XYZ"), fleet.push("pc-2", serial="5CD9999XYZ")]
    counted = data_of(fleet.portal, tenant_of(fleet)).cursors()["device_users"].odd
    fleet.world.ungarble()

    next_cycle(fleet, days=2)

    assert [it["assigned_end_user_id"] for it in assets] == [None, fleet.end_user(1)]
    assert (reason_of(assets[0]), counted) == ("person_not_verified", 1)
    assert fleet.by("pc-1")["assigned_end_user_id"] == fleet.end_user(1)


def test_no_cycle_takes_more_than_twenty_batches(portal: Portal) -> None:
    fleet = with_fleet(portal)
    managed = [
        fleet.enrolls(None, f"BULK-{number:04}", 0, deviceEnrollmentType="windowsBulkAzureDomainJoin")
        for number in range(405)
    ]
    next_cycle(fleet, hours=7)
    first = asked_about(fleet)

    next_cycle(fleet)
    second = asked_about(fleet)
    next_cycle(fleet)

    assert (len(first), len(second), asked_about(fleet)) == (400, 5, [])
    assert sorted([*first, *second]) == sorted(managed)


def test_a_quiet_cycle_reads_no_device_and_asks_nothing(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up_by_technician(fleet)
    fleet.run()
    cycle(fleet.portal, minutes=40)
    made = table_requests(fleet.portal, monkeypatch)

    cycle(fleet.portal, minutes=40)

    assert asked_about(fleet) == []
    assert not [it for it in made if "row%3Adevice" in it or "row%3Amanaged" in it]
    assert len(parts(fleet.portal, tenant_of(fleet))) == 7


def test_devices_that_check_in_have_no_device_read_again_for_six_hours(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    managed = set_up_by_technician(fleet)
    fleet.run()

    def read_after(**span: float) -> bool:
        fleet.world.change_managed_device(fleet.id, managed, lastSyncDateTime=fleet.ago())
        cycle(fleet.portal, **span)
        return any("row%3Adevice_users" in it for it in made)

    made = table_requests(fleet.portal, monkeypatch)
    within = read_after(minutes=40)
    made.clear()

    assert (within, read_after(hours=6)) == (False, True)
