"""A run of the user sync after few users changed plans these alone, and everybody where one concerns the others."""

from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest

from integrations.actions.evaluate import evaluate_tenant
from integrations.actions.user_sync import run as user_sync_run
from integrations.actions.user_sync.inputs import read_inputs
from integrations.storage.people import PeopleBatch
from tests.flows.portal import Portal
from tests.flows.user_sync import UserSync, with_user_sync


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    made = with_user_sync(portal)
    made.turn_on()
    return made


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows with each run that reads everybody."""
    runs: list[object] = []

    def read(*inputs: Any) -> Any:
        runs.append(inputs)
        return read_inputs(*inputs)

    monkeypatch.setattr("integrations.actions.user_sync.run.read_inputs", read)
    return runs


def assert_nothing_is_left_to_do(sync: UserSync) -> None:
    """A plan for everybody would change nothing and asks what is asked already."""
    settings = sync.state()["settings"]
    plan = sync.plan(settings)
    assert not any(plan["counts"].values()), plan["counts"]
    assert sum(plan["queued"].values()) == len(sync.questions())


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": "Jane Doe", "jobTitle": "Chief", "mobilePhone": "+47 22 00 00 00"},
        {"department": "Elsewhere", "employeeId": "77"},
        {"assignedLicenses": []},
    ],
    ids="-".join,
)
def test_fields_of_one_user_are_planned_without_reading_the_others(
    sync: UserSync, whole: list[object], change: dict[str, Any]
) -> None:
    user, counts = sync.world.users(sync.id)[0], sync.state()["counts"]
    sync.world.change_user(sync.id, user["id"], **change)

    sync.sync()

    assert whole == []
    names = {it["microsoft"][0]["object_id"]: it["name"] for it in sync.people()}
    assert names[user["id"]] == change.get("displayName", user["displayName"])
    assert (sync.state()["state"], sync.state()["counts"]) == ("synced", counts)
    assert_nothing_is_left_to_do(sync)


def test_a_run_for_one_user_asks_for_nothing_twice(sync: UserSync, monkeypatch: pytest.MonkeyPatch) -> None:
    user, requests = sync.world.users(sync.id)[0]["id"], list[tuple[str, str]]()
    put, synced = HTTPConnection.putrequest, evaluate_tenant.sync_users

    def noted(connection: HTTPConnection, method: str, url: str, *rest: Any, **more: Any) -> None:
        requests.append((method, url.split("?", maxsplit=1)[0].split("(", maxsplit=1)[0].rpartition("/")[2]))
        put(connection, method, url, *rest, **more)

    def synced_and_noted(*told: Any) -> None:
        with monkeypatch.context() as within:
            within.setattr(HTTPConnection, "putrequest", noted)
            synced(*told)

    monkeypatch.setattr(evaluate_tenant, "sync_users", synced_and_noted)
    sync.world.change_user(sync.id, user, displayName="Jane Doe")
    sync.sync()

    assert sync.person("Jane Doe")
    taken = Counter(requests)
    assert taken["GET", "usersync"] == 1  # the head with the settings, and the user's link
    assert taken["GET", "control"] == 1  # the tenant, its Syncro Tenant and its chip
    assert taken["GET", "people"] == 1  # the head with the End User
    assert taken["POST", "control"] == 1  # the audit entry
    assert taken["POST", "$batch"] == 3  # the head, before anything is written; the End User; the link
    assert taken.total() <= 10


def test_an_end_user_that_changed_since_it_was_read_is_left_to_the_next_run(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, commits = sync.world.users(sync.id)[0], list[object]()
    person, plan, commit = sync.person(user["displayName"]), user_sync_run.plan_incrementally, PeopleBatch.commit
    fields = ("name", "given_name", "surname", "mail", "phone", "mobile_phone", "job_title")

    def edited_meanwhile(*inputs: Any) -> Any:
        monkeypatch.setattr(user_sync_run, "plan_incrementally", plan)
        body = {it: person[it] for it in fields} | {"keep_active": True}
        sync.portal.ask("PUT", f"/end-users/{person['id']}", body)
        monkeypatch.setattr(PeopleBatch, "commit", lambda batch: (commits.append(batch), commit(batch)))
        return plan(*inputs)

    monkeypatch.setattr(user_sync_run, "plan_incrementally", edited_meanwhile)
    sync.world.change_user(sync.id, user["id"], displayName="Jane Doe")
    sync.sync()

    assert len(commits) == 1  # in vain: it is left to the next run
    sync.run()
    assert sync.person("Jane Doe")["keep_active"]


def _is_disabled(sync: UserSync, first: str, _second: str) -> None:
    sync.world.change_user(sync.id, first, accountEnabled=False)


def _has_another_address(sync: UserSync, first: str, _second: str) -> None:
    sync.world.change_user(sync.id, first, mail="another@contoso.example")


def _has_an_alias(sync: UserSync, first: str, _second: str) -> None:
    sync.world.change_user(sync.id, first, proxyAddresses=["smtp:another@contoso.example"])


def _is_deleted(sync: UserSync, first: str, second: str) -> None:
    sync.world.remove_user(sync.id, first)
    sync.world.change_user(sync.id, second, displayName="Jane Doe")


def _has_a_new_colleague(sync: UserSync, first: str, _second: str) -> None:
    sync.has_user("Newcomer")
    sync.world.change_user(sync.id, first, displayName="Jane Doe")


def _is_edited_by_the_portal(sync: UserSync, first: str, _second: str) -> None:
    sync.has_end_user("Somebody")
    sync.world.change_user(sync.id, first, displayName="Jane Doe")


def _exchange_addresses(sync: UserSync, first: str, second: str) -> None:
    mails = {it["id"]: it["mail"] for it in sync.world.users(sync.id)}
    sync.world.change_user(sync.id, first, mail=mails[second])
    sync.world.change_user(sync.id, second, mail=mails[first])


@pytest.mark.parametrize(
    "changes",
    [
        _is_disabled,
        _has_another_address,
        _has_an_alias,
        _is_deleted,
        _has_a_new_colleague,
        _is_edited_by_the_portal,
        _exchange_addresses,
    ],
)
def test_everybody_is_planned_where_a_change_may_concern_others(
    sync: UserSync, whole: list[object], changes: Callable[[UserSync, str, str], None]
) -> None:
    first, second, _ = (it["id"] for it in sync.world.users(sync.id))
    changes(sync, first, second)

    sync.sync()

    assert whole
    assert sync.state()["state"] == "synced"
    assert_nothing_is_left_to_do(sync)


def test_who_comes_back_takes_the_question_about_another_with_them(sync: UserSync, whole: list[object]) -> None:
    """A question names whoever has lost its user; the user that returns has the same addresses as before."""
    user = sync.world.users(sync.id)[0]
    sync.world.remove_user(sync.id, user["id"])
    sync.has_user("Double", displayName=user["displayName"])
    sync.sync()
    assert sync.kinds() == ["name_only"]

    sync.world.restore_user(sync.id, user["id"])
    sync.sync()

    assert sync.kinds() == []
    assert_nothing_is_left_to_do(sync)


def test_everybody_is_planned_once_a_day(sync: UserSync, whole: list[object]) -> None:
    user = sync.world.users(sync.id)[0]["id"]
    for number in range(5):
        sync.world.change_user(sync.id, user, displayName=f"Jane Doe {number}")
        sync.sync(hours=7)

    assert len(whole) == 1
    assert sync.person("Jane Doe 4")


def test_everybody_is_planned_when_a_product_is_no_longer_there(sync: UserSync, whole: list[object]) -> None:
    """Whoever has nothing else becomes unlicensed, although no user changed."""
    settings = sync.state()["settings"] | {"licensed_only": True}
    assert sync.put(settings, sync.plan(settings)["plan_hash"]).status == 200
    sync.portal.run_queues()
    whole.clear()
    sync.world.set_licences(sync.id, "SPB", enabled=None)

    sync.sync()

    assert whole
    assert {it["inactive_reason"] for it in sync.people()} == {"unlicensed"}
    assert_nothing_is_left_to_do(sync)


def test_seats_that_are_taken_concern_nobody(sync: UserSync, whole: list[object]) -> None:
    sync.world.set_licences(sync.id, "SPB", enabled=77)

    sync.sync()

    assert whole == []
    assert_nothing_is_left_to_do(sync)


def test_everybody_is_planned_when_exchange_tells_of_a_mailbox_whose_user_did_not_change(portal: Portal) -> None:
    """Exchange refuses to tell at first, and is asked again after a week."""
    sync = with_user_sync(portal)
    user = sync.has_user("Front Desk")
    path = f"/users/{user}/mailboxSettings/userPurpose"
    sync.world.fault(host="graph", path=path, status=404, times=100)
    sync.sync()
    sync.turn_on()
    sync.world.clear_faults()
    sync.world.set_mailbox(sync.id, user, "shared")
    seen: list[tuple[str, bool]] = []
    for number in range(9):
        sync.has_end_user(f"Somebody {number}")
        sync.run()  # everybody is planned, so that it is not for the day that is over
        sync.sync(hours=20)
        person = sync.person("Front Desk")
        seen.append((person["microsoft"][0]["mailbox"], person["is_active"]))

    assert set(seen) == {("unknown", True), ("shared", False)}
