"""Sign what an account may have to prove later: seals of its audit log, receipts of removals.

Each account has one Ed25519 key. The private half is sealed by the key-encryption key like every other secret, and
sealed anew every week, so that an old key-encryption key can be disabled.
"""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.domain.audit.seals import AuditKey
from integrations.storage.control import CURRENT
from integrations.storage.documents import Stored
from shared.crypto.signatures import Jwks, new_private_key, public_of, sign_jws

_SEALED_ANEW = timedelta(days=7)


def sign(account: Account, payload: bytes) -> str:
    """A compact JWS (EdDSA, ``kid`` in its header) of the payload, under the account's key.

    Raises:
        SealBroken: the account's key cannot be opened any more; the operator must look.
        Unavailable: storage or the vault does not answer.
    """
    return sign_jws(_private(account, _stored(account).value), payload)


def public_keys(account: Account) -> Jwks:
    """The keys that the account's signatures are checked with; the first is made when it is first asked for.

    They follow from the sealed private key, so that nobody who can only write rows can put another in its place.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    return Jwks(keys=[public_of(_private(account, _stored(account).value))])


def seal_key_anew(account: Account) -> None:
    """Once a week, under the newest key-encryption key; another process that does it at the same time does no harm.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    stored, now = _stored(account), account.services.clock()
    if now - stored.value.sealed_at < _SEALED_ANEW:
        return
    private_key = _private(account, stored.value)
    newer = _sealed(account, msgspec.structs.replace(stored.value, sealed_at=now), private_key)
    with ignore_conflict("another process sealed the key anew", account_id=account.id), account.change() as change:
        change.write(account.control.audit_keys.saved(stored.now(newer)))


def _private(account: Account, key: AuditKey) -> bytes:
    return account.services.envelopes.open(key.sealed, place=key.place(account.id))


def _stored(account: Account) -> Stored[AuditKey]:
    """The account's key. Two processes that make it at once end with the one that was inserted first."""
    return retry_on_conflict(lambda: account.control.audit_keys.find(CURRENT) or _made(account))


def _made(account: Account) -> Stored[AuditKey]:
    private_key, now = new_private_key(), account.services.clock()
    bare = AuditKey(key_id=public_of(private_key).kid, sealed="", made_at=now, sealed_at=now)
    key = _sealed(account, bare, private_key)
    with account.change() as change:
        change.write(account.control.audit_keys.added(key))
    return Stored(key, change.etag)


def _sealed(account: Account, key: AuditKey, private_key: bytes) -> AuditKey:
    sealed = account.services.envelopes.seal(private_key, place=key.place(account.id))
    return msgspec.structs.replace(key, sealed=sealed)
