"""A portal that keeps its people itself pushes them, and gets a result for each."""

import json
from typing import Any

import pytest

from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.flows.test_end_users import created, listed


def push(portal: Portal, organization: str, *items: dict[str, Any]) -> dict[str, Any]:
    return dict(portal.ask("POST", f"/organizations/{organization}/end-users/bulk", {"items": items}))


def results(pushed: dict[str, Any]) -> list[str]:
    return [it["result"] for it in pushed["items"]]


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {"external_id": f"{number}", "name": f"Person {number}", **fields}


def test_people_are_created_once_and_then_only_changed(portal: Portal) -> None:
    acme = portal.organization()
    items = [person(number, mail=f"p{number}@contoso.example") for number in range(70)]

    first = push(portal, acme, *items)
    before = everything(portal)
    again = push(portal, acme, *items)
    after = everything(portal)
    items[7] |= {"mail": None}
    changed = push(portal, acme, *items)

    assert (first["created"], again["unchanged"]) == (70, 70)
    assert after == before
    assert (changed["updated"], changed["unchanged"], results(changed)[7]) == (1, 69, "updated")
    assert [it["end_user_id"] for it in first["items"]] == [it["end_user_id"] for it in changed["items"]]
    people = {it["external_id"]: it for it in listed(portal, acme)}
    assert people.keys() == {f"{number}" for number in range(70)}
    assert (people["7"]["mail"], people["8"]["mail"]) == (None, "p8@contoso.example")
    assert portal.ask("GET", f"/organizations/{acme}/end-users")["total"] == 70


def test_a_field_that_is_left_out_stays_as_it_is(portal: Portal) -> None:
    acme = portal.organization()
    jane = created(portal, acme, external_id="1", phone="1", notes="Kept.", keep_active=True)

    push(portal, acme, {"external_id": "1", "phone": "2", "is_active": False})

    found = portal.ask("GET", f"/end-users/{jane['id']}")
    assert {name for name in jane if jane[name] != found[name]} <= {
        "phone", "is_active", "inactive_reason", "inactive_since", "changed_at",
    }  # fmt: skip
    assert (found["phone"], found["is_active"]) == ("2", False)


def test_an_item_that_is_not_valid_costs_only_itself(portal: Portal) -> None:
    acme = portal.organization()

    pushed = push(
        portal, acme, person(1), person(2, mail="nobody", aliases=["x"]), {"external_id": "3"}, person(4), person(4),
        person(5, name="\u200b"), {"external_id": " 6", "name": "x"},
    )  # fmt: skip

    assert results(pushed) == ["created", *["rejected"] * 6]
    assert (pushed["created"], pushed["rejected"]) == (1, 6)
    assert [[it["pointer"] for it in item["errors"]] for item in pushed["items"]] == [
        [],
        ["/items/1/mail", "/items/1/aliases"],
        ["/items/2/name"],
        ["/items/3/external_id"],
        ["/items/4/external_id"],
        ["/items/5/name"],
        ["/items/6/external_id"],
    ]
    assert [it["external_id"] for it in listed(portal, acme)] == ["1"]


def test_who_was_merged_is_not_created_again(portal: Portal) -> None:
    acme = portal.organization()
    push(portal, acme, person(1), person(2))
    one, two = sorted(listed(portal, acme), key=lambda it: str(it["external_id"]))
    portal.ask("POST", f"/end-users/{one['id']}/merge", {"end_user_id": two["id"]})

    pushed = push(portal, acme, person(1), person(2, name="Twin"))

    assert results(pushed) == ["unchanged", "merged"]
    assert {it["end_user_id"] for it in pushed["items"]} == {one["id"]}
    assert [it["name"] for it in listed(portal, acme)] == ["Person 1"]


def test_two_megabytes_are_read_and_no_more(portal: Portal) -> None:
    acme = portal.organization()
    path, many = f"/organizations/{acme}/end-users/bulk", [person(it, notes="x" * 1900) for it in range(1000)]

    pushed = push(portal, acme, *many)
    too_many = portal.call("POST", path, {"items": [*map(person, range(1000)), {}, {}]})
    too_large = portal.call("POST", path, {"items": [person(1, notes="x" * 2**21)]})
    elsewhere = portal.call("POST", f"/organizations/{acme}/end-users", {"name": "x" * 70_000})

    assert pushed["created"] == 1000
    assert (too_many.status, too_large.status, elsewhere.status) == (400, 413, 413)
    assert json.loads(too_many.body)["errors"] == [{"pointer": "/items", "detail": "at most 1000 items"}]
    assert json.loads(portal.call("POST", path, {"items": []}).body)["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"items":[' + b"{}," * 600_000 + b"{}]}",
        b'{"items":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
        b'{"items":[' + b'{"external_id":1,"x":2},' * 80_000 + b"1]}",
        b'{"items":[{' + b",".join(b'"%d":1' % number for number in range(150_000)) + b"}]}",
    ],
    ids=["many empty items", "deep", "wrong items", "unknown fields"],
)
def test_a_tortured_bulk_is_refused_in_few_words(lasting_portal: Portal, body: bytes) -> None:
    acme = lasting_portal.organization()
    headers = {"authorization": f"Bearer {lasting_portal.identity.token('alice')}", "content-type": "application/json"}

    answer = lasting_portal.host.call_http(
        "POST", f"/api/organizations/{acme}/end-users/bulk", headers=headers, body=body
    )

    assert answer.status == 400
    assert len(json.loads(answer.body).get("errors", [])) <= 100
    assert len(answer.body) < 20_000
