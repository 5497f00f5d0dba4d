"""How busy the syncs are: what waits, for how long, and where a tenant stands in the row (F108)."""

import json

import pytest

from integrations.storage.due import Due, DueList, Work, shard_of
from tests.flows.portal import Portal


def busy(portal: Portal, tenant: dict[str, str] | None = None) -> dict[str, object]:
    query = f"?tenant_id={tenant['id']}" if tenant else ""
    return dict(portal.ask("GET", f"/sync-queue{query}"))


@pytest.fixture
def tenants(portal: Portal) -> list[dict[str, str]]:
    made = [portal.has_tenant(name, seed=number) for number, name in enumerate(("First", "Second", "Third"))]
    for tenant in made:
        portal.integrate(tenant)
        portal.map(tenant, to=tenant["name"])
        portal.run_queues()
    return made


def test_a_tenants_place_in_the_row_and_the_lag_are_told(portal: Portal, tenants: list[dict[str, str]]) -> None:
    assert busy(portal, tenants[0]).items() >= {"waiting": 0, "is_more": False, "position": None}.items()

    for tenant in tenants:
        portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)
    portal.clock.ahead += type(portal.clock.ahead)(seconds=90)

    assert [busy(portal, it)["position"] for it in tenants] == [1, 2, 3]
    told = busy(portal)
    assert (told["waiting"], told["position"]) == (3, None)
    assert 85 <= float(str(told["lag_seconds"])) <= 95
    portal.run_queues()
    assert busy(portal, tenants[2])["position"] is None


def test_another_accounts_tenant_has_no_place(portal: Portal, tenants: list[dict[str, str]]) -> None:
    portal.ask("POST", f"/tenants/{tenants[0]['id']}/sync", expect=202)

    told = busy(portal.called_by("bob"), tenants[0])

    assert (told["waiting"], told["position"]) == (1, None)


def test_what_is_no_order_is_not_counted_and_a_bad_tenant_id_is_refused(portal: Portal) -> None:
    portal.services.queues.send("sync-tenant", b"no order")

    assert busy(portal)["waiting"] == 0
    answer = portal.call("GET", "/sync-queue?tenant_id=x")
    assert (answer.status, json.loads(answer.body)["errors"][0]["pointer"]) == (400, "/tenant_id")


def test_after_an_outage_a_small_account_does_not_wait_for_a_big_ones_backlog(portal: Portal) -> None:
    now, due = portal.clock(), portal.services.due
    lines = [Due(Work.SYNC, "acct_big", f"8d1f0c3a-0000-4000-8000-{n:012d}", now) for n in range(400)]
    in_one_shard = [it for it in lines if shard_of(it) == "00"]
    small = next(
        it
        for n in range(400)
        if shard_of(it := Due(Work.SYNC, "acct_small", f"8d1f0c3a-0000-4000-8000-{n:012d}", now)) == "00"
    )
    assert isinstance(due, DueList)
    due.put_all([*in_one_shard, small])
    portal.clock.ahead += type(portal.clock.ahead)(seconds=1)

    portal.host.fire_timer("sync_timer")
    portal.host.drain("order-due")

    waiting = [json.loads(it)["account_id"] for it in portal.services.queues.peek("sync-tenant")]
    assert len(in_one_shard) > 10
    assert "acct_small" in waiting[:2]
