"""Close a run: the tenant's status, the run's account of itself and the next due time in one transaction."""

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
    """How a run, or a part of it, ended, in what the tenant's row needs to know.

    ``goes_on`` tells that its time is over and not its work: another part follows, after ``wait_s``.
    """

    cause: SyncCause
    evidence: dict[str, str] = {}
    wait_s: float | None = None
    usage: Usage = Usage()
    datasets: list[DatasetResult] = []
    confirmed: list[str] = []  # data sets that were as their cursors say, so that these were not written
    goes_on: bool = False
    has_changes: bool = False  # rows changed that no evaluation has used yet
    name: str = ""
    default_domain: str | None = None


def close(
    account: Account,
    run: Run,
    ending: SyncResult,
    *,
    held: Stored[Tenant] | None = None,
    planned: datetime | None = None,
    add: Callable[[Change], None] | None = None,
) -> None:
    """Status, counts, next due: one transaction. A tenant changed meanwhile is read again and settled.

    ``held`` is the tenant as this run took it, ``planned`` its next look as the due list has it already; ``add`` adds
    to the transaction.
    """

    def settle(stored: Stored[Tenant] | None) -> None:
        if stored is None or not _is_held(stored.value, run):
            close_superseded(account, run)
        else:
            _close(account, stored, run, ending, planned=planned, add=add)

    retry_on_conflict(
        lambda: settle(account.control.tenants.find(run.tenant_id)),
        first=(lambda: settle(held)) if held else None,
    )


def _close(
    account: Account,
    stored: Stored[Tenant],
    run: Run,
    ending: SyncResult,
    *,
    planned: datetime | None,
    add: Callable[[Change], None] | None,
) -> None:
    with account.change() as change:
        closed = _closed_tenant(account.services, stored.value, ending, planned)
        closed = after_refusal(change, closed, ending.cause)
        done = _ended(run, ending, closed, account.services.clock())
        due_at = closed.status.next_check_at or done.ended_at
        if due_at is not None and due_at != planned:
            change.due(Work.SYNC, run.tenant_id, due_at)
        # Whoever holds the tenant owns the run: the tenant's version guards both.
        change.write(account.control.tenants.saved(stored.now(closed)), account.control.runs.saved(Stored(done, "")))
        audit_status(change, "sync_tenant", stored.value, closed)
        if add is not None:
            add(change)
    _report(account, done, ending)


def _ended(run: Run, ending: SyncResult, tenant: Tenant, now: datetime) -> Run:
    return msgspec.structs.replace(
        run,
        state=RunState.FAILED if tenant.status.is_auth_error else RunState.DONE,
        ended_at=now,
        cause=ending.cause,
        datasets=merged(run.datasets, ending.datasets),
        usage=run.usage + ending.usage,
    )


def go_on(account: Account, run: Run, ending: SyncResult, order: SyncOrder) -> None:
    """Write down how far the run has come, and order its next part."""
    if not retry_on_conflict(lambda: _keep(account, run, ending)):
        close_superseded(account, run)
        return
    # The next part begins with gates that know of nothing: not inside a time that Microsoft named to this one.
    delay_s = min(math.ceil(ending.wait_s or 0.0), int(BETWEEN_PARTS_LONGEST.total_seconds()))
    account.services.send(msgspec.structs.replace(order, is_recovery=True), delay_s=delay_s)
    log("sync goes on", account_id=account.id, tenant_id=run.tenant_id, run_id=run.id)


def _keep(account: Account, run: Run, ending: SyncResult) -> bool:
    """Hold the tenant for the next part; False when somebody else has it.

    Raises:
        VersionConflict: the tenant was changed meanwhile.
    """
    control = account.control
    stored = control.tenants.find(run.tenant_id)
    if stored is None or not _is_held(stored.value, run):
        return False
    running = Running(run_id=run.id, until=account.services.clock() + RUN_LIMIT)
    so_far = msgspec.structs.replace(
        run, datasets=merged(run.datasets, ending.datasets), usage=run.usage + ending.usage
    )
    held = stored.now(msgspec.structs.replace(stored.value, running=running))
    with account.change() as change:
        change.write(control.tenants.saved(held), control.runs.saved(Stored(so_far, "")))
    return True


def _is_held(tenant: Tenant, run: Run) -> bool:
    return tenant.running is not None and tenant.running.run_id == run.id


def _closed_tenant(services: Services, tenant: Tenant, ending: SyncResult, planned: datetime | None) -> Tenant:
    now, period = services.clock(), timedelta(seconds=services.settings.sync_period_s)
    moved = move(tenant.status, ending.cause, now, evidence=ending.evidence)
    due_at = next_due(
        moved,
        is_mapped=tenant.mapping is not None,
        now=now,
        period=period,
        chance=services.chance(),
        wait_s=ending.wait_s,
    )
    if planned and is_as_planned(due_at, planned, period):
        due_at = planned
    return msgspec.structs.replace(
        tenant.renamed(ending.name, now),
        confirmed=Confirmed(now, ending.confirmed) if ending.confirmed else tenant.confirmed,
        status=msgspec.structs.replace(moved, next_check_at=due_at),
        default_domain=ending.default_domain or tenant.default_domain,
        not_before=due_at if ending.wait_s is not None else None,
        running=None,
    )


def close_superseded(account: Account, run: Run) -> None:
    """Somebody else has the tenant now: this run says so, and leaves everything else alone."""
    runs = account.control.runs
    known: Stored[Run] | None = runs.find(f"{run.tenant_id}:{run.id}")
    if known is not None:
        ended = msgspec.structs.replace(run, state=RunState.SUPERSEDED, ended_at=account.services.clock())
        with account.change() as change:
            change.write(runs.saved(known.now(ended)))
    log("run was superseded", account_id=account.id, tenant_id=run.tenant_id, run_id=run.id)


def _report(account: Account, run: Run, ending: SyncResult) -> None:
    """The run in one log line, and its numbers in counters, by data set and outcome."""
    started, ended = run.started_at, run.ended_at
    log(
        "synced tenant",
        account_id=account.id,
        tenant_id=run.tenant_id,
        run_id=run.id,
        trace_id=run.trace_id,
        outcome=ending.cause.value,
        usage=msgspec.to_builtins(ending.usage),
        counts={it.dataset: msgspec.to_builtins(it.counts) for it in ending.datasets},
        seconds=round((ended - started).total_seconds(), 3) if started and ended else 0.0,
    )
    count("sync.runs", 1, outcome=ending.cause.value)
    for name, amount in (
        ("requests", ending.usage.requests),
        ("units", ending.usage.units),
        ("throttled", ending.usage.throttled),
        ("waited_seconds", ending.usage.waited_s),
    ):
        count(f"sync.{name}", amount)
    for it in ending.datasets:
        facts = {"dataset": it.dataset, "outcome": it.outcome.value}
        count("sync.dataset.rows", it.counts.created + it.counts.changed + it.counts.removed, **facts)
        count("sync.dataset.seconds", it.seconds, **facts)
        count("sync.dataset.throttled", it.usage.throttled, **facts)
