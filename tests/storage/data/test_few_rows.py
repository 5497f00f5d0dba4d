"""The rows of a small tenant are read together by whoever asks for more than one data set."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from azure.identity import ManagedIdentityCredential

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.sync.datasets import Reading, Record
from integrations.storage.data import fences, store
from integrations.storage.data.store import DataStore
from shared.storage.tables import Tables

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
STORED = {"things": ["a", "b"], "things2": ["z"], "others": ["x:1", "y"]}


class Thing(msgspec.Struct, frozen=True):
    name: str


@pytest.fixture
def data(storage: str) -> DataStore:
    tables = Tables.connect(storage, "", ManagedIdentityCredential)
    made = DataStore(tables, AccountId("acct"), TenantId("9f1c0e3a-0000-4000-8000-00000000aa01"), 1)
    sync(made, **STORED)
    return made


def sync(data: DataStore, **keys: list[str]) -> None:
    session = data.open()
    for dataset, some in keys.items():
        records = [Record(key=it, body=Thing(it.upper())) for it in some]
        plan = session.plan(dataset, Reading(records=records, is_complete=True, link="link"), NOW)
        session.commit([plan.writes], [plan.cursor])


@pytest.fixture
def asked(data: DataStore) -> list[str]:
    """Grows with each question to storage."""
    questions: list[str] = []

    def counted(name: str) -> None:
        ask = getattr(data.table, name)

        def asking(*told: Any, **more: Any) -> Any:
            questions.append(name)
            return ask(*told, **more)

        setattr(data.table, name, asking)

    counted("range")
    counted("find")
    return questions


def everything(data: DataStore) -> dict[str, list[str]]:
    rows = data.state().rows
    return {dataset: [key for key, _ in rows.all(dataset, Thing)] for dataset in (*STORED, "never read")}


def test_from_the_second_question_on_they_come_by_one_request(data: DataStore, asked: list[str]) -> None:
    found = everything(data)

    assert found == STORED | {"never read": []}
    assert asked == ["range"] * 3  # the cursors, the first data set, and everything


def test_one_question_reads_what_it_asks_for(data: DataStore, asked: list[str]) -> None:
    found = data.state().rows.find("others", ["x:1", "absent"], Thing)

    assert found == {"x:1": Thing("X:1")}
    assert asked == ["range", "find"]


def test_single_rows_are_found_among_those_that_were_read(data: DataStore, asked: list[str]) -> None:
    rows = data.state().rows

    assert rows.find("things", [], Thing) == {}
    found = [rows.find("things", [it], Thing) for it in ("a", "b", "z")]

    assert found == [{"a": Thing("A")}, {"b": Thing("B")}, {}]
    assert asked == ["range", "find", "range"]


def test_what_is_written_later_is_for_whoever_asks_anew(data: DataStore) -> None:
    rows = data.state().rows
    before = [list(rows.all(it, Thing)) for it in STORED]
    sync(data, things=["a", "c"])

    assert [list(rows.all(it, Thing)) for it in STORED] == before
    assert everything(data)["things"] == ["a", "c"]


def test_many_rows_are_read_data_set_by_data_set(
    data: DataStore, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_FEW_ROWS", 4)
    monkeypatch.setattr(store, "_FEW_ROWS_OF_ONE", 0)

    assert everything(data) == STORED | {"never read": []}
    assert asked == ["range"] * 5


@pytest.fixture
def big(data: DataStore, monkeypatch: pytest.MonkeyPatch) -> DataStore:
    """Like a tenant that has many rows of one data set, which stands between those of few rows."""
    monkeypatch.setattr(store, "_FEW_ROWS", 8)
    monkeypatch.setattr(store, "_FEW_ROWS_OF_ONE", 2)
    sync(data, many=["1", "2", "3"], more=["m"])
    return data


def test_of_a_big_tenant_neighbours_of_few_rows_come_by_one_request(big: DataStore, asked: list[str]) -> None:
    rows = big.state().rows
    first = [key for key, _ in rows.all("many", Thing)]

    found = {it: [key for key, _ in rows.all(it, Thing)] for it in ("things", "more", "others", "things2")}

    assert first == ["1", "2", "3"]
    assert found == STORED | {"more": ["m"]}
    assert rows.find("things2", ["z", "absent"], Thing) == {"z": Thing("Z")}
    assert asked == ["range"] * 3  # the cursors, the many rows, and all others, which follow each other


def test_long_rows_are_read_by_themselves(big: DataStore, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LONG_ROWS", {"others"})
    rows = big.state().rows

    for _ in range(2):
        assert {it: [key for key, _ in rows.all(it, Thing)] for it in STORED} == STORED

    assert asked == ["range"] * (1 + 1 + 1 + 2)  # the cursors, the first question, its neighbours, long rows each time


def test_rows_on_the_other_side_of_many_take_another_request(big: DataStore, asked: list[str]) -> None:
    sync(big, before=["b"])
    rows = big.state().rows
    asked.clear()

    for _ in range(3):
        assert rows.find("before", ["b"], Thing) == {"b": Thing("B")}
        assert [key for key, _ in rows.all("others", Thing)] == ["x:1", "y"]
        assert rows.find("many", ["3"], Thing) == {"3": Thing("3")}

    assert Counter(asked) == {"range": 2, "find": 1 + 3}  # neither side is read twice after the first question


def test_nothing_is_kept_of_a_data_set_that_is_spread(
    data: DataStore, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_FEW_ROWS", 4)
    monkeypatch.setattr(fences, "_ROWS_OF_A_PART", 1)
    sync(data, spread=["1", "2"])
    rows = data.state().rows
    asked.clear()

    assert [sorted(key for key, _ in rows.all("spread", Thing)) for _ in range(2)] == [["1", "2"]] * 2
    assert asked == ["range"] * 4
