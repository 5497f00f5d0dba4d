"""The promises of the user sync and of asset links can be broken: each is shown a run that breaks exactly that one."""

import json
from typing import Any

import pytest

from integrations.domain.ids import OrganizationId, TenantId, end_user_id_for
from tests.faults.lab import asset_promises, promises
from tests.faults.lab.asset_promises import AssetState, Fleet
from tests.faults.lab.promises import State, Told
from tests.stored import Store

ACCOUNT, TENANT, ORG, BRANCH = "acct_northwind", "t1", "org_one", "org_two"
MADE = end_user_id_for(OrganizationId(ORG), TenantId(TENANT), "u2", "0")
USERS = {
    "u1": {"id": "u1", "mail": "ann@one.example", "accountEnabled": True, "employeeId": "7"},
    "u2": {"id": "u2", "mail": "bob@one.example", "accountEnabled": True},
}
EVERYBODY = {"department": {"include": []}, "group": {"include": []}}
SETTINGS = {"organizations": [{"organization_id": ORG, "filter": EVERYBODY}], "moves_by_itself": False}

Rows = dict[str, dict[str, Any]]

ON: Rows = {"user_sync_head:current": {"is_on": True}}


def store(people: dict[str, Rows], **tables: Rows) -> Store:
    def rows(documents: Rows, partition: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {(partition, key): {"body": json.dumps(it)} for key, it in documents.items()}

    found = {
        key: it for organization, own in people.items() for key, it in rows(own, f"{ACCOUNT}|{organization}").items()
    }
    lasting = {name: rows(documents, f"{ACCOUNT}|{TENANT}|lasting") for name, documents in tables.items()}
    return Store({"people": found, **lasting})


def person(key: str = "eu_ann", **values: Any) -> Rows:
    return {f"end_user:{key}": {"id": key, "name": "Ann", "mail": "ann@one.example", **values}}


def link(object_id: str = "u1", key: str | None = "eu_ann", by: str = "mail", **values: Any) -> Rows:
    found = {"object_id": object_id, "end_user_id": key, "linked_by": by, "organization_id": ORG, **values}
    return {f"user_link:{object_id}": found}


def decision(question: str, **values: Any) -> Rows:
    return {f"user_sync_decision:{question}.u1": {"object_id": "u1", "question": question, **values}}


def question(kind: str, **values: Any) -> Rows:
    return {f"user_sync_question:{kind}.u1": {"item": {"kind": kind, "subject": "u1", **values}}}


def told(before: tuple[dict[str, Rows], Rows], after: tuple[dict[str, Rows], Rows], **more: Any) -> list[str]:
    first, second = (State(store(people, usersync={**ON, **rows}), TENANT) for people, rows in (before, after))
    known = {"users": USERS, "settings": SETTINGS, "purposes": {}, **more}
    return list(promises.broken_promises(first, second, Told(TENANT, **known)))


IGNORED = decision("identity", choice="ignore")
QUIET = ({ORG: person()}, link())
NOBODY = ({ORG: person()}, Rows())
OTHER_MAIL = person(mail="x@one.example")
WOULD_MOVE = question("would_move", organization_id=ORG)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (QUIET, QUIET),
        (NOBODY, QUIET),
        (({}, Rows()), ({ORG: person(MADE)}, link("u2", MADE, "created"))),
        (({ORG: person()}, link("u9", employee_id="7")), ({ORG: person()}, link(by="rehire"))),
        (
            ({ORG: person()}, {**link(), **decision("organization", choice="move", organization_id=BRANCH)}),
            ({BRANCH: person()}, {**link(), **decision("organization", choice="move", organization_id=BRANCH)}),
        ),
    ],
)
def test_a_run_that_keeps_its_promises_breaks_none(before: Any, after: Any) -> None:
    assert told(before, after) == []


@pytest.mark.parametrize(
    ("broken", "before", "after"),
    [
        ("is gone", QUIET, ({}, Rows())),
        ("became blank", QUIET, ({ORG: person(mail=None)}, link())),
        ("moved to", QUIET, ({BRANCH: person()}, link())),
        ("moved back", ({BRANCH: person()}, {**link(), **decision("organization", choice="move", organization_id=ORG)}),
         ({ORG: person()}, {**link(), **decision("organization", choice="move", organization_id=ORG)})),
        ("as deleted, and is there", QUIET, ({ORG: person(is_active=False, inactive_reason="deleted")}, link())),
        ("as disabled, and is not", QUIET, ({ORG: person(is_active=False, inactive_reason="disabled")}, link())),
        ("as unrouted", QUIET, ({ORG: person(is_active=False, inactive_reason="unrouted")}, link())),
        ("as room, and its mailbox", QUIET, ({ORG: person(is_active=False, inactive_reason="room")}, link())),
        ("is kept active", ({ORG: person(keep_active=True)}, link()),
         ({ORG: person(keep_active=True, is_active=False, inactive_reason="disabled")}, link())),
        ("is linked to nobody", NOBODY, ({ORG: person(is_active=False, inactive_reason="deleted")}, Rows())),
        ("the portal had made inactive", ({ORG: person(is_active=False, inactive_reason="portal")}, link()), QUIET),
        ("share no address", ({ORG: OTHER_MAIL}, Rows()), ({ORG: OTHER_MAIL}, link())),
        ("as the same person", NOBODY, ({ORG: person()}, link(by="rehire"))),
        ("was made for another", NOBODY, ({ORG: person()}, link(by="created"))),
        ("and decided is", NOBODY, ({ORG: person()}, link(by="decision"))),
        ("had undone a link", ({ORG: person()}, link(key=None, undone=["eu_ann"])), QUIET),
        ("and is gone", NOBODY, ({ORG: person()}, link("u9"))),
        ("is forgotten", ({ORG: person()}, {**link(), **decision("mail", choice="ignore")}), QUIET),
        ("who is eu_ann", QUIET, ({ORG: person()}, {**link(), **question("name_only")})),
        ("who is where it was accepted", QUIET, ({ORG: person()}, {**link(), **WOULD_MOVE})),
        ("about u9, who is gone", QUIET, ({ORG: person()}, {**link(), **question("name_only", subject="u9")})),
        ("whom somebody ignored", QUIET, ({ORG: person()}, {**IGNORED, **question("name_only")})),
        ("who may be", QUIET, ({ORG: person()}, question("name_only", candidates=[{"end_user_id": "eu_gone"}]))),
        ("as nobody has", QUIET, ({ORG: person()}, {**link(), **question("email_taken", mail="ann@one.example")})),
        ("failed", QUIET, ({ORG: person()}, {**link(), "user_sync_head:current": {"failure": {}}})),
    ],
)  # fmt: skip
def test_each_promise_of_the_user_sync_is_seen_to_be_broken(broken: str, before: Any, after: Any) -> None:
    (found,) = told(before, after)

    assert broken in found


def test_an_address_that_two_users_are_to_have_is_asked_about_although_nobody_has_it() -> None:
    asked = question("email_taken", mail="ann@one.example", rivals=["u2"])

    assert list(told(QUIET, ({ORG: person()}, {**link(), **asked}))) == []


FLEET = Fleet(
    {"d1": {"deviceId": "e1", "owner": "u1"}, "d2": {"deviceId": "e2", "owner": "u2"}},
    {"m1": {"id": "m1", "azureADDeviceId": "e1", "serialNumber": "5cd 1", "userId": "u1"}},
)
ASSETS = {f"asset:{it}": {"id": it, "serial": "5CD1"} for it in ("a1", "a2")}


def linked(asset: str = "a1", device: str = "d1", how: str = "serial", **values: Any) -> Rows:
    return {f"asset_status:{asset}": {"asset_id": asset, "link": {"device_id": device, "how": how, **values}}}


def belongs(end_user: str | None, by: str = "microsoft") -> Rows:
    return {"asset_assignment:a1": {"assignment": {"end_user_id": end_user, "by": by}}}


def told_of_assets(before: tuple[Rows, Rows], after: tuple[Rows, Rows], organization: str = ORG) -> list[str]:
    def state(assets: Rows, links: Rows) -> AssetState:
        people = {ORG: {**ASSETS, **assets}}
        people[organization] = {**people.get(organization, {}), **person(), **person("eu_bob")}
        return AssetState(store(people, assetlinks=links, usersync={**link(), **link("u2", "eu_bob")}), TENANT)

    return list(asset_promises.broken_promises(state(*before), state(*after), FLEET))


NO_ROWS: tuple[Rows, Rows] = ({}, {})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NO_ROWS, ({}, linked())),
        (NO_ROWS, (belongs("eu_ann"), linked())),
        (NO_ROWS, ({}, {**linked(how="manual"), **linked("a2", how="manual")})),
    ],
)
def test_a_run_that_keeps_its_promises_about_assets_breaks_none(before: Any, after: Any) -> None:
    assert told_of_assets(before, after) == []


@pytest.mark.parametrize(
    ("broken", "before", "after", "organization"),
    [
        ("is [('a1', 'serial'), ('a2', 'serial')]", NO_ROWS, ({}, {**linked(), **linked("a2")}), ORG),
        ("is [('a1', 'manual'), ('a2', 'serial')]", NO_ROWS, ({}, {**linked(how="manual"), **linked("a2")}), ORG),
        ("by serial", NO_ROWS, ({}, linked(device="d2")), ORG),
        ("by name", NO_ROWS, ({}, linked(how="name")), ORG),
        ("is out of use", ({"asset:a1": {"id": "a1", "serial": "5CD1", "is_archived": True}}, {}),
         ({"asset:a1": {"id": "a1", "serial": "5CD1", "is_archived": True}}, linked()), ORG),
        ("and belongs to nobody", (belongs("eu_ann"), {}), NO_ROWS, ORG),
        ("by hand, and is", (belongs("eu_bob", "manual"), {}), (belongs("eu_ann"), linked()), ORG),
        ("and its device is of", NO_ROWS, (belongs("eu_bob"), linked()), ORG),
        ("who is in org_two", NO_ROWS, (belongs("eu_ann"), linked()), BRANCH),
        ("is forgotten", ({}, {"undone_asset_link:a1.d1": {"asset_id": "a1"}}), NO_ROWS, ORG),
        ("was {'id': 'a1'", NO_ROWS, ({"asset:a1": {"id": "a1", "serial": None}}, {}), ORG),
        ("linking failed", NO_ROWS, ({}, {"asset_links_head:current": {"failure": {}}}), ORG),
    ],
)  # fmt: skip
def test_each_promise_about_assets_is_seen_to_be_broken(
    broken: str, before: Any, after: Any, organization: str
) -> None:
    (found,) = told_of_assets(before, after, organization)

    assert broken in found
