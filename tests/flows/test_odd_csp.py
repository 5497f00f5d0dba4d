"""CSP checks and onboarding while Microsoft answers oddly: one odd customer does not cost the others."""

from datetime import datetime
from typing import Any

import pytest

from tests.exhaustive import exhaustive
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal

PERIOD = {"minutes": 34}
RELATIONSHIPS = r"delegatedAdminRelationships(\?|$)"
CUSTOMERS = "delegatedAdminCustomers"
YEAR_1, NO_END = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z"


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP with two customers in good order, not integrated yet; Fabrikam is the one that turns odd."""
    found = has_csp(portal)
    for name in ("Contoso", "Fabrikam"):
        found.has(name)
    return found


def looks_well(csp: Csp, *names: str) -> tuple[str, dict[str, str], bool]:
    """The CSP's status, customers' verdicts, and whether the next check lies ahead."""
    next_at = datetime.fromisoformat(csp.row()["sync_status"]["next_check_at"])
    return csp.status(), {name: csp.auth(name) for name in names}, next_at > csp.portal.clock()


def well(*names: str) -> tuple[str, dict[str, str], bool]:
    return "Success", dict.fromkeys(names, "Active"), True


def told(csp: Csp) -> bool:
    """Whether the evidence says that something could not be read, or who was not judged anew for that."""
    return bool({"unreadable_values", "customers_not_judged_anew"} & csp.row()["sync_status"]["evidence"].keys())


def odd(csp: Csp, at: list[Any], value: Any, path: str = RELATIONSHIPS) -> int:
    """From now on what Microsoft says of Fabrikam is odd, at one place."""
    return int(csp.world.garble("put", "value", *at, value=value, path=path))


def of_fabrikam(csp: Csp, *names: str) -> list[Any]:
    """The way to a property of Fabrikam's relationship."""
    return [{"customer": {"tenantId": csp.customers["Fabrikam"]["id"]}}, *names]


# Bytes before the JSON.


def test_bytes_before_the_json_change_nothing_for_a_csp(csp: Csp) -> None:
    for host in ("graph", "login", "partner"):
        csp.world.garble("bom", host=host)
    csp.onboarded()
    csp.later(**PERIOD)

    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")
    assert all(csp.world.garbled().values())


def test_a_refusal_for_lack_of_mfa_is_understood_behind_bytes_before_the_json(csp: Csp) -> None:
    csp.integrate()
    csp.world.garble("bom", host="partner")
    body = {"code": 900421, "description": "MFA", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", path="/v1/customers", status=401, body=body, times=None)
    csp.later(**PERIOD)

    assert csp.row()["sync_status"]["reason"] == "no_mfa_prompt"


@pytest.mark.parametrize("status", [409, 400])
def test_a_consent_that_is_there_is_one_behind_bytes_before_the_json(csp: Csp, status: int) -> None:
    csp.onboarded()
    csp.world.switch(consent_exists_status=status)
    csp.world.garble("bom", host="partner", path="applicationconsents")
    litware = csp.has("Litware")
    body = {"code": "800", "description": "Permission entry already exists.", "data": [], "source": "PartnerFD"}
    csp.world.fault(host="partner", method="POST", path="applicationconsents", status=status, body=body)
    csp.later(**PERIOD)
    first = csp.auth("Litware")
    csp.later(minutes=16)
    csp.later(minutes=6)

    assert first == "Consent Pending"  # it is not really there: nothing shows
    assert csp.auth("Litware") == "Active", csp.shown("Litware")
    assert csp.world.service_principal(litware["id"], CLIENT_ID) is not None


def test_a_refusal_of_a_sign_in_is_understood_behind_bytes_before_the_json(csp: Csp) -> None:
    csp.integrate()
    csp.world.garble("bom", host="login")
    csp.world.refuse_tokens(50173, tenant_id=csp.partner["id"], grant="refresh_token")
    csp.later(**PERIOD)

    status = csp.row()["sync_status"]
    assert (status["label"], status["evidence"].get("code")) == ("Auth Failed", "AADSTS50173"), status


@pytest.mark.parametrize(
    ("how", "value"), [("put", 7), *exhaustive(("surrogate", None), ("put", ["odd"]), ("put", None))]
)
def test_a_broken_refresh_token_never_replaces_the_one_that_works(csp: Csp, how: str, value: Any) -> None:
    csp.integrate()
    csp.world.garble(how, "refresh_token", value=value, host="login", path="/token$")
    csp.later(**PERIOD)
    csp.world.ungarble()
    csp.later(**PERIOD)

    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")


# One odd customer among others.


def test_the_same_relationship_on_two_pages_counts_once(csp: Csp) -> None:
    csp.world.switch(relationships_page_size=1, list_replays=True)
    csp.onboarded()
    csp.later(**PERIOD)

    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")


@pytest.mark.parametrize(
    ("names", "value"),
    [
        (["displayName"], None),
        (["endDateTime"], NO_END),
        (["activatedDateTime"], ["odd"]),
        *exhaustive(
            (["displayName"], 7),
            (["displayName"], "Ada \ud800"),
            (["endDateTime"], "2029-03-04T05:06:07"),
            (["autoExtendDuration"], 7),
            (["activatedDateTime"], YEAR_1),
            (["customer", "displayName"], 7),
        ),
    ],
)
def test_what_a_verdict_does_not_hang_on_may_be_odd(csp: Csp, names: list[str], value: Any) -> None:
    garbled = odd(csp, of_fabrikam(csp, *names), value)
    csp.onboarded()
    csp.later(**PERIOD)

    assert csp.world.garbled()[garbled] > 1
    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ([1, "endDateTime"], YEAR_1),
        ([1, "accessDetails", "unifiedRoles"], None),
        ([1], "odd"),
        *exhaustive(
            ([1, "endDateTime"], "0001-01-01T00:00:00"),
            ([1, "endDateTime"], {"odd": 1}),
            ([1, "accessDetails"], None),
            ([1, "accessDetails"], 7),
            ([1, "accessDetails", "unifiedRoles", 0, "roleDefinitionId"], None),
            ([1, "customer", "tenantId"], None),
            ([1, "customer"], ["odd"]),
            ([1, "id"], None),
        ),
    ],
)
def test_one_odd_relationship_does_not_cost_the_other_customers(csp: Csp, at: list[Any], value: Any) -> None:
    csp.settled()
    mapped = csp.customers["Contoso"]
    csp.portal.map(mapped)
    csp.portal.run_queues()
    garbled = odd(csp, at, value)
    csp.later(**PERIOD)
    during, row = looks_well(csp, "Contoso"), csp.customer("Contoso")["sync_status"]
    shown, is_told = csp.world.garbled()[garbled], told(csp)
    csp.world.ungarble()
    csp.later(**PERIOD)
    csp.later(minutes=1)

    assert shown
    assert during == well("Contoso")
    assert row["label"] == "Success"
    assert is_told
    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")


@pytest.mark.parametrize("names", [["accessDetails"], ["accessDetails", "unifiedRoles"], ["endDateTime"], ["status"]])
def test_a_customer_of_whom_something_cannot_be_read_keeps_what_was_known_of_it(csp: Csp, names: list[str]) -> None:
    csp.settled()
    odd(csp, of_fabrikam(csp, *names), None)
    csp.later(**PERIOD)

    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")
    assert csp.row()["sync_status"]["evidence"]["customers_not_judged_anew"] == csp.customers["Fabrikam"]["id"]


def test_nobody_is_taken_for_gone_by_lists_that_have_lost_items(csp: Csp) -> None:
    csp.settled()
    for host, path, at in (
        ("partner", "/v1/customers", ["items", 1]),
        ("graph", CUSTOMERS, ["value", 1]),
        ("graph", RELATIONSHIPS, ["value", 1]),
    ):
        csp.world.garble("put", *at, value=None, host=host, path=path)
    csp.later(**PERIOD)

    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")
    assert int(csp.row()["sync_status"]["evidence"]["unreadable_values"]) >= 3


@pytest.mark.parametrize(
    ("host", "path", "at"),
    [
        ("graph", CUSTOMERS, ["value", 1]),
        ("graph", "accessAssignments", ["value", 0, "accessDetails"]),
        ("partner", "/v1/customers", ["items", 1, "id"]),
        *exhaustive(
            ("graph", CUSTOMERS, ["value", 1, "tenantId"]),
            ("graph", "accessAssignments", ["value", 0, "accessContainer"]),
            ("graph", "transitiveMemberOf", ["value", 2, "id"]),
            ("partner", "/v1/customers", ["items", 1, "companyProfile"]),
            ("partner", "/v1/customers", ["items", 1]),
        ),
    ],
)
def test_one_odd_item_of_any_list_does_not_end_the_check(csp: Csp, host: str, path: str, at: list[Any]) -> None:
    csp.settled()
    skip = 1 if path == "accessAssignments" else 0  # those of one relationship only
    garbled = csp.world.garble("put", *at, value=None, host=host, path=path, skip=skip, times=None)
    csp.later(**PERIOD)
    status, next_at, shown = csp.status(), csp.row()["sync_status"]["next_check_at"], csp.world.garbled()[garbled]
    csp.world.ungarble()
    csp.later(**PERIOD)
    csp.later(minutes=1)

    assert shown
    assert (status, next_at is not None) == ("Success", True)
    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")


@pytest.mark.parametrize("value", [7, "AdminAgents \ud800"])
def test_a_group_whose_name_cannot_be_read_is_no_verdict_on_admin_agents(csp: Csp, value: Any) -> None:
    csp.settled()
    csp.world.garble("put", "value", "*", "displayName", value=value, path="transitiveMemberOf")
    csp.later(**PERIOD)
    during = csp.status()
    csp.world.ungarble()
    csp.later(**PERIOD)

    assert during == "Success"
    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")


def test_repeated_items_count_once(csp: Csp) -> None:
    for path in (RELATIONSHIPS, CUSTOMERS, "accessAssignments", "transitiveMemberOf", "appRoleAssignments", "appRoles"):
        csp.world.garble("repeat", "value", "*", path=path)
    csp.world.garble("repeat", "items", "*", host="partner")
    csp.onboarded()
    csp.later(**PERIOD)

    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")
    assert csp.row()["tenant_count_label"] == "with 2 tenants"


# Onboarding.


@pytest.mark.parametrize(
    ("path", "at", "value"),
    [
        (r"servicePrincipals\(appId", ["appRoles"], {"id": None, "value": ["odd"]}),
        ("appRoleAssignments", ["value"], {"appRoleId": 7}),
        *exhaustive(
            (r"servicePrincipals\(appId", ["appRoles"], None),
            ("appRoleAssignments", ["value"], "odd"),
        ),
    ],
)
def test_one_odd_role_does_not_keep_a_customer_out(csp: Csp, path: str, at: list[Any], value: Any) -> None:
    tenant_id = csp.customers["Fabrikam"]["id"]
    garbled = csp.world.garble("add", *at, value=value, method="GET", path=path, tenant_id=tenant_id)
    csp.onboarded()
    csp.later(**PERIOD)
    csp.later(minutes=6)

    assert csp.world.garbled()[garbled]
    assert looks_well(csp, "Contoso", "Fabrikam") == well("Contoso", "Fabrikam")
