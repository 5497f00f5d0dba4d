"""The controls of the baselines are judged after each sync, from what was stored."""

from typing import Any

from integrations.actions.evaluate.evaluate_tenant import evaluate_tenant
from integrations.domain.baselines.catalogue import catalogue
from tests.flows.evaluating import order_of, resynced, states, synced
from tests.flows.portal import Portal

CODES = "MS.AAD.3.9v1"
_EVERYBODY: dict[str, Any] = {
    "users": {"includeUsers": ["All"]},
    "applications": {"includeApplications": ["All"]},
    "clientAppTypes": ["all"],
    "authenticationFlows": {"transferMethods": "deviceCodeFlow"},
}
_BLOCK = {"operator": "OR", "builtInControls": ["block"]}


def findings(portal: Portal, tenant: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {it["control"]: it for it in portal.ask("GET", f"/tenants/{tenant['id']}/findings")["items"]}


def test_every_control_has_a_finding_after_the_first_sync(portal: Portal) -> None:
    tenant = synced(portal)

    found = findings(portal, tenant)

    assert states(portal, tenant)["controls"] == "fresh"
    assert found.keys() == catalogue().controls.keys()
    assert all(it["reason"] for it in found.values())


def test_a_policy_that_somebody_adds_changes_its_control_and_no_other(portal: Portal) -> None:
    tenant, world = synced(portal), portal.microsoft.world
    before = findings(portal, tenant)
    world.add_conditional_access(tenant["id"], displayName="No codes", conditions=_EVERYBODY, grantControls=_BLOCK)
    resynced(portal, tenant)
    after = findings(portal, tenant)

    assert (before[CODES]["verdict"], after[CODES]["verdict"]) == ("not_met", "met")
    assert after[CODES]["nearest"][0]["name"] == "No codes"
    assert after[CODES]["since"] > before[CODES]["since"]
    changed = {
        key
        for key in after
        if (after[key]["verdict"], after[key]["since"]) != (before[key]["verdict"], before[key]["since"])
    }
    assert changed == {CODES}


def test_what_was_read_too_long_ago_counts_again_after_the_next_sync_though_nothing_changed(portal: Portal) -> None:
    tenant = synced(portal)
    before = findings(portal, tenant)
    portal.later(hours=13)  # in which no sync came through
    evaluate_tenant(portal.services, order_of(portal.services, tenant))
    outdated = findings(portal, tenant)
    portal.sync(tenant)
    after = findings(portal, tenant)

    assert {it["verdict"] for it in outdated.values()} <= {"unknown", "not_checked", "unlicensed", "not_applicable"}
    assert {key: it["verdict"] for key, it in after.items()} == {key: it["verdict"] for key, it in before.items()}
