"""Policies are read whole: what Microsoft has, what it left out, and what this version does not understand."""

from typing import Any

import pytest
from msgspec import UNSET

from integrations.domain.policies.authentication_methods import KeyRestrictions, MethodFeature, MethodTarget
from integrations.domain.policies.conditional_access import (
    AuthenticationStrength,
    ConditionalAccess,
    Conditions,
    ExternalUsers,
    PolicyApplications,
    PolicyUsers,
    Selection,
)
from tests.flows.portal import Portal
from tests.flows.reading import cycle, data_of, rows, security

HOME = "9f1c0e3a-0000-4000-8000-0000000000f1"
FILTER = {"mode": "exclude", "rule": 'device.trustType -eq "ServerAD"'}
EVERY_CONDITION = {
    "clientAppTypes": ["mobileAppsAndDesktopClients", "browser"],
    "signInRiskLevels": ["high", "medium"],
    "userRiskLevels": ["high"],
    "servicePrincipalRiskLevels": ["low"],
    "insiderRiskLevels": "elevated,moderate",
    "platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS", "android"]},
    "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
    "authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"},
    "devices": {"deviceFilter": FILTER},
    "clientApplications": {"includeServicePrincipals": ["s1"], "excludeServicePrincipals": []},
    "applications": {
        "includeApplications": [],
        "excludeApplications": ["Office365"],
        "includeUserActions": ["urn:user:registersecurityinfo"],
        "includeAuthenticationContextClassReferences": ["c1"],
        "applicationFilter": {"mode": "include", "rule": "x"},
    },
    "users": {
        "includeUsers": [], "excludeUsers": ["u2", "u1"], "includeGroups": ["g1"], "excludeGroups": ["g2"],
        "includeRoles": ["r1"], "excludeRoles": ["r2"],
        "includeGuestsOrExternalUsers": {
            "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest",
            "externalTenants": {
                "@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
                "membershipKind": "enumerated", "members": [HOME],
            },
        },
        "excludeGuestsOrExternalUsers": {
            "guestOrExternalUserTypes": "serviceProvider",
            "externalTenants": {
                "@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants", "membershipKind": "all",
            },
        },
    },
}  # fmt: skip
READ = Conditions(
    included=PolicyUsers(
        groups=["g1"],
        roles=["r1"],
        external=ExternalUsers(kinds=["b2bCollaborationGuest", "internalGuest"], tenants=[HOME]),
    ),
    excluded=PolicyUsers(
        users=["u1", "u2"], groups=["g2"], roles=["r2"], external=ExternalUsers(kinds=["serviceProvider"])
    ),
    applications=PolicyApplications(
        excluded=["Office365"],
        user_actions=["urn:user:registersecurityinfo"],
        contexts=["c1"],
        filter={"mode": "include", "rule": "x"},
    ),
    client_apps=["browser", "mobileAppsAndDesktopClients"],
    platforms=Selection(included=["all"], excluded=["android", "iOS"]),
    locations=Selection(included=["All"], excluded=["AllTrusted"]),
    sign_in_risks=["high", "medium"],
    user_risks=["high"],
    service_principal_risks=["low"],
    insider_risks=["elevated", "moderate"],
    flows=["authenticationTransfer", "deviceCodeFlow"],
    devices={"deviceFilter": FILTER},
    workloads={"includeServicePrincipals": ["s1"]},
)


def with_policy(
    portal: Portal, conditions: dict[str, Any], grant: dict[str, Any] | None = None
) -> tuple[dict[str, str], ConditionalAccess]:
    """A connected tenant with a policy that has these conditions on top of "everybody", and how it is stored."""
    tenant, world = portal.has_tenant(), portal.microsoft.world
    added = world.add_conditional_access(tenant["id"], displayName="Changed")
    world.change_conditional_access(
        tenant["id"],
        added["id"],
        conditions=added["conditions"] | conditions,
        grantControls=added["grantControls"] | (grant or {}),
    )
    portal.connected(tenant)
    return tenant, rows(portal, tenant, "conditional_access")[added["id"]]


def shown(portal: Portal, tenant: dict[str, str]) -> dict[str, Any]:
    return next(it for it in security(portal, tenant)["conditional_access"]["items"] if it["name"] == "Changed")


def odd_values(portal: Portal, tenant: dict[str, str], dataset: str = "conditional_access") -> int:
    return int(data_of(portal, tenant).cursors()[dataset].odd)


# Conditional Access.


def test_every_condition_of_a_policy_is_kept(portal: Portal) -> None:
    tenant, policy = with_policy(portal, EVERY_CONDITION)

    assert policy.conditions == READ
    assert (shown(portal, tenant)["is_narrowed"], odd_values(portal, tenant)) == (True, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("timesOfDay", {"between": "night"}, id="a condition that is new"),
        pytest.param("users", {"includeUsers": ["All"], "includeClearances": ["x"]}, id="something new about people"),
        pytest.param(
            "authenticationFlows", {"transferMethods": "deviceCodeFlow", "strictly": True}, id="a detail that is new"
        ),
    ],
)
def test_a_condition_that_is_new_to_us_stays_in_the_policy_by_its_name(portal: Portal, name: str, value: Any) -> None:
    tenant, policy = with_policy(portal, {name: value})

    assert policy.conditions is not None
    assert policy.conditions.other == {name: value}
    view = shown(portal, tenant)
    assert (view["not_understood"], view["is_narrowed"]) == ([name], True)
    assert "Changed" not in security(portal, tenant)["mfa"]["demanded_by"]
    assert odd_values(portal, tenant) == 0  # nothing is wrong with it


@pytest.mark.parametrize(
    ("name", "value"),
    [("platforms", "windows"), ("signInRiskLevels", 7), ("locations", {"includeLocations": "Office", "new": 1})],
)
def test_a_condition_that_cannot_be_read_keeps_the_policy_narrowed_and_counts(
    portal: Portal, name: str, value: Any
) -> None:
    tenant, policy = with_policy(portal, {name: value})

    assert policy.conditions is not None
    assert policy.conditions.other == {name: value}
    assert (shown(portal, tenant)["not_understood"], shown(portal, tenant)["is_narrowed"]) == ([name], True)
    assert odd_values(portal, tenant) == 1
    assert portal.row(tenant)["sync_status"]["evidence"] == {"conditional_access": "unreadable_values: 1"}


def test_a_requirement_that_is_new_to_us_is_one_of_those_that_may_be_enough(portal: Portal) -> None:
    tenant, policy = with_policy(portal, {}, {"handshake": {"isRequired": True}})

    assert policy.grant is not None
    assert (policy.grant.controls, policy.grant.other) == (["mfa"], {"handshake": {"isRequired": True}})
    assert shown(portal, tenant)["demands"] == ["handshake", "mfa"]
    assert "Changed" not in security(portal, tenant)["mfa"]["demanded_by"]


def test_a_strength_comes_with_its_combinations_in_the_policy_and_in_the_list(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    custom = world.add_strength(tenant["id"], displayName="Keys only", allowedCombinations=["fido2", "password,sms"])
    added = world.add_conditional_access(tenant["id"])
    grant = added["grantControls"] | {"builtInControls": [], "authenticationStrength": custom}
    world.change_conditional_access(tenant["id"], added["id"], grantControls=grant)

    portal.connected(tenant)

    wanted = AuthenticationStrength(
        id=custom["id"], name="Keys only", combinations=["fido2", "password,sms"], satisfies="mfa"
    )
    assert rows(portal, tenant, "conditional_access")[added["id"]].grant.strength == wanted
    strengths = rows(portal, tenant, "authentication_strengths")
    assert strengths[custom["id"]] == wanted
    resistant = next(it for it in strengths.values() if it.name == "Phishing-resistant MFA")
    assert resistant.combinations == ["fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor"]


def test_a_policy_of_two_thousand_excluded_people_is_stored_whole_and_shrinks_again(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    excluded = [f"{number:08x}-0000-4000-8000-00000000e0e0" for number in range(2000)]
    added = world.add_conditional_access(tenant["id"], displayName="Changed")
    people = added["conditions"]["users"]

    def exclude(ids: list[str]) -> None:
        conditions = added["conditions"] | {"users": people | {"excludeUsers": ids}}
        world.change_conditional_access(tenant["id"], added["id"], conditions=conditions)

    exclude(excluded)
    portal.connected(tenant)
    large = shown(portal, tenant)["without_users"]
    exclude(excluded[:1])
    cycle(portal, hours=7)

    assert (large, odd_values(portal, tenant)) == (excluded, 0)
    assert shown(portal, tenant)["without_users"] == excluded[:1]


# Authentication methods.


def test_a_field_of_a_method_is_a_value_null_or_absent(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    world.put_setting(
        tenant["id"],
        "methods",
        "Fido2",
        isAttestationEnforced=None,
        keyRestrictions={"isEnforced": True, "enforcementType": "allow", "aaGuids": ["a1", None]},
    )
    world.drop_property(tenant["id"], "methods", "Fido2", "isSelfServiceRegistrationAllowed")
    world.put_setting(tenant["id"], "methods", "TemporaryAccessPass", isUsableOnce=True, state=None)
    world.put_setting(
        tenant["id"], "methods", "Sms", includeTargets=[{"targetType": "group", "id": "g", "isUsableForSignIn": True}]
    )
    world.change_policy(tenant["id"], "authentication_methods", policyMigrationState=None)

    portal.connected(tenant)

    stored = rows(portal, tenant, "authentication_methods")["policy"]
    keys = stored.methods["Fido2"]
    assert (keys.attestation, keys.self_service, keys.software_codes) == (None, UNSET, UNSET)
    assert keys.key_restrictions == KeyRestrictions(is_enforced=True, enforcement="allow", keys=["a1", None])
    temporary = stored.methods["TemporaryAccessPass"]
    assert (temporary.state, temporary.used_once, temporary.attestation) == (None, True, UNSET)
    assert stored.methods["Sms"].included == [MethodTarget(id="g", kind="group", may_sign_in=True)]
    everybody = MethodTarget(id="all_users", kind="group")
    assert stored.methods["MicrosoftAuthenticator"].application_shown == MethodFeature(
        state="default",
        included=everybody,
        excluded=MethodTarget(id="00000000-0000-0000-0000-000000000000", kind="group"),
    )
    assert (stored.migration, stored.campaign, "TemporaryAccessPass" in stored.disabled) == (None, "default", False)
    assert stored.enabled == ["Fido2", "MicrosoftAuthenticator"]


def test_what_a_method_does_not_say_in_v1_is_absent_there(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)

    stored = rows(portal, tenant, "authentication_methods")["policy"]

    assert (stored.methods["MicrosoftAuthenticator"].number_matching, stored.suspicious_reports) == (UNSET, UNSET)


# Applications.


def test_the_rules_for_secrets_keep_a_date_that_means_every_application(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    portal.connected(tenant)
    [before] = rows(portal, tenant, "default_app_management_policy").values()
    every = {
        "restrictionType": "passwordAddition", "state": "enabled", "maxLifetime": None,
        "restrictForAppsCreatedAfterDateTime": "0001-01-01T00:00:00Z",
    }  # fmt: skip
    later = {"restrictionType": "passwordLifetime", "state": "enabled", "maxLifetime": "P180D"}
    key = {"restrictionType": "asymmetricKeyLifetime", "restrictForAppsCreatedAfterDateTime": "2025-01-01T00:00:00Z"}
    restrictions = {"passwordCredentials": [every, later], "keyCredentials": [key]}
    world.change_policy(
        tenant["id"],
        "default_app_management",
        isEnabled=True,
        applicationRestrictions=restrictions,
        servicePrincipalRestrictions=None,
    )
    world.put_setting(
        tenant["id"], "app_management", "p1", displayName="Legacy", restrictions=restrictions, appliesTo=["a2", "a1"]
    )
    world.put_setting(tenant["id"], "app_management", "p2", displayName="Nobody's", isEnabled=False)

    cycle(portal, hours=7)

    [after] = rows(portal, tenant, "default_app_management_policy").values()
    assert (before.is_enabled, before.applications.passwords, after.is_enabled) == (False, [], True)
    assert after.service_principals is None
    addition, lifetime = after.applications.passwords
    assert (addition.kind, addition.created_after, addition.longest) == ("passwordAddition", None, None)
    assert (lifetime.created_after, lifetime.longest) == (UNSET, "P180D")
    assert (after.applications.keys[0].state, after.applications.keys[0].created_after.year) == (UNSET, 2025)
    policies = rows(portal, tenant, "app_management_policies")
    assert (policies["p1"].applies_to, policies["p1"].restrictions) == (["a1", "a2"], after.applications)
    assert (policies["p2"].is_enabled, policies["p2"].applies_to) == (False, [])


def test_permissions_that_are_called_low_risk_are_known_by_their_api(portal: Portal) -> None:
    tenant, world = portal.has_tenant(), portal.microsoft.world
    graph, sharepoint = "00000003-0000-0000-c000-000000000000", "00000003-0000-0ff1-ce00-000000000000"
    kind = "permission_classifications"
    world.put_setting(tenant["id"], kind, "c1", appId=graph, permissionName="User.Read", classification="low")
    world.put_setting(tenant["id"], kind, "c2", appId=sharepoint, permissionName="User.Read", classification="low")

    portal.connected(tenant)

    stored = rows(portal, tenant, kind).values()
    assert {(it.permission, it.classification) for it in stored} == {("User.Read", "low")}
    assert len({it.resource for it in stored}) == 2
