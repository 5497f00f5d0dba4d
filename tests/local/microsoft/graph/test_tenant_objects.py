"""Organization, domains, licences, devices, roles, memberships and applications of the simulated Graph."""

import pytest

from tests.local.microsoft.caller import CLIENT_ID, Caller, code_of

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"
P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"


def test_the_organization_is_the_tenant(caller: Caller):
    tenant = caller.tenant(partner_type="breadthPartner")
    asker = caller.as_app(tenant)
    caller.world.rename_tenant(tenant["id"], "Another Name")

    (told,) = asker.found("/organization")["value"]

    assert (told["id"], told["displayName"]) == (tenant["id"], "Another Name")
    assert told["partnerTenantType"] == "breadthPartner"
    assert {it["name"]: it["isDefault"] for it in told["verifiedDomains"]} == {
        tenant["domain"]: True,
        tenant["initial_domain"]: False,
    }
    assert P1 in {it["servicePlanId"] for it in told["assignedPlans"]}
    assert asker.found(f"/organization/{tenant['id']}?$select=id").keys() == {"@odata.context", "id"}
    assert asker.get("/organization/somebody-elses").status_code == 404


@pytest.mark.parametrize("reduced", [True, False])
def test_a_person_may_see_less_of_the_organization(caller: Caller, reduced):
    caller.world.switch(organization_reduced=reduced)
    (told,) = caller.as_person(caller.tenant()["member"]).found("/organization")["value"]

    assert (told["countryLetterCode"] is None) is reduced
    assert told["displayName"] == "Contoso Dental"


def test_domains_are_told_one_and_all(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)

    assert [it["id"] for it in asker.rows("/domains?$select=id")] == [tenant["domain"], tenant["initial_domain"]]
    assert asker.found(f"/domains/{tenant['domain']}")["isDefault"] is True
    assert asker.get("/domains/elsewhere.example").status_code == 404


def test_seats_in_use_are_those_that_people_hold(caller: Caller):
    tenant = caller.tenant(users=25, licences={"SPB": 10, "EXCHANGESTANDARD": 5, "FLOW_FREE": 10_000})
    asker = caller.as_app(tenant)

    def taken() -> dict[str, int]:
        return {it["skuPartNumber"]: it["consumedUnits"] for it in asker.rows("/subscribedSkus")}

    def held() -> dict[str, int]:
        skus = {it["skuId"]: it["skuPartNumber"] for it in asker.rows("/subscribedSkus")}
        people = caller.world.users(tenant["id"])
        parts = [skus[it["skuId"]] for person in people for it in person["assignedLicenses"]]
        return {part: parts.count(part) for part in skus.values()}

    assert taken() == held()
    assert taken()["SPB"] == 9
    people = [it["id"] for it in caller.world.users(tenant["id"])]
    spb = {"skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "disabledPlans": []}
    caller.world.change_user(tenant["id"], people[0], assignedLicenses=[])
    caller.world.change_user(tenant["id"], people[20], assignedLicenses=[spb])
    caller.world.remove_user(tenant["id"], people[1])
    caller.world.add_user(tenant["id"], assignedLicenses=[spb])
    assert taken() == held()


def test_licences_are_bought_changed_and_dropped(caller: Caller):
    tenant = caller.tenant(premium=False)
    asker = caller.as_app(tenant)
    unknown = "5ca1ab1e-0000-4000-8000-000000000001"
    caller.world.set_licences(tenant["id"], "SPB", enabled=3, warning=1, status="Warning", consumed=7)
    caller.world.set_licences(tenant["id"], "SOMETHING_NEW", sku_id=unknown, enabled=2, applies_to="Company")
    caller.world.set_licences(tenant["id"], "FLOW_FREE", enabled=None)

    told = {it["skuPartNumber"]: it for it in asker.rows("/subscribedSkus")}

    assert told.keys() == {"O365_BUSINESS_PREMIUM", "SPB", "SOMETHING_NEW"}
    assert told["SPB"]["prepaidUnits"] == {"enabled": 3, "warning": 1, "suspended": 0, "lockedOut": 0}
    assert (told["SPB"]["capabilityStatus"], told["SPB"]["consumedUnits"]) == ("Warning", 7)
    assert (told["SOMETHING_NEW"]["skuId"], told["SOMETHING_NEW"]["appliesTo"]) == (unknown, "Company")
    assert asker.found(f"/subscribedSkus/{told['SPB']['id']}")["skuPartNumber"] == "SPB"
    assert asker.get("/subscribedSkus/none").status_code == 404


@pytest.mark.parametrize(("switch", "status"), [("refuse", 400), ("ignore", 200)])
def test_options_on_licences_are_refused_or_ignored(caller: Caller, switch, status):
    caller.world.switch(subscribed_skus_options=switch)
    assert caller.as_app(caller.tenant()).get("/subscribedSkus?$top=1").status_code == status


def test_devices_have_their_owners(caller: Caller):
    tenant = caller.tenant(users=5, devices=6)
    asker = caller.as_app(tenant)
    people = [it["id"] for it in caller.world.users(tenant["id"])]
    caller.world.add_device(tenant["id"], owner_id=people[4], displayName="Kiosk")
    lonely = caller.world.add_device(tenant["id"])["id"]

    rows = asker.rows("/devices?$expand=registeredOwners&$select=id,displayName&$top=3")

    owners = [[it["id"] for it in row["registeredOwners"]] for row in rows]
    assert owners == [[people[0]], [people[1]], [people[2]], [people[3]], [people[4]], [people[0]], [people[4]], []]
    assert asker.found(f"/devices/{rows[0]['id']}/registeredOwners")["value"][0]["id"] == people[0]
    assert asker.found(f"/devices/{lonely}/registeredUsers")["value"] == []
    assert code_of(asker.get("/devices?$expand=manager")) == "ExpandNotSupported"
    assert asker.get("/devices/none").status_code == 404


def test_an_owner_shows_by_id_alone_to_who_may_not_read_people(caller: Caller):
    tenant = caller.tenant(devices=1)
    caller.world.set_app_roles(tenant["id"], CLIENT_ID, ["Device.Read.All"])
    asker = caller.as_app(tenant)
    device = asker.rows("/devices")[0]["id"]

    (owner,) = asker.found(f"/devices/{device}/registeredOwners")["value"]

    assert owner["@odata.type"] == "#microsoft.graph.user"
    assert {name for name, it in owner.items() if it} == {"@odata.type", "id"}


def test_devices_change_and_go(caller: Caller):
    tenant = caller.tenant(devices=3)
    asker = caller.as_app(tenant)
    link = asker.found("/devices/delta?$deltatoken=latest&$select=isCompliant")["@odata.deltaLink"]
    first, second, _ = (it["id"] for it in caller.world.devices(tenant["id"]))
    caller.world.change_device(tenant["id"], first, isCompliant=None)
    caller.world.remove_device(tenant["id"], second)

    assert asker.rows(link) == [
        {"id": first, "isCompliant": None},
        {"id": second, "@removed": {"reason": "changed"}},
    ]
    assert asker.get("/devices/$count", ConsistencyLevel="eventual").text == "2"


def test_roles_are_listed_once_they_were_given(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    people = caller.world.users(tenant["id"])
    caller.world.give_role(tenant["id"], tenant["member"], GLOBAL_READER)
    caller.world.give_role(tenant["id"], people[2]["id"], through_group=True)

    roles = {it["roleTemplateId"]: it["id"] for it in asker.rows("/directoryRoles")}
    members = asker.found(f"/directoryRoles/{roles[GLOBAL_ADMINISTRATOR]}/members")["value"]

    assert roles.keys() == {GLOBAL_ADMINISTRATOR, GLOBAL_READER}
    assert [it["@odata.type"].rpartition(".")[2] for it in members] == ["user", "group"]
    assert asker.found(f"/directoryRoles/{roles[GLOBAL_READER]}")["displayName"] == "Global Reader"
    by_template = f"/directoryRoles?$filter=roleTemplateId eq '{GLOBAL_READER}'&$select=id"
    assert asker.found(by_template)["value"] == [{"id": roles[GLOBAL_READER]}]


def test_assignments_tell_who_holds_what_over_what(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    member = caller.world.users(tenant["id"])[1]
    caller.world.give_role(tenant["id"], tenant["member"], GLOBAL_READER, scope="/administrativeUnits/a1")
    of_member = f"/roleManagement/directory/roleAssignments?$filter=principalId eq '{member['id']}'"

    (row,) = asker.found(f"{of_member}&$expand=principal")["value"]

    assert (row["roleDefinitionId"], row["directoryScopeId"]) == (GLOBAL_READER, "/administrativeUnits/a1")
    assert row["principal"]["displayName"] == member["displayName"]
    (row,) = asker.found(f"{of_member}&$expand=roleDefinition&$select=id")["value"]
    assert row["roleDefinition"]["displayName"] == "Global Reader"
    assert asker.found(f"/roleManagement/directory/roleAssignments/{row['id']}")["principalId"] == member["id"]
    definitions = asker.rows("/roleManagement/directory/roleDefinitions?$filter=displayName eq 'Global Reader'")
    assert [it["id"] for it in definitions] == [GLOBAL_READER]


@pytest.mark.parametrize(
    ("given", "direct", "transitive"),
    [
        pytest.param({}, {"role"}, {"role"}, id="herself"),
        pytest.param({"through_group": True}, {"group"}, {"role", "group"}, id="through a group"),
        pytest.param({"scope": "/administrativeUnits/a1"}, set(), set(), id="over a part of the tenant"),
    ],
)
def test_memberships_tell_roles_as_they_are_held(caller: Caller, given, direct, transitive):
    tenant = caller.tenant()
    caller.world.give_role(tenant["id"], tenant["member"], GLOBAL_ADMINISTRATOR, **given)
    person, app = caller.as_person(tenant["member"]), caller.as_app(tenant)

    def kinds(asker, path: str) -> set[str]:
        names = {"#microsoft.graph.directoryRole": "role", "#microsoft.graph.group": "group"}
        return {names[it["@odata.type"]] for it in asker.found(path)["value"]}

    for asker, whose in ((person, "/me"), (app, f"/users/{tenant['member']}")):
        assert kinds(asker, f"{whose}/memberOf") == direct
        assert kinds(asker, f"{whose}/transitiveMemberOf") == transitive
        only_roles = kinds(asker, f"{whose}/transitiveMemberOf/microsoft.graph.directoryRole")
        assert only_roles == transitive & {"role"}


def test_a_person_may_not_read_what_her_roles_are(caller: Caller):
    caller.world.switch(memberof_hidden=True)
    tenant = caller.tenant()
    asked = "/transitiveMemberOf?$select=id,roleTemplateId,displayName"

    (mine,) = caller.as_person(tenant["admin"]).found(f"/me{asked}")["value"]
    (seen,) = caller.as_app(tenant).found(f"/users/{tenant['admin']}{asked}")["value"]

    assert (mine["id"], mine["roleTemplateId"]) == (seen["id"], None)
    assert (seen["roleTemplateId"], seen["displayName"]) == (GLOBAL_ADMINISTRATOR, "Global Administrator")


def test_casts_with_more_options_are_advanced_queries(caller: Caller):
    tenant = caller.tenant()
    caller.world.add_group(tenant["id"], "AdminAgents", [tenant["admin"]])
    asker = caller.as_person(tenant["admin"])
    path = "/me/transitiveMemberOf/microsoft.graph.group?$select=id,displayName&$count=true"

    assert code_of(asker.get(path)) == "Request_UnsupportedQuery"
    told = asker.found(path, ConsistencyLevel="eventual")
    assert (told["@odata.count"], [it["displayName"] for it in told["value"]]) == (1, ["AdminAgents"])


def test_a_role_that_was_taken_away_is_gone_however_it_was_held(caller: Caller):
    tenant = caller.tenant()
    caller.world.give_role(tenant["id"], tenant["member"])
    caller.world.give_role(tenant["id"], tenant["member"], through_group=True)
    caller.world.take_role(tenant["id"], tenant["member"])

    assert caller.as_app(tenant).found(f"/users/{tenant['member']}/transitiveMemberOf")["value"] == []


def test_the_application_finds_itself_and_what_it_was_granted(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    own = caller.world.service_principal(tenant["id"], CLIENT_ID)

    (found,) = asker.found(f"/servicePrincipals?$filter=appId eq '{CLIENT_ID}'&$select=id,appId")["value"]
    graph = asker.found(f"/servicePrincipals(appId='{GRAPH_APP}')?$select=id,appRoles")
    granted = asker.found(f"/servicePrincipals/{own['id']}/appRoleAssignments")["value"]
    (consent,) = asker.found(f"/oauth2PermissionGrants?$filter=clientId eq '{own['id']}'")["value"]

    assert found == {"id": own["id"], "appId": CLIENT_ID}
    names = {it["id"]: it["value"] for it in graph["appRoles"]}
    assert sorted(names[it["appRoleId"]] for it in granted) == own["app_roles"]
    assert {it["resourceId"] for it in granted} == {graph["id"]}
    assert (consent["consentType"], consent["principalId"]) == ("AllPrincipals", None)
    assert "User.Read" in consent["scope"].split()


@pytest.mark.parametrize("by", ["id", "appId"])
def test_the_application_can_remove_itself_where_it_may(caller: Caller, by):
    caller.world.switch(owned_by_removes_itself=True, tokens_outlive_removal=False)
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    own = caller.world.service_principal(tenant["id"], CLIENT_ID)["id"]
    path = f"/servicePrincipals/{own}" if by == "id" else f"/servicePrincipals(appId='{CLIENT_ID}')"

    assert asker.send("DELETE", path).status_code == 204
    assert caller.world.service_principal(tenant["id"], CLIENT_ID) is None
    assert code_of(asker.get("/organization")) == "Authorization_IdentityNotFound"
    assert code_of(caller.app_token(tenant)) == 700016


def test_an_application_that_nobody_owns_cannot_remove_itself(caller: Caller):
    tenant = caller.tenant()
    path = f"/servicePrincipals(appId='{CLIENT_ID}')"

    assert caller.as_app(tenant).send("DELETE", path).status_code == 403
    caller.world.set_app_roles(tenant["id"], CLIENT_ID, ["Application.ReadWrite.All"])
    assert caller.as_app(tenant).send("DELETE", path).status_code == 204


def test_tokens_outlive_their_application(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    caller.world.revoke_consent(tenant["id"], CLIENT_ID)

    assert asker.get("/organization").status_code == 200
