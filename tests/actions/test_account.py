"""An account's rows are changed by a unit of work that keeps a crash-safe order."""

import json
import logging
from datetime import timedelta
from itertools import count

import pytest

from integrations.actions.account import Account
from integrations.actions.jobs.due_work import order_due
from integrations.actions.jobs.registry import due_handlers
from integrations.domain.ids import AccountId
from integrations.domain.jobs.orders import SHARDS, PlanOrder, ShardOrder
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import ALL, Work, shards
from shared.storage.tables import StorageUnavailable
from tests.actions.account_rows import ACCOUNT, ACTOR, ITEM, lines, make, named, organization, present, rename
from tests.actions.recorded import Died, Recorder
from tests.flows.portal import Portal

SENT = "send apply-plan"
WRITTEN = "control: insert organization, insert audit, insert outbox"


@pytest.fixture
def portal(portal: Portal) -> Portal:
    """With as many shards as a deployment has: two kinds of work are two requests."""
    object.__setattr__(portal.services, "shards", SHARDS)
    return portal


def reconcile(portal: Portal) -> list[str]:
    """Another process handles everything due two minutes later; returns what it wrote and sent."""
    recorder = Recorder()
    services = recorder.on(portal.services, clock=lambda: portal.clock() + timedelta(minutes=2))
    for shard in shards():
        order_due(services, ShardOrder(shard=shard, until=services.clock()), due_handlers())
    return recorder.steps


def test_lines_come_before_the_rows_and_messages_after_them(portal: Portal) -> None:
    recorder = Recorder()

    make(Account(recorder.on(portal.services), ACCOUNT))

    assert recorder.steps == [
        "due: upsert sync",
        "due: upsert outbox",
        "due: upsert seal",
        WRITTEN,
        "due: upsert purge",
        SENT,
        "control: delete outbox",
    ]


def test_a_change_of_rows_alone_is_one_request(portal: Portal) -> None:
    make(Account(portal.services, ACCOUNT))
    recorder = Recorder()
    account = Account(recorder.on(portal.services), ACCOUNT)

    rename(account, present(account), "Fabrikam")

    assert recorder.steps == ["control: replace organization"]


def test_a_block_that_raises_writes_nothing(portal: Portal) -> None:
    recorder = Recorder()

    with pytest.raises(ZeroDivisionError):
        make(Account(recorder.on(portal.services), ACCOUNT), fails=True)

    assert recorder.steps == []


def test_a_change_of_nothing_does_nothing(portal: Portal) -> None:
    recorder = Recorder()
    account = Account(recorder.on(portal.services), ACCOUNT)

    with account.change() as change:
        change.due(Work.SYNC, ITEM, portal.clock())
        change.postpone(Work.PURGE, ITEM, portal.clock())

    assert recorder.steps == []


def test_an_audit_entry_or_a_message_alone_is_a_change(portal: Portal) -> None:
    recorder = Recorder()
    account = Account(recorder.on(portal.services), ACCOUNT)

    with account.change(ACTOR, "exported data", {"account_id": ACCOUNT}):
        pass
    with account.change() as change:
        change.send(PlanOrder(account_id=ACCOUNT))

    assert [it for it in recorder.steps if it.startswith(("control: insert", "send"))] == [
        "control: insert audit", "control: insert outbox", SENT,
    ]  # fmt: skip


def test_a_conflict_leaves_nothing_but_lines_without_work(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)
    rename_first = Recorder()
    with account.change() as change:
        change.write(account.control.organizations.added(organization(portal.services, "First")))

    with pytest.raises(VersionConflict):
        make(Account(rename_first.on(portal.services), ACCOUNT))

    assert SENT not in rename_first.steps
    assert named(account) == "First"
    assert (account.control.audit.list(), account.control.outbox.list()) == ([], [])
    assert lines(account, ITEM) == {Work.SYNC: 1.0}  # what was to be postponed stays as it was
    assert SENT not in reconcile(portal)
    assert lines(account, ALL).keys() == {Work.SEAL}


@pytest.mark.parametrize("is_done", [False, True], ids=["before a request", "after a request"])
def test_whichever_request_a_process_dies_at_the_reconciler_brings_the_rest_about(
    portal: Portal, *, is_done: bool
) -> None:
    outcomes = []
    for number in count(1):
        account = Account(portal.services, AccountId(f"acct_{number}"))
        recorder = Recorder(number, is_done=is_done)
        try:
            make(Account(recorder.on(portal.services), account.id))
        except Died:
            steps = reconcile(portal)
            outcomes.append(
                (named(account) != "", len(account.control.audit.list()), SENT in [*recorder.steps, *steps])
            )
            assert account.control.outbox.list() == []
            assert Work.OUTBOX not in lines(account, ALL)
        else:
            break

    is_written = 3 if is_done else 4  # so many died before the transaction was done
    nothing, all_of_it = (False, 0, False), (True, 1, True)
    assert outcomes == [nothing] * is_written + [all_of_it] * (7 - is_written)


def test_messages_that_cannot_be_sent_now_wait_in_the_outbox(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)

    make(Account(Recorder(fails=(SENT,)).on(portal.services), ACCOUNT))
    waiting = len(account.control.outbox.list())
    sent = reconcile(portal)

    assert (named(account), waiting) == ("Acme Dental", 1)
    assert SENT in sent
    assert account.control.outbox.list() == []


def test_a_line_that_cannot_be_postponed_now_keeps_its_earlier_time(portal: Portal) -> None:
    account, recorder = Account(portal.services, ACCOUNT), Recorder(fails=("due: upsert purge",))

    make(Account(recorder.on(portal.services), ACCOUNT))

    assert recorder.steps[-2:] == [SENT, "control: delete outbox"]
    assert lines(account, ITEM) == {Work.SYNC: 1.0}


def test_without_its_line_a_change_is_not_made(portal: Portal) -> None:
    account, recorder = Account(portal.services, ACCOUNT), Recorder(fails=("due: upsert sync",))

    with pytest.raises(StorageUnavailable):
        make(Account(recorder.on(portal.services), ACCOUNT))

    assert recorder.steps == ["due: upsert sync"]
    assert named(account) == ""


def test_of_several_lines_for_one_item_the_last_one_counts(portal: Portal) -> None:
    account, now = Account(portal.services, ACCOUNT), portal.clock()

    with account.change() as change:
        change.due(Work.SYNC, ITEM, now + timedelta(hours=1))
        change.due(Work.SYNC, ITEM, now + timedelta(hours=2))
        change.due(Work.CUSTOMER, ITEM, now + timedelta(hours=3))
        change.write(account.control.organizations.added(organization(portal.services)))

    assert lines(account, ITEM) == {Work.SYNC: 2.0, Work.CUSTOMER: 3.0}


def test_a_change_returns_the_new_version_of_its_first_row(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)
    first, second = organization(portal.services), organization(portal.services, "Other", "org_2")

    with account.change(ACTOR, "created organization", {}) as change:
        change.write(account.control.organizations.added(first), account.control.organizations.added(second))
    rename(account, Stored(first, change.etag), "Fabrikam")

    assert named(account) == "Fabrikam"


def test_entries_that_were_written_are_logged_and_no_others(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "integrations")
    account = Account(portal.services, ACCOUNT)

    make(account)
    with pytest.raises(VersionConflict):
        make(account)

    events = [json.loads(it.getMessage()) for it in caplog.records if it.name == "integrations"]
    assert [it["outcome"] for it in events if it["event"] == "created organization"] == ["done"]
