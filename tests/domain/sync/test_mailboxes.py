"""Mailboxes wait for their turn to be read, and are packed so that a change of one is the change of one row."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.sync.mailboxes import (
    WAITING,
    MailboxPage,
    MailboxPurpose,
    kind_of_row,
    mailbox_rows,
    mailboxes_in,
    mailboxes_of,
    merged,
    next_to_read,
    unread_mailbox,
    users_of,
    with_purpose,
    without_purpose,
)

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


def listed(user_id: str, address: str = "", *licenses: str) -> MailboxPurpose:
    return unread_mailbox(user_id, address or f"{user_id}@contoso.example", licenses)


def read(user_id: str, purpose: str = "user", *licenses: str) -> MailboxPurpose:
    return with_purpose(listed(user_id, "", *licenses), purpose, NOW)


def test_whoever_has_no_license_is_read_first_and_nobody_twice() -> None:
    people = [listed("ada", "", "e3"), listed("zoe"), listed("ben"), read("cid")]

    assert next_to_read(people, most=10) == ["ben", "zoe", "ada"]
    assert next_to_read(people, most=1) == ["ben"]


def test_what_is_known_stays_until_the_address_or_the_licenses_change() -> None:
    known = {it.user_id: it for it in (read("ada", "room"), read("ben", "user", "e3", "p1"), read("cid", "shared"))}
    now = [listed("ada", "ADA@contoso.example"), listed("ben", "", "p1", "e3"), listed("cid", "new@contoso.example")]

    found = merged(known, [*now, listed("dora")], NOW)

    assert (found["ada"], found["ben"]) == (known["ada"], known["ben"])
    assert (found["cid"].purpose, found["cid"].turn) == ("shared", 0)
    assert merged(found, now, NOW)["cid"] == found["cid"]  # it still waits
    assert found["dora"] == listed("dora")
    assert merged(known, [listed("ben", "", "p1")], NOW)["ben"].turn == 1


def test_what_exchange_did_not_tell_is_asked_for_again_when_it_is_time() -> None:
    refused = without_purpose(read("ada", "room"), NOW + timedelta(days=5))

    def turn(now: datetime) -> int | None:
        return merged({"ada": refused}, [listed("ada")], now)["ada"].turn

    assert refused.purpose is None
    assert (turn(NOW + timedelta(days=4)), turn(NOW + timedelta(days=5))) == (None, 0)
    assert with_purpose(refused, "user", NOW).retry_at is None


def test_a_word_that_is_not_documented_is_asked_for_again() -> None:
    odd = read("ada", "hologram")

    assert (odd.purpose, odd.turn, odd.retry_at) == ("hologram", None, NOW)


def test_a_mailbox_that_is_no_persons_has_a_row_of_its_own() -> None:
    people = {it: read(it) for it in map(str, range(100))} | {"board": read("board", "room"), "new": listed("new")}
    rows = mailbox_rows(people.values())
    later = mailbox_rows([*people.values(), read("hall", "room")])

    assert mailboxes_in(rows.values()) == people
    assert users_of(rows) == {"board"}
    assert len(rows) < 10
    assert {key for key in later if later[key] != rows.get(key)} == {"hall"}
    assert [kind_of_row(rows["board"]), *{kind_of_row(it) for it in rows.values()} - {"total"}] == ["total", WAITING]
    assert [WAITING for it in rows.values() if kind_of_row(it) == WAITING] == [WAITING]


def finder(rows: Mapping[str, MailboxPage], asked: list[set[str]]) -> Callable[[set[str]], dict[str, MailboxPage]]:
    """Finds rows by their keys, and remembers which were asked for."""

    def find(keys: set[str]) -> dict[str, MailboxPage]:
        asked.append(keys)
        return {it: rows[it] for it in keys if it in rows}

    return find


@pytest.mark.parametrize("row_count", [0, 1, 7, 94, 5000])
def test_the_mailboxes_of_some_users_are_found_however_many_rows_are_thought_to_be_there(row_count: int) -> None:
    known = [read(f"user{it}", "shared" if it % 9 == 0 else "user") for it in range(3000)]
    wanted = {"nobody", *(f"user{it}" for it in range(40))}

    found = mailboxes_in(mailboxes_of(wanted, finder(mailbox_rows(known), []), row_count))

    assert {it: found[it] for it in wanted if it in found} == {it.user_id: it for it in known[:40]}


@pytest.mark.parametrize("purpose", ["user", "shared"])
def test_the_mailbox_of_one_user_is_found_by_one_question(purpose: str) -> None:
    rows = mailbox_rows(read(f"user{it}", purpose if it < 20 else "user") for it in range(3000))

    for number in range(20):
        asked: list[set[str]] = []
        found = mailboxes_in(mailboxes_of({f"user{number}"}, finder(rows, asked), len(rows)))
        assert found[f"user{number}"].purpose == purpose
        assert [len(it) <= 10 for it in asked] == [True]
