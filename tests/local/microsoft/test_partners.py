"""A partner at the simulated cloud: sign-in, Partner Center, relationships, and acting in a customer's tenant."""

from typing import Any

import pytest
import requests

from local.microsoft.cloud import Running
from local.microsoft.control import USUAL_ROLES
from tests.local.microsoft.caller import CLIENT_ID, Caller, claims_of

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
DELEGATED = [
    "User.Read", "DelegatedAdminRelationship.Read.All", "GroupMember.Read.All", "user_impersonation",
    "Directory.Read.All",
]  # fmt: skip
CONSENT = "AppRoleAssignment.ReadWrite.All,Application.Read.All"
GRAPH_APP = "00000003-0000-0000-c000-000000000000"


class PartnerCaller:
    """The partner's admin, signed in once, with a refresh token."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.cloud = caller.microsoft
        self.world = caller.microsoft.world
        self.partner = self.world.add_partner("Northwind Partner")
        self.app = CLIENT_ID
        self.world.register_app(client_id=self.app, delegated=DELEGATED)

    def signs_in(self, username: str | None = None) -> dict[str, Any]:
        scopes = " ".join(
            ["openid profile offline_access", f"{self.cloud.partner_url}/user_impersonation"]
            + [f"{self.cloud.graph_url}/{name}" for name in DELEGATED if name != "user_impersonation"]
        )
        url = self.caller.authorize_url(scope=scopes)
        callback = self.caller.person(username or self.partner["admin"]).follow(url)
        scope = f"{self.cloud.partner_url}/user_impersonation"
        told: dict[str, Any] = self.caller.redeem(callback.fields["code"], scope=scope).json()
        return told

    def exchange(self, refresh_token: str, resource: str, tenant_id: str | None = None) -> dict[str, Any]:
        told: dict[str, Any] = self.caller.token(
            tenant_id or self.partner["id"],
            grant_type="refresh_token",
            refresh_token=refresh_token,
            scope=f"{resource}/.default offline_access",
        ).json()
        return told

    def center(self, method: str, path: str, token: str, body: object = None, **headers: str) -> requests.Response:
        told = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): it for name, it in headers.items()}}
        url = f"{self.cloud.partner_url}{path}"
        return requests.request(method, url, json=body, headers=told, verify=self.cloud.ca_file, timeout=30)

    def consents(self, token: str, customer_id: str) -> requests.Response:
        grants = [{"enterpriseApplicationId": GRAPH_APP, "scope": CONSENT}]
        body = {"applicationId": self.app, "applicationGrants": grants}
        return self.center("POST", f"/v1/customers/{customer_id}/applicationconsents", token, body)

    def graph(self, method: str, path: str, token: str, body: object = None) -> requests.Response:
        url = f"{self.cloud.graph_url}/v1.0{path}"
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, url, json=body, headers=headers, verify=self.cloud.ca_file, timeout=30)


@pytest.fixture
def partner(microsoft: Running) -> PartnerCaller:
    return PartnerCaller(Caller(microsoft))


def test_one_sign_in_serves_partner_center_and_graph(partner: PartnerCaller) -> None:
    told = partner.signs_in()
    assert claims_of(told["access_token"])["aud"] == partner.cloud.partner_url
    assert claims_of(told["access_token"])["amr"] == ["pwd", "mfa"]
    graph = partner.exchange(told["refresh_token"], partner.cloud.graph_url)
    assert claims_of(graph["access_token"])["aud"] == partner.cloud.graph_url
    assert "DelegatedAdminRelationship.Read.All" in claims_of(graph["access_token"])["scp"]


def test_partner_center_lists_customers_page_by_page(partner: PartnerCaller) -> None:
    ids = partner.world.add_customers(partner.partner, 7)
    token = partner.signs_in()["access_token"]
    first = partner.center("GET", "/v1/customers?size=5", token, ValidateMfa="true")
    assert first.headers["isMfaCompliant"] == "true"
    link = first.json()["links"]["next"]
    headers = {it["key"]: it["value"] for it in link["headers"]}
    second = partner.center("GET", f"/v1{link['uri']}", token, **headers)
    assert [it["id"] for page in (first, second) for it in page.json()["items"]] == ids
    assert "next" not in second.json()["links"]


def test_partner_center_refuses_a_sign_in_without_mfa(partner: PartnerCaller) -> None:
    partner.world.set_methods(partner.partner, partner.partner["admin"], ["pwd"])
    token = partner.signs_in()["access_token"]
    refused = partner.center("GET", "/v1/customers?size=5", token)
    assert (refused.status_code, refused.json()["code"]) == (401, "900421")


def test_partner_center_refuses_somebody_outside_of_admin_agents(partner: PartnerCaller) -> None:
    told = partner.signs_in()
    partner.world.remove_member(partner.partner, partner.partner["admin_agents"], partner.partner["admin"])
    refused = partner.center("GET", "/v1/customers?size=5", told["access_token"])
    assert (refused.status_code, refused.json()["code"]) == (403, "900308")


def test_a_consent_opens_the_customer_to_the_partner(partner: PartnerCaller) -> None:
    customer = partner.world.add_customer(partner.partner, "Contoso")
    told = partner.signs_in()
    before = partner.exchange(told["refresh_token"], partner.cloud.graph_url, customer["id"])
    assert before["error_codes"] == [65001]
    assert partner.consents(told["access_token"], customer["id"]).status_code == 201
    again = partner.consents(told["access_token"], customer["id"])
    assert again.status_code == 409
    assert "Permission entry already exists" in again.json()["description"]
    after = partner.exchange(told["refresh_token"], partner.cloud.graph_url, customer["id"])
    assert claims_of(after["access_token"])["tid"] == customer["id"]


def test_application_roles_are_granted_with_the_partners_token(partner: PartnerCaller) -> None:
    customer = partner.world.add_customer(partner.partner, "Contoso")
    told = partner.signs_in()
    partner.consents(told["access_token"], customer["id"])
    token = partner.exchange(told["refresh_token"], partner.cloud.graph_url, customer["id"])["access_token"]
    own = partner.graph("GET", f"/servicePrincipals(appId='{partner.app}')", token).json()["id"]
    graph = partner.graph("GET", f"/servicePrincipals(appId='{GRAPH_APP}')", token).json()["id"]
    body = {"principalId": own, "resourceId": graph, "appRoleId": "df021288-bdef-4463-88db-98f22de89214"}
    assert partner.graph("POST", f"/servicePrincipals/{graph}/appRoleAssignedTo", token, body).status_code == 201
    assert partner.graph("POST", f"/servicePrincipals/{graph}/appRoleAssignedTo", token, body).status_code == 400
    principal = partner.world.service_principal(customer["id"], partner.app)
    assert principal is not None
    assert principal["app_roles"] == ["User.Read.All"]


def test_the_deletion_of_a_consent_leaves_an_application_its_roles_until_they_are_taken_away(
    partner: PartnerCaller,
) -> None:
    partner.world.switch(consent_deletion_leaves_principal=True)
    customer = partner.world.add_customer(partner.partner, "Contoso")
    told = partner.signs_in()
    partner.consents(told["access_token"], customer["id"])
    partner.world.set_app_roles(customer["id"], partner.app, ["User.Read.All", "Device.Read.All"])
    token = partner.exchange(told["refresh_token"], partner.cloud.graph_url, customer["id"])["access_token"]
    held = partner.graph("GET", f"/servicePrincipals(appId='{partner.app}')/appRoleAssignments", token).json()["value"]
    path = f"/servicePrincipals/{held[0]['resourceId']}/appRoleAssignedTo/{held[0]['id']}"
    assert [partner.graph("DELETE", path, token).status_code for _ in range(2)] == [204, 404]

    consent = f"/v1/customers/{customer['id']}/applicationconsents/{partner.app}"
    assert [partner.center("DELETE", consent, told["access_token"]).status_code for _ in range(2)] == [200, 404]
    principal = partner.world.service_principal(customer["id"], partner.app)
    assert principal is not None
    assert (principal["scopes"], len(principal["app_roles"])) == ([], 1)
    refused = partner.exchange(told["refresh_token"], partner.cloud.graph_url, customer["id"])
    assert refused["error_codes"] == [65001]


def test_the_deletion_of_a_consent_may_take_the_application_with_it(partner: PartnerCaller) -> None:
    partner.world.switch(consent_deletion_leaves_principal=False, consent_deletion_status=201)
    customer = partner.world.add_customer(partner.partner, "Contoso")
    token = partner.signs_in()["access_token"]
    partner.consents(token, customer["id"])

    consent = f"/v1/customers/{customer['id']}/applicationconsents/{partner.app}"
    assert [partner.center("DELETE", consent, token).status_code for _ in range(2)] == [201, 404]
    assert partner.world.service_principal(customer["id"], partner.app) is None


@pytest.mark.parametrize(
    "described",
    [{"status": "terminated"}, {"ends_in_s": -60}, {"roles": [USUAL_ROLES[4]]}],
    ids=["terminated", "past its end", "without the role"],
)
def test_without_a_working_role_nothing_is_consented(partner: PartnerCaller, described: dict[str, Any]) -> None:
    customer = partner.world.add_customer(partner.partner, "Contoso", relationship=described)
    assert partner.consents(partner.signs_in()["access_token"], customer["id"]).status_code == 403


def test_a_role_works_through_nested_groups(partner: PartnerCaller) -> None:
    customer = partner.world.add_customer(partner.partner, "Contoso")
    group = partner.partner["group"]
    partner.world.remove_member(partner.partner, group, partner.partner["admin"])
    token = partner.signs_in()["access_token"]
    assert partner.consents(token, customer["id"]).status_code == 403
    inner = partner.world.add_group(partner.partner["id"], "Engineers", [partner.partner["admin"]])
    partner.world.add_member(partner.partner, group, inner)
    assert partner.consents(token, customer["id"]).status_code == 201


def test_graph_tells_relationships_and_assignments(partner: PartnerCaller) -> None:
    customer = partner.world.add_customer(partner.partner, "Contoso", relationship={"ends_in_s": -30})
    token = partner.exchange(partner.signs_in()["refresh_token"], partner.cloud.graph_url)["access_token"]
    (shown,) = partner.graph("GET", "/tenantRelationships/delegatedAdminRelationships?$top=300", token).json()["value"]
    assert (shown["status"], shown["customer"]["tenantId"]) == ("expiring", customer["id"])
    path = f"/tenantRelationships/delegatedAdminRelationships/{shown['id']}/accessAssignments"
    (assigned,) = partner.graph("GET", path, token).json()["value"]
    assert assigned["accessContainer"]["accessContainerId"] == partner.partner["group"]
    (known,) = partner.graph("GET", "/contracts", token).json()["value"]
    assert (known["customerId"], known["contractType"]) == (customer["id"], "ResellerPartner")


def test_a_refresh_token_outside_its_tenants_is_refused(partner: PartnerCaller) -> None:
    stranger = partner.world.add_tenant(name="Stranger")
    told = partner.exchange(partner.signs_in()["refresh_token"], partner.cloud.graph_url, stranger["id"])
    assert told["error_codes"] == [50020]


def test_the_world_refuses_tokens_when_told_to(partner: PartnerCaller) -> None:
    told = partner.signs_in()
    partner.world.refuse_tokens(53003, tenant_id=partner.partner["id"], grant="refresh_token")
    assert partner.exchange(told["refresh_token"], partner.cloud.graph_url)["error_codes"] == [53003]
    partner.world.accept_tokens()
    assert "access_token" in partner.exchange(told["refresh_token"], partner.cloud.graph_url)
