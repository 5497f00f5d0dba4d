"""What a removal leaves to do by hand: told with exact steps, and off the list by itself once it is done."""

from typing import Any

import pytest

from tests.exhaustive import exhaustive
from tests.flows.partner import UNFRIENDLY, Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.raw import rows_naming
from tests.flows.test_removal import QUIET, receipt
from tests.flows.test_removal_rights import removed


@pytest.fixture
def csp(portal: Portal) -> Csp:
    portal.microsoft.world.switch(**UNFRIENDLY)
    found = has_csp(portal)
    found.has("Contoso", users=4)
    return found.settled()


def left_over(csp: Csp, told: dict[str, Any]) -> list[str]:
    return [it["tenant_id"] for it in csp.portal.removal(told["id"])["leftovers"]]


def test_in_the_partners_own_tenant_nothing_is_tried_that_cannot_succeed(csp: Csp) -> None:
    csp.world.forget_requests()
    removed(csp)

    tried = [it for it in csp.world.requests(host="graph") if it["tenant_id"] == csp.partner["id"]]
    assert [it for it in tried if it["method"] != "GET"] == []
    assert csp.credentials() == []


def test_what_is_left_by_hand_in_the_partners_tenant_is_told_with_exact_steps(csp: Csp) -> None:
    told = removed(csp)

    (left,) = told["leftovers"]
    assert left["tenant_id"] == csp.partner["id"]
    for word in (
        "Cloud Application Administrator", "entra.microsoft.com", "Enterprise apps", "All applications",
        "Application type", CLIENT_ID, "Properties", "Delete", "30 days", "Remove-MgServicePrincipal", "an hour",
    ):  # fmt: skip
        assert word in left["how"]
    assert "Global Administrator" not in left["how"]
    assert left["evidence"] == {
        "reason": "Microsoft does not let an application delete itself in a partner's own tenant"
    }


def test_what_stays_by_hand_is_told_before_a_csp_is_removed(csp: Csp) -> None:
    told = csp.portal.ask("GET", f"/integrations/{csp.id}/removal-effects")["effects"]

    assert any("Removes every permission of our application in your customers' tenants" in it for it in told)
    assert any("Cloud Application Administrator" in it and "Northwind Partner" in it for it in told)
    everything = csp.portal.ask("GET", "/removal-effects")["effects"]
    assert any("Cloud Application Administrator" in it for it in everything)


@pytest.mark.parametrize(
    "after", [{"minutes": 1}, {"hours": 1}, *exhaustive({"minutes": 5}, {"minutes": 16}, {"days": 1})]
)
def test_a_leftover_closes_by_itself_once_somebody_has_done_it(csp: Csp, after: dict[str, float]) -> None:
    told = removed(csp)
    csp.world.revoke_consent(csp.partner["id"], CLIENT_ID)
    csp.later(**after)

    again = csp.portal.removal(told["id"])
    assert again["leftovers"] == []
    assert receipt(again)["left_over"] == []
    assert receipt(again)["microsoft"] == {"absent": 1, "no_rights": 1}
    csp.later(**QUIET)
    assert {kind for kind, _ in rows_naming(csp.portal, csp.partner["id"])} <= {"control audit"}


def test_what_is_done_by_hand_weeks_later_closes_too(csp: Csp) -> None:
    told = removed(csp)
    for _ in range(3):
        csp.later(days=5)
    assert left_over(csp, told) == [csp.partner["id"]]

    csp.world.revoke_consent(csp.partner["id"], CLIENT_ID)
    csp.later(days=1)
    assert left_over(csp, told) == []


def test_what_is_connected_again_is_no_longer_left_to_delete_by_hand(csp: Csp) -> None:
    told = removed(csp)
    csp.integrate()
    csp.later(minutes=5)

    assert left_over(csp, told) == []
    assert csp.status() == "Success"


def test_an_application_that_the_partner_deleted_before_is_no_leftover(csp: Csp) -> None:
    removal = csp.portal.remove(csp.id, "Northwind Partner")
    csp.world.revoke_consent(csp.partner["id"], CLIENT_ID)
    csp.portal.run_queues()

    assert csp.partner["id"] not in left_over(csp, {"id": removal})


def test_what_microsoft_refuses_and_has_done_all_the_same_is_seen_at_a_second_look(portal: Portal) -> None:
    tenant = portal.has_tenant(users=3)
    portal.connected(tenant)
    portal.microsoft.world.switch(owned_by_removes_itself=True, tokens_outlive_removal=True)
    portal.microsoft.world.fault(host="graph", method="DELETE", status=403, times=1)
    removal = portal.remove(str(portal.row(tenant)["integration_id"]))
    portal.microsoft.world.revoke_consent(tenant["id"], CLIENT_ID)
    portal.run_queues()

    told = portal.removal(removal)
    assert told["leftovers"] == []
    assert receipt(told)["microsoft"] == {"absent": 1}


def test_a_single_tenant_that_nobody_owns_is_left_by_hand_and_closes_by_itself(portal: Portal) -> None:
    tenant = portal.has_tenant(users=3)
    portal.connected(tenant)
    portal.microsoft.world.switch(**UNFRIENDLY)
    removal = portal.remove(str(portal.row(tenant)["integration_id"]))
    portal.run_queues()
    (left,) = portal.removal(removal)["leftovers"]
    assert left["evidence"]["code"] == "Authorization_RequestDenied"
    assert "Cloud Application Administrator" in left["how"]

    portal.microsoft.world.revoke_consent(tenant["id"], CLIENT_ID)
    portal.later(minutes=5)
    portal.tick()
    assert portal.removal(removal)["leftovers"] == []
