"""What others do meanwhile: moves that were broken off, deletions that came too late, fields that Microsoft manages."""

import json
from typing import Any

import pytest

from integrations.actions.account import Account
from integrations.actions.mapping import organizations
from integrations.actions.people import move
from integrations.actions.people.work import PeopleWork
from integrations.domain.ids import AccountId, EndUserId, OrganizationId
from integrations.storage.control import Control
from shared.storage.tables import StorageUnavailable
from tests.flows.portal import Portal
from tests.flows.test_end_users import created, listed, refused
from tests.flows.test_pushed_people import push, results
from tests.flows.user_sync import with_user_sync

ACCOUNT = AccountId("acct_northwind")


def test_a_field_that_microsoft_manages_is_not_changed_and_is_named(portal: Portal) -> None:
    sync = with_user_sync(portal, users=1)
    acme = sync.organization
    sync.turn_on()
    (jane,) = sync.people()
    managed = {"name": jane["name"], "given_name": jane["given_name"], "surname": jane["surname"]}
    told = {**managed, "mail": "other@contoso.example", "job_title": jane["job_title"], "external_id": "1"}

    put = portal.ask("PUT", f"/end-users/{jane['id']}", told)
    pushed = push(portal, acme, {**told, "mail": None, "phone": "2"}, {"external_id": "2", "name": "John"})

    assert (put["external_id"], put["mail"], put["job_title"]) == ("1", jane["mail"], jane["job_title"])
    assert (put["ignored_fields"], put["managed_fields"]) == (["mail"], jane["managed_fields"])
    assert results(pushed) == ["updated", "created"]
    assert [it["ignored_fields"] for it in pushed["items"]] == [["mail"], []]
    assert portal.ask("GET", f"/end-users/{jane['id']}")["mail"] == jane["mail"]


def broken_off(portal: Portal, patch: pytest.MonkeyPatch, source: str, target: str) -> None:
    """A move of everybody, of which no more than the first step is done."""

    def dies(*_: object, **__: object) -> list[EndUserId]:
        raise StorageUnavailable

    with patch.context() as context:
        context.setattr(move, "finish_moves", dies)
        answer = portal.call("POST", f"/organizations/{source}/end-users/move", {"organization_id": target})
    assert answer.status == 503


def test_a_move_that_was_broken_off_is_finished_by_the_next_change_or_by_the_timer(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane, john, jim = (created(portal, acme, name=name, external_id=name) for name in ("Jane", "John", "Jim"))
    broken_off(portal, monkeypatch, acme, other)
    assert len(listed(portal, acme)) == 3

    changed = portal.ask("PUT", f"/end-users/{jane['id']}", {"name": "Jane Roe"})
    assert changed["organization_id"] == other
    assert results(push(portal, acme, {"external_id": "John", "phone": "1"})) == ["rejected"]
    path = f"/end-users/{jane['id']}/merge"
    assert refused(portal, "POST", path, {"end_user_id": john["id"]}) == (409, "other_organization")
    portal.ask("DELETE", f"/end-users/{jim['id']}", expect=204)
    portal.later(minutes=6)
    portal.tick()

    assert [it["name"] for it in listed(portal, acme)] == []
    assert sorted(it["name"] for it in listed(portal, other)) == ["Jane Roe", "John"]


def test_who_arrived_and_leaves_again_is_at_one_place(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who have arrived, but are still marked where they were, are taken away there before they go on."""
    first, second, third = (portal.organization(name) for name in ("First", "Second", "Third"))
    jane = created(portal, first)
    broken_off(portal, monkeypatch, first, second)
    work = PeopleWork(Account(portal.services, ACCOUNT), OrganizationId(first))
    move._arrive(work, OrganizationId(second), [jane["id"]])
    assert [len(listed(portal, it)) for it in (first, second)] == [1, 1]

    moved = portal.ask("POST", f"/organizations/{second}/end-users/move", {"organization_id": third})
    portal.later(minutes=6)
    portal.tick()

    assert moved["moved"] == [jane["id"]]
    assert [len(listed(portal, it)) for it in (first, second, third)] == [0, 0, 1]
    assert portal.ask("GET", f"/end-users/{jane['id']}")["organization_id"] == third


def test_who_was_erased_after_the_move_is_not_added_again_by_somebody_slow(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane = created(portal, acme)
    broken_off(portal, monkeypatch, acme, other)
    way, find = [OrganizationId(acme), OrganizationId(other)], move.find_organization
    account, others = Account(portal.services, ACCOUNT), iter([1])

    def others_are_faster(control: Control, organization_id: OrganizationId) -> Any:
        if next(others, 0):
            portal.ask("DELETE", f"/end-users/{jane['id']}", expect=204)
        return find(control, organization_id)

    monkeypatch.setattr(move, "find_organization", others_are_faster)
    move.finish_moves(account, *way, [jane["id"]])

    assert listed(portal, acme) == listed(portal, other) == []
    assert portal.call("GET", f"/end-users/{jane['id']}").status == 404


def test_who_is_on_the_way_to_an_organization_that_is_deleted_stays(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane = created(portal, acme)
    broken_off(portal, monkeypatch, acme, other)
    portal.ask("DELETE", f"/organizations/{other}", expect=204)

    portal.later(minutes=6)
    portal.tick()

    assert listed(portal, acme) == [jane]
    third = portal.organization("Third")
    moved = portal.ask("POST", f"/organizations/{acme}/end-users/move", {"organization_id": third})
    assert moved["moved"] == [jane["id"]]


def test_who_comes_first_keeps_an_external_id_and_nobody_is_lost(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, other = portal.organization(), portal.organization("Other")
    jane = created(portal, acme, name="Jane", external_id="1")
    broken_off(portal, monkeypatch, acme, other)
    created(portal, other, name="John", external_id="1")

    portal.later(minutes=6)
    portal.tick()

    assert listed(portal, acme) == []
    assert {it["name"]: it["external_id"] for it in listed(portal, other)} == {"Jane": None, "John": "1"}
    assert portal.ask("GET", f"/end-users/{jane['id']}")["organization_id"] == other


def test_an_end_user_who_comes_before_the_deletion_keeps_the_organization(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, close = portal.organization(), organizations.close_people

    def closes_too_early(account: Any, organization_id: OrganizationId) -> None:
        close(account, organization_id)
        created(portal, organization_id)

    with monkeypatch.context() as patch:
        patch.setattr(organizations, "close_people", closes_too_early)
        answer = portal.call("DELETE", f"/organizations/{acme}")

    assert (answer.status, json.loads(answer.body)["code"]) == (409, "changed_meanwhile")
    assert len(listed(portal, acme)) == 1
    assert refused(portal, "DELETE", f"/organizations/{acme}") == (409, "organization_has_end_users")


def test_a_deletion_that_did_not_happen_leaves_the_organization_open(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, close = portal.organization(), organizations.close_people

    def closes_and_dies(account: Any, organization_id: OrganizationId) -> None:
        close(account, organization_id)
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(organizations, "close_people", closes_and_dies)
        assert portal.call("DELETE", f"/organizations/{acme}").status == 503

    jane = created(portal, acme)
    assert listed(portal, acme) == [jane]
    assert portal.services.people(ACCOUNT, OrganizationId(acme)).head().closed_at is None
