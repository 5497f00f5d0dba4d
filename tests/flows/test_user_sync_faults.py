"""The user sync where something goes wrong: a bug of ours, a dead process, somebody who is faster, and many users."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from integrations.actions.account import Account
from integrations.actions.user_sync import change
from integrations.actions.user_sync import run as user_sync_run
from integrations.actions.user_sync.chip import show_chip
from integrations.actions.user_sync.synced_tenant import find_synced_tenant
from integrations.domain.ids import TenantId
from integrations.domain.jobs.given_up import DETAILS
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from shared.storage.table_clients.rest_table import RestTable
from tests.exhaustive import exhaustive
from tests.flows.failing import AT_ONCE, entries
from tests.flows.portal import Portal, open_portal
from tests.flows.raw import everything
from tests.flows.user_sync import ACCOUNT, UserSync, with_user_sync


class _Died(BaseException):
    """The process ends here."""


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    return with_user_sync(portal)


def dying_at(number: int) -> Callable[..., str]:
    """The process ends at its n-th transaction of people or links."""
    left, write = number, RestTable.write

    def dying(table: RestTable, *writes: Any) -> str:
        nonlocal left
        left -= table._name in {"people", "usersync"}
        if left == 0:
            raise _Died
        return write(table, *writes)

    return dying


# The plan of users that changed, and that of everybody, with a change for which it is made.
PLANNERS = pytest.mark.parametrize(
    ("planner", "also"), [("plan_incrementally", {}), ("plan_sync", {"mail": "renamed@contoso.example"})]
)


def state_of(sync: UserSync) -> tuple[Any, ...]:
    people = {(it["id"], it["name"], it["mail"], it["is_active"], tuple(it["managed_fields"])) for it in sync.people()}
    links = {(it["object_id"], it["end_user"]["id"] if it["end_user"] else "") for it in sync.links()}
    return people, links, {(it["user"]["object_id"], it["kind"]) for it in sync.questions()}


@pytest.mark.parametrize("at", [2, 4, *exhaustive(1, 3, 5)])
def test_a_process_that_dies_leaves_nobody_twice_and_the_next_run_does_the_rest(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    sync.has_end_user("Twin", mail="twin@other.example")
    sync.has_user("Twin")
    sync.sync()
    plan = sync.plan()
    assert sync.put(sync.settings(), plan["plan_hash"]).status == 200
    with monkeypatch.context() as patched, suppress(_Died):
        patched.setattr(RestTable, "write", dying_at(at))
        sync.portal.run_queues()
    sync.portal.later(minutes=20)
    sync.portal.tick()
    sync.world.change_user(sync.id, sync.world.users(sync.id)[0]["id"], officeLocation="Elsewhere")

    sync.sync()

    people, links, questions = state_of(sync)
    assert (len(people), len(links), [kind for _, kind in questions]) == (4, 3, ["name_only"])
    assert sync.state()["state"] == "synced"


@pytest.mark.parametrize("at", [2, 3, *exhaustive(1, 4)])
def test_a_change_is_not_forgotten_by_a_process_that_dies(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    sync.turn_on()
    sync.world.change_user(sync.id, sync.world.users(sync.id)[0]["id"], displayName="Renamed")
    with monkeypatch.context() as patched, suppress(_Died):
        patched.setattr(RestTable, "write", dying_at(at))
        sync.sync()

    sync.run()

    assert sync.person("Renamed")
    assert sync.state()["state"] == "synced"


@PLANNERS
def test_a_fault_of_ours_fails_the_user_sync_alone_and_nothing_is_lost(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch, planner: str, also: dict[str, str]
) -> None:
    sync.turn_on()
    user = sync.world.users(sync.id)[0]["id"]

    def fails(*_: object) -> None:
        raise KeyError("jane@contoso.example")

    with monkeypatch.context() as patched:
        patched.setattr(user_sync_run, planner, fails)
        sync.world.change_user(sync.id, user, displayName="Renamed", **also)
        sync.sync()

        state = sync.state()
        assert (state["state"], state["state_colour"]) == ("failed", "red")
        assert state["failure"]["remedy"]
        assert sync.portal.row(sync.tenant)["user_sync"]["label"] == "User sync failed"
        assert sync.portal.status(sync.tenant) == "Success"
        evaluations = sync.portal.ask("GET", f"/tenants/{sync.id}")["evaluations"]
        assert {it["state"] for it in evaluations} == {"fresh"}
        assert "jane@contoso.example" not in " ".join(text for _, text in everything(sync.portal))
    sync.portal.later(minutes=6)
    sync.portal.tick()

    assert (sync.state()["state"], sync.state()["failure"]) == ("synced", None)
    assert sync.person("Renamed")


@PLANNERS
def test_what_the_portal_changed_while_a_run_was_planning_is_not_overwritten(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch, planner: str, also: dict[str, str]
) -> None:
    sync.turn_on(sync.settings(authority={"job_title": "fill_blank"}))
    user = sync.world.users(sync.id)[0]
    person = sync.person(user["displayName"])
    names = ("name", "given_name", "surname", "mail", "phone", "mobile_phone")
    own = {it: person[it] for it in names}
    sync.portal.ask("PUT", f"/end-users/{person['id']}", own)  # without a title
    sync.run()
    sync.world.change_user(sync.id, user["id"], jobTitle="Theirs", displayName="Renamed", **also)
    plan, is_first = getattr(user_sync_run, planner), True

    def plans_slowly(*inputs: Any) -> Any:
        nonlocal is_first
        made = plan(*inputs)
        if is_first:
            is_first = False
            sync.portal.ask("PUT", f"/end-users/{person['id']}", {**own, "job_title": "Ours"})
        return made

    monkeypatch.setattr(user_sync_run, planner, plans_slowly)
    sync.sync()
    assert "data changed" in {kind for kind, _ in everything(sync.portal)}  # nothing is forgotten meanwhile
    sync.run()

    after = sync.portal.ask("GET", f"/end-users/{person['id']}")
    assert (after["job_title"], after["name"]) == ("Ours", "Renamed")
    assert sync.state()["state"] == "synced"


def test_a_run_plans_only_when_something_changed(sync: UserSync, monkeypatch: pytest.MonkeyPatch) -> None:
    sync.turn_on()
    planned: list[object] = []
    plan_sync = user_sync_run.plan_sync
    monkeypatch.setattr(user_sync_run, "plan_sync", lambda *it: planned.append(it) or plan_sync(*it))

    sync.run()
    assert planned == []
    sync.has_end_user("Somebody")
    sync.run()
    assert len(planned) == 1
    pushed = {"items": [{"external_id": "pc-17", "name": "LAPTOP-17"}]}
    sync.portal.ask("POST", f"/organizations/{sync.organization}/assets/bulk", pushed)
    sync.run()
    assert len(planned) == 1


@PLANNERS
def test_settings_that_change_while_a_run_plans_win(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch, planner: str, also: dict[str, str]
) -> None:
    sync.turn_on()
    sync.world.change_user(sync.id, sync.world.users(sync.id)[0]["id"], displayName="Renamed", **also)
    plan = getattr(user_sync_run, planner)

    def turned_off_meanwhile(*inputs: Any) -> Any:
        monkeypatch.undo()
        sync.turn_off()
        return plan(*inputs)

    monkeypatch.setattr(user_sync_run, planner, turned_off_meanwhile)
    sync.sync()

    assert "Renamed" not in {it["name"] for it in sync.people()}
    assert sync.state()["state"] == "off"


def test_a_plan_for_many_users_is_made_in_the_background(sync: UserSync) -> None:
    object.__setattr__(sync.portal.services, "users_while_waiting", 2)

    answer = sync.portal.call("POST", f"{sync.path}/plan", {"settings": sync.settings()})

    ordered, where = json.loads(answer.body), answer.headers["Location"].removeprefix("/api")
    assert (answer.status, ordered["state"], ordered["plan"]) == (202, "running", None)
    assert sync.portal.ask("GET", where)["state"] == "running"
    sync.portal.run_queues()
    done = sync.portal.ask("GET", where)
    assert (done["state"], done["progress"]) == ("done", {"done": 3, "total": 3})
    assert done["plan"]["counts"]["create"] == 3
    assert sync.put(sync.settings(), done["plan"]["plan_hash"]).status == 200
    sync.portal.run_queues()
    assert len(sync.people()) == 3
    sync.portal.later(hours=25)
    assert sync.portal.call("GET", where).status == 404


def test_what_a_plan_for_many_users_did_not_show_is_held(sync: UserSync) -> None:
    """Nobody waits for a plan of many when they turn it on; the run compares it with what was seen."""
    sync.turn_on()
    object.__setattr__(sync.portal.services, "users_while_waiting", 2)
    sales = {"department": {"exclude": [{"value": "Sales"}]}}
    settings = {"organizations": [{"organization_id": sync.organization, "filter": sales}]}
    answer = sync.portal.call("POST", f"{sync.path}/plan", {"settings": settings})
    sync.portal.run_queues()
    plan = sync.portal.ask("GET", answer.headers["Location"].removeprefix("/api"))["plan"]
    assert plan["harmful"] == 0
    sync.world.change_user(sync.id, sync.world.users(sync.id)[0]["id"], department="Sales")
    sync.sync(minutes=31)

    assert sync.put(settings, plan["plan_hash"]).status == 200
    sync.portal.run_queues()

    state = sync.state()
    assert (state["state"], state["hold"]["reasons"]) == ("held", ["more_than_seen"])
    assert all(it["is_active"] for it in sync.people())
    sync.portal.ask("POST", f"{sync.path}/release", {"plan_hash": state["hold"]["plan"]["plan_hash"]})
    sync.portal.run_queues()
    assert [it["inactive_reason"] for it in sync.people() if not it["is_active"]] == ["unrouted"]
    sync.world.change_user(sync.id, sync.world.users(sync.id)[1]["id"], department="Sales")
    sync.sync()
    assert sync.state()["state"] == "synced"  # from then on the guard decides


@pytest.fixture
def impatient(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[UserSync]:
    """A tenant before a portal whose failed messages come back at once."""
    found = open_portal(microsoft, identity, storage, **AT_ONCE)
    with found.host:
        yield with_user_sync(found)


def test_a_plan_that_cannot_be_made_says_so(impatient: UserSync, monkeypatch: pytest.MonkeyPatch) -> None:
    portal = impatient.portal
    object.__setattr__(portal.services, "users_while_waiting", 2)
    body = {"settings": impatient.settings()}
    plan_id = portal.ask("POST", f"{impatient.path}/plan", body, expect=202)["plan_id"]

    def fails(*_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setattr("integrations.actions.user_sync.plans.plan_sync", fails)
    portal.run_queues()

    failed = portal.ask("GET", f"{impatient.path}/plans/{plan_id}")
    assert (failed["state"], failed["plan"]) == ("failed", None)
    assert failed["failure"]["detail"] == DETAILS["plan-users"]
    assert len(entries(portal, "plan-users")) == 1


def test_a_user_whose_end_user_was_merged_away_gets_another_and_nothing_leads_from_the_old_one(sync: UserSync) -> None:
    user = sync.has_user("Merged Away")
    sync.sync()
    sync.turn_on()
    former = sync.person("Merged Away")
    survivor = sync.has_end_user("Survivor", mail=former["mail"])
    sync.portal.ask("POST", f"/end-users/{survivor}/merge", {"end_user_id": former["id"]})

    sync.run()

    (link,) = [it for it in sync.links() if it["object_id"] == user]
    assert link["end_user"]["id"] == survivor
    store = sync.portal.services.user_sync(ACCOUNT, TenantId(sync.id))
    leading = {it.value.end_user_id for it in store.linked_end_users.list() if it.value.object_id == user}
    assert leading == {survivor}


def test_a_tenant_that_is_unmapped_meanwhile_gets_no_chip(sync: UserSync) -> None:
    sync.has_end_user("Twin", mail="twin@other.example")
    sync.has_user("Twin")
    sync.sync()
    sync.turn_on()
    synced = find_synced_tenant(sync.portal.services, ACCOUNT, TenantId(sync.id))
    head = synced.head()
    assert sync.portal.row(sync.tenant)["user_sync"]["label"] == "1 to decide"
    sync.portal.ask("DELETE", f"/tenants/{sync.id}/mapping", expect=204)

    show_chip(synced, head)  # by a request or a run that began before

    assert "control user_sync_chip" not in {kind for kind, _ in everything(sync.portal)}


def test_a_chip_that_a_dead_process_left_when_the_sync_was_turned_off_goes_with_the_next_run(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.has_end_user("Twin", mail="twin@other.example")
    sync.has_user("Twin")
    sync.sync()
    sync.turn_on()
    with monkeypatch.context() as patched:
        patched.setattr(change, "show_chip", lambda *_: None)
        sync.turn_off()
    assert sync.portal.row(sync.tenant)["user_sync"]["label"] == "1 to decide"

    sync.run()

    assert sync.portal.row(sync.tenant)["user_sync"] is None


def test_a_chip_that_a_dead_process_did_not_write_is_shown_after_the_next_run(sync: UserSync) -> None:
    sync.has_end_user("Twin", mail="twin@other.example")
    sync.has_user("Twin")
    sync.sync()
    sync.turn_on()
    account = Account(sync.portal.services, ACCOUNT)
    (chip,) = account.control.user_sync_chips.list()
    with account.change() as removing:
        removing.write(account.control.user_sync_chips.removed(chip))
    assert sync.portal.row(sync.tenant)["user_sync"] is None

    sync.run()

    assert sync.portal.row(sync.tenant)["user_sync"]["label"] == "1 to decide"
