"""The feed of an Organization's people: complete, in order, and enough to rebuild them from any point."""

import json
import random
import threading
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.actions.actors import Actor
from integrations.actions.mapping.organizations import create_organization
from integrations.actions.people.end_users import change_end_user, create_end_user, erase_end_user, merge_end_users
from integrations.actions.people.feed import read_feed
from integrations.actions.people.microsoft import shown_people
from integrations.actions.people.move import move_end_users
from integrations.actions.people.push import push_end_users
from integrations.domain.ids import AccountId, EndUserId, OrganizationId
from integrations.domain.people.changes import Position
from integrations.services import Services
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Documents
from integrations.views.people.end_users import EndUserView
from shared.errors import Conflict, NotFound
from tests.exhaustive import IS_FULL
from tests.flows.portal import Portal
from tests.flows.test_end_users import created, listed, refused

ACCOUNT = AccountId("acct_northwind")
ACTOR = Actor(ACCOUNT, "user_alice", "")
People = dict[EndUserId, EndUserView]


def follow(
    services: Services, organization: OrganizationId, people: People, after: Position | None, limit: int
) -> Position:
    """Bring a copy of an Organization's people up to date, page by page; returns the position reached."""
    while True:
        page = read_feed(services, ACCOUNT, organization, after=after, limit=limit)
        for change, person in page.changes:
            people.pop(change.end_user_id, None)
            if person is not None:
                people[person.id] = person
        after = page.position
        if not page.has_more:
            return after


def stored(services: Services, organization: OrganizationId) -> People:
    people = list(services.people(ACCOUNT, organization).end_users.all())
    return {it.id: it for it in shown_people(services, ACCOUNT, people)}


def feed(portal: Portal, organization: str, after: str = "", limit: int = 100) -> dict[str, Any]:
    query = f"?limit={limit}{f'&after={after}' if after else ''}"
    return dict(portal.ask("GET", f"/organizations/{organization}/changes{query}"))


def test_the_feed_tells_what_changed_in_order_and_once(portal: Portal) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    empty = feed(portal, acme)
    jane, john, jim, joe = (created(portal, acme, name=name) for name in ("Jane", "John", "Jim", "Joe"))
    portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane Roe"})
    portal.ask("DELETE", f"/end-users/{john['id']}", expect=204)
    portal.ask("POST", f"/end-users/{jane['id']}/merge", {"end_user_id": jim["id"]})
    portal.ask("POST", f"/organizations/{acme}/end-users/move", {"organization_id": other, "end_user_ids": [joe["id"]]})

    changes = feed(portal, acme, empty["next_after"])

    assert [(it["end_user_id"], it["change"]) for it in changes["items"]] == [
        (john["id"], "deleted"),
        (jim["id"], "merged"),
        (jane["id"], "saved"),
        (joe["id"], "moved"),
    ]
    assert {it["by"] for it in changes["items"]} == {"portal"}
    assert [it["end_user"] for it in changes["items"]] == [None, None, *listed(portal, acme), None]
    assert (changes["items"][1]["merged_into"], changes["items"][3]["moved_to"]) == (jane["id"], other)
    assert [it["end_user"]["name"] for it in feed(portal, other)["items"]] == ["Joe"]
    assert feed(portal, acme, changes["next_after"]) == {
        "items": [],
        "next_after": changes["next_after"],
        "has_more": False,
    }
    assert (empty["items"], changes["has_more"]) == ([], False)


def test_the_feed_is_read_page_by_page(portal: Portal) -> None:
    acme = portal.organization()
    people = [created(portal, acme, name=f"{number}") for number in range(5)]

    seen, after, pages = [], "", 0
    while page := feed(portal, acme, after, limit=2):
        seen += [it["end_user"] for it in page["items"]]
        after, pages = page["next_after"], pages + 1
        if not page["has_more"]:
            break

    assert seen == people
    assert pages == 3


def test_deletions_are_kept_for_ninety_days_and_then_everything_is_read_again(portal: Portal) -> None:
    acme = portal.organization()
    jane, john = created(portal, acme, name="Jane"), created(portal, acme, name="John")
    before = feed(portal, acme, limit=1)
    portal.ask("DELETE", f"/end-users/{jane['id']}", expect=204)
    after = feed(portal, acme)["next_after"]
    for days in (1, 1, 87):
        portal.later(days=days)
        portal.tick()
    assert [it["change"] for it in feed(portal, acme, before["next_after"])["items"]] == ["saved", "deleted"]
    begun_anew = feed(portal, acme, limit=1)
    portal.ask("PUT", f"/end-users/{john['id']}", {"name": "John Roe"})

    portal.later(days=3)
    portal.tick()

    expired = portal.call("GET", f"/organizations/{acme}/changes?after={before['next_after']}")
    assert (expired.status, json.loads(expired.body)["code"]) == (410, "changes_expired")
    assert "90 days" in json.loads(expired.body)["detail"]
    assert [it["end_user"]["name"] for it in feed(portal, acme)["items"]] == ["John Roe"]
    assert [it["end_user"]["name"] for it in feed(portal, acme, after)["items"]] == ["John Roe"]
    assert [it["end_user"]["name"] for it in feed(portal, acme, begun_anew["next_after"])["items"]] == ["John Roe"]


@pytest.mark.parametrize("after", ["-1", "x", "1-", "1-2-3", "12345678901234567", "%00"])
def test_a_position_that_was_never_given_is_refused(lasting_portal: Portal, after: str) -> None:
    acme = lasting_portal.organization()

    assert refused(lasting_portal, "GET", f"/organizations/{acme}/changes?after={after}") == (400, "invalid")
    assert refused(lasting_portal, "GET", f"/organizations/{acme}/changes?after=7") == (410, "changes_expired")


class Steps:
    """Random changes of two Organizations' people, and what was known of the first one at every step."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.here, self.there = (create_organization(services, ACTOR, name, [], None).id for name in ("Here", "There"))
        self.follower: People = {}
        self.position: Position | None = None
        self.known: list[tuple[Position, People]] = []

    def take(self, number: int, kind: str, which: int) -> None:
        people = [*sorted(stored(self.services, self.here)), *sorted(stored(self.services, self.there))]
        with suppress(Conflict):  # such as an external id that is taken
            self._do(kind, f"{which % 5}", [people[(which + it) % len(people)] for it in range(2)] if people else [])
        if number % 3 == 0:
            self.position = follow(self.services, self.here, self.follower, self.position, limit=1 + which % 3)
            self.known.append((self.position, dict(self.follower)))

    def _do(self, kind: str, external_id: str, chosen: list[EndUserId]) -> None:
        services, values = self.services, {"name": f"{kind} {external_id}", "external_id": external_id}
        organization = self.here if int(external_id) % 2 else self.there
        if kind == "push":
            items = [{**values, "external_id": f"{number}"} for number in range(int(external_id) + 1)]
            push_end_users(services, ACTOR, organization, items)
        elif kind == "create" or not chosen:
            create_end_user(services, ACTOR, organization, values)
        elif kind == "change":
            change_end_user(services, ACTOR, chosen[0], values)
        elif kind == "merge" and chosen[0] != chosen[1]:
            merge_end_users(services, ACTOR, chosen[0], chosen[1])
        elif kind == "erase":
            erase_end_user(services, ACTOR, chosen[0])
        elif kind == "move":
            others = (self.here, self.there) if int(external_id) % 2 else (self.there, self.here)
            move_end_users(services, ACTOR, *others, chosen)


KINDS = ("push", "create", "change", "change", "merge", "erase", "move")


@settings(max_examples=6 if IS_FULL else 3, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 99)), min_size=12, max_size=20))
def test_the_feed_rebuilds_the_people_from_any_point(portal: Portal, steps: list[tuple[str, int]]) -> None:
    walk = Steps(portal.services)
    for number, (kind, which) in enumerate(steps):
        walk.take(number, kind, which)
    expected = stored(portal.services, walk.here)

    for position, people in [(None, {}), *walk.known]:
        copy = dict(people)
        follow(portal.services, walk.here, copy, position, limit=2)
        assert copy == expected


def test_no_change_is_missed_while_others_write(portal: Portal) -> None:
    services = portal.services
    acme = create_organization(services, ACTOR, "Acme", [], None).id
    is_over, unexpected = threading.Event(), list[Exception]()

    def write(seed: int) -> None:
        dice = random.Random(seed)
        mine: list[EndUserId] = []
        for number in range(12):
            try:
                if mine and dice.random() < 0.3:
                    erase_end_user(services, ACTOR, mine.pop())
                elif mine and dice.random() < 0.5:
                    change_end_user(services, ACTOR, mine[0], {"name": f"{seed} {number}"})
                else:
                    mine.append(create_end_user(services, ACTOR, acme, {"name": f"{seed} {number}"}).id)
            except VersionConflict:
                continue
            except Exception as error:  # noqa: BLE001 - a thread's error must not be lost
                unexpected.append(error)

    copy: People = {}
    position: Position | None = None
    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(3)]
    for writer in writers:
        writer.start()
    watcher = threading.Thread(target=lambda: [it.join() for it in writers] and is_over.set())
    watcher.start()
    while not is_over.is_set():
        position = follow(services, acme, copy, position, limit=2)
    follow(services, acme, copy, position, limit=2)

    assert unexpected == []
    assert copy == stored(services, acme)
    head = services.people(ACCOUNT, acme).head()
    assert head.count == len(copy)


def test_what_is_written_between_two_reads_of_a_page_comes_with_the_next_one(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = portal.services
    acme = create_organization(services, ACTOR, "Acme", [], None).id
    gone = [create_end_user(services, ACTOR, acme, {"name": name}).id for name in ("Jane", "John", "Jim")]
    copy: People = {}
    position = follow(services, acme, copy, None, limit=10)
    read = Documents.texts

    def others_write(documents: Documents[Any], **bounds: Any) -> dict[str, str]:
        """After the changes were read, and before the tombstones are."""
        rows = read(documents, **bounds)
        if gone:
            create_end_user(services, ACTOR, acme, {"name": "Joe"})
        while gone:
            erase_end_user(services, ACTOR, gone.pop())
        return rows

    monkeypatch.setattr(Documents, "texts", others_write)
    position = follow(services, acme, copy, position, limit=2)
    follow(services, acme, copy, position, limit=2)

    assert [it.name for it in copy.values()] == ["Joe"]
    assert copy == stored(services, acme)


def test_the_feed_of_an_organization_that_is_gone_is_not_found(portal: Portal) -> None:
    acme = create_organization(portal.services, ACTOR, "Acme", [], None).id
    portal.ask("DELETE", f"/organizations/{acme}", expect=204)

    with pytest.raises(NotFound):
        read_feed(portal.services, ACCOUNT, acme, after=None, limit=10)
