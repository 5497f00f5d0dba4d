"""Which Organizations are under a Syncro Tenant is known without listing all that the account has."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from integrations.actions.account import Account
from integrations.actions.mapping import organizations
from integrations.domain.ids import AccountId
from tests.flows.assets import Fleet, device_of, with_fleet
from tests.flows.portal import Portal
from tests.flows.reading import table_requests


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    return with_fleet(portal)


def syncro_tenant_of(fleet: Fleet, organization: str) -> str:
    return str(fleet.portal.ask("GET", f"/organizations/{organization}")["syncro_tenant_id"])


def under(fleet: Fleet, organization: str) -> list[str] | None:
    """The ids that are listed with the Syncro Tenant of an Organization."""
    stored = fleet.portal.services.control("acct_northwind").syncro_tenants.find(syncro_tenant_of(fleet, organization))
    return stored.value.organization_ids


def branch(fleet: Fleet, name: str = "Branch") -> str:
    body = {"name": name, "syncro_tenant_id": syncro_tenant_of(fleet, fleet.organization)}
    return str(fleet.portal.ask("POST", "/organizations", body, expect=201)["id"])


def move(fleet: Fleet, organization: str, to: str) -> None:
    body = {"name": "Moved", "syncro_tenant_id": syncro_tenant_of(fleet, to)}
    fleet.portal.ask("PUT", f"/organizations/{organization}", body)


def test_an_organization_is_listed_where_it_is_created_moved_and_deleted(fleet: Fleet) -> None:
    made, elsewhere = branch(fleet), fleet.portal.organization("Elsewhere")
    created = under(fleet, fleet.organization)
    move(fleet, made, elsewhere)
    moved = under(fleet, fleet.organization), under(fleet, elsewhere)
    fleet.portal.ask("DELETE", f"/organizations/{made}", expect=204)

    assert created == sorted([fleet.organization, made])
    assert moved == ([fleet.organization], sorted([elsewhere, made]))
    assert under(fleet, elsewhere) == [elsewhere]


def test_organizations_that_are_created_at_the_same_time_are_all_listed(fleet: Fleet) -> None:
    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(lambda it: branch(fleet, it), ("North", "South")))

    assert under(fleet, fleet.organization) == sorted([fleet.organization, *made])


def test_assets_of_an_organization_that_comes_under_the_tenant_are_linked(fleet: Fleet) -> None:
    laptop = fleet.has_laptop("NW-LT-1", "5CD1234XYZ")
    fleet.run()
    came = fleet.portal.organization("Came later")
    before = fleet.push("pc-1", came, serial="5CD1234XYZ")
    move(fleet, came, fleet.organization)
    fleet.world.change_user(fleet.id, fleet.user(0), jobTitle="Baker")
    fleet.run()

    after = fleet.asset(before["id"])

    assert (before["linking"], device_of(after)) == (None, laptop["id"])


@pytest.mark.parametrize("is_listed", [True, False])
def test_an_evaluation_of_a_tenant_without_assets_lists_no_organizations(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, is_listed: bool
) -> None:
    fleet.sync.turn_off()
    if not is_listed:  # as they were stored before
        account = Account(fleet.portal.services, AccountId("acct_northwind"))
        stored = account.control.syncro_tenants.find(syncro_tenant_of(fleet, fleet.organization))
        with account.change() as change:
            earlier = msgspec.structs.replace(stored.value, organization_ids=None)
            change.write(account.control.syncro_tenants.saved(stored.now(earlier)))
    fleet.world.change_user(fleet.id, fleet.user(0), jobTitle="Baker")
    made = table_requests(fleet.portal, monkeypatch)

    fleet.run()

    listings = [it for it in made if "RowKey%20ge%20%27organization%3A" in it]
    assert bool(listings) is not is_listed


def test_too_many_to_list_are_found_all_the_same(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organizations, "_MOST_LISTED", 1)
    made = branch(fleet)
    fleet.has_laptop("NW-LT-1", "5CD1234XYZ")
    fleet.run()

    asset: dict[str, Any] = fleet.push("pc-1", made, serial="5CD1234XYZ")

    assert under(fleet, fleet.organization) is None
    assert device_of(asset) is not None
