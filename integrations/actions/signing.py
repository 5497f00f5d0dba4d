"""Sign what an account may have to prove later: seals of its audit log, receipts of removals.

Each account has one Ed25519 key. The private half is sealed by the key-encryption key like every other secret, and
sealed anew every week, so that an old key-encryption key can be disabled.
"""

import contextlib
from datetime import timedelta

import msgspec

from integrations.domain.auditing import AuditKey
from integrations.services import Services
from integrations.storage.control import CURRENT, Clash, Control
from integrations.storage.documents import Stored
from shared.signatures import Jwks, new_private_key, public_of, signed

_SEALED_ANEW = timedelta(days=7)
_TRIES = 3


def sign(services: Services, control: Control, payload: bytes) -> str:
    """A compact JWS (EdDSA, ``kid`` in its header) of the payload, under the account's key.

    Raises:
        SealBroken: the account's key cannot be opened any more; the operator must look.
        Unavailable: storage or the vault does not answer.
    """
    return signed(_private(services, control, _stored(services, control).value), payload)


def public_keys(services: Services, control: Control) -> Jwks:
    """The keys that the account's signatures are checked with; the first is made when it is first asked for.

    They follow from the sealed private key, so that nobody who can only write rows can put another in its place.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    return Jwks(keys=[public_of(_private(services, control, _stored(services, control).value))])


def seal_key_anew(services: Services, control: Control) -> None:
    """Once a week, under the newest key-encryption key; another process that does it at the same time does no harm.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    stored, now = _stored(services, control), services.clock()
    if now - stored.value.sealed_at < _SEALED_ANEW:
        return
    private_key = _private(services, control, stored.value)
    newer = msgspec.structs.replace(stored.value, sealed_at=now)
    with contextlib.suppress(Clash):
        control.commit(control.audit_keys.saved(stored.now(_sealed(services, control, newer, private_key))))


def _private(services: Services, control: Control, key: AuditKey) -> bytes:
    return services.envelopes.open(key.sealed, place=key.place(control.account_id))


def _stored(services: Services, control: Control) -> Stored[AuditKey]:
    """The account's key. Two processes that make it at once end with the one that was inserted first."""
    for _ in range(_TRIES):
        found = control.audit_keys.find(CURRENT)
        if found is not None:
            return found
        with contextlib.suppress(Clash):
            control.commit(control.audit_keys.added(_new_key(services, control)))
    raise Clash


def _new_key(services: Services, control: Control) -> AuditKey:
    private_key, now = new_private_key(), services.clock()
    bare = AuditKey(key_id=public_of(private_key).kid, sealed="", made_at=now, sealed_at=now)
    return _sealed(services, control, bare, private_key)


def _sealed(services: Services, control: Control, key: AuditKey, private_key: bytes) -> AuditKey:
    return msgspec.structs.replace(
        key, sealed=services.envelopes.seal(private_key, place=key.place(control.account_id))
    )
