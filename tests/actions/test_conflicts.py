"""A version conflict is retried with freshly read rows, or left to whoever was faster."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.actions.account import Account
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.storage.control import VersionConflict
from tests.actions.account_rows import ACCOUNT, make, named, present, rename
from tests.flows.portal import Portal


def test_an_attempt_that_met_a_conflict_reads_anew(portal: Portal) -> None:
    account, seen = Account(portal.services, ACCOUNT), list[str]()
    make(account)

    def attempt() -> str:
        stored = present(account)
        seen.append(stored.value.name)
        if len(seen) < 5:  # somebody else is faster
            rename(account, stored, f"Theirs {len(seen)}")
        rename(account, stored, "Ours")
        return "done"

    assert retry_on_conflict(attempt) == "done"
    assert seen == ["Acme Dental", "Theirs 1", "Theirs 2", "Theirs 3", "Theirs 4"]
    assert named(account) == "Ours"


def test_a_conflict_that_does_not_end_is_raised_after_five_attempts(portal: Portal) -> None:
    account, tries = Account(portal.services, ACCOUNT), list[int]()
    make(account)

    def attempt() -> None:
        stored = present(account)
        tries.append(1)
        rename(account, stored, f"Theirs {len(tries)}")
        rename(account, stored, "Ours")

    with pytest.raises(VersionConflict):
        retry_on_conflict(attempt)

    assert (len(tries), named(account)) == (5, "Theirs 5")


def test_who_holds_a_row_already_tries_with_it_once(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)
    make(account)
    held = present(account)
    rename(account, held, "Theirs")

    retry_on_conflict(
        lambda: rename(account, present(account), "Read anew"), first=lambda: rename(account, held, "As it was held")
    )

    assert named(account) == "Read anew"


def test_many_at_once_lose_none_of_their_changes(portal: Portal) -> None:
    account = Account(portal.services, ACCOUNT)
    make(account)

    def grow(_: int) -> None:
        def attempt() -> None:
            stored = present(account)
            rename(account, stored, f"{stored.value.name}x")

        retry_on_conflict(attempt, tries=100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(grow, range(24)))

    assert named(account) == "Acme Dental" + "x" * 24


def test_who_leaves_it_to_the_others_skips_the_rest_and_says_so(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "integrations")
    account, done = Account(portal.services, ACCOUNT), list[str]()
    make(account)
    held = present(account)
    rename(account, held, "Theirs")

    with ignore_conflict("another worker was faster", account_id=ACCOUNT):
        rename(account, held, "Ours")
        done.append("the rest")

    assert (named(account), done) == ("Theirs", [])
    assert any("another worker was faster" in it.getMessage() for it in caplog.records)
