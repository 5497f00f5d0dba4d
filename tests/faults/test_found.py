"""Faults that the laboratory found in the app, each by itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azure.data.tables import TableServiceClient
from azure.identity import ManagedIdentityCredential

from shared.storage.queues import Queues
from tests.faults.lab.crashes import crash
from tests.faults.lab.flows import FLOWS, Bases
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
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


def test_customers_that_were_written_just_before_a_crash_are_brought_in(lab: Lab) -> None:
    bases, flow = Bases(lab), next(it for it in FLOWS if it.name == "integrate CSP")
    written = crash(lab, bases, flow, 0, When.AFTER).seen.index("Table control audit,facts,tenant") + 1

    assert crash(lab, bases, flow, written, When.AFTER).breaks == []


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


def test_two_that_miss_a_queue_at_once_both_send(storage: str) -> None:
    processes = [Queues.connect(storage, "", ManagedIdentityCredential) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        for number in range(8):
            barrier = threading.Barrier(2)

            def send(queues: Queues, queue: str = f"orders-{number}", barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                queues.send(queue, b"{}")

            list(pool.map(send, processes))
