"""Remove CSP Integration and Remove All: every customer's consent, then the partner's own, then every row."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.domain.ids import AccountId
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.raw import everything, rows_naming
from tests.flows.test_removal import QUIET, receipt, steps

ACCOUNT = AccountId("acct_northwind")


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP with three customers, one of them mapped and synced, one without a relationship."""
    found = has_csp(portal)
    found.has("Contoso", users=12)
    found.has("Fabrikam", users=5)
    found.has("Tailspin", relationship={})
    found.settled()
    portal.map(found.customers["Contoso"], "Contoso Ltd")
    portal.run_queues()
    return found


def removed(csp: Csp) -> str:
    removal = csp.portal.remove(csp.id, "Northwind Partner")
    csp.portal.run_queues()
    return removal


def may_read(csp: Csp, name: str) -> bool:
    """Whether our application holds a permission in the customer's tenant."""
    principal = csp.world.service_principal(csp.customers[name]["id"], CLIENT_ID)
    return principal is not None and principal["app_roles"] != []


def test_the_effects_name_the_csp_its_tenants_and_its_mappings(csp: Csp) -> None:
    told = csp.portal.ask("GET", f"/integrations/{csp.id}/removal-effects")

    assert told["confirm"] == "Northwind Partner"
    assert told["effects"][0] == "Disconnects the Cloud Solution Provider Northwind Partner and its 3 tenants."
    assert "1 mapping to Syncro Tenants" in told["effects"][1]


def test_a_csp_and_all_its_tenants_are_hidden_the_moment_its_removal_is_acknowledged(csp: Csp) -> None:
    csp.portal.remove(csp.id, "Northwind Partner")

    page = csp.portal.ask("GET", "/integrations")
    assert (page["csps"], page["tenants"]["items"]) == ([], [])
    for customer in csp.customers.values():
        assert csp.portal.call("GET", f"/tenants/{customer['id']}").status == 404
        assert csp.portal.call("GET", f"/tenants/{customer['id']}/users").status == 404
    organization = csp.portal.ask("GET", "/organizations")["items"][0]["id"]
    mapping = {"organization_id": organization}
    assert csp.portal.call("PUT", f"/tenants/{csp.customers['Fabrikam']['id']}/mapping", mapping).status == 404
    assert csp.portal.call("POST", f"/integrations/{csp.id}/access-check").status == 409


def test_every_customers_consent_is_withdrawn_and_the_partners_own_left_to_do_by_hand(csp: Csp) -> None:
    told = csp.portal.removal(removed(csp))

    assert told["state"] == "removed"
    assert steps(told)["credential"] == "done"
    assert [may_read(csp, name) for name in csp.customers] == [False, False, False]
    assert receipt(told)["microsoft"] == {"absent": 1, "by_hand": 1, "no_rights": 2}
    assert [it["tenant_id"] for it in told["leftovers"]] == [csp.partner["id"]]
    assert receipt(told)["tenants"] == 3
    assert receipt(told)["rows"]["users"] == 12
    assert csp.credentials() == []


def test_the_partners_own_tenant_comes_last(csp: Csp) -> None:
    csp.world.forget_requests()
    removed(csp)

    asked = [it for it in csp.world.requests() if it["host"] == "login" or it["method"] == "DELETE"]
    assert [it["host"] for it in asked if it["method"] == "DELETE"] == ["partner", "partner"]
    assert (asked[-1]["host"], asked[-1]["tenant_id"]) == ("login", csp.partner["id"])


def test_after_the_quiet_time_nothing_names_the_csp_or_its_customers_but_the_audit(csp: Csp) -> None:
    removal = removed(csp)
    csp.later(**QUIET)

    assert csp.portal.removal(removal)["state"] == "verified"
    words = [it["id"] for it in csp.customers.values()] + ["Contoso Corp", "Fabrikam", "Northwind Partner"]
    kinds = {kind for kind, _ in rows_naming(csp.portal, *words)}
    assert kinds <= {"control audit"}
    left = {kind for kind, _ in rows_naming(csp.portal, csp.partner["id"])}
    assert left <= {"control audit", "control parting"}  # what is left over names its tenant until it is forgotten


def test_a_credential_that_is_dead_ends_the_removal_with_what_is_left(csp: Csp) -> None:
    csp.world.refuse_tokens(50173, tenant_id=csp.partner["id"])
    told = csp.portal.removal(removed(csp))

    assert told["state"] == "removed"
    assert {it["tenant_id"] for it in told["leftovers"]} >= {
        csp.customers["Contoso"]["id"],
        csp.customers["Fabrikam"]["id"],
    }
    assert csp.credentials() == []


def test_with_partner_center_down_the_data_is_gone_and_the_credential_waits(csp: Csp) -> None:
    csp.world.fault(host="partner", method="DELETE", path="applicationconsents", status=503, times=None)
    removal = removed(csp)

    told = steps(csp.portal.removal(removal))
    assert (told["data"], told["microsoft"], told["credential"]) == ("done", "running", "waiting")
    assert len(csp.credentials()) == 1
    assert {kind for kind, _ in everything(csp.portal) if kind == "data row"} == set()
    again = csp.signs_in(csp.start())
    assert (again["state"], again["reason"]) == ("failed", "removing")

    csp.world.clear_faults()
    csp.later(minutes=6)
    assert csp.portal.removal(removal)["state"] == "removed"
    assert csp.credentials() == []


def test_a_customer_another_account_holds_keeps_the_application(csp: Csp) -> None:
    bob = csp.portal.called_by("bob")
    contoso = csp.customers["Contoso"]
    admin = {**contoso, "admin": csp.world.tenant(contoso["id"])["admin"]}
    bob.connected(admin)
    removed(csp)

    assert may_read(csp, "Contoso")
    assert not may_read(csp, "Fabrikam")
    assert bob.status(contoso) == "Success"


def test_a_csp_that_was_removed_can_be_integrated_again(csp: Csp) -> None:
    removed(csp)
    csp.integrate().later(minutes=20)

    assert csp.auth("Contoso") == "Active"
    assert csp.customer("Contoso")["syncro_tenant"] is None


def test_remove_all_removes_every_integration_and_blocks_new_ones_until_it_has_ended(csp: Csp) -> None:
    portal = csp.portal
    tenant = portal.has_tenant("Single Ltd", users=4)
    portal.integrate(tenant)
    effects = portal.ask("GET", "/removal-effects")
    assert effects["confirm"] == "all"
    assert effects["effects"][0] == "Disconnects all 2 integrations with 4 Microsoft tenants."

    begun = portal.ask("DELETE", "/integrations?confirm=all", expect=202)["removal_ids"]

    page = portal.ask("GET", "/integrations")
    assert (page["csps"], page["tenants"]["items"], len(page["removals"])) == ([], [], 2)
    blocked = portal.call("POST", "/integrations", {"kind": "single"})
    assert (blocked.status, json.loads(blocked.body)["code"]) == (409, "removing")
    portal.run_queues()
    assert {portal.removal(it)["state"] for it in begun} == {"removed"}
    assert portal.ask("GET", "/integrations")["removals"] == []
    portal.integrate(tenant)


def test_remove_all_of_nothing_blocks_nobody(portal: Portal) -> None:
    assert portal.ask("DELETE", "/integrations?confirm=all", expect=202)["removal_ids"] == []
    portal.start()


def test_remove_all_wants_its_word(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)

    assert portal.call("DELETE", "/integrations?confirm=ALL").status == 400
    assert portal.call("DELETE", "/integrations").status == 400
    assert portal.status(tenant) == "Success"


def test_many_removals_at_once_come_to_one(csp: Csp) -> None:
    """A37."""
    portal = csp.portal
    paths = [f"/integrations/{csp.id}?confirm=Northwind%20Partner"] * 20 + ["/integrations?confirm=all"] * 3
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda path: portal.call("DELETE", path).status, paths))
    portal.run_queues()

    assert set(answers) <= {200, 202, 409}
    control = portal.services.control(ACCOUNT)
    assert len(control.removals.list()) == 1
    assert control.remove_all.list() == []
    withdrawn = [it for it in csp.world.requests(host="partner") if it["method"] == "DELETE"]
    assert len(withdrawn) == len({it["path"] for it in withdrawn})


def test_removal_is_allowed_on_any_plan_and_to_administrators_only(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    path = f"/integrations/{portal.row(tenant)['integration_id']}?confirm=Contoso%20Dental"

    assert portal.called_by("tess").call("DELETE", path).status == 403
    assert portal.called_by("bob").call("DELETE", path).status == 404
    token = portal.identity.token("alice", plan="solo")
    answer = portal.call("DELETE", path, headers={"authorization": f"Bearer {token}"})
    assert answer.status == 202
