"""Removal against everything else at once: syncs, mappings, new journeys, and many rounds of all (A35, A36, A50)."""

import threading
from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlencode

import pytest
from azure.storage.queue import QueueServiceClient

from integrations.actions.removal.tenant_removals import TenantRemovals
from integrations.domain.ids import AccountId
from integrations.domain.jobs.orders import RemovalOrder
from shared.storage.tables import Row, Write, insert
from tests.exhaustive import IS_FULL
from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.waiting import until

ACCOUNT = AccountId("acct_northwind")
_ROUNDS = 20 if IS_FULL else 3


def data_rows(portal: Portal, tenant: dict[str, str]) -> list[str]:
    return [text for kind, text in everything(portal) if kind.startswith("data") and tenant["id"] in text]


def kinds(portal: Portal) -> Counter[str]:
    """How many rows of each kind the whole store holds; what is kept on purpose aside."""
    kept = {
        "due removal",
        "control audit",
        "control removal",
        "control parting",
        "control seal",
        "control audit_key",
        "control organization",
    }
    return Counter(kind for kind, _ in everything(portal) if kind not in kept | {"control syncro_tenant"})


def messages(portal: Portal) -> int:
    """All messages of removals that are there, hidden ones too."""
    with QueueServiceClient.from_connection_string(portal.services.settings.storage) as queues:
        told = queues.get_queue_client(RemovalOrder.queue).get_queue_properties()
        return int(told.approximate_message_count or 0)


def test_a_sync_under_way_leaves_nothing_of_a_removed_tenant(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5000)
    integration = portal.integrate(tenant)
    portal.map(tenant)
    portal.microsoft.world.hold(path=r"/users\?.*skiptoken")
    syncing = threading.Thread(target=portal.run_queues)
    syncing.start()
    until(portal.microsoft.world.held)

    portal.remove(integration)
    portal.run_queues()
    portal.microsoft.world.release()
    syncing.join()
    portal.run_queues()

    assert [text for text in data_rows(portal, tenant) if "!fence" not in text] == []
    portal.later(minutes=1)
    portal.tick()
    assert [text for text in data_rows(portal, tenant) if "!fence" not in text] == []
    portal.later(minutes=16)
    portal.tick()
    assert data_rows(portal, tenant) == []


def test_a_sync_that_begins_to_write_as_the_tenant_is_removed_leaves_nothing(portal: Portal) -> None:
    tenant = portal.has_tenant(users=3000)
    integration = portal.integrate(tenant)
    portal.map(tenant)
    syncing = threading.Thread(target=portal.run_queues)
    syncing.start()
    until(lambda: len(data_rows(portal, tenant)) >= 200 or not syncing.is_alive())

    portal.remove(integration)
    syncing.join()
    portal.run_queues()
    portal.later(minutes=16)
    portal.tick()

    assert data_rows(portal, tenant) == []


def test_a_row_planted_under_an_old_epoch_is_shown_nowhere(portal: Portal) -> None:
    tenant = portal.has_tenant(users=3)
    portal.connected(tenant)
    epoch = portal.services.control(ACCOUNT).tenants.find(tenant["id"]).value.epoch
    user = '{"id":"evil","display_name":"Planted","user_principal_name":"p@x","enabled":true,"kind":"member"}'
    for other in (epoch - 1, epoch + 1):
        row = Row(
            f"{ACCOUNT}|{tenant['id']}|{other}", "row:users:evil", {"body": user, "print": "x", "tally": "member"}
        )
        portal.services.tables.rest_table("data").write(insert(row))

    for path in ("", "/users", "/devices", "/licenses", "/security", "/runs"):
        assert b"Planted" not in portal.call("GET", f"/tenants/{tenant['id']}{path}").body
    portal.remove(str(portal.row(tenant)["integration_id"]))
    portal.run_queues()
    assert [text for text in data_rows(portal, tenant) if "!fence" not in text] == []


@pytest.mark.parametrize("first", ["map", "remove"])
def test_a_mapping_and_a_removal_at_once_end_without_a_mapping(portal: Portal, first: str) -> None:
    tenant = portal.has_tenant(users=5)
    integration = portal.integrate(tenant)
    organization = portal.organization()
    confirmed = f"/integrations/{integration}?{urlencode({'confirm': 'Contoso Dental'})}"
    calls = {
        "map": lambda: portal.call("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": organization}),
        "remove": lambda: portal.call("DELETE", confirmed),
    }
    threads = [threading.Thread(target=calls[name]) for name in sorted(calls, key=lambda it: it != first)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    portal.run_queues()

    control = portal.services.control(ACCOUNT)
    assert control.tenants.list() == []
    assert control.reservations.list() == []


def test_a_reauthorization_under_way_ends_with_the_removal(portal: Portal) -> None:
    tenant = portal.has_tenant()
    integration = portal.integrate(tenant)
    started = dict(portal.ask("POST", f"/integrations/{integration}/reauthorize", expect=201))
    portal.proves(tenant, started)
    portal.remove(integration)

    answer = portal.call("POST", f"/consent/{started['flow_id']}/complete")
    assert answer.status == 409
    portal.run_queues()
    assert portal.services.control(ACCOUNT).flows.list() == []
    assert portal.services.control(ACCOUNT).integrations.list() == []


def test_a_removal_that_meets_a_new_journey_at_its_end_goes_on_at_once(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both change the row of the account's starts; nobody waits until a dead worker's lease would have expired."""
    tenant = portal.has_tenant()
    removal = portal.remove(portal.integrate(tenant))
    write_all, met = TenantRemovals.write_all, []

    def meet_a_start(rows: TenantRemovals, writes: Iterable[Write]) -> None:
        read = list(writes)
        if not met:
            met.append(portal.start())
        write_all(rows, read)

    monkeypatch.setattr(TenantRemovals, "write_all", meet_a_start)
    portal.run_queues()
    assert portal.removal(removal)["state"] != "removed"
    until(portal.run_queues, within_s=20)

    assert portal.removal(removal)["state"] == "removed"


def test_a_removal_that_has_ended_leaves_no_message_behind(portal: Portal) -> None:
    tenant = portal.has_tenant(users=3)
    portal.connected(tenant)

    portal.remove(str(portal.row(tenant)["integration_id"]))
    portal.run_queues()
    removed = messages(portal)
    portal.later(minutes=16)
    portal.tick()

    assert (removed, messages(portal)) == (0, 0)


def test_rounds_of_integrating_mapping_syncing_and_removing_leave_the_store_as_it_was(portal: Portal) -> None:
    """A50."""
    portal.microsoft.world.switch(throttling=False)
    tenant = portal.has_tenant(users=8)
    organization = portal.organization()
    baseline = None
    for _ in range(_ROUNDS):
        integration = portal.integrate(tenant)
        portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": organization})
        portal.run_queues()
        portal.sync(tenant)
        portal.remove(integration)
        portal.run_queues()
        portal.later(minutes=16)
        portal.tick()
        portal.later(hours=25)
        portal.tick()
        found = kinds(portal)
        baseline = baseline or found
        assert found == baseline

    assert set(baseline or {}) <= {"due housekeeping"}
    for removal in portal.services.control(ACCOUNT).removals.list():
        for left in portal.removal(removal.value.id)["leftovers"]:
            portal.ask("POST", f"/removals/{removal.value.id}/leftovers/{left['tenant_id']}/done")
    portal.later(days=31)
    portal.tick()
    assert portal.services.control(ACCOUNT).removals.list() == []
    assert portal.services.control(ACCOUNT).tenant_removals.list() == []
