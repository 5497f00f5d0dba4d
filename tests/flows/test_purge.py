"""Unmapped data: out of sight at once, deleted after thirty days or when somebody asks."""

import json

import pytest

from tests.flows.portal import Portal
from tests.flows.raw import everything


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    """A tenant that was mapped, synced and unmapped."""
    tenant = portal.has_tenant(users=10)
    portal.connected(tenant)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    portal.run_queues()
    return tenant


def data(portal: Portal) -> int:
    return sum(kind.startswith("data ") for kind, _ in everything(portal))


def test_unmapped_data_is_kept_out_of_sight_for_thirty_days_and_then_deleted(
    portal: Portal, tenant: dict[str, str]
) -> None:
    assert portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"] == []
    portal.later(days=29)
    portal.tick()
    assert data(portal) > 10

    portal.later(days=2)
    portal.tick()
    assert data(portal) == 0
    assert portal.status(tenant) == "Success"


def test_unmapped_data_is_deleted_at_once_when_somebody_asks(portal: Portal, tenant: dict[str, str]) -> None:
    portal.ask("DELETE", f"/tenants/{tenant['id']}/data", expect=204)
    portal.run_queues()
    assert {kind for kind, _ in everything(portal) if kind.startswith("data ")} == set()

    portal.later(minutes=16)
    portal.tick()
    assert data(portal) == 0


def test_data_of_a_mapped_tenant_is_not_purged(portal: Portal) -> None:
    tenant = portal.has_tenant(users=10)
    portal.connected(tenant)

    answer = portal.call("DELETE", f"/tenants/{tenant['id']}/data")

    assert (answer.status, json.loads(answer.body)["code"]) == (409, "already_mapped")


def test_what_was_synced_for_one_organization_is_never_shown_to_the_next(
    portal: Portal, tenant: dict[str, str]
) -> None:
    organization = portal.organization("Other")
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": organization})

    assert portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"] == []
    portal.run_queues()
    portal.later(days=31)
    portal.tick()
    assert len(portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]) == 10
