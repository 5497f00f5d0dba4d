"""Counts of people by protection follow from the kinds of their rows."""

from collections import Counter

from integrations.domain.security.mfa_counts import MfaCounts, kind_of_person, mfa_counts
from integrations.domain.security.protection import CountedAs, Protection


def test_an_administrator_is_also_a_person() -> None:
    counts = _counts_of((CountedAs.PERSON, Protection.EXPOSED, True), (CountedAs.PERSON, Protection.PROTECTED, False))
    assert (counts.administrators.total, counts.administrators.exposed) == (1, 1)
    assert (counts.people.total, counts.people.exposed, counts.people.protected) == (2, 1, 1)


def test_every_way_of_being_unprotected_counts_as_unprotected() -> None:
    counts = _counts_of(*((CountedAs.PERSON, it, False) for it in Protection))
    assert counts.people.total == len(Protection)
    assert counts.people.unprotected == 3
    assert (counts.people.protected, counts.people.unknown) == (1, 1)


def test_guests_disabled_accounts_and_rooms_are_counted_apart_even_with_a_role() -> None:
    counts = _counts_of(
        (CountedAs.GUEST, Protection.NOT_REQUIRED, True),
        (CountedAs.DISABLED, Protection.EXPOSED, True),
        (CountedAs.ROOM, Protection.EXPOSED, False),
    )
    assert counts.people.total == counts.administrators.total == 0
    assert (counts.guests.not_asked, counts.disabled, counts.rooms) == (1, 1, 1)


def _counts_of(*people: tuple[CountedAs, Protection, bool]) -> MfaCounts:
    return mfa_counts(Counter(kind_of_person(who, what, is_administrator=admin) for who, what, admin in people))
