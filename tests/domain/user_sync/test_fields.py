"""Whose value of a field counts, and who gets an address that several want."""

from itertools import permutations
from random import Random

import pytest

from integrations.domain.user_sync.comparison import mail_key, phone_key
from integrations.domain.user_sync.fields import is_to_write
from integrations.domain.user_sync.links import QueueKey, QueueKind
from integrations.domain.user_sync.matching.grants import grants
from integrations.domain.user_sync.settings import Authority, SyncedField
from tests.domain.user_sync.reference import exchange
from tests.domain.user_sync.worlds import end_user, into, sync, user, world


@pytest.mark.parametrize(
    ("authority", "before", "last", "expected"),
    [
        (Authority.MICROSOFT, "old", "new", True),
        (Authority.MICROSOFT, "new", "old", False),
        (Authority.MICROSOFT, None, None, True),
        (Authority.ON_CHANGE, "old", "new", False),
        (Authority.ON_CHANGE, "old", "older", True),
        (Authority.ON_CHANGE, "old", None, False),
        (Authority.ON_CHANGE, None, None, True),
        (Authority.ON_CHANGE, None, "new", False),
        (Authority.FILL_BLANK, "old", "older", False),
        (Authority.FILL_BLANK, None, "new", True),
        (Authority.PORTAL, None, "older", False),
        (Authority.PORTAL, "old", None, False),
    ],
)
def test_the_authority_of_a_field_says_when_it_is_written(authority, before, last, expected) -> None:
    assert is_to_write(authority, SyncedField.JOB_TITLE, "new", before, last) is expected


def test_a_field_that_follows_changes_keeps_what_was_there_before_the_link() -> None:
    made = world(user("jane", job_title="Chief"), end_user("manual", mail="jane@contoso.example", job_title="Boss"))
    made.settings = into(sync(), authority={SyncedField.JOB_TITLE: Authority.ON_CHANGE})
    made.run()
    assert made.value("manual", "job_title") == "Boss"

    made.changes_user("jane", job_title="Head")
    made.run()
    assert made.value("manual", "job_title") == "Head"


def test_an_end_user_that_is_made_has_name_and_address_whoever_keeps_them() -> None:
    made = world(
        user("jane", job_title="Chief", business_phones=["030 1234567", "2"], given_name="Jane", surname="Doe")
    )
    made.settings = into(sync(), authority=dict.fromkeys(SyncedField, Authority.PORTAL))
    made.run()

    assert {it.value for it in made.end_users["eu_jane"].values} == {"name", "mail"}
    made.settings = into(sync())
    made.run()
    values = made.end_users["eu_jane"].values
    assert values.keys() == set(SyncedField) - {SyncedField.MOBILE_PHONE}
    assert values[SyncedField.PHONE] == "030 1234567"


@pytest.mark.parametrize(
    ("fields", "expected"), [({"given_name": "Jane", "surname": "Doe"}, "Jane Doe"), ({}, "jane@contoso.example")]
)
def test_without_name_an_end_user_is_called_by_what_is_known(fields, expected) -> None:
    made = world(user("jane", "", **fields))
    made.run()

    assert made.value("eu_jane", "name") == expected


def test_fields_of_somebody_out_of_scope_stay_and_those_of_somebody_disabled_follow() -> None:
    made = world(user("jane"), user("john"))
    made.run()

    made.changes_user("jane", is_enabled=False, job_title="Chief")
    made.changes_user("john", is_guest=True, job_title="Chief")
    made.run()

    assert made.value("eu_jane", "job_title") == "Chief"
    assert made.value("eu_john", "job_title") is None


def test_people_exchange_their_addresses_and_pass_them_on_in_one_run() -> None:
    made = world(user("ann"), user("bob"), user("cy"))
    made.run()

    for it, mail in (("ann", "bob"), ("bob", "ann"), ("cy", "dan")):
        made.changes_user(it, mail=f"{mail}@contoso.example", username=f"{mail}@contoso.example")
    made.has(user("new", mail="cy@contoso.example", username="cy@contoso.example"))
    made.run()

    mails = {it: made.value(it, "mail") for it in ("eu_ann", "eu_bob", "eu_cy", "eu_new")}
    assert mails == {
        "eu_ann": "bob@contoso.example",
        "eu_bob": "ann@contoso.example",
        "eu_cy": "dan@contoso.example",
        "eu_new": "cy@contoso.example",
    }
    assert not made.queue


def test_an_address_that_two_linked_users_have_is_written_to_neither() -> None:
    made = world(user("ann"), user("bob"))
    made.run()
    for it in ("ann", "bob"):
        made.changes_user(it, mail="desk@contoso.example")
    made.run()

    assert made.queue[QueueKey("ann", QueueKind.MAIL_TAKEN)].rivals == ["bob"]
    assert made.value("eu_ann", "mail") == "ann@contoso.example"


def test_grants_are_those_of_giving_up_one_wish_after_the_other() -> None:
    random = Random(1)
    for _ in range(2000):
        people, things = "abcdef", "uvwxyz"
        now = {it: random.choice(things) for it in people if random.random() < 0.7}
        wishes = {it: random.choice(things) for it in people if random.random() < 0.7}
        wishes = {it: thing for it, thing in wishes.items() if now.get(it) != thing}
        fixed = {it: {random.choice(things)} for it in people if random.random() < 0.2}
        holders = {thing: frozenset(it for it in fixed if thing in fixed[it]) for thing in things}
        assert grants(wishes, now, holders) == exchange(wishes, now, fixed)


def test_grants_do_not_depend_on_the_order_of_wishes() -> None:
    now, wishes = {"a": "x", "b": "y", "c": "z"}, {"a": "y", "b": "z", "c": "x", "d": "w"}

    assert {frozenset(grants(dict(it), now, {})) for it in permutations(wishes.items())} == {frozenset("abcd")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Jane@Contoso.Example ", "jane@contoso.example"),
        ("jane+tag@contoso.example", "jane+tag@contoso.example"),
        ("jane@B\u00dcCHER.example", "jane@xn--bcher-kva.example"),
        ("J\u00c4NE@contoso.example", "j\u00e4ne@contoso.example"),
        ("X500:/o=Contoso/cn=jane", None),
        ("sip:jane@contoso.example", None),
        ("jane", None),
        ("@contoso.example", None),
        ("jane@", None),
        ("a@b@contoso.example", None),
        ("jane@" + "\u00fc" * 80 + ".example", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses_are_compared_without_case_and_spaces(text, expected) -> None:
    assert mail_key(text) == expected


def test_phone_numbers_are_compared_by_their_digits() -> None:
    assert phone_key("+49 (30) 123-4567") == phone_key("0049 30 1234567")
    assert phone_key("123") is None


def test_a_number_of_the_office_makes_nobody_look_alike_and_a_mobile_one_does() -> None:
    made = world(
        user("jane", business_phones=["030 1234567"]),
        user("john", mobile_phone="0170 1234567"),
        user("jim", other_mails=["jim@home.example"]),
        end_user("office", phone="030 1234567"),
        end_user("mobile", phone="0170-1234567"),
        end_user("home", mail="jim@home.example"),
    )
    made.run()

    because = {key.subject: item.candidates[0].because for key, item in made.queue.items()}
    assert because == {"john": ["mobile_phone"], "jim": ["other_mail"]}
    assert made.linked("jane").id == "eu_jane"
