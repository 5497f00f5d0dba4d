"""A tenant too big for one invocation is read in parts: nothing half read looks whole, and nothing is read twice."""

from datetime import timedelta
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from shared.storage import recovery_message
from shared.storage.recovery_message import RecoveryMessage
from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.waiting import until

PAGE = "40"
USERS, DEVICES = 100, 50  # three pages, and two


@pytest.fixture
def tenant(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Mapped, and not yet read; each part has time for one page of each data set."""
    found = portal.has_tenant(users=USERS, devices=DEVICES)
    portal.integrate(found)
    portal.map(found)
    for reader in ("users", "devices"):
        monkeypatch.setattr(f"integrations.microsoft.readers.{reader}._LARGEST_PAGE", PAGE)
    monkeypatch.setattr("integrations.actions.sync.sync_tenant.PART_LIMIT", timedelta(0))
    return found


def part(portal: Portal) -> int:
    """Carry out the one order that waits; returns how many requests it took."""
    before = len(portal.microsoft.world.requests(host="graph"))
    message = next(iter(portal.host._readers["sync_tenant"].fetch(1)))
    portal.host._readers["sync_tenant"].process(message)
    return len(portal.microsoft.world.requests(host="graph")) - before


def users(portal: Portal, tenant: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor: str | None = ""
    while cursor is not None:
        query = f"&cursor={cursor}" if cursor else ""
        page = portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000{query}")
        found |= {it["id"]: it for it in page["items"]}
        cursor = page["next_cursor"]
    return found


def run_of(portal: Portal, tenant: dict[str, str]) -> dict[str, Any]:
    return dict(portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"][0])


def listed(portal: Portal, tenant: dict[str, str]) -> int:
    """How often a page of the list of users was asked for."""
    asked = [it for it in portal.graph_requests(tenant) if it["path"] == "/v1.0/users"]
    return sum("displayName" in it["query"].get("$select", "") for it in asked)


def pages(portal: Portal) -> int:
    return sum(kind == "data page" for kind, _ in everything(portal))


def test_all_parts_together_bring_home_what_one_reading_would(portal: Portal, tenant: dict[str, str]) -> None:
    portal.run_queues()

    run = run_of(portal, tenant)
    told = {it["dataset"]: it for it in run["datasets"]}
    assert (portal.status(tenant), run["state"], "resumed_at" in run) == ("Success", "done", True)
    assert len(users(portal, tenant)) == USERS
    assert (told["users"]["counts"]["created"], told["devices"]["counts"]["created"]) == (USERS, DEVICES)
    assert pages(portal) == 0
    assert listed(portal, tenant) == 3


def test_nothing_half_read_looks_whole(portal: Portal, tenant: dict[str, str]) -> None:
    part(portal)
    part(portal)

    assert users(portal, tenant) == {}
    assert (run_of(portal, tenant)["state"], portal.status(tenant)) == ("running", "Pending")
    sets = portal.ask("GET", f"/tenants/{tenant['id']}")["datasets"]
    half = {it["dataset"]: it["error"] for it in sets if it["state"] == "stale"}
    assert half["users"] == "still_reading"
    assert pages(portal) > 0


def test_what_changes_between_two_parts_is_told_by_the_next_round(portal: Portal, tenant: dict[str, str]) -> None:
    world = portal.microsoft.world
    part(portal)
    part(portal)
    gone = world.users(tenant["id"])[5]["id"]
    world.remove_user(tenant["id"], gone)
    portal.run_queues()
    portal.later(minutes=40)
    portal.tick()

    assert len(users(portal, tenant)) == USERS - 1
    assert gone not in users(portal, tenant)


@pytest.mark.parametrize("where", ["continue_later", "store_attempts"])
def test_a_part_that_dies_is_done_again_and_earlier_ones_are_not(
    portal: Portal, tenant: dict[str, str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    part(portal)
    part(portal)

    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(recovery_message, "_HIDDEN_S", 1)
        patched.setattr(RecoveryMessage, "__exit__", lambda *_: None)
        patched.setattr(f"integrations.actions.sync.sync_tenant.{where}", die)
        with pytest.raises(Killed):
            part(portal)
    until(portal.run_queues)

    assert len(users(portal, tenant)) == USERS
    assert run_of(portal, tenant)["state"] == "done"
    assert listed(portal, tenant) <= 4  # the page of the part that died came twice


def test_a_fault_in_a_later_part_leaves_what_was_read(portal: Portal, tenant: dict[str, str]) -> None:
    world = portal.microsoft.world
    part(portal)
    part(portal)
    world.fault(host="graph", path=r"/users\?", status=503, times=None)
    portal.run_queues()
    assert portal.status(tenant) == "Pending"
    assert pages(portal) > 0

    before = listed(portal, tenant)
    world.clear_faults()
    portal.later(minutes=40)
    portal.tick()

    assert len(users(portal, tenant)) == USERS
    assert listed(portal, tenant) - before == 2
    assert pages(portal) == 0


@pytest.mark.parametrize("spoil", ["hours", "a row"])
def test_pages_that_are_old_or_incomplete_are_not_gone_on_from(
    portal: Portal, tenant: dict[str, str], spoil: str
) -> None:
    part(portal)
    part(portal)
    if spoil == "hours":
        portal.later(hours=3)
    else:
        _lose_a_page(portal)
    portal.run_queues()
    portal.tick()

    assert len(users(portal, tenant)) == USERS
    assert pages(portal) == 0


def _lose_a_page(portal: Portal) -> None:
    with TableServiceClient.from_connection_string(portal.services.settings.storage) as tables:
        table = tables.get_table_client("data")
        lost = next(it for it in table.list_entities() if it["RowKey"].startswith("page:users:"))
        table.delete_entity(lost)


def test_removing_the_tenant_in_between_leaves_no_page(portal: Portal, tenant: dict[str, str]) -> None:
    part(portal)
    part(portal)
    integration = portal.row(tenant)["integration_id"]

    removal = portal.remove(integration)
    portal.run_queues()

    assert portal.removal(removal)["state"] in {"done", "removed", "waiting"}
    assert pages(portal) == 0
    assert not [kind for kind, _ in everything(portal) if kind.startswith("data row")]
