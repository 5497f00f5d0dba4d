"""What the app itself asks of Graph, and what the simulated Graph answers it, judged by Microsoft's description."""

from collections.abc import Callable, Iterator

import pytest

from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from local.worlds.csp import CUSTOMERS, add_csp
from tests.conformance.graph import Description, Exchange, Oracle, record_calls
from tests.conformance.simulator.caller import assert_silent
from tests.flows.partner import Csp
from tests.flows.portal import CLIENT_ID, Portal, open_portal

Take = Callable[[], list[Exchange]]

# What this copy of Microsoft's description lacks: its pages document all of it, except for the last.
LEFT_OUT = (
    "/policies/defaultAppManagementPolicy",
    "/policies/appManagementPolicies",
    "/delegatedPermissionClassifications",
    "includeTargets",
    "/mailboxSettings/userPurpose",
    "/places/microsoft.graph.room",
    "perUserMfaState",
)


def assert_conforms(oracle: Oracle, *exchanges: Exchange) -> None:
    """Nothing differs from the description, apart from what it leaves out."""
    assert_silent([it for it in oracle.judge(exchanges) if not any(name in str(it) for name in LEFT_OUT)])


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[Portal]:
    found = open_portal(microsoft, identity, storage)
    with found.host:
        yield found


@pytest.fixture
def take(portal: Portal) -> Take:
    """Everything that the app has said to Graph since the last time."""
    return record_calls(portal.services.http_client, portal.microsoft.graph_url)


@pytest.fixture
def oracle(description: Description, microsoft: Running) -> Oracle:
    return Oracle(description, microsoft.graph_url)


def test_connecting_a_tenant_conforms(portal: Portal, take: Take, oracle: Oracle):
    portal.integrate(portal.has_tenant("Contoso Dental", users=25, devices=12))
    exchanges = take()
    assert any(exchange.path.startswith("/me") for exchange in exchanges)
    assert_conforms(oracle, *exchanges)


def test_a_first_sync_of_many_pages_conforms(portal: Portal, take: Take, oracle: Oracle):
    contoso = portal.has_tenant("Contoso Dental", users=1500, devices=30)
    portal.connected(contoso)
    assert portal.status(contoso) == "Success"
    exchanges = take()
    assert sum(exchange.path != "/$batch" for exchange in exchanges) >= 4
    assert_conforms(oracle, *exchanges)


def test_later_syncs_of_changes_conform(portal: Portal, take: Take, oracle: Oracle):
    contoso = portal.has_tenant("Contoso Dental", users=25)
    portal.connected(contoso)
    take()
    world, people = portal.microsoft.world, portal.microsoft.world.users(tenant_id=contoso["id"])
    world.change_user(tenant_id=contoso["id"], user_id=people[3]["id"], jobTitle=None, department="Clinic")
    world.remove_user(tenant_id=contoso["id"], user_id=people[4]["id"])
    world.add_user(tenant_id=contoso["id"], displayName="Nora New")
    portal.later(minutes=31)
    portal.sync(contoso)
    assert portal.status(contoso) == "Success"
    assert_conforms(oracle, *some(take()))


@pytest.mark.parametrize("how", ["410", "syncStateNotFound"])
def test_starting_a_delta_again_conforms(portal: Portal, take: Take, oracle: Oracle, how):
    contoso = portal.has_tenant("Contoso Dental", users=25)
    portal.connected(contoso)
    take()
    portal.microsoft.world.expire_delta_tokens(tenant_id=contoso["id"], how=how)
    portal.later(minutes=31)
    portal.sync(contoso)
    assert portal.status(contoso) == "Success"
    assert_conforms(oracle, *some(take()))


def test_being_denied_conforms(portal: Portal, take: Take, oracle: Oracle):
    contoso = portal.has_tenant("Contoso Dental", users=5)
    portal.connected(contoso)
    take()
    portal.microsoft.world.set_app_roles(tenant_id=contoso["id"], client_id=CLIENT_ID, names=[])
    portal.later(hours=2)
    portal.sync(contoso)
    assert_conforms(oracle, *some(take()))


def test_being_throttled_conforms(portal: Portal, take: Take, oracle: Oracle):
    contoso = portal.has_tenant("Contoso Dental", users=25)
    portal.connected(contoso)
    take()
    portal.microsoft.world.switch(units_per_10s=2)
    portal.later(minutes=31)
    portal.sync(contoso)
    assert_conforms(oracle, *some(take()))


def some(exchanges: list[Exchange]) -> list[Exchange]:
    """The exchanges, provided that there are any: silence proves nothing."""
    assert exchanges
    return exchanges


def test_a_csps_whole_way_conforms(portal: Portal, take: Take, oracle: Oracle):
    csp = Csp(portal, add_csp(portal.microsoft.world, list(CUSTOMERS)))
    portal.microsoft.world.switch(relationships_page_size=3)
    csp.onboarded()
    csp.later(minutes=34)
    exchanges = take()
    asked = {exchange.path for exchange in exchanges}
    assert {"/tenantRelationships/delegatedAdminRelationships", "/tenantRelationships/delegatedAdminCustomers"} <= asked
    assert any(path.endswith("/appRoleAssignments") for path in asked)
    assert_conforms(oracle, *exchanges)


def test_taking_a_csps_roles_away_conforms(portal: Portal, take: Take, oracle: Oracle):
    csp = Csp(portal, add_csp(portal.microsoft.world, list(CUSTOMERS)))
    csp.onboarded()
    take()
    portal.remove(csp.id, csp.row()["name"])
    portal.run_queues()
    exchanges = take()
    parts = [part for it in exchanges if it.path == "/$batch" for part in it.question["requests"]]
    assert {part["method"] for part in parts} == {"DELETE"}
    assert_conforms(oracle, *exchanges)
