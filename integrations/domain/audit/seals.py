"""The chain of seals over an account's audit entries, and its verification.

An entry is written in the transaction of its change; a little later a seal covers it. A seal holds the fingerprint of
every entry it covers and of the previous seal, and is signed, so that changes to sealed entries, their deletion and
insertions are detected. The chain alone cannot show that its newest seals were deleted together with their entries;
whoever keeps the fingerprint of an earlier seal can detect that too.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.ids import AccountId
from integrations.domain.retention import AUDIT_ENTRIES

MOST_ENTRIES = 200  # of a seal, so that its row stays below 32 Ki characters
# Hosts' clocks may differ by ten minutes, and an entry may be written some time after its timestamp.
LATE = timedelta(hours=1)


class AuditKey(msgspec.Struct, frozen=True, kw_only=True):
    """The private key that signs an account's records, encrypted; the public key is computed from it.

    ``sealed_at`` is when it was last encrypted; it decrypts only together with ``place``.
    """

    key_id: str
    sealed: str
    made_at: datetime
    sealed_at: datetime

    def place(self, account_id: AccountId) -> str:
        """The additional authenticated data of the encryption."""
        return f"audit_key|{account_id}|{self.key_id}"


class EntryFingerprint(NamedTuple):
    """A stored audit entry: its id, the time in its id, and the fingerprint of id and text."""

    id: str
    at: datetime
    fingerprint: str


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain; written once and never updated.

    ``entries`` are fingerprints by entry id. ``through`` is the latest time that this seal and earlier ones cover,
    ``since`` is ``through`` of the previous seal. ``previous`` is the previous seal's fingerprint, "" for the first.
    ``signature`` is a compact JWS with detached payload (RFC 7515, appendix F); the payload is ``signed_text``.
    """

    number: int
    at: datetime
    previous: str
    since: datetime | None
    through: datetime
    entries: dict[str, str]
    signature: str = ""

    def signed_text(self, account_id: AccountId) -> bytes:
        """The signed bytes: every field but the signature, with one digest for all entries."""
        digest = fingerprint_of(msgspec.json.encode(sorted(self.entries.items())))
        fields = {name: getattr(self, name) for name in ("number", "at", "previous", "since", "through")}
        return msgspec.json.encode({"account_id": account_id, **fields, "entries": digest})

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(f"{self.number}\n{self.signature}".encode())


def fingerprint_of(raw: bytes) -> str:
    """SHA-256 in base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode("ascii")


def entry_fingerprint(entry_id: str, at: datetime, text: str) -> EntryFingerprint:
    return EntryFingerprint(entry_id, at, fingerprint_of(f"{entry_id}\n{text}".encode()))


def next_seal(last: Seal | None, number: int, unsealed: Iterable[EntryFingerprint], now: datetime) -> Seal | None:
    """The next seal, not signed yet, over the oldest unsealed entries; None when there are none.

    ``last`` is the newest valid seal; ``number`` is the new one's, since invalid seals are numbered as well.
    """
    waiting = sorted((it for it in unsealed if may_be_sealed(it, last, now)), key=lambda it: (it.at, it.id))
    covered = waiting[:MOST_ENTRIES]
    if not covered:
        return None
    return Seal(
        number=number,
        at=now,
        previous=last.fingerprint if last else "",
        since=last.through if last else None,
        through=max(covered[-1].at, last.through) if last else covered[-1].at,
        entries={it.id: it.fingerprint for it in covered},
    )


def may_be_sealed(entry: EntryFingerprint, last: Seal | None, now: datetime) -> bool:
    """Whether an entry's time is plausible. One long before the last seal, or far in the future, is not ours."""
    return entry.at <= now + LATE and (last is None or entry.at >= last.through - LATE)


class SealFault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one seal: ``altered``, ``missing`` or ``out_of_chain``.

    Attributes:
        number: The number of the seal.
        what: "altered", "missing" or "out_of_chain".
    """

    number: int
    what: str


class ChainLink(NamedTuple):
    """A stored seal with the number in its key; ``seal`` is None when it cannot be read."""

    number: int
    seal: Seal | None
    is_signed: bool


class Findings(NamedTuple):
    """The result of verifying. ``sealed`` counts entries under seals with valid signatures; lists hold entry ids."""

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
    """Compare every seal, oldest first, with the previous seal and with the entries it covers.

    ``time_of`` is the time in an entry's id; entries beyond their retention are not expected any more.
    """
    kept_since = now - AUDIT_ENTRIES
    known = [it for it in links if it.seal is not None]
    last = known[-1].seal if known else None
    covered = {key: text for it in known if it.seal for key, text in it.seal.entries.items()}
    sealed = {key for it in known if it.seal and it.is_signed for key in it.seal.entries}
    altered = {key for key, text in covered.items() if key in entries and entries[key].fingerprint != text}
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
    """Whether older seals are missing that are not beyond their retention."""
    first = links[0] if links else None
    if first is None or first.number == 1 or first.seal is None:
        return
    if first.seal.since is None or first.seal.since >= kept_since:
        yield SealFault(number=first.number - 1, what="missing")


def _broken(links: Sequence[ChainLink]) -> Iterable[SealFault]:
    """Faults within the chain: missing, altered and wrongly linked seals."""
    before: ChainLink | None = None
    for link in links:
        missing = range(before.number + 1, link.number)[:MOST_ENTRIES] if before else range(0)
        yield from (SealFault(number=number, what="missing") for number in missing)
        if link.seal is None or not link.is_signed:
            yield SealFault(number=link.number, what="altered")
        elif before and before.seal and before.is_signed and not missing and not _follows(link.seal, before.seal):
            yield SealFault(number=link.number, what="out_of_chain")
        before = link


def _follows(seal: Seal, before: Seal) -> bool:
    return seal.previous == before.fingerprint and seal.since == before.through
