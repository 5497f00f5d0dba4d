"""Seal the audit entries of an account, and delete those that are older than they are kept.

No change waits for this: an entry is inserted with its change, and covered by a seal some minutes later. Of two
sealers at once, the one whose seal of a number is inserted first continues, and the other one reads again.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from integrations.actions.account import Account
from integrations.actions.audit.signing import public_keys, sign
from integrations.actions.conflicts import retry_on_conflict
from integrations.domain.audit.seals import (
    LATE,
    ChainLink,
    EntryFingerprint,
    Seal,
    entry_fingerprint,
    next_seal,
)
from integrations.domain.retention import AUDIT_ENTRIES
from integrations.storage.control import Control, moment_of, newest_first, newest_seal_first, number_of_seal
from shared.crypto.signatures import Jwk, SignatureInvalid, detach_payload, verify_detached
from shared.storage.tables import Write, chunks
from shared.telemetry.log import log

_MOST_SEALS = 200  # written at once: 40,000 entries
_TRIES = 10  # every conflict means that another sealer was faster
_PAGE_SEALS = 100  # read from storage at once
_DELETED_AT_ONCE = 20_000
_LAST_OF_MOMENT = "zzzzzzzz"


class _Unsealed(NamedTuple):
    """The newest valid seal, the number of the next seal, and the entries that no seal covers yet."""

    last: Seal | None
    next_number: int
    entries: dict[str, EntryFingerprint]


def seal_entries(account: Account) -> None:
    """Cover every unsealed entry by a seal.

    Raises:
        SealBroken, Unavailable: as ``signing.sign``; the entries stay unsealed.
        VersionConflict: other sealers were faster ten times; they seal the entries.
    """
    keys = public_keys(account).keys
    retry_on_conflict(lambda: _seal(account, keys), tries=_TRIES)


def _seal(account: Account, keys: list[Jwk]) -> None:
    control, unsealed = account.control, _unsealed(account.control, keys)
    for _ in range(_MOST_SEALS):
        unsigned = next_seal(unsealed.last, unsealed.next_number, unsealed.entries.values(), account.services.clock())
        if unsigned is None:
            return
        seal = _signed(account, unsigned)
        with account.change() as change:
            change.write(control.seals.added(seal))
        remaining = {key: it for key, it in unsealed.entries.items() if key not in seal.entries}
        unsealed = _Unsealed(seal, seal.number + 1, remaining)
        counts = {"number": seal.number, "entries": len(seal.entries)}
        log("sealed audit entries", account_id=account.id, counts=counts)


def delete_old_entries(account: Account) -> None:
    """Delete entries older than AUDIT_ENTRIES, and then the seals that cover only such entries."""
    control, kept_since = account.control, account.services.clock() - AUDIT_ENTRIES
    old = control.audit.texts(after=newest_first(kept_since, _LAST_OF_MOMENT), limit=_DELETED_AT_ONCE)
    _remove(account, [control.audit.dropped(key) for key in old if moment_of(key) < kept_since])
    if len(old) == _DELETED_AT_ONCE:
        return  # more old entries follow; their seals are still needed to verify them
    numbers, newest_obsolete = [], 0
    for link in read_links(control, public_keys(account).keys):
        numbers.append(link.number)
        if link.is_signed and link.seal and link.seal.through < kept_since:
            newest_obsolete = max(newest_obsolete, link.number)
    obsolete = [number for number in numbers if number <= newest_obsolete]
    _remove(account, [control.seals.dropped(newest_seal_first(number)) for number in obsolete])


def read_links(control: Control, keys: list[Jwk]) -> Iterator[ChainLink]:
    """Every seal, the newest first; its row may be unreadable, and its signature invalid."""
    after = ""
    while True:
        page = control.seals.texts(after=after, limit=_PAGE_SEALS)
        for key, text in page.items():
            number = number_of_seal(key)
            if number:
                yield _link(control, number, text, keys)
        if len(page) < _PAGE_SEALS:
            return
        after = list(page)[-1]


def _link(control: Control, number: int, text: str, keys: list[Jwk]) -> ChainLink:
    try:
        seal = control.seals.read(text)
    except msgspec.MsgspecError:
        return ChainLink(number, None, is_signed=False)
    try:
        verify_detached(seal.signature, seal.signed_text(control.account_id), keys)
    except SignatureInvalid:
        return ChainLink(number, seal, is_signed=False)
    return ChainLink(number, seal, is_signed=seal.number == number)


def _unsealed(control: Control, keys: list[Jwk]) -> _Unsealed:
    """The entries that no seal covers, as far back as an entry that was written late may lie."""
    number, last = 0, None
    covered: set[str] = set()
    for it in read_links(control, keys):
        number = max(number, it.number)
        if it.seal is None or not it.is_signed:
            continue
        last = last or it.seal
        if it.seal.through < last.through - LATE:
            break
        covered |= it.seal.entries.keys()
    until = newest_first(last.through - LATE, _LAST_OF_MOMENT) if last else ""
    texts = control.audit.texts(until=until)
    entries = {key: entry_fingerprint(key, moment_of(key), text) for key, text in texts.items() if key not in covered}
    return _Unsealed(last, number + 1, entries)


def _signed(account: Account, unsigned: Seal) -> Seal:
    """The seal with its signature, a JWS with detached payload: the payload is the seal itself."""
    signature = detach_payload(sign(account, unsigned.signed_text(account.id)))
    return msgspec.structs.replace(unsigned, signature=signature)


def _remove(account: Account, removals: list[Write]) -> None:
    for part in chunks(removals):
        with account.change() as change:
            change.write(*part)
