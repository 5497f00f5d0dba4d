"""Seal the audit entries of an account, and forget those that were kept long enough.

No change waits for it: an entry is inserted with its change, and covered by a seal some minutes later. Of two
sealers at once the one whose seal of a number is inserted first goes on, and the other reads again.
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

_MOST_SEALS = 200  # in one go: forty thousand entries
_TRIES = 10  # each time another sealer was faster
_SEALS_A_PAGE = 100
_FORGOTTEN_AT_ONCE = 20_000
_LAST_OF_MOMENT = "zzzzzzzz"


class _Waiting(NamedTuple):
    """The newest seal that holds, the number after the newest seal of all, and entries that no seal covers."""

    last: Seal | None
    number: int
    entries: dict[str, EntryFingerprint]


def seal_entries(account: Account) -> None:
    """Cover every entry that waits for it.

    Raises:
        SealBroken, Unavailable: as ``signing.sign``; the entries go on waiting.
        VersionConflict: other sealers were faster ten times; they cover what waits.
    """
    keys = public_keys(account).keys
    retry_on_conflict(lambda: _seal_waiting(account, keys), tries=_TRIES)


def _seal_waiting(account: Account, keys: list[Jwk]) -> None:
    control, waiting = account.control, _waiting(account.control, keys)
    for _ in range(_MOST_SEALS):
        bare = next_seal(waiting.last, waiting.number, waiting.entries.values(), account.services.clock())
        if bare is None:
            return
        seal = _signed(account, bare)
        with account.change() as change:
            change.write(control.seals.added(seal))
        left = {key: it for key, it in waiting.entries.items() if key not in seal.entries}
        waiting = _Waiting(seal, seal.number + 1, left)
        told = {"number": seal.number, "entries": len(seal.entries)}
        log("sealed audit entries", account_id=account.id, counts=told)


def forget_old_entries(account: Account) -> None:
    """Delete entries that were kept long enough, and then the seals that covered nothing younger."""
    control, kept_since = account.control, account.services.clock() - AUDIT_ENTRIES
    old = control.audit.texts(after=newest_first(kept_since, _LAST_OF_MOMENT), limit=_FORGOTTEN_AT_ONCE)
    _remove(account, [control.audit.dropped(key) for key in old if moment_of(key) < kept_since])
    if len(old) == _FORGOTTEN_AT_ONCE:
        return  # the seals of what is left tell that it was there
    numbers, newest = [], 0
    for it in read_links(control, public_keys(account).keys):
        numbers.append(it.number)
        if it.is_signed and it.seal and it.seal.through < kept_since:
            newest = max(newest, it.number)
    gone = [number for number in numbers if number <= newest]
    _remove(account, [control.seals.dropped(newest_seal_first(number)) for number in gone])


def read_links(control: Control, keys: list[Jwk]) -> Iterator[ChainLink]:
    """Every seal with what its row and its signature are worth, the newest first."""
    after = ""
    while True:
        page = control.seals.texts(after=after, limit=_SEALS_A_PAGE)
        for key, text in page.items():
            number = number_of_seal(key)
            if number:
                yield _link(control, number, text, keys)
        if len(page) < _SEALS_A_PAGE:
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


def _waiting(control: Control, keys: list[Jwk]) -> _Waiting:
    """Entries as far back as one that comes late may lie, without those that any seal covers."""
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
    return _Waiting(last, number + 1, entries)


def _signed(account: Account, bare: Seal) -> Seal:
    """The seal with its signature, whose payload is left out: it is the seal itself."""
    signature = detach_payload(sign(account, bare.signed_text(account.id)))
    return msgspec.structs.replace(bare, signature=signature)


def _remove(account: Account, removals: list[Write]) -> None:
    for part in chunks(removals):
        with account.change() as change:
            change.write(*part)
