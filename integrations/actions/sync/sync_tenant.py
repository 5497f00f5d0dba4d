"""One sync of one tenant: take the slot, ask Microsoft everything cheap at once, write what changed, close the run.

The order only names the tenant. The tenant's row decides whether there is anything to do, and the fence of its data
decides who may write.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import partial

import msgspec

from integrations.actions.account import Account
from integrations.actions.sync.change_notifications import keep_watch
from integrations.actions.sync.close_run import SyncResult, close, close_superseded, continue_later
from integrations.actions.sync.dataset_reader import Access
from integrations.actions.sync.due_datasets import read_due
from integrations.actions.sync.slot import take
from integrations.actions.sync.store_attempts import StoredAttempts, store_attempts
from integrations.domain.causes import cause_of, evidence_of, wait_of
from integrations.domain.evaluations import registry
from integrations.domain.evaluations.dataset_state import is_outdated
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.orders import NOTIFIED, SCHEDULED, EvaluateOrder, SyncOrder
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.cadence import share_of
from integrations.domain.sync.change_notifications import is_watch_due
from integrations.domain.sync.datasets import Cursor, DatasetOutcome, Run, cause_after, warnings_of
from integrations.domain.sync.schedule import ORDER_LIFE, PART_LIMIT, WRITING_LIMIT
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import Dataset, state_of
from integrations.microsoft.limits import Service
from integrations.microsoft.permissions import MORE_PERMISSIONS, missing_in
from integrations.microsoft.readers.organization import read_tenant_name
from integrations.services import Services, TenantGraphs
from integrations.storage.data.pending import PendingMarker
from integrations.storage.data.store import Superseded
from shared.errors import AppError
from shared.microsoft.graph import Checkpoint
from shared.microsoft.sign_in import token_roles
from shared.storage.recovery_message import RecoveryMessage
from shared.storage.tables import StorageUnavailable
from shared.telemetry.tracing import span

_EVERY_ROW = 1_000_000


def sync_tenant(services: Services, order: SyncOrder, *, is_repeat: bool = False) -> None:
    """Carry out one order; one that the tables no longer ask for changes nothing.

    ``is_repeat`` says that this message was delivered before: its first run has failed or died.

    Raises:
        StorageUnavailable, QueueUnavailable: the message retries.
    """
    recovery = msgspec.json.encode(msgspec.structs.replace(order, is_recovery=True))
    account_id, tenant_id, run_id = order.account_id, order.tenant_id, order.run_id
    with (
        span("sync", account_id=account_id, tenant_id=tenant_id, run_id=run_id, reason=order.reason),
        RecoveryMessage(services.queues, SyncOrder.queue, recovery, ttl_s=int(ORDER_LIFE.total_seconds())),
    ):
        _sync(services, order, is_repeat=is_repeat or order.is_recovery)


def _sync(services: Services, order: SyncOrder, *, is_repeat: bool) -> None:
    account = Account(services, order.account_id)
    taken = take(account, order, is_repeat=is_repeat)
    if taken is None:
        return
    held, run = taken
    try:
        result = _run(services, order, held.value, run)
    except Superseded:
        close_superseded(account, run)
        return
    if result.is_unfinished:
        continue_later(account, run, result, order)
        return
    if result.has_changes:  # before the run is closed: if this process dies, the retry orders the evaluation again
        services.send(_evaluation_of(order, held.value))
    close(account, run, result, held=held, planned=order.then_at)
    if is_watch_due(held.value, services.clock(), is_on=services.settings.change_notifications):
        keep_watch(account, held.value.tenant_id)


def _evaluation_of(order: SyncOrder, tenant: Tenant) -> EvaluateOrder:
    return EvaluateOrder(account_id=order.account_id, tenant_id=tenant.tenant_id, epoch=tenant.epoch)


def _run(services: Services, order: SyncOrder, tenant: Tenant, run: Run) -> SyncResult:
    graphs = TenantGraphs(services, tenant.tenant_id, tenant.client_id)
    result = _read(services, order, tenant, run, graphs)
    wait_s = graphs.blocked_s if result.is_unfinished else result.wait_s
    return msgspec.structs.replace(result, usage=graphs.usage, wait_s=wait_s)


def _read(services: Services, order: SyncOrder, tenant: Tenant, run: Run, graphs: TenantGraphs) -> SyncResult:
    try:
        roles = token_roles(services.sign_in_of(tenant.client_id).app_token(tenant.tenant_id))
        missing = missing_in(roles)
        if tenant.mapping is None:  # only the name is read
            name = read_tenant_name(graphs.of(Service.DIRECTORY)).name
            return SyncResult(cause=SyncCause.NAME_READ, name=name, missing_permissions=missing)
        result = _read_datasets(services, order, tenant, run, graphs, permissions=roles)
        return msgspec.structs.replace(result, missing_permissions=missing)
    except (StorageUnavailable, Superseded):
        raise  # our own storage is down, and the message retries; or another worker has the tenant
    except AppError as error:
        return SyncResult(cause=cause_of(error), evidence=evidence_of(error), wait_s=wait_of(error))


def _read_datasets(
    services: Services,
    order: SyncOrder,
    tenant: Tenant,
    run: Run,
    graphs: TenantGraphs,
    *,
    permissions: Collection[str],
) -> SyncResult:
    began, now = time.monotonic(), services.clock()
    data = services.data(order.account_id, tenant.tenant_id, tenant.epoch)
    marker = PendingMarker(registry.needed_datasets(), now)
    session = data.open(until=began + WRITING_LIMIT.total_seconds(), marker=marker)
    until = began + PART_LIMIT.total_seconds()
    access = Access(
        graphs.of,
        lambda dataset: dict(data.list(dataset.name, dataset.record, limit=_EVERY_ROW)),
        lambda dataset: Checkpoint(session.saved_pages(dataset.name, now), until=until),
        share_of(tenant.tenant_id),
        lambda dataset: session.cursors[dataset.name].counts_by_kind if dataset.name in session.cursors else {},
        permissions,
        lambda dataset, model: (row for _, row in session.written_rows.all(dataset, model)),
        session.has_changed,
    )
    rounds = read_due(
        access,
        session.cursors,
        now,
        datasets.readable(with_beta=services.settings.beta_datasets),
        is_requested=order.reason not in {SCHEDULED, NOTIFIED},
        since=run.started_at if run.resumed_at else None,
    )
    stored = StoredAttempts()
    cursors = dict(session.cursors)
    for part in map(partial(store_attempts, services, session), rounds):
        stored = stored.joined(part)
        if not part.is_complete:
            break
    result = _result(stored, cursors | {it.dataset: it for it in stored.cursors})
    has_changes = session.has_changes or _has_new_outcomes(session.cursors, stored.cursors, now)
    return msgspec.structs.replace(result, has_changes=has_changes)


def _was_never_granted(dataset: Dataset, cursor: Cursor) -> bool:
    """Whether only a permission is missing that a sync does not need: what is read with it is unknown, no more."""
    return cursor.outcome is DatasetOutcome.DENIED and dataset.permission in MORE_PERMISSIONS


def _has_new_outcomes(before: Mapping[str, Cursor], after: Iterable[Cursor], now: datetime) -> bool:
    """Whether what evaluations say may change without a changed row.

    A data set that they need was read with another outcome, or for the first time since its rows no longer counted.
    """
    needed = registry.needed_datasets()
    return any(it.dataset in needed and _is_news(before.get(it.dataset), it, now) for it in after)


def _is_news(before: Cursor | None, after: Cursor, now: datetime) -> bool:
    known = state_of(datasets.BY_NAME[after.dataset], before)
    return known.outcome is not after.outcome or is_outdated(after.dataset, known, now)


def _result(stored: StoredAttempts, cursors: dict[str, Cursor]) -> SyncResult:
    """The result of all rounds together; ``cursors`` are those of every data set after them."""
    if not stored.is_complete or stored.is_out_of_time:
        return SyncResult(cause=SyncCause.QUEUED, is_unfinished=True, datasets=stored.results)
    profile, failed = stored.profile, stored.failed_core
    name, domain = (profile.name, profile.default_domain) if profile else ("", None)
    if failed and failed.error:
        return SyncResult(
            cause=cause_of(failed.error),
            evidence={"dataset": failed.dataset.name, **evidence_of(failed.error)},
            wait_s=wait_of(failed.error),
            datasets=stored.results,
            name=name,
            default_domain=domain,
        )
    read = ((it, cursors[it.name]) for it in datasets.DATASETS if it.name in cursors)
    warnings = warnings_of(cursor for it, cursor in read if not _was_never_granted(it, cursor))
    return SyncResult(
        cause=cause_after(warnings),
        evidence=warnings,
        datasets=stored.results,
        confirmed=stored.confirmed,
        name=name,
        default_domain=domain,
    )
