"""Values that do not fit are left out of JSON, counted, and take nothing else with them."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import pytest

from shared.formats.json_text import UnreadableJson, parse_json
from shared.formats.tolerant import Unreadable, decode_tolerant

BOM = b"\xef\xbb\xbf"


class Person(msgspec.Struct):
    id: str
    name: str | None = None
    age: int | None = None
    share: float = 0.0
    is_on: bool | None = None
    tags: list[str] = []
    notes: dict[str, int] = {}
    seen_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    best: "Person | None" = None
    raw: msgspec.Raw = msgspec.Raw(b"null")
    other: Any = None


class People(msgspec.Struct):
    people: list[Person]


def people(*items: object, before: bytes = b"") -> tuple[list[Person], Unreadable]:
    decoded, unreadable = decode_tolerant(before + json.dumps({"people": items}).encode(), People)
    return decoded.people, unreadable


def test_what_is_as_promised_is_read_as_it_is() -> None:
    decoded, unreadable = people({"id": "a", "age": 7, "tags": ["x"], "best": {"id": "b"}})

    assert (decoded, unreadable) == ([Person(id="a", age=7, tags=["x"], best=Person(id="b"))], Unreadable())


def test_a_byte_order_mark_changes_nothing() -> None:
    assert people({"id": "a"}, before=BOM) == ([Person(id="a")], Unreadable())


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [
        ("name", 7, None),
        ("name", ["a"], None),
        ("age", "7", None),
        ("age", True, None),
        ("age", 7.5, None),
        ("share", "much", 0.0),
        ("share", True, 0.0),
        ("is_on", 1, None),
        ("tags", {"x": 1}, []),
        ("notes", [1], {}),
        ("seen_at", 5, None),
        ("seen_at", "yesterday", None),
        ("best", "b", None),
        ("best", {"name": "without an id"}, None),
    ],
)
def test_a_field_of_another_kind_takes_its_default_and_is_counted(field: str, value: object, left: object) -> None:
    decoded, unreadable = people({"id": "a", field: value}, {"id": "b"})

    assert [it.id for it in decoded] == ["a", "b"]
    assert getattr(decoded[0], field) == left
    assert unreadable == Unreadable(values=1)


@pytest.mark.parametrize("field", ["share", "tags", "notes", "raw"])
def test_null_is_how_microsoft_says_nothing_and_is_no_loss(field: str) -> None:
    decoded, unreadable = people({"id": "a", field: None})

    assert getattr(decoded[0], field) == getattr(Person(id="a"), field) or field == "raw"
    assert unreadable == Unreadable()


@pytest.mark.parametrize("item", [None, 7, "a", [], {}, {"id": None}, {"id": 7}, {"name": "x"}])
def test_an_item_that_cannot_be_read_is_left_out_and_counted(item: object) -> None:
    decoded, unreadable = people({"id": "a"}, item, {"id": "b"})

    assert ([it.id for it in decoded], unreadable) == (["a", "b"], Unreadable(values=1, items=1))


def test_parts_of_lists_and_objects_are_left_out_one_by_one() -> None:
    decoded, unreadable = people({"id": "a", "tags": ["x", None, 5, "y"], "notes": {"p": 1, "q": "r"}})

    assert (decoded[0].tags, decoded[0].notes, unreadable) == (["x", "y"], {"p": 1}, Unreadable(values=3))


def test_an_item_that_is_left_out_counts_once() -> None:
    _, unreadable = people({"tags": [1, 2, 3]})

    assert unreadable == Unreadable(values=1, items=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-28T10:00:00", datetime(2026, 11, 28, 10, tzinfo=UTC)),
        ("2026-11-28", datetime(2026, 11, 28, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_dates_are_read_in_every_form_that_microsoft_gives_them(text: str, expected: datetime) -> None:
    decoded, unreadable = people({"id": "a", "seen_at": text})

    assert (decoded[0].seen_at, unreadable) == (expected, Unreadable())


def test_lone_surrogates_are_replaced_and_pairs_stay() -> None:
    unreadable = rb'"name": "x\ud800y \ud83d\ude00", "other": {"k\udfff": ["\ud800"]}, "raw": "\udc00"'
    body = b'{"people": [{"id": "a", ' + unreadable + b"}]}"
    decoded, unreadable = decode_tolerant(body, People)

    assert decoded.people[0].name == "x\ufffdy \U0001f600"
    assert decoded.people[0].other == {"k\ufffd": ["\ufffd"]}
    assert bytes(decoded.people[0].raw) == '"\ufffd"'.encode()
    assert unreadable == Unreadable()


def test_bytes_that_are_no_utf_8_cost_no_more_than_themselves() -> None:
    decoded, _ = decode_tolerant(b'{"people": [{"id": "a", "name": "x\xff"}, {"id": "b"}]}', People)

    assert [it.name for it in decoded.people] == ["x\ufffd", None]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "9" * 9000])
def test_numbers_that_nothing_can_hold_are_none(number: str) -> None:
    decoded, unreadable = decode_tolerant(
        f'{{"people": [{{"id": "a", "age": {number}, "share": {number}}}]}}'.encode(), People
    )

    assert (decoded.people[0].age, decoded.people[0].share, unreadable) == (None, 0.0, Unreadable())


def test_a_whole_number_may_be_written_with_a_point() -> None:
    decoded, unreadable = people({"id": "a", "age": 7.0, "name": 5})

    assert (decoded[0].age, unreadable) == (7, Unreadable(values=1))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>", b"null", b"[]", b'{"people": null}', b"[" * 100_000, b"\xff\xfe{"]
)
def test_what_is_no_json_or_lacks_what_it_is_about_is_an_error(body: bytes) -> None:
    with pytest.raises(UnreadableJson):
        decode_tolerant(body, People)


def test_any_value_is_parsed_without_a_form() -> None:
    assert parse_json(BOM + rb'{"error": {"code": "\ud800x"}}') == {"error": {"code": "\ufffdx"}}


def test_a_type_that_is_not_supported_counts_as_unreadable() -> None:
    class Strange(msgspec.Struct):
        id: str
        pair: tuple[int, int] | None = None

    assert decode_tolerant(b'{"id": "a", "pair": [1, 2, 3]}', Strange) == (Strange(id="a"), Unreadable(values=1))
