"""Users of the simulated Graph: what a list shows, how it pages, filters and counts."""

import pytest

from tests.local.microsoft.caller import Caller, code_of

EVENTUAL = {"ConsistencyLevel": "eventual"}
DEFAULT = {
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
}  # fmt: skip


@pytest.mark.parametrize(
    ("select", "shown"),
    [
        ("", DEFAULT),
        ("?$select=displayName", {"displayName"}),
        ("?$select=id, accountEnabled", {"id", "accountEnabled"}),
        ("?$select=DISPLAYNAME,city", {"displayName", "city"}),
        ("?select=id", {"id"}),
        ("?$select=assignedPlans,identities,imAddresses", {"assignedPlans", "identities", "imAddresses"}),
    ],
)  # fmt: skip
def test_a_list_shows_what_was_selected(caller: Caller, select, shown):
    asker = caller.as_app(caller.tenant())
    assert all(row.keys() == shown for row in asker.rows(f"/users{select}"))


def test_everybody_is_listed_once_whatever_the_page_size(caller: Caller):
    tenant = caller.tenant(users=25)
    asker = caller.as_app(tenant)
    everybody = [it["id"] for it in caller.world.users(tenant["id"])]

    for top in (1, 7, 25, 999):
        assert [it["id"] for it in asker.rows(f"/users?$select=id&$top={top}")] == everybody
    assert len(asker.pages("/users?$top=7")) == 4
    assert len(asker.pages("/users?$top=25")) == 1


def test_a_page_goes_on_where_it_stopped_though_people_come_and_go(caller: Caller):
    tenant = caller.tenant(users=10)
    asker = caller.as_app(tenant)
    people = [it["id"] for it in caller.world.users(tenant["id"])]
    first = asker.found("/users?$top=4&$select=id")
    caller.world.remove_user(tenant["id"], people[1])
    caller.world.remove_user(tenant["id"], people[6])
    added = caller.world.add_user(tenant["id"], displayName="Late Comer")["id"]

    rest = [it["id"] for it in asker.rows(first["@odata.nextLink"])]

    assert rest == [*people[4:6], *people[7:], added]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("accountEnabled eq false", lambda it: it["accountEnabled"] is False),
        ("userType eq 'guest'", lambda it: it["userType"] == "Guest"),
        ("not(userType eq 'Guest')", lambda it: it["userType"] != "Guest"),
        ("accountEnabled eq true and usageLocation eq 'us'", lambda it: it["accountEnabled"] and it["usageLocation"]),
        ("usageLocation eq null or accountEnabled eq false",
         lambda it: not (it["usageLocation"] and it["accountEnabled"])),
        ("startswith(displayName,'a')", lambda it: it["displayName"].startswith("A")),
        ("endswith(mail,'@fabrikam.example')", lambda it: it["mail"].endswith("@fabrikam.example")),
        ("department in ('IT','Sales')", lambda it: it["department"] in {"IT", "Sales"}),
        ("department eq null", lambda it: it["department"] is None),
        ("department ne null", lambda it: it["department"] is not None),
        ("createdDateTime ge 2021-01-01T00:00:00Z", lambda it: it["createdDateTime"] >= "2021"),
        ("(userType eq 'Guest' or department eq 'IT') and accountEnabled eq true",
         lambda it: (it["userType"] == "Guest" or it["department"] == "IT") and it["accountEnabled"]),
        ("displayName eq 'O''Nobody'", lambda _: False),
    ],
)  # fmt: skip
def test_a_filter_keeps_whom_it_names(caller: Caller, text, kept):
    tenant = caller.tenant(users=60)
    asker = caller.as_app(tenant)
    expected = [it["id"] for it in caller.world.users(tenant["id"]) if kept(it)]

    pages = asker.pages(f"/users?$filter={text}&$select=id&$top=7&$count=true", **EVENTUAL)

    assert [row["id"] for page in pages for row in page["value"]] == expected
    assert [page.get("@odata.count") for page in pages] == [len(expected), *[None] * (len(pages) - 1)]


@pytest.mark.parametrize("text", ["department ne null", "not(accountEnabled eq true)", "endswith(mail,'x')"])
def test_some_filters_are_for_advanced_queries_only(caller: Caller, text):
    asker = caller.as_app(caller.tenant())

    assert code_of(asker.get(f"/users?$filter={text}")) == "Request_UnsupportedQuery"
    assert code_of(asker.get(f"/users?$filter={text}", **EVENTUAL)) == "Request_UnsupportedQuery"
    assert asker.get(f"/users?$filter={text}&$count=true", **EVENTUAL).status_code == 200


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/users?$top=0", 400, "Request_UnsupportedQuery"),
        ("/users?$top=1000", 400, "Request_UnsupportedQuery"),
        ("/users?$top=many", 400, "Request_UnsupportedQuery"),
        ("/users?$skip=1", 400, "Request_UnsupportedQuery"),
        ("/users?$search=displayName:a", 400, "Request_UnsupportedQuery"),
        ("/users?$select=nickname", 400, "Request_BadRequest"),
        ("/users?$select=id,aboutMe", 501, "NotImplemented"),
        ("/users?$select=mailboxSettings", 501, "NotImplemented"),
        ("/users?$filter=accountEnabled", 400, "Request_UnsupportedQuery"),
        ("/users?$filter=accountEnabled eq true)", 400, "Request_UnsupportedQuery"),
        ("/users?$filter=accountEnabled has 1", 400, "Request_UnsupportedQuery"),
        ("/users?$skiptoken=rubbish", 400, "Request_BadRequest"),
        ("/users/$count", 400, "Request_BadRequest"),
        ("/users/nobody@nowhere.example", 404, "Request_ResourceNotFound"),
        ("/usurers", 400, "BadRequest"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused(caller: Caller, target, status, code):
    answer = caller.as_app(caller.tenant()).get(target)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_what_microsoft_calls_an_impossible_page_size_is_a_switch(caller: Caller):
    caller.world.switch(page_size_error="Request_BadRequest")
    assert code_of(caller.as_app(caller.tenant()).get("/users?$top=1000")) == "Request_BadRequest"


def test_counting_takes_the_header(caller: Caller):
    asker = caller.as_app(caller.tenant(users=25))

    assert asker.get("/users/$count", **EVENTUAL).text == "25"
    assert asker.get("/users/$count?$filter=userType eq 'Guest'", **EVENTUAL).text == "1"
    assert "@odata.count" not in asker.found("/users?$count=true")


def test_a_user_is_found_by_id_and_by_name(caller: Caller):
    tenant = caller.tenant(users=25)
    asker = caller.as_app(tenant)
    guest = caller.world.users(tenant["id"])[19]

    by_id = asker.found(f"/users/{guest['id']}?$select=id,aboutMe,proxyAddresses")
    by_name = asker.found(f"/users/{tenant['guest'].replace('#', '%23')}")

    assert (by_id["id"], by_id["aboutMe"]) == (guest["id"], None)
    assert by_name["id"] == guest["id"]


def test_an_empty_page_may_come_first(caller: Caller):
    caller.world.switch(empty_first_page=True)
    pages = caller.as_app(caller.tenant(users=5)).pages("/users?$select=id")
    assert [len(page["value"]) for page in pages] == [0, 5]


def test_pages_may_be_small_and_repeat_the_last_of_the_page_before(caller: Caller):
    caller.world.switch(most_on_a_page=10, list_replays=True)
    pages = [
        [it["id"] for it in page["value"]] for page in caller.as_app(caller.tenant(users=30)).pages("/users?$top=999")
    ]

    assert [len(page) for page in pages] == [10, 11, 11]
    assert [page[-1] for page in pages[:-1]] == [page[0] for page in pages[1:]]
    assert len({key for page in pages for key in page}) == 30


def test_a_list_may_come_in_another_order(caller: Caller):
    tenant = caller.tenant(users=25)
    there = [it["id"] for it in caller.as_app(tenant).rows("/users?$top=10")]
    caller.world.switch(lists_backwards=True)

    assert [it["id"] for it in caller.as_app(tenant).rows("/users?$top=10")] == there[::-1]


def test_sign_in_activity_takes_a_licence_and_a_second_permission(caller: Caller):
    premium, plain = caller.tenant("Premium", users=200), caller.tenant("Plain", premium=False)
    wanted = "/users?$select=id,signInActivity&$top=999"

    assert [len(page["value"]) for page in caller.as_app(premium).pages(wanted)] == [120, 80]
    refused = caller.as_app(plain).get(wanted)
    assert (refused.status_code, code_of(refused)) == (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
    caller.world.set_app_roles(premium["id"], "c0ffee00-0000-4000-8000-000000000001", ["User.Read.All"])
    denied = caller.as_app(premium).get(wanted)
    assert (denied.status_code, code_of(denied)) == (403, "Authentication_MSGraphPermissionMissing")


def test_licences_of_a_user_are_told_in_each_form(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_app(tenant)
    person = asker.found(f"/users/{tenant['admin']}?$select=id,assignedLicenses,licenseAssignmentStates,assignedPlans")
    details = asker.found(f"/users/{person['id']}/licenseDetails")["value"]

    held = [it["skuId"] for it in person["assignedLicenses"]]
    assert held
    assert [it["skuId"] for it in person["licenseAssignmentStates"]] == held
    assert [it["skuId"] for it in details] == held
    plans = {plan["servicePlanId"] for it in details for plan in it["servicePlans"]}
    assert {it["servicePlanId"] for it in person["assignedPlans"]} == plans


def test_a_person_reads_herself_only(caller: Caller):
    tenant = caller.tenant()
    asker = caller.as_person(tenant["member"])

    assert asker.found("/me")["userPrincipalName"] == tenant["member"]
    assert asker.get("/users").status_code == 403
    assert asker.get(f"/users/{tenant['admin']}").status_code == 403
    assert caller.as_app(tenant).get("/me").status_code == 400
