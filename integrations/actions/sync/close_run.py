"""Close a run: the tenant's status, the run's row and the next due time in one transaction."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.audit.entries import audit_status
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.csp.child_tenants import after_refusal
from integrations.domain.integrations import Running, Tenant
from integrations.domain.jobs.orders import SyncOrder
from integrations.domain.retry_delays import BETWEEN_PARTS_LONGEST
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.datasets import Confirmed, DatasetResult, Run, RunState, merged
from integrations.domain.sync.schedule import RUN_LIMIT, is_as_planned, next_due
from integrations.domain.sync_status import move
from integrations.services import Services
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.microsoft.usage import Usage
from shared.telemetry.log import log
from shared.telemetry.tracing import count


class SyncResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run, or of a part of it.

    ``is_unfinished`` says that its time is up and its work is not done: another part follows, after ``wait_s`` seconds.
    """

    cause: SyncCause
    evidence: dict[str, str] = {}
    wait_s: float | None = None
    usage: Usage = Usage()
    datasets: list[DatasetResult] = []
    confirmed: list[str] = []  # data sets that had not changed, so that their cursors were not written
    is_unfinished: bool = False
    has_changes: bool = False  # there are changed rows that no evaluation has used yet
    name: str = ""
    default_domain: str | None = None
    missing_permissions: list[str] | None = None  # None: the run has no token


def close(
    account: Account,
    run: Run,
    result: SyncResult,
    *,
    held: Stored[Tenant] | None = None,
    planned: datetime | None = None,
    add: Callable[[Change], None] | None = None,
) -> None:
    """Write status, counts and next due time; a tenant that was changed in the meantime is read again.

    Args:
        account: the account.
        run: the run as it was begun.
        result: its result.
        held: the tenant as this run took it.
        planned: the tenant's next due time as the due list has it already.
        add: adds to the transaction.

    Raises:
        VersionConflict: the tenant kept changing.
        StorageUnavailable: storage does not answer.
    """

    def attempt(stored: Stored[Tenant] | None) -> None:
        if stored is None or not _is_held(stored.value, run):
            close_superseded(account, run)
        else:
            _close(account, stored, run, result, planned=planned, add=add)

    retry_on_conflict(
        lambda: attempt(account.control.tenants.find(run.tenant_id)),
        first=(lambda: attempt(held)) if held else None,
    )


def _close(
    account: Account,
    stored: Stored[Tenant],
    run: Run,
    result: SyncResult,
    *,
    planned: datetime | None,
    add: Callable[[Change], None] | None,
) -> None:
    with account.change() as change:
        closed = _closed_tenant(account.services, stored.value, result, planned)
        closed = after_refusal(change, closed, result.cause)
        ended = _ended(run, result, closed, account.services.clock())
        due_at = closed.status.next_check_at or ended.ended_at
        if due_at is not None and due_at != planned:
            change.due(Work.SYNC, run.tenant_id, due_at)
        # The holder of the tenant owns the run, so the tenant's version guards both rows.
        change.write(account.control.tenants.saved(stored.now(closed)), account.control.runs.saved(Stored(ended, "")))
        audit_status(change, "sync_tenant", stored.value, closed)
        if add is not None:
            add(change)
    _log_run(account, ended, result)


def _ended(run: Run, result: SyncResult, tenant: Tenant, now: datetime) -> Run:
    return msgspec.structs.replace(
        run,
        state=RunState.FAILED if tenant.status.is_auth_error else RunState.DONE,
        ended_at=now,
        cause=result.cause,
        datasets=merged(run.datasets, result.datasets),
        usage=run.usage + result.usage,
    )


def continue_later(account: Account, run: Run, result: SyncResult, order: SyncOrder) -> None:
    """Write how far the run has come, and order its next part.

    Raises:
        VersionConflict: the tenant kept changing.
        Unavailable: storage or the queue does not answer.
    """
    if not retry_on_conflict(lambda: _extend(account, run, result)):
        close_superseded(account, run)
        return
    # The next part's throttles start empty, so it must not begin before the time that Microsoft named to this part.
    delay_s = min(math.ceil(result.wait_s or 0.0), int(BETWEEN_PARTS_LONGEST.total_seconds()))
    account.services.send(msgspec.structs.replace(order, is_recovery=True), delay_s=delay_s)
    log("sync goes on", account_id=account.id, tenant_id=run.tenant_id, run_id=run.id)


def _extend(account: Account, run: Run, result: SyncResult) -> bool:
    """Hold the tenant for the next part; False if another run has it.

    Raises:
        VersionConflict: the tenant was changed in the meantime.
    """
    control = account.control
    stored = control.tenants.find(run.tenant_id)
    if stored is None or not _is_held(stored.value, run):
        return False
    running = Running(run_id=run.id, until=account.services.clock() + RUN_LIMIT)
    so_far = msgspec.structs.replace(
        run, datasets=merged(run.datasets, result.datasets), usage=run.usage + result.usage
    )
    held = stored.now(msgspec.structs.replace(stored.value, running=running))
    with account.change() as change:
        change.write(control.tenants.saved(held), control.runs.saved(Stored(so_far, "")))
    return True


def _is_held(tenant: Tenant, run: Run) -> bool:
    return tenant.running is not None and tenant.running.run_id == run.id


def _closed_tenant(services: Services, tenant: Tenant, result: SyncResult, planned: datetime | None) -> Tenant:
    now, period = services.clock(), timedelta(seconds=services.settings.sync_period_s)
    moved = move(tenant.status, result.cause, now, evidence=result.evidence)
    due_at = next_due(
        moved,
        is_mapped=tenant.mapping is not None,
        now=now,
        period=period,
        chance=services.chance(),
        wait_s=result.wait_s,
    )
    if planned and is_as_planned(due_at, planned, period):
        due_at = planned
    return msgspec.structs.replace(
        tenant.renamed(result.name, now),
        confirmed=Confirmed(now, result.confirmed) if result.confirmed else tenant.confirmed,
        status=msgspec.structs.replace(moved, next_check_at=due_at),
        default_domain=result.default_domain or tenant.default_domain,
        missing_permissions=(
            tenant.missing_permissions if result.missing_permissions is None else result.missing_permissions
        ),
        not_before=due_at if result.wait_s is not None else None,
        running=None,
    )


def close_superseded(account: Account, run: Run) -> None:
    """Mark a run as superseded, because another run has the tenant; nothing else is written."""
    runs = account.control.runs
    stored: Stored[Run] | None = runs.find(f"{run.tenant_id}:{run.id}")
    if stored is not None:
        ended = msgspec.structs.replace(run, state=RunState.SUPERSEDED, ended_at=account.services.clock())
        with account.change() as change:
            change.write(runs.saved(stored.now(ended)))
    log("run was superseded", account_id=account.id, tenant_id=run.tenant_id, run_id=run.id)


def _log_run(account: Account, run: Run, result: SyncResult) -> None:
    """Log the run in one line, and count its figures by data set and outcome."""
    started, ended = run.started_at, run.ended_at
    log(
        "synced tenant",
        account_id=account.id,
        tenant_id=run.tenant_id,
        run_id=run.id,
        trace_id=run.trace_id,
        outcome=result.cause.value,
        usage=msgspec.to_builtins(result.usage),
        counts={it.dataset: msgspec.to_builtins(it.counts) for it in result.datasets},
        seconds=round((ended - started).total_seconds(), 3) if started and ended else 0.0,
    )
    count("sync.runs", 1, outcome=result.cause.value)
    for name, amount in (
        ("requests", result.usage.requests),
        ("units", result.usage.units),
        ("throttled", result.usage.throttled),
        ("waited_seconds", result.usage.waited_s),
    ):
        count(f"sync.{name}", amount)
    for it in result.datasets:
        labels = {"dataset": it.dataset, "outcome": it.outcome.value}
        count("sync.dataset.rows", it.counts.created + it.counts.changed + it.counts.removed, **labels)
        count("sync.dataset.seconds", it.seconds, **labels)
        count("sync.dataset.throttled", it.usage.throttled, **labels)
