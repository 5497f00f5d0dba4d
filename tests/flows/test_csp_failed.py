"""Why a CSP cannot work: every reason of Auth Failed and Error, with its remedy, and how each heals."""

import pytest

from tests.exhaustive import exhaustive
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal

MFA = ["pwd", "mfa"]
NO_MFA = ["pwd", "ngcmfa"]


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP with two customers in good order, not integrated yet."""
    found = has_csp(portal)
    for name in ("Contoso", "Fabrikam"):
        found.has(name)
    return found


def test_without_mfa_the_csp_shows_no_mfa_prompt_and_keeps_no_token(csp: Csp) -> None:
    csp.world.set_methods(csp.partner, csp.partner["admin"], NO_MFA)
    flow = csp.signs_in(csp.start())

    assert (flow["state"], flow["reason"], flow["tenant"]["name"]) == ("proven", "no_mfa_prompt", "Northwind Partner")
    csp.complete(flow)
    status = csp.row()["sync_status"]
    assert (status["label"], status["colour"], status["reason"]) == ("Auth Failed", "red", "no_mfa_prompt")
    assert "MFA" in status["remedy"]
    assert "Reauthorize CSP" in status["remedy"]
    assert csp.credentials() == []
    csp.later(hours=7)
    assert csp.status() == "Auth Failed"

    csp.world.set_methods(csp.partner, csp.partner["admin"], MFA)
    csp.complete(csp.reauthorize())
    assert csp.status() == "Success"


def test_outside_of_admin_agents_the_csp_says_so_and_keeps_no_token(csp: Csp) -> None:
    csp.world.remove_member(csp.partner, csp.partner["admin_agents"], csp.partner["admin"])
    flow = csp.signs_in(csp.start())

    assert (flow["state"], flow["reason"]) == ("proven", "not_in_admin_agents")
    csp.complete(flow)
    assert csp.row()["sync_status"]["reason"] == "not_in_admin_agents"
    assert "AdminAgents" in csp.row()["sync_status"]["remedy"]
    assert csp.credentials() == []

    csp.world.add_member(csp.partner, csp.partner["admin_agents"], csp.partner["admin"])
    csp.complete(csp.reauthorize())
    assert csp.status() == "Success"


def test_a_member_of_admin_agents_through_another_group_counts(csp: Csp) -> None:
    csp.world.remove_member(csp.partner, csp.partner["admin_agents"], csp.partner["admin"])
    inner = csp.world.add_group(csp.partner["id"], "Engineers", [csp.partner["admin"]])
    csp.world.add_member(csp.partner, csp.partner["admin_agents"], inner)

    csp.integrate()
    assert csp.status() == "Success"


def test_without_customers_the_csp_says_so_and_heals_when_one_comes(portal: Portal) -> None:
    csp = has_csp(portal)
    flow = csp.signs_in(csp.start())

    assert (flow["state"], flow["reason"]) == ("proven", "no_child_tenants")
    csp.complete(flow)
    assert csp.row()["sync_status"]["reason"] == "no_child_tenants"
    assert csp.row()["tenant_count_label"] == ""

    csp.has("Contoso")
    csp.later(minutes=34)
    assert (csp.status(), csp.row()["tenant_count_label"]) == ("Success", "with 1 tenant")


def test_customers_without_a_relationship_are_customers(portal: Portal) -> None:
    csp = has_csp(portal)
    csp.has("Contoso", relationship={})

    csp.integrate()
    assert csp.status() == "Success"
    assert csp.auth("Contoso") == "Missing Admin Relationship"


@pytest.mark.parametrize(
    ("code", "reason"),
    [(53003, "policy_blocking"), (50076, "no_mfa_prompt"), (50173, "unknown"),
     *exhaustive((530034, "policy_blocking"), (700082, "unknown"), (70043, "unknown"), (50057, "unknown"),
                 (65001, "unknown"))],
)  # fmt: skip
def test_a_refusal_of_the_partners_sign_in_is_auth_failed_and_heals(csp: Csp, code: int, reason: str) -> None:
    csp.integrate()
    csp.world.refuse_tokens(code, tenant_id=csp.partner["id"], grant="refresh_token")
    csp.later(minutes=34)

    status = csp.row()["sync_status"]
    assert (status["label"], status["reason"]) == ("Auth Failed", reason)
    assert f"AADSTS{code}" in status["evidence"]["code"]
    assert status["next_check_at"] is not None
    assert csp.checks()["token"] == "failed"

    csp.world.accept_tokens()
    csp.later(minutes=34)
    assert csp.status() == "Success"


@pytest.mark.parametrize(
    ("code", "failure"), [(53003, "policy_blocking"), (50076, "no_mfa_prompt"), (50105, "account_not_assigned")]
)
def test_a_refused_redemption_of_the_first_sign_in_binds_nothing(csp: Csp, code: int, failure: str) -> None:
    csp.world.refuse_tokens(code, grant="authorization_code")
    flow = csp.signs_in(csp.start())

    assert (flow["state"], flow["reason"]) == ("failed", failure)
    assert csp.portal.ask("GET", "/integrations")["csps"] == []


def test_an_account_that_leaves_admin_agents_later_fails_and_heals(csp: Csp) -> None:
    csp.integrate()
    csp.world.remove_member(csp.partner, csp.partner["admin_agents"], csp.partner["admin"])
    csp.later(minutes=34)
    assert csp.row()["sync_status"]["reason"] == "not_in_admin_agents"

    csp.world.add_member(csp.partner, csp.partner["admin_agents"], csp.partner["admin"])
    csp.later(minutes=34)
    assert csp.status() == "Success"


def test_partner_center_that_asks_for_mfa_stops_the_csp(csp: Csp) -> None:
    csp.integrate()
    body = {"code": 900421, "description": "MFA", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", path="/v1/customers", status=401, body=body, times=None)
    csp.later(minutes=34)
    assert csp.row()["sync_status"]["reason"] == "no_mfa_prompt"

    csp.world.clear_faults()
    csp.later(minutes=34)
    assert csp.status() == "Success"


def test_a_definite_refusal_of_a_later_call_is_error(csp: Csp) -> None:
    csp.integrate()
    csp.world.fault(host="graph", path="delegatedAdminRelationships", status=403, times=None)
    csp.later(minutes=34)

    status = csp.row()["sync_status"]
    assert (status["label"], status["colour"], status["reason"]) == ("Error", "red", "request_error")
    assert status["evidence"]["http_status"] == "403"
    assert csp.checks()["customers"] == "failed"
    csp.world.clear_faults()
    csp.later(minutes=34)
    assert csp.status() == "Success"


def test_an_outage_of_partner_center_changes_the_status_only_when_it_lasts(csp: Csp) -> None:
    csp.integrate()
    csp.world.fault(host="partner", status=503, headers={"Retry-After": "30"}, times=None)
    seen = []
    csp.later(minutes=34)
    for _ in range(4):
        seen.append(csp.status())
        csp.later(minutes=6)

    assert seen == ["Success", "Success", "Error", "Error"]
    assert csp.auth("Contoso") == "Active"
    csp.world.clear_faults()
    csp.later(minutes=6)
    assert csp.status() == "Success"


def test_our_own_expired_secret_blames_neither_csp_nor_customers(csp: Csp) -> None:
    csp.onboarded()
    csp.world.refuse_tokens(7000222)
    csp.later(minutes=34)

    assert (csp.status(), csp.auth("Contoso")) == ("Success", "Active")


# While the CSP itself has failed.


def test_customers_of_a_failed_csp_keep_their_last_status_and_are_not_synced(csp: Csp) -> None:
    csp.onboarded()
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()
    csp.world.refuse_tokens(50173, tenant_id=csp.partner["id"], grant="refresh_token")
    csp.later(minutes=36)
    csp.world.forget_requests()
    csp.later(minutes=34)

    row = csp.customer("Contoso")
    assert (row["csp_auth"]["label"], row["csp_auth"]["stale"]) == ("Active", True)
    assert (row["sync_status"]["label"], row["sync_status"]["reason"]) == ("Pending", "blocked")
    assert csp.world.requests(host="graph", tenant_id=contoso["id"]) == []
    told = csp.portal.ask("POST", f"/tenants/{contoso['id']}/sync", expect=409)
    assert told["code"] == "blocked"

    csp.world.accept_tokens()
    csp.later(minutes=70)
    csp.later(minutes=34)
    assert csp.customer("Contoso")["sync_status"]["label"] == "Success"


def test_a_dead_credential_is_tried_less_and_less_often(csp: Csp) -> None:
    csp.integrate()
    csp.world.refuse_tokens(50173, tenant_id=csp.partner["id"], grant="refresh_token")
    for _ in range(6):
        csp.later(minutes=31)
    csp.world.forget_requests()
    for _ in range(12):
        csp.later(minutes=30)

    asked = [it for it in csp.world.requests(host="login") if it["path"].endswith("/token")]
    assert 1 <= len(asked) <= 4
