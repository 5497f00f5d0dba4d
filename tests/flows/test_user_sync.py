"""The user sync of a tenant, from Microsoft's directory to the API: turned on, edited, held, released, turned off."""

import json
from itertools import pairwise

import pytest

from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.flows.user_sync import UserSync, refusal, with_user_sync

UPN = "userPrincipalName"


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    return with_user_sync(portal)


def changed_by_sync(sync: UserSync) -> list[tuple[str, str]]:
    """Whom the feed names, and who changed them."""
    items = sync.portal.ask("GET", f"/organizations/{sync.organization}/changes")["items"]
    return [(it["end_user"]["name"], it["by"]) for it in items if it["end_user"]]


def test_a_user_sync_is_planned_turned_on_and_makes_an_end_user_of_each_user(sync: UserSync) -> None:
    assert (sync.state()["state"], sync.state()["counts"], sync.people()) == ("off", None, [])

    plan = sync.turn_on()

    assert (plan["counts"]["create"], plan["harmful"], plan["hold_reasons"]) == (3, 0, [])
    state = sync.state()
    assert (state["state"], state["state_label"], state["counts"]["linked"]) == ("synced", "On", 3)
    assert state["synced_at"]
    users = {it["id"]: it for it in sync.world.users(sync.id)}
    assert {it["object_id"] for it in sync.links()} == users.keys()
    for person in sync.people():
        (microsoft,) = person["microsoft"]
        user = users[microsoft["object_id"]]
        assert (person["name"], person["mail"], person["job_title"]) == (
            user["displayName"],
            user["mail"],
            user["jobTitle"],
        )
        assert (microsoft["tenant_id"], microsoft["username"]) == (sync.id, user[UPN])
        assert (microsoft["is_gone"], microsoft["linked_by"]) == (False, "created")
        assert sync.portal.ask("GET", f"/end-users/{person['id']}") == person
    assert {by for _, by in changed_by_sync(sync)} == {"sync"}
    entries = sync.portal.ask("GET", "/audit")["items"]
    actions = {it["action"]: it for it in entries}
    assert actions["synced users"]["actor"] == "system:sync_users"
    assert actions["synced users"]["after"] == "create: 3"
    assert "turned user sync on" in actions


def test_a_second_run_writes_nothing(sync: UserSync) -> None:
    sync.has_end_user("Somebody Else", mail="else@contoso.example")
    sync.turn_on()
    before = [it for it in everything(sync.portal) if it[0].startswith(("usersync", "people"))]

    sync.run()
    sync.sync()

    assert [it for it in everything(sync.portal) if it[0].startswith(("usersync", "people"))] == before


def test_what_changes_at_microsoft_changes_with_the_next_sync(sync: UserSync) -> None:
    sync.turn_on()
    before = {it["id"] for it in sync.people()}
    first, second, third = sync.world.users(sync.id)
    sync.world.change_user(sync.id, first["id"], displayName="Jane Doe", jobTitle="Chief")
    sync.world.remove_user(sync.id, second["id"])
    sync.world.change_user(sync.id, third["id"], accountEnabled=False)

    sync.sync()

    assert {it["id"] for it in sync.people()} == before
    people = {it["microsoft"][0]["object_id"]: it for it in sync.people()}
    assert (people[first["id"]]["name"], people[first["id"]]["job_title"]) == ("Jane Doe", "Chief")
    assert (people[second["id"]]["is_active"], people[second["id"]]["inactive_reason"]) == (False, "deleted")
    assert people[second["id"]]["microsoft"][0]["is_gone"] is True
    assert (people[third["id"]]["is_active"], people[third["id"]]["inactive_reason"]) == (False, "disabled")
    assert people[third["id"]]["inactive_since"]
    assert sync.state()["counts"] == {
        "linked": 3, "active": 1, "inactive": 2, "undone": 0, "queued": 0, "later": 0, "unrouted": 0,
    }  # fmt: skip
    assert [it["object_id"] for it in sync.links("&only=gone")] == [second["id"]]
    assert len(sync.links("&only=inactive")) == 2
    assert [it["name"] for it in sync.links("&q=jane%20d")] == ["Jane Doe"]

    sync.world.restore_user(sync.id, second["id"])
    sync.world.change_user(sync.id, third["id"], accountEnabled=True)
    sync.sync()

    assert all(it["is_active"] and it["inactive_reason"] is None for it in sync.people())


def test_a_field_that_microsoft_manages_is_not_the_portals_while_the_sync_is_on(sync: UserSync) -> None:
    sync.turn_on()
    person = sync.people()[0]
    path = f"/end-users/{person['id']}"
    assert "name" in person["managed_fields"]

    saved = sync.portal.ask("PUT", path, {**_fields(person), "name": "Mine", "notes": "Rings back."})
    assert (saved["name"], saved["notes"], saved["ignored_fields"]) == (person["name"], "Rings back.", ["name"])

    sync.turn_off()

    assert sync.state()["state"] == "off"
    assert sync.portal.ask("GET", path)["managed_fields"] == []
    assert sync.portal.ask("PUT", path, {**_fields(person), "name": "Mine"})["name"] == "Mine"
    assert len(sync.links()) == 3
    sync.world.change_user(sync.id, person["microsoft"][0]["object_id"], displayName="Theirs")
    sync.sync()
    assert sync.portal.ask("GET", path)["name"] == "Mine"

    sync.turn_on()
    assert sync.portal.ask("GET", path)["name"] == "Theirs"


def _fields(person: dict) -> dict:
    names = (
        "name", "given_name", "surname", "mail", "username", "aliases", "phone", "mobile_phone", "job_title", "notes",
        "external_id", "is_active", "keep_active",
    )  # fmt: skip
    return {name: person[name] for name in names}


def test_settings_need_the_hash_of_a_plan_that_somebody_has_seen(sync: UserSync) -> None:
    settings = sync.settings()

    assert refusal(sync.put(settings)) == (409, "plan_needed")
    assert refusal(sync.put(settings, "0" * 64)) == (409, "plan_changed")
    plan = sync.plan(settings)
    other = sync.settings(mail_required=False)
    answer = sync.put(other, plan["plan_hash"])
    assert refusal(answer) == (409, "plan_changed")
    fresh = json.loads(answer.body)["plan"]
    assert fresh["plan_hash"] != plan["plan_hash"]
    assert fresh["counts"] == plan["counts"]
    sync.portal.later(hours=25)
    assert refusal(sync.put(settings, plan["plan_hash"])) == (409, "plan_changed")
    assert sync.put(settings, sync.plan(settings)["plan_hash"]).status == 200
    authority = sync.settings(authority={"phone": "portal"})
    assert sync.put(authority).status == 200
    assert sync.state()["settings"]["authority"]["phone"] == "portal"
    assert refusal(sync.put(sync.settings(licensed_only=True))) == (409, "plan_needed")


def test_settings_that_were_changed_meanwhile_are_not_overwritten(sync: UserSync) -> None:
    settings, plan = sync.settings(), sync.plan()
    first = sync.portal.call("GET", sync.path)
    body = {"settings": settings, "plan_hash": plan["plan_hash"]}

    assert refusal(sync.portal.call("PUT", sync.path, body)) == (428, "if_match_needed")
    answer = sync.put(settings, plan["plan_hash"], first.headers["ETag"])
    assert answer.status == 200
    assert refusal(sync.put(settings, plan["plan_hash"], first.headers["ETag"])) == (412, "changed_since_read")
    sync.portal.run_queues()
    sync.portal.later(hours=1)
    assert sync.put(settings, plan["plan_hash"], answer.headers["ETag"]).status == 200  # a run is no other's change
    assert refusal(sync.portal.call("DELETE", sync.path, headers={"if-match": first.headers["ETag"]})) == (
        412,
        "changed_since_read",
    )
    sync.turn_off()


def test_settings_that_make_no_sense_are_refused_with_every_reason(sync: UserSync) -> None:
    settings = {"organizations": [{"organization_id": "org_" + "a" * 20, "filter": {"user_types": []}}]}

    answer = sync.portal.call("POST", f"{sync.path}/plan", {"settings": settings})

    assert answer.status == 400
    assert [it["pointer"] for it in json.loads(answer.body)["errors"]] == [
        "/settings/organizations/0/organization_id",
        "/settings/organizations/0/filter/user_types",
    ]


def test_the_plan_tells_which_filters_would_take_somebody_too_and_who_has_the_same_address(sync: UserSync) -> None:
    """5, 32, 39: also that a value is cut."""
    organization = next(it for it in sync.portal.ask("GET", "/organizations")["items"] if it["id"] == sync.organization)
    body = {"name": "Branch", "syncro_tenant_id": organization["syncro_tenant_id"]}
    branch = sync.portal.ask("POST", "/organizations", body, expect=201)["id"]
    sync.has_user("Sally Sales", department="Sales", mobilePhone="+47 " + "1" * 80)
    mail = f"sally.sales@{sync.tenant['domain']}"
    sync.has_end_user("Sally Sales", mail=mail)
    sync.has_end_user("Sally Elsewhere", branch, mail=mail)
    sync.sync()
    sales = {"department": {"include": [{"value": "Sales"}]}}
    settings = {"organizations": [{"organization_id": sync.organization, "filter": sales}, {"organization_id": branch}]}

    examples = sync.plan(settings)["examples"]

    (linked,) = examples["link"]
    assert (linked["also_matches"], linked["same_address_in"]) == (["Branch"], ["Branch"])
    assert {it["field"]: it["note"] for it in linked["fields"]}["mobile_phone"] == "cut"
    assert {tuple(it["also_matches"]) for it in examples["create"]} == {()}


def test_vanished_users_hurt_nobody_before_microsoft_says_so_twice(portal: Portal) -> None:
    """A34: 0 users after many."""
    sync = with_user_sync(portal, users=30)
    sync.turn_on()
    for user in sync.world.users(sync.id)[1:]:
        sync.world.remove_user(sync.id, user["id"], permanently=True, in_delta=False)
    sync.world.expire_delta_tokens(sync.id)

    sync.sync()

    assert all(it["is_active"] for it in sync.people())
    assert sync.state()["state"] == "synced"
    sync.sync()
    assert all(it["is_active"] for it in sync.people())
    assert sync.state()["state"] == "held"


def test_a_question_is_asked_decided_and_not_asked_again(sync: UserSync) -> None:
    john = sync.has_end_user("Jane Doe", mail="old@other.example")
    object_id = sync.has_user("Jane Doe")
    sync.turn_on()
    sync.sync()

    (question,) = sync.questions()

    assert (question["kind"], question["question"], question["is_later"]) == ("name_only", "identity", False)
    assert (question["user"]["object_id"], question["user"]["name"]) == (object_id, "Jane Doe")
    assert question["choices"] == ["link", "create", "ignore", "later"]
    (candidate,) = question["candidates"]
    assert (candidate["end_user"]["id"], candidate["because"], candidate["linked_to"]) == (john, ["name"], None)
    assert sync.portal.row(sync.tenant)["user_sync"]["label"] == "1 to decide"
    later = sync.decide(question, "later")
    assert later is not None
    assert later["is_later"] is True
    assert sync.questions("&only=open") == []
    assert [it["id"] for it in sync.questions("&only=later")] == [question["id"]]
    assert sync.portal.row(sync.tenant)["user_sync"] is None

    assert sync.decide(question, "link", end_user_id=john) is None

    assert sync.questions() == []
    assert sync.person("Jane Doe")["id"] == john
    (link,) = sync.links("&q=Jane")
    assert (link["object_id"], link["linked_by"]) == (object_id, "decision")
    sync.sync()
    assert sync.questions() == []
    path = f"{sync.path}/queue/{question['id']}/decision"
    assert refusal(sync.portal.call("POST", path, {"choice": "ignore"})) == (404, "question_gone")


def test_only_what_can_be_decided_is(sync: UserSync) -> None:
    sync.has_end_user("Jane Doe", mail="old@other.example")
    sync.has_user("Jane Doe")
    sync.turn_on()
    sync.sync()
    path = f"{sync.path}/queue/{sync.questions()[0]['id']}/decision"
    elsewhere = sync.has_end_user("Jane Doe", sync.portal.organization("Elsewhere"))

    assert sync.portal.call("POST", path, {"choice": "move"}).status == 400
    assert sync.portal.call("POST", path, {"choice": "link"}).status == 400
    assert sync.portal.call("POST", path, {"choice": "link", "end_user_id": elsewhere}).status == 400
    assert sync.kinds() == ["name_only"]


def test_a_link_that_was_undone_is_not_made_again(sync: UserSync) -> None:
    sync.turn_on()
    link = sync.links()[0]

    path = f"{sync.path}/links/{link['object_id']}"
    sync.portal.ask("DELETE", path, expect=204)
    sync.portal.run_queues()
    sync.sync()

    person = sync.portal.ask("GET", f"/end-users/{link['end_user']['id']}")
    assert (person["microsoft"], person["managed_fields"], person["is_active"]) == ([], [], True)
    assert sync.state()["counts"]["undone"] == 1
    (undone,) = sync.links("&only=undone")
    assert (undone["object_id"], undone["end_user"]) == (link["object_id"], None)
    assert sync.state()["skipped"] == {"ignored": 1}
    assert len(sync.people()) == 3
    sync.portal.ask("DELETE", path, expect=204)
    missing = sync.portal.call("DELETE", f"{sync.path}/links/99999999-9999-4999-8999-999999999999")
    assert missing.status == 404


def test_who_was_erased_is_not_made_again_and_leaves_nothing(sync: UserSync) -> None:
    zaphod = sync.has_user("Zaphod Beeblebrox")
    sync.turn_on()
    sync.sync()
    person = sync.person("Zaphod Beeblebrox")

    sync.portal.ask("DELETE", f"/end-users/{person['id']}", expect=204)
    rows = [row for kind, row in everything(sync.portal) if kind.startswith(("usersync", "people"))]
    assert [it for it in rows if "zaphod" in it.lower() or zaphod in it] == []
    sync.world.change_user(sync.id, zaphod, jobTitle="President")
    sync.sync()

    assert [it["name"] for it in sync.people() if "Zaphod" in it["name"]] == []
    assert sync.state()["skipped"] == {"erased": 1}
    rows = [row for kind, row in everything(sync.portal) if kind.startswith(("usersync", "people"))]
    assert [it for it in rows if "zaphod" in it.lower() or zaphod in it] == []


@pytest.mark.parametrize("moves", [1, 2, 3])
def test_who_was_moved_and_then_erased_leaves_nothing_where_the_link_is(sync: UserSync, moves: int) -> None:
    zaphod = sync.has_user("Zaphod Beeblebrox")
    sync.sync()
    sync.turn_on()
    person, places = sync.person("Zaphod Beeblebrox"), [sync.organization]
    places += [sync.portal.organization(f"Other {number}") for number in range(2)] + [sync.organization]
    for source, target in list(pairwise(places))[:moves]:
        body = {"organization_id": target, "end_user_ids": [person["id"]]}
        moved = sync.portal.ask("POST", f"/organizations/{source}/end-users/move", body)
        assert moved["moved"] == [person["id"]]

    sync.portal.ask("DELETE", f"/end-users/{person['id']}", expect=204)

    assert _kept_of(sync, zaphod) == []
    sync.world.change_user(sync.id, zaphod, jobTitle="President")
    sync.sync()
    assert [it["name"] for it in sync.people() if "Zaphod" in it["name"]] == []
    assert sync.state()["skipped"] == {"erased": 1}


def test_who_is_erased_while_links_are_frozen_leaves_nothing(sync: UserSync) -> None:
    zaphod = sync.has_user("Zaphod Beeblebrox")
    sync.sync()
    sync.turn_on()
    person = sync.person("Zaphod Beeblebrox")
    sync.portal.ask("DELETE", f"/tenants/{sync.id}/mapping", expect=204)

    sync.portal.ask("DELETE", f"/end-users/{person['id']}", expect=204)

    assert _kept_of(sync, zaphod) == []


def _kept_of(sync: UserSync, object_id: str) -> list[str]:
    rows = [row for kind, row in everything(sync.portal) if kind.startswith(("usersync", "people"))]
    return [it for it in rows if "zaphod" in it.lower() or object_id in it]


def test_filters_are_chosen_from_what_users_have(sync: UserSync) -> None:
    first, second, _ = sync.world.users(sync.id)
    sync.world.change_user(sync.id, first["id"], department="Sales ", officeLocation="Berlin")
    sync.world.change_user(sync.id, second["id"], department="sales", officeLocation=None)
    group = sync.world.add_group(sync.id, "All of them", [first["id"], second["id"]])
    sync.sync()

    choices = sync.portal.ask("GET", f"{sync.path}/choices")

    assert {"value": "Sales", "people": 2} in choices["departments"]
    assert {"id": group, "name": "All of them", "people": 2} in choices["groups"]
    assert choices["domains"] == [{"value": sync.tenant["domain"], "people": 3}]
    assert choices["as_of"]


def test_a_tenant_that_is_not_mapped_has_no_user_sync(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)

    assert refusal(portal.call("GET", f"/tenants/{tenant['id']}/user-sync")) == (409, "not_mapped")
    assert portal.ask("GET", f"/tenants/{tenant['id']}")["user_sync"] is None
