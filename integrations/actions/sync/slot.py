"""Take a tenant's slot: decide whether an order is still current, and make sure that a slot runs only once.

The order only names the tenant and the slot. The tenant's row decides whether there is anything to do.
"""

import math
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.csp.child_tenants import held_back_by, hold_back
from integrations.domain.integrations import Running, Tenant
from integrations.domain.jobs.orders import MANUAL, SCHEDULED, SyncOrder
from integrations.domain.retry_delays import OVERLAP
from integrations.domain.sync.datasets import Run, RunState
from integrations.domain.sync.schedule import RUN_LIMIT
from integrations.services import Services
from integrations.storage.control import Control
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.errors import NotFound
from shared.storage.tables import Write
from shared.telemetry.log import log
from shared.telemetry.tracing import trace_id

_EARLY = timedelta(minutes=1)  # clocks differ, and queues count whole seconds


class Taken(NamedTuple):
    """A slot that was taken: the tenant as it is held, and the run that holds it."""

    tenant: Stored[Tenant]
    run: Run


def take(account: Account, order: SyncOrder, *, is_repeat: bool) -> Taken | None:
    """Take the slot in one transaction that holds the tenant and inserts its run; None if there is nothing to do.

    Raises:
        VersionConflict: the tenant kept changing.
        Unavailable: storage or the queue does not answer.
    """
    # A scheduled run is new, except for repeats; if it is not, its insert conflicts.
    is_new = order.reason == SCHEDULED and not is_repeat
    return retry_on_conflict(
        lambda: _take(account, order, is_repeat=is_repeat),
        first=lambda: _take(account, order, is_repeat=is_repeat, is_new=is_new),
    )


def _take(account: Account, order: SyncOrder, *, is_repeat: bool, is_new: bool = False) -> Taken | None:
    """One attempt to take the slot.

    Raises:
        VersionConflict: another worker was faster, or the tenant was changed in the meantime.
    """
    services, control = account.services, account.control
    stored = control.tenants.find(order.tenant_id)
    if stored is None or not _is_current(services, order, stored.value):
        _drop(services, order, is_gone=stored is None)
        return None
    try:
        held_by = held_back_by(control, stored.value)
    except NotFound:
        _drop(services, order, is_gone=True)
        return None
    if held_by is not None:
        hold_back(account, stored, held_by, _due(order))
        return None
    run = None if is_new else control.runs.find(f"{order.tenant_id}:{order.run_id}")
    if run and not _is_takeable(run.value, services, is_repeat=is_repeat):
        return None
    if pause_s := _pause_s(services, order, stored.value):
        _send_again(services, order, pause_s)
        return None
    return _hold(account, order, stored, run)


def _is_current(services: Services, order: SyncOrder, tenant: Tenant) -> bool:
    """Whether the tenant's row still asks for this order; one that comes too early moves its line."""
    if tenant.removal or (order.epoch is not None and order.epoch != tenant.epoch):
        return False
    now = services.clock()
    if order.reason != MANUAL and tenant.not_before and tenant.not_before > now:
        services.due.put(Due(Work.SYNC, order.account_id, order.tenant_id, tenant.not_before))
        return False
    due_at = tenant.status.next_check_at
    return order.reason != SCHEDULED or due_at is None or due_at <= now + _EARLY


def _hold(account: Account, order: SyncOrder, stored: Stored[Tenant], known: Stored[Run] | None) -> Taken:
    """Write the tenant as held by the order's run; ``known`` is the run if it exists already."""
    control, now, tenant = account.control, account.services.clock(), stored.value
    run = _started(order, known.value if known else None, now)
    held = msgspec.structs.replace(tenant, running=Running(run_id=run.id, until=now + RUN_LIMIT))
    with account.change() as change:
        change.write(
            control.tenants.saved(stored.now(held)),
            control.runs.saved(known.now(run)) if known else control.runs.added(run),
            *_close_dead_run(control, tenant, run, now),
        )
    return Taken(Stored(held, change.etag), run)


def _started(order: SyncOrder, known: Run | None, now: datetime) -> Run:
    """The started run: a new one, one that was queued by Sync Now, or another part of one that has started."""
    if known is not None and known.started_at is not None:
        return msgspec.structs.replace(known, resumed_at=now, trace_id=trace_id())
    return Run(
        id=order.run_id,
        tenant_id=order.tenant_id,
        reason=order.reason,
        state=RunState.RUNNING,
        ordered_at=known.ordered_at if known else order.due_at,
        started_at=now,
        trace_id=trace_id(),
    )


def _pause_s(services: Services, order: SyncOrder, tenant: Tenant) -> int:
    """Seconds until the order may be tried again: another run has the tenant, or Microsoft asked us to wait."""
    now, held = services.clock(), tenant.running
    if held is not None and held.until > now and held.run_id != order.run_id:
        return int(OVERLAP.total_seconds())
    return math.ceil((tenant.not_before - now).total_seconds()) if tenant.not_before and tenant.not_before > now else 0


def _drop(services: Services, order: SyncOrder, *, is_gone: bool) -> None:
    if is_gone:
        services.due.complete(_due(order))
    log("dropped order", account_id=order.account_id, tenant_id=order.tenant_id, reason="not asked for any more")


def _due(order: SyncOrder) -> Due:
    """The tenant's line of the due list, as it was when the order was sent."""
    return Due(Work.SYNC, order.account_id, order.tenant_id, order.then_at or order.due_at)


def _close_dead_run(control: Control, tenant: Tenant, run: Run, now: datetime) -> list[Write]:
    """Close the run of a process that died while it held the tenant."""
    if tenant.running is None or tenant.running.run_id == run.id:
        return []
    dead = control.runs.find(f"{tenant.tenant_id}:{tenant.running.run_id}")
    if dead is None or dead.value.state is not RunState.RUNNING:
        return []
    closed = msgspec.structs.replace(dead.value, state=RunState.SUPERSEDED, ended_at=now)
    return [control.runs.saved(dead.now(closed))]


def _is_takeable(run: Run, services: Services, *, is_repeat: bool) -> bool:
    """Whether the run is queued, or was left behind by a process that failed or died."""
    began_at = run.resumed_at or run.started_at
    if run.state is RunState.RUNNING and began_at is not None:
        return is_repeat or services.clock() - began_at > RUN_LIMIT
    return run.state is RunState.QUEUED


def _send_again(services: Services, order: SyncOrder, pause_s: int) -> None:
    """Send an order again that somebody caused; a scheduled one is not needed, as the tenant is being synced."""
    if order.reason != SCHEDULED:
        services.send(order, delay_s=pause_s)
