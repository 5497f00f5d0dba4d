"""What is missing makes its own answers unknown and no others: a permission, a licence, /beta; and rows of old."""

from dataclasses import replace

import pytest

from integrations.microsoft import registry
from local.portal_client import APP_ROLES
from tests.exhaustive import exhaustive
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.reading import cycle, data_of, parts, rows, states

E5 = ["SPE_E5"]
ROLE_DATA = {"role_assignments", "role_eligibilities", "role_policies", "group_role_policies"}
BETA = {"agent_conditional_access", "beta_authentication_methods"}


def switch_beta(portal: Portal, *, on: bool) -> None:
    settings = replace(portal.services.settings, beta_datasets=on)
    object.__setattr__(portal.services, "settings", settings)


@pytest.mark.parametrize(
    ("permission", "unknown"),
    [
        ("RoleManagement.Read.Directory", {"role_assignments", "role_eligibilities"}),
        ("Application.Read.All", set()),
        ("MailboxSettings.Read", {"mailbox_purposes"}),
        *exhaustive(
            ("RoleManagementPolicy.Read.Directory", {"role_policies"}),
            ("RoleManagementPolicy.Read.AzureADGroup", {"group_role_policies"}),
            ("PrivilegedEligibilitySchedule.Read.AzureADGroup", set()),
            ("Place.Read.All", {"rooms"}),
        ),
    ],
)
def test_a_permission_that_was_not_granted_makes_its_own_data_unknown(
    portal: Portal, permission: str, unknown: set[str]
) -> None:
    tenant, world = portal.has_tenant(licences=E5), portal.microsoft.world
    world.give_role(tenant["id"], tenant["member"], through_group=True)
    portal.integrate(tenant)
    world.set_app_roles(tenant["id"], CLIENT_ID, [it for it in APP_ROLES if it != permission])
    portal.services.sign_in.forget(tenant["id"])
    portal.map(tenant)
    portal.run_queues()

    told = states(portal, tenant)
    assert {name for name, state in told.items() if state == "denied"} == unknown
    assert {state for name, state in told.items() if name not in unknown} == {"fresh"}
    status = portal.row(tenant)["sync_status"]
    assert (status["cause"], status["evidence"]) == ("synced", {})  # a sync does not need it


@pytest.mark.parametrize("refusal", ["403", "400"])
def test_without_p2_its_own_data_is_not_licensed_however_microsoft_says_so(portal: Portal, refusal: str) -> None:
    portal.microsoft.world.switch(unlicensed_role_management=refusal)
    tenant = portal.has_tenant()
    portal.connected(tenant)
    first, asked_first = states(portal, tenant), set(parts(portal, tenant))
    cycle(portal, hours=25)

    for told in (first, states(portal, tenant)):
        assert {name for name, state in told.items() if state == "not_licensed"} == ROLE_DATA
        assert {state for name, state in told.items() if name not in ROLE_DATA} == {"fresh"}
    path = "/v1.0/policies/roleManagementPolicyAssignments"
    assert path not in asked_first
    assert path in parts(portal, tenant)  # once a day, in case that somebody bought it
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_beta_is_read_only_where_it_is_switched_on(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    agents = {"clientApplications": {"includeAgentIdServicePrincipals": ["All"]}, "agentIdRiskLevels": ["high"]}
    added = world.add_conditional_access(tenant["id"], displayName="Risky agents")
    conditions = added["conditions"] | agents
    world.change_conditional_access(tenant["id"], added["id"], conditions=conditions)
    portal.connected(tenant)
    off, asked_off = states(portal, tenant), parts(portal, tenant)
    switch_beta(portal, on=True)

    cycle(portal, minutes=40)

    assert not BETA & set(off)
    assert not any(path.startswith("/beta") for path in asked_off)
    assert {name: states(portal, tenant)[name] for name in BETA} == dict.fromkeys(BETA, "fresh")
    [policy] = rows(portal, tenant, "agent_conditional_access").values()
    assert (policy.name, policy.conditions.agent_risks) == ("Risky agents", ["high"])
    assert policy.conditions.workloads == {"includeAgentIdServicePrincipals": ["All"]}
    in_v1 = rows(portal, tenant, "conditional_access")[added["id"]].conditions
    assert (in_v1.agent_risks, in_v1.workloads) == ([], None)
    methods = rows(portal, tenant, "beta_authentication_methods")["policy"]
    assert methods.methods["MicrosoftAuthenticator"].number_matching.state == "enabled"
    assert methods.suspicious_reports.state == "default"
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def test_beta_that_is_switched_off_again_is_no_longer_read(portal: Portal) -> None:
    tenant = portal.has_tenant()
    switch_beta(portal, on=True)
    portal.integrate(tenant)
    portal.map(tenant)
    portal.run_queues()
    switch_beta(portal, on=False)

    cycle(portal, hours=25)

    assert not any(path.startswith("/beta") for path in parts(portal, tenant))


def test_rows_of_an_earlier_version_are_read_again_in_full_at_once_and_only_once(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = portal.has_tenant(users=5)
    portal.connected(tenant)
    before = data_of(portal, tenant).cursors()
    newer = {"users", "domains"}
    changed = tuple(replace(it, version=it.version + (it.name in newer)) for it in registry.DATASETS)
    monkeypatch.setattr(registry, "DATASETS", changed)

    cycle(portal, minutes=40)
    first, after = parts(portal, tenant), data_of(portal, tenant).cursors()
    cycle(portal, minutes=40)
    second = parts(portal, tenant)

    assert {"/v1.0/users", "/v1.0/domains"} <= set(first)  # not due otherwise, and the delta link is not followed
    assert {name for name in before if before[name].version != after[name].version} == newer
    assert after["users"].full_read_at > before["users"].full_read_at
    assert not {"/v1.0/users", "/v1.0/domains"} & set(second)
    assert "/v1.0/users/delta" in second
