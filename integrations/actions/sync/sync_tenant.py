"""One tenant, once: take the slot, ask Microsoft everything cheap at once, write what changed, close.

The order only says where to look. Whether there is anything to do stands in the tenant's row; who may
write stands in the fence of its data.
"""

import time
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec

from integrations.actions.account import Account
from integrations.actions.sync.change_notifications import keep_watch
from integrations.actions.sync.close_run import SyncResult, close, close_superseded, go_on
from integrations.actions.sync.due_datasets import read_due
from integrations.actions.sync.read_datasets import Access, DatasetAttempt, profile_of
from integrations.actions.sync.slot import take
from integrations.domain.causes import cause_of, evidence_of, wait_of
from integrations.domain.evaluations import registry
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.orders import NOTIFIED, SCHEDULED, EvaluateOrder, SyncOrder
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.cadence import share_of
from integrations.domain.sync.change_notifications import is_watch_due
from integrations.domain.sync.datasets import (
    Counts,
    Cursor,
    DatasetOutcome,
    DatasetResult,
    Reading,
    Run,
    cause_after,
    warnings_of,
)
from integrations.domain.sync.records import TenantProfile
from integrations.domain.sync.schedule import ORDER_LIFE, PART_LIMIT, WRITING_LIMIT
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.limits import Service
from integrations.microsoft.readers.organization import read_tenant_name
from integrations.services import Services, TenantGraphs
from integrations.storage.data.pending import PendingMarker
from integrations.storage.data.store import DataSession, Superseded, Unwritten, Writes
from shared.errors import AppError
from shared.microsoft.graph import Checkpoint, OutOfTime, Transient
from shared.storage.recovery_message import RecoveryMessage
from shared.storage.tables import StorageUnavailable
from shared.telemetry.tracing import span

_EVERY_ROW = 1_000_000
_LARGE = 5_000  # a data set with more records is stored by itself, and let go of


class _Stored(NamedTuple):
    """What storing a round of attempts came to; ``confirmed`` are the data sets of which nothing was written.

    The attempts are without their readings, which in a big tenant take more memory than all else together.
    """

    attempts: list[DatasetAttempt]
    profile: TenantProfile | None
    results: list[DatasetResult]
    cursors: list[Cursor]
    confirmed: list[str]
    is_whole: bool = True  # else time was over before all of it was written


def sync_tenant(services: Services, order: SyncOrder, *, is_repeat: bool = False) -> None:
    """Carry out one order; orders that the tables no longer ask for change nothing.

    ``is_repeat`` tells that the very message came before: its first run has failed or died.
    """
    again = msgspec.json.encode(msgspec.structs.replace(order, is_recovery=True))
    account_id, tenant_id, run_id = order.account_id, order.tenant_id, order.run_id
    with (
        span("sync", account_id=account_id, tenant_id=tenant_id, run_id=run_id, reason=order.reason),
        RecoveryMessage(services.queues, SyncOrder.queue, again, ttl_s=int(ORDER_LIFE.total_seconds())),
    ):
        _sync(services, order, is_repeat=is_repeat or order.is_recovery)


def _sync(services: Services, order: SyncOrder, *, is_repeat: bool) -> None:
    account = Account(services, order.account_id)
    taken = take(account, order, is_repeat=is_repeat)
    if taken is None:
        return
    held, run = taken
    try:
        ending = _run(services, order, held.value, run)
    except Superseded:
        close_superseded(account, run)
        return
    if ending.goes_on:
        go_on(account, run, ending, order)
        return
    if ending.has_changes:  # before the run is closed: when this process dies, another one takes it over and asks again
        services.send(_evaluation_of(order, held.value))
    close(account, run, ending, held=held, planned=order.then_at)
    if is_watch_due(held.value, services.clock(), is_on=services.settings.change_notifications):
        keep_watch(account, held.value.tenant_id)


def _evaluation_of(order: SyncOrder, tenant: Tenant) -> EvaluateOrder:
    return EvaluateOrder(account_id=order.account_id, tenant_id=tenant.tenant_id, epoch=tenant.epoch)


def _run(services: Services, order: SyncOrder, tenant: Tenant, run: Run) -> SyncResult:
    graphs = TenantGraphs(services, tenant.tenant_id)
    ending = _asked(services, order, tenant, run, graphs)
    wait_s = graphs.blocked_s if ending.goes_on else ending.wait_s
    return msgspec.structs.replace(ending, usage=graphs.usage, wait_s=wait_s)


def _asked(services: Services, order: SyncOrder, tenant: Tenant, run: Run, graphs: TenantGraphs) -> SyncResult:
    try:
        services.sign_in.app_token(tenant.tenant_id)
        if tenant.mapping is None:  # only the name is read
            return SyncResult(cause=SyncCause.NAME_READ, name=read_tenant_name(graphs.of(Service.DIRECTORY)).name)
        return _all_datasets(services, order, tenant, run, graphs)
    except (StorageUnavailable, Superseded):
        raise  # our own storage is out, and the message comes back; or somebody else has the tenant
    except AppError as error:
        return SyncResult(cause=cause_of(error), evidence=evidence_of(error), wait_s=wait_of(error))


def _all_datasets(services: Services, order: SyncOrder, tenant: Tenant, run: Run, graphs: TenantGraphs) -> SyncResult:
    began, now = time.monotonic(), services.clock()
    data = services.data(order.account_id, tenant.tenant_id, tenant.epoch)
    marking = PendingMarker(registry.needed_datasets(), now)
    session = data.open(until=began + WRITING_LIMIT.total_seconds(), marker=marking)
    until = began + PART_LIMIT.total_seconds()
    access = Access(
        graphs.of,
        lambda dataset: dict(data.list(dataset.name, dataset.record, limit=_EVERY_ROW)),
        lambda dataset: Checkpoint(session.saved_pages(dataset.name, now), until=until),
        share_of(tenant.tenant_id),
    )
    ending = _read_all(services, order, run, session, access=access, now=now)
    return msgspec.structs.replace(ending, has_changes=session.has_changes)


def _read_all(
    services: Services, order: SyncOrder, run: Run, session: DataSession, *, access: Access, now: datetime
) -> SyncResult:
    known, profile = dict(session.cursors), None
    attempts: list[DatasetAttempt] = []
    results: list[DatasetResult] = []
    confirmed: list[str] = []
    rounds = read_due(
        access,
        session.cursors,
        now,
        is_requested=order.reason not in {SCHEDULED, NOTIFIED},
        since=run.started_at if run.resumed_at else None,
    )
    for stored in map(partial(_store, services, session), rounds):
        attempts += stored.attempts
        profile = profile or stored.profile
        results += stored.results
        confirmed += stored.confirmed
        known |= {it.dataset: it for it in stored.cursors}
        if not stored.is_whole:
            return SyncResult(cause=SyncCause.QUEUED, goes_on=True, datasets=results)
    if any(isinstance(it.error, OutOfTime) for it in attempts):
        return SyncResult(cause=SyncCause.QUEUED, goes_on=True, datasets=results)
    broken = next((it for it in attempts if it.dataset.is_core and it.error is not None), None)
    name, domain = (profile.name, profile.default_domain) if profile else ("", None)
    if broken and broken.error:
        return SyncResult(
            cause=cause_of(broken.error),
            evidence={"dataset": broken.dataset.name, **evidence_of(broken.error)},
            wait_s=wait_of(broken.error),
            datasets=results,
            name=name,
            default_domain=domain,
        )
    warnings = warnings_of(known[it.name] for it in datasets.DATASETS if it.name in known)
    return SyncResult(
        cause=cause_after(warnings),
        evidence=warnings,
        datasets=results,
        confirmed=confirmed,
        name=name,
        default_domain=domain,
    )


def _store(services: Services, session: DataSession, attempts: list[DatasetAttempt]) -> _Stored:
    """Write what changed, data before cursors. A data set that was not read keeps its rows and its link."""
    profile, results, cursors = profile_of(attempts), list[DatasetResult](), list[Cursor]()
    confirmed, is_whole = list[str](), True
    with span("store data sets"):
        try:
            for number, attempt in enumerate(attempts):
                if attempt.reading is not None and len(attempt.reading.records) > _LARGE:
                    confirmed += _written(services, session, [attempt], (results, cursors), is_last=False)
                    attempts[number] = msgspec.structs.replace(attempt, reading=None)  # and its memory is free
            left = [it for it in attempts if it.dataset.name not in {cursor.dataset for cursor in cursors}]
            confirmed += _written(services, session, left, (results, cursors))
        except Unwritten:
            is_whole = False
    remembered = [msgspec.structs.replace(it, reading=None, pages={}) for it in attempts]
    return _Stored(remembered, profile, results, cursors, confirmed, is_whole)


def _written(
    services: Services,
    session: DataSession,
    attempts: list[DatasetAttempt],
    done: tuple[list[DatasetResult], list[Cursor]],
    *,
    is_last: bool = True,
) -> list[str]:
    """Write what some data sets did and where they stand now, and add both to ``done``; which needed no writing."""
    now, is_whole_news = services.clock(), False
    writes: list[Writes] = []
    cursors, results = [], []
    for attempt in attempts:
        name, counts = attempt.dataset.name, Counts()
        kept = session.cursors.get(name) or Cursor(dataset=name, outcome=attempt.outcome, attempted_at=now)
        if attempt.reading is not None:
            plan = session.plan(name, attempt.reading, now)
            writes.append(plan.writes)
            counts, cursor = plan.counts, _annotated(plan.cursor, attempt.dataset, attempt.reading, kept)
            is_whole_news |= cursor.full_read_at != kept.full_read_at
        else:
            cursor = attempt.unread(kept, now)
        pages, cursor = _pages(session, attempt, kept, cursor, now)
        writes.append(pages)
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
    is_confirmed = not is_whole_news and session.is_unchanged(cursors)
    if not is_confirmed:
        session.commit(writes, cursors, is_last=is_last)
    done[0].extend(results)
    done[1].extend(cursors)
    return [cursor.dataset for cursor in cursors] if is_confirmed else []


def _pages(
    session: DataSession, attempt: DatasetAttempt, kept: Cursor, cursor: Cursor, now: datetime
) -> tuple[Writes, Cursor]:
    """What happens to the pages of a reading in several parts: more are kept, or none; a fault that passes leaves them.

    ``kept`` is the cursor as it was, ``cursor`` the one to be stored.
    """
    cursor = msgspec.structs.replace(cursor, kept_rows=kept.kept_rows, kept_at=kept.kept_at)
    if isinstance(attempt.error, OutOfTime):
        return session.save_pages(cursor, attempt.pages, now, is_resumed=attempt.is_resumed)
    return ({}, cursor) if isinstance(attempt.error, Transient) else session.discard_pages(cursor)


def _annotated(cursor: Cursor, dataset: Dataset, reading: Reading, before: Cursor) -> Cursor:
    """The cursor with what only the reading knows: what its records hold, and when all was read instead of changes."""
    is_whole = reading.is_complete and cursor.outcome is DatasetOutcome.FRESH
    counts_by_kind = (
        reading.counts_by_kind if is_whole and reading.counts_by_kind is not None else cursor.counts_by_kind
    )
    is_kept = is_whole and dataset.full_read_every and cursor.link
    full_read_at = cursor.attempted_at if is_kept else before.full_read_at
    odd = (
        cursor.odd if reading.is_complete else before.odd + cursor.odd
    )  # what changes left out, they do not tell again
    return msgspec.structs.replace(cursor, full_read_at=full_read_at, counts_by_kind=dict(counts_by_kind), odd=odd)
