"""Discovery: customers come, go, change their name, are left out; and a thousand of them cost pages, not checks."""

from collections import Counter
from typing import Any

import pytest

from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal

PERIOD = {"minutes": 34}


@pytest.fixture
def csp(portal: Portal) -> Csp:
    found = has_csp(portal)
    found.has("Contoso")
    return found


def test_a_new_customer_appears_by_itself(csp: Csp) -> None:
    csp.integrate()
    csp.has("Fabrikam")
    csp.later(**PERIOD)
    csp.later(minutes=1)

    assert csp.row()["tenant_count_label"] == "with 2 tenants"
    assert csp.auth("Fabrikam") == "Active"


def test_a_customer_that_vanishes_stays_with_its_mapping_and_comes_back(csp: Csp) -> None:
    csp.onboarded()
    fabrikam = csp.has("Fabrikam")
    csp.later(**PERIOD)
    csp.later(minutes=1)
    csp.portal.map(fabrikam)
    csp.portal.run_queues()
    csp.world.drop_customer(csp.partner, fabrikam)
    csp.later(**PERIOD)

    row = csp.customer("Fabrikam")
    assert row["csp_auth"]["label"] == "Missing Admin Relationship"
    assert row["csp_auth"]["evidence"]["vanished_at"]
    assert row["syncro_tenant"]["name"] == "Acme Dental"
    assert row["sync_status"]["reason"] == "blocked"

    made = csp.world.add_relationship(csp.partner, fabrikam)
    csp.world.assign(csp.partner, made, csp.partner["group"])
    csp.later(**PERIOD)
    csp.later(minutes=1)
    row = csp.customer("Fabrikam")
    assert (row["csp_auth"]["label"], row["sync_status"]["label"]) == ("Active", "Success")
    assert "vanished_at" not in row["csp_auth"]["evidence"]


def test_a_vanished_customer_that_nobody_mapped_is_forgotten_after_ninety_days(csp: Csp) -> None:
    csp.integrate()
    fabrikam = csp.has("Fabrikam")
    csp.later(**PERIOD)
    csp.world.drop_customer(csp.partner, fabrikam)
    csp.later(**PERIOD)
    csp.later(days=89)
    assert csp.row()["tenant_count_label"] == "with 2 tenants"
    csp.later(days=2)
    assert csp.row()["tenant_count_label"] == "with 1 tenant"


def test_a_customer_is_renamed_with_its_history(csp: Csp) -> None:
    csp.onboarded()
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()
    csp.world.rename_tenant(contoso["id"], "Contoso Group")
    csp.later(**PERIOD)
    csp.later(**PERIOD)

    assert csp.customer("Contoso")["name"] == "Contoso Group"
    stored = csp.portal.services.control("acct_northwind").tenants.find(contoso["id"])  # type: ignore[arg-type]
    assert stored is not None
    assert [it.name for it in stored.value.former_names] == ["Contoso"]


def test_the_csp_itself_is_renamed(csp: Csp) -> None:
    csp.integrate()
    csp.world.rename_tenant(csp.partner["id"], "Northwind Cloud")
    csp.later(**PERIOD)

    assert csp.row()["name"] == "Northwind Cloud"
    told = csp.portal.ask("GET", f"/integrations/{csp.id}")["csp"]
    assert told["former_names"] == ["Northwind Partner"]
    assert csp.customer("Contoso")["csp_name"] == "Northwind Cloud"


def test_an_ignored_customer_is_hidden_and_counted_apart(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={})
    csp.integrate()
    fabrikam = csp.customers["Fabrikam"]
    csp.portal.ask("PUT", f"/tenants/{fabrikam['id']}/ignored", {"ignored": True}, expect=204)

    assert (csp.row()["tenant_count_label"], csp.row()["ignored_count"]) == ("with 1 tenant", 1)
    names = [it["name"] for it in csp.portal.ask("GET", "/integrations")["tenants"]["items"]]
    hidden = [it["name"] for it in csp.portal.ask("GET", "/integrations?ignored=true")["tenants"]["items"]]
    assert (names, hidden) == (["Contoso"], ["Fabrikam"])
    csp.later(**PERIOD)
    assert csp.row()["ignored_count"] == 1
    csp.portal.ask("PUT", f"/tenants/{fabrikam['id']}/ignored", {"ignored": False}, expect=204)
    assert csp.row()["tenant_count_label"] == "with 2 tenants"


def test_a_mapped_customer_and_a_single_tenant_are_not_ignored(csp: Csp) -> None:
    csp.onboarded()
    csp.portal.map(csp.customers["Contoso"])
    path = f"/tenants/{csp.customers['Contoso']['id']}/ignored"
    assert csp.portal.ask("PUT", path, {"ignored": True}, expect=409)["code"] == "already_mapped"
    single = csp.portal.has_tenant("Adatum")
    csp.portal.integrate(single)
    told = csp.portal.ask("PUT", f"/tenants/{single['id']}/ignored", {"ignored": True}, expect=409)
    assert told["code"] == "not_a_csp_tenant"


def test_the_partners_own_tenant_is_no_customer(csp: Csp) -> None:
    csp.world.add_contract(csp.partner, csp.partner)
    csp.integrate()

    assert csp.row()["tenant_count_label"] == "with 1 tenant"


def test_an_access_check_tells_each_checks_outcome_time_and_evidence(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"roles": ["62e90394-69f5-4237-9190-012177145e10"]}, assigned=False)
    csp.onboarded()
    csp.portal.ask("POST", f"/integrations/{csp.id}/access-check", expect=202)
    csp.portal.run_queues()

    checks = {it["check"]: it for it in csp.portal.ask("GET", f"/integrations/{csp.id}")["checks"]}
    assert list(checks) == [
        "token", "mfa", "global_administrator", "admin_agents", "partner_center", "customers", "relationships",
        "roles", "groups", "consent", "graph",
    ]  # fmt: skip
    assert {name: it["state"] for name, it in checks.items() if it["state"] != "passed"} == {
        "groups": "failed",
    }  # fmt: skip
    assert checks["mfa"]["evidence"]["amr"] == "mfa, pwd"
    assert checks["groups"]["evidence"] == {"customers": "2", "failing": "1"}
    assert checks["consent"]["evidence"] == {"customers": "2", "failing": "0", "not_run": "1"}
    assert "not run for 1 of 2 customers" in checks["consent"]["detail"]
    assert all(it["at"] and it["label"] for it in checks.values())


def test_a_customers_own_checks_say_where_it_stops(csp: Csp) -> None:
    fabrikam = csp.has("Fabrikam", assigned=False)
    csp.onboarded()

    def states(tenant_id: str) -> dict[str, str]:
        told = csp.portal.ask("GET", f"/tenants/{tenant_id}")["csp"]["checks"]
        return {it["check"]: it["state"] for it in told}

    assert set(states(csp.customers["Contoso"]["id"]).values()) == {"passed"}
    assert states(fabrikam["id"]) == {
        "relationships": "passed", "roles": "passed", "groups": "failed", "consent": "not_run", "graph": "not_run",
    }  # fmt: skip


def test_a_csps_checks_follow_its_customers_as_they_are_onboarded_between_two_runs(csp: Csp) -> None:
    csp.world.switch(propagation_s=30.0)
    csp.integrate()
    assert (csp.checks()["consent"], csp.checks()["graph"]) == ("unknown", "not_run")

    csp.later(minutes=1)
    csp.later(minutes=1)
    assert csp.auth("Contoso") == "Active"
    assert (csp.checks()["consent"], csp.checks()["graph"]) == ("passed", "passed")


def test_rows_are_found_by_either_of_their_statuses(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={})
    csp.onboarded()

    told = csp.portal.ask("GET", "/integrations?status=missing%20admin%20relationship")
    assert [it["name"] for it in told["tenants"]["items"]] == ["Fabrikam"]
    assert told["filters"]["statuses"] == ["Active", "Missing Admin Relationship", "Pending", "Success"]
    assert "csp_auth" in told["sorts"]


def test_what_needs_attention_is_counted_whatever_the_filter_and_can_be_listed(csp: Csp) -> None:
    day_s = 24 * 3600.0
    csp.has("Fabrikam", relationship={})
    csp.has("Tailspin", relationship={"ends_in_s": 20 * day_s})
    csp.has("Wingtip", relationship={"ends_in_s": 5 * day_s})
    csp.has("Adatum", relationship={"ends_in_s": 31 * day_s})
    csp.onboarded()
    csp.portal.map(csp.customers["Contoso"])
    csp.portal.run_queues()
    found = {
        "not_mapped": ["Adatum", "Fabrikam", "Tailspin", "Wingtip"],
        "auth_error": [],
        "csp_auth": ["Fabrikam"],
        "expiring": ["Tailspin", "Wingtip"],
        "stalled": [],
        "overdue": [],
    }

    for reason, names in found.items():
        told = csp.portal.ask("GET", f"/integrations?attention={reason}&limit=1")
        assert told["attention"] == {name: len(it) for name, it in found.items()}
        rows = csp.portal.ask("GET", f"/integrations?attention={reason}")["tenants"]
        assert ([it["name"] for it in rows["items"]], rows["total"]) == (names, len(names))
    assert (csp.auth("Tailspin"), bool(csp.shown("Tailspin")["ends_at"])) == ("Active", True)
    assert csp.shown("Adatum")["ends_at"] is None


def test_the_two_statuses_are_filtered_by_on_their_own(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={})
    csp.onboarded()

    def names(query: str) -> list[str]:
        return [it["name"] for it in csp.portal.ask("GET", f"/integrations?{query}")["tenants"]["items"]]

    assert names("csp_auth=Active") == names("sync_status=Success") == ["Contoso"]
    assert names("csp_auth=Missing%20Admin%20Relationship&sync_status=Pending") == ["Fabrikam"]
    assert names("csp_auth=Active&sync_status=Pending") == []
    csp.portal.ask("GET", "/integrations?sync_status=Active", expect=400)
    filters = csp.portal.ask("GET", "/integrations")["filters"]
    assert filters["sync_statuses"] == ["Success", "Pending", "Auth Error"]
    assert len(filters["csp_auths"]) == 10


def test_checks_after_a_failed_one_are_not_run(csp: Csp) -> None:
    csp.integrate()
    csp.world.remove_member(csp.partner, csp.partner["admin_agents"], csp.partner["admin"])
    csp.portal.ask("POST", f"/integrations/{csp.id}/access-check", expect=202)
    csp.portal.run_queues()

    states = csp.checks()
    assert (states["mfa"], states["admin_agents"], states["customers"]) == ("passed", "failed", "not_run")
    told = csp.portal.ask("GET", f"/integrations/{csp.id}")
    assert [it["label"] for it in told["history"]][:2] == ["Auth Failed", "Success"]


def test_the_access_of_a_single_tenant_is_not_checked(portal: Portal) -> None:
    integration = portal.integrate(portal.has_tenant())

    assert portal.ask("POST", f"/integrations/{integration}/access-check", expect=409)["code"] == "not_a_csp"


def test_a_scheduled_order_that_comes_twice_runs_once(csp: Csp) -> None:
    csp.integrate()
    csp.portal.later(**PERIOD)
    csp.world.forget_requests()
    for _ in range(3):
        csp.portal.host.fire_timer("sync_timer")
    csp.portal.run_queues()

    asked = [it for it in csp.world.requests() if it["path"].endswith("/delegatedAdminRelationships")]
    assert len(asked) == 1


def test_customers_lists_of_many_pages_are_read_whole(csp: Csp) -> None:
    csp.world.switch(customers_page_size=3, relationships_page_size=2)
    csp.world.add_customers(csp.partner, 7)
    csp.integrate()

    assert csp.row()["tenant_count_label"] == "with 8 tenants"


def test_a_page_that_fails_leaves_every_customer_as_it_was(csp: Csp) -> None:
    csp.world.switch(relationships_page_size=2)
    csp.world.add_customers(csp.partner, 5)
    csp.onboarded()
    before = csp.portal.ask("GET", "/integrations?limit=1000")["tenants"]["items"]
    csp.world.fault(host="graph", path=r"delegatedAdminRelationships\?.*skiptoken", status=500, times=None)
    csp.later(**PERIOD)

    def labels(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
        return [(it["name"], it["csp_auth"]["label"]) for it in rows]

    after = csp.portal.ask("GET", "/integrations?limit=1000")["tenants"]["items"]
    assert labels(after) == labels(before)


def requests_of_a_run(csp: Csp) -> Counter[str]:
    csp.world.forget_requests()
    csp.portal.ask("POST", f"/integrations/{csp.id}/access-check", expect=202)
    csp.portal.host.drain("check-csp")
    return Counter(it["path"].rpartition("/")[2] for it in csp.world.requests() if "well-known" not in it["path"])


def test_a_thousand_customers_cost_pages_not_checks(csp: Csp) -> None:
    """Requests of a whole run: lists by the page, access assignments twenty to a batch, everything else once."""
    csp.onboarded()
    few = requests_of_a_run(csp)
    csp.world.add_customers(csp.partner, 1000)
    many = requests_of_a_run(csp)

    grown = {name: (few[name], many[name]) for name in many if many[name] > few[name]}
    assert (sum(few.values()), sum(many.values())) == (9, 67)
    assert grown == {
        "$batch": (1, 51), "customers": (2, 4), "delegatedAdminCustomers": (1, 4),
        "delegatedAdminRelationships": (1, 4),
    }  # fmt: skip
    throttled = [it for it in csp.world.requests() if it["status"] == 429]
    throttled += [part for it in csp.world.requests() for part in it.get("parts", []) if part["status"] == 429]
    assert throttled == []
    assert csp.row()["tenant_count_label"] == "with 1001 tenants"
