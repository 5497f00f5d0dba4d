"""Integrating a CSP: prerequisites, one sign-in, its customers, who may be integrated how, and reauthorizing."""

import re
from typing import Any

import pytest

from integrations.domain.ids import AccountId
from integrations.domain.statuses import SyncCause
from tests.flows.partner import VERSION, Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal

NO_MFA = ["pwd", "ngcmfa"]


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP with two customers in good order, not integrated yet."""
    found = has_csp(portal)
    for name in ("Contoso", "Fabrikam"):
        found.has(name)
    return found


def audit(portal: Portal, action: str) -> dict[str, Any]:
    items = portal.ask("GET", "/audit")["items"]
    return dict(next(it for it in items if it["action"] == action))


def test_one_sign_in_brings_every_customer(csp: Csp) -> None:
    csp.integrate()
    csp.later(minutes=1)

    row = csp.row()
    assert (row["name"], row["kind_label"]) == ("Northwind Partner", "Cloud Solution Provider (CSP)")
    assert row["tenant_count_label"] == "with 2 tenants"
    assert (row["sync_status"]["label"], row["sync_status"]["colour"]) == ("Success", "green")
    assert [it["label"] for it in row["actions"]] == ["Reauthorize CSP", "Remove CSP Integration"]
    for name in ("Contoso", "Fabrikam"):
        customer = csp.customer(name)
        assert customer["csp_name"] == "Northwind Partner"
        assert (customer["csp_auth"]["label"], customer["csp_auth"]["colour"]) == ("Active", "green")
        assert customer["sync_status"]["label"] == "Success"
        assert [it["label"] for it in customer["actions"]] == ["Map Syncro Tenant"]


def test_until_its_customers_are_read_a_csp_is_auth_pending(csp: Csp) -> None:
    flow = csp.signs_in(csp.start())
    told = csp.portal.ask("POST", f"/consent/{flow['flow_id']}/complete", expect=201)
    csp.id = told["integration_id"]

    status = csp.row()["sync_status"]
    assert (status["label"], status["colour"], status["stalled"]) == ("Auth Pending", "orange", False)
    csp.portal.later(minutes=16)
    assert csp.row()["sync_status"]["stalled"]
    csp.portal.tick()
    assert csp.status() == "Success"


def test_a_mapped_customer_is_synced_like_any_other(csp: Csp) -> None:
    csp.onboarded()
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()

    row = csp.customer("Contoso")
    assert (row["sync_status"]["label"], row["sync_status"]["reason"]) == ("Success", "synced")
    assert row["syncro_tenant"]["name"] == "Acme Dental"
    assert [it["label"] for it in row["actions"]] == ["Unmap Syncro Tenant"]
    assert csp.portal.ask("GET", f"/tenants/{contoso['id']}/users")["items"]


# Prerequisites.


def test_the_prerequisites_name_every_required_role(portal: Portal) -> None:
    told = portal.ask("GET", "/prerequisites/csp")

    assert told["version"] == VERSION
    text = " ".join(it["detail"] for it in told["items"])
    for needed in ("Entra ID MFA", "AdminAgents", "Exchange Administrator", "User Administrator", "single tenant"):
        assert needed in text


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        (None, 400, "invalid"),
        ({"accepted": False, "version": VERSION}, 400, "invalid"),
        ({"accepted": True, "version": "2020-01"}, 409, "prerequisites_changed"),
        ({"version": VERSION}, 400, "invalid"),
    ],
)
def test_a_csp_is_not_started_unless_its_prerequisites_are_accepted(
    portal: Portal, told: dict[str, Any] | None, status: int, code: str
) -> None:
    body = {"kind": "csp"} | ({"prerequisites": told} if told is not None else {})
    answer = portal.ask("POST", "/integrations", body, expect=status)

    assert answer["code"] == code
    assert answer["remedy"]


def test_who_accepted_which_prerequisites_is_recorded(csp: Csp) -> None:
    csp.integrate()

    told = csp.portal.ask("GET", f"/integrations/{csp.id}")["csp"]
    assert (told["prerequisites_version"], told["prerequisites_accepted_by"]) == (VERSION, "user_alice")
    assert audit(csp.portal, "started integration")["subject"]["prerequisites_version"] == VERSION


def test_a_sign_in_that_nobody_confirms_is_forgotten(csp: Csp) -> None:
    flow = csp.signs_in(csp.start())
    flows = csp.portal.services.control(AccountId("acct_northwind")).flows
    before = flows.find(flow["flow_id"])
    assert before is not None
    assert before.value.sealed
    csp.later(minutes=31)

    after = flows.find(flow["flow_id"])
    assert after is not None
    assert (after.value.sealed, csp.portal.flow(flow["flow_id"])["reason"]) == ("", "expired")
    assert csp.credentials() == []


# Who may be integrated, and how.


def test_somebody_who_is_no_global_administrator_cannot_integrate_a_csp(csp: Csp) -> None:
    member = csp.partner["member"]
    csp.world.add_member(csp.partner, csp.partner["admin_agents"], member)
    csp.world.consent(csp.partner["id"], CLIENT_ID)
    flow = csp.signs_in(csp.start(), member)

    assert (flow["state"], flow["reason"]) == ("failed", "not_tenant_admin")
    assert csp.credentials() == []


def test_a_csp_tenant_is_not_a_single_tenant(csp: Csp) -> None:
    csp.integrate()
    flow = csp.portal.signs_in(csp.portal.start(), csp.partner["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", "partner_tenant")
    assert "Cloud Solution Provider" in flow["remedy"]


def test_a_csp_is_integrated_once(csp: Csp) -> None:
    csp.integrate()
    flow = csp.signs_in(csp.start())

    assert (flow["state"], flow["reason"]) == ("failed", "already_integrated")


def test_two_journeys_at_once_bind_one_csp(csp: Csp) -> None:
    flows = [csp.signs_in(csp.start()) for _ in range(2)]
    csp.complete(flows[0])

    told = csp.portal.ask("POST", f"/consent/{flows[1]['flow_id']}/complete", expect=409)
    assert told["code"] == "already_integrated"
    assert len(csp.portal.ask("GET", "/integrations")["csps"]) == 1
    assert len(csp.credentials()) == 1


def test_a_customer_of_the_csp_is_not_a_single_tenant_too(csp: Csp) -> None:
    csp.integrate()
    flow = csp.portal.signs_in(csp.portal.start(), csp.customers["Contoso"]["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", "csp_child")
    assert "CSP" in flow["detail"]


def test_a_tenant_that_is_there_as_single_stays_single_and_is_flagged(csp: Csp) -> None:
    csp.portal.integrate(csp.customers["Contoso"])
    csp.integrate()

    assert csp.customer("Contoso")["csp_auth"] == "-"
    assert [it["label"] for it in csp.customer("Contoso")["actions"]][-1] == "Remove Integration"
    told = csp.portal.ask("GET", f"/integrations/{csp.id}")["csp"]["already_integrated"]
    assert told == [{"tenant_id": csp.customers["Contoso"]["id"], "name": "Contoso"}]
    assert csp.row()["tenant_count_label"] == "with 1 tenant"


def test_two_csps_side_by_side(csp: Csp) -> None:
    other = has_csp(csp.portal, "Southwind Partner")
    other.has("Adatum")
    csp.integrate()
    other.integrate()

    assert [it["name"] for it in csp.portal.ask("GET", "/integrations")["csps"]] == [
        "Northwind Partner", "Southwind Partner",
    ]  # fmt: skip
    only = csp.portal.ask("GET", f"/integrations?csp={other.id}")["tenants"]["items"]
    assert [it["name"] for it in only] == ["Adatum"]


def test_the_sign_in_asks_for_mfa_and_for_no_more_than_the_frozen_permissions(csp: Csp) -> None:
    url = csp.start()["authorize_url"]

    assert "mfa" in url
    assert "select_account" in url
    for name in ("user_impersonation", "DelegatedAdminRelationship.Read.All", "GroupMember.Read.All", "User.Read"):
        assert name in url
    assert "ReadWrite" not in url
    assert "Directory" not in url


def test_a_csps_whole_life_writes_only_consents_and_our_own_permissions(csp: Csp) -> None:
    """A32: no relationship, user, group or policy is ever written."""
    csp.onboarded()
    csp.portal.map(csp.customers["Contoso"])
    csp.later(minutes=34)
    csp.complete(csp.reauthorize())
    writes = {
        (it["host"], it["method"], re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", part["path"]))
        for it in csp.world.requests()
        for part in it.get("parts", [it])
        if part["method"] != "GET" and it["host"] != "login"
    }

    assert writes == {
        ("partner", "POST", "/v1/customers/*/applicationconsents"),
        ("graph", "POST", "/v1.0/servicePrincipals/*/appRoleAssignedTo"),
    }


# Reauthorize.


def test_reauthorizing_with_another_account_of_the_same_tenant_works(csp: Csp) -> None:
    csp.integrate()
    other = csp.partner["member"]
    csp.world.give_role(csp.partner["id"], other)
    for group in ("admin_agents", "group"):
        csp.world.add_member(csp.partner, csp.partner[group], other)
    csp.complete(csp.reauthorize(other))

    told = csp.portal.ask("GET", f"/integrations/{csp.id}")
    assert (told["csp"]["account"], told["version"]) == (other, 2)
    assert csp.status() == "Success"


def test_reauthorizing_at_another_tenant_changes_nothing(csp: Csp) -> None:
    csp.integrate()
    before = csp.credentials()[0].value
    other = csp.world.add_partner("Somebody else")
    flow = csp.reauthorize(other["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", "other_tenant")
    assert csp.credentials()[0].value == before
    csp.later(minutes=34)
    assert csp.status() == "Success"


def test_a_reauthorization_that_fails_leaves_the_old_credential_in_use(csp: Csp) -> None:
    csp.integrate()
    before = csp.credentials()[0].value
    weak = csp.partner["member"]
    csp.world.give_role(csp.partner["id"], weak)
    csp.world.set_methods(csp.partner, weak, NO_MFA)
    flow = csp.reauthorize(weak)

    assert (flow["state"], flow["reason"]) == ("failed", "no_mfa_prompt")
    assert csp.credentials()[0].value == before
    told = csp.portal.ask("GET", f"/integrations/{csp.id}")["csp"]["failed_reauthorization"]
    assert told["reason"] == "no_mfa_prompt"
    csp.later(minutes=34)
    assert csp.status() == "Success"


def test_a_run_under_way_does_not_undo_a_reauthorization(csp: Csp) -> None:
    csp.integrate()
    control = csp.portal.services.control("acct_northwind")  # type: ignore[arg-type]
    held = control.integrations.find(csp.id)
    assert held is not None
    csp.complete(csp.reauthorize())
    again = control.integrations.find(csp.id)
    assert again is not None
    assert again.value.version == held.value.version + 1
    assert again.value.csp is not None
    assert again.value.csp.status.cause is SyncCause.CSP_SYNCED
