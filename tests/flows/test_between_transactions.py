"""A run of the user sync or of the asset links that writes in many transactions, and what others do between two."""

from collections.abc import Sequence
from typing import Any

import pytest

from integrations.actions.asset_links import writing as assets_writing
from integrations.actions.asset_links.writing import LinkWriter
from integrations.actions.people.work import PeopleWork
from integrations.actions.user_sync import writing as users_writing
from integrations.actions.user_sync.writing import PlanWriter
from integrations.domain.assets.plan import AssetChange
from integrations.domain.ids import OrganizationId
from integrations.domain.user_sync.changes import UserChange
from shared.storage.table_clients.rest_table import RestTable
from tests.flows.assets import Fleet, with_fleet
from tests.flows.portal import Portal
from tests.flows.user_sync import UserSync, with_user_sync

_WITHOUT_TITLE = ("name", "given_name", "surname", "mail", "phone", "mobile_phone")


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    return with_user_sync(portal)


@pytest.fixture
def fleet(portal: Portal) -> Fleet:
    return with_fleet(portal)


def test_what_the_portal_changes_between_two_transactions_of_a_run_stays_and_the_rest_is_written(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.turn_on(sync.settings(authority={"job_title": "fill_blank"}))
    users = sync.world.users(sync.id)
    people = [sync.person(it["displayName"]) for it in users]
    own = [{it: person[it] for it in _WITHOUT_TITLE} for person in people]
    for person, values in zip(people, own, strict=True):
        sync.portal.ask("PUT", f"/end-users/{person['id']}", values)
    for it in users:
        sync.world.change_user(sync.id, it["id"], jobTitle="Theirs")
    write, written = PlanWriter._write_end_users, []

    def writes_slowly(self: PlanWriter, organization_id: OrganizationId, changes: Sequence[UserChange]) -> Any:
        done = write(self, organization_id, changes)
        written.extend(changes)
        if len(written) == 1:
            (last,) = (it for it in range(len(people)) if people[it]["id"] == self._changes[-1].end_user_id)
            sync.portal.ask("PUT", f"/end-users/{people[last]['id']}", {**own[last], "job_title": "Ours"})
        return done

    monkeypatch.setattr(users_writing, "MAX_OPERATIONS", 4)  # one End User each
    monkeypatch.setattr(PlanWriter, "_write_end_users", writes_slowly)
    sync.sync()
    sync.run()

    titles = [it["job_title"] for it in sync.people()]
    assert sorted(titles) == ["Ours", *["Theirs"] * (len(people) - 1)]
    assert sync.state()["state"] == "synced"


def test_a_run_reads_the_head_of_the_people_once_however_many_it_writes(
    sync: UserSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    get, heads, users = RestTable.get, [], len(sync.world.users(sync.id))

    def getting(table: RestTable, partition: str, key: str) -> Any:
        heads.extend([key] if key.startswith("people_head:") else [])
        return get(table, partition, key)

    monkeypatch.setattr(users_writing, "MAX_OPERATIONS", 4)
    begin = PlanWriter.write

    def writes(self: PlanWriter) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(RestTable, "get", getting)
            begin(self)

    monkeypatch.setattr(PlanWriter, "write", writes)
    sync.turn_on()

    assert (len(sync.people()), len(heads)) == (users, 1)


def test_whoever_the_portal_assigns_between_two_transactions_of_a_run_stays(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets, person = [fleet.push(f"pc-{it}", serial=f"OTHER-{it}") for it in range(3)], fleet.end_user(2)
    for it in range(3):
        fleet.has_laptop(f"NW-LT-{it + 2}", f"OTHER-{it}", user=1)
    assign, times = LinkWriter._assign, iter(range(100))

    def assigns_slowly(self: LinkWriter, work: PeopleWork, changes: Sequence[AssetChange]) -> Any:
        done = assign(self, work, changes)
        if next(times) == 0:
            last = self._changes[-1].asset_id
            fleet.portal.ask("PUT", f"/assets/{last}/end-user", {"end_user_id": person})
        return done

    monkeypatch.setattr(assets_writing, "_A_TRANSACTION", 1)
    monkeypatch.setattr(LinkWriter, "_assign", assigns_slowly)
    fleet.run()
    fleet.portal.run_queues()
    fleet.portal.later(minutes=20)
    fleet.portal.tick()

    after = [fleet.asset(it["id"]) for it in assets]
    assert sorted(it["assigned_by"] for it in after) == ["manual", "microsoft", "microsoft"]
    assert [it["assigned_end_user_id"] for it in after].count(person) == 1
