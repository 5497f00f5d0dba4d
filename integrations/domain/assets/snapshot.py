"""What a complete snapshot of an Organization's assets leaves out, and how much of that is believed at once. Pure."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from integrations.domain.assets.asset import Asset
from integrations.domain.ids import AssetId

MOST_SHARE = 0.20  # of the assets that are there
MOST_ASSETS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReview:
    """What becomes of the assets that a complete snapshot does not name.

    Attributes:
        absent: Assets that it does not name.
        there: How many were there before.
        not_approved: How many absent ones nobody has seen.
        is_held: Whether so many would be gone that somebody has to look first. Then none is.
    """

    absent: list[AssetId] = field(default_factory=list)
    there: int
    not_approved: int
    is_held: bool

    @property
    def gone(self) -> list[AssetId]:
        """Assets to be marked as gone."""
        return [] if self.is_held else self.absent


def review_snapshot(
    assets: Iterable[Asset], external_ids: Collection[str], approved: Collection[AssetId] = frozenset()
) -> SnapshotReview:
    """Compare an Organization's assets with the ids that a complete snapshot names.

    ``approved`` are absent assets that somebody has seen: the same or fewer may be marked as gone without asking again.
    """
    named, seen = frozenset(external_ids), frozenset(approved)
    there = [it for it in assets if it.gone_at is None]
    absent = sorted(it.id for it in there if it.external_id not in named)
    not_approved = sum(it not in seen for it in absent)
    is_many = len(absent) > MOST_ASSETS and len(absent) > MOST_SHARE * len(there)
    return SnapshotReview(
        absent=absent, there=len(there), not_approved=not_approved, is_held=is_many and not_approved > 0
    )


def absence_hash(absent: Iterable[AssetId]) -> str:
    """64 hexadecimal digits that stand for these assets in any order; somebody approves by them that they are gone."""
    return hashlib.sha256(" ".join(sorted(absent)).encode()).hexdigest()


def gone(asset: Asset, now: datetime) -> Asset:
    """The asset after a complete snapshot did not name it; it comes back when it is pushed again."""
    return msgspec.structs.replace(asset, gone_at=now) if asset.gone_at is None else asset
