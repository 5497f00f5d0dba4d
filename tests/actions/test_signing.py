"""Each account signs with a key of its own, made once, whose private half nobody can read or put in place."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from integrations.actions.signing import public_keys, seal_key_anew, sign
from integrations.storage.control import CURRENT, Control
from shared.secrets import SealBroken, new_key, sealed_with
from shared.signatures import SignatureInvalid, new_private_key, opened, public_of
from tests.flows.portal import Portal, with_keys


def ours(portal: Portal, account_id: str = "acct_northwind") -> Control:
    return portal.services.control(account_id)  # type: ignore[arg-type]


def test_what_an_account_signs_is_checked_with_its_public_keys_and_no_other_accounts(portal: Portal) -> None:
    control, theirs = ours(portal), ours(portal, "acct_southridge")

    jws = sign(portal.services, control, b"a receipt")

    assert opened(jws, public_keys(portal.services, control).keys) == b"a receipt"
    with pytest.raises(SignatureInvalid):
        opened(jws, public_keys(portal.services, theirs).keys)


def test_of_many_processes_that_sign_first_one_makes_the_key(portal: Portal) -> None:
    with ThreadPoolExecutor(16) as pool:
        signatures = list(pool.map(lambda _: sign(portal.services, ours(portal), b"x"), range(16)))

    assert len(set(signatures)) == 1  # Ed25519 gives one signature for one key and text


def test_a_key_that_somebody_else_put_in_the_row_is_not_believed(portal: Portal) -> None:
    control, theirs = ours(portal), ours(portal, "acct_southridge")
    for it in (control, theirs):
        sign(portal.services, it, b"x")
    mine, other = (it.audit_keys.find(CURRENT) for it in (control, theirs))
    assert mine
    assert other
    name = public_of(new_private_key()).kid

    for forged in (
        msgspec.structs.replace(mine.value, sealed=other.value.sealed),
        msgspec.structs.replace(mine.value, key_id=name),
        other.value,
    ):
        row = control.audit_keys.find(CURRENT)
        assert row
        control.commit(control.audit_keys.saved(row.now(forged)))
        with pytest.raises(SealBroken):
            sign(portal.services, control, b"x")
        with pytest.raises(SealBroken):
            public_keys(portal.services, control)


def test_a_signing_key_outlives_the_key_it_was_sealed_with(portal: Portal) -> None:
    old, new = new_key("k1"), new_key("k2")
    services, control = portal.services, ours(portal)
    with_keys(portal, old)
    before = public_keys(services, control)
    with_keys(portal, f"{new},{old}")
    portal.later(days=7)

    seal_key_anew(services, control)

    stored = control.audit_keys.find(CURRENT)
    assert stored
    assert sealed_with(stored.value.sealed) == "k2"
    with_keys(portal, new)
    assert public_keys(services, control) == before
