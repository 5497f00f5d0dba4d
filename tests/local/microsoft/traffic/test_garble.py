"""Answers that are odd on purpose: bytes before the JSON, and values that are not as promised, at any place."""

from typing import Any

import pytest

from local.microsoft import WorldRefused
from tests.local.microsoft.caller import Caller

BOM = b"\xef\xbb\xbf"
PART = {"id": "1", "method": "GET", "url": "/users"}
YEAR_1 = "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("how", "at", "value", "expected"),
    [
        ("put", ["value", 1, "displayName"], None, lambda _, odd: odd[1]["displayName"] is None),
        ("put", ["value", "*", "displayName"], 7, lambda _, odd: {it["displayName"] for it in odd} == {7}),
        ("put", ["value", 1], "odd", lambda clean, odd: odd == [clean[0], "odd", clean[2]]),
        ("drop", ["value", 1, "id"], None, lambda _, odd: "id" not in odd[1]),
        ("drop", ["value", 1], None, lambda clean, odd: odd == [clean[0], clean[2]]),
        ("repeat", ["value", 0], None, lambda clean, odd: odd == [*clean, clean[0]]),
        ("add", ["value"], {"id": 7}, lambda clean, odd: odd == [*clean, {"id": 7}]),
        ("date", ["value", 1], YEAR_1, lambda clean, odd: odd[1]["createdDateTime"] == YEAR_1 and odd[0] == clean[0]),
        ("unlist", ["value", 1], None, lambda clean, odd: odd[1]["businessPhones"] is None and odd[2] == clean[2]),
        ("surrogate", ["value", 1, "displayName"], None, lambda _, odd: odd[1]["displayName"].endswith("\ud800")),
        ("put", ["value", {"userType": "nobody"}, "id"], 7, lambda clean, odd: odd == clean),
    ],
)
def test_an_answer_is_odd_where_it_is_told_to(caller: Caller, how: str, at: list[Any], value: Any, expected: Any):
    asker = caller.as_app(caller.tenant(users=3))
    path = "/users?$select=id,displayName,createdDateTime,businessPhones,userType"
    clean = asker.get(path).json()["value"]
    number = caller.world.garble(how, *at, value=value, path="/users", times=1)

    odd = asker.get(path).json()["value"]

    assert expected(clean, odd)
    assert caller.world.garbled()[number] == int(odd != clean)
    caller.world.ungarble()
    assert asker.get(path).json()["value"] == clean


def test_bytes_stand_before_answers_errors_and_batches_but_not_inside_them(caller: Caller):
    asker = caller.as_app(caller.tenant(users=3))
    caller.world.garble("bom", host="graph")

    answers = [asker.get("/users"), asker.get("/users/nobody"), asker.batch(PART)]

    assert [it.content.startswith(BOM) for it in answers] == [True] * 3
    assert [it.content.count(BOM) for it in answers] == [1] * 3


def test_parts_of_a_batch_are_odd_like_other_answers(caller: Caller):
    asker = caller.as_app(caller.tenant(users=3))
    caller.world.garble("surrogate", "value", 0, "displayName", path="/v1.0/users")

    answer = asker.batch(PART)

    assert rb"\ud800" in answer.content
    assert answer.json()["responses"][0]["body"]["value"][0]["displayName"].endswith("\ud800")


def test_somebody_can_go_without_a_word_in_the_changes(caller: Caller):
    tenant = caller.tenant(users=3)
    asker = caller.as_app(tenant)
    link = asker.get("/users/delta?$deltatoken=latest").json()["@odata.deltaLink"].partition("/v1.0")[2]
    ghost = caller.world.users(tenant["id"])[1]["id"]

    caller.world.remove_user(tenant["id"], ghost, in_delta=False)

    assert ghost not in {it["id"] for it in asker.get("/users").json()["value"]}
    assert asker.get(link).json()["value"] == []


def test_what_cannot_be_done_is_refused(caller: Caller):
    with pytest.raises(WorldRefused, match="nothing is garbled by upside_down"):
        caller.world.garble("upside_down", "value")
    with pytest.raises(WorldRefused, match="nothing is garbled by put"):
        caller.world.garble("put")
