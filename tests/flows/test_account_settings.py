"""What an account chooses for itself, and the permissions that follow from it."""

from typing import Any

import pytest

from integrations.microsoft.permissions import APPLICATION_PERMISSIONS, FEATURE_PERMISSIONS, OPTIONAL_PERMISSIONS
from local.portal_client import APP_ROLES
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal

PERIOD = {"minutes": 31}
BASELINES = set(FEATURE_PERMISSIONS)


@pytest.fixture
def csp(portal: Portal) -> Csp:
    found = has_csp(portal)
    found.has("Contoso")
    return found


def test_an_account_begins_without_features_and_keeps_what_it_chose(portal: Portal) -> None:
    assert portal.ask("GET", "/settings") == {"features": []}
    assert portal.ask("PUT", "/settings", {"features": ["mailboxes", "baselines", "baselines"]}) == {
        "features": ["baselines", "mailboxes"]
    }

    assert portal.ask("GET", "/settings") == {"features": ["baselines", "mailboxes"]}
    [entry] = [it for it in portal.ask("GET", "/audit")["items"] if it["action"] == "changed settings"]
    assert (entry["before"], entry["after"]) == ('{"features":[]}', '{"features":["baselines","mailboxes"]}')


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
