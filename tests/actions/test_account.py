"""An account's rows are changed by a unit of work that keeps a crash-safe order."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import msgspec
import pytest

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.actions.jobs.due_work import order_due
from integrations.actions.jobs.registry import due_handlers
from integrations.domain.ids import AccountId, OrganizationId, SyncroTenantId
from integrations.domain.integrations import Organization
from integrations.domain.jobs.orders import PlanOrder, ShardOrder
from integrations.services import Services
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import ALL, Work, shards
from shared.storage.tables import StorageUnavailable
from tests.actions.recorded import Died, Recorder
from tests.flows.portal import Portal

ACCOUNT = AccountId("acct_northwind")
ACTOR = Actor(ACCOUNT, "user_alice", "")
ORG = OrganizationId("org_1")
ITEM = "9f1c0e3a-0000-4000-8000-00000000aa01"
SENT = "send apply-plan"
WRITTEN = "control: insert organization, insert audit, insert outbox"


def organization(services: Services, name: str = "Acme Dental", key: str = ORG) -> Organization:
    return Organization(
        id=OrganizationId(key),
        name=name,
        domains=[],
        syncro_tenant_id=SyncroTenantId("st_1"),
        created_at=services.clock(),
    )


def make(account: Account, *, fails: bool = False) -> None:
    """A change with everything a change can have."""
    now = account.services.clock()
    with account.change(ACTOR, "created organization", {"organization_id": ORG}) as change:
        change.send(PlanOrder(account_id=account.id))
        change.write(account.control.organizations.added(organization(account.services)))
        change.postpone(Work.PURGE, ITEM, now + timedelta(days=1))
        change.due(Work.SYNC, ITEM, now + timedelta(hours=1))
        if fails:
            raise ZeroDivisionError


def named(account: Account) -> str:
    stored = account.control.organizations.find(ORG)
    return stored.value.name if stored else ""


def rename(account: Account, stored: Stored[Organization], name: str) -> None:
    with account.change() as change:
        change.write(account.control.organizations.saved(stored.now(msgspec.structs.replace(stored.value, name=name))))


def present(account: Account) -> Stored[Organization]:
    stored = account.control.organizations.find(ORG)
    assert stored
    return stored


def lines(account: Account, *items: str) -> dict[Work, float]:
    """In how many hours, rounded, what is due."""
    now = account.services.clock()
    found = [due for item in items for due in account.services.due.of(account.id, item)]
    return {it.work: round((it.at - now).total_seconds() / 3600, 1) for it in found}


def reconcile(portal: Portal) -> list[str]:
    """Another process looks at all that is due two minutes later; returns what it wrote and sent."""
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
    assert lines(account, ITEM) == {Work.SYNC: 1.0}  # what was to be postponed stands as it stood
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


def test_a_line_that_cannot_be_postponed_now_stands_at_its_earlier_time(portal: Portal) -> None:
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


def test_of_several_lines_for_one_item_the_last_one_stands(portal: Portal) -> None:
    account, now = Account(portal.services, ACCOUNT), portal.clock()

    with account.change() as change:
        change.due(Work.SYNC, ITEM, now + timedelta(hours=1))
        change.due(Work.SYNC, ITEM, now + timedelta(hours=2))
        change.due(Work.CUSTOMER, ITEM, now + timedelta(hours=3))
        change.write(account.control.organizations.added(organization(portal.services)))

    assert lines(account, ITEM) == {Work.SYNC: 2.0, Work.CUSTOMER: 3.0}


def test_a_change_tells_the_new_version_of_its_first_row(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)
    first, second = organization(portal.services), organization(portal.services, "Other", "org_2")

    with account.change(ACTOR, "created organization", {}) as change:
        change.write(account.control.organizations.added(first), account.control.organizations.added(second))
    rename(account, Stored(first, change.etag), "Fabrikam")

    assert named(account) == "Fabrikam"


def test_the_operator_is_told_of_entries_that_were_written_and_of_no_others(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "integrations")
    account = Account(portal.services, ACCOUNT)

    make(account)
    with pytest.raises(VersionConflict):
        make(account)

    told = [json.loads(it.getMessage()) for it in caplog.records if it.name == "integrations"]
    assert [it["outcome"] for it in told if it["event"] == "created organization"] == ["done"]


def test_an_attempt_that_met_a_conflict_reads_anew(portal: Portal) -> None:
    account, seen = Account(portal.services, ACCOUNT), list[str]()
    make(account)

    def attempt() -> str:
        stored = present(account)
        seen.append(stored.value.name)
        if len(seen) < 5:  # somebody else is faster
            rename(account, stored, f"Theirs {len(seen)}")
        rename(account, stored, "Ours")
        return "done"

    assert retry_on_conflict(attempt) == "done"
    assert seen == ["Acme Dental", "Theirs 1", "Theirs 2", "Theirs 3", "Theirs 4"]
    assert named(account) == "Ours"


def test_a_conflict_that_does_not_end_is_raised_after_five_attempts(portal: Portal) -> None:
    account, tries = Account(portal.services, ACCOUNT), list[int]()
    make(account)

    def attempt() -> None:
        stored = present(account)
        tries.append(1)
        rename(account, stored, f"Theirs {len(tries)}")
        rename(account, stored, "Ours")

    with pytest.raises(VersionConflict):
        retry_on_conflict(attempt)

    assert (len(tries), named(account)) == (5, "Theirs 5")


def test_who_holds_a_row_already_tries_with_it_once(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)
    make(account)
    held = present(account)
    rename(account, held, "Theirs")

    retry_on_conflict(
        lambda: rename(account, present(account), "Read anew"), first=lambda: rename(account, held, "As it was held")
    )

    assert named(account) == "Read anew"


def test_many_at_once_lose_none_of_their_changes(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)
    make(account)

    def grow(_: int) -> None:
        def attempt() -> None:
            stored = present(account)
            rename(account, stored, f"{stored.value.name}x")

        retry_on_conflict(attempt, tries=100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(grow, range(24)))

    assert named(account) == "Acme Dental" + "x" * 24


def test_who_leaves_it_to_the_others_skips_the_rest_and_says_so(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "integrations")
    account, done = Account(portal.services, ACCOUNT), list[str]()
    make(account)
    held = present(account)
    rename(account, held, "Theirs")

    with ignore_conflict("another worker was faster", account_id=ACCOUNT):
        rename(account, held, "Ours")
        done.append("the rest")

    assert (named(account), done) == ("Theirs", [])
    assert any("another worker was faster" in it.getMessage() for it in caplog.records)
