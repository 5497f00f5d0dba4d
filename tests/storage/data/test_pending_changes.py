"""Marks of what syncs changed: stored with the cursors, merged, consumed at the version they were read at."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from azure.identity import ManagedIdentityCredential

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.sync.changed_keys import ALL, MOST_KEYS, Keys
from integrations.domain.sync.datasets import Reading, Record
from integrations.storage.data import fences
from integrations.storage.data.derived import DerivedStore
from integrations.storage.data.pending import PendingMarker
from integrations.storage.data.store import DataSession, DataStore, Superseded
from integrations.storage.data.sweeping import Sweeper
from shared.storage.rows import RowNotStorable
from shared.storage.tables import Tables

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TENANT = TenantId("9f1c0e3a-0000-4000-8000-00000000aa01")
ACCOUNT = AccountId("acct_northwind")


class Thing(msgspec.Struct, frozen=True):
    name: str


class Stopped(Exception):
    """The process ended here."""


@pytest.fixture
def tables(storage: str) -> Tables:
    return Tables.connect(storage, "", ManagedIdentityCredential)


@pytest.fixture
def data(tables: Tables) -> DataStore:
    return DataStore(tables, ACCOUNT, TENANT, 1)


@pytest.fixture
def derived(tables: Tables) -> DerivedStore:
    return DerivedStore(tables, ACCOUNT, TENANT, 1)


def opened(data: DataStore, *datasets: str, at: datetime = NOW) -> DataSession:
    return data.open(marker=PendingMarker(datasets or ("things", "others"), at))


def reading(*names: str, removed: tuple[str, ...] = (), is_complete: bool = True) -> Reading:
    records = [Record(key=name.split("=")[0], body=Thing(name)) for name in names]
    return Reading(records=records, removed=removed, is_complete=is_complete, link="link")


def sync(session: DataSession, what: Reading, dataset: str = "things") -> None:
    plan = session.plan(dataset, what, NOW)
    session.commit([plan.writes], [plan.cursor])


def marks(data: DataStore) -> dict[str, Keys]:
    return {name: it.keys for name, it in data.state().pending.items()}


def stopped_at(data: DataStore, number: int) -> None:
    """The process ends just before this transaction, counted from 1."""
    working, made = data.table.write, 0

    def write(*writes: Any) -> str:
        nonlocal made
        made += 1
        if made == number:
            raise Stopped
        return working(*writes)

    data.table.write = write  # type: ignore[method-assign]


def test_what_came_changed_or_went_is_marked(data: DataStore) -> None:
    sync(opened(data), reading("a=1", "b=1", "c=1"))
    data.consume(data.state().pending)
    sync(opened(data), reading("a=1", "b=2", "d=1"))
    whole = marks(data)
    data.consume(data.state().pending)
    sync(opened(data), reading("e=1", "a=1", removed=("b", "never there"), is_complete=False))

    assert (whole, marks(data)) == ({"things": frozenset("bcd")}, {"things": frozenset("be")})


def test_marks_are_merged_until_they_are_used_and_know_the_oldest_change(data: DataStore) -> None:
    sync(opened(data), reading("a=1"))
    session = opened(data, at=NOW + timedelta(hours=1))
    sync(session, reading("a=1", "b=1"))
    sync(session, reading("x=1"), "others")
    (things, others) = (data.state().pending[name] for name in ("things", "others"))

    assert (things.keys, things.since) == (frozenset("ab"), NOW)
    assert (others.keys, others.since) == (frozenset("x"), NOW + timedelta(hours=1))
    assert session.has_changes
    assert opened(data).has_changes


def test_nothing_is_marked_where_nothing_changed_or_nobody_needs_it(data: DataStore) -> None:
    sync(opened(data, "others"), reading("a=1"))
    sync(data.open(), reading("a=2"))
    sync(opened(data), reading("a=2"))
    session = opened(data)
    sync(session, reading("a=2"))

    assert marks(data) == {}
    assert not session.has_changes


def test_too_many_changes_to_name_are_all(data: DataStore) -> None:
    names = [f"{number:04d}=1" for number in range(MOST_KEYS)]
    sync(opened(data), reading(*names))
    named = marks(data)
    sync(opened(data), reading(*names, "one more=1"))

    assert named == {"things": frozenset(it.split("=")[0] for it in names)}
    assert marks(data) == {"things": ALL}
    sync(opened(data), reading("a=1", is_complete=False))
    assert marks(data) == {"things": ALL}


def test_long_keys_fit_the_row(data: DataStore) -> None:
    keys = [f"{number:03d}{'x' * 190}" for number in range(500)]
    sync(opened(data), reading(*(f"{key}=1" for key in keys)))

    assert marks(data) == {"things": frozenset(keys)}
    longer = [f"{number:03d}{'y' * 250}" for number in range(499)]
    sync(opened(data), reading(*(f"{key}=1" for key in longer), is_complete=False))
    assert marks(data) == {"things": ALL}


def test_a_mark_that_was_written_anew_since_it_was_read_stays(data: DataStore) -> None:
    sync(opened(data), reading("a=1"))
    sync(opened(data), reading("x=1"), "others")
    read = data.state().pending
    sync(opened(data), reading("a=2"))
    data.consume(read)
    data.consume(read)

    assert marks(data) == {"things": frozenset("a")}


@pytest.mark.parametrize("number", range(1, 9))
def test_no_change_is_left_without_a_mark_wherever_a_sync_ends(
    storage: str, data: DataStore, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever rows are there after the next sync, whoever wrote them, is marked."""
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", 20)
    sync(opened(data), reading(*(f"{n:03d}=1" for n in range(50))))
    sync(opened(data), reading("x=1"), "others")
    data.consume(data.state().pending)
    broken = DataStore(Tables.connect(storage, "", ManagedIdentityCredential), ACCOUNT, TENANT, 1)
    stopped_at(broken, number)
    changed = reading(*(f"{n:03d}=2" for n in range(0, 100, 3)), is_complete=False)
    has_ended = False
    with suppress(Stopped):
        sync(opened(broken), changed)
        has_ended = True
    at_once = marks(data)
    sync(opened(data), reading("x=1", is_complete=False), "others")

    if has_ended:
        assert at_once == {"things": frozenset(it.key for it in changed.records)}
    else:
        assert marks(data) == ({} if number == 1 else {"things": ALL, "others": ALL})


def test_rows_that_move_to_other_partitions_are_all_marked(data: DataStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that knew where rows were has missed some of them."""
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", 20)
    names = [f"{number:02d}=1" for number in range(20)]
    sync(opened(data), reading(*names))
    data.consume(data.state().pending)
    sync(opened(data), reading(*names, "one more=1"))

    assert marks(data) == {"things": ALL}


def test_derived_rows_that_vanish_all_at_once_are_believed(data: DataStore, derived: DerivedStore) -> None:
    many = reading(*(f"{number}=1" for number in range(100)))
    for store in (data, derived):
        sync(store.open(), many)
        sync(store.open(), reading("0=1"))

    assert len(data.list("things", Thing, limit=1000)) == 100
    assert [key for key, _ in derived.list("things", Thing)] == ["0"]


def test_a_derived_row_that_fits_nowhere_is_a_fault_and_nothing_is_written(derived: DerivedStore) -> None:
    sync(derived.open(), reading("a=1"))
    for is_complete in (True, False):
        with pytest.raises(RowNotStorable):
            derived.open().plan("things", reading("a=2", "b/c=1", is_complete=is_complete), NOW)

    assert [it.name for _, it in derived.list("things", Thing)] == ["a=1"]


def test_a_sync_and_an_evaluation_never_meet_at_a_fence(data: DataStore, derived: DerivedStore) -> None:
    syncing, evaluating = data.open(), derived.open()
    sync(syncing, reading("a=1"))
    sync(evaluating, reading("b=1"))
    sync(syncing, reading("a=2"))
    sync(evaluating, reading("b=2"))

    assert [it.name for _, it in data.list("things", Thing)] == ["a=2"]
    assert [it.name for _, it in derived.list("things", Thing)] == ["b=2"]


def test_of_two_evaluations_the_slower_one_gives_way_although_it_has_nothing_to_write(derived: DerivedStore) -> None:
    sync(derived.open(), reading("a=1"))
    slower, idle = derived.open(), derived.open()
    sync(derived.open(), reading("a=2"))

    with pytest.raises(Superseded):
        sync(slower, reading("a=3"))
    with pytest.raises(Superseded):
        idle.confirm()
    derived.open().confirm()
    assert [it.name for _, it in derived.list("things", Thing)] == ["a=2"]


@pytest.mark.parametrize("was_written", [True, False], ids=["written before", "never written"])
def test_closing_an_epoch_closes_its_derived_rows_too(
    data: DataStore, derived: DerivedStore, *, was_written: bool
) -> None:
    if was_written:
        sync(derived.open(), reading("a=1"))
    late = derived.open()
    data.close()

    with pytest.raises(Superseded):
        sync(late, reading("b=1"))
    with pytest.raises(Superseded):
        derived.open()


def test_derived_rows_go_with_the_epoch_and_are_not_counted_as_microsofts(
    tables: Tables, data: DataStore, derived: DerivedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", 20)
    sync(opened(data), reading("a=1", "b=1"))
    sync(derived.open(), reading(*(f"{number}=1" for number in range(100))))
    data.close()
    sweeper = Sweeper(tables, ACCOUNT, TENANT)

    assert sweeper.epochs() == [1]
    assert sweeper.count(1) == {"things": 2}
    assert sweeper.sweep(1, with_fences=False) == 2 + 100 + 1 + 1 + 1  # rows, a mark, and a cursor of each
    with pytest.raises(Superseded):
        derived.open()
    sweeper.sweep(1, with_fences=True)
    assert sweeper.epochs() == []


def test_everything_that_is_kept_is_told_once(data: DataStore, derived: DerivedStore) -> None:
    sync(opened(data), reading("a=1"))
    sync(derived.open(), reading("b=1"))

    assert [(kind, key) for kind, key, _ in data.everything()] == [
        ("changed", "things"),
        ("dataset", "things"),
        ("things", "a"),
    ]
    assert [(kind, key) for kind, key, _ in derived.everything()] == [("evaluation", "things"), ("things", "b")]


def test_rows_are_read_by_key_and_by_the_page_wherever_they_are(
    data: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", 20)
    names = [f"{number:04d}" for number in range(2500)]
    sync(data.open(), reading(*(f"{name}=1" for name in names)))
    rows = data.state().rows
    few, many = ["0007", "2499", "never there"], names[:2400]

    assert sorted(key for key, _ in rows.all("things", Thing)) == names
    assert rows.find("things", few, Thing) == {"0007": Thing("0007=1"), "2499": Thing("2499=1")}
    assert rows.find("things", many, Thing).keys() == set(many)
    assert list(rows.all("nothing", Thing)) == []
