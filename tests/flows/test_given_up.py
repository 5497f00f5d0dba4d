"""Whatever is given up shows on its row: since when, after how many tries, with which code, and when it goes on.

Each job fails by a bug of ours until the Functions host gives its message up, as it would in Azure. What a
storage or Microsoft says never shows, and neither does a traceback.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.domain.jobs.orders import CspOrder, CustomerOrder, PlanOrder, PurgeOrder, RemovalOrder
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.flows.failing import AT_ONCE, Bug, alerts, entries, says_so
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal, open_portal
from tests.flows.test_plan import told as asked_on_plan


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[Portal]:
    """A portal whose failed messages come back at once."""
    found = open_portal(microsoft, identity, storage, **AT_ONCE)
    with found.host:
        yield found


@pytest.fixture
def csp(portal: Portal) -> Csp:
    found = has_csp(portal)
    found.has("Contoso")
    return found


# A CSP's check.


def test_a_csp_whose_check_was_given_up_is_an_error_of_ours(csp: Csp, caplog: pytest.LogCaptureFixture) -> None:
    csp.settled()
    bug = Bug(csp.portal.services.sign_in, "renew")
    csp.later(minutes=36)

    row = csp.row()
    assert bug.times >= 5
    assert (row["sync_status"]["label"], row["sync_status"]["colour"]) == ("Error", "red")
    assert row["sync_status"]["cause"] == "csp_our_failure"
    says_so(row["sync_status"], CspOrder.queue)
    details = csp.portal.ask("GET", f"/integrations/{csp.id}")
    assert details["csp"]["sync_status"] == row["sync_status"]
    assert details["history"][0]["cause"] == "csp_our_failure"
    assert len(alerts(caplog, CspOrder.queue)) == 1
    assert len(entries(csp.portal, CspOrder.queue)) == 1


def test_customers_of_such_a_csp_keep_their_verdict_and_show_its_age(csp: Csp) -> None:
    csp.settled()
    read_at = csp.row()["last_synced_at"]
    Bug(csp.portal.services.sign_in, "renew")
    csp.later(minutes=36)

    shown = csp.shown("Contoso")
    assert (shown["label"], shown["stale"], shown["as_of"]) == ("Active", True, read_at)


def test_a_csp_whose_check_was_given_up_is_checked_again_by_itself_and_the_mark_goes(csp: Csp) -> None:
    csp.settled()
    bug = Bug(csp.portal.services.sign_in, "renew")
    csp.later(minutes=36)
    given_up = csp.status()
    csp.later(minutes=36)
    again, tries = csp.row()["sync_status"], bug.times
    bug.mend()
    csp.later(minutes=36)

    assert (given_up, again["label"], bug.times) == ("Error", "Error", tries)
    assert tries >= 10
    assert (csp.status(), csp.row()["sync_status"]["evidence"]) == ("Success", {})
    assert csp.shown("Contoso")["stale"] is False


def test_a_first_check_that_was_given_up_is_told_too(csp: Csp) -> None:
    flow = csp.signs_in(csp.start())
    Bug(csp.portal.services.sign_in, "renew")
    csp.complete(flow)

    says_so(csp.row()["sync_status"], CspOrder.queue)


def test_a_csp_that_is_not_authorized_stays_so_and_tells_both(csp: Csp) -> None:
    csp.settled()
    csp.world.refuse_tokens(50173, tenant_id=csp.partner["id"], grant="refresh_token")
    csp.later(minutes=36)
    Bug(csp.portal.services.sign_in, "renew")
    csp.later(minutes=36)

    status = csp.row()["sync_status"]
    assert (status["label"], status["cause"]) == ("Auth Failed", "csp_sign_in_ended")
    assert (status["evidence"]["job"], status["evidence"]["error"]) == (CspOrder.queue, "ZeroDivisionError")


def test_a_check_that_somebody_asked_for_is_told_too_when_it_is_given_up(csp: Csp) -> None:
    csp.settled()
    bug = Bug(csp.portal.services.sign_in, "renew")
    csp.portal.ask("POST", f"/integrations/{csp.id}/access-check", expect=202)
    csp.portal.run_queues()

    assert bug.times == 5
    says_so(csp.row()["sync_status"], CspOrder.queue)


# The step that brings our application into a customer's tenant.


def test_an_onboarding_that_was_given_up_shows_on_the_customers_row(csp: Csp, caplog: pytest.LogCaptureFixture) -> None:
    portal = csp.portal
    bug = Bug(portal.services.holders, "add")
    csp.id = str(portal.ask("POST", f"/consent/{_proven(csp, bug)}/complete", expect=201)["integration_id"])
    portal.run_queues()

    shown = csp.shown("Contoso")
    assert shown["label"] == "Consent Pending"
    says_so(shown, CustomerOrder.queue)
    assert portal.ask("GET", f"/tenants/{csp.customers['Contoso']['id']}")["tenant"]["csp_auth"] == shown
    assert len(alerts(caplog, CustomerOrder.queue)) == 1
    assert len(entries(portal, CustomerOrder.queue)) == 1

    csp.later(minutes=11)
    says_so(
        csp.shown("Contoso") | {"evidence": csp.shown("Contoso")["evidence"] | {"times_tried": "5"}},
        CustomerOrder.queue,
    )
    assert csp.shown("Contoso")["evidence"]["times_tried"] == "10"
    bug.mend()
    csp.later(minutes=31)
    csp.later(minutes=6)
    assert csp.auth("Contoso") == "Active"
    assert "job" not in csp.shown("Contoso")["evidence"]


def _proven(csp: Csp, bug: Bug) -> str:
    """A CSP's journey up to its confirmation; only a customer's step meets the bug."""
    flow_id = str(csp.signs_in(csp.start())["flow_id"])
    working = bug._working

    def add(tenant_id: str, *rest: Any) -> None:
        if tenant_id == csp.partner["id"]:
            working(tenant_id, *rest)
        else:
            bug._raise()

    csp.portal.services.holders.add = add  # type: ignore[method-assign]
    return flow_id


# A removal.


def test_a_removal_that_was_given_up_says_in_which_step_and_when_it_goes_on(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    integration = portal.integrate(portal.has_tenant())
    bug = Bug(portal.services.sign_in, "app_token")
    removal = portal.remove(integration)
    portal.run_queues()

    told = portal.removal(removal)
    assert (told["state"], bug.times) == ("removing", 5)
    says_so(told["given_up"], RemovalOrder.queue)
    assert told["given_up"]["next_check_at"] == told["next_at"]
    step = next(it for it in told["steps"] if it["state"] == "running")
    assert step["name"] == "microsoft"
    assert "continues automatically" in step["detail"]
    above = portal.ask("GET", "/integrations")["removals"]
    assert [it["given_up"] for it in above] == [told["given_up"]]
    assert len(alerts(caplog, RemovalOrder.queue)) == 1
    assert len(entries(portal, RemovalOrder.queue)) == 1

    bug.mend()
    portal.later(minutes=11)
    portal.tick()
    ended = portal.removal(removal)
    assert (ended["state"], ended["given_up"]) == ("removed", None)


# Data of an earlier mapping.


def test_a_purge_that_was_given_up_shows_on_the_tenants_details(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = portal.has_tenant(users=10)
    portal.connected(tenant)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    bug = Bug(portal.services.tables.rest_table("data"), "write")
    portal.ask("DELETE", f"/tenants/{tenant['id']}/data", expect=204)
    portal.run_queues()

    (told,) = portal.ask("GET", f"/tenants/{tenant['id']}")["given_up"]
    says_so(told, PurgeOrder.queue)
    assert len(alerts(caplog, PurgeOrder.queue)) == 1
    assert len(entries(portal, PurgeOrder.queue)) == 1

    bug.mend()
    portal.later(minutes=31)
    portal.tick()
    assert portal.ask("GET", f"/tenants/{tenant['id']}")["given_up"] == []
    assert [key for key in _rows(portal, "data") if not key.endswith("!fence")] == []


def _rows(portal: Portal, table: str) -> list[str]:
    with portal.services.tables._service.get_table_client(table) as found:
        return [f"{it['PartitionKey']} {it['RowKey']}" for it in found.list_entities()]


# The account's plan.


def test_a_plan_job_that_was_given_up_shows_on_the_accounts_page(
    portal: Portal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = portal.has_tenant(users=1)
    portal.connected(tenant)
    asked_on_plan(portal, "solo", seconds=5)
    assert portal.row(tenant)["sync_status"]["cause"] == "plan_lost"
    assert portal.ask("GET", "/integrations")["plan"] is None
    monkeypatch.setattr("integrations.domain.plan.resumed", lambda *_: 1 / 0)
    asked_on_plan(portal, "team", seconds=10)

    page = portal.ask("GET", "/integrations")
    says_so(page["plan"], PlanOrder.queue)
    assert portal.row(tenant)["sync_status"]["cause"] == "plan_lost"
    assert len(alerts(caplog, PlanOrder.queue)) == 1
    assert len(entries(portal, PlanOrder.queue)) == 1

    monkeypatch.undo()
    portal.later(minutes=6)
    portal.tick()
    assert portal.ask("GET", "/integrations")["plan"] is None
    assert portal.row(tenant)["sync_status"]["cause"] != "plan_lost"


# A journey's proof.


def test_a_proof_that_was_given_up_shows_on_the_journey(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    bug = Bug(portal.services.sign_in, "app_token")
    flow_id = portal.proves(portal.has_tenant())

    flow = portal.flow(flow_id)
    assert flow["state"] == "returned"
    says_so(flow["given_up"], "prove-consent")
    assert (flow["reason"], flow["detail"]) == ("our_failure", flow["given_up"]["detail"])
    assert len(alerts(caplog, "prove-consent")) == 1

    bug.mend()
    portal.later(minutes=6)
    portal.tick()
    proven = portal.flow(flow_id)
    assert (proven["state"], proven["given_up"], proven["reason"]) == ("proven", None, None)


def test_a_journey_that_ends_by_our_own_fault_does_not_blame_microsoft(portal: Portal) -> None:
    Bug(portal.services.sign_in, "app_token")
    flow_id = portal.proves(portal.has_tenant())
    portal.later(minutes=16)
    portal.tick()

    flow = portal.flow(flow_id)
    assert (flow["state"], flow["reason"]) == ("failed", "our_failure")
    assert flow["evidence"]["error"] == "ZeroDivisionError"
