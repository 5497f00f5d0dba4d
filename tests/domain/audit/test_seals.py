"""The chain of seals: what it covers, in which order, and what it shows when somebody was at it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.domain.audit.seals import (
    LATE,
    MOST_ENTRIES,
    ChainLink,
    EntryFingerprint,
    Findings,
    Seal,
    SealFault,
    entry_fingerprint,
    examine,
    next_seal,
)
from integrations.domain.ids import AccountId
from integrations.domain.retention import AUDIT_ENTRIES

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
ACCOUNT = AccountId("acct_northwind")


def entry(minutes: float, text: str = "body") -> EntryFingerprint:
    return entry_fingerprint(f"{minutes:010.2f}", NOW + timedelta(minutes=minutes), text)


def time_of(key: str) -> datetime:
    return NOW + timedelta(minutes=float(key))


def chain(*bundles: Sequence[EntryFingerprint]) -> list[ChainLink]:
    """Seals over bundles of entries, each made at the time of its newest entry."""
    links: list[ChainLink] = []
    for entries in bundles:
        last = links[-1].seal if links else None
        seal = next_seal(last, len(links) + 1, entries, max(it.at for it in entries))
        assert seal is not None
        links.append(
            ChainLink(seal.number, msgspec.structs.replace(seal, signature=f"by us {seal.number}"), is_signed=True)
        )
    return links


def found(links: Sequence[ChainLink], entries: Sequence[EntryFingerprint], now: datetime = NOW) -> Findings:
    return examine(links, {it.id: it for it in entries}, now, time_of)


FIRST, SECOND, THIRD = [entry(-90), entry(-80)], [entry(-40)], [entry(-2), entry(-1)]
ALL = [*FIRST, *SECOND, *THIRD]


def test_a_whole_log_is_told_whole() -> None:
    told = found(chain(FIRST, SECOND), ALL)

    assert told == Findings(
        sealed=3, waiting=sorted(it.id for it in THIRD), altered=[], missing=[], out_of_chain=[], seals=[]
    )


def test_a_log_that_nobody_sealed_yet_waits() -> None:
    assert found([], ALL).waiting == sorted(it.id for it in ALL)
    assert found([], ALL).seals == []


def test_an_entry_that_was_altered_or_taken_out_is_named() -> None:
    altered, gone = entry(-90, "another body"), FIRST[1]
    told = found(chain(FIRST, SECOND), [altered, *SECOND])

    assert (told.altered, told.missing, told.sealed) == ([altered.id], [gone.id], 1)


def test_an_entry_pushed_in_behind_the_chain_or_far_ahead_of_it_is_named_and_never_sealed() -> None:
    links = chain(FIRST, SECOND)
    pushed, ahead = entry(-40 - LATE.total_seconds() / 60 - 1), entry(LATE.total_seconds() / 60 + 1)

    assert found(links, [*ALL, pushed, ahead]).out_of_chain == sorted([pushed.id, ahead.id])
    assert next_seal(links[-1].seal, 3, [pushed, ahead], NOW) is None


def test_an_entry_that_comes_late_by_a_slow_clock_is_sealed_by_the_next_seal() -> None:
    links, late = chain(FIRST, SECOND), entry(-60)
    seal = next_seal(links[-1].seal, 3, [late, *THIRD], NOW)

    assert seal is not None
    assert late.id in seal.entries
    assert seal.through == THIRD[-1].at
    alone = next_seal(links[-1].seal, 3, [late], NOW)
    assert alone is not None
    assert alone.through == SECOND[0].at  # the chain's time never goes back


def test_a_seal_covers_the_oldest_entries_up_to_its_size() -> None:
    many = [entry(-60 + number / 100) for number in range(MOST_ENTRIES + 5)]
    seal = next_seal(None, 1, many[::-1], NOW)

    assert seal is not None
    assert list(seal.entries) == [it.id for it in many[:MOST_ENTRIES]]
    assert len(msgspec.json.encode(seal)) + 1000 < 32 * 1024
    assert next_seal(None, 1, [], NOW) is None


def test_a_seal_that_was_altered_swapped_or_cannot_be_read_is_named() -> None:
    links = chain(FIRST, SECOND, THIRD)
    unsigned = [links[0], ChainLink(2, links[1].seal, is_signed=False), links[2]]
    unread = [links[0], ChainLink(2, None, is_signed=False), links[2]]
    swapped = [links[0], ChainLink(2, links[2].seal, is_signed=False), ChainLink(3, links[1].seal, is_signed=False)]

    assert found(unsigned, ALL).seals == [SealFault(number=2, what="altered")]
    assert found(unsigned, ALL).sealed == len(FIRST + THIRD)
    assert found(unread, ALL).seals == [SealFault(number=2, what="altered")]
    assert [it.number for it in found(swapped, ALL).seals] == [2, 3]


@pytest.mark.parametrize("gone", [0, 1])
def test_a_seal_that_was_taken_out_is_missing(gone: int) -> None:
    links = chain(FIRST, SECOND, THIRD)
    del links[gone]

    assert found(links, ALL).seals == [SealFault(number=gone + 1, what="missing")]


def test_seals_of_another_chain_do_not_follow() -> None:
    """Somebody cut the tail off, let us seal again, and put the old tail back."""
    ours, other = chain(FIRST, SECOND, THIRD), chain(FIRST, [*SECOND, entry(-39)])

    assert found([ours[0], other[1], ours[2]], [*ALL, entry(-39)]).seals == [SealFault(number=3, what="out_of_chain")]


def test_what_was_cut_off_at_the_end_with_its_entries_cannot_show() -> None:
    links = chain(FIRST, SECOND, THIRD)

    assert found(links[:2], FIRST + SECOND).seals == []


def test_what_is_older_than_entries_are_kept_is_not_asked_for() -> None:
    links = chain(FIRST, SECOND, THIRD)
    between = NOW - timedelta(minutes=60) + AUDIT_ENTRIES  # the first seal is too old by then, the second is not
    kept = found(links[1:], [*SECOND, *THIRD], between)

    assert (kept.seals, kept.missing, kept.sealed) == ([], [], 3)
    assert found(links, [*SECOND, *THIRD], between).missing == []
    assert found(links[1:], ALL, between).out_of_chain == []
    nameless = ChainLink(2, msgspec.structs.replace(links[1].seal, since=None), is_signed=True)
    assert found([nameless, links[2]], [*SECOND, *THIRD], between).seals[0] == SealFault(number=1, what="missing")


def test_the_signature_is_over_all_that_a_seal_says() -> None:
    seal = chain(FIRST, SECOND)[1].seal
    assert seal is not None
    text = seal.signed_text(ACCOUNT)

    changes = (
        {"number": 3}, {"at": NOW}, {"previous": "x"}, {"since": None}, {"through": NOW}, {"entries": {"a": "b"}},
    )  # fmt: skip
    assert all(msgspec.structs.replace(seal, **it).signed_text(ACCOUNT) != text for it in changes)
    assert seal.signed_text(AccountId("acct_other")) != text
    assert msgspec.structs.replace(seal, signature="x").signed_text(ACCOUNT) == text


@given(st.lists(st.integers(-50, 0), max_size=60), st.integers(1, 60))
def test_however_entries_come_each_is_covered_once(minutes: list[int], size: int) -> None:
    entries = [
        EntryFingerprint(f"{place:03d}", NOW + timedelta(minutes=it), "print") for place, it in enumerate(minutes)
    ]
    seals: list[Seal] = []
    for start in range(0, len(entries), size):
        covered = {key for seal in seals for key in seal.entries}
        waiting = [it for it in entries[: start + size] if it.id not in covered]
        seal = next_seal(seals[-1] if seals else None, len(seals) + 1, waiting, NOW)
        seals += [seal] if seal else []

    keys = [key for seal in seals for key in seal.entries]
    assert sorted(keys) == [it.id for it in entries]
    assert all(a.through <= b.through for a, b in pairwise(seals))
