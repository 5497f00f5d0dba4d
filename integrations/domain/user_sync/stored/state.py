"""The state of a tenant's user sync, and the rows beside its links. Pure."""

from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId, PlanId, TenantId
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.user_sync.guard import HoldReason
from integrations.domain.user_sync.links import LinkedBy, QueueItem, QueueKind
from integrations.domain.user_sync.settings import OrganizationSync, UserSyncSettings


class UserSyncState(Enum):
    """What a tenant's user sync is doing."""

    OFF = "off"
    WAITING = "waiting"  # it is on and has not run since it was set
    SYNCED = "synced"
    HELD = "held"  # a plan waits for somebody who has seen it
    FAILED = "failed"
    RESTING = "resting"  # the account has lost its plan


class UserSyncCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What there was after the last plan was applied.

    Attributes:
        linked: Users who have an End User.
        active: End Users of these that are active.
        inactive: End Users of these that are not.
        undone: Users whose link was undone.
        queued: Questions that wait for a decision.
        later: Questions that somebody put off.
        unrouted: Users without End User whom no Organization takes.
    """

    linked: int
    active: int
    inactive: int
    undone: int
    queued: int
    later: int
    unrouted: int


class PlanHold(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that waits for somebody; its text is stored under ``HELD_PLAN``."""

    since: datetime
    reasons: list[HoldReason]
    plan_hash: str


class UserSyncHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The row that every change of a tenant's user sync replaces.

    ``version`` numbers the settings; ``applied_version`` is that of the last plan that was applied. ``epoch`` is that
    of the mapping under which links are in use: under any other they are frozen. ``organization_id`` is the
    Organization of that mapping. ``approval`` is the hash of the plan that somebody has seen, and
    ``is_approval_unchecked`` is set until a plan is found to do no more. ``is_first`` is set until the first plan after
    the tenant was mapped to another Organization is applied. ``run`` grows with each run that
    writes. ``basis`` is what the last plan was made from besides rows; "" has the next run plan anew. ``seen`` are the
    last changes of Organizations' people that a plan has seen. ``planned_at`` is when all users were last planned;
    ``directory_hash`` and ``purposes_hash`` are of what was known besides users then. Nothing is written any more once
    ``is_closed``: the rows are being deleted.
    """

    version: int = 0
    epoch: int = 0
    organization_id: OrganizationId | None = None
    is_on: bool = False
    approval: str = ""
    is_approval_unchecked: bool = False
    is_first: bool = False
    run: int = 0
    basis: str = ""
    seen: dict[OrganizationId, int] = {}
    planned_at: datetime | None = None
    directory_hash: str = ""
    purposes_hash: str = ""
    applied_version: int = 0
    synced_at: datetime | None = None
    counts: UserSyncCounts | None = None
    skipped: dict[str, int] = {}
    hold: PlanHold | None = None
    failure: GivenUp | None = None
    is_closed: bool = False

    def is_in_use(self, epoch: int) -> bool:
        """Whether links are in use under this epoch of the tenant's mapping, and not frozen."""
        return self.epoch == epoch and not self.is_closed

    def state_at(self, epoch: int, *, is_paused: bool) -> UserSyncState:
        """What it is doing under this epoch of the tenant's mapping."""
        if not self.is_on or self.is_closed:
            return UserSyncState.OFF
        if is_paused:
            return UserSyncState.RESTING
        if self.epoch != epoch:
            return UserSyncState.WAITING
        if self.failure is not None:
            return UserSyncState.FAILED
        if self.hold is not None:
            return UserSyncState.HELD
        return UserSyncState.SYNCED if self.applied_version == self.version else UserSyncState.WAITING


class UserSyncChip(msgspec.Struct, frozen=True, kw_only=True):
    """What the tenant's row says of its user sync, while there is anything to say.

    ``questions`` are those that wait for a decision. It counts under this ``epoch`` of the mapping only.
    """

    tenant_id: TenantId
    epoch: int
    state: UserSyncState
    questions: int


class OpenQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question, and since when it has been open."""

    item: QueueItem
    since: datetime

    @property
    def id(self) -> str:
        return question_id(self.item.kind, self.item.subject)


def question_id(kind: QueueKind, subject: str) -> str:
    """The id of the one question of a kind about a user, or about an Organization."""
    return f"{kind.value}.{subject}"


class LinkedEndUser(msgspec.Struct, frozen=True, kw_only=True):
    """A link, the other way around."""

    end_user_id: EndUserId
    object_id: str
    linked_by: LinkedBy
    since: datetime


class PlanState(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class PlanProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a plan has come.

    Attributes:
        done: Users that were read.
        total: All users.
    """

    done: int
    total: int


class StoredPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A plan that somebody asked for; its settings and what it would change are texts of their own."""

    id: PlanId
    state: PlanState
    at: datetime
    progress: PlanProgress | None = None


class ApprovalRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that was shown, by its hash; the marks of what hurts are a text of their own."""

    plan_hash: str
    settings_hash: str
    planned_at: datetime


def within(settings: UserSyncSettings, organization_ids: set[OrganizationId]) -> UserSyncSettings:
    """The settings without Organizations that are not under the tenant's Syncro Tenant any more."""
    kept: list[OrganizationSync] = [it for it in settings.organizations if it.organization_id in organization_ids]
    return msgspec.structs.replace(settings, organizations=kept)
