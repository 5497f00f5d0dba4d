"""An End User's values: how they are cleaned, who decides about them, and what two of them become when merged."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.ids import EndUserId, OrganizationId, end_user_id, new_end_user_id, organization_of
from integrations.domain.people.changes import PeopleHead, Position, read_position
from integrations.domain.people.end_user import EndUser, InactiveReason, new_end_user, with_values
from integrations.domain.people.erasure import erasure_hash, erasure_keys, erasure_marks
from integrations.domain.people.fields import address, address_key, checked
from integrations.domain.people.merging import merged
from integrations.domain.people.pushing import PushResult, read_items
from shared.errors import Invalid

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ACME = OrganizationId("org_" + "a" * 20)


def person(**fields: Any) -> EndUser:
    told = {"id": EndUserId("eu_" + "a" * 32), "organization_id": ACME, "sequence": 1, "created_at": NOW,
            "changed_at": NOW, "name": "Jane Doe", **fields}  # fmt: skip
    return EndUser(**told)


def test_an_id_leads_to_the_organization_of_its_creation() -> None:
    made = new_end_user_id(ACME)

    assert end_user_id(made) == made
    assert organization_of(made) == ACME
    assert new_end_user_id(ACME) != made
    for bad in ("", "eu_a", made.upper(), f"{made}a", made.replace("eu_", "org_"), f"{made}\n"):
        with pytest.raises(Invalid):
            end_user_id(bad)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("jane@contoso.example", "jane@contoso.example"),
        ("  Jane.Doe+tag@Contoso.EXAMPLE ", "Jane.Doe+tag@contoso.example"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("o'neil@contoso.example", "o'neil@contoso.example"),
    ],
)
def test_an_address_keeps_what_stands_before_the_at(written: str, stored: str) -> None:
    assert address(written) == stored
    assert address(stored) == stored
    assert address_key(stored) == address_key(stored.upper())


@pytest.mark.parametrize(
    "written",
    ["jane", "@contoso.example", "jane@", "jane@localhost", "a b@contoso.example", "a@b@contoso.example",
     "jane@contoso..example", "<jane@contoso.example>", f"{'j' * 65}@contoso.example", f"j@{'c' * 64}.example",
     f"j@{'c.' * 130}example", "ja\u200bne@contoso.example", "jane@-contoso.example", "\ud800@contoso.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(written: str) -> None:
    stored, problems = checked({"mail": written, "username": written, "aliases": [written]})

    assert stored == {}
    assert [it.pointer for it in problems] == ["/mail", "/username", "/aliases"]


@given(st.text(max_size=60))
def test_no_text_is_stored_as_another_address_than_it_is_read(text: str) -> None:
    stored, problems = checked({"mail": text, "name": text, "notes": text, "external_id": text, "phone": text})

    assert {it.pointer for it in problems} <= {"/mail", "/name", "/external_id"}
    assert stored.keys() | {it.pointer.removeprefix("/") for it in problems} == {
        "mail", "name", "notes", "external_id", "phone",
    }  # fmt: skip
    assert checked(stored) == (stored, [])


def test_blank_texts_are_none() -> None:
    blank = {"mail": " ", "username": "", "phone": "\u200b", "notes": " \n ", "job_title": None, "external_id": ""}

    assert checked(blank) == (dict.fromkeys(blank), [])
    assert checked({"is_active": False, "aliases": []}) == ({"is_active": False, "aliases": []}, [])


def test_an_alias_is_stored_once_whatever_its_case() -> None:
    stored, _ = checked({"aliases": ["B@contoso.example", "a@contoso.example", "b@CONTOSO.example"]})

    assert stored["aliases"] == ["a@contoso.example", "b@contoso.example"]


def test_what_microsoft_manages_is_left_as_it_is_and_named() -> None:
    managed = person(managed_fields=["job_title", "mail"], mail="jane@contoso.example", job_title="Dentist")

    changed, ignored = with_values(managed, {"mail": None, "job_title": "Dentist", "phone": "1"}, LATER)
    same, still_ignored = with_values(changed, {"mail": None, "phone": "1"}, LATER)

    assert (changed.mail, changed.phone, ignored, changed.changed_at) == ("jane@contoso.example", "1", ["mail"], LATER)
    assert same is changed
    assert still_ignored == ["mail"]


def test_the_portal_makes_inactive_and_active_again() -> None:
    inactive, _ = with_values(person(), {"is_active": False}, LATER)
    still, _ = with_values(inactive, {"is_active": False, "phone": "1"}, LATER + timedelta(hours=1))
    active, _ = with_values(still, {"is_active": True}, LATER)
    new = new_end_user(person().id, ACME, {"name": "Jane", "is_active": False}, NOW)

    assert (inactive.inactive_reason, inactive.inactive_since) == (InactiveReason.PORTAL, LATER)
    assert still.inactive_since == LATER
    assert (active.inactive_reason, active.inactive_since) == (None, None)
    assert (new.inactive_reason, new.inactive_since) == (InactiveReason.PORTAL, NOW)


def test_an_external_id_of_a_merged_end_user_can_become_its_own() -> None:
    changed, _ = with_values(person(external_id="1", merged_external_ids=["2", "3"]), {"external_id": "3"}, LATER)

    assert (changed.external_id, changed.merged_external_ids) == ("3", ["2"])
    assert changed.external_ids == {"2", "3"}


def test_who_survives_a_merge_keeps_its_own_and_takes_what_it_lacks() -> None:
    survivor = person(mail="jane@contoso.example", phone="1", managed_fields=["job_title"], created_at=LATER)
    other = person(
        name="J. Doe", mail="JANE@contoso.example", username="jd@contoso.example", phone="2", job_title="Dentist",
        aliases=["old@contoso.example"], external_id="7", is_active=False, keep_active=True,
    )  # fmt: skip

    one = merged(survivor, other, LATER)

    assert (one.name, one.mail, one.phone) == ("Jane Doe", "jane@contoso.example", "1")
    assert (one.username, one.job_title) == ("jd@contoso.example", None)
    assert one.aliases == ["old@contoso.example"]
    assert (one.external_id, one.merged_external_ids) == ("7", [])
    assert (one.is_active, one.keep_active, one.created_at, one.changed_at) == (True, True, NOW, LATER)


def test_who_survives_a_merge_is_looked_for_wherever_either_was() -> None:
    first, second = (OrganizationId("org_" + letter * 20) for letter in "bc")
    survivor, other = person(former_organization_ids=[first]), person(former_organization_ids=[ACME, second])

    assert merged(survivor, other, LATER).former_organization_ids == [first, second]


def test_a_merge_never_has_more_aliases_than_an_end_user_may_have() -> None:
    full = [f"{number:02d}@contoso.example" for number in range(50)]

    one = merged(person(aliases=full[:49]), person(aliases=["y@contoso.example", "z@contoso.example"]), LATER)

    assert one.aliases == [*full[:49], "y@contoso.example"]
    managed = person(aliases=[], managed_fields=["aliases"])
    assert merged(managed, person(aliases=full), LATER).aliases == []


def test_marks_of_who_was_erased_are_found_by_any_spelling_and_by_the_account_alone() -> None:
    keys = erasure_keys(person(mail="Jane@contoso.example", aliases=["JD@contoso.example"]), ["T:O"])

    assert keys == {"address:jane@contoso.example", "address:jd@contoso.example", "object:t:o"}
    marks = erasure_marks("salt", keys, NOW)
    assert {it.key for it in marks} == {erasure_hash("salt", key) for key in keys}
    assert not {it.key for it in marks} & {it.key for it in erasure_marks("another", keys, NOW)}
    assert all("jane" not in it.key and len(it.key) == 64 for it in marks)


def test_items_of_a_push_are_judged_one_by_one() -> None:
    told = ({"name": " A "}, {"mail": "x"}, {}, {}, {})
    valid, rejected = read_items({"external_id": key, **it} for key, it in zip("12344", told, strict=True))

    assert [(it.place, it.external_id, dict(it.values)["external_id"]) for it in valid] == [
        (0, "1", "1"),
        (2, "3", "3"),
    ]
    assert valid[0].values["name"] == "A"
    assert {place: [it.pointer for it in one.problems] for place, one in rejected.items()} == {
        1: ["/items/1/mail"],
        3: ["/items/3/external_id"],
        4: ["/items/4/external_id"],
    }
    assert {one.result for one in rejected.values()} == {PushResult.REJECTED}


@pytest.mark.parametrize(
    ("position", "purged_through", "is_expired"),
    [
        (Position(5), 4, False),
        (Position(5), 5, False),
        (Position(5), 6, True),
        (Position(2, began_at=6), 6, False),
        (Position(2, began_at=6), 7, True),
        (Position(10), 0, False),
        (Position(11), 0, True),
    ],
)
def test_a_position_expires_with_a_tombstone_that_was_not_read(
    position: Position, purged_through: int, is_expired: bool
) -> None:
    assert position.is_expired(PeopleHead(sequence=10, purged_through=purged_through)) is is_expired


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_a_position_is_read_as_it_was_written(sequence: int, began_at: int) -> None:
    position = read_position(str(Position(sequence, began_at)))

    assert position.sequence == sequence
    assert max(position) == max(sequence, began_at)
