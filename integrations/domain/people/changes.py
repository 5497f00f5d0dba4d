"""The feed of an Organization: which End Users and assets changed, in the order of their changes.

Each of them is in it once, at its last change, so that reading it from the start gives all that are there. What is
gone leaves a tombstone without personal data, which is kept for a while.
"""

import re
from datetime import datetime
from enum import Enum
from typing import NamedTuple

import msgspec

from integrations.domain.ids import AssetId, EndUserId, OrganizationId

POSITION = re.compile(r"[0-9]{1,16}(-[0-9]{1,16})?")


class ChangedBy(Enum):
    """Where a change came from."""

    PORTAL = "portal"
    SYNC = "sync"  # the user sync of a tenant


class Departure(Enum):
    """How an End User left its Organization."""

    DELETED = "deleted"
    MOVED = "moved"
    MERGED = "merged"


class EndUserChange(msgspec.Struct, frozen=True, kw_only=True):
    """The last change of an End User who is there."""

    sequence: int
    end_user_id: EndUserId
    at: datetime
    by: ChangedBy


class Tombstone(EndUserChange, frozen=True, kw_only=True, omit_defaults=True):
    """The last change of an End User who is gone, and where to, if it was moved or merged."""

    how: Departure
    moved_to: OrganizationId | None = None
    merged_into: EndUserId | None = None


class ChangedAsset(msgspec.Struct, frozen=True, kw_only=True):
    """The last change of an asset that is there, or of its assignment."""

    sequence: int
    asset_id: AssetId
    at: datetime
    by: ChangedBy


class AssetTombstone(ChangedAsset, frozen=True, kw_only=True):
    """The deletion of an asset."""


class PeopleHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The row that every change of an Organization's people and assets replaces, so that changes have one order.

    ``sequence`` is the number of the last change, and ``end_users_sequence`` that of the last one of an End User.
    ``count`` is how many End Users there are, ``assets`` how many assets, and ``purged_through`` the number of the
    last tombstone that was deleted. Once ``closed_at`` is set, nobody can be added: the Organization is about to be
    deleted.
    """

    sequence: int = 0
    end_users_sequence: int = 0
    count: int = 0
    assets: int = 0
    purged_through: int = 0
    closed_at: datetime | None = None


class Position(NamedTuple):
    """How far somebody has read. Who began at the start when the last change was ``began_at`` needs no older tombstone.

    Written as "<sequence>", or "<sequence>-<began_at>" until the reader has come that far.
    """

    sequence: int = 0
    began_at: int = 0

    def __str__(self) -> str:
        return f"{self.sequence}-{self.began_at}" if self.began_at > self.sequence else str(self.sequence)

    def is_expired(self, head: PeopleHead) -> bool:
        """Whether tombstones were deleted that this reader has not seen and needs, or the position was never given."""
        return head.purged_through > max(self.sequence, self.began_at) or self.sequence > head.sequence


def read_position(text: str) -> Position:
    """The inverse of ``str(position)``; raises ValueError."""
    if not POSITION.fullmatch(text):
        raise ValueError(text)
    sequence, _, began_at = text.partition("-")
    return Position(int(sequence), int(began_at or 0))
