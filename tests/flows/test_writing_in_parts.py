"""What storage does not take within one part of a run is written by the next one; nothing is lost or told as whole."""

from datetime import timedelta
from typing import Any

import pytest

from integrations.domain.ids import AccountId
from tests.flows.portal import Portal
from tests.flows.test_parts import part, run_of, users

USERS = 450


def stored(portal: Portal, tenant: dict[str, str]) -> int:
    found = portal.services.control(AccountId("acct_northwind")).tenants.find(tenant["id"])
    assert found is not None
    data = portal.services.data(AccountId("acct_northwind"), found.value.tenant_id, found.value.epoch)
    return len(data.fingerprints("users", None, 1))


@pytest.fixture(
    params=[
        pytest.param(100, id="a large data set"),
        pytest.param(5_000, id="a small one", marks=pytest.mark.exhaustive),
    ]
)
def tenant(portal: Portal, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> dict[str, str]:
    """Each part has time for little more than one transaction; a large data set is stored by itself."""
    monkeypatch.setattr("integrations.actions.sync.store_attempts._LARGE", request.param)
    monkeypatch.setattr("integrations.actions.sync.sync_tenant.WRITING_LIMIT", timedelta(0))
    found = portal.has_tenant(users=USERS)
    portal.integrate(found)
    portal.map(found)
    return found


def test_what_is_not_written_in_time_is_written_by_the_next_part(portal: Portal, tenant: dict[str, str]) -> None:
    part(portal)
    after_one, state = stored(portal, tenant), run_of(portal, tenant)["state"]

    portal.run_queues()

    assert 0 < after_one < USERS
    assert state == "running"
    assert (portal.status(tenant), run_of(portal, tenant)["state"]) == ("Success", "done")
    assert len(users(portal, tenant)) == stored(portal, tenant) == USERS


def test_a_change_between_two_parts_of_writing_is_not_lost(portal: Portal, tenant: dict[str, str]) -> None:
    part(portal)
    person: dict[str, Any] = portal.microsoft.world.users(tenant["id"])[0]
    portal.microsoft.world.change_user(tenant["id"], person["id"], displayName="Renamed Meanwhile")
    gone = portal.microsoft.world.users(tenant["id"])[-1]["id"]
    portal.microsoft.world.remove_user(tenant["id"], gone, permanently=True)

    portal.run_queues()

    found = users(portal, tenant)
    assert found[person["id"]]["name"] == "Renamed Meanwhile"
    assert gone not in found
    assert len(found) == USERS - 1


def test_each_part_of_writing_gets_on(portal: Portal, tenant: dict[str, str]) -> None:
    before, parts = 0, 0
    while not parts or run_of(portal, tenant)["state"] == "running":
        part(portal)
        parts += 1
        assert parts < 60
        now = stored(portal, tenant)
        assert now > before or run_of(portal, tenant)["state"] == "done" or now == USERS
        before = now

    assert parts > 2
    assert portal.status(tenant) == "Success"
