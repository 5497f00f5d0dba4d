"""The Team plan is lost: syncs pause and say why, removal works, and a newer token lets everything go on."""

import json
import time
from typing import Any

import pytest

from tests.flows.failing import ACCOUNT
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal
from tests.flows.raw import everything


def told(portal: Portal, plan: str, *, seconds: int) -> Any:
    """The page, asked for with a token of this plan, issued so many seconds from now."""
    issued_at = int(time.time()) + seconds
    token = portal.identity.token("alice", plan=plan, iat=issued_at, exp=issued_at + 900)
    answer = portal.call("GET", "/integrations", headers={"authorization": f"Bearer {token}"})
    assert answer.status == 200, answer.body
    portal.run_queues()
    return answer


def data(portal: Portal) -> int:
    return sum(kind.startswith("data ") for kind, _ in everything(portal))


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    tenant = portal.has_tenant(users=5)
    portal.connected(tenant)
    return tenant


def test_without_the_plan_nothing_is_asked_of_microsoft_and_the_row_says_why(
    portal: Portal, tenant: dict[str, str]
) -> None:
    told(portal, "solo", seconds=5)

    status = portal.row(tenant)["sync_status"]
    before = len(portal.graph_requests(tenant))
    for _ in range(3):
        portal.later(minutes=40)
        portal.tick()

    assert (status["label"], status["reason"]) == ("Pending", "blocked")
    assert "Team plan" in status["detail"]
    assert "Integrations can be removed on any plan" in status["remedy"]
    assert len(portal.graph_requests(tenant)) == before
    assert len(portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]) == 5


def test_an_older_token_with_the_plan_neither_resumes_nor_may_change(portal: Portal, tenant: dict[str, str]) -> None:
    told(portal, "solo", seconds=5)

    issued_at = int(time.time()) - 60
    token = portal.identity.token("alice", iat=issued_at, exp=issued_at + 900)
    headers = {"authorization": f"Bearer {token}"}

    answer = portal.call("POST", f"/tenants/{tenant['id']}/sync", headers=headers)
    assert (answer.status, json.loads(answer.body)["code"]) == (403, "plan")
    assert portal.row(tenant)["sync_status"]["reason"] == "blocked"


def test_with_the_plan_back_syncs_go_on_by_themselves(portal: Portal, tenant: dict[str, str]) -> None:
    told(portal, "solo", seconds=5)
    before = len(portal.graph_requests(tenant))

    told(portal, "team", seconds=10)
    portal.later(minutes=31)
    portal.tick()

    assert portal.status(tenant) == "Success"
    assert len(portal.graph_requests(tenant)) > before
    actions = [it["action"] for it in portal.ask("GET", "/audit?limit=1000")["items"]]
    assert (actions.count("lost plan"), actions.count("regained plan")) == (1, 1)


def test_a_csp_pauses_with_its_customers_and_goes_on(portal: Portal) -> None:
    csp: Csp = has_csp(portal)
    csp.has("Contoso")
    csp.settled()
    told(portal, "solo", seconds=5)
    before = len(portal.microsoft.world.requests())
    for _ in range(3):
        portal.later(minutes=40)
        portal.tick()
    assert len(portal.microsoft.world.requests()) == before

    told(portal, "team", seconds=10)
    portal.later(minutes=31)
    portal.tick()

    assert csp.row()["sync_status"]["label"] == "Success"
    assert len(portal.microsoft.world.requests()) > before


def test_data_is_purged_after_thirty_days_and_the_mapping_stays(portal: Portal, tenant: dict[str, str]) -> None:
    told(portal, "solo", seconds=5)
    portal.later(days=29)
    portal.tick()
    assert data(portal) > 5

    for span in ({"days": 2}, {"minutes": 16}):
        portal.later(**span)
        portal.tick()
    row, [compared] = portal.row(tenant), portal.ask("GET", "/insights/secure-score")["items"]

    assert data(portal) == 0
    assert (compared["state"], compared["percent"], compared["trend"]) == ("not_read_yet", None, [])
    assert portal.services.control(ACCOUNT).history.list() == []  # type: ignore[arg-type]
    assert row["syncro_tenant"]["name"] == "Acme Dental"
    told(portal, "team", seconds=10)
    portal.later(minutes=31)
    portal.tick()
    assert len(portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]) == 5


def test_an_account_that_never_integrated_has_no_plan_to_lose(portal: Portal) -> None:
    told(portal, "solo", seconds=5)

    assert everything(portal) == []


def test_a_crash_between_the_word_and_the_rows_loses_nothing(
    portal: Portal, tenant: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("integrations.actions.account.Account.dispatch", lambda _: None)
        told(portal, "solo", seconds=5)
        assert portal.row(tenant)["sync_status"]["label"] == "Success"

    portal.later(minutes=2)
    portal.tick()

    assert portal.row(tenant)["sync_status"]["reason"] == "blocked"


def test_a_caller_is_told_beforehand_that_the_plan_allows_no_changes_and_whom_to_ask(portal: Portal) -> None:
    may = portal.ask("GET", "/caller")
    may_not = portal.called_by("carl").ask("GET", "/caller")

    assert may == {"user_id": "user_alice", "name": "Alice Adams", "can_manage": True, "detail": "", "remedy": ""}
    assert not may_not["can_manage"]
    assert may_not["detail"] == "Microsoft Tenant Integrations require the Team plan."
    assert "ask whoever manages your subscription" in may_not["remedy"]
    menu = {it["action"]: it["on_any_plan"] for it in portal.ask("GET", "/integrations")["integrate_menu"]}
    assert menu == {"integrate_single": False, "integrate_csp": False}
