"""Recorded answers are found as Microsoft would give them; what was not recorded is never taken for empty."""

from typing import Any

import pytest

from tests.assess.recordings import error, rows, state
from tests.baselines.tenants import BETA_METHODS, P1, P2, RULES, good, member, policy, rules, user

CA = "/v1.0/identity/conditionalAccess/policies"
USERS = "/v1.0/users"
GROUPS = "/v1.0/groups"
DEVICES = "/v1.0/devices"

Answers = dict[str, Any]


def people(*ids: str, **more: Any) -> Answers:
    return {"value": [user(it) for it in ids], **more}


def group(group_id: str) -> dict[str, Any]:
    return {"id": group_id, "displayName": group_id, "securityEnabled": True}


def device(device_id: str, **more: Any) -> dict[str, Any]:
    return {"id": device_id, "displayName": device_id, "deviceId": device_id, **more}


def without(*paths: str) -> Answers:
    return {path: body for path, body in good().items() if path not in paths}


# What is not there


def test_not_recorded_and_empty_and_denied_are_three_things() -> None:
    assert state(without(CA), "conditional_access") == ("not_recorded", 0)
    assert state({CA: {"value": []}}, "conditional_access") == ("fresh", 0)
    assert state(good(), "conditional_access", {CA: 403}) == ("denied", 0)


def test_a_data_set_that_every_sync_needs_may_be_missing_too() -> None:
    assert state(without(USERS), "users") == ("not_recorded", 0)
    assert state({}, "organization") == ("not_recorded", 0)


def test_what_was_not_recorded_is_named() -> None:
    assert error(without(CA), "conditional_access").startswith(f"{CA}?$select=")
    assert error({GROUPS: {"value": [group("g")]}}, "groups") == f"{GROUPS}/g/members"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, "denied"), (403, "denied"), (404, "failed"), (400, "failed"), (429, "stale"), (503, "stale")],
)
def test_a_status_is_answered_again(status: int, expected: str) -> None:
    for dataset, path in {
        "conditional_access": CA,
        "domains": "/v1.0/domains",
        "users": USERS,
        "groups": GROUPS,
    }.items():
        assert state(good(), dataset, {path: status}) == (expected, 0), dataset


def test_an_error_that_was_recorded_says_by_its_code_what_it_is() -> None:
    code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    answers = {**without(CA), CA: {"error": {"code": code, "message": "No licence."}}}

    assert error(answers, "conditional_access", {CA: 403}) == "not_licensed"


def test_what_the_tenant_has_no_licence_for_need_not_be_recorded() -> None:
    plans = [{"servicePlanId": P1, "capabilityStatus": "Enabled"}]
    organization = {"value": [{"id": "t", "displayName": "Contoso", "assignedPlans": plans}]}

    assert state({"/v1.0/organization": organization}, "role_policies") == ("not_licensed", 0)
    assert state({"/v1.0/organization": organization}, "sign_ins") == ("not_recorded", 0)
    assert state({}, "role_policies") == ("not_recorded", 0)


def test_a_profile_without_plans_leaves_open_which_there_are() -> None:
    profile = {"/v1.0/organization": {"value": [{"id": "t", "displayName": "Contoso"}]}}
    unit = {"servicePlanId": P2, "servicePlanName": "AAD_PREMIUM_P2", "provisioningStatus": "Success"}
    sku = {"id": "s", "skuId": "s", "skuPartNumber": "P", "prepaidUnits": {"enabled": 1}, "consumedUnits": 1}

    assert state(profile, "role_policies")[0] == "not_recorded"
    assert state({**profile, "/v1.0/subscribedSkus": {"value": []}}, "role_policies")[0] == "not_licensed"
    assert state({**profile, "/v1.0/subscribedSkus": {"value": [{**sku, "servicePlans": [unit]}]}}, "role_policies")[
        0
    ] == ("not_recorded")


def test_an_unreadable_answer_fails_and_is_not_empty() -> None:
    for body in (None, [], "text", 7, {"value": None}, {"items": []}):
        assert state({CA: body}, "conditional_access")[0] in {"stale", "failed"}, body
        assert state({GROUPS: body}, "groups")[0] in {"stale", "failed"}, body


# How an answer is found


def test_a_path_with_options_is_preferred_to_the_path_alone() -> None:
    with_options = f"{CA}?$select=id,displayName,state,conditions,grantControls,sessionControls"
    asked = error(without(CA), "conditional_access")
    answers = {CA: {"value": [policy("Alone")]}, asked: {"value": [policy("One"), policy("Two")]}}

    assert set(rows(answers, "conditional_access")) == {"one", "two"}
    assert set(rows({CA: answers[CA], with_options + ",x": answers[asked]}, "conditional_access")) == {"alone"}


def test_a_status_with_options_is_preferred_as_well() -> None:
    asked = error({}, "sign_ins")
    answers = {USERS: {"value": [user("ada", signInActivity={"lastSignInDateTime": "2026-11-01T00:00:00Z"})]}}

    assert state(answers, "sign_ins", {asked: 403})[0] == "denied"
    assert state({**answers, asked: answers[USERS]}, "sign_ins", {USERS: 403})[0] == "fresh"


@pytest.mark.parametrize(
    "address",
    [
        "/identity/conditionalAccess/policies",
        "identity/conditionalAccess/policies",
        "v1.0/identity/conditionalaccess/policies",
        "https://graph.microsoft.com/v1.0/identity/conditionalAccess/policies",
        "https://graph.microsoft.us/v1.0/identity/ConditionalAccess/policies",
    ],
)
def test_host_and_version_and_case_do_not_matter(address: str) -> None:
    assert state({address: {"value": [policy("One")]}}, "conditional_access") == ("fresh", 1)


def test_beta_is_another_version() -> None:
    found = {BETA_METHODS: good()[BETA_METHODS]}

    assert state(found, "beta_authentication_methods") == ("fresh", 1)
    assert state(found, "authentication_methods") == ("not_recorded", 0)


def test_escapes_do_not_matter() -> None:
    asked = error({}, "role_policies")
    recorded = {
        "/v1.0/policies/roleManagementPolicyAssignments" + asked.partition("Assignments")[2].replace(" ", "%20"): {
            "value": []
        }
    }

    assert " eq " in asked
    assert state(recorded, "role_policies") == ("fresh", 0)


# Pages


def test_all_pages_of_a_list_are_read() -> None:
    second = "https://graph.microsoft.com/v1.0/users?$skiptoken=two"
    answers = {USERS: people("ada", **{"@odata.nextLink": second}), second: people("ben")}

    assert set(rows(answers, "users")) == {"ada", "ben"}


def test_a_link_without_host_is_followed_too() -> None:
    answers = {USERS: people("ada", **{"@odata.nextLink": "/users?page=2"}), "/v1.0/users?page=2": people("ben")}

    assert set(rows(answers, "users")) == {"ada", "ben"}


def test_a_page_that_is_missing_makes_the_list_not_recorded() -> None:
    link = "https://graph.microsoft.com/v1.0/users?$skiptoken=two"

    assert state({USERS: people("ada", **{"@odata.nextLink": link})}, "users") == ("not_recorded", 0)
    assert error({USERS: people("ada", **{"@odata.nextLink": link})}, "users") == f"{USERS}?$skiptoken=two"


def test_tokens_that_differ_only_in_case_are_different_pages() -> None:
    links = [f"/v1.0/users?$skiptoken={it}" for it in ("aB", "Ab")]
    answers = {
        USERS: people("ada", **{"@odata.nextLink": links[0]}),
        links[0]: people("ben", **{"@odata.nextLink": links[1]}),
        links[1]: people("cleo"),
    }

    assert set(rows(answers, "users")) == {"ada", "ben", "cleo"}


def test_pages_in_a_circle_end() -> None:
    link = "/v1.0/groups?$skiptoken=a"
    circle = {GROUPS: {"value": [], "@odata.nextLink": link}, link: {"value": [], "@odata.nextLink": link}}

    assert state(circle, "groups")[0] == "stale"
    assert state(
        {
            USERS: people("ada", **{"@odata.nextLink": "/v1.0/users?a=b"}),
            "/v1.0/users?a=b": {"value": [], "@odata.nextLink": "/v1.0/users?a=b"},
        },
        "users",
    )[0] in {"stale", "failed"}


# What is put together


def test_groups_have_the_members_that_were_recorded_for_each() -> None:
    answers = {
        GROUPS: {"value": [group("g"), group("h")]},
        f"{GROUPS}/g/members": {"value": [member("ada")], "@odata.nextLink": f"{GROUPS}/g/members?$skiptoken=x"},
        f"{GROUPS}/g/members?$skiptoken=x": {"value": [member("ben")]},
        f"{GROUPS}/h/members": {"value": []},
    }

    found = {it.id: it.members for it in rows(answers, "groups").values()}

    assert found == {"g": ["ada", "ben"], "h": []}


def test_a_group_whose_members_were_not_recorded_makes_no_group_known() -> None:
    both = {GROUPS: {"value": [group("g"), group("h")]}, f"{GROUPS}/g/members": {"value": [member("ada")]}}
    cut = {**both, f"{GROUPS}/h/members": {"value": [], "@odata.nextLink": f"{GROUPS}/h/members?$skiptoken=x"}}

    assert state(both, "groups") == ("not_recorded", 0)
    assert state(cut, "groups") == ("not_recorded", 0)
    assert state(both, "groups", {f"{GROUPS}/h/members": 403})[0] == "denied"


def test_recorded_changes_of_groups_are_taken_as_they_are() -> None:
    link = "https://graph.microsoft.com/v1.0/groups/delta?$deltatoken=z"
    changes = {"value": [{**group("g"), "members@delta": [{"id": "ada"}]}], "@odata.deltaLink": link}

    assert [it.members for it in rows({"/v1.0/groups/delta": changes}, "groups").values()] == [["ada"]]


def test_members_of_roles_must_be_recorded() -> None:
    roles = {"/v1.0/directoryRoles": {"value": [{"id": "r", "roleTemplateId": "x"}]}}

    assert state(roles, "roles") == ("not_recorded", 0)
    assert state({**roles, "/v1.0/directoryRoles/r/members": {"value": [member("ada")]}}, "roles") == ("fresh", 1)


def test_devices_have_the_owners_that_were_recorded_for_each() -> None:
    answers = {
        DEVICES: {"value": [device("d"), device("e"), device("f", registeredOwners=[{"id": "cleo"}])]},
        f"{DEVICES}/d/registeredOwners": {"value": [member("ada")]},
        f"{DEVICES}/e/registeredOwners": {"value": []},
    }

    owners = {key: it.owner_id for key, it in rows(answers, "devices").items()}

    assert owners == {"d": "ada", "e": None, "f": "cleo"}


def test_devices_on_further_pages_have_owners_too() -> None:
    link = f"{DEVICES}?$skiptoken=two"
    first = {"value": [device("d", registeredOwners=[])], "@odata.nextLink": link}
    answers = {DEVICES: first, link: {"value": [device("e")]}}

    assert state(answers, "devices") == ("not_recorded", 0)
    assert (
        rows({**answers, f"{DEVICES}/e/registeredOwners": {"value": [member("ada")]}}, "devices")["e"].owner_id == "ada"
    )


def test_devices_whose_owners_were_not_recorded_are_not_known() -> None:
    assert state({DEVICES: {"value": [device("d")]}}, "devices") == ("not_recorded", 0)


@pytest.mark.parametrize(("dataset", "name"), [("sign_ins", "signInActivity"), ("per_user_mfa", "perUserMfaState")])
def test_what_microsoft_sends_only_if_asked_is_not_recorded_where_nobody_has_it(dataset: str, name: str) -> None:
    plain = {USERS: people("ada", "ben")}
    asked = {USERS: {"value": [user("ada", **{name: {} if dataset == "sign_ins" else "enforced"}), user("ben")]}}

    assert state(plain, dataset)[0] == "not_recorded"
    assert state(asked, dataset)[0] == "fresh"
    assert state(plain, "users")[0] == "fresh"


def test_policies_of_a_group_must_be_recorded() -> None:
    of_roles, of_group = good()[RULES], rules("member", ("g", "Group"))
    groups = {GROUPS: {"value": [{**group("g"), "isAssignableToRole": True}]}}

    assert state({**groups, RULES: of_roles}, "group_role_policies") == ("not_recorded", 0)
    assert state({**groups, RULES: {"value": [*of_roles["value"], of_group]}}, "group_role_policies") == ("fresh", 1)
    assert state({GROUPS: {"value": [group("g")]}, RULES: of_roles}, "group_role_policies") == ("fresh", 0)
