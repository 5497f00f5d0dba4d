"""The account's plan as portal tokens state it, and what losing or regaining it does to the account's rows.

A token states the plan as of its issue. A token issued before the newest one we have used changes nothing, whenever
it is sent.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.integrations import Integration, Pause, Tenant
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.retention import DATA_WITHOUT_PLAN
from integrations.domain.statuses import SyncCause
from integrations.domain.sync_status import SyncStatus, wait_in_queue

# A portal token lives 15 minutes. A second pass corrects what older tokens caused after the first one.
SECOND_PASS = timedelta(minutes=20)
REREAD_EVERY = timedelta(minutes=1)

PLAN_NEEDED = "Microsoft Tenant Integrations require the Team plan."
PLAN_REMEDY = (
    "Move your account to the Team plan, or ask whoever manages your subscription to do so. Integrations can be "
    "removed on any plan."
)


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an account is on the Team plan, since when, and when the token that said so was issued.

    Without a record, an account that has integrations was on the plan when it made them. ``purged_at`` is when the
    synced data of an account without the plan was deleted; ``given_up`` is set while updating the account's rows fails.
    """

    has_plan: bool
    issued_at: datetime
    since: datetime
    purged_at: datetime | None = None
    given_up: GivenUp | None = None


class KnownPlan(NamedTuple):
    """A process's cache of an account's plan, for a minute; ``newest`` is when the newest used token was issued."""

    read_at: datetime
    record: PlanRecord | None
    newest: datetime | None = None

    @property
    def has_plan(self) -> bool:
        return self.record is None or self.record.has_plan

    def is_fresh(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.read_at < REREAD_EVERY

    def agreeing_with(self, issued_at: datetime) -> "KnownPlan":
        """After a token that states the plan we know."""
        return self._replace(newest=max(issued_at, self.newest or issued_at))


def plan_after(known: KnownPlan, *, has_plan: bool, issued_at: datetime, now: datetime) -> PlanRecord | None:
    """The new record after a token; None when the plan is the same, or a newer token was used already."""
    issued = [known.newest, known.record.issued_at if known.record else None]
    if has_plan is known.has_plan or any(it is not None and issued_at <= it for it in issued):
        return None
    purged_at = known.record.purged_at if known.record and has_plan else None
    return PlanRecord(has_plan=has_plan, issued_at=issued_at, since=now, purged_at=purged_at)


def next_pass(record: PlanRecord, now: datetime) -> datetime | None:
    """When the account's rows must be updated again; None when nothing will be left to do."""
    second = record.since + SECOND_PASS
    if now < second:
        return second
    return record.since + DATA_WITHOUT_PLAN if not record.has_plan and record.purged_at is None else None


def must_purge(record: PlanRecord, now: datetime) -> bool:
    """Whether the synced data of an account without the plan has been kept long enough."""
    return not record.has_plan and record.purged_at is None and now >= record.since + DATA_WITHOUT_PLAN


def paused(tenant: Tenant, now: datetime) -> Tenant:
    """The tenant while the account is not on the plan; unchanged when it is paused already."""
    if tenant.paused is not None and tenant.status.cause is SyncCause.PLAN_LOST:
        return tenant
    pause = _pause(tenant.paused, tenant.status)
    return msgspec.structs.replace(
        tenant, paused=pause, status=_lost(tenant.status, now), running=None, not_before=None
    )


def resumed(tenant: Tenant, now: datetime, due_at: datetime) -> Tenant:
    """The tenant as it was before the pause, due at ``due_at``; unchanged when it is not paused."""
    if tenant.paused is None:
        return tenant
    before = tenant.paused.status
    waits = tenant.mapping is not None and not before.is_auth_error and before.cause is not SyncCause.CSP_AUTH_BLOCKS
    status = wait_in_queue(before, now) if waits else before
    return msgspec.structs.replace(tenant, paused=None, status=msgspec.structs.replace(status, next_check_at=due_at))


def purged(tenant: Tenant) -> Tenant:
    """A paused, mapped tenant after its synced data was deleted: its mapping stays, under a new epoch."""
    if tenant.paused is None or tenant.mapping is None or tenant.paused.purged_epoch is not None:
        return tenant
    pause = msgspec.structs.replace(tenant.paused, purged_epoch=tenant.epoch)
    return msgspec.structs.replace(tenant, paused=pause, epoch=tenant.epoch + 1, confirmed=None)


def paused_csp(integration: Integration, now: datetime) -> Integration:
    """A CSP while the account is not on the plan; a single tenant's integration has nothing to pause."""
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
    """A pause that keeps this status; a run that ended after the pause began brought a newer one."""
    return msgspec.structs.replace(known, status=status) if known else Pause(status=status)


def _lost(status: SyncStatus, now: datetime) -> SyncStatus:
    return msgspec.structs.replace(status, cause=SyncCause.PLAN_LOST, since=now, evidence={}, next_check_at=None)
