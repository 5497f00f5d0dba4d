"""Delta queries of the simulated Graph: everything once, then what changed, until the token ends."""

import pytest

from tests.local.microsoft.caller import Caller, code_of

WEEK_S = 7 * 86400


def changes(asker, link):
    """Rows of a round and the link to the next one."""
    pages = asker.pages(link)
    assert all(("@odata.deltaLink" in page) == (page is pages[-1]) for page in pages)
    return [row for page in pages for row in page["value"]], pages[-1]["@odata.deltaLink"]


@pytest.fixture
def tenant(caller: Caller):
    return caller.tenant(users=30, devices=12)


@pytest.fixture
def asker(caller: Caller, tenant):
    return caller.as_app(tenant)


@pytest.mark.parametrize("path", ["/users/delta", "/users/delta()", "/users/microsoft.graph.delta", "/devices/delta"])
def test_the_first_round_tells_everything(caller: Caller, asker, path):
    caller.world.switch(delta_page_size=7)
    rows, link = changes(asker, path)

    listed = asker.rows(f"/{path.split('/')[1]}?$select=id")
    assert [it["id"] for it in rows] == [it["id"] for it in listed]
    assert changes(asker, link)[0] == []


def test_properties_that_were_never_set_are_left_out_and_cleared_ones_are_null(caller: Caller, tenant, asker):
    person = next(it for it in caller.world.users(tenant["id"]) if it["department"] and not it["companyName"])
    _, link = changes(asker, "/users/delta?$select=department,companyName")
    caller.world.change_user(tenant["id"], person["id"], department=None)

    assert changes(asker, link)[0] == [{"id": person["id"], "department": None}]


def test_a_round_tells_the_last_state_of_each_once_in_order(caller: Caller, tenant, asker):
    people = [it["id"] for it in caller.world.users(tenant["id"])]
    _, link = changes(asker, "/users/delta?$select=jobTitle")
    caller.world.change_user(tenant["id"], people[3], jobTitle="Chief")
    caller.world.change_user(tenant["id"], people[5], jobTitle="Deputy")
    caller.world.change_user(tenant["id"], people[3], jobTitle="President")
    caller.world.remove_user(tenant["id"], people[7])
    caller.world.remove_user(tenant["id"], people[8], permanently=True)
    added = caller.world.add_user(tenant["id"], jobTitle="New")["id"]

    rows, link = changes(asker, link)

    assert rows == [
        {"id": people[5], "jobTitle": "Deputy"},
        {"id": people[3], "jobTitle": "President"},
        {"id": people[7], "@removed": {"reason": "changed"}},
        {"id": people[8], "@removed": {"reason": "deleted"}},
        {"id": added, "jobTitle": "New"},
    ]
    caller.world.restore_user(tenant["id"], people[7])
    caller.world.remove_user(tenant["id"], added)
    caller.world.remove_user(tenant["id"], added, permanently=True)
    rows, _ = changes(asker, link)
    assert [it["id"] for it in rows] == [people[7], added]
    assert rows[1]["@removed"] == {"reason": "deleted"}


def test_only_changes_of_what_was_selected_count(caller: Caller, tenant, asker):
    person = caller.world.users(tenant["id"])[2]["id"]
    _, link = changes(asker, "/users/delta?$select=jobTitle")
    _, states = changes(asker, "/users/delta?$select=licenseAssignmentStates")
    caller.world.change_user(tenant["id"], person, officeLocation="Elsewhere")
    assert changes(asker, link)[0] == []
    caller.world.change_user(tenant["id"], person, assignedLicenses=[])
    assert changes(asker, states)[0] == [{"id": person, "licenseAssignmentStates": []}]


def test_minimal_answers_hold_what_changed(caller: Caller, tenant, asker):
    person = caller.world.users(tenant["id"])[2]["id"]
    _, link = changes(asker, "/users/delta?$select=jobTitle,displayName")
    caller.world.change_user(tenant["id"], person, displayName="Another Name")

    minimal = asker.found(link, Prefer="return=minimal")["value"]

    assert minimal == [{"id": person, "displayName": "Another Name"}]


def test_what_happens_during_a_round_is_told_by_the_next_one(caller: Caller, tenant, asker):
    caller.world.switch(delta_page_size=2)
    people = [it["id"] for it in caller.world.users(tenant["id"])]
    _, link = changes(asker, "/users/delta?$select=jobTitle")
    for key in people[:5]:
        caller.world.change_user(tenant["id"], key, jobTitle="Before")
    first = asker.found(link)
    caller.world.change_user(tenant["id"], people[0], jobTitle="Meanwhile")
    rest, link = changes(asker, first["@odata.nextLink"])

    assert [it["id"] for it in [*first["value"], *rest]] == people[:5]
    assert changes(asker, link)[0] == [{"id": people[0], "jobTitle": "Meanwhile"}]


def test_latest_begins_from_now(caller: Caller, tenant, asker):
    told = asker.found("/users/delta?$select=jobTitle&$deltatoken=latest")
    person = caller.world.users(tenant["id"])[0]["id"]
    caller.world.change_user(tenant["id"], person, jobTitle="Later")

    assert told["value"] == []
    assert changes(asker, told["@odata.deltaLink"])[0] == [{"id": person, "jobTitle": "Later"}]


def test_a_round_can_be_about_some_people_only(caller: Caller, tenant, asker):
    people = [it["id"] for it in caller.world.users(tenant["id"])]
    wanted = f"id eq '{people[4]}' or id eq '{people[9]}'"
    rows, link = changes(asker, f"/users/delta?$select=jobTitle&$filter={wanted}")
    caller.world.touch_users(tenant["id"], 30)

    assert [it["id"] for it in rows] == [people[4], people[9]]
    assert {it["id"] for it in changes(asker, link)[0]} == {people[4], people[9]}


@pytest.mark.parametrize(("how", "status"), [("410", 410), ("syncStateNotFound", 400), ("resyncRequired", 400)])
@pytest.mark.parametrize("why", ["reset", "a week has passed"])
def test_a_token_that_ended_is_refused(caller: Caller, tenant, asker, how, status, why):
    _, link = changes(asker, "/users/delta?$select=id")
    caller.world.expire_delta_tokens(tenant["id"], how)
    _, fresh = changes(asker, "/users/delta?$select=id")
    if why == "a week has passed":
        caller.world.switch(clock_offset_s=WEEK_S + 1)

    answer = asker.get(fresh if why == "a week has passed" else link)

    assert (answer.status_code, code_of(answer)) == (status, how if how != "410" else "syncStateNotFound")
    if how == "410":
        assert answer.headers["Location"] == f"{caller.microsoft.graph_url}/v1.0/users/delta?$deltatoken="
        assert len(asker.rows(answer.headers["Location"])) == 30


def test_a_page_that_ended_is_refused_in_its_own_way(caller: Caller, tenant, asker):
    caller.world.switch(delta_page_size=10)
    page = asker.found("/users/delta")
    caller.world.expire_delta_tokens(tenant["id"])

    assert code_of(asker.get(page["@odata.nextLink"])) == "Directory_ExpiredPageToken"


def test_replays_and_empty_pages_are_possible(caller: Caller, asker):
    caller.world.switch(delta_page_size=10, empty_first_page=True, delta_replays=True)
    pages = [[it["id"] for it in page["value"]] for page in asker.pages("/users/delta?$select=id")]

    assert [len(page) for page in pages] == [0, 10, 11, 11]
    assert [page[-1] for page in pages[1:3]] == [page[0] for page in pages[2:]]
    assert len({key for page in pages for key in page}) == 30


def test_licence_states_may_not_be_tracked(caller: Caller, asker):
    caller.world.switch(delta_licence_states=False)
    rows, _ = changes(asker, "/users/delta?$select=id,licenseAssignmentStates")
    assert all(row.keys() == {"id"} for row in rows)


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/users/delta?$top=5", 400, "Request_UnsupportedQuery"),
        ("/users/delta?$expand=manager", 400, "Request_UnsupportedQuery"),
        ("/users/delta?$select=nickname", 400, "Request_BadRequest"),
        ("/users/delta?$select=signInActivity", 501, "NotImplemented"),
        ("/users/delta?$filter=accountEnabled eq true", 400, "Request_UnsupportedQuery"),
        ("/users/delta?$filter=" + " or ".join(["id eq 'x'"] * 51), 400, "Request_UnsupportedQuery"),
        ("/users/delta?$deltatoken=rubbish", 400, "Request_BadRequest"),
        ("/users/delta?$deltatoken=e30", 400, "Request_BadRequest"),
        ("/users/delta?$select=id&$skiptoken=x", 400, "Request_UnsupportedQuery"),
    ],
)
def test_a_wrong_question_is_refused(asker, target, status, code):
    answer = asker.get(target)
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_token_of_one_collection_is_no_token_of_another(asker):
    token = asker.found("/users/delta?$deltatoken=latest")["@odata.deltaLink"].partition("=")[2]
    assert code_of(asker.get(f"/devices/delta?$deltatoken={token}")) == "Request_BadRequest"


def test_changes_of_devices_take_the_device_permission(caller: Caller, tenant):
    caller.world.set_app_roles(tenant["id"], "c0ffee00-0000-4000-8000-000000000001", ["Directory.Read.All"])
    asker = caller.as_app(tenant)

    assert asker.get("/devices").status_code == 200
    assert asker.get("/devices/delta").status_code == 403


def test_a_new_group_comes_with_its_first_members(caller: Caller, tenant, asker):
    _, link = changes(asker, "/groups/delta?$select=displayName,members")
    people = [it["id"] for it in caller.world.users(tenant["id"])][:2]
    caller.world.add_group(tenant["id"], "Newcomers", people)

    [row] = changes(asker, link)[0]

    assert (row["displayName"], [it["id"] for it in row["members@delta"]]) == ("Newcomers", people)
