"""After a CSP's removal our application may read nothing in any customer's tenant, however Microsoft behaves."""

import re
from typing import Any

import pytest

from integrations.domain.ids import TenantId
from shared.microsoft.sign_in import token_roles
from tests.exhaustive import exhaustive
from tests.flows.partner import FRIENDLY, UNFRIENDLY, Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.raw import rows_naming
from tests.flows.test_removal import QUIET, receipt, steps

CONSENTS = "applicationconsents"


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP with two customers our application works in, and one without a relationship."""
    portal.microsoft.world.switch(**UNFRIENDLY)
    found = has_csp(portal)
    found.has("Contoso", users=4)
    found.has("Fabrikam", users=4)
    found.has("Tailspin", relationship={})
    return found.settled()


def removed(csp: Csp) -> dict[str, Any]:
    removal = csp.portal.remove(csp.id, "Northwind Partner")
    csp.portal.run_queues()
    return csp.portal.removal(removal)


def principal(csp: Csp, name: str) -> Any:
    return csp.world.service_principal(csp.customers[name]["id"], CLIENT_ID)


def roles_held(csp: Csp) -> set[str]:
    """Every permission that stands in a fresh token of ours for a tenant of the CSP's customers."""
    held: set[str] = set()
    for name, customer in csp.customers.items():
        if principal(csp, name) is not None:
            held |= token_roles(csp.portal.services.sign_in.app_token(TenantId(customer["id"]), fresh=True))
    return held


def detail(told: dict[str, Any], name: str) -> str:
    return str(next(it["detail"] for it in told["steps"] if it["name"] == name))


@pytest.mark.parametrize("status", [None, 403, 404, *exhaustive(201, 204, 400, 409, 500)])
def test_after_a_csps_removal_no_token_of_ours_holds_a_role_in_any_customers_tenant(
    csp: Csp, status: int | None
) -> None:
    if status is not None:
        csp.world.fault(host="partner", method="DELETE", path=CONSENTS, status=status, times=None)
    removed(csp)
    assert roles_held(csp) == set()
    for _ in range(3):
        csp.later(hours=9)

    assert roles_held(csp) == set()
    assert csp.credentials() == []


def test_an_entry_without_rights_that_stays_is_told_in_a_sentence_and_alarms_nobody(csp: Csp) -> None:
    told = removed(csp)

    assert receipt(told)["microsoft"] == {"absent": 1, "by_hand": 1, "no_rights": 2}
    assert [it["tenant_id"] for it in told["leftovers"]] == [csp.partner["id"]]
    assert steps(told)["microsoft"] == "done"
    assert "In 2 tenants our application has no permissions left; an empty entry remains." in detail(told, "microsoft")
    assert principal(csp, "Contoso")["app_roles"] == []
    csp.later(**QUIET)
    again = csp.portal.removal(told["id"])
    assert again["state"] == "verified"
    assert [it["tenant_id"] for it in again["leftovers"]] == [csp.partner["id"]]


def test_where_the_consent_takes_the_entry_with_it_the_customers_are_told_as_removed(csp: Csp) -> None:
    csp.world.switch(**FRIENDLY)
    told = removed(csp)

    assert [principal(csp, name) for name in csp.customers] == [None, None, None]
    assert receipt(told)["microsoft"] == {"absent": 1, "by_hand": 1, "removed": 2}


def test_roles_go_before_the_consent_that_lets_us_take_them(csp: Csp) -> None:
    csp.world.forget_requests()
    removed(csp)

    for name in ("Contoso", "Fabrikam"):
        order = _deletions(csp, csp.customers[name]["id"])
        assert order[-1] == "consent"
        assert order.count("consent") == 1
        assert len(order) == 10  # nine permissions, and the consent


@pytest.mark.parametrize("host", ["graph", "login"])
def test_while_roles_cannot_be_taken_away_the_consent_stays(csp: Csp, host: str) -> None:
    if host == "graph":
        csp.world.fault(host="graph", method="DELETE", path="appRoleAssignedTo", status=503, times=None)
    else:
        csp.world.fault(host="login", method="POST", path=csp.customers["Contoso"]["id"], status=503, times=None)
    told = removed(csp)

    assert told["state"] == "removing"
    assert "AppRoleAssignment.ReadWrite.All" in principal(csp, "Contoso")["scopes"]
    assert len(csp.credentials()) == 1
    csp.world.clear_faults()
    csp.later(minutes=6)
    assert csp.portal.removal(told["id"])["state"] == "removed"
    assert roles_held(csp) == set()


def test_roles_that_are_listed_still_after_they_were_taken_away_keep_the_consent(csp: Csp) -> None:
    csp.world.fault(host="graph", method="DELETE", path="appRoleAssignedTo", status=204, times=None)
    told = removed(csp)

    assert (told["state"], _deletions(csp, csp.customers["Contoso"]["id"]).count("consent")) == ("removing", 0)
    csp.world.clear_faults()
    csp.later(minutes=6)
    assert csp.portal.removal(told["id"])["state"] == "removed"
    assert roles_held(csp) == set()


def test_a_role_that_cannot_be_read_costs_the_others_nothing_and_is_told(csp: Csp) -> None:
    contoso = csp.customers["Contoso"]["id"]
    csp.world.garble("put", "value", 0, "id", value=7, path="appRoleAssignments", tenant_id=contoso, times=None)
    told = removed(csp)

    left = {it["tenant_id"]: it for it in told["leftovers"]}
    assert left.keys() == {contoso, csp.partner["id"]}
    assert left[contoso]["evidence"]["error"] == "role_unreadable"
    assert len(principal(csp, "Contoso")["app_roles"]) == 1
    assert principal(csp, "Fabrikam")["app_roles"] == []


@pytest.mark.parametrize("world", [UNFRIENDLY, FRIENDLY], ids=["unfriendly", "friendly"])
def test_where_the_account_may_not_take_roles_away_the_consent_is_the_last_resort(
    csp: Csp, world: dict[str, bool]
) -> None:
    csp.world.switch(**world)
    csp.world.fault(host="graph", method="DELETE", path="appRoleAssignedTo", status=403, times=None)
    told = removed(csp)

    outcome = "removed" if world is FRIENDLY else "impossible"
    assert receipt(told)["microsoft"] == {"absent": 1, "by_hand": 1, outcome: 2}
    assert [_deletions(csp, csp.customers[it]["id"])[-1] for it in ("Contoso", "Fabrikam")] == ["consent"] * 2
    left = {it["tenant_id"]: it["what"] for it in told["leftovers"]}
    assert len(left) == (1 if world is FRIENDLY else 3)
    assert all("could not be removed from" in it for key, it in left.items() if key != csp.partner["id"])


def test_a_wait_that_microsoft_asks_for_ends_the_round_and_is_kept(csp: Csp) -> None:
    csp.world.fault(host="partner", method="DELETE", path=CONSENTS, status=429, headers={"Retry-After": "300"}, times=1)
    told = removed(csp)

    assert [it["status"] for it in _consent_deletions(csp)] == [429]
    csp.later(minutes=4)
    assert [it["status"] for it in _consent_deletions(csp)] == [429]
    csp.later(minutes=2)
    assert [it["status"] for it in _consent_deletions(csp)] == [429, 200, 200]
    assert csp.portal.removal(told["id"])["state"] == "removed"


def test_a_token_that_is_refused_confirms_nothing_and_alarms_nobody(csp: Csp) -> None:
    contoso = csp.customers["Contoso"]["id"]
    csp.world.refuse_tokens(53003, tenant_id=contoso, grant="client_credentials")
    told = removed(csp)

    assert receipt(told)["microsoft"] == {"absent": 1, "by_hand": 1, "no_rights": 1, "unconfirmed": 1}
    assert [it["tenant_id"] for it in told["leftovers"]] == [csp.partner["id"]]
    assert "its permissions were removed" in detail(told, "microsoft")


def test_a_day_of_failures_at_partner_center_ends_with_what_is_left_to_do_by_hand(csp: Csp) -> None:
    csp.world.fault(host="partner", method="DELETE", path=CONSENTS, status=500, times=None)
    told = removed(csp)
    for _ in range(3):
        csp.later(hours=9)

    told = csp.portal.removal(told["id"])
    left = {it["tenant_id"]: it for it in told["leftovers"]}
    assert left.keys() == {csp.customers["Contoso"]["id"], csp.customers["Fabrikam"]["id"], csp.partner["id"]}
    assert left[csp.customers["Contoso"]["id"]]["evidence"]["reason"] == "Microsoft did not answer for 24 hours"


def test_a_customer_that_microsoft_keeps_waiting_does_not_hold_up_the_others(csp: Csp) -> None:
    stubborn = min(it["id"] for it in (csp.customers["Contoso"], csp.customers["Fabrikam"]))
    csp.world.fault(host="partner", method="DELETE", path=f"{stubborn}/{CONSENTS}", status=500, times=None)
    removed(csp)

    scopes = {csp.customers[name]["id"]: principal(csp, name)["scopes"] for name in ("Contoso", "Fabrikam")}
    assert scopes.pop(stubborn) != []
    assert list(scopes.values()) == [[]]


def test_a_consent_that_partner_center_does_not_take_back_is_left_to_do_by_hand(csp: Csp) -> None:
    fabrikam = csp.customers["Fabrikam"]["id"]
    csp.world.fault(host="partner", method="DELETE", path=f"{fabrikam}/{CONSENTS}", status=409, times=None)
    told = removed(csp)
    for _ in range(4):
        csp.later(minutes=6)

    told = csp.portal.removal(told["id"])
    assert told["receipt"] is not None
    left = {it["tenant_id"]: it for it in told["leftovers"]}
    assert left.keys() == {fabrikam, csp.partner["id"]}
    assert "no permissions of its own" in left[fabrikam]["what"]
    assert "Cloud Application Administrator" in left[fabrikam]["how"]


def test_roles_that_still_show_in_tokens_are_looked_for_until_they_are_gone(csp: Csp) -> None:
    csp.world.switch(removal_propagation_s=600)
    told = removed(csp)

    assert receipt(told)["microsoft"] == {"absent": 1, "by_hand": 1, "unconfirmed": 2}
    assert [it["tenant_id"] for it in told["leftovers"]] == [csp.partner["id"]]
    csp.later(**QUIET)
    again = csp.portal.removal(told["id"])
    assert receipt(again)["microsoft"] == {"absent": 1, "by_hand": 1, "no_rights": 2}
    assert "no permissions left" in detail(again, "microsoft")


def test_roles_that_never_leave_our_tokens_are_told_and_closed_by_themselves_once_they_are_gone(csp: Csp) -> None:
    csp.world.switch(removal_propagation_s=3600)
    told = removed(csp)
    csp.later(**QUIET)

    left = {it["tenant_id"]: it for it in csp.portal.removal(told["id"])["leftovers"]}
    assert left.keys() == {csp.partner["id"], csp.customers["Contoso"]["id"], csp.customers["Fabrikam"]["id"]}
    csp.later(hours=2)
    again = csp.portal.removal(told["id"])
    assert [it["tenant_id"] for it in again["leftovers"]] == [csp.partner["id"]]
    assert receipt(again)["microsoft"] == {"absent": 1, "by_hand": 1, "no_rights": 2}


def test_a_csp_whose_empty_entries_stayed_is_integrated_again(csp: Csp) -> None:
    removed(csp)
    assert roles_held(csp) == set()
    csp.integrate().later(minutes=20)

    assert csp.auth("Contoso") == "Active"
    assert len(principal(csp, "Contoso")["app_roles"]) == 9


def test_no_id_of_microsofts_objects_is_kept_across_a_removal(csp: Csp) -> None:
    ids = [principal(csp, name)["id"] for name in ("Contoso", "Fabrikam")]
    told = removed(csp)

    assert roles_held(csp) == set()
    assert rows_naming(csp.portal, *ids) == []
    csp.later(**QUIET)
    assert csp.portal.removal(told["id"])["state"] == "verified"
    assert rows_naming(csp.portal, *ids) == []


def test_a_removal_writes_nothing_but_our_own_roles_and_consents(csp: Csp) -> None:
    csp.world.forget_requests()
    removed(csp)
    written = {
        (it["host"], part["method"], re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", part["path"]).rpartition("/")[0])
        for it in csp.world.requests()
        for part in it.get("parts", [it])
        if part["method"] != "GET" and it["host"] != "login"
    }

    assert written == {
        ("partner", "DELETE", f"/v1/customers/*/{CONSENTS}"),
        ("graph", "DELETE", "/v1.0/servicePrincipals/*/appRoleAssignedTo"),
    }


def _deletions(csp: Csp, tenant_id: str) -> list[str]:
    """What was deleted in a customer's tenant, in its order: "role" and "consent"."""
    found = []
    for it in csp.world.requests():
        for part in it.get("parts", [it]):
            if part["method"] == "DELETE" and it["host"] == "graph" and it["tenant_id"] == tenant_id:
                found.append("role")
            if part["method"] == "DELETE" and it["host"] == "partner" and tenant_id in part["path"]:
                found.append("consent")
    return found


def _consent_deletions(csp: Csp) -> list[dict[str, Any]]:
    return [it for it in csp.world.requests(host="partner") if it["method"] == "DELETE"]
