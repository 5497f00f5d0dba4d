"""One run of a tenant's evaluations: which of them have something to do, and doing it, each by itself.

Changed rows are read after the list of pending changes, and derived rows are written behind their own fence, which is
read in between. So a change that an evaluation has not seen always stays pending.
"""

import logging
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from integrations.domain.evaluations import progress as rules
from integrations.domain.evaluations import registry
from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.evaluations.evaluation import Changes, Evaluation
from integrations.domain.evaluations.progress import Evaluated, State
from integrations.domain.jobs.given_up import OUR_FAILURE, Failed
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.cadence import share_of
from integrations.domain.sync.datasets import Cursor, DatasetOutcome
from integrations.domain.sync.schedule import WRITING_LIMIT
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import state_of
from integrations.services import Services
from integrations.storage.data.store import StoredData, Superseded, Writes
from integrations.storage.data.stored_rows import StoredRows
from integrations.storage.due import Due, Work
from shared.storage.tables import StorageUnavailable
from shared.telemetry.log import log

T = TypeVar("T", bound=msgspec.Struct)


class EvaluationRun:
    """One run of a tenant's evaluations; it holds the fence of the derived rows as it was at the start.

    Raises:
        Superseded: the epoch is closed, or another worker is taking over.
    """

    def __init__(self, services: Services, order: EvaluateOrder) -> None:
        where = order.account_id, order.tenant_id, order.epoch
        self._services = services
        self._order = order
        self._now = services.clock()
        self._share = share_of(order.tenant_id)
        self._data = services.data(*where)
        self._standing = self._data.state()  # before any row is read: later changes become pending again
        until = time.monotonic() + WRITING_LIMIT.total_seconds()
        self._session = services.derived(*where).open(until=until)
        self._cursors = dict(self._session.cursors)
        self._next_at: datetime | None = None
        self._has_written = False

    def evaluate(self) -> None:
        """Run every evaluation that is due.

        Raises:
            Superseded, Unwritten: another worker was faster, or time is up.
            StorageUnavailable: storage does not answer.
        """
        due = list(self._due())
        self._plan_next()
        self._switch_off()
        for evaluation, changes in due:
            self._evaluate(evaluation, changes)
        self._confirm({it.name for it in registry.EVALUATIONS} - {it.name for it, _ in due})

    @property
    def stored(self) -> StoredData:
        """What is stored of the tenant, as it was when the run began; with the changes that are still pending."""
        return self._standing

    @property
    def results(self) -> StoredData:
        """The evaluations' cursors and rows, as they are after what this run has written."""
        return StoredData(dict(self._cursors), {}, self._session.written_rows)

    def finish(self) -> None:
        """Remove the pending changes that were read.

        Every evaluation has used them by then, or will evaluate all rows (one that failed or is switched off). For
        evaluations that did not run now this is certain as long as nobody else has written.

        Raises:
            Superseded: another worker was faster.
            StorageUnavailable: storage does not answer.
        """
        if self._standing.pending:
            if not self._has_written:
                self._session.confirm()
            self._data.consume(self._standing.pending)

    def mark_failed(self, failure: Failed) -> bool:
        """Mark the evaluations that are due as failing; whether one of them was not failing before."""
        due = [evaluation for evaluation, _ in self._due()]
        is_new = any(progress is None or progress.given_up is None for progress in map(self._progress, due))
        for evaluation in due:
            self._fail(evaluation, failure, OUR_FAILURE)
        return is_new

    def _due(self) -> Iterator[tuple[Evaluation, Changes]]:
        """The evaluations to run, and what has changed for each."""
        pending = {name: it.keys for name, it in self._standing.pending.items()}
        for it in registry.EVALUATIONS:
            cursor, progress = self._cursors.get(it.name), self._progress(it)
            was_synced = any(name in self._standing.cursors for name in it.needs)
            if not was_synced or self._is_off(it) or rules.is_waiting(progress, self._now):
                continue
            full_read_at = cursor.full_read_at if cursor and self._session.is_sure else None
            basis = it.basis(self._services.settings, self._state_of, self._now)
            if rules.must_evaluate_in_full(progress, basis, self._now, full_read_at=full_read_at, share=self._share):
                yield it, it.everything
            elif (changes := rules.changes_of(it.needs, pending)) is not None:
                yield it, changes

    def _evaluate(self, evaluation: Evaluation, changes: Changes) -> None:
        is_full = changes == evaluation.everything
        source = _StoredRowSource(self._now, self._state_of, self._standing.rows, self._session.rows, evaluation.name)
        try:
            reading, next_at = evaluation.result(source, changes)
            plan = self._session.plan(evaluation.name, reading, self._now)
        except (StorageUnavailable, Superseded):
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours fails this evaluation, and no other
            _log_failure(self._order, evaluation, error)
            code = type(error).__name__
            self._fail(evaluation, Failed(self._order.queue, 1, code), code)
            return
        before = self._cursors.get(evaluation.name)
        evaluated = rules.fresh(
            self._progress(evaluation),
            evaluation.basis(self._services.settings, self._state_of, self._now),
            self._now,
            read_at=self._read_at(evaluation),
            next_at=next_at,
            is_complete=is_full,
        )
        full_read_at = self._now if is_full or before is None else before.full_read_at
        cursor = msgspec.structs.replace(plan.cursor, evaluated=evaluated, full_read_at=full_read_at)
        self._commit([plan.writes], cursor)
        log(
            "evaluated tenant",
            account_id=self._order.account_id,
            tenant_id=self._order.tenant_id,
            evaluation=evaluation.name,
            outcome="whole" if is_full else "changes",
            counts=msgspec.to_builtins(plan.counts),
        )

    def _confirm(self, names: Collection[str]) -> None:
        """Write that the rows of these evaluations, which had nothing to do, are still right, a few times a day."""
        cursors = [
            msgspec.structs.replace(it, complete_at=self._now)
            for name, it in self._cursors.items()
            if name in names and rules.is_confirmation_due(it.evaluated, it.complete_at, self._now)
        ]
        if cursors:
            self._cursors.update({it.dataset: it for it in cursors})
            self._session.commit([], cursors)
            self._has_written = True

    def _fail(self, evaluation: Evaluation, failure: Failed, code: str) -> None:
        """Mark it as failed; its rows stay as they are, and the retry evaluates all rows."""
        evaluated = rules.failed(self._progress(evaluation), failure, self._now)
        self._save(evaluation, DatasetOutcome.FAILED, evaluated, code)

    def _switch_off(self) -> None:
        for it in registry.EVALUATIONS:
            progress = self._progress(it)
            if self._is_off(it) and (progress is None or progress.state is not State.OFF):
                self._save(it, DatasetOutcome.STALE, rules.switched_off(progress, self._now))

    def _save(self, evaluation: Evaluation, outcome: DatasetOutcome, evaluated: Evaluated, code: str = "") -> None:
        before = self._cursors.get(evaluation.name)
        before = before or Cursor(dataset=evaluation.name, outcome=outcome, attempted_at=self._now)
        cursor = msgspec.structs.replace(
            before, outcome=outcome, attempted_at=self._now, error=code, evaluated=evaluated
        )
        self._commit([], cursor)

    def _commit(self, writes: Iterable[Writes], cursor: Cursor) -> None:
        """Write an evaluation's result; before that, the line for the next run is put into the due list."""
        self._cursors[cursor.dataset] = cursor
        self._plan_next()
        self._session.commit(writes, [cursor])
        self._has_written = True

    def _plan_next(self) -> None:
        names = {it.name for it in registry.EVALUATIONS}
        progress = (it.evaluated for name, it in self._cursors.items() if name in names)
        on = (it for it in registry.EVALUATIONS if not self._is_off(it))
        outdated = (it.outdated_at(self._state_of, self._now) for it in on)
        at = rules.next_evaluation(progress, self._now, self._share, outdated)
        if at != self._next_at:
            self._services.due.put(Due(Work.EVALUATE, self._order.account_id, self._order.tenant_id, at))
        self._next_at = at

    def _progress(self, evaluation: Evaluation) -> Evaluated | None:
        cursor = self._cursors.get(evaluation.name)
        return cursor.evaluated if cursor else None

    def _is_off(self, evaluation: Evaluation) -> bool:
        return evaluation.name in self._services.settings.evaluations_off

    def _state_of(self, dataset: str) -> DatasetState:
        return state_of(datasets.BY_NAME[dataset], self._standing.cursors.get(dataset))

    def _read_at(self, evaluation: Evaluation) -> dict[str, datetime]:
        cursors = (self._standing.cursors.get(name) for name in sorted(evaluation.needs))
        return {it.dataset: it.complete_at for it in cursors if it and it.complete_at}


class _StoredRowSource:
    """The stored rows that an evaluation may read (a ``RowSource``)."""

    def __init__(
        self, now: datetime, states: Callable[[str], DatasetState], data: StoredRows, derived: StoredRows, name: str
    ) -> None:
        self.now = now
        self.state = states
        self._data = data
        self._derived = derived
        self._name = name

    def rows(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        return self._data.all(dataset, model)

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        return self._data.find(dataset, keys, model)

    def derived(self, model: type[T]) -> Iterator[tuple[str, T]]:
        return self._derived.all(self._name, model)

    def find_derived(self, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        return self._derived.find(self._name, keys, model)


def _log_failure(order: EvaluateOrder, evaluation: Evaluation, error: Exception) -> None:
    """Log the error's type and place, without any of the data that was evaluated."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    log(
        "an evaluation failed",
        level=logging.ERROR,
        account_id=order.account_id,
        tenant_id=order.tenant_id,
        evaluation=evaluation.name,
        error=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}",
    )
