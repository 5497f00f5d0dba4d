"""A CSP's consent in each customer's tenant: its order, its waits, its refusals, and how it is renewed."""

import pytest

from integrations.actions.csp import onboard_customer, reconcile_context
from integrations.domain.ids import FIRST_REGISTRATION
from integrations.microsoft import permissions
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal

PERIOD = {"minutes": 34}  # one period of 30 minutes, with its jitter
RED, ORANGE = "red", "orange"


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP whose customer Contoso is in good order; tests add another one."""
    found = has_csp(portal)
    found.has("Contoso")
    return found


def test_a_new_relationship_waits_a_quarter_of_an_hour_for_its_consent(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"activated_in_s": -60})
    csp.settled()

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"], told["stalled"]) == ("Consent Pending", ORANGE, False)
    assert csp.portal.graph_requests(csp.customers["Fabrikam"]) == []
    csp.later(minutes=16)
    assert csp.auth("Fabrikam") == "Active"


def test_a_consent_that_does_not_show_is_pending_then_stalled_then_failed(csp: Csp) -> None:
    csp.settled()
    csp.world.switch(propagation_s=7200)
    csp.has("Fabrikam")
    csp.later(**PERIOD)
    assert (csp.shown("Fabrikam")["label"], csp.shown("Fabrikam")["stalled"]) == ("Consent Pending", False)
    assert csp.shown("Fabrikam")["evidence"]["code"] == "AADSTS65001"

    csp.later(minutes=16)
    assert (csp.shown("Fabrikam")["label"], csp.shown("Fabrikam")["stalled"]) == ("Consent Pending", True)
    pushes = [it for it in csp.world.requests(host="partner") if it["method"] == "POST"]
    csp.later(minutes=6)
    csp.later(minutes=6)
    after = [it for it in csp.world.requests(host="partner") if it["method"] == "POST"]
    assert len(after) - len(pushes) <= 1
    csp.later(minutes=10)
    assert (csp.shown("Fabrikam")["label"], csp.shown("Fabrikam")["colour"]) == ("Consent Failure", RED)

    csp.world.switch(propagation_s=0)
    csp.later(hours=2)
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


def test_application_roles_take_a_while_to_show(csp: Csp) -> None:
    csp.settled()
    csp.has("Fabrikam")
    csp.world.switch(propagation_s=40 * 60, propagation_shows="roles")
    csp.later(**PERIOD)
    csp.later(minutes=41)
    csp.later(minutes=1)
    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"], told["stalled"]) == ("Granting Application Roles", ORANGE, False)
    assert "User.Read.All" in told["evidence"]["missing_permissions"]

    csp.later(minutes=41)
    assert csp.auth("Fabrikam") == "Active"


def test_granting_is_stalled_after_three_quarters_of_an_hour(csp: Csp) -> None:
    csp.settled()
    csp.has("Fabrikam")
    csp.later(**PERIOD)
    csp.later(minutes=1)
    csp.world.refuse_tokens(700016, tenant_id=csp.customers["Fabrikam"]["id"], grant="client_credentials")
    csp.portal.services.sign_in.forget(csp.customers["Fabrikam"]["id"])
    csp.world.revoke_consent(csp.customers["Fabrikam"]["id"], CLIENT_ID)
    csp.portal.map(csp.customers["Fabrikam"])
    csp.portal.run_queues()
    assert csp.auth("Fabrikam") == "Consent Failure"
    csp.later(minutes=6)
    assert csp.shown("Fabrikam")["label"] == "Granting Application Roles"
    for _ in range(10):
        csp.later(minutes=5)
    assert (csp.shown("Fabrikam")["label"], csp.shown("Fabrikam")["stalled"]) == ("Granting Application Roles", True)
    csp.world.accept_tokens()
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


@pytest.mark.parametrize(("status", "code"), [(403, "900309"), (400, "2000"), (404, "60003")])
def test_a_refused_consent_is_tried_again_and_again(csp: Csp, status: int, code: str) -> None:
    csp.settled()
    body = {"code": code, "description": "refused", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", method="POST", path="applicationconsents", status=status, body=body, times=None)
    csp.has("Fabrikam")
    csp.later(**PERIOD)

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"], told["evidence"]["code"]) == ("Consent Failure", RED, code)
    assert told["next_check_at"] is not None
    csp.world.clear_faults()
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


def test_refused_consents_are_retried_at_five_fifteen_thirty_sixty_minutes_then_every_six_hours(csp: Csp) -> None:
    csp.settled()
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
    csp.settled()
    csp.world.switch(consent_exists_status=status)
    fabrikam = csp.has("Fabrikam")
    body = {"code": "800", "description": "Permission entry already exists.", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", method="POST", path="applicationconsents", status=status, body=body, times=1)
    csp.later(**PERIOD)
    assert csp.auth("Fabrikam") == "Consent Pending"  # it is not really there: nothing shows

    csp.world.clear_faults()
    csp.later(minutes=16)
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active", csp.shown("Fabrikam")
    assert csp.world.service_principal(fabrikam["id"], CLIENT_ID) is not None


def test_a_customer_whose_own_policy_asks_for_mfa_is_unknown_and_the_csp_goes_on(csp: Csp) -> None:
    csp.settled()
    fabrikam = csp.has("Fabrikam")
    csp.world.refuse_tokens(50076, tenant_id=fabrikam["id"], grant="refresh_token")
    csp.later(**PERIOD)

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"]) == ("Unknown", ORANGE)
    assert "MFA" in told["evidence"]["meaning"]
    assert "Reauthorize CSP" in told["remedy"]
    assert (csp.status(), csp.auth("Contoso")) == ("Success", "Active")
    csp.world.accept_tokens()
    csp.later(minutes=6)
    assert csp.auth("Fabrikam") == "Active"


def test_an_mfa_refusal_of_partner_center_stops_the_partner_not_the_customer(csp: Csp) -> None:
    csp.settled()
    csp.has("Fabrikam")
    body = {"code": 900421, "description": "MFA", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", path="/v1/customers", status=401, body=body, times=None)
    csp.later(**PERIOD)

    assert csp.row()["sync_status"]["reason"] == "no_mfa_prompt"
    assert csp.auth("Contoso") == "Active"


def test_the_consent_asks_for_no_more_than_granting_needs(csp: Csp) -> None:
    csp.settled()
    asked = [it for it in csp.world.requests(host="partner") if it["method"] == "POST"]

    (pushed,) = [it["json"] for it in asked]
    assert pushed["applicationGrants"] == [
        {
            "enterpriseApplicationId": "00000003-0000-0000-c000-000000000000",
            "scope": "AppRoleAssignment.ReadWrite.All,Application.Read.All",
        }
    ]


def test_a_consent_taken_away_is_asked_for_again(csp: Csp) -> None:
    csp.settled()
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()
    csp.world.revoke_consent(contoso["id"], CLIENT_ID)
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
    csp.settled()
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()
    more = {**permissions.APPLICATION_PERMISSIONS, "Domain.Read.All": "domains"}
    monkeypatch.setattr(permissions, "APPLICATION_PERMISSIONS", more)
    monkeypatch.setattr(onboard_customer, "APPLICATION_PERMISSIONS", more)
    assert reconcile_context.version_of_permissions(FIRST_REGISTRATION) == permissions.version_of_permissions(
        FIRST_REGISTRATION
    )
    seen = []
    for _ in range(3):
        csp.later(**PERIOD)
        seen.append((csp.auth("Contoso"), csp.customer("Contoso")["sync_status"]["label"]))

    assert set(seen) == {("Active", "Success")}
    principal = csp.world.service_principal(contoso["id"], CLIENT_ID)
    assert "Domain.Read.All" in principal["app_roles"]
