"""A big tenant's rows in several partitions: each fenced, all of them seen as one."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from threading import Lock
from time import sleep
from typing import Any

import msgspec
import pytest
from azure.identity import ManagedIdentityCredential

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.sync.datasets import Reading, Record
from integrations.storage.data import fences
from integrations.storage.data.fences import parts_for
from integrations.storage.data.store import DataSession, DataStore, Superseded
from shared.storage import concurrency_limit
from shared.storage.tables import Tables

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
_ROWS_OF_A_PART = 20


class Thing(msgspec.Struct, frozen=True):
    name: str


class Stopped(Exception):
    """The process ended here."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", _ROWS_OF_A_PART)


@pytest.fixture
def data(storage: str) -> DataStore:
    return data_of(storage)


def data_of(storage: str, epoch: int = 1) -> DataStore:
    """As another process would open it."""
    tables = Tables.connect(storage, "", ManagedIdentityCredential)
    return DataStore(tables, AccountId("acct"), TenantId("9f1c0e3a-0000-4000-8000-00000000aa01"), epoch)


def names(count: int, value: str = "1") -> dict[str, str]:
    return {f"{number:04d}": value for number in range(count)}


def reading(things: dict[str, str], *, removed: tuple[str, ...] = (), is_complete: bool = True) -> Reading:
    records = [Record(key=key, body=Thing(value), kind=value[0]) for key, value in things.items()]
    return Reading(records=records, removed=removed, is_complete=is_complete, link="link")


def sync(session: DataSession, what: Reading) -> tuple[int, int, int]:
    plan = session.plan("things", what, NOW)
    session.commit([plan.writes], [plan.cursor])
    return plan.counts.created, plan.counts.changed, plan.counts.removed


def listed(data: DataStore) -> dict[str, str]:
    return {key: body.name for key, body in data.list("things", Thing, limit=10_000)}


def raw(data: DataStore) -> dict[str, list[str]]:
    """Rows that really are in each partition, whoever sees them."""
    found = {part: data.table.prefix(fences.partition_of(data.base, part), "row:") for part in range(fences.MOST_PARTS)}
    return {
        fences.partition_of(data.base, part).removeprefix(data.base): [row.key for row in rows]
        for part, rows in found.items()
        if rows
    }


def before_transaction(data: DataStore, number: int, do: Callable[[], Any]) -> None:
    """Something happens just before the session's so-manieth transaction, counted from 1."""
    working, made = data.table.write, 0

    def write(*writes: Any) -> str:
        nonlocal made
        made += 1
        if made == number:
            do()
        return working(*writes)

    data.table.write = write  # type: ignore[method-assign]


def stop() -> None:
    raise Stopped


def test_only_big_data_sets_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    sizes = [0, 100, 8_000, 8_001, 10_000, 30_000, 60_000, 100_000, 1_000_000]
    assert [parts_for(rows) for rows in sizes] == [1, 1, 1, 2, 2, 4, 8, 16, 16]


def test_a_spread_data_set_is_listed_as_one(data: DataStore) -> None:
    assert sync(data.open(), reading(names(150))) == (150, 0, 0)

    pages, after = [], ""
    while page := data.list("things", Thing, after=after, limit=40):
        pages.append([key for key, _ in page])
        after = page[-1][0]

    assert [len(page) for page in pages] == [40, 40, 40, 30]
    assert list(chain.from_iterable(pages)) == sorted(names(150))
    assert set(raw(data)) == {"", *(f"|{part:02d}" for part in range(1, 8))}


def test_changes_are_written_where_their_rows_are(data: DataStore) -> None:
    sync(data.open(), reading(names(150)))

    delta = reading({"0003": "2", "0100": "1", "9999": "1"}, removed=("0004", "gone"), is_complete=False)
    assert sync(data.open(), delta) == (1, 1, 1)
    whole = sync(data.open(), reading({**names(149), "0003": "3"}))

    assert whole == (1, 1, 2)  # 0004 came back, 0003 changed again; 0149 and 9999 vanished
    assert listed(data) == {**names(149), "0003": "3"}
    assert data.cursors()["things"].counts_by_kind == {"1": 148, "3": 1}


def test_a_data_set_that_grows_is_spread_anew_and_nothing_is_twice(data: DataStore) -> None:
    sync(data.open(), reading(names(10)))
    one = set(raw(data))

    counts = sync(data.open(), reading(names(70)))

    assert (one, counts) == ({""}, (60, 0, 0))
    assert sorted(key for keys in raw(data).values() for key in keys) == [f"row:things:{key}" for key in names(70)]
    assert len(raw(data)) == 4
    assert sync(data.open(), reading({"0001": "2"}, is_complete=False)) == (0, 1, 0)


@pytest.mark.parametrize("number", range(1, 14))
def test_spreading_anew_that_breaks_off_anywhere_loses_and_doubles_nothing(
    storage: str, data: DataStore, number: int
) -> None:
    sync(data.open(), reading(names(30)))
    broken = data_of(storage)
    before_transaction(broken, number, stop)

    with suppress(Stopped):
        sync(broken.open(), reading(names(150)))
    meanwhile = set(listed(data))
    smaller = dict.fromkeys(list(names(150))[5:], "2")
    sync(data.open(), reading(smaller))

    assert meanwhile >= set(names(30))
    assert listed(data) == smaller
    assert sorted(key for keys in raw(data).values() for key in keys) == [f"row:things:{key}" for key in smaller]
    assert data.cursors()["things"].counts_by_kind == {"2": 145}


@pytest.mark.parametrize("number", range(1, 6))  # the claim, three other partitions, the cursor
def test_a_late_sync_of_a_closed_epoch_writes_in_no_partition(storage: str, data: DataStore, number: int) -> None:
    """Whenever the epoch ends: from then on nothing is written, wherever the sync had got to."""
    sync(data.open(), reading(names(70)))
    late, after_closing = data_of(storage), []

    def end() -> None:
        data.close()
        after_closing.append({part: [row.etag for row in _rows(data, part)] for part in range(fences.MOST_PARTS)})

    before_transaction(late, number, end)
    with pytest.raises(Superseded):
        sync(late.open(), reading(names(70, "2")))

    assert after_closing == [{part: [row.etag for row in _rows(data, part)] for part in range(fences.MOST_PARTS)}]


def test_the_first_sync_of_a_closed_epoch_finds_every_partition_closed(storage: str, data: DataStore) -> None:
    late = data_of(storage)
    before_transaction(late, 3, data.close)

    with pytest.raises(Superseded):
        sync(late.open(), reading(names(70)))
    rows = sum(map(len, raw(data).values()))
    with pytest.raises(Superseded):
        data_of(storage).open()

    assert rows < 70
    assert listed(data_of(storage, epoch=2)) == {}


def test_the_slower_of_two_runs_writes_in_no_partition(storage: str, data: DataStore) -> None:
    sync(data.open(), reading(names(70)))
    slow = data_of(storage).open()
    plan = slow.plan("things", reading(names(70, "slow")), NOW)
    sync(data.open(), reading(names(70, "fast")))

    with pytest.raises(Superseded):
        slow.commit([plan.writes], [plan.cursor])

    assert set(listed(data).values()) == {"fast"}


@pytest.mark.parametrize("number", range(2, 6))
def test_a_run_believed_dead_that_wakes_up_writes_nothing_more(storage: str, data: DataStore, number: int) -> None:
    sync(data.open(), reading(names(70)))
    sleeper = data_of(storage)
    before_transaction(sleeper, number, lambda: sync(data.open(), reading(names(70, "new"))))

    with pytest.raises(Superseded):
        sync(sleeper.open(), reading(names(70, "old")))

    assert set(listed(data).values()) == {"new"}
    assert sync(data.open(), reading(names(70, "new"))) == (0, 0, 0)


@pytest.mark.parametrize("number", range(2, 6))
def test_a_run_that_takes_over_locks_the_other_out_before_it_writes(storage: str, data: DataStore, number: int) -> None:
    sync(data.open(), reading(names(70)))
    sleeper, sessions = data_of(storage), []
    before_transaction(sleeper, number, lambda: sessions.append(data.open()))

    with pytest.raises(Superseded):
        sync(sleeper.open(), reading(names(70, "old")))
    sync(sessions[0], reading(names(70, "new")))

    assert set(listed(data).values()) == {"new"}


@pytest.mark.parametrize("rows_of_a_part", [20, 4000], ids=["several partitions", "several transactions"])
def test_changes_that_were_half_written_are_counted_once(
    storage: str, data: DataStore, monkeypatch: pytest.MonkeyPatch, rows_of_a_part: int
) -> None:
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", rows_of_a_part)
    sync(data.open(), reading(names(50)))
    delta = reading({f"{number:04d}": "2" for number in range(25, 300)}, is_complete=False)
    broken = data_of(storage)
    before_transaction(broken, 3, stop)
    with pytest.raises(Stopped):
        sync(broken.open(), delta)

    sync(data.open(), delta)

    assert data.cursors()["things"].counts_by_kind == {"1": 25, "2": 275}


def test_what_one_transaction_could_hold_and_several_half_wrote_is_counted_once(
    storage: str, data: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where storage is slow, even a few rows go in several transactions."""
    monkeypatch.setattr(concurrency_limit, "_INITIAL", 20)
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", 4000)
    sync(data.open(), reading(names(50)))
    delta = reading(names(60, "2"), is_complete=False)
    broken = data_of(storage)
    before_transaction(broken, 2, stop)
    with pytest.raises(Stopped):
        sync(broken.open(), delta)
    assert Counter(listed(data).values()).keys() == {"1", "2"}

    sync(data.open(), delta)

    assert data.cursors()["things"].counts_by_kind == {"2": 60}


def test_a_whole_reading_mends_what_was_half_written(storage: str, data: DataStore) -> None:
    """Even when everything is back to what the cursor remembers."""
    sync(data.open(), reading(names(70)))
    broken = data_of(storage)
    before_transaction(broken, 4, stop)
    with pytest.raises(Stopped):
        sync(broken.open(), reading(names(70, "2")))

    sync(data.open(), reading(names(70)))

    assert listed(data) == names(70)


def test_a_whole_reading_that_changed_nothing_looks_at_no_rows(data: DataStore) -> None:
    sync(data.open(), reading(names(70)))
    session = data.open()
    asked: list[str] = []
    data.places = lambda *_: asked.append("places") or {}  # type: ignore[method-assign, func-returns-value]

    assert sync(session, reading(dict(reversed(names(70).items())))) == (0, 0, 0)
    assert asked == []


def test_a_first_reading_looks_at_no_rows(data: DataStore) -> None:
    session = data.open()
    asked: list[str] = []
    data.places = lambda *_: asked.append("places") or {}  # type: ignore[method-assign, func-returns-value]

    assert sync(session, reading(names(70))) == (70, 0, 0)
    assert asked == []


@pytest.mark.parametrize("rows_of_a_part", [20, 4000], ids=["several partitions", "several transactions"])
def test_rows_of_a_first_reading_that_was_broken_off_are_found(
    storage: str, data: DataStore, monkeypatch: pytest.MonkeyPatch, rows_of_a_part: int
) -> None:
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", rows_of_a_part)
    broken = data_of(storage)
    before_transaction(broken, 3, stop)
    with pytest.raises(Stopped):
        sync(broken.open(), reading(names(300)))
    half_written = list(chain.from_iterable(raw(data).values()))
    assert 0 < len(half_written) < 300

    still_there = names(300)
    del still_there[half_written[0].removeprefix("row:things:")]
    sync(data.open(), reading(still_there))

    assert listed(data) == still_there
    assert len(list(chain.from_iterable(raw(data).values()))) == 299


def test_where_storage_is_slow_a_big_tenant_has_one_transaction_on_its_way(data: DataStore) -> None:
    """So that nobody else waits long behind it."""
    working, one_after_the_other = data.table.write, Lock()
    on_way: list[int] = []
    seen: list[tuple[int, ...]] = []

    def write(*writes: Any) -> str:
        on_way.append(len(writes))
        seen.append(tuple(on_way))
        with one_after_the_other:
            sleep(len(writes) / 500)
            etag = working(*writes)
        on_way.remove(len(writes))
        return etag

    data.table.write = write  # type: ignore[method-assign]
    sync(data.open(), reading(names(1000)))

    assert max(map(sum, seen)) <= 100
    assert max(map(len, seen[len(seen) // 2 :])) == 1
    assert listed(data) == names(1000)


def _rows(data: DataStore, part: int) -> list[Any]:
    return data.table.range(fences.partition_of(data.base, part))
