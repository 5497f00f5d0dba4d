"""Verify an account's audit log: every print, every link of the chain and every signature, computed anew."""

from datetime import datetime

import msgspec

from integrations.actions.account import Account
from integrations.actions.audit.sealing import read_links
from integrations.actions.audit.signing import public_keys
from integrations.domain.audit.seals import EntryFingerprint, Seal, SealFault, entry_fingerprint, examine
from integrations.domain.ids import AccountId
from integrations.services import Services
from integrations.storage.control import Control, moment_of

_PER_MINUTE = 6
_A_PAGE = 1000
_MOST_NAMED = 1000


class SealMark(msgspec.Struct, frozen=True, kw_only=True):
    """A seal to compare with later: its number, when it was made, and its print."""

    number: int
    at: datetime
    print: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit log is worth; counts are of all, and at most 1,000 ids are named of each kind.

    ``waiting`` entries are not sealed yet. ``altered`` ones do not match their seal, ``missing`` ones were sealed and
    are gone, ``out_of_chain`` ones were put in without having come in their time.
    """

    verified_at: datetime
    is_intact: bool
    entries: int
    sealed: int
    waiting: int
    altered: list[str]
    missing: list[str]
    out_of_chain: list[str]
    seals: int
    faulty_seals: list[SealFault]
    oldest_seal: SealMark | None
    newest_seal: SealMark | None


def verify_audit(services: Services, account_id: AccountId) -> Verification:
    """Recompute everything that is kept of the account's audit log.

    Raises:
        TooManyRequests: verified several times within a minute.
        SealBroken: the account's signing key cannot be opened any more.
    """
    services.quota.take(f"verification:{account_id}", _PER_MINUTE)
    account, now = Account(services, account_id), services.clock()
    # Seals before entries: what is written between the two is an entry that waits, and no entry that is missing.
    links = list(read_links(account.control, public_keys(account).keys))[::-1]
    entries = _entries(account.control)
    found = examine(links, entries, now, moment_of)
    seals = [it.seal for it in links if it.seal is not None]
    return Verification(
        verified_at=now.replace(microsecond=0),
        is_intact=not (found.altered or found.missing or found.out_of_chain or found.seals),
        entries=len(entries),
        sealed=found.sealed,
        waiting=len(found.waiting),
        altered=found.altered[:_MOST_NAMED],
        missing=found.missing[:_MOST_NAMED],
        out_of_chain=found.out_of_chain[:_MOST_NAMED],
        seals=len(links),
        faulty_seals=found.seals[:_MOST_NAMED],
        oldest_seal=_mark(seals[0]) if seals else None,
        newest_seal=_mark(seals[-1]) if seals else None,
    )


def _entries(control: Control) -> dict[str, EntryFingerprint]:
    found: dict[str, EntryFingerprint] = {}
    after = ""
    while True:
        page = control.audit.texts(after=after, limit=_A_PAGE)
        found |= {key: entry_fingerprint(key, moment_of(key), text) for key, text in page.items()}
        if len(page) < _A_PAGE:
            return found
        after = list(page)[-1]


def _mark(seal: Seal) -> SealMark:
    return SealMark(number=seal.number, at=seal.at.replace(microsecond=0), print=seal.fingerprint)
