"""The audit log: sealed soon after, verified by anybody, and telling of every hand that was laid on it."""

import base64
import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.data.tables import TableClient

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.audit.sealing import seal_entries
from integrations.actions.jobs.housekeeping import clean_account
from integrations.domain.ids import AccountId
from integrations.storage.control import newest_seal_first
from integrations.storage.due import Due, DueList, Work, shards
from shared.crypto.envelopes import new_key
from shared.crypto.signatures import Jwk, verify_detached
from tests.flows.portal import Portal, with_keys

ACCOUNT = AccountId("acct_northwind")
Row = dict[str, Any]


def raw(portal: Portal) -> TableClient:
    return portal.services.tables._service.get_table_client("control")


def rows(portal: Portal, kind: str, account: str = ACCOUNT) -> list[Row]:
    """Rows of a kind as they are stored, the newest first."""
    found = raw(portal).query_entities(
        "PartitionKey eq @p and RowKey ge @a and RowKey lt @b",
        parameters={"p": account, "a": f"{kind}:", "b": f"{kind};"},
    )
    return [dict(it) for it in found]


def ids(portal: Portal) -> list[str]:
    return [it["RowKey"].removeprefix("audit:") for it in rows(portal, "audit")]


def alter(portal: Portal, row: Row, **changes: object) -> None:
    """Change a stored document past the app."""
    body = json.dumps({**json.loads(row["body"]), **changes})
    raw(portal).upsert_entity({**row, "body": body})


def verified(portal: Portal) -> dict[str, Any]:
    return dict(portal.ask("GET", "/audit/verification"))


def changes_things(portal: Portal, count: int, at: datetime | None = None) -> None:
    """So many entries, as changes write them."""
    actor = Actor(ACCOUNT, "user_alice", "")
    clock = (lambda: at) if at else portal.services.clock
    services = dataclasses.replace(portal.services, clock=clock)
    for start in range(0, count, 100):
        with Account(services, ACCOUNT).change() as change:
            for _ in range(min(100, count - start)):
                change.audit(actor, "did", {})


def sealed(portal: Portal) -> None:
    portal.later(minutes=6)
    portal.tick()


@pytest.fixture
def log(portal: Portal) -> Portal:
    """A log of three seals, an hour apart; the newest covers two entries."""
    for number in range(3):
        portal.organization(f"First {number}")
        portal.organization(f"Second {number}")
        sealed(portal)
        portal.later(hours=2)
    return portal


def test_entries_are_sealed_within_minutes_and_the_log_verifies(portal: Portal) -> None:
    for number in range(3):
        portal.organization(f"Org {number}")
    before = verified(portal)
    sealed(portal)
    after = verified(portal)

    assert (before["entries"], before["waiting"], before["sealed"]) == (3, 3, 0)
    assert (after["entries"], after["waiting"], after["sealed"], after["is_intact"]) == (3, 0, 3, True)
    assert after["newest_seal"]["number"] == after["oldest_seal"]["number"] == 1


def test_a_seal_can_be_checked_with_the_published_keys_alone(log: Portal) -> None:
    keys = [Jwk(**it) for it in log.ask("GET", "/audit/keys")["keys"]]
    seal = log.services.control(ACCOUNT).seals.list(limit=1)[0].value

    verify_detached(seal.signature, seal.signed_text(ACCOUNT), keys)
    header = json.loads(base64.urlsafe_b64decode(seal.signature.split(".")[0] + "=="))
    assert (header["alg"], header["kid"]) == ("EdDSA", keys[0].kid)
    assert "d" not in log.ask("GET", "/audit/keys")["keys"][0]


def test_many_entries_are_sealed_in_several_seals(portal: Portal) -> None:
    changes_things(portal, 450)
    sealed(portal)

    assert [len(json.loads(it["body"])["entries"]) for it in rows(portal, "seal")] == [50, 200, 200]
    assert (verified(portal)["sealed"], verified(portal)["is_intact"]) == (450, True)


def test_many_changes_write_the_due_line_once(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[Due] = []
    monkeypatch.setattr(DueList, "put", lambda _, due: put.append(due))
    changes_things(portal, 50)

    assert [(it.work, it.account_id) for it in put] == [(Work.SEAL, ACCOUNT)]


def test_a_change_of_another_process_leaves_the_line_until_it_was_looked_at(portal: Portal) -> None:
    changes_things(portal, 1)
    due = next(it for it in lines(portal) if it.work is Work.SEAL)
    portal.later(minutes=4)
    portal.services.seal_lines.clear()
    changes_things(portal, 1)
    assert lines(portal) == [due]

    portal.later(minutes=12)
    portal.services.seal_lines.clear()
    changes_things(portal, 1)
    assert lines(portal)[0].at > due.at


def lines(portal: Portal) -> list[Due]:
    until = datetime(2100, 1, 1, tzinfo=UTC)
    return [it for shard in shards() for it in portal.services.due.list(shard, until)]


def test_an_entry_that_was_committed_late_is_sealed_all_the_same(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process wrote the line and then slept; the first look found nothing."""

    def sleepy(due_list: DueList, due: Due, *, after: datetime) -> datetime:
        monkeypatch.undo()
        at = due_list.ensure(due, after=after)
        sealed(portal)
        return at

    monkeypatch.setattr(DueList, "ensure", sleepy)
    changes_things(portal, 1)
    assert verified(portal)["waiting"] == 1

    portal.later(minutes=31)
    portal.tick()

    assert verified(portal)["waiting"] == 0
    portal.later(minutes=31)
    portal.tick()
    assert [it.work for it in lines(portal)] == [Work.HOUSEKEEPING]


def test_entries_by_clocks_ten_minutes_apart_make_one_chain(portal: Portal) -> None:
    for late in (10, -10, 5, -7, 0):
        changes_things(portal, 2, at=portal.clock() + timedelta(minutes=late))
        seal_entries(Account(portal.services, ACCOUNT))

    told = verified(portal)
    assert (told["is_intact"], told["sealed"], told["waiting"], told["seals"]) == (True, 10, 0, 5)


def test_of_many_sealers_at_once_each_entry_is_sealed_once(portal: Portal) -> None:
    changes_things(portal, 900)

    def seal(_: int) -> None:
        seal_entries(Account(portal.services, ACCOUNT))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(seal, range(8)))

    covered = [key for it in rows(portal, "seal") for key in json.loads(it["body"])["entries"]]
    assert len(covered) == len(set(covered)) == 900
    assert verified(portal)["is_intact"] is True


def test_housekeeping_seals_what_no_line_asked_for(portal: Portal) -> None:
    portal.organization("Acme")
    for it in lines(portal):
        portal.services.due.complete(it)

    clean_account(portal.services, Due(Work.HOUSEKEEPING, ACCOUNT, "all", portal.clock()))

    assert verified(portal)["sealed"] == 1
    assert Work.HOUSEKEEPING in {it.work for it in lines(portal)}


def test_an_altered_entry_is_named(log: Portal) -> None:
    for place in (0, 3, 5):
        alter(log, rows(log, "audit")[place], actor="user_somebody_else")

    told = verified(log)
    assert told["altered"] == sorted(ids(log)[place] for place in (0, 3, 5))
    assert (told["is_intact"], told["sealed"]) == (False, 3)


def test_an_entry_made_unreadable_is_named_and_hides_no_other(log: Portal) -> None:
    row = rows(log, "audit")[2]
    raw(log).upsert_entity({**row, "body": "nothing of ours"})

    assert verified(log)["altered"] == [ids(log)[2]]
    assert len(log.ask("GET", "/audit")["items"]) == 5
    clean_account(log.services, Due(Work.HOUSEKEEPING, ACCOUNT, "all", log.clock()))


def test_a_deleted_entry_is_named(log: Portal) -> None:
    gone = ids(log)[1]
    raw(log).delete_entity(ACCOUNT, f"audit:{gone}")

    told = verified(log)
    assert (told["missing"], told["sealed"]) == ([gone], 5)


@pytest.mark.parametrize("age", [{"hours": 4}, {"days": 30}])
def test_an_entry_pushed_into_the_past_is_named_and_never_sealed(log: Portal, age: dict[str, float]) -> None:
    changes_things(log, 1, at=log.clock() - timedelta(**age))
    sealed(log)

    told = verified(log)
    assert (len(told["out_of_chain"]), told["waiting"], told["is_intact"]) == (1, 0, False)


def test_an_entry_under_a_key_that_is_none_is_named(log: Portal) -> None:
    row = rows(log, "audit")[0]
    raw(log).upsert_entity({**row, "RowKey": "audit:nothing-of-ours"})

    assert verified(log)["out_of_chain"] == ["nothing-of-ours"]


def test_an_altered_seal_is_named(log: Portal) -> None:
    """Whoever alters an entry and its print in the seal cannot sign it."""
    seal, entry = rows(log, "seal")[1], rows(log, "audit")[2]
    alter(log, entry, action="did nothing")
    forged = {**json.loads(seal["body"])["entries"], entry["RowKey"].removeprefix("audit:"): "x" * 43}
    alter(log, seal, entries=forged)

    told = verified(log)
    assert told["faulty_seals"] == [{"number": 2, "what": "altered"}]
    assert told["is_intact"] is False


def test_swapped_seals_are_named(log: Portal) -> None:
    first, second = rows(log, "seal")[:2]
    raw(log).upsert_entity({**first, "body": second["body"]})
    raw(log).upsert_entity({**second, "body": first["body"]})

    assert verified(log)["faulty_seals"] == [{"number": 2, "what": "altered"}, {"number": 3, "what": "altered"}]


def test_another_accounts_seal_is_none_of_ours(log: Portal) -> None:
    bob = log.called_by("bob")
    bob.organization("Theirs")
    sealed(bob)
    theirs, ours = rows(log, "seal", "acct_southridge")[0], rows(log, "seal")[2]
    raw(log).upsert_entity({**ours, "body": theirs["body"]})

    assert {"number": 1, "what": "altered"} in verified(log)["faulty_seals"]
    assert verified(bob)["is_intact"] is True


@pytest.mark.parametrize(("place", "number"), [(1, 2), (2, 1)])
def test_a_deleted_seal_is_named(log: Portal, place: int, number: int) -> None:
    raw(log).delete_entity(ACCOUNT, rows(log, "seal")[place]["RowKey"])

    told = verified(log)
    assert {"number": number, "what": "missing"} in told["faulty_seals"]
    assert len(told["out_of_chain"]) == 2


def test_the_newest_seal_cut_off_is_made_again_and_its_print_tells(log: Portal) -> None:
    known = verified(log)["newest_seal"]
    raw(log).delete_entity(ACCOUNT, rows(log, "seal")[0]["RowKey"])
    entry = rows(log, "audit")[0]
    raw(log).delete_entity(ACCOUNT, entry["RowKey"])
    seal_entries(Account(log.services, ACCOUNT))

    told = verified(log)
    assert told["is_intact"] is True  # a chain alone cannot show it
    assert told["newest_seal"]["number"] == known["number"]
    assert told["newest_seal"]["print"] != known["print"]


def test_a_seal_made_unreadable_stops_nobody_from_sealing_on(log: Portal) -> None:
    newest = rows(log, "seal")[0]
    raw(log).upsert_entity({**newest, "body": "nothing of ours"})
    log.organization("Later")
    sealed(log)

    told = verified(log)
    assert told["faulty_seals"] == [{"number": 3, "what": "altered"}]
    assert (told["newest_seal"]["number"], told["waiting"]) == (4, 0)


def test_a_forged_newest_seal_does_not_hold_up_the_chain(log: Portal) -> None:
    newest = rows(log, "seal")[0]
    ahead = {"number": 4, "through": "2090-01-01T00:00:00Z"}
    body = json.dumps({**json.loads(newest["body"]), **ahead})
    raw(log).upsert_entity({**newest, "RowKey": f"seal:{newest_seal_first(4)}", "body": body})
    log.organization("Later")
    sealed(log)

    told = verified(log)
    assert (told["waiting"], told["out_of_chain"], told["newest_seal"]["number"]) == (0, [], 5)
    assert {"number": 4, "what": "altered"} in told["faulty_seals"]


def test_entries_are_kept_four_hundred_days_and_what_is_left_still_verifies(log: Portal) -> None:
    log.later(days=399, hours=12)
    log.organization("Recent")
    sealed(log)
    assert verified(log)["entries"] == 7

    log.later(hours=7)
    clean_account(log.services, Due(Work.HOUSEKEEPING, ACCOUNT, "all", log.clock()))

    told = verified(log)
    assert (told["entries"], told["seals"], told["oldest_seal"]["number"]) == (5, 3, 2)
    assert (told["is_intact"], told["sealed"], told["waiting"]) == (True, 5, 0)


def test_the_signing_key_follows_the_key_that_seals_it_even_where_nothing_is_signed(portal: Portal) -> None:
    old, new = new_key("k1"), new_key("k2")
    with_keys(portal, old)
    portal.organization("Acme")
    sealed(portal)
    with_keys(portal, f"{new},{old}")
    for _ in range(8):
        portal.later(days=1)
        clean_account(portal.services, Due(Work.HOUSEKEEPING, ACCOUNT, "all", portal.clock()))
    with_keys(portal, new)

    assert verified(portal)["sealed"] == 1


def test_verification_has_its_limit_a_minute(portal: Portal) -> None:
    answers = [portal.call("GET", "/audit/verification") for _ in range(8)]

    assert [it.status for it in answers].count(429) == 2
    assert answers[-1].headers["Retry-After"]
