"""Sign what an account may have to prove later: seals of its audit log and receipts of removals.

Each account has one Ed25519 key. The private key is encrypted with the key-encryption key like every other secret, and
encrypted again every week, so that an old key-encryption key can be disabled.
"""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.domain.audit.seals import AuditKey
from integrations.storage.control import CURRENT
from integrations.storage.documents import Stored
from shared.crypto.signatures import Jwks, new_private_key, public_of, sign_jws

_ENCRYPTION_PERIOD = timedelta(days=7)


def sign(account: Account, payload: bytes) -> str:
    """A compact JWS (EdDSA, ``kid`` in its header) of the payload, under the account's key.

    Raises:
        SealBroken: the account's key cannot be decrypted; an operator has to look into it.
        Unavailable: storage or the vault does not answer.
    """
    return sign_jws(_private_key(account, _stored(account).value), payload)


def public_keys(account: Account) -> Jwks:
    """The keys with which the account's signatures are verified; the first one is created on first use.

    They are computed from the encrypted private key, so nobody who can only write rows can replace them.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    return Jwks(keys=[public_of(_private_key(account, _stored(account).value))])


def encrypt_key_again(account: Account) -> None:
    """Encrypt the private key with the newest key-encryption key, once a week; two processes may do it at once.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    stored, now = _stored(account), account.services.clock()
    if now - stored.value.sealed_at < _ENCRYPTION_PERIOD:
        return
    private_key = _private_key(account, stored.value)
    newer = _encrypted(account, msgspec.structs.replace(stored.value, sealed_at=now), private_key)
    with ignore_conflict("another process encrypted the key again", account_id=account.id), account.change() as change:
        change.write(account.control.audit_keys.saved(stored.now(newer)))


def _private_key(account: Account, key: AuditKey) -> bytes:
    return account.services.envelopes.open(key.sealed, place=key.place(account.id))


def _stored(account: Account) -> Stored[AuditKey]:
    """The account's key. Of two processes that create it at once, both use the one that was inserted first."""
    return retry_on_conflict(lambda: account.control.audit_keys.find(CURRENT) or _create(account))


def _create(account: Account) -> Stored[AuditKey]:
    private_key, now = new_private_key(), account.services.clock()
    bare = AuditKey(key_id=public_of(private_key).kid, sealed="", made_at=now, sealed_at=now)
    key = _encrypted(account, bare, private_key)
    with account.change() as change:
        change.write(account.control.audit_keys.added(key))
    return Stored(key, change.etag)


def _encrypted(account: Account, key: AuditKey, private_key: bytes) -> AuditKey:
    sealed = account.services.envelopes.seal(private_key, place=key.place(account.id))
    return msgspec.structs.replace(key, sealed=sealed)
