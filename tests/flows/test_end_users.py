"""End Users of an Organization: created, changed, merged, moved, erased, and what becomes of their Organization."""

import json
from typing import Any

import pytest

from integrations.domain.ids import AccountId, OrganizationId
from integrations.domain.people.erasure import erasure_hash
from integrations.storage.control import CURRENT
from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.flows.test_export import exported

ACCOUNT = AccountId("acct_northwind")
JANE = {
    "name": "Jane Doe",
    "given_name": "Jane",
    "surname": "Doe",
    "mail": "Jane.Doe@CONTOSO.example",
    "username": "jane@contoso.example",
    "aliases": ["jd@contoso.example", "JD@contoso.example", "jane@bücher.example"],
    "phone": "+1 206 555 0100",
    "mobile_phone": "+1 206 555 0101",
    "job_title": "Dentist",
    "notes": "Rings back\nafter noon.",
    "external_id": "4711",
}


def created(portal: Portal, organization: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "Jane Doe", **fields}
    return dict(portal.ask("POST", f"/organizations/{organization}/end-users", body, expect=201))


def listed(portal: Portal, organization: str) -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/organizations/{organization}/end-users")["items"])


def refused(portal: Portal, method: str, path: str, body: object = None) -> tuple[int, str]:
    answer = portal.call(method, path, body)
    return answer.status, json.loads(answer.body)["code"]


def test_an_end_user_is_created_found_changed_and_listed(portal: Portal) -> None:
    acme = portal.organization()

    answer = portal.call("POST", f"/organizations/{acme}/end-users", JANE)
    jane = json.loads(answer.body)

    assert answer.status == 201
    assert portal.call("GET", answer.headers["Location"].removeprefix("/api")).body == answer.body
    assert {name: jane[name] for name in JANE} == JANE | {
        "mail": "Jane.Doe@contoso.example",
        "aliases": ["JD@contoso.example", "jane@xn--bcher-kva.example"],
    }
    assert (jane["is_active"], jane["keep_active"], jane["managed_fields"]) == (True, False, [])
    changed = portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane Roe", "is_active": False})
    assert (changed["name"], changed["mail"], changed["aliases"]) == ("Jane Roe", None, [])
    assert (changed["inactive_reason"], changed["ignored_fields"]) == ("portal", [])
    assert changed["inactive_since"]
    back = portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane Roe", "keep_active": True})
    assert (back["is_active"], back["inactive_reason"], back["inactive_since"]) == (True, None, None)
    assert portal.ask("GET", f"/organizations/{acme}/end-users") == {
        "items": [{name: it for name, it in back.items() if name != "ignored_fields"}],
        "total": 1,
        "next_cursor": None,
    }


def test_end_users_are_listed_page_by_page_and_found_by_the_portals_id(portal: Portal) -> None:
    acme = portal.organization()
    people = {created(portal, acme, external_id=f"Nr. {number}/ä")["id"] for number in range(5)}

    seen, cursor = [], ""
    while cursor is not None:
        page = portal.ask("GET", f"/organizations/{acme}/end-users?limit=2{f'&cursor={cursor}' if cursor else ''}")
        seen += [it["id"] for it in page["items"]]
        cursor = page["next_cursor"]
        assert page["total"] == 5

    assert seen == sorted(people)
    found = portal.ask("GET", f"/organizations/{acme}/end-users?external_id=Nr.%203%2F%C3%A4")["items"]
    assert [it["external_id"] for it in found] == ["Nr. 3/ä"]
    assert portal.ask("GET", f"/organizations/{acme}/end-users?external_id=other")["items"] == []


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"name": "\u200b \u202e"}, ["/name"]),
        ({"name": ""}, ["/name"]),
        ({"mail": "jane"}, ["/mail"]),
        ({"mail": "jane@localhost"}, ["/mail"]),
        ({"mail": "ja ne@contoso.example"}, ["/mail"]),
        ({"mail": "jane\u202e@contoso.example"}, ["/mail"]),
        ({"username": f"{'j' * 65}@contoso.example", "aliases": ["a@b@"], "external_id": " 1"}, [
            "/username", "/aliases", "/external_id",
        ]),
        ({"mail": f"jane@{'ß' * 300}.example"}, ["/mail"]),
        ({"external_id": "x" * 257}, ["/external_id"]),
        ({"aliases": ["a@contoso.example"] * 51}, ["/aliases"]),
    ],
)  # fmt: skip
def test_values_that_are_not_valid_are_named_all_at_once(
    lasting_portal: Portal, fields: dict[str, Any], pointers: list[str]
) -> None:
    acme = lasting_portal.organization()

    answer = lasting_portal.call("POST", f"/organizations/{acme}/end-users", {"name": "Jane", **fields})

    assert answer.status == 400
    assert [it["pointer"] for it in json.loads(answer.body)["errors"]] == pointers
    assert listed(lasting_portal, acme) == []


def test_an_end_user_with_everything_at_its_longest_is_stored(portal: Portal) -> None:
    acme, wide = portal.organization(), '"' * 256
    longest = {
        **dict.fromkeys(("name", "given_name", "surname", "job_title"), "😀" * 256),
        "phone": '"' * 64,
        "notes": '"' * 2000,
        "external_id": wide,
        "aliases": [f"{number:02d}{'ä' * 62}@contoso.example" for number in range(50)],
    }
    jane = created(portal, acme, **longest)
    for number in range(20):
        other = created(portal, acme, external_id=f"{number:02d}{wide[2:]}")
        portal.ask("POST", f"/end-users/{jane['id']}/merge", {"end_user_id": other["id"]})
    one_more = created(portal, acme, external_id="one more")

    assert len(portal.ask("GET", f"/end-users/{jane['id']}")["merged_external_ids"]) == 20
    path = f"/end-users/{jane['id']}/merge"
    assert refused(portal, "POST", path, {"end_user_id": one_more["id"]}) == (409, "too_many_merged")


def test_an_external_id_belongs_to_one_end_user_of_the_organization(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane, john = created(portal, acme, external_id="1"), created(portal, acme, name="John", external_id="2")
    path = f"/end-users/{john['id']}"

    assert refused(portal, "POST", f"/organizations/{acme}/end-users", {"name": "x", "external_id": "1"}) == (
        409,
        "external_id_taken",
    )
    assert refused(portal, "PUT", path, {"name": "John", "external_id": "1"}) == (409, "external_id_taken")
    created(portal, other, external_id="1")
    portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane", "external_id": "3"})
    portal.ask("PUT", path, {"name": "John", "external_id": "1"})
    created(portal, acme, external_id="2")


def test_a_request_that_changes_nothing_writes_nothing(portal: Portal) -> None:
    acme = portal.organization()
    jane = created(portal, acme, **JANE)
    before = everything(portal)

    same = portal.ask("PUT", f"/end-users/{jane['id']}", JANE)

    assert same["changed_at"] == jane["changed_at"]
    assert everything(portal) == before


def test_two_end_users_who_are_one_person_are_merged(portal: Portal) -> None:
    acme = portal.organization()
    jane = created(portal, acme, mail="jane@contoso.example", external_id="1", notes="First.")
    twin = created(
        portal, acme, name="J. Doe", mail="j.doe@contoso.example", username="JANE@contoso.example",
        aliases=["jd@contoso.example"], phone="1", external_id="2", notes="Second.", keep_active=True,
    )  # fmt: skip

    merged = portal.ask("POST", f"/end-users/{jane['id']}/merge", {"end_user_id": twin["id"]})

    assert (merged["name"], merged["mail"], merged["phone"]) == ("Jane Doe", "jane@contoso.example", "1")
    assert merged["username"] == "JANE@contoso.example"
    assert merged["aliases"] == ["j.doe@contoso.example", "jd@contoso.example"]
    assert (merged["notes"], merged["keep_active"]) == ("First.\nSecond.", True)
    assert (merged["external_id"], merged["merged_external_ids"]) == ("1", ["2"])
    assert portal.call("GET", f"/end-users/{twin['id']}").status == 404
    assert listed(portal, acme) == [merged]
    assert portal.ask("GET", f"/organizations/{acme}/end-users?external_id=2")["items"] == [merged]
    taken = refused(portal, "POST", f"/organizations/{acme}/end-users", {"name": "x", "external_id": "2"})
    assert taken == (409, "external_id_taken")
    portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane", "external_id": "2"})
    created(portal, acme, external_id="1")


def test_only_two_different_end_users_of_one_organization_are_merged(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane, john = created(portal, acme), created(portal, other)
    path = f"/end-users/{jane['id']}/merge"

    assert refused(portal, "POST", path, {"end_user_id": jane["id"]}) == (400, "invalid")
    assert refused(portal, "POST", path, {"end_user_id": john["id"]}) == (409, "other_organization")
    assert refused(portal, "POST", path, {"end_user_id": "eu_" + "a" * 32}) == (404, "not_found")
    assert len(listed(portal, acme)) == len(listed(portal, other)) == 1


def test_who_was_erased_leaves_nothing_but_salted_hashes(portal: Portal) -> None:
    acme = portal.organization()
    personal = {**JANE, "name": "Zaphod Beeblebrox", "mail": "zaphod@contoso.example", "notes": "Two heads."}
    answer = portal.call("POST", f"/organizations/{acme}/end-users", personal, headers={"idempotency-key": "once"})
    path = f"/end-users/{json.loads(answer.body)['id']}"
    portal.ask("PUT", path, {**personal, "name": "Zaphod B."})

    portal.ask("DELETE", path, expect=204)

    assert portal.call("GET", path).status == portal.call("DELETE", path).status == 404
    text = "\n".join(row for _, row in everything(portal)).lower()
    words = ("zaphod", "two heads", "jane@", "jd@contoso", "555 0100", "dentist")
    assert [it for it in words if it in text] == []
    control = portal.services.control(ACCOUNT)
    salt = control.erasure_salts.find(CURRENT)
    marks = {it.value.key for it in control.erasure_marks.list()}
    addresses = ("zaphod@contoso.example", "jane@contoso.example", "jd@contoso.example", "jane@xn--bcher-kva.example")
    assert salt is not None
    assert marks == {erasure_hash(salt.value.salt, f"address:{it}") for it in addresses}
    assert salt.value.salt not in json.dumps(exported(portal))
    bob = portal.called_by("bob")
    other = created(bob, bob.organization(), mail="zaphod@contoso.example")
    bob.ask("DELETE", f"/end-users/{other['id']}", expect=204)
    theirs = portal.services.control(AccountId("acct_southridge"))
    assert marks.isdisjoint(it.value.key for it in theirs.erasure_marks.list())


def test_erasing_needs_no_plan(portal: Portal) -> None:
    jane = created(portal, portal.organization())
    lower = {"authorization": f"Bearer {portal.identity.token('alice', plan='starter')}"}

    assert portal.call("PUT", f"/end-users/{jane['id']}", {"name": "x"}, headers=lower).status == 403
    assert portal.call("DELETE", f"/end-users/{jane['id']}", headers=lower).status == 204


def test_an_organization_with_end_users_says_what_comes_first(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    people = [created(portal, acme) for _ in range(2)]

    answer = portal.call("DELETE", f"/organizations/{acme}")

    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (409, "organization_has_end_users")
    assert "2 End Users" in problem["detail"]
    assert f"/organizations/{acme}/end-users/move" in problem["remedy"]
    portal.ask("POST", f"/organizations/{acme}/end-users/move", {"organization_id": other})
    portal.ask("DELETE", f"/organizations/{acme}", expect=204)
    assert refused(portal, "POST", f"/organizations/{acme}/end-users", {"name": "x"}) == (404, "not_found")
    for person in people:
        assert portal.ask("GET", f"/end-users/{person['id']}")["organization_id"] == other
        portal.ask("DELETE", f"/end-users/{person['id']}", expect=204)
    portal.ask("DELETE", f"/organizations/{other}", expect=204)


def test_moved_end_users_keep_their_ids_wherever_they_go(portal: Portal) -> None:
    first, second, third = (portal.organization(name) for name in ("First", "Second", "Third"))
    jane, john = created(portal, first, external_id="1", name="Jane"), created(portal, first, name="John")

    for source, target in ((first, second), (second, third), (third, first), (first, third)):
        moved = portal.ask(
            "POST",
            f"/organizations/{source}/end-users/move",
            {"organization_id": target, "end_user_ids": [jane["id"]]},
        )
        assert (moved["moved"], moved["not_moved"]) == ([jane["id"]], [])
        assert [it["id"] for it in listed(portal, target) if it["name"] == "Jane"] == [jane["id"]]
        assert jane["id"] not in {it["id"] for it in listed(portal, source)}
        found = portal.ask("GET", f"/end-users/{jane['id']}")
        assert found == {**jane, "organization_id": target}
        assert portal.services.people(ACCOUNT, OrganizationId(target)).moved.find(jane["id"]) is None

    assert moved["remaining"] == 1
    assert [it["id"] for it in listed(portal, first)] == [john["id"]]
    portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane Roe"})
    assert [it["name"] for it in listed(portal, third)] == ["Jane Roe"]


def test_who_cannot_be_moved_stays_and_is_named(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane, john = created(portal, acme, external_id="1"), created(portal, acme, external_id="2")
    created(portal, other, external_id="1")
    absent, path = "eu_" + "a" * 32, f"/organizations/{acme}/end-users/move"

    moved = portal.ask("POST", path, {"organization_id": other, "end_user_ids": [absent, jane["id"], john["id"]]})

    assert moved == {"moved": [john["id"]], "not_moved": [absent, jane["id"]], "remaining": 1}
    assert refused(portal, "POST", path, {"organization_id": acme}) == (400, "invalid")
    assert refused(portal, "POST", path, {"organization_id": "org_" + "a" * 20}) == (404, "not_found")
    portal.ask("DELETE", f"/end-users/{jane['id']}", expect=204)


def test_end_users_survive_unmapping_and_the_removal_of_the_tenant(portal: Portal) -> None:
    tenant = portal.has_tenant()
    integration = portal.integrate(tenant)
    acme = portal.organization()
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": acme})
    jane = created(portal, acme)

    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    portal.remove(integration)
    portal.run_queues()
    portal.later(hours=1)
    portal.tick()

    assert listed(portal, acme) == [jane]


def test_the_export_holds_every_row_of_people(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane, john = created(portal, acme, external_id="1"), created(portal, acme)
    gone = created(portal, acme)
    portal.ask("DELETE", f"/end-users/{gone['id']}", expect=204)
    portal.ask(
        "POST", f"/organizations/{acme}/end-users/move", {"organization_id": other, "end_user_ids": [john["id"]]}
    )
    theirs = portal.called_by("bob")
    created(theirs, theirs.organization("Theirs"), name="Somebody Else")

    rows = exported(portal)

    kinds = {it["kind"] for it in rows}
    assert kinds >= {
        "end_user",
        "external_id",
        "end_user_change",
        "end_user_tombstone",
        "moved_end_user",
        "people_head",
    }
    assert {it["id"] for it in rows if it["kind"] == "end_user"} == {f"{acme}:{jane['id']}", f"{other}:{john['id']}"}
    assert "Somebody Else" not in json.dumps(rows)
    assert [it["value"]["name"] for it in exported(portal, "?kind=end_user")] == ["Jane Doe", "Jane Doe"]


def test_what_is_left_of_people_and_organizations_is_deleted_in_time(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane, john = created(portal, acme), created(portal, acme)
    portal.ask("POST", f"/organizations/{acme}/end-users/move", {"organization_id": other})
    portal.ask("DELETE", f"/organizations/{acme}", expect=204)

    def kinds() -> set[str]:
        people = portal.services.people(ACCOUNT, OrganizationId(acme))
        return {kind.name for kind, _, _ in people.everything()}

    def days_pass(days: int) -> None:
        portal.later(days=days)
        portal.tick()

    for days in (1, 1, 86):  # the first ones seal the audit log, and plan the daily cleaning
        days_pass(days)
    assert kinds() == {"people_head", "end_user_tombstone", "moved_end_user"}
    days_pass(3)
    assert kinds() == {"people_head", "moved_end_user"}
    assert portal.ask("GET", f"/end-users/{jane['id']}")["organization_id"] == other
    for person in (jane, john):
        portal.ask("DELETE", f"/end-users/{person['id']}", expect=204)
    days_pass(2)
    assert kinds() == set()
