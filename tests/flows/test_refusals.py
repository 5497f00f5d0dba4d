"""Microsoft refuses, on every journey and at every step: the code decides what the page says and who can help."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from local.microsoft.browser import Callback
from tests.exhaustive import exhaustive
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CALLBACKS, Portal
from tests.waiting import until

PERIOD = {"minutes": 34}


@pytest.fixture
def csp(portal: Portal) -> Csp:
    found = has_csp(portal)
    found.has("Contoso")
    return found


def refused(portal: Portal, url: str, kind: str = "single", **answer: str) -> None:
    """Microsoft's answer as a browser brings it, in the words of the test."""
    told = {"state": parse_qs(urlsplit(url).query)["state"][0], **answer}
    target = next(it for it in CALLBACKS if it.endswith(kind))
    assert portal.send(Callback("GET", f"{target}?{urlencode(told)}", told)).status == 303


def at_consent(portal: Portal) -> tuple[str, str]:
    """A journey whose signer is known: its id, and where the permissions are accepted."""
    tenant = portal.has_tenant()
    return portal.reach("at consent", lambda: _at_consent(portal, tenant))


def _at_consent(portal: Portal, tenant: dict[str, str]) -> tuple[str, str]:
    started = portal.start()
    flow = portal.signs_in(started, tenant["admin"])
    return started["flow_id"], flow["continue_url"]


# What a redirect says: the code decides, then the word.
REDIRECTS = [
    pytest.param("access_denied", "AADSTS90094: x", "administrator_needed", "Administrator", id="needs an admin"),
    pytest.param("access_denied", "AADSTS53003: x", "policy_blocking", "policy", id="policy"),
    pytest.param("access_denied", "AADSTS90033: x", "microsoft_unavailable", "few minutes", id="passing code"),
    pytest.param("server_error", "", "microsoft_unavailable", "few minutes", id="passing word"),
    pytest.param("access_denied", "AADSTS50105: x", "account_not_assigned", "Enterprise applications", id="assignment"),
    pytest.param("invalid_request", "AADSTS900971: x", "our_application", "operator", id="our request"),
    pytest.param("access_denied", "AADSTS90038: x", "wrong_cloud", "operator", id="another cloud"),
    *exhaustive(
        ("access_denied", "AADSTS90095: x", "administrator_needed", "Administrator"),
        ("access_denied", "AADSTS90093: x", "administrator_needed", "Administrator"),
        ("interaction_required", "AADSTS530003: x", "policy_blocking", "policy"),
        ("temporarily_unavailable", "", "microsoft_unavailable", "few minutes"),
        ("access_denied", "AADSTS50057: x", "account_unusable", "account"),
        ("access_denied", "AADSTS500213: x", "cross_tenant_blocked", "Cross-tenant"),
        ("access_denied", "AADSTS530034: x", "account_at_risk", "risk"),
        ("unauthorized_client", "AADSTS7000112: x", "app_disabled", "Enterprise applications"),
        ("invalid_client", "AADSTS650052: x", "service_missing", "tenant"),
        ("access_denied", "AADSTS50020: x", "wrong_account", "account"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("word", "text", "reason", "remedy"), REDIRECTS)
def test_a_refused_consent_says_who_can_help(portal: Portal, word: str, text: str, reason: str, remedy: str) -> None:
    flow_id, url = at_consent(portal)

    refused(portal, url, error=word, error_description=text)

    flow = portal.flow(flow_id)
    assert (flow["state"], flow["reason"]) == ("failed", reason)
    assert remedy.casefold() in flow["remedy"].casefold()
    assert flow["evidence"].get("code", "") == text.partition(":")[0]


@pytest.mark.parametrize(("word", "text", "reason", "remedy"), REDIRECTS)
def test_a_refused_sign_in_says_who_can_help(portal: Portal, word: str, text: str, reason: str, remedy: str) -> None:
    started = portal.start()

    refused(portal, started["authorize_url"], error=word, error_description=text)

    flow = portal.flow(started["flow_id"])
    assert (flow["state"], flow["reason"]) == ("failed", reason)
    assert remedy.casefold() in flow["remedy"].casefold()


@pytest.mark.parametrize(("word", "text", "reason", "remedy"), REDIRECTS)
def test_a_refused_sign_in_of_a_csp_says_who_can_help(csp: Csp, word: str, text: str, reason: str, remedy: str) -> None:
    started = csp.start()

    refused(csp.portal, started["authorize_url"], "csp", error=word, error_description=text)

    flow = csp.portal.flow(started["flow_id"])
    assert (flow["state"], flow["reason"]) == ("failed", reason)
    assert remedy.casefold() in flow["remedy"].casefold()


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "access_denied", "error_description": "AADSTS65004: x"},
        {"error": "consent_required", "error_description": "AADSTS65004: x"},
        {"error": "access_denied"},
        {"error": "access_denied", "error_subcode": "cancel"},
    ],
    ids=str,
)
def test_a_declined_consent_is_declined(portal: Portal, answer: dict[str, str]) -> None:
    flow_id, url = at_consent(portal)

    refused(portal, url, **answer)

    assert portal.flow(flow_id)["reason"] == "declined"
    assert "Accept" in portal.flow(flow_id)["remedy"]


def test_an_administrator_who_cancels_has_declined(portal: Portal) -> None:
    flow_id, url = at_consent(portal)

    refused(portal, url, error="permission_denied", error_description="The admin canceled the request")

    assert portal.flow(flow_id)["reason"] == "declined"


@pytest.mark.parametrize(
    ("code", "reason"), [(90094, "administrator_needed"), (53003, "policy_blocking"), (90033, "microsoft_unavailable")]
)
@pytest.mark.parametrize("leg", ["sign-in", "admin-consent"])
def test_microsofts_own_redirects_say_who_can_help(portal: Portal, leg: str, code: int, reason: str) -> None:
    tenant, started = portal.has_tenant(), portal.start()
    portal.microsoft.world.refuse_redirects(code, leg=leg, error="access_denied", subcode="cancel")

    flow = portal.signs_in(started, tenant["admin"])
    if leg == "admin-consent":
        portal.accepts(flow, tenant["admin"])

    flow = portal.flow(started["flow_id"])
    assert (flow["state"], flow["reason"], flow["evidence"]["code"]) == ("failed", reason, f"AADSTS{code}")

    portal.microsoft.world.accept_redirects()
    assert portal.integrate(tenant)


@pytest.mark.parametrize(
    ("code", "cause", "reason", "remedy"),
    [
        (530003, "csp_policy_blocking", "policy_blocking", "Conditional Access"),
        (500121, "csp_no_mfa_prompt", "no_mfa_prompt", "MFA"),
        (50173, "csp_sign_in_ended", "unknown", "Reauthorize CSP"),
        (65001, "csp_consent_missing", "unknown", "accept"),
        *exhaustive(
            (530034, "csp_account_at_risk", "policy_blocking", "risk"),
            (50105, "csp_account_not_assigned", "policy_blocking", "Enterprise applications"),
            (500021, "csp_cross_tenant_blocked", "policy_blocking", "Cross-tenant"),
            (70043, "csp_sign_in_ended", "unknown", "sign-in frequency"),
            (50057, "csp_account_unusable", "unknown", "enable"),
            (50161, "csp_identity_provider", "unknown", "identity provider"),
            (7000112, "csp_app_disabled", "unknown", "Enterprise applications"),
            (53004, "csp_policy_blocking", "policy_blocking", "Conditional Access"),
            (50097, "csp_policy_blocking", "policy_blocking", "Conditional Access"),
            (50129, "csp_policy_blocking", "policy_blocking", "Conditional Access"),
            (53011, "csp_account_at_risk", "policy_blocking", "risk"),
            (700082, "csp_sign_in_ended", "unknown", "Reauthorize CSP"),
            (50034, "csp_account_unusable", "unknown", "enable"),
            (90094, "csp_consent_missing", "unknown", "accept"),
        ),
    ],
)
def test_a_refused_refresh_says_who_can_help_and_heals(
    csp: Csp, code: int, cause: str, reason: str, remedy: str
) -> None:
    csp.integrate()
    csp.world.refuse_tokens(code, tenant_id=csp.partner["id"], grant="refresh_token")
    csp.later(**PERIOD)

    status = csp.row()["sync_status"]
    assert (status["label"], status["cause"], status["reason"]) == ("Auth Failed", cause, reason)
    assert f"AADSTS{code}" in status["evidence"]["code"]
    assert remedy.casefold() in status["remedy"].casefold()

    csp.world.accept_tokens()
    csp.later(**PERIOD)
    assert csp.status() == "Success"


@pytest.mark.parametrize("code", [90033, *exhaustive(50033, 90055, 50087)])
def test_a_passing_refusal_of_a_refresh_keeps_the_status(csp: Csp, code: int) -> None:
    csp.integrate()
    csp.world.refuse_tokens(code, tenant_id=csp.partner["id"], grant="refresh_token")
    csp.later(**PERIOD)

    assert csp.status() == "Success"
    csp.world.accept_tokens()
    csp.later(minutes=6)
    assert csp.status() == "Success"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (53003, "policy_blocking"),
        (500121, "mfa_not_done"),
        (50057, "account_unusable"),
        (90033, "microsoft_unavailable"),
        (54005, "sign_in_too_old"),
        (7000222, "our_application"),
    ],
)
def test_a_refused_redemption_says_who_can_help(portal: Portal, code: int, reason: str) -> None:
    tenant, started = portal.has_tenant(), portal.start()
    portal.microsoft.world.refuse_tokens(code, grant="authorization_code")

    flow = portal.signs_in(started, tenant["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", reason)


@pytest.mark.parametrize(
    ("code", "cause", "label"),
    [
        (53003, "blocked_by_policy", "Auth Error"),
        (90094, "consent_missing", "Auth Error"),
        (70011, "our_credential", "Pending"),
        (90091, "microsoft_unavailable", "Pending"),
        *exhaustive(
            (530003, "blocked_by_policy", "Auth Error"),
            (500213, "blocked_by_policy", "Auth Error"),
            (500011, "service_missing", "Auth Error"),
            (650052, "service_missing", "Auth Error"),
        ),
    ],
)
def test_a_refused_token_of_a_tenant_says_who_can_help(portal: Portal, code: int, cause: str, label: str) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.services.sign_in.forget(tenant["id"])  # type: ignore[arg-type]
    portal.microsoft.world.refuse_tokens(code, tenant_id=tenant["id"], grant="client_credentials")

    portal.sync(tenant)

    status = portal.row(tenant)["sync_status"]
    if label == "Auth Error":
        assert status["evidence"]["code"] == f"AADSTS{code}"
    assert (status["cause"], status["label"]) == (cause, label)


# What a customer's tenant answers the CSP's account; each in a customer of its own.
IN_CUSTOMERS = {
    53003: ("Consent Failure", "blocked_by_policy", "Service provider users"),
    530003: ("Consent Failure", "blocked_by_policy", "Service provider users"),
    500213: ("Consent Failure", "cross_tenant_blocked", "Cross-tenant"),
    530034: ("Unknown", "csp_sign_in", "CSP"),
    50076: ("Unknown", "mfa_needed", "Reauthorize CSP"),
    500121: ("Unknown", "mfa_needed", "Reauthorize CSP"),
    50173: ("Unknown", "csp_sign_in", "CSP"),
    50057: ("Unknown", "csp_sign_in", "CSP"),
    50105: ("Consent Failure", "not_assigned", "Assignment required"),
    90094: ("Consent Failure", "administrator_needed", "Privileged Role Administrator"),
    7000112: ("Consent Failure", "app_disabled", "Enterprise applications"),
    650052: ("Consent Failure", "service_missing", "customer"),
    90002: ("Unknown", "tenant_not_found", "customer"),
    90038: ("Unknown", "wrong_cloud", "operator"),
}


def labels(csp: Csp) -> set[str]:
    """What is shown once the orders that are there have been carried out; ten customers are begun with a second."""
    csp.portal.run_queues()
    return {csp.shown(str(code))["label"] for code in IN_CUSTOMERS}


def test_a_refused_token_in_a_customer_says_who_can_help_and_heals(csp: Csp) -> None:
    csp.settled()
    for code in IN_CUSTOMERS:
        csp.world.refuse_tokens(code, tenant_id=csp.has(str(code))["id"], grant="refresh_token")
    csp.later(**PERIOD)
    until(lambda: "Consent Pending" not in labels(csp))

    for code, (label, reason, remedy) in IN_CUSTOMERS.items():
        told = csp.shown(str(code))
        assert (code, told["label"], told["reason"]) == (code, label, reason)
        assert remedy.casefold() in told["remedy"].casefold()
        assert told["evidence"]["code"] == f"AADSTS{code}"
    assert csp.auth("Contoso") == "Active"

    csp.world.accept_tokens()
    csp.later(minutes=6)
    csp.later(minutes=6)
    until(lambda: labels(csp) == {"Active"})


def test_an_account_that_a_customer_never_lets_in_is_told_as_a_missing_group(csp: Csp) -> None:
    csp.settled()
    fabrikam = csp.has("Fabrikam")
    csp.world.refuse_tokens(50020, tenant_id=fabrikam["id"], grant="refresh_token")
    for _ in range(8):
        csp.later(**PERIOD)

    told = csp.shown("Fabrikam")
    assert (told["label"], told["reason"]) == ("Consent Failure", "account_not_let_in")
    assert "security group" in told["remedy"]


@pytest.mark.parametrize(("code", "reason"), [(90033, "microsoft_unavailable"), (7000222, "our_application")])
def test_a_proof_that_microsoft_cannot_give_for_now_does_not_end_as_a_consent_that_is_not_there(
    portal: Portal, code: int, reason: str
) -> None:
    tenant = portal.has_tenant()
    flow_id, url = _at_consent(portal, tenant)
    portal.microsoft.world.refuse_tokens(code, grant="client_credentials")
    portal.send(portal.person(tenant["admin"]).follow(url))
    portal.run_queues()
    assert portal.flow(flow_id)["state"] == "returned"

    portal.later(minutes=16)
    portal.tick()

    flow: dict[str, Any] = portal.flow(flow_id)
    assert (flow["state"], flow["reason"]) == ("failed", reason)
    assert flow["evidence"]


@pytest.mark.parametrize(
    ("code", "reason"), [(53003, "policy_blocking"), (7000112, "app_disabled"), (650052, "service_missing")]
)
def test_a_refused_proof_says_who_can_help(portal: Portal, code: int, reason: str) -> None:
    tenant = portal.has_tenant()
    flow_id, url = _at_consent(portal, tenant)
    portal.microsoft.world.refuse_tokens(code, grant="client_credentials")

    portal.send(portal.person(tenant["admin"]).follow(url))
    portal.run_queues()

    assert (portal.flow(flow_id)["state"], portal.flow(flow_id)["reason"]) == ("failed", reason)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (53003, "policy_blocking"),
        (50076, "no_mfa_prompt"),
        *exhaustive((530034, "account_at_risk"), (50105, "account_not_assigned"), (50057, "account_unusable")),
    ],
)
def test_a_refused_reauthorization_of_a_csp_says_who_can_help_and_changes_nothing(
    csp: Csp, code: int, reason: str
) -> None:
    csp.integrate()
    csp.world.refuse_tokens(code, tenant_id=csp.partner["id"], grant="refresh_token")

    flow = csp.reauthorize()

    assert (flow["state"], flow["reason"]) == ("failed", reason)
    csp.world.accept_tokens()
    csp.later(**PERIOD)
    assert csp.status() == "Success"
