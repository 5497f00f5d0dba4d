"""The account's plan, as portal tokens tell it, and what losing it and having it again does to its rows.

A token tells the plan as it was when it was issued. One that was issued before the token last believed tells
nothing new, whenever it is sent.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.integrations import Integration, Pause, Tenant
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.retention import DATA_WITHOUT_PLAN
from integrations.domain.statuses import SyncCause, SyncStatus, wait_in_queue

# A portal token lives 15 minutes: what one of before the change still caused is settled by a second walk.
SECOND_WALK = timedelta(minutes=20)
LOOKED_AT_EVERY = timedelta(minutes=1)


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is believed of an account's plan, since when, and from a token of which time.

    Without any, an account that has integrations was on the plan when it made them.
    ``purged_at`` is when the synced data of an account without the plan was given up; ``given_up`` tells that the
    account's rows could not be brought in line with it.
    """

    has_plan: bool
    issued_at: datetime
    since: datetime
    purged_at: datetime | None = None
    given_up: GivenUp | None = None


class KnownPlan(NamedTuple):
    """What a process remembers of an account's plan for a minute; ``newest`` is the newest token it agreed with."""

    looked_at: datetime
    belief: PlanRecord | None
    newest: datetime | None = None

    @property
    def has_plan(self) -> bool:
        return self.belief is None or self.belief.has_plan

    def is_fresh(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.looked_at < LOOKED_AT_EVERY

    def agreed(self, issued_at: datetime) -> "KnownPlan":
        return self._replace(newest=max(issued_at, self.newest or issued_at))


def plan_after(known: KnownPlan, *, has_plan: bool, issued_at: datetime, now: datetime) -> PlanRecord | None:
    """The new belief after a token; None when it tells nothing new, or comes too late."""
    times = [known.newest, known.belief.issued_at if known.belief else None]
    if has_plan is known.has_plan or any(it is not None and issued_at <= it for it in times):
        return None
    purged_at = known.belief.purged_at if known.belief and has_plan else None
    return PlanRecord(has_plan=has_plan, issued_at=issued_at, since=now, purged_at=purged_at)


def next_walk(belief: PlanRecord, now: datetime) -> datetime | None:
    """When the account's rows are looked at again; None when nothing will be left to do."""
    second = belief.since + SECOND_WALK
    if now < second:
        return second
    return belief.since + DATA_WITHOUT_PLAN if not belief.has_plan and belief.purged_at is None else None


def must_purge(belief: PlanRecord, now: datetime) -> bool:
    return not belief.has_plan and belief.purged_at is None and now >= belief.since + DATA_WITHOUT_PLAN


def paused(tenant: Tenant, now: datetime) -> Tenant:
    """The tenant while the plan is lost; the same one when it is paused already."""
    if tenant.paused is not None and tenant.status.cause is SyncCause.PLAN_LOST:
        return tenant
    pause = _pause(tenant.paused, tenant.status)
    return msgspec.structs.replace(
        tenant, paused=pause, status=_lost(tenant.status, now), running=None, not_before=None
    )


def resumed(tenant: Tenant, now: datetime, due_at: datetime) -> Tenant:
    """The tenant as it was before the pause, and due at ``due_at``; the same one when it is not paused."""
    if tenant.paused is None:
        return tenant
    before = tenant.paused.status
    waits = tenant.mapping is not None and not before.is_auth_error and before.cause is not SyncCause.CSP_AUTH_BLOCKS
    status = wait_in_queue(before, now) if waits else before
    return msgspec.structs.replace(tenant, paused=None, status=msgspec.structs.replace(status, next_check_at=due_at))


def purged(tenant: Tenant) -> Tenant:
    """A paused, mapped tenant after its synced data was given up: its mapping stays, under a new epoch."""
    if tenant.paused is None or tenant.mapping is None or tenant.paused.purged_epoch is not None:
        return tenant
    pause = msgspec.structs.replace(tenant.paused, purged_epoch=tenant.epoch)
    return msgspec.structs.replace(tenant, paused=pause, epoch=tenant.epoch + 1, confirmed=None)


def paused_csp(integration: Integration, now: datetime) -> Integration:
    """A CSP while the plan is lost; a single tenant's integration has nothing to pause."""
    csp = integration.csp
    if csp is None or (csp.paused is not None and csp.status.cause is SyncCause.PLAN_LOST):
        return integration
    pause = _pause(csp.paused, csp.status)
    return msgspec.structs.replace(
        integration, csp=msgspec.structs.replace(csp, paused=pause, status=_lost(csp.status, now), running=None)
    )


def resumed_csp(integration: Integration, due_at: datetime) -> Integration:
    """A CSP as it was before the pause, and due at ``due_at``."""
    csp = integration.csp
    if csp is None or csp.paused is None:
        return integration
    status = msgspec.structs.replace(csp.paused.status, next_check_at=due_at)
    return msgspec.structs.replace(integration, csp=msgspec.structs.replace(csp, paused=None, status=status))


def _pause(known: Pause | None, status: SyncStatus) -> Pause:
    """A pause of this status; a run that ended after the pause began told a newer one."""
    return msgspec.structs.replace(known, status=status) if known else Pause(status=status)


def _lost(status: SyncStatus, now: datetime) -> SyncStatus:
    return msgspec.structs.replace(status, cause=SyncCause.PLAN_LOST, since=now, evidence={}, next_check_at=None)
