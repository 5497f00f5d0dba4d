"""The result of verifying an account's audit log."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from integrations.domain.audit.seals import ChainLink, Findings, Seal, SealFault

_MOST_IDS = 1000  # of each kind


class SealMark(msgspec.Struct, frozen=True, kw_only=True):
    """A seal to compare with later: its number, when it was made, and its fingerprint.

    Attributes:
        number: Seals are numbered from 1 without gaps.
        at: When the entries were sealed.
        fingerprint: SHA-256 of the seal, in hexadecimal. Keep it, and compare it with a later verification.
    """

    number: int
    at: datetime
    fingerprint: str = msgspec.field(name="print")


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """How far the audit log can be trusted; counts are complete, and at most 1,000 ids of each kind are listed.

    ``waiting`` entries are not sealed yet. ``altered`` ones do not match their seal, ``missing`` ones were sealed and
    are gone, ``out_of_chain`` ones were inserted later than their time says.

    Attributes:
        verified_at: When the log was verified: at this request.
        is_intact: Whether nothing was found. Entries that wait for their seal do not count.
        entries: How many entries the log has.
        sealed: How many of them a seal covers.
        waiting: How many entries are not sealed yet. They are sealed in the background.
        altered: Ids of entries that do not match their seal, at most 1,000.
        missing: Ids of entries that were sealed and are gone, at most 1,000.
        out_of_chain: Ids of entries that were inserted later than their time says, at most 1,000.
        seals: How many seals there are.
        faulty_seals: Seals that are not what they were, at most 1,000.
        oldest_seal: The first seal that is still kept. Null before the first one.
        newest_seal: The latest seal. Null before the first one.
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


def verification_view(findings: Findings, links: Sequence[ChainLink], entries: int, now: datetime) -> Verification:
    """The findings as the API shows them; ``links`` are the seals, the oldest first, ``entries`` counts all entries."""
    seals = [it.seal for it in links if it.seal is not None]
    return Verification(
        verified_at=now.replace(microsecond=0),
        is_intact=not (findings.altered or findings.missing or findings.out_of_chain or findings.seals),
        entries=entries,
        sealed=findings.sealed,
        waiting=len(findings.waiting),
        altered=findings.altered[:_MOST_IDS],
        missing=findings.missing[:_MOST_IDS],
        out_of_chain=findings.out_of_chain[:_MOST_IDS],
        seals=len(links),
        faulty_seals=findings.seals[:_MOST_IDS],
        oldest_seal=_mark(seals[0]) if seals else None,
        newest_seal=_mark(seals[-1]) if seals else None,
    )


def _mark(seal: Seal) -> SealMark:
    return SealMark(number=seal.number, at=seal.at.replace(microsecond=0), fingerprint=seal.fingerprint)
