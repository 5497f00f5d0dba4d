"""What a tenant's administrators have configured: policies, places, terms for others, settings of the directory."""

import pytest

from tests.flows.portal import Portal, at_microsofts_pace
from tests.flows.reading import cycle, parts, security, states

PARTNER = "7d1f0000-0000-4000-8000-0000000000c1"
ADDRESSES = "#microsoft.graph.ipNamedLocation"
COUNTRIES = "#microsoft.graph.countryNamedLocation"


def test_named_locations_come_with_their_addresses_or_countries(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    ranges = [
        {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8::/32"},
        {"@odata.type": "#microsoft.graph.iPv4Range", "lowerAddress": "198.51.100.1", "upperAddress": "198.51.100.9"},
    ]
    world.put_setting(
        tenant["id"],
        "named_locations",
        "b1",
        id="b1",
        displayName="Branch",
        ipRanges=ranges,
        **{"@odata.type": ADDRESSES},
    )
    world.put_setting(
        tenant["id"], "named_locations", "c1", id="c1", displayName="Home countries", countriesAndRegions=["US", "CA"],
        includeUnknownCountriesAndRegions=True, countryLookupMethod="authenticatorAppGps", **{"@odata.type": COUNTRIES},
    )  # fmt: skip

    portal.connected(tenant)

    shown = {it["name"]: it for it in security(portal, tenant)["named_locations"]["items"]}
    assert (shown["Office"]["is_trusted"], shown["Office"]["ranges"]) == (True, ["203.0.113.0/24"])
    assert shown["Branch"]["ranges"] == ["198.51.100.1-198.51.100.9", "2001:db8::/32"]
    assert shown["Home countries"] == {
        "id": "c1", "name": "Home countries", "kind": "country", "countries": ["CA", "US"], "includes_unknown": True,
        "looked_up_by": "gps",
    }  # fmt: skip


def test_a_policy_names_its_places_its_risks_and_how_strong_mfa_has_to_be(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    plain = world.add_conditional_access(tenant["id"], displayName="Everywhere but at the office")
    conditions = plain["conditions"] | {
        "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
        "signInRiskLevels": ["high", "medium"],
    }
    strength = {"id": "00000000-0000-0000-0000-000000000004", "displayName": "Phishing-resistant MFA"}
    grant = plain["grantControls"] | {"builtInControls": [], "authenticationStrength": strength}
    world.change_conditional_access(tenant["id"], plain["id"], conditions=conditions, grantControls=grant)

    portal.connected(tenant)

    shown = {it["name"]: it for it in security(portal, tenant)["conditional_access"]["items"]}[plain["displayName"]]
    assert (shown["locations"], shown["without_locations"]) == (["All"], ["AllTrusted"])
    assert (shown["sign_in_risks"], shown["strength"]) == (["high", "medium"], "Phishing-resistant MFA")
    assert (shown["demands"], shown["is_narrowed"]) == (["authenticationStrength"], True)


def test_a_policy_for_all_places_is_not_narrowed_by_them(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    made = world.add_conditional_access(tenant["id"], displayName="MFA everywhere")
    everywhere = {"includeLocations": ["All"], "excludeLocations": []}
    world.change_conditional_access(tenant["id"], made["id"], conditions=made["conditions"] | {"locations": everywhere})

    portal.connected(tenant)

    assert "MFA everywhere" in security(portal, tenant)["mfa"]["demanded_by"]


def test_requests_for_consent_and_their_reviewers_are_told(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    portal.connected(tenant)
    before = security(portal, tenant)["admin_consent_requests"]["items"]
    reviewer = {"query": "/users/u1", "queryType": "MicrosoftGraph", "queryRoot": None}
    world.change_policy(
        tenant["id"], "admin_consent_requests", isEnabled=True, notifyReviewers=True, requestDurationInDays=30,
        reviewers=[reviewer],
    )  # fmt: skip

    cycle(portal, hours=7)

    assert before == [{"is_enabled": False, "notifies_reviewers": False, "reminds_reviewers": False, "days": 0}]
    assert security(portal, tenant)["admin_consent_requests"]["items"] == [
        {"is_enabled": True, "notifies_reviewers": True, "reminds_reviewers": False, "reviewers": 1, "days": 30}
    ]


def test_terms_for_other_organizations_are_the_default_and_one_row_for_each_partner(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    staff = {"accessType": "allowed", "targets": [{"target": "g1", "targetType": "group"}]}
    everything = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
    world.put_setting(
        tenant["id"], "partners", PARTNER, tenantId=PARTNER, isServiceProvider=True,
        b2bCollaborationInbound={"usersAndGroups": staff, "applications": everything},
        inboundTrust={"isMfaAccepted": True},
    )  # fmt: skip

    portal.connected(tenant)

    default, partner = security(portal, tenant)["cross_tenant_access"]["items"][::-1]
    assert default == {
        "is_service_default": True, "collaboration_in": "allowed", "collaboration_out": "allowed",
        "direct_connect_in": "blocked", "direct_connect_out": "blocked", "trusts_mfa": False,
        "trusts_compliant_devices": False, "trusts_joined_devices": False,
    }  # fmt: skip
    assert partner == {
        "partner_id": PARTNER, "is_service_provider": True, "collaboration_in": "some", "trusts_mfa": True,
    }  # fmt: skip

    world.drop_setting(tenant["id"], "partners", PARTNER)
    cycle(portal, hours=7)

    assert security(portal, tenant)["cross_tenant_access"]["items"] == [default]


def test_settings_of_the_directory_are_told_but_never_the_banned_passwords(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)

    [shown] = security(portal, tenant)["group_settings"]["items"]
    assert shown["name"] == "Password Rule Settings"
    assert shown["values"] == {"BannedPasswordList": "2", "LockoutThreshold": "10"}


def test_a_tenant_that_changed_no_setting_has_none_and_that_is_no_error(portal: Portal) -> None:
    tenant = portal.has_tenant(premium=False)
    portal.connected(tenant)

    assert security(portal, tenant)["group_settings"]["items"] == []
    assert (states(portal, tenant)["group_settings"], portal.status(tenant)) == ("fresh", "Success")


def test_places_and_policies_are_never_asked_for_within_the_same_second(portal: Portal) -> None:
    at_microsofts_pace(portal)
    tenant = portal.has_tenant()
    portal.connected(tenant)

    looks = [it for it in portal.graph_requests(tenant) if "/conditionalAccess/" in it["path"]]

    assert {it["path"].rpartition("/")[2] for it in looks} == {"policies", "namedLocations"}
    assert {it["status"] for it in looks} == {200}
    assert abs(looks[0]["at"] - looks[1]["at"]) > 1.0
    assert not [it for it in parts(portal, tenant) if it.endswith("namedLocations")][1:]


@pytest.mark.parametrize(
    ("dataset", "path"),
    [
        ("security_defaults", "identitySecurityDefaultsEnforcementPolicy"),
        ("authorization_policy", "authorizationPolicy"),
        ("authentication_methods", "authenticationMethodsPolicy"),
        ("admin_consent_requests", "adminConsentRequestPolicy"),
        ("cross_tenant_access", "crossTenantAccessPolicy/default"),
    ],
)
def test_an_answer_of_another_form_never_passes_for_a_policy(portal: Portal, dataset: str, path: str) -> None:
    tenant, before = told_something_else(portal, dataset, path)

    assert security(portal, tenant)[dataset]["items"] == before != []
    assert states(portal, tenant)[dataset] == "stale"


def told_something_else(portal: Portal, dataset: str, path: str) -> tuple[dict[str, str], object]:
    """A tenant whose Microsoft answers in another form from the second reading on, and what the first one brought."""
    tenant = portal.has_tenant()
    portal.connected(tenant)
    before = security(portal, tenant)[dataset]["items"]
    something = {"value": [{"displayName": "?"}]}
    portal.microsoft.world.fault(host="graph", path=path, status=200, body=something, times=None)
    cycle(portal, hours=7)
    return tenant, before


@pytest.mark.parametrize(
    ("dataset", "path"),
    [
        ("cross_tenant_access", "crossTenantAccessPolicy/partners"),
        ("named_locations", "namedLocations"),
        ("group_settings", "groupSettings"),
    ],
)
def test_items_of_another_form_leave_what_was_known_and_are_told(portal: Portal, dataset: str, path: str) -> None:
    tenant, before = told_something_else(portal, dataset, path)

    status = portal.row(tenant)["sync_status"]
    assert security(portal, tenant)[dataset]["items"] == before != []
    assert (status["cause"], status["evidence"]) == ("synced_with_warnings", {dataset: "unreadable_values: 1"})
