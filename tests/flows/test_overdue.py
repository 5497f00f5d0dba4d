"""A look that should have come and did not is impossible to miss, wherever a row tells when it is looked at next."""

from typing import Any

from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal


def overview(portal: Portal, query: str = "") -> dict[str, Any]:
    return dict(portal.ask("GET", f"/integrations{query}"))


def test_a_tenant_whose_sync_never_came_says_since_when_it_is_overdue(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    planned = portal.row(tenant)["sync_status"]["next_check_at"]
    portal.later(minutes=55)
    soon = portal.row(tenant)["sync_status"]
    portal.later(minutes=12)
    late = portal.row(tenant)["sync_status"]

    assert soon["overdue_since"] is None
    assert (late["label"], late["overdue_since"]) == ("Success", planned)
    assert portal.ask("GET", f"/tenants/{tenant['id']}")["tenant"]["sync_status"] == late
    assert overview(portal)["overdue"] == 1
    assert "Overdue" in overview(portal)["filters"]["statuses"]
    assert len(overview(portal, "?status=overdue")["tenants"]["items"]) == 1


def test_what_is_overdue_is_ordered_by_the_reconciler_and_says_so_no_more(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.later(hours=5)
    late = portal.row(tenant)["sync_status"]["overdue_since"]
    portal.host.fire_timer("reconcile_timer")
    portal.run_queues()

    assert late is not None
    assert portal.row(tenant)["sync_status"]["overdue_since"] is None
    assert overview(portal)["overdue"] == 0


def test_a_csp_whose_check_never_came_is_overdue_and_so_is_what_it_tells_of_its_customers(portal: Portal) -> None:
    csp = has_csp(portal)
    csp.has("Contoso")
    csp.settled()
    planned, read_at = csp.row()["sync_status"]["next_check_at"], csp.row()["last_synced_at"]
    portal.later(minutes=70)

    row, shown = csp.row(), csp.shown("Contoso")
    assert (row["sync_status"]["label"], row["sync_status"]["overdue_since"]) == ("Success", planned)
    assert portal.ask("GET", f"/integrations/{csp.id}")["csp"]["sync_status"] == row["sync_status"]
    assert (shown["label"], shown["stale"], shown["as_of"], shown["overdue_since"]) == (
        "Active",
        True,
        read_at,
        planned,
    )


def test_a_customer_whose_next_step_never_came_is_overdue(portal: Portal) -> None:
    csp = has_csp(portal)
    csp.has("Contoso")
    flow = csp.signs_in(csp.start())
    told = portal.ask("POST", f"/consent/{flow['flow_id']}/complete", expect=201)
    csp.id = told["integration_id"]
    portal.host.drain("check-csp")
    planned = csp.shown("Contoso")["next_check_at"]
    portal.later(minutes=31)

    assert csp.shown("Contoso")["overdue_since"] == planned


def test_a_removal_that_nobody_carries_on_is_overdue(portal: Portal) -> None:
    removal = portal.remove(portal.integrate(portal.has_tenant()))
    begun = portal.removal(removal)
    portal.later(minutes=31)

    late = portal.removal(removal)
    assert (begun["overdue_since"], late["overdue_since"]) == (None, begun["next_at"])
    page = overview(portal)
    assert ([it["overdue_since"] for it in page["removals"]], page["overdue"]) == ([begun["next_at"]], 1)


def test_work_whose_line_of_the_due_list_got_lost_is_found_again(portal: Portal) -> None:
    csp: Csp = has_csp(portal)
    csp.has("Contoso")
    csp.settled()
    tenant = portal.has_tenant()
    portal.connected(tenant)
    with portal.services.tables._service.get_table_client("due") as table:
        for line in list(table.list_entities()):
            if line["kind"] in {"sync", "csp"}:
                table.delete_entity(line["PartitionKey"], line["RowKey"])
    portal.later(hours=25)
    portal.tick()
    portal.tick()

    assert portal.row(tenant)["sync_status"]["overdue_since"] is None
    assert csp.row()["sync_status"]["overdue_since"] is None


def test_a_tenant_that_is_not_mapped_tells_when_its_name_is_read_again_and_when_that_is_missed(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    planned = portal.row(tenant)["sync_status"]["next_check_at"]
    portal.later(hours=24, minutes=31)

    assert planned is not None
    assert portal.row(tenant)["sync_status"]["overdue_since"] == planned
    portal.tick()
    assert portal.row(tenant)["sync_status"]["overdue_since"] is None
