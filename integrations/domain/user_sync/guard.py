"""What a plan may do before somebody has seen it: a few changes that hurt, and no more. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.retention import USER_SYNC_APPROVALS
from integrations.domain.user_sync.changes import HARMFUL
from integrations.domain.user_sync.plan import UserSyncPlan
from integrations.domain.user_sync.settings import UserSyncSettings

MOST_SHARE = 0.20  # of the End Users that are linked and active
MOST_END_USERS = 10
_MARK_BYTES = 8


class HoldReason(Enum):
    """Why a plan waits for somebody."""

    TOO_MANY = "too_many"
    FILTER_EMPTY = "filter_matches_nobody"
    FIRST_AFTER_MAPPING = "first_after_mapping"
    MORE_THAN_SEEN = "more_than_seen"


class PlanApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that somebody has seen.

    Attributes:
        plan_hash: The plan's hash.
        settings_hash: The hash of the settings that it follows.
        harm: Marks of what it does that hurts. A later plan may do the same or less.
        planned_at: When the plan was made.
    """

    plan_hash: str
    settings_hash: str
    harm: frozenset[str]
    planned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Whether a plan may be applied; ``reasons`` are empty if it may.

    ``harmful`` counts End Users that it inactivates, relinks or moves, of ``linked_active``. ``not_approved`` is how
    many of these changes nobody has seen.
    """

    harmful: int
    linked_active: int
    not_approved: int
    reasons: list[HoldReason] = field(default_factory=list)

    @property
    def is_held(self) -> bool:
        return bool(self.reasons)


def settings_hash(settings: UserSyncSettings) -> str:
    plain = msgspec.to_builtins(settings, str_keys=True)
    return _hash(msgspec.json.encode(plain, order="deterministic"))


def harm_marks(plan: UserSyncPlan) -> frozenset[str]:
    """Short marks of everything that the plan does that hurts."""
    return frozenset(_hash(it.encode(), _MARK_BYTES) for change in plan.changes for it in change.harm())


def plan_hash(plan: UserSyncPlan) -> str:
    """The hash of the settings and of what hurts; the same for plans that differ in nothing else."""
    return _hash_of(settings_hash(plan.settings), harm_marks(plan))


def approval_of(plan: UserSyncPlan) -> PlanApproval:
    """The approval of a plan, to be kept from when it is shown."""
    settings, harm = settings_hash(plan.settings), harm_marks(plan)
    return PlanApproval(plan_hash=_hash_of(settings, harm), settings_hash=settings, harm=harm, planned_at=plan.as_of)


def is_approved(plan: UserSyncPlan, approval: PlanApproval | None) -> bool:
    """Whether somebody has seen this plan, or one with the same settings that does as much harm or more."""
    if approval is None or plan.as_of - approval.planned_at > USER_SYNC_APPROVALS:
        return False
    return approval.settings_hash == settings_hash(plan.settings) and harm_marks(plan) <= approval.harm


def review(
    plan: UserSyncPlan,
    approval: PlanApproval | None = None,
    *,
    is_first_after_mapping: bool = False,
    is_approval_unchecked: bool = False,
) -> Review:
    """Whether a plan may be applied without asking; to be called before its first write.

    ``is_approval_unchecked``: nobody has compared yet what the sync would do with what was seen.
    """
    harmful = sum(any(kind in HARMFUL for kind in it.kinds) for it in plan.changes)
    if is_approved(plan, approval):
        return Review(harmful=harmful, linked_active=plan.linked_active, not_approved=0)
    holds = {
        HoldReason.TOO_MANY: harmful > MOST_END_USERS and harmful > MOST_SHARE * plan.linked_active,
        HoldReason.FILTER_EMPTY: bool(plan.emptied),
        HoldReason.FIRST_AFTER_MAPPING: is_first_after_mapping,
        HoldReason.MORE_THAN_SEEN: is_approval_unchecked and harmful > 0,
    }
    return Review(
        harmful=harmful,
        linked_active=plan.linked_active,
        not_approved=len(harm_marks(plan) - (approval.harm if approval else frozenset())),
        reasons=[it for it, is_so in holds.items() if is_so],
    )


def _hash_of(settings: str, harm: Iterable[str]) -> str:
    return _hash("\n".join([settings, *sorted(harm)]).encode())


def _hash(content: bytes, size: int = 32) -> str:
    return hashlib.sha256(content).hexdigest()[: 2 * size]
