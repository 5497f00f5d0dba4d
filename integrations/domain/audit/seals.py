"""The chain of seals over an account's audit entries, and what breaks it.

An entry is written in its change's own transaction and stands alone; a little later a seal covers it. A seal holds
the print of every entry it covers and the print of the seal before, and is signed, so that altering, taking out or
pushing in anything that was sealed shows. What a chain alone cannot show is that its newest seals were cut off
together with their entries: whoever keeps an earlier seal's print sees that too.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.ids import AccountId
from integrations.domain.retention import AUDIT_ENTRIES

MOST_ENTRIES = 200  # of a seal: its row stays below 32 Ki characters
# Entries may be written by a host whose clock is ten minutes off, and somewhat after their time.
LATE = timedelta(hours=1)


class AuditKey(msgspec.Struct, frozen=True, kw_only=True):
    """The private key an account's records are signed with, sealed; its public half follows from it.

    ``sealed_at`` is when it was last sealed; it opens at its place only.
    """

    key_id: str
    sealed: str
    made_at: datetime
    sealed_at: datetime

    def place(self, account_id: AccountId) -> str:
        return f"audit_key|{account_id}|{self.key_id}"


class EntryFingerprint(NamedTuple):
    """An audit entry as it is stored: its id, the time in its id, and the print of id and text."""

    id: str
    at: datetime
    print: str


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain; written once, and never updated.

    ``entries`` are prints by id. ``through`` is the latest time that this seal and those before cover, ``since`` that
    of the seal before. ``previous`` is the print of the seal before, "" for the first. ``signature`` is a compact
    JWS with its payload left out (RFC 7515, appendix F): the payload is ``signed_text``.
    """

    number: int
    at: datetime
    previous: str
    since: datetime | None
    through: datetime
    entries: dict[str, str]
    signature: str = ""

    def signed_text(self, account_id: AccountId) -> bytes:
        """What the signature is over: everything but itself, the entries by their digest."""
        digest = fingerprint_of(msgspec.json.encode(sorted(self.entries.items())))
        told = {name: getattr(self, name) for name in ("number", "at", "previous", "since", "through")}
        return msgspec.json.encode({"account_id": account_id, **told, "entries": digest})

    @property
    def print(self) -> str:
        return fingerprint_of(f"{self.number}\n{self.signature}".encode())


def fingerprint_of(raw: bytes) -> str:
    """SHA-256 in base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode("ascii")


def entry_fingerprint(entry_id: str, at: datetime, text: str) -> EntryFingerprint:
    return EntryFingerprint(entry_id, at, fingerprint_of(f"{entry_id}\n{text}".encode()))


def next_seal(last: Seal | None, number: int, unsealed: Iterable[EntryFingerprint], now: datetime) -> Seal | None:
    """The seal to come, not signed yet, over the oldest entries; None when nothing waits for one.

    ``last`` is the newest seal that holds. ``number`` is the new one's: those that do not hold are counted as well.
    """
    waiting = sorted((it for it in unsealed if may_be_sealed(it, last, now)), key=lambda it: (it.at, it.id))
    covered = waiting[:MOST_ENTRIES]
    if not covered:
        return None
    return Seal(
        number=number,
        at=now,
        previous=last.print if last else "",
        since=last.through if last else None,
        through=max(covered[-1].at, last.through) if last else covered[-1].at,
        entries={it.id: it.print for it in covered},
    )


def may_be_sealed(it: EntryFingerprint, last: Seal | None, now: datetime) -> bool:
    """Whether an entry comes in time. One far behind the last seal, or far in the future, was not written by us."""
    return it.at <= now + LATE and (last is None or it.at >= last.through - LATE)


class SealFault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one seal: ``altered``, ``missing`` or ``out_of_chain``."""

    number: int
    what: str


class ChainLink(NamedTuple):
    """A seal as it was found under the number its key tells; None when it cannot be read."""

    number: int
    seal: Seal | None
    is_signed: bool


class Findings(NamedTuple):
    """What a chain and its entries amount to. ``sealed`` counts entries under seals whose signature holds."""

    sealed: int
    waiting: list[str]
    altered: list[str]
    missing: list[str]
    out_of_chain: list[str]
    seals: list[SealFault]


def examine(
    links: Sequence[ChainLink],
    entries: Mapping[str, EntryFingerprint],
    now: datetime,
    time_of: Callable[[str], datetime],
) -> Findings:
    """Compare every seal, oldest first, with the seal before and with the entries it covers.

    ``time_of`` is the time in an entry's id: what is older than entries are kept is not asked for any more.
    """
    kept_since = now - AUDIT_ENTRIES
    known = [it for it in links if it.seal is not None]
    last = known[-1].seal if known else None
    covered = {key: text for it in known if it.seal for key, text in it.seal.entries.items()}
    sealed = {key for it in known if it.seal and it.is_signed for key in it.seal.entries}
    altered = {key for key, text in covered.items() if key in entries and entries[key].print != text}
    missing = {key for key in covered.keys() - entries.keys() if time_of(key) >= kept_since}
    unsealed = [it for it in entries.values() if it.id not in covered and it.at >= kept_since]
    waiting = {it.id for it in unsealed if may_be_sealed(it, last, now)}
    return Findings(
        sealed=len((sealed & entries.keys()) - altered),
        waiting=sorted(waiting),
        altered=sorted(altered),
        missing=sorted(missing),
        out_of_chain=sorted({it.id for it in unsealed} - waiting),
        seals=[*_begins_late(links, kept_since), *_broken(links)],
    )


def _begins_late(links: Sequence[ChainLink], kept_since: datetime) -> Iterable[SealFault]:
    """The oldest seals may be gone for their age only."""
    first = links[0] if links else None
    if first is None or first.number == 1 or first.seal is None:
        return
    if first.seal.since is None or first.seal.since >= kept_since:
        yield SealFault(number=first.number - 1, what="missing")


def _broken(links: Sequence[ChainLink]) -> Iterable[SealFault]:
    before: ChainLink | None = None
    for it in links:
        gone = range(before.number + 1, it.number)[:MOST_ENTRIES] if before else range(0)
        yield from (SealFault(number=number, what="missing") for number in gone)
        if it.seal is None or not it.is_signed:
            yield SealFault(number=it.number, what="altered")
        elif before and before.seal and before.is_signed and not gone and not _follows(it.seal, before.seal):
            yield SealFault(number=it.number, what="out_of_chain")
        before = it


def _follows(seal: Seal, before: Seal) -> bool:
    return seal.previous == before.print and seal.since == before.through
