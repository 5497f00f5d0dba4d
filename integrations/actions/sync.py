"""One tenant, once: take the slot, ask Microsoft everything cheap at once, write what changed, close.

The order only says where to look. Whether there is anything to do stands in the tenant's row; who may
write stands in the fence of its data.
"""

import contextlib
import math
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.actions.asking import read_due
from integrations.actions.csp_children import after_refusal, held_back_by, hold_back
from integrations.actions.reading import Attempt, profile_of
from integrations.actions.refusals import cause_of, evidence_of, wait_of
from integrations.domain.connections import Running, Tenant
from integrations.domain.datasets import (
    Confirmed,
    Counts,
    Cursor,
    DatasetResult,
    Outcome,
    Reading,
    Run,
    RunState,
    close_run,
    warnings_of,
)
from integrations.domain.orders import MANUAL, SCHEDULED, SYNC_QUEUE, SyncOrder
from integrations.domain.schedule import ORDER_LIFE, RUN_LIMIT, is_as_planned, next_due
from integrations.domain.statuses import SyncCause, move
from integrations.microsoft.dataset import Dataset, Service
from integrations.microsoft.datasets import DATASETS
from integrations.microsoft.organization import read_tenant_name
from integrations.services import Services, TenantGraphs
from integrations.storage.control import Clash, Control
from integrations.storage.data import DataSession, Superseded
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.errors import AppError, NotFound
from shared.tables import StorageUnavailable, Write
from shared.telemetry import log
from shared.usage import Usage

_EARLY = timedelta(minutes=1)  # clocks differ, and queues count whole seconds
_OVERLAP_PAUSE_S = 10
_TRIES_TO_SETTLE = 5
_EVERY_ROW = 1_000_000


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended, in what the tenant's row needs to know."""

    cause: SyncCause
    evidence: dict[str, str] = {}
    wait_s: float | None = None
    usage: Usage = Usage()
    datasets: list[DatasetResult] = []
    confirmed: list[str] = []  # data sets that were as their cursors say, so that these were not written
    name: str = ""
    default_domain: str | None = None


class _Stored(NamedTuple):
    """What storing a round of readings came to; ``confirmed`` are the data sets of which nothing was written."""

    results: list[DatasetResult]
    cursors: list[Cursor]
    confirmed: list[str]


def sync_tenant(services: Services, order: SyncOrder, *, is_repeat: bool = False) -> None:
    """Carry out one order; orders that the tables no longer ask for change nothing.

    ``is_repeat`` tells that the very message came before: its first run has failed or died.
    """
    control = services.control(order.account_id)
    taken = _take(services, control, order, is_repeat=is_repeat)
    if taken is None:
        return
    held, run = taken
    try:
        ending = _run(services, order, held.value)
    except Superseded:
        _close_superseded(services, control, run)
        return
    _close(services, control, run, ending, held=held, planned=order.then_at)


def record_failed_sync(services: Services, order: SyncOrder) -> None:
    """Tell on the tenant's row that its order was given up; the due list will ask again."""
    control = services.control(order.account_id)
    known = control.runs.find(f"{order.tenant_id}:{order.run_id}")
    if known is not None and known.value.state is RunState.RUNNING:
        _close(services, control, known.value, Ending(cause=SyncCause.OUR_FAILURE))


def _take(
    services: Services, control: Control, order: SyncOrder, *, is_repeat: bool
) -> tuple[Stored[Tenant], Run] | None:
    """Take the slot: one transaction holds the tenant and inserts its run, so that one slot runs once."""
    for number in range(_TRIES_TO_SETTLE):
        stored = control.tenants.find(order.tenant_id)
        if stored is None or not _is_asked_for(services, order, stored.value):
            _drop(services, order, is_gone=stored is None)
            return None
        try:
            held_by = held_back_by(control, stored.value)
        except NotFound:
            _drop(services, order, is_gone=True)
            return None
        if held_by is not None:
            hold_back(services, control, stored, held_by, _due(order))
            return None
        # A scheduled run is new but for repeats; that it is not, its insert would tell.
        is_new = order.reason == SCHEDULED and not is_repeat and number == 0
        known = None if is_new else control.runs.find(f"{order.tenant_id}:{order.run_id}")
        if known and not _is_takeable(known.value, services, is_repeat=is_repeat):
            return None
        if pause_s := _pause_s(services, order, stored.value):
            _come_again(services, order, pause_s)
            return None
        with contextlib.suppress(Clash):  # another worker was faster, or the tenant was changed: look again
            return _held(services, control, order, stored, known)
    raise Clash


def _is_asked_for(services: Services, order: SyncOrder, tenant: Tenant) -> bool:
    """Whether the tenant's row still asks for what the order says."""
    if tenant.removal or (order.epoch is not None and order.epoch != tenant.epoch):
        return False
    now = services.clock()
    if order.reason != MANUAL and tenant.not_before and tenant.not_before > now:
        services.due.put(Due(Work.SYNC, order.account_id, order.tenant_id, tenant.not_before))
        return False
    due_at = tenant.status.next_check_at
    return order.reason != SCHEDULED or due_at is None or due_at <= now + _EARLY


def _held(
    services: Services, control: Control, order: SyncOrder, stored: Stored[Tenant], known: Stored[Run] | None
) -> tuple[Stored[Tenant], Run]:
    now, tenant = services.clock(), stored.value
    run = Run(
        id=order.run_id,
        tenant_id=order.tenant_id,
        reason=order.reason,
        state=RunState.RUNNING,
        ordered_at=known.value.ordered_at if known else order.due_at,
        started_at=now,
    )
    held = msgspec.structs.replace(tenant, running=Running(run_id=run.id, until=now + RUN_LIMIT))
    etag = control.commit(
        control.tenants.saved(stored.now(held)),
        control.runs.saved(known.now(run)) if known else control.runs.added(run),
        *_bury(services, control, tenant, run),
    )
    return Stored(held, etag), run


def _pause_s(services: Services, order: SyncOrder, tenant: Tenant) -> int:
    """Seconds until the order may be tried again: another run has the tenant, or Microsoft asked us to wait."""
    now, held = services.clock(), tenant.running
    if held is not None and held.until > now and held.run_id != order.run_id:
        return _OVERLAP_PAUSE_S
    return math.ceil((tenant.not_before - now).total_seconds()) if tenant.not_before and tenant.not_before > now else 0


def _drop(services: Services, order: SyncOrder, *, is_gone: bool) -> None:
    if is_gone:
        services.due.settle(_due(order))
    log("dropped order", account_id=order.account_id, tenant_id=order.tenant_id, reason="not asked for any more")


def _due(order: SyncOrder) -> Due:
    """The tenant's line of the due list, as whoever ordered this left it."""
    return Due(Work.SYNC, order.account_id, order.tenant_id, order.then_at or order.due_at)


def _bury(services: Services, control: Control, tenant: Tenant, run: Run) -> list[Write]:
    """Close the run of a process that died while it held the tenant."""
    if tenant.running is None or tenant.running.run_id == run.id:
        return []
    dead = control.runs.find(f"{tenant.tenant_id}:{tenant.running.run_id}")
    if dead is None or dead.value.state is not RunState.RUNNING:
        return []
    closed = msgspec.structs.replace(dead.value, state=RunState.SUPERSEDED, ended_at=services.clock())
    return [control.runs.saved(dead.now(closed))]


def _is_takeable(run: Run, services: Services, *, is_repeat: bool) -> bool:
    """Queued, or left behind by a process that failed or died."""
    if run.state is RunState.RUNNING and run.started_at is not None:
        return is_repeat or services.clock() - run.started_at > RUN_LIMIT
    return run.state is RunState.QUEUED


def _come_again(services: Services, order: SyncOrder, pause_s: int) -> None:
    """What somebody did waits for the run under way; the schedule need not, its tenant is being synced."""
    if order.reason != SCHEDULED:
        services.queues.send(
            SYNC_QUEUE,
            msgspec.json.encode(order),
            delay_s=pause_s,
            ttl_s=int(ORDER_LIFE.total_seconds()),
        )


def _run(services: Services, order: SyncOrder, tenant: Tenant) -> Ending:
    graphs = TenantGraphs(services, tenant.tenant_id)
    return msgspec.structs.replace(_asked(services, order, tenant, graphs), usage=graphs.usage)


def _asked(services: Services, order: SyncOrder, tenant: Tenant, graphs: TenantGraphs) -> Ending:
    try:
        services.sign_in.app_token(tenant.tenant_id)
        if tenant.mapping is None:  # only the name is read
            return Ending(cause=SyncCause.NAME_READ, name=read_tenant_name(graphs.of(Service.DIRECTORY)).name)
        return _all_datasets(services, order, tenant, graphs)
    except (StorageUnavailable, Superseded):
        raise  # our own storage is out, and the message comes back; or somebody else has the tenant
    except AppError as error:
        return Ending(cause=cause_of(error), evidence=evidence_of(error), wait_s=wait_of(error))


def _all_datasets(services: Services, order: SyncOrder, tenant: Tenant, graphs: TenantGraphs) -> Ending:
    data = services.data(order.account_id, tenant.tenant_id, tenant.epoch)
    session = data.open()
    known, attempts, results = dict(session.cursors), [], []
    confirmed: list[str] = []
    for tried in read_due(
        graphs.of,
        lambda dataset: dict(data.list(dataset.name, dataset.record, limit=_EVERY_ROW)),
        session.cursors,
        services.clock(),
        is_wanted=order.reason != SCHEDULED,
    ):
        stored = _store(services, session, tried)
        attempts += tried
        results += stored.results
        confirmed += stored.confirmed
        known |= {it.dataset: it for it in stored.cursors}
    broken = next((it for it in attempts if it.dataset.is_core and it.error is not None), None)
    profile = profile_of(attempts)
    name, domain = (profile.name, profile.default_domain) if profile else ("", None)
    if broken and broken.error:
        return Ending(
            cause=cause_of(broken.error),
            evidence={"dataset": broken.dataset.name, **evidence_of(broken.error)},
            wait_s=wait_of(broken.error),
            datasets=results,
            name=name,
            default_domain=domain,
        )
    warnings = warnings_of(known[it.name] for it in DATASETS if it.name in known)
    return Ending(
        cause=close_run(warnings),
        evidence=warnings,
        datasets=results,
        confirmed=confirmed,
        name=name,
        default_domain=domain,
    )


def _store(services: Services, session: DataSession, attempts: list[Attempt]) -> _Stored:
    """Write what changed, data before cursors. A data set that was not read keeps its rows and its link.

    Returns what each data set did, where it stands now, and which of them needed no writing.
    """
    now, is_whole_news = services.clock(), False
    writes, cursors, results = [], [], []
    for attempt in attempts:
        name, counts = attempt.dataset.name, Counts()
        kept = session.cursors.get(name) or Cursor(dataset=name, outcome=attempt.outcome, attempted_at=now)
        if attempt.reading is not None:
            plan = session.plan(name, attempt.reading, now)
            writes.extend(plan.writes)
            counts, cursor = plan.counts, _annotated(plan.cursor, attempt.dataset, attempt.reading, kept)
            is_whole_news |= cursor.whole_at != kept.whole_at
        else:
            cursor = attempt.unread(kept, now)
        cursors.append(cursor)
        results.append(
            DatasetResult(
                dataset=name,
                outcome=cursor.outcome,
                counts=counts,
                error=cursor.error,
                seconds=attempt.seconds,
                usage=attempt.usage,
            )
        )
    if not is_whole_news and session.says_nothing_new(cursors):
        return _Stored(results, cursors, [cursor.dataset for cursor in cursors])
    session.commit(writes, cursors)
    return _Stored(results, cursors, [])


def _annotated(cursor: Cursor, dataset: Dataset, reading: Reading, before: Cursor) -> Cursor:
    """The cursor with what only the reading knows: what its records hold, and when all was read instead of changes."""
    is_whole = reading.is_complete and cursor.outcome is Outcome.FRESH
    tallies = reading.tallies if is_whole and reading.tallies is not None else cursor.tallies
    is_kept = is_whole and dataset.whole_every and cursor.link
    whole_at = cursor.attempted_at if is_kept else before.whole_at
    return msgspec.structs.replace(cursor, whole_at=whole_at, tallies=dict(tallies))


def _close(
    services: Services,
    control: Control,
    run: Run,
    ending: Ending,
    *,
    held: Stored[Tenant] | None = None,
    planned: datetime | None = None,
) -> None:
    """Status, counts, next due: one transaction. A tenant changed meanwhile is read again and settled.

    ``held`` is the tenant as this run took it, ``planned`` its next look as the due list has it already.
    """
    for _ in range(_TRIES_TO_SETTLE):
        stored, held = held or control.tenants.find(run.tenant_id), None
        if stored is None or not _is_held(stored.value, run):
            _close_superseded(services, control, run)
            return
        closed = _closed_tenant(services, stored.value, ending, planned)
        closed = after_refusal(services, control, closed, ending.cause)
        now = services.clock()
        failed = closed.status.is_auth_error
        done = msgspec.structs.replace(
            run,
            state=RunState.FAILED if failed else RunState.DONE,
            ended_at=now,
            cause=ending.cause,
            datasets=ending.datasets,
            usage=ending.usage,
        )
        due_at = closed.status.next_check_at or now
        if due_at != planned:
            services.due.put(Due(Work.SYNC, control.account_id, run.tenant_id, due_at))
        try:
            # Whoever holds the tenant owns the run: the tenant's version guards both.
            control.commit(control.tenants.saved(stored.now(closed)), control.runs.saved(Stored(done, "")))
        except Clash:
            continue
        _report(control, done, ending)
        return


def _is_held(tenant: Tenant, run: Run) -> bool:
    return tenant.running is not None and tenant.running.run_id == run.id


def _closed_tenant(services: Services, tenant: Tenant, ending: Ending, planned: datetime | None) -> Tenant:
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


def _close_superseded(services: Services, control: Control, run: Run) -> None:
    """Somebody else has the tenant now: this run says so, and leaves everything else alone."""
    known: Stored[Run] | None = control.runs.find(f"{run.tenant_id}:{run.id}")
    if known is not None:
        ended = msgspec.structs.replace(run, state=RunState.SUPERSEDED, ended_at=services.clock())
        control.commit(control.runs.saved(known.now(ended)))
    log("run was superseded", account_id=control.account_id, tenant_id=run.tenant_id, run_id=run.id)


def _report(control: Control, run: Run, ending: Ending) -> None:
    started, ended = run.started_at, run.ended_at
    log(
        "synced tenant",
        account_id=control.account_id,
        tenant_id=run.tenant_id,
        run_id=run.id,
        outcome=ending.cause.value,
        usage=msgspec.to_builtins(ending.usage),
        counts={it.dataset: msgspec.to_builtins(it.counts) for it in ending.datasets},
        seconds=round((ended - started).total_seconds(), 3) if started and ended else 0.0,
    )
