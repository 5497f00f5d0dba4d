"""The simulated Graph answers partners as Microsoft describes: customers, relationships, assignments, grants."""

from typing import Any

import pytest

from tests.conformance.graph import Oracle
from tests.conformance.simulator.caller import CLIENT_ID, Caller, assert_conforms

_GRAPH_APP = "00000003-0000-0000-c000-000000000000"
_USER_READ_ALL = "df021288-bdef-4463-88db-98f22de89214"
RELATIONSHIP = "5d027261-d21f-4aa9-b7db-7fa1f56fb163-8777b240-c6f0-4469-9e98-a3205431b836"  # of this form
_FIELDS = "id,displayName,status,customer,accessDetails,activatedDateTime,endDateTime,autoExtendDuration"

AS_PARTNER = [
    "/tenantRelationships/delegatedAdminCustomers",
    "/tenantRelationships/delegatedAdminCustomers?$select=id,tenantId,displayName&$top=300",
    "/tenantRelationships/delegatedAdminRelationships",
    f"/tenantRelationships/delegatedAdminRelationships?$select={_FIELDS}&$top=300",
    "/tenantRelationships/delegatedAdminRelationships?$filter=status eq 'active'",
    "/tenantRelationships/delegatedAdminRelationships/{relationship}",
    "/tenantRelationships/delegatedAdminRelationships/{relationship}/accessAssignments",
    "/contracts",
]
GRANT = "/servicePrincipals/{graph}/appRoleAssignedTo"


@pytest.fixture(scope="module")
def partner(cloud: Any) -> Caller:
    """A partner with customers whose relationships are in every state that a list shows."""
    caller = Caller(cloud, name="Northwind Partner")
    found = cloud.world.make_partner(caller.tenant)
    for described in (
        {},
        {"ends_in_s": -60.0, "activated_in_s": -9e6},
        {"status": "terminated"},
        {"status": "approvalPending", "activated_in_s": None, "ends_in_s": None},
        {"auto_extends": True},
        {"indirect_provider_id": "11111111-0000-4000-8000-000000000001"},
    ):
        cloud.world.add_customer(found, f"Customer {len(described)}{sorted(described)}", relationship=described or None)
    caller.token = caller.person_token("DelegatedAdminRelationship.Read.All", "Directory.Read.All", "User.Read")
    return caller


@pytest.mark.parametrize("target", AS_PARTNER)
def test_a_partner_is_answered_as_microsoft_describes(oracle: Oracle, partner: Caller, target: str) -> None:
    listed = partner.ask("/tenantRelationships/delegatedAdminRelationships").answer["value"]
    exchange = partner.ask(target.format(relationship=listed[0]["id"]))

    assert exchange.status == 200
    assert exchange.answer.get("value", [exchange.answer])
    assert_conforms(oracle, exchange)


def test_pages_of_relationships_lead_through_all_of_them(oracle: Oracle, partner: Caller) -> None:
    partner.cloud.world.switch(relationships_page_size=2)
    pages = partner.follow("/tenantRelationships/delegatedAdminRelationships")
    partner.cloud.world.switch(relationships_page_size=300)

    assert len({it["id"] for page in pages for it in page.answer["value"]}) == 6
    assert len(pages) == 3
    assert_conforms(oracle, *pages)


def test_granting_an_application_permission_and_taking_it_away_answer_as_described(oracle: Oracle, cloud: Any) -> None:
    caller = Caller(cloud, name="Granting")
    caller.token = caller.person_token("AppRoleAssignment.ReadWrite.All", "Application.Read.All", "User.Read")
    cloud.world.set_app_roles(caller.tenant["id"], CLIENT_ID, [])
    own = caller.ask(f"/servicePrincipals(appId='{CLIENT_ID}')?$select=id").answer["id"]
    graph = caller.ask(f"/servicePrincipals(appId='{_GRAPH_APP}')?$select=id,appRoles").answer["id"]
    body = {"principalId": own, "resourceId": graph, "appRoleId": _USER_READ_ALL}

    granted, again = (caller.ask(GRANT.format(graph=graph), "POST", body) for _ in range(2))
    held = f"{GRANT.format(graph=graph)}/{granted.answer['id']}"
    taken, gone = (caller.ask(held, "DELETE") for _ in range(2))

    assert (granted.status, again.status) == (201, 400)
    assert (taken.status, gone.status) == (204, 404)
    assert_conforms(oracle, granted, again, taken, gone)


def test_somebody_elses_tenant_has_no_relationships_to_show(oracle: Oracle, cloud: Any) -> None:
    caller = Caller(cloud, name="No partner")
    caller.token = caller.person_token("DelegatedAdminRelationship.Read.All", "User.Read")
    exchange = caller.ask("/tenantRelationships/delegatedAdminCustomers")

    assert exchange.status == 403
    assert_conforms(oracle, exchange)
