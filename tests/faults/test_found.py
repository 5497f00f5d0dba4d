"""Faults that the laboratory found in the app, each by itself."""

from typing import Any

from azure.data.tables import TableServiceClient

from tests.flows.partner import has_csp
from tests.flows.portal import Portal


def due(portal: Portal, kind: str) -> list[dict[str, Any]]:
    service: TableServiceClient = portal.services.tables._service
    with service.get_table_client("due") as table:
        return [dict(it) for it in table.list_entities() if it["kind"] == kind]


def test_a_customer_that_waits_for_nothing_leaves_the_due_list(portal: Portal) -> None:
    csp = has_csp(portal)
    csp.has("Apple")
    csp.integrate()
    waits = due(portal, "customer")

    csp.later(minutes=5)

    assert csp.auth("Apple") == "Active"
    assert waits
    assert due(portal, "customer") == []


def test_a_csp_without_a_sign_in_is_not_run_every_five_minutes(portal: Portal) -> None:
    csp = has_csp(portal)
    csp.has("Apple")
    portal.microsoft.world.set_methods(csp.partner, csp.partner["admin"], ["pwd"])
    csp.integrate()
    portal.ask("POST", f"/integrations/{csp.id}/access-check", expect=202)
    portal.run_queues()
    csp.later(minutes=15)

    csp.later(minutes=5)

    assert csp.row()["sync_status"]["cause"] == "csp_no_mfa_prompt"
    assert due(portal, "csp") == []
