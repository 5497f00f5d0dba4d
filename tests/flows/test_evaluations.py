"""Evaluations follow every sync: what they come to, when they run, and what a lost message costs."""

from datetime import datetime, timedelta

import msgspec
import pytest
from azure.storage.queue import QueueServiceClient

from integrations.actions.evaluate.evaluate_tenant import evaluate_tenant
from integrations.domain.evaluations.people_without_mfa import PEOPLE_WITHOUT_MFA
from integrations.domain.ids import AccountId
from integrations.domain.sync.changed_keys import ALL
from integrations.storage.due import Work
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.flows.evaluating import (
    Titles,
    loses_mfa,
    marked,
    order_of,
    registered,
    resynced,
    states,
    synced,
    titles_at_microsoft,
    titles_of,
    view,
    without_mfa,
)
from tests.flows.failing import ACCOUNT
from tests.flows.portal import Portal, open_portal
from tests.flows.raw import everything
from tests.flows.reading import cycle, security, table_requests
from tests.flows.test_plan import told as asked_on_plan


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> Titles:
    found = Titles()
    registered(monkeypatch, found)
    return found


def due_at(portal: Portal, tenant: dict[str, str]) -> datetime | None:
    lines = portal.services.due.of(AccountId(ACCOUNT), tenant["id"])
    return next((it.at for it in lines if it.work is Work.EVALUATE), None)


def test_who_lacks_mfa_and_who_administers_follows_each_sync(portal: Portal) -> None:
    tenant = synced(portal)
    at_first = without_mfa(portal, tenant), states(portal, tenant)
    lost = loses_mfa(portal, tenant, 0, 3, 4)
    portal.microsoft.world.give_role(tenant["id"], lost[1])
    resynced(portal, tenant)

    admins = {it["user_id"]: it["has_mfa"] for it in security(portal, tenant)["administrators"]}
    assert at_first == (
        set(),
        {"people_without_mfa": "fresh", "administrators": "fresh", "controls": "fresh", "mfa": "fresh"},
    )
    assert without_mfa(portal, tenant) == set(lost)
    assert admins == {lost[0]: False, lost[1]: False}
    assert marked(portal.services, tenant) == set()


def test_the_answer_comes_from_derived_rows_and_reads_no_registrations(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = synced(portal)
    lost = loses_mfa(portal, tenant, 2)
    resynced(portal, tenant)
    made = table_requests(portal, monkeypatch)
    answer = security(portal, tenant)

    assert [it["user_id"] for it in answer["mfa"]["without"]] == lost
    assert not [it for it in made if "row%3Aregistrations" in it or "row%3Agroups" in it]


def test_a_tenant_that_was_never_evaluated_is_answered_from_its_data_sets(portal: Portal) -> None:
    """As after the deployment that brings evaluations: nobody sees an empty list until they have run."""
    tenant = synced(portal)
    loses_mfa(portal, tenant, 2, 5)
    resynced(portal, tenant)
    evaluated = security(portal, tenant)
    with portal.services.tables._service.get_table_client("data") as table:
        for row in table.list_entities():
            is_mark = row["RowKey"].startswith("changed:")
            if row["PartitionKey"].endswith("|derived") or is_mark:
                table.delete_entity(row["PartitionKey"], row["RowKey"])
    portal.services.due.drop(Work.EVALUATE, AccountId(ACCOUNT), tenant["id"])

    assert set(states(portal, tenant).values()) == {"never"}
    assert security(portal, tenant) == evaluated
    portal.later(hours=25)  # housekeeping finds that nobody looks at its evaluations
    portal.tick()
    assert due_at(portal, tenant) is not None
    portal.later(hours=25)
    portal.tick()
    assert states(portal, tenant) == {
        "people_without_mfa": "fresh",
        "administrators": "fresh",
        "controls": "fresh",
        "mfa": "fresh",
    }
    assert without_mfa(portal, tenant) == {it["user_id"] for it in evaluated["mfa"]["without"]}
    assert security(portal, tenant)["administrators"] == evaluated["administrators"]


def test_from_its_mapping_on_a_tenant_is_looked_at_within_a_day(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    before = due_at(portal, tenant)
    portal.map(tenant)
    at = due_at(portal, tenant)

    assert before is None
    assert at is not None
    assert portal.clock() < at <= portal.clock() + timedelta(days=1)


def test_an_evaluation_is_asked_for_what_changed_and_no_more(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    touched = portal.microsoft.world.touch_users(tenant["id"], 2)
    portal.sync(tenant)

    assert titles.seen == [{"users": ALL}, {"users": frozenset(touched)}]
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)
    person = portal.microsoft.world.users(tenant["id"])[4]
    portal.microsoft.world.remove_user(tenant["id"], person["id"])
    portal.sync(tenant)
    assert titles.seen[2:] == [{"users": frozenset({person["id"]})}]
    assert person["id"] not in titles_of(portal.services, tenant)


def test_rows_of_an_evaluation_of_a_feature_still_to_come_are_exported_and_gone_with_the_integration(
    titles: Titles, portal: Portal
) -> None:
    tenant = synced(portal, users=5)
    exported = portal.ask("GET", f"/export?tenant_id={tenant['id']}&kind=titles")["rows"]
    portal.remove(portal.row(tenant)["integration_id"])
    portal.run_queues()
    portal.later(hours=2)
    portal.tick()

    assert {it["id"]: it["value"]["title"] for it in exported} == titles_at_microsoft(portal, tenant)
    assert len(titles.seen) == 1
    assert _data(portal) == []


def test_an_unchanged_sync_orders_no_evaluation(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    cycle(portal, minutes=36)
    cycle(portal, minutes=36)

    assert len(titles.seen) == 1
    assert marked(portal.services, tenant) == set()


def test_a_mark_costs_a_sync_no_request(portal: Portal, titles: Titles, monkeypatch: pytest.MonkeyPatch) -> None:
    def requests(count: int) -> int:
        portal.microsoft.world.touch_users(tenant["id"], count, seed=count)
        portal.later(minutes=36)
        portal.host.fire_timer("reconcile_timer")
        portal.host.drain("order-due")
        made.clear()
        portal.host.drain("sync-tenant")
        return len(made)

    tenant = synced(portal, users=5)
    made = table_requests(portal, monkeypatch)
    marking = requests(1)
    is_marked = marked(portal.services, tenant)
    monkeypatch.setattr("integrations.domain.evaluations.registry.EVALUATIONS", ())
    portal.run_queues()

    assert is_marked == {"users"}
    assert marking == requests(2)
    assert len(titles.seen) == 1


def test_a_lost_message_costs_nothing(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    portal.microsoft.world.touch_users(tenant["id"], 2)
    portal.later(minutes=36)
    portal.host.fire_timer("reconcile_timer")
    for _ in range(3):
        portal.host.drain("order-due", "sync-tenant")
    _lose(portal, "evaluate-tenant")
    waits = marked(portal.services, tenant), view(portal, tenant, "titles")["lag_s"] >= 0
    cycle(portal, minutes=36)  # finds nothing new, and the mark

    assert waits == ({"users"}, True)
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)
    assert marked(portal.services, tenant) == set()


def _lose(portal: Portal, queue: str) -> None:
    with QueueServiceClient.from_connection_string(portal.services.settings.storage) as queues:
        assert queues.get_queue_client(queue).get_queue_properties().approximate_message_count
        queues.get_queue_client(queue).clear_messages()


def test_a_repeated_a_late_or_a_forged_message_changes_nothing(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    order = order_of(portal.services, tenant)
    before = _data(portal)
    for changes in ({}, {"epoch": order.epoch + 1}, {"epoch": 1}, {"tenant_id": "9" * 8 + order.tenant_id[8:]}):
        evaluate_tenant(portal.services, msgspec.structs.replace(order, **changes))
    evaluate_tenant(portal.services, msgspec.structs.replace(order, account_id=AccountId("acct_southridge")))

    assert _data(portal) == before
    assert len(titles.seen) == 1


def _data(portal: Portal) -> list[tuple[str, str]]:
    return [it for it in everything(portal) if it[0].startswith("data")]


def test_many_changes_are_all(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=600)
    portal.microsoft.world.touch_users(tenant["id"], 501)
    portal.sync(tenant)
    portal.microsoft.world.touch_users(tenant["id"], 500, seed=2)
    portal.sync(tenant)

    assert titles.is_whole == [True, True, False]
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


def test_changes_that_wait_are_merged(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=20)
    touched = [portal.microsoft.world.touch_users(tenant["id"], 3, seed=seed) for seed in (5, 6)]
    portal.microsoft.world.touch_users(tenant["id"], 3, seed=5)
    resynced(portal, tenant, evaluates=False)
    portal.microsoft.world.touch_users(tenant["id"], 3, seed=6)
    resynced(portal, tenant)

    assert titles.seen[1:] == [{"users": frozenset().union(*touched)}]
    assert titles_of(portal.services, tenant) == titles_at_microsoft(portal, tenant)


def test_a_newer_version_evaluates_everything_within_a_day(
    portal: Portal, titles: Titles, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = synced(portal, users=5)
    due = due_at(portal, tenant)
    for change, value in (("version", 7), ("inputs", "7")):
        setattr(titles, change, value)
        registered(monkeypatch, titles)
        monkeypatch.setattr(
            "integrations.domain.evaluations.registry.EVALUATIONS", (PEOPLE_WITHOUT_MFA, titles.evaluation)
        )
        portal.later(hours=24)
        portal.tick()

    assert due is not None
    assert titles.is_whole == [True, True, True]


def test_a_time_that_an_evaluation_named_has_it_run_then(portal: Portal, titles: Titles) -> None:
    titles.next_at = portal.clock().replace(microsecond=0)
    tenant = synced(portal, users=5)
    titles.next_at = None
    ran = len(titles.seen)
    portal.later(days=3)
    portal.tick()
    titles.next_at = None
    portal.later(days=1)
    portal.tick()

    assert (ran, titles.is_whole) == (1, [True, True])
    assert due_at(portal, tenant) is not None


def test_a_time_in_the_near_future_is_kept_to_the_minute(portal: Portal, titles: Titles) -> None:
    titles.next_at = portal.clock() + timedelta(minutes=3)
    tenant = synced(portal, users=5)
    at = due_at(portal, tenant)
    portal.later(minutes=2)
    portal.tick()
    before = len(titles.seen)
    named, titles.next_at = titles.next_at, None
    portal.later(minutes=2)
    portal.tick()

    assert (at, before, len(titles.seen)) == (named, 1, 2)


def test_once_a_week_everything_is_evaluated_anyway(portal: Portal, titles: Titles) -> None:
    synced(portal, users=5)
    for _ in range(8):
        portal.later(days=1)
        portal.tick()

    assert titles.is_whole == [True, True]


def test_a_name_that_switches_nothing_off_is_told_to_the_operator(
    microsoft: Running, identity: PortalIdentity, storage: str, caplog: pytest.LogCaptureFixture
) -> None:
    open_portal(microsoft, identity, storage, EVALUATIONS_OFF="administrators,teapots")

    told = [it.getMessage() for it in caplog.records if "EVALUATIONS_OFF" in it.getMessage()]
    assert len(told) == 1
    assert "teapots" in told[0]


def test_an_evaluation_that_is_off_is_not_carried_out_and_its_answer_comes_from_the_data_sets(
    portal: Portal, microsoft: Running, identity: PortalIdentity
) -> None:
    tenant = synced(portal)
    off = open_portal(
        microsoft, identity, portal.services.settings.storage,
        EVALUATIONS_OFF="people_without_mfa, administrators, controls, mfa",
        SECRET_KEYS=portal.services.settings.secret_keys,
    )  # fmt: skip
    off.clock.ahead = portal.clock.ahead
    with off.host:
        lost = loses_mfa(off, tenant, 2)
        resynced(off, tenant, evaluates=False)
        assert set(states(off, tenant).values()) == {"off"}
        assert without_mfa(off, tenant) == set(lost)
        off.run_queues()
        told = view(off, tenant)
        assert set(states(off, tenant).values()) == {"off"}
        assert without_mfa(off, tenant) == set(lost)
        assert marked(off.services, tenant) == set()
        more = loses_mfa(off, tenant, 3)
        resynced(off, tenant)
        assert view(off, tenant)["since"] == told["since"]
        assert marked(off.services, tenant) == set()
        assert without_mfa(off, tenant) == {*lost, *more}

    portal.clock.ahead = off.clock.ahead
    assert view(portal, tenant)["state"] == "off"
    assert without_mfa(portal, tenant) == {*lost, *more}
    portal.later(hours=24)
    portal.tick()
    assert set(states(portal, tenant).values()) == {"fresh"}
    assert without_mfa(portal, tenant) == {*lost, *more}


def test_while_the_plan_is_lost_nothing_is_evaluated(portal: Portal, titles: Titles) -> None:
    tenant = synced(portal, users=5)
    asked_on_plan(portal, "solo", seconds=5)
    ran = len(titles.seen)
    titles.version = 2
    portal.later(hours=24)
    portal.tick()

    assert len(titles.seen) == ran
    at = due_at(portal, tenant)
    assert at is not None
    assert at > portal.clock()
