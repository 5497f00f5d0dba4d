"""Our stores on real tables: documents, the fence of synced data, the due list, queues and seals."""

import base64
import dataclasses
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest
from azure.identity import ManagedIdentityCredential
from azure.storage.queue import QueueServiceClient

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.sync.datasets import DatasetOutcome, Reading, Record
from integrations.storage.control import Control, ControlWriter, OutboxMessage, VersionConflict, newest_first
from integrations.storage.data.store import DataStore, Superseded
from integrations.storage.due import Due, DueList, Work, shard_of, shards
from shared.clock import format_utc
from shared.http.client import Response
from shared.storage.queues import Queues, QueueUnavailable
from shared.storage.tables import Row, Tables, upsert

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TENANT = TenantId("9f1c0e3a-0000-4000-8000-00000000aa01")
ACCOUNT = AccountId("acct_northwind")


class Thing(msgspec.Struct, frozen=True):
    name: str


@pytest.fixture
def tables(storage: str) -> Tables:
    return Tables.connect(storage, "", ManagedIdentityCredential)


def data(tables: Tables, epoch: int = 1) -> DataStore:
    return DataStore(tables, ACCOUNT, TENANT, epoch)


def reading(*names: str, removed: tuple[str, ...] = (), complete: bool = True, link: str | None = "link") -> Reading:
    records = [Record(key=name.split("=")[0], body=Thing(name), kind=name[0]) for name in names]
    return Reading(records=records, removed=removed, is_complete=complete, link=link)


def store(tables: Tables, what: Reading, epoch: int = 1) -> tuple[int, int, int]:
    session = data(tables, epoch).open()
    plan = session.plan("things", what, NOW)
    session.commit([plan.writes], [plan.cursor])
    return plan.counts.created, plan.counts.changed, plan.counts.removed


def stored(tables: Tables, epoch: int = 1) -> list[str]:
    return [body.name for _, body in data(tables, epoch).list("things", Thing, limit=1000)]


def test_only_differences_are_written(tables: Tables) -> None:
    first = store(tables, reading("a=1", "b=1"))
    same = store(tables, reading("a=1", "b=1"))
    other = store(tables, reading("a=1", "b=2", "c=1"))
    delta = store(tables, reading("c=2", removed=("a", "never there"), complete=False))

    assert (first, same, other, delta) == ((2, 0, 0), (0, 0, 0), (1, 1, 0), (0, 1, 1))
    assert stored(tables) == ["b=2", "c=2"]
    cursor = data(tables).cursors()["things"]
    assert (cursor.link, cursor.outcome, cursor.counts_by_kind) == ("link", DatasetOutcome.FRESH, {"b": 1, "c": 1})


def test_a_large_delta_reads_all_fingerprints_at_once(tables: Tables) -> None:
    names = [f"{number:03d}=1" for number in range(60)]
    store(tables, reading(*names))

    assert store(tables, reading(*names[:50], complete=False)) == (0, 0, 0)


def test_masses_that_vanish_are_held_back_once(tables: Tables) -> None:
    store(tables, reading(*(f"{number:03d}" for number in range(100))))

    first = store(tables, reading("000"))
    cursor = data(tables).cursors()["things"]
    second = store(tables, reading("000"))

    assert (first, second) == ((0, 0, 0), (0, 0, 99))
    assert (cursor.outcome, cursor.error, cursor.held_back, cursor.link) == (
        DatasetOutcome.STALE,
        "mass_loss_held_back",
        99,
        None,
    )
    assert cursor.counts_by_kind == {"0": 100}


def test_nothing_is_removed_while_items_are_lost_that_may_be_the_missing_ones(tables: Tables) -> None:
    store(tables, reading("a=1", "b=1", "c=1"))

    lost = msgspec.structs.replace(reading("a=2", "d=1"), odd=1, lost=1)
    first = store(tables, lost)
    cursor, kept = data(tables).cursors()["things"], stored(tables)
    second = store(tables, reading("a=2", "d=1"))

    assert (first, kept) == ((1, 1, 0), ["a=2", "b=1", "c=1", "d=1"])
    assert (cursor.outcome, cursor.odd, cursor.link) == (DatasetOutcome.FRESH, 1, "link")
    assert cursor.counts_by_kind == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert (second, stored(tables), data(tables).cursors()["things"].odd) == ((0, 0, 2), ["a=2", "d=1"], 0)


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(Record(key="x/y", body=Thing("x"), kind="x"), id="a key that no row can have"),
        pytest.param(Record(key="x" * 600, body=Thing("x"), kind="x"), id="a key that is too long"),
        pytest.param(Record(key="b", body=Thing("x" * 450_000), kind="x"), id="a body that is too long"),
        pytest.param(Record(key="b", body=Thing("\U0001f600" * 57_000), kind="x"), id="in UTF-16"),
    ],
)
@pytest.mark.parametrize("is_complete", [True, False])
def test_what_no_row_can_hold_costs_itself_and_what_was_stored_of_it_stays(
    tables: Tables, odd: Record, *, is_complete: bool
) -> None:
    store(tables, reading("a=1", "b=1"))

    records = [*reading("a=2").records, odd]
    store(tables, Reading(records=records, is_complete=is_complete, link="link"))

    assert stored(tables) == ["a=2", "b=1"]
    assert data(tables).cursors()["things"].odd == 1


def test_the_slower_of_two_runs_writes_nothing(tables: Tables) -> None:
    slow = data(tables).open()
    plan = slow.plan("things", reading("slow"), NOW)
    store(tables, reading("fast"))

    with pytest.raises(Superseded):
        slow.commit([plan.writes], [plan.cursor])

    assert stored(tables) == ["fast"]


def test_a_closed_epoch_takes_no_more_and_a_new_one_starts_empty(tables: Tables) -> None:
    store(tables, reading("a"))
    late = data(tables).open()
    plan = late.plan("things", reading("a", "b"), NOW)
    data(tables).close()

    with pytest.raises(Superseded):
        late.commit([plan.writes], [plan.cursor])

    assert stored(tables) == ["a"]
    assert stored(tables, epoch=2) == []


def test_closing_before_the_first_write_stops_it_too(tables: Tables) -> None:
    session = data(tables).open()
    data(tables).close()

    with pytest.raises(Superseded):
        session.commit([], [session.plan("things", reading("a"), NOW).cursor])


def test_many_rows_are_written_in_guarded_parts(tables: Tables) -> None:
    assert store(tables, reading(*(f"{number:04d}" for number in range(350)))) == (350, 0, 0)

    page = data(tables).list("things", Thing, limit=100)
    following = data(tables).list("things", Thing, after=page[-1][0], limit=300)
    assert (len(page), len(following), following[0][1].name) == (100, 250, "0100")


def test_documents_are_found_listed_and_guarded(tables: Tables) -> None:
    mine, theirs = Control(tables, ACCOUNT), Control(tables, AccountId("acct_southridge"))
    writer = ControlWriter(tables)
    message = OutboxMessage(id="one", queue="q", body="{}", delay_s=0, ttl_s=60)
    writer.commit(mine.outbox.added(message))
    read = mine.outbox.find("one")

    with pytest.raises(VersionConflict):
        writer.commit(mine.outbox.added(message))
    writer.commit(mine.outbox.saved(read.now(msgspec.structs.replace(message, queue="r"))))  # type: ignore[union-attr]
    with pytest.raises(VersionConflict):
        writer.commit(mine.outbox.removed(read))  # type: ignore[arg-type]

    assert mine.outbox.find("one").value.queue == "r"  # type: ignore[union-attr]
    assert theirs.outbox.find("one") is None
    assert theirs.outbox.list() == []


def test_newer_keys_come_first() -> None:
    older, newer = newest_first(NOW), newest_first(NOW + timedelta(milliseconds=1))

    assert newer < older
    assert newest_first(NOW, "schedul0") == newest_first(NOW, "schedul0")


def test_a_line_of_a_kind_that_only_a_newer_version_knows_is_left_alone_and_costs_no_other(tables: Tables) -> None:
    due_list, due = DueList(tables), Due(Work.SYNC, ACCOUNT, "tenant", NOW)
    due_list.put(due)
    columns = {"due_at": format_utc(NOW), "kind": "tea", "account_id": ACCOUNT, "item_id": "tenant"}
    tables.rest_table("due").write(upsert(Row(shard_of(due), f"tea:{ACCOUNT}:tenant", columns)))

    assert due_list.list(shard_of(due), NOW) == [due]
    assert tables.rest_table("due").get(shard_of(due), f"tea:{ACCOUNT}:tenant") is not None


def test_the_due_list_tells_what_is_due_the_longest_overdue_first(tables: Tables) -> None:
    due_list = DueList(tables)
    dues = [Due(Work.SYNC, ACCOUNT, f"tenant-{number}", NOW + timedelta(minutes=number)) for number in range(40)]
    for due in dues:
        due_list.put(due)

    found = [due for shard in shards() for due in due_list.list(shard, NOW + timedelta(minutes=9))]

    assert sorted(due.item_id for due in found) == sorted(f"tenant-{number}" for number in range(10))
    for shard in shards():
        times = [due.at for due in due_list.list(shard, NOW + timedelta(hours=1))]
        assert times == sorted(times)


def test_what_was_put_again_is_not_completed(tables: Tables) -> None:
    due_list, due = DueList(tables), Due(Work.SYNC, ACCOUNT, "tenant", NOW)
    due_list.put(due)
    due_list.put(Due(Work.SYNC, ACCOUNT, "tenant", NOW + timedelta(minutes=1)))

    due_list.complete(due)
    kept = due_list.list(shard_of(due), NOW + timedelta(hours=1))
    due_list.complete(kept[0])
    due_list.complete(kept[0])

    assert len(kept) == 1
    assert due_list.list(shard_of(due), NOW + timedelta(hours=1)) == []


def test_lines_are_moved_on_together_and_one_that_was_put_meanwhile_stays(tables: Tables) -> None:
    due_list, tomorrow = DueList(tables), NOW + timedelta(days=1)
    for number in range(400):
        due_list.put(Due(Work.SYNC, ACCOUNT, f"tenant-{number}", NOW))
    shard = shards()[0]
    found = due_list.list(shard, NOW)
    due_list.put(Due(Work.SYNC, ACCOUNT, found[3].item_id, NOW + timedelta(minutes=1)))

    due_list.move([dataclasses.replace(due, at=tomorrow) for due in found])

    times = {due.item_id: due.at for due in due_list.list(shard, tomorrow)}
    assert len(times) == len(found) > 5
    assert times.pop(found[3].item_id) == NOW + timedelta(minutes=1)
    assert set(times.values()) == {tomorrow}


def test_a_message_is_base64_waits_and_ends(storage: str) -> None:
    queues = Queues.connect(storage, "", ManagedIdentityCredential)
    queues.send("fresh-queue", b'{"a":1}', ttl_s=60)
    queues.send("fresh-queue", b"later", delay_s=300, ttl_s=60)

    with QueueServiceClient.from_connection_string(storage) as service:
        client = service.get_queue_client("fresh-queue")
        visible = client.receive_message()
        properties = client.get_queue_properties()

    assert base64.b64decode(visible.content) == b'{"a":1}'
    assert timedelta(0) < visible.expires_on - visible.inserted_on <= timedelta(seconds=61)
    assert properties.approximate_message_count == 2
    assert client.queue_name == "fresh-queue"


def test_a_queue_that_is_out_is_said_to_be_out() -> None:
    connection = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;QueueEndpoint=http://127.0.0.1:9/a;"
    with pytest.raises(QueueUnavailable):
        Queues.connect(connection, "", ManagedIdentityCredential).send("q-one", b"x")


def test_a_queue_that_refuses_is_said_to_be_out(storage: str) -> None:
    with pytest.raises(QueueUnavailable, match="413"):
        Queues.connect(storage, "", ManagedIdentityCredential).send("q-one", b"x" * 60_000)
    with pytest.raises(QueueUnavailable, match="400"):
        Queues.connect(storage, "", ManagedIdentityCredential).send("NoSuchName", b"x")


def test_a_queue_that_is_busy_is_asked_again() -> None:
    answers = [503, 404, 201, 201]
    account = SimpleNamespace(send=lambda *_, **__: Response(answers.pop(0), {}, b""))

    Queues(account).send("q-one", b"x")  # type: ignore[arg-type]

    assert answers == []
