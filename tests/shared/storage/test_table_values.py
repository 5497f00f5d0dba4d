"""Values and keys that need escaping, Azure's limits, and the same rows whichever client wrote them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.storage.rows import Row, RowChanged, RowNotStorable, chunks, delete, insert, replace, upsert
from shared.storage.table import Table
from tests.exhaustive import exhaustive
from tests.shared.storage.clients import BY_TOKEN, CLIENTS, by_key, open_table


@pytest.fixture(params=[*CLIENTS, *exhaustive(*(client + BY_TOKEN for client in CLIENTS))])
def table(request: pytest.FixtureRequest, storage: str, tmp_path: Path) -> Iterator[Table]:
    with open_table(request.param, storage, tmp_path) as found:
        yield found


def row(key: str = "k", **values: Any) -> Row:
    return Row("p", key, values or {"name": "x"})


def test_values_come_back_as_they_were(table: Table) -> None:
    values = {"text": "Zoë 😀", "number": 2**40, "yes": True, "half": 0.5, "raw": b"\x00\x01", "empty": ""}
    table.write(insert(row(**values)))

    stored = table.get("p", "k")

    assert {name: stored.values[name] for name in values} == values  # type: ignore[union-attr]


ODD_VALUES = {
    "least": {"value": -(2**63)}, "none": {"value": 0}, "minus one": {"value": -1}, "32 bits": {"value": 2**31},
    "whole float": {"value": 1.0}, "tiny": {"value": 5e-324}, "huge": {"value": 1.7e308}, "minus zero": {"value": -0.0},
    "no": {"value": False}, "no bytes": {"value": b""}, "all bytes": {"value": bytes(range(256))},
    "line ends": {"value": "a\r\nb\nc\rd"}, "a boundary": {"value": "\r\n--changeset_1--\r\n"},
    "a zero": {"value": "\0"}, "separators": {"value": "\u2028\u2029\x85"}, "quotes": {"value": "\"'`\\"},
    "JSON": {"value": '{"odata.error":{"code":"EntityAlreadyExists"}}'},
    "like a date": {"value": "2026-11-28T10:00:00Z"},
    "like a number": {"value": "0012"}, "spaces": {"value": "  x  "}, "plain marks": {"value": "a\u0301\ufeff\u202e"},
    "nothing": {}, "other names": {"_x": 1, "\u00e9t\u00e9": "y", "ETag": "e", "metadata": "m"},
}  # fmt: skip


@pytest.mark.parametrize("others", [0, 1], ids=["alone", "in a transaction"])
def test_odd_values_come_back_as_they_were(table: Table, others: int) -> None:
    for key, values in ODD_VALUES.items():
        table.write(insert(Row("p", key, values)), *(insert(row(f"{key}~{number}")) for number in range(others)))

    for key, values in ODD_VALUES.items():
        got, listed = table.get("p", key), table.range("p", key, f"{key}~")[0]
        assert got == listed, key
        stored = {name: value for name, value in got.values.items() if name != "op"}  # type: ignore[union-attr]
        assert stored == values, key
        assert {name: type(it) for name, it in stored.items()} == {name: type(it) for name, it in values.items()}, key


ODD_KEYS = [
    "",
    " ",
    "it's",
    "''",
    "a+b",
    "a&b=c",
    "a;b",
    "$filter",
    "@partition",
    "( x )",
    "a:b|c",
    "Zo\u00eb",
    "\U0001f600",
]


def test_odd_keys_are_keys_like_others(table: Table) -> None:
    for key in ODD_KEYS:
        table.write(insert(Row(key, key, {"name": "x"})))
        table.write(upsert(Row(key, key, {"name": "y"})), insert(Row(key, f"{key}~", {"name": "z"})))

        read = table.get(key, key)

        assert read is not None, key
        assert (read.partition, read.key, read.text("name")) == (key, key, "y")
        assert table.range(key, key, f"{key}~") == table.find(key, [key, "absent"]) == [read]
        table.write(replace(Row(key, key, {}, read.etag)))
        table.write(delete(Row(key, key)), delete(Row(key, f"{key}~")))
        assert table.range(key) == [], key


@pytest.mark.parametrize(
    "key", ["a/b", "a\\b", "a#b", "a?b", "a%b", "a\tb", "a\x7fb", "\ud800", "x" * 513, "\x85"], ids=ascii
)
def test_keys_azure_forbids_never_leave(table: Table, key: str) -> None:
    calls = [
        lambda: table.get("p", key),
        lambda: table.get(key, "k"),
        lambda: table.find("p", ["k", key]),
        lambda: table.find(key, ["k"]),
        lambda: table.range(key),
        lambda: table.prefix(key, "k"),
        *(lambda it=it: table.write(it(row(key))) for it in (insert, upsert, replace, delete)),
        lambda: table.write(insert(row()), delete(row(key))),
    ]
    for call in calls:
        with pytest.raises(RowNotStorable):
            call()


def test_half_a_character_bounds_no_range(table: Table) -> None:
    for bounds in (("\ud800", ""), ("", "\ud800")):
        with pytest.raises(RowNotStorable):
            table.range("p", *bounds)


def test_limits_the_emulator_lets_pass_are_ours(table: Table) -> None:
    refused: list[dict[str, Any]] = [
        {"name": "x" * (32 * 1024 + 1)},
        {"name": "😀" * (16 * 1024 + 1)},  # two UTF-16 characters each
        {"name": "half a character: \ud83d"},
        {"raw": b"x" * (64 * 1024 + 1)},
        {"number": 2**63},
        {"number": float("nan")},
        {f"c{number}": 1 for number in range(252)},  # and the operation id is the 253rd
        {f"c{number}": "x" * 30_000 for number in range(18)},
    ]
    for values in refused:
        with pytest.raises(RowNotStorable):
            table.write(insert(row(**values)))
    with pytest.raises(RowNotStorable):
        table.write(insert(Row("p", "k")), insert(Row("q", "k")))
    for count in (0, 101):
        with pytest.raises(RowNotStorable):
            table.write(*(upsert(row(str(number))) for number in range(count)))
    with pytest.raises(RowNotStorable):
        table.write(*(upsert(row(str(number), **{f"c{n}": "x" * 30_000 for n in range(8)})) for number in range(12)))


def test_the_largest_values_azure_takes_are_taken(table: Table) -> None:
    values: dict[str, Any] = {"text": "é" * 32 * 1024, "raw": b"x" * 64 * 1024, "least": -(2**63), "most": 2**63 - 1}
    table.write(insert(row(**values)), insert(row("wide", **{f"c{number}": True for number in range(251)})))

    assert {name: table.get("p", "k").values[name] for name in values} == values  # type: ignore[union-attr]
    assert len(table.get("p", "wide").values) == 252  # type: ignore[union-attr]


def test_one_row_twice_in_a_transaction_is_a_fault_of_ours(table: Table) -> None:
    with pytest.raises(RowNotStorable):
        table.write(upsert(row("k", name="one")), upsert(row("k", name="two")))


@pytest.mark.parametrize(("writer", "reader"), [("sdk", "rest"), ("rest", "sdk")])
def test_what_one_way_has_written_the_other_reads_and_changes(storage: str, writer: str, reader: str) -> None:
    tables = by_key(storage)
    one, other = CLIENTS[writer](tables), CLIENTS[reader](tables)
    values = {name: it["value"] for name, it in ODD_VALUES.items() if "value" in it}
    wide = {f"c{number}": value for number, value in enumerate(values.values())}
    etag = one.write(insert(Row("p", "it's", wide)), insert(row("b")))

    assert one.range("p") == other.range("p")
    read = other.get("p", "it's")
    assert read is not None
    assert (read, read.etag) == (one.get("p", "it's"), etag)
    newer = other.write(replace(Row("p", "it's", {"name": "new"}, etag)))
    with pytest.raises(RowChanged):
        one.write(replace(Row("p", "it's", {"name": "late"}, etag)))
    one.write(delete(Row("p", "it's", {}, newer)))
    assert [it.key for it in other.find("p", ["it's", "b"])] == ["b"]


def test_both_ways_store_the_same(storage: str) -> None:
    """Another version of the app, or Microsoft's own tools, cannot tell which client wrote a row."""
    tables = by_key(storage)
    wide = {f"c{number}": it["value"] for number, it in enumerate(ODD_VALUES.values()) if "value" in it}
    for client, partition in (("sdk", "s"), ("rest", "b")):
        CLIENTS[client](tables).write(insert(Row(partition, "alone", wide)))
        CLIENTS[client](tables).write(insert(Row(partition, "one", wide)), insert(Row(partition, "two", wide)))
    answers = [tables.rest_table("things")._account.send("GET", "/things()", headers=_FULL)]

    rows = json.loads(answers[0].body)["value"]

    values = [{name: it for name, it in row.items() if name not in _DIFFERENT} for row in rows]
    assert len(values) == 6
    assert all(it == values[0] for it in values)


_FULL = {"Accept": "application/json;odata=fullmetadata"}
_DIFFERENT = {"PartitionKey", "RowKey", "Timestamp", "op", "odata.etag", "odata.id", "odata.editLink"}


def test_chunks_fit_a_transaction_in_number_and_size() -> None:
    small = list(chunks([upsert(row(str(number))) for number in range(250)], spare=1))
    large = list(chunks([upsert(row(str(number), name="x" * 30_000)) for number in range(200)]))

    assert [len(part) for part in small] == [99, 99, 52]
    assert max(len(part) for part in large) * 60_000 < 4 * 1024 * 1024
    assert list(chunks([])) == []
