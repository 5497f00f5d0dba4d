"""Each account signs with a key of its own, made once, whose private half nobody can read or put in place."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from integrations.actions.account import Account
from integrations.actions.audit.signing import encrypt_key_again, public_keys, sign
from integrations.domain.ids import AccountId
from integrations.storage.control import CURRENT
from shared.crypto.envelopes import SealBroken, new_key, sealed_with
from shared.crypto.signatures import SignatureInvalid, new_private_key, public_of, verify_jws
from tests.flows.portal import Portal, with_keys


def ours(portal: Portal, account_id: str = "acct_northwind") -> Account:
    return Account(portal.services, AccountId(account_id))


def test_what_an_account_signs_is_checked_with_its_public_keys_and_no_other_accounts(portal: Portal) -> None:
    account, theirs = ours(portal), ours(portal, "acct_southridge")

    jws = sign(account, b"a receipt")

    assert verify_jws(jws, public_keys(account).keys) == b"a receipt"
    with pytest.raises(SignatureInvalid):
        verify_jws(jws, public_keys(theirs).keys)


def test_of_many_processes_that_sign_first_one_makes_the_key(portal: Portal) -> None:
    with ThreadPoolExecutor(16) as pool:
        signatures = list(pool.map(lambda _: sign(ours(portal), b"x"), range(16)))

    assert len(set(signatures)) == 1  # Ed25519 gives one signature for one key and text


def test_a_key_that_somebody_else_put_in_the_row_is_not_believed(portal: Portal) -> None:
    account, theirs = ours(portal), ours(portal, "acct_southridge")
    for it in (account, theirs):
        sign(it, b"x")
    mine, other = (it.control.audit_keys.find(CURRENT) for it in (account, theirs))
    assert mine
    assert other
    name = public_of(new_private_key()).kid

    for forged in (
        msgspec.structs.replace(mine.value, sealed=other.value.sealed),
        msgspec.structs.replace(mine.value, key_id=name),
        other.value,
    ):
        row = account.control.audit_keys.find(CURRENT)
        assert row
        with account.change() as change:
            change.write(account.control.audit_keys.saved(row.now(forged)))
        with pytest.raises(SealBroken):
            sign(account, b"x")
        with pytest.raises(SealBroken):
            public_keys(account)


def test_a_signing_key_outlives_the_key_it_was_sealed_with(portal: Portal) -> None:
    old, new = new_key("k1"), new_key("k2")
    account = ours(portal)
    with_keys(portal, old)
    before = public_keys(account)
    with_keys(portal, f"{new},{old}")
    portal.later(days=7)

    encrypt_key_again(account)

    stored = account.control.audit_keys.find(CURRENT)
    assert stored
    assert sealed_with(stored.value.sealed) == "k2"
    with_keys(portal, new)
    assert public_keys(account) == before
