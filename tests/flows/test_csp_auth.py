"""CSP Auth: every status of the page, with its colour, evidence and remedy, and how each heals by itself."""

from typing import Any

import pytest

from integrations.actions import onboard_customer, settle_customers
from integrations.domain.roles import DEFAULT_ROLES
from integrations.microsoft import app_roles, permissions
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
ROLES = list(DEFAULT_ROLES)
DAY_S = 86400.0
PERIOD = {"minutes": 34}  # one period of 30 minutes, with its jitter
RED, ORANGE, GREEN = "red", "orange", "green"


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP whose customer Contoso is in good order; tests add another one that is not."""
    found = has_csp(portal)
    found.has("Contoso")
    return found


def integrated(csp: Csp) -> Csp:
    csp.integrate().later(minutes=1)
    assert csp.auth("Contoso") == "Active"
    return csp


def shown(csp: Csp, name: str = "Fabrikam") -> dict[str, Any]:
    return dict(csp.customer(name)["csp_auth"])


def mend(csp: Csp, name: str = "Fabrikam") -> None:
    """What the customer and the partner do together: a new relationship, given to the group."""
    made = csp.world.add_relationship(csp.partner, csp.customers[name])
    csp.world.assign(csp.partner, made, csp.partner["group"])


def heals(csp: Csp, name: str = "Fabrikam") -> None:
    csp.later(**PERIOD)
    csp.later(minutes=1)
    assert csp.auth(name) == "Active"
    assert csp.customer(name)["sync_status"]["label"] == "Success"


def test_a_customer_in_good_order_is_active(csp: Csp) -> None:
    integrated(csp)

    told = shown(csp, "Contoso")
    assert (told["label"], told["colour"], told["evidence"]) == ("Active", GREEN, {})


@pytest.mark.parametrize(
    "described", [{}, {"status": "terminated"}, {"status": "approvalPending", "activated_in_s": None}]
)
def test_without_an_active_relationship_it_is_missing(csp: Csp, described: dict[str, Any]) -> None:
    csp.has("Fabrikam", relationship=described)
    integrated(csp)

    told = shown(csp)
    assert (told["label"], told["colour"]) == ("Missing Admin Relationship", RED)
    assert "new admin relationship" in told["remedy"]
    blocked = csp.customer("Fabrikam")["sync_status"]
    assert (blocked["label"], blocked["reason"]) == ("Pending", "blocked")
    assert blocked["evidence"]["csp_auth"] == "Missing Admin Relationship"
    mend(csp)
    heals(csp)


def test_a_relationship_past_its_end_is_expired_and_stops_the_sync(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"ends_in_s": 2 * 3600})
    integrated(csp)
    csp.portal.map(csp.customers["Fabrikam"])
    csp.portal.run_queues()
    csp.later(hours=2, minutes=5)

    told = shown(csp)
    assert (told["label"], told["colour"]) == ("Expired", RED)
    assert csp.customers["Fabrikam"]["relationship"] in told["evidence"]["relationships"]
    assert "Exchange Administrator" in told["evidence"]["roles"]
    assert csp.customer("Fabrikam")["sync_status"]["reason"] == "blocked"
    csp.world.forget_requests()
    csp.later(**PERIOD)
    assert csp.portal.graph_requests(csp.customers["Fabrikam"]) == []
    mend(csp)
    heals(csp)


def test_a_role_that_ends_within_a_week_is_expiring_and_goes_on_syncing(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"ends_in_s": 6 * DAY_S})
    integrated(csp)

    told = shown(csp)
    assert (told["label"], told["colour"]) == ("Expiring", ORANGE)
    assert told["evidence"]["ends_at"].startswith("2")
    csp.portal.map(csp.customers["Fabrikam"])
    csp.portal.run_queues()
    assert csp.customer("Fabrikam")["sync_status"]["reason"] == "synced"
    csp.world.change_relationship(csp.partner, csp.customers["Fabrikam"]["relationship"], auto_extends=True)
    heals(csp)


def test_one_role_of_many_decides(csp: Csp) -> None:
    """Two relationships overlap: each role lasts as long as the later of those that hold it."""
    fabrikam = csp.has("Fabrikam", relationship={"ends_in_s": 3 * DAY_S})
    later = csp.world.add_relationship(csp.partner, fabrikam, roles=ROLES[1:], ends_in_s=300 * DAY_S)
    csp.world.assign(csp.partner, later, csp.partner["group"])
    integrated(csp)

    told = shown(csp)
    assert (told["label"], told["evidence"]["roles"]) == ("Expiring", DEFAULT_ROLES[ROLES[0]])


def test_missing_roles_are_named(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"roles": ROLES[:-2]})
    integrated(csp)

    told = shown(csp)
    assert (told["label"], told["colour"]) == ("Missing Roles", RED)
    assert told["evidence"]["roles"] == ", ".join(sorted(DEFAULT_ROLES[it] for it in ROLES[-2:]))
    mend(csp)
    heals(csp)


def test_global_administrator_stands_for_every_role(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"roles": [GLOBAL_ADMINISTRATOR]})
    integrated(csp)

    assert csp.auth("Fabrikam") == "Active"
    told = csp.portal.ask("GET", f"/tenants/{csp.customers['Fabrikam']['id']}")["csp"]
    assert "cannot extend itself" in told["relationships"][0]["note"]


@pytest.mark.parametrize("reason", ["no_group", "group_lacks_roles", "account_not_in_group"])
def test_a_missing_security_group_says_which_of_three_it_is(csp: Csp, reason: str) -> None:
    assigned: Any = {"no_group": False, "group_lacks_roles": ROLES[:3], "account_not_in_group": False}[reason]
    fabrikam = csp.has("Fabrikam", assigned=assigned)
    other = csp.world.add_group(csp.partner["id"], "Another group")
    if reason == "account_not_in_group":
        csp.world.assign(csp.partner, fabrikam["relationship"], other)
    integrated(csp)

    told = shown(csp)
    assert (told["label"], told["colour"], told["reason"]) == ("Missing Security Group", RED, reason)
    assert "Exchange Administrator" in told["evidence"]["roles"]
    if reason == "account_not_in_group":
        csp.world.add_member(csp.partner, other, csp.partner["admin"])
    else:
        csp.world.assign(csp.partner, fabrikam["relationship"], csp.partner["group"])
    heals(csp)


def test_an_assignment_under_way_does_not_count_yet(csp: Csp) -> None:
    fabrikam = csp.has("Fabrikam", assigned=False)
    csp.world.assign(csp.partner, fabrikam["relationship"], csp.partner["group"], status="pending")
    integrated(csp)

    assert shown(csp)["reason"] == "no_group"


def test_an_account_in_a_group_of_the_group_is_in_the_group(csp: Csp) -> None:
    fabrikam = csp.has("Fabrikam", assigned=False)
    outer = csp.world.add_group(csp.partner["id"], "Outer")
    inner = csp.world.add_group(csp.partner["id"], "Inner", [csp.partner["admin"]])
    csp.world.add_member(csp.partner, outer, inner)
    csp.world.assign(csp.partner, fabrikam["relationship"], outer)
    integrated(csp)

    assert csp.auth("Fabrikam") == "Active"


def test_a_group_that_was_deleted_is_a_missing_group(csp: Csp) -> None:
    fabrikam = csp.has("Fabrikam", assigned=False)
    group = csp.world.add_group(csp.partner["id"], "Short-lived", [csp.partner["admin"]])
    csp.world.assign(csp.partner, fabrikam["relationship"], group)
    integrated(csp)
    csp.world.remove_group(csp.partner, group)
    csp.later(**PERIOD)

    assert shown(csp)["reason"] == "account_not_in_group"


def test_all_findings_are_told_not_only_the_first(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"roles": ROLES[:-1], "ends_in_s": 2 * DAY_S}, assigned=ROLES[:3])
    integrated(csp)

    told = shown(csp)
    assert told["label"] == "Missing Roles"
    assert "Missing Security Group" in told["evidence"]["also"]
    assert "Expiring" in told["evidence"]["also"]


def test_a_trace_leads_from_each_role_to_the_account(csp: Csp) -> None:
    csp.has("Fabrikam", assigned=ROLES[:3])
    integrated(csp)

    told = csp.portal.ask("GET", f"/tenants/{csp.customers['Fabrikam']['id']}")["csp"]
    reached = {it["role"]: (it["relationship"] != "", it["group"], it["member"]) for it in told["trace"]}
    assert set(reached) == set(DEFAULT_ROLES.values())
    assert {reached[DEFAULT_ROLES[it]] for it in ROLES[:3]} == {(True, "GDAP administrators", True)}
    assert {reached[DEFAULT_ROLES[it]] for it in ROLES[3:]} == {(True, "", False)}
    assert told["account"] == csp.partner["admin"]


def test_which_roles_are_required_is_a_setting(csp: Csp) -> None:
    settings = csp.portal.services.settings
    object.__setattr__(settings, "csp_required_roles", (ROLES[0], "e8611ab8-c189-46e8-94e1-60213ab1f814"))
    csp.has("Fabrikam", relationship={"roles": [ROLES[0], "e8611ab8-c189-46e8-94e1-60213ab1f814"]})
    integrated(csp)

    assert csp.auth("Fabrikam") == "Active"


def test_unreadable_assignments_leave_what_was_known(csp: Csp) -> None:
    integrated(csp)
    csp.world.fault(host="graph", path="accessAssignments", status=503, times=None)
    csp.later(**PERIOD)

    assert csp.auth("Contoso") == "Active"
    assert csp.row()["sync_status"]["evidence"]["error"] == "microsoft_unavailable"


def test_relationships_led_by_others_are_flagged(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"indirect_provider_id": "11111111-0000-4000-8000-000000000001"})
    csp.has("Adatum", relationship={"name": "MLT_Adatum"})
    integrated(csp)

    def note(name: str) -> str:
        told = csp.portal.ask("GET", f"/tenants/{csp.customers[name]['id']}")["csp"]
        return str(told["relationships"][0]["note"])

    assert "an indirect provider" in note("Fabrikam")
    assert "Set up by Microsoft" in note("Adatum")
    assert note("Contoso") == ""


# The order of things in consent.


def test_a_new_relationship_waits_a_quarter_of_an_hour_for_its_consent(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"activated_in_s": -60})
    integrated(csp)

    told = shown(csp)
    assert (told["label"], told["colour"], told["stalled"]) == ("Consent Pending", ORANGE, False)
    assert csp.portal.graph_requests(csp.customers["Fabrikam"]) == []
    csp.later(minutes=16)
    assert csp.auth("Fabrikam") == "Active"


def test_a_consent_that_does_not_show_is_pending_then_stalled_then_failed(csp: Csp) -> None:
    integrated(csp)
    csp.world.switch(propagation_s=7200)
    csp.has("Fabrikam")
    csp.later(**PERIOD)
    assert (shown(csp)["label"], shown(csp)["stalled"]) == ("Consent Pending", False)
    assert shown(csp)["evidence"]["code"] == "AADSTS65001"

    csp.later(minutes=16)
    assert (shown(csp)["label"], shown(csp)["stalled"]) == ("Consent Pending", True)
    pushes = [it for it in csp.world.requests(host="partner") if it["method"] == "POST"]
    csp.later(minutes=6)
    csp.later(minutes=6)
    after = [it for it in csp.world.requests(host="partner") if it["method"] == "POST"]
    assert len(after) - len(pushes) <= 1
    csp.later(minutes=10)
    assert (shown(csp)["label"], shown(csp)["colour"]) == ("Consent Failure", RED)

    csp.world.switch(propagation_s=0)
    csp.later(hours=2)
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


def test_application_roles_take_a_while_to_show(csp: Csp) -> None:
    integrated(csp)
    csp.has("Fabrikam")
    csp.world.switch(propagation_s=40 * 60, propagation_shows="roles")
    csp.later(**PERIOD)
    csp.later(minutes=41)
    csp.later(minutes=1)
    told = shown(csp)
    assert (told["label"], told["colour"], told["stalled"]) == ("Granting Application Roles", ORANGE, False)
    assert "User.Read.All" in told["evidence"]["missing_permissions"]

    csp.later(minutes=41)
    assert csp.auth("Fabrikam") == "Active"


def test_granting_is_stalled_after_three_quarters_of_an_hour(csp: Csp) -> None:
    integrated(csp)
    csp.has("Fabrikam")
    csp.later(**PERIOD)
    csp.later(minutes=1)
    csp.world.refuse_tokens(700016, tenant_id=csp.customers["Fabrikam"]["id"], grant="client_credentials")
    csp.portal.services.sign_in.forget(csp.customers["Fabrikam"]["id"])
    csp.world.revoke_consent(csp.customers["Fabrikam"]["id"], "c0ffee00-0000-4000-8000-000000000001")
    csp.portal.map(csp.customers["Fabrikam"])
    csp.portal.run_queues()
    assert csp.auth("Fabrikam") == "Consent Failure"
    csp.later(minutes=6)
    assert shown(csp)["label"] == "Granting Application Roles"
    for _ in range(10):
        csp.later(minutes=5)
    assert (shown(csp)["label"], shown(csp)["stalled"]) == ("Granting Application Roles", True)
    csp.world.accept_tokens()
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


@pytest.mark.parametrize(("status", "code"), [(403, "900309"), (400, "2000"), (404, "60003")])
def test_a_refused_consent_is_tried_again_and_again(csp: Csp, status: int, code: str) -> None:
    integrated(csp)
    body = {"code": code, "description": "refused", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", method="POST", path="applicationconsents", status=status, body=body, times=None)
    csp.has("Fabrikam")
    csp.later(**PERIOD)

    told = shown(csp)
    assert (told["label"], told["colour"], told["evidence"]["code"]) == ("Consent Failure", RED, code)
    assert told["next_check_at"] is not None
    csp.world.clear_faults()
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


def test_refused_consents_are_retried_at_five_fifteen_thirty_sixty_minutes_then_every_six_hours(csp: Csp) -> None:
    integrated(csp)
    csp.world.fault(host="partner", method="POST", path="applicationconsents", status=400, times=None)
    csp.has("Fabrikam")
    csp.later(**PERIOD)
    csp.world.forget_requests()

    def pushes() -> int:
        return sum(1 for it in csp.world.requests(host="partner") if it["method"] == "POST")

    seen = []
    for _ in range(26):  # 130 minutes in steps of five
        csp.later(minutes=5)
        seen.append(pushes())
    at = [5 * (place + 1) for place, count in enumerate(seen) if count > (seen[place - 1] if place else 0)]
    assert len(at) == 4
    for wanted, real in zip((5, 20, 50, 110), at, strict=True):
        assert wanted <= real <= wanted + 15
    csp.later(hours=5)
    assert pushes() == seen[-1]
    csp.later(hours=1, minutes=10)
    assert pushes() == seen[-1] + 1


@pytest.mark.parametrize("status", [409, 400])
def test_a_consent_that_is_already_there_is_a_consent(csp: Csp, status: int) -> None:
    integrated(csp)
    csp.world.switch(consent_exists_status=status)
    fabrikam = csp.has("Fabrikam")
    body = {"code": "800", "description": "Permission entry already exists.", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", method="POST", path="applicationconsents", status=status, body=body, times=1)
    csp.later(**PERIOD)
    assert csp.auth("Fabrikam") == "Consent Pending"  # it is not really there: nothing shows

    csp.world.clear_faults()
    csp.later(minutes=16)
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active", shown(csp)
    assert csp.world.service_principal(fabrikam["id"], "c0ffee00-0000-4000-8000-000000000001") is not None


def test_a_customer_whose_own_policy_asks_for_mfa_is_unknown_and_the_csp_goes_on(csp: Csp) -> None:
    integrated(csp)
    fabrikam = csp.has("Fabrikam")
    csp.world.refuse_tokens(50076, tenant_id=fabrikam["id"], grant="refresh_token")
    csp.later(**PERIOD)

    told = shown(csp)
    assert (told["label"], told["colour"]) == ("Unknown", ORANGE)
    assert "MFA" in told["evidence"]["meaning"]
    assert "Reauthorize CSP" in told["remedy"]
    assert (csp.status(), csp.auth("Contoso")) == ("Success", "Active")
    csp.world.accept_tokens()
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


def test_an_mfa_refusal_of_partner_center_stops_the_partner_not_the_customer(csp: Csp) -> None:
    integrated(csp)
    csp.has("Fabrikam")
    body = {"code": 900421, "description": "MFA", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", path="/v1/customers", status=401, body=body, times=None)
    csp.later(**PERIOD)

    assert csp.row()["sync_status"]["reason"] == "no_mfa_prompt"
    assert csp.auth("Contoso") == "Active"


def test_the_consent_asks_for_no_more_than_granting_needs(csp: Csp) -> None:
    integrated(csp)
    asked = [it for it in csp.world.requests(host="partner") if it["method"] == "POST"]

    (pushed,) = [it["json"] for it in asked]
    assert pushed["applicationGrants"] == [
        {
            "enterpriseApplicationId": "00000003-0000-0000-c000-000000000000",
            "scope": "AppRoleAssignment.ReadWrite.All,Application.Read.All",
        }
    ]


def test_a_consent_taken_away_is_asked_for_again(csp: Csp) -> None:
    integrated(csp)
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()
    csp.world.revoke_consent(contoso["id"], "c0ffee00-0000-4000-8000-000000000001")
    csp.portal.services.sign_in.forget(contoso["id"])
    csp.later(**PERIOD)
    csp.later(minutes=1)

    assert csp.customer("Contoso")["sync_status"]["label"] == "Auth Error"
    assert csp.auth("Contoso") == "Consent Failure"
    csp.later(minutes=6)
    csp.portal.tick()
    assert csp.auth("Contoso") == "Active"
    assert csp.customer("Contoso")["sync_status"]["label"] == "Success"


def test_new_permissions_are_granted_without_disconnecting(csp: Csp, monkeypatch: pytest.MonkeyPatch) -> None:
    integrated(csp)
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()
    more = {**permissions.APPLICATION_PERMISSIONS, "Device.Read.All": "devices"}
    monkeypatch.setattr(permissions, "APPLICATION_PERMISSIONS", more)
    for room in (app_roles, onboard_customer):
        monkeypatch.setattr(room, "APPLICATION_PERMISSIONS", more)
    assert settle_customers.version_of_permissions() == permissions.version_of_permissions()
    seen = []
    for _ in range(3):
        csp.later(**PERIOD)
        seen.append((csp.auth("Contoso"), csp.customer("Contoso")["sync_status"]["label"]))

    assert set(seen) == {("Active", "Success")}
    principal = csp.world.service_principal(contoso["id"], "c0ffee00-0000-4000-8000-000000000001")
    assert "Device.Read.All" in principal["app_roles"]
