"""What a large tenant costs: Microsoft's objects never pile up, and pages come as large as they may."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from integrations.actions.sync.dataset_reader import Access, DatasetAttempt
from integrations.actions.sync.read_datasets import read_datasets
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.readers.devices import DEVICES
from integrations.microsoft.readers.managed_devices import MANAGED_DEVICES
from integrations.microsoft.readers.users import USERS
from integrations.services import TenantGraphs
from shared.clock import utc_now
from tests.flows.portal import Portal
from tests.flows.reading import states

REGISTRATIONS = "/v1.0/reports/authenticationMethods/userRegistrationDetails"


@pytest.mark.parametrize("dataset", [USERS, DEVICES, MANAGED_DEVICES], ids=lambda it: it.name)
def test_rows_of_a_large_data_set_are_text_as_soon_as_they_are_read(portal: Portal, dataset: Dataset) -> None:
    tenant = portal.has_tenant(users=30, devices=20)
    portal.connected(tenant)
    graphs = TenantGraphs(portal.services, tenant["id"])  # type: ignore[arg-type]

    (attempt,) = read_datasets(Access(graphs.of), [dataset], {}, utc_now())

    assert attempt.reading is not None
    assert len(attempt.reading.records) >= 15
    for record in attempt.reading.records:
        assert isinstance(record.body, msgspec.Raw)
        assert msgspec.json.decode(record.body, type=dataset.record).id == record.key  # type: ignore[attr-defined]


def test_a_first_sync_reads_one_data_set_of_all_people_or_devices_at_a_time_after_the_first_round(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[set[str]] = []

    def recorded(access: Access, datasets: Sequence[Dataset], *more: Any) -> list[DatasetAttempt]:
        rounds.append({it.name for it in datasets})
        return read_datasets(access, datasets, *more)

    monkeypatch.setattr("integrations.actions.sync.due_datasets.read_datasets", recorded)
    tenant = portal.has_tenant(users=30, devices=20)
    portal.connected(tenant)

    large = {"managed_devices", "registrations", "sign_ins"}
    assert large <= set().union(*rounds)
    assert max(len(names & large) for names in rounds) == 1
    assert all(state == "fresh" for name, state in states(portal, tenant).items() if name in large)


def test_owners_of_changed_devices_are_asked_for_page_by_page(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5, devices=5)
    portal.connected(tenant)
    world, people = portal.microsoft.world, portal.microsoft.world.users(tenant["id"])
    added = [world.add_device(tenant["id"], displayName=f"PC {number}") for number in range(6)]
    for device, person in zip(added, people, strict=False):
        world.set_owner(tenant["id"], device["id"], person["id"])
    world.switch(delta_page_size=2)
    world.forget_requests()

    portal.sync(tenant)

    order = []
    for it in portal.graph_requests(tenant):
        asked = [part["path"] for part in it.get("parts") or []] or [it["path"]]
        if any(path.endswith("registeredOwners") for path in asked):
            order.append("owners")
        elif "/v1.0/devices/delta" in asked:
            order.append("page")
    assert order[:4] == ["page", "owners", "page", "owners"]
    owned = portal.ask("GET", f"/tenants/{tenant['id']}/devices?limit=100")["items"]
    assert {it["id"]: it.get("owner_id") for it in owned if it["name"].startswith("PC")} == {
        device["id"]: person["id"] if person else None for device, person in zip(added, [*people, None], strict=False)
    }


def test_registrations_come_in_pages_as_large_as_may_be_asked_for(portal: Portal) -> None:
    portal.microsoft.world.switch(registrations_page_size=100)
    tenant = portal.has_tenant(users=350)
    portal.connected(tenant)

    asked = [it for it in portal.graph_requests(tenant) if it["path"] == REGISTRATIONS]

    assert [it["query"].get("$top") for it in asked] == ["999"]
    assert states(portal, tenant)["registrations"] == "fresh"


@pytest.mark.parametrize("way", ["refuse", "ignore"])
def test_registrations_come_whole_in_pages_of_any_size(portal: Portal, way: str) -> None:
    """Nothing promises that the report heeds a page size."""
    portal.microsoft.world.switch(registrations_top=way, registrations_page_size=25)
    tenant = portal.has_tenant(users=60)
    portal.connected(tenant)

    pages = [it for it in portal.graph_requests(tenant) if it["path"] == REGISTRATIONS and it["status"] == 200]
    people = portal.ask("GET", f"/tenants/{tenant['id']}/security")["mfa"]["people"]

    assert len(pages) >= 2
    assert states(portal, tenant)["registrations"] == "fresh"
    assert people["users"] + people.get("guests", 0) >= 50, people
