"""What an account chooses for itself, and the permissions that follow from it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from integrations.microsoft.permissions import APPLICATION_PERMISSIONS, FEATURE_PERMISSIONS, OPTIONAL_PERMISSIONS
from local.portal_client import APP_ROLES
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal

PERIOD = {"minutes": 31}
GUID = "5c1d3f2a-0000-4000-8000-00000000bb01"
DEFAULTS: dict[str, Any] = {
    "features": [],
    "time_zone": "UTC",
    "thresholds": {"secure_score": 50.0, "secure_score_drop": 5.0, "unprotected_people": 0},
    "exceptions": [],
}
BASELINES = set(FEATURE_PERMISSIONS)


@pytest.fixture
def csp(portal: Portal) -> Csp:
    found = has_csp(portal)
    found.has("Contoso")
    return found


def test_an_account_begins_without_features_and_keeps_what_it_chose(portal: Portal) -> None:
    assert portal.ask("GET", "/settings") == DEFAULTS
    chosen = {**DEFAULTS, "features": ["baselines", "mailboxes"]}
    assert portal.ask("PUT", "/settings", {"features": ["mailboxes", "baselines", "baselines"]}) == chosen

    assert portal.ask("GET", "/settings") == chosen
    [entry] = [it for it in portal.ask("GET", "/audit")["items"] if it["action"] == "changed settings"]
    before, after = json.loads(entry["before"]), json.loads(entry["after"])
    assert ({**before, "exceptions": []}, {**after, "exceptions": []}) == (DEFAULTS, chosen)


def test_what_is_not_sent_stays_as_it_is(portal: Portal) -> None:
    portal.ask("PUT", "/settings", {"time_zone": "Europe/Berlin", "thresholds": {"secure_score": 40}})

    after = portal.ask("PUT", "/settings", {"features": ["baselines"], "thresholds": {"unprotected_people": 3}})

    assert after == {
        "features": ["baselines"],
        "time_zone": "Europe/Berlin",
        "thresholds": {"secure_score": 40.0, "secure_score_drop": 5.0, "unprotected_people": 3},
        "exceptions": [],
    }


def test_everything_that_is_wrong_with_settings_is_told_at_once(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    good = {"tenant_id": tenant["id"], "user_id": GUID, "reason": "Break-glass account"}
    exceptions = [
        {**good, "tenant_id": GUID},
        {**good, "user_id": "alice", "reason": "\u200b"},
        {**good, "until": "2001-01-01T00:00:00Z"},
        *([good] * 198),
    ]
    body = {
        "time_zone": "Europe/../UTC",
        "thresholds": {"secure_score": 101, "secure_score_drop": -1, "unprotected_people": -1},
        "exceptions": exceptions,
    }

    answer = portal.call("PUT", "/settings", body)

    wrong = {it["pointer"] for it in json.loads(answer.body)["errors"]}
    assert answer.status == 400
    assert wrong >= {
        "/time_zone", "/thresholds/secure_score", "/thresholds/secure_score_drop", "/thresholds/unprotected_people",
        "/exceptions", "/exceptions/0/tenant_id", "/exceptions/1/user_id", "/exceptions/1/reason",
        "/exceptions/2/until", "/exceptions/4/user_id",
    }  # fmt: skip
    assert portal.ask("GET", "/settings") == DEFAULTS


def test_two_hundred_exceptions_are_kept_and_each_is_in_the_audit_log(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    exceptions = [
        {"tenant_id": tenant["id"], "user_id": f"{number:08d}{GUID[8:]}", "reason": "x" * 128, "until": None}
        for number in range(200)
    ]

    portal.ask("PUT", "/settings", {"exceptions": exceptions})
    kept = portal.ask("GET", "/settings")["exceptions"]
    portal.ask("PUT", "/settings", {"exceptions": exceptions[150:]})

    assert kept == exceptions
    assert portal.ask("GET", "/settings")["exceptions"] == exceptions[150:]
    entries = [it for it in portal.ask("GET", "/audit")["items"] if it["action"] == "changed MFA exceptions"]
    assert {it["subject"]["tenant_id"] for it in entries} == {tenant["id"]}
    added = [it["user_id"] for entry in entries for it in json.loads(entry["after"])]
    gone = [it["user_id"] for entry in entries for it in json.loads(entry["before"])]
    assert sorted(added) == [it["user_id"] for it in exceptions]
    assert sorted(gone) == [it["user_id"] for it in exceptions[:150]]


def test_an_exception_that_has_ended_may_stay_and_goes_with_its_tenant(portal: Portal) -> None:
    tenant = portal.has_tenant()
    integration = portal.integrate(tenant)
    soon = f"{portal.clock() + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    ended = {"tenant_id": tenant["id"], "user_id": GUID, "reason": "Break-glass account", "until": soon}
    portal.ask("PUT", "/settings", {"exceptions": [ended]})
    portal.later(days=2)

    again = portal.ask("PUT", "/settings", {"exceptions": [ended], "time_zone": "Asia/Tokyo"})
    portal.remove(integration)
    portal.run_queues()

    assert (again["exceptions"], again["time_zone"]) == ([ended], "Asia/Tokyo")
    assert portal.ask("GET", "/settings") == {**DEFAULTS, "time_zone": "Asia/Tokyo"}


def test_every_permission_is_told_with_its_kind_its_feature_and_its_reason(portal: Portal) -> None:
    items = portal.ask("GET", "/permissions")["items"]

    by_kind = {kind: {it["name"] for it in items if it["kind"] == kind} for kind in ("required", "feature", "optional")}
    assert by_kind == {
        "required": set(APPLICATION_PERMISSIONS),
        "feature": BASELINES,
        "optional": set(OPTIONAL_PERMISSIONS),
    }
    assert all(it["reason"] for it in items)
    assert {it["feature"] for it in items} == {None, "baselines", "mailboxes"}


def test_customers_of_a_csp_are_granted_a_features_permissions_once_it_is_turned_on(csp: Csp) -> None:
    csp.settled()
    contoso = csp.customers["Contoso"]
    csp.portal.map(contoso)
    csp.portal.run_queues()
    assert set(roles(csp, contoso["id"])) == set(APPLICATION_PERMISSIONS)
    assert missing(csp)["turn_on"] == ["baselines", "mailboxes"]
    assert "Turn the feature on here" in missing(csp)["remedy"]

    csp.portal.ask("PUT", "/settings", {"features": ["baselines"]})
    for _ in range(3):
        csp.later(**PERIOD)

    assert set(roles(csp, contoso["id"])) == set(APPLICATION_PERMISSIONS) | BASELINES
    assert csp.auth("Contoso") == "Active"
    assert missing(csp)["turn_on"] == ["mailboxes"]
    assert {it["feature"] for it in missing(csp)["items"]} == {"mailboxes"}


def test_a_tenant_that_lacks_a_features_permission_syncs_and_says_what_for_and_how(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    portal.microsoft.world.set_app_roles(tenant["id"], CLIENT_ID, [it for it in APP_ROLES if it not in BASELINES])
    portal.services.sign_in.forget(tenant["id"])
    portal.map(tenant)
    portal.run_queues()

    details = portal.ask("GET", f"/tenants/{tenant['id']}")
    told = details["missing_permissions"]
    assert {it["name"] for it in told["items"]} == BASELINES
    assert "Reauthorize" in told["remedy"]
    assert told["turn_on"] == []
    states = {it["dataset"]: it["state"] for it in details["datasets"]}
    assert states["users"] == "fresh"
    assert states["role_assignments"] in {"denied", "not_licensed"}


def missing(csp: Csp) -> dict[str, Any]:
    """What the customer has not granted, as its page shows it."""
    return dict(csp.portal.ask("GET", f"/tenants/{csp.customers['Contoso']['id']}")["missing_permissions"])


def roles(csp: Csp, tenant_id: str) -> list[str]:
    return csp.world.service_principal(tenant_id, CLIENT_ID)["app_roles"]
