"""Store what a round of attempts brought: changed rows first, then the cursors of the data sets."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from integrations.actions.sync.dataset_reader import DatasetAttempt
from integrations.actions.sync.read_datasets import profile_of
from integrations.domain.sync.datasets import Counts, Cursor, DatasetOutcome, DatasetResult, Reading
from integrations.domain.sync.records import TenantProfile
from integrations.microsoft.dataset import Dataset
from integrations.services import Services
from integrations.storage.data.store import DataSession, Unwritten, Writes
from shared.microsoft.graph import OutOfTime, Transient
from shared.telemetry.tracing import span

_LARGE = 5_000  # a data set with more records is stored by itself, so that its memory can be freed


class StoredAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """What storing attempts resulted in. ``confirmed`` are the data sets of which nothing had to be written.

    The attempts are without their readings, which in a big tenant take more memory than everything else. They are
    ``is_complete`` unless time was up before everything was written.
    """

    attempts: list[DatasetAttempt] = []
    profile: TenantProfile | None = None
    results: list[DatasetResult] = []
    cursors: list[Cursor] = []
    confirmed: list[str] = []
    is_complete: bool = True

    @property
    def is_out_of_time(self) -> bool:
        """Whether a data set has to be read on in another part of the run."""
        return any(isinstance(it.error, OutOfTime) for it in self.attempts)

    @property
    def failed_core(self) -> DatasetAttempt | None:
        """The first failed attempt of a data set that every sync needs."""
        return next((it for it in self.attempts if it.dataset.is_core and it.error is not None), None)

    def joined(self, other: "StoredAttempts") -> "StoredAttempts":
        return StoredAttempts(
            attempts=self.attempts + other.attempts,
            profile=self.profile or other.profile,
            results=self.results + other.results,
            cursors=self.cursors + other.cursors,
            confirmed=self.confirmed + other.confirmed,
            is_complete=self.is_complete and other.is_complete,
        )


def store_attempts(services: Services, session: DataSession, attempts: list[DatasetAttempt]) -> StoredAttempts:
    """Write what changed, rows before cursors. A data set that was not read keeps its rows and its link.

    Empties large readings in ``attempts`` as soon as they are written.

    Raises:
        Superseded: another worker has taken over.
        StorageUnavailable: storage does not answer.
    """
    profile, stored = profile_of(attempts), StoredAttempts()
    with span("store data sets"):
        try:
            for number, attempt in enumerate(attempts):
                if attempt.reading is not None and len(attempt.reading.records) > _LARGE:
                    stored = stored.joined(_written(services, session, [attempt], is_last=False))
                    attempts[number] = msgspec.structs.replace(attempt, reading=None)  # frees its memory
            done = {cursor.dataset for cursor in stored.cursors}
            stored = stored.joined(_written(services, session, [it for it in attempts if it.dataset.name not in done]))
        except Unwritten:
            stored = msgspec.structs.replace(stored, is_complete=False)
    without_readings = [msgspec.structs.replace(it, reading=None, pages={}) for it in attempts]
    return msgspec.structs.replace(stored, attempts=without_readings, profile=profile)


def _written(
    services: Services, session: DataSession, attempts: Sequence[DatasetAttempt], *, is_last: bool = True
) -> StoredAttempts:
    """Write some data sets and their cursors, in one transaction if they fit.

    Raises:
        Unwritten: time was up before everything was written.
    """
    now, has_full_reading = services.clock(), False
    writes: list[Writes] = []
    cursors: list[Cursor] = []
    results: list[DatasetResult] = []
    for attempt in attempts:
        name, counts = attempt.dataset.name, Counts()
        before = session.cursors.get(name) or Cursor(dataset=name, outcome=attempt.outcome, attempted_at=now)
        if attempt.reading is not None:
            plan = session.plan(name, attempt.reading, now)
            writes.append(plan.writes)
            counts, cursor = plan.counts, _with_reading(plan.cursor, attempt.dataset, attempt.reading, before)
            has_full_reading |= cursor.full_read_at != before.full_read_at
        else:
            cursor = attempt.unread(before, now)
        pages, cursor = _pages(session, attempt, before, cursor, now)
        writes.append(pages)
        cursors.append(cursor)
        results.append(_dataset_result(attempt, cursor, counts))
    is_confirmed = not has_full_reading and session.is_unchanged(cursors)
    if not is_confirmed:
        session.commit(writes, cursors, is_last=is_last)
    confirmed = [cursor.dataset for cursor in cursors] if is_confirmed else []
    return StoredAttempts(results=results, cursors=cursors, confirmed=confirmed)


def _dataset_result(attempt: DatasetAttempt, cursor: Cursor, counts: Counts) -> DatasetResult:
    return DatasetResult(
        dataset=cursor.dataset,
        outcome=cursor.outcome,
        counts=counts,
        error=cursor.error,
        seconds=attempt.seconds,
        usage=attempt.usage,
    )


def _pages(
    session: DataSession, attempt: DatasetAttempt, before: Cursor, cursor: Cursor, now: datetime
) -> tuple[Writes, Cursor]:
    """The writes for the pages of a reading that takes several parts, and the cursor with what it says of them.

    A reading that ran out of time adds its pages, a transient failure keeps the stored ones, and anything else deletes
    them. ``before`` is the cursor as it was, ``cursor`` the one to be stored.
    """
    cursor = msgspec.structs.replace(cursor, kept_rows=before.kept_rows, kept_at=before.kept_at)
    if isinstance(attempt.error, OutOfTime):
        return session.save_pages(cursor, attempt.pages, now, is_resumed=attempt.is_resumed)
    return ({}, cursor) if isinstance(attempt.error, Transient) else session.discard_pages(cursor)


def _with_reading(cursor: Cursor, dataset: Dataset, reading: Reading, before: Cursor) -> Cursor:
    """The cursor with what only the reading knows: its records by kind, and when everything was read in full."""
    is_complete = reading.is_complete and cursor.outcome is DatasetOutcome.FRESH
    counts_by_kind = reading.counts_by_kind if is_complete else None
    is_full = is_complete and dataset.full_read_every and cursor.link
    # A reading of changes does not repeat what earlier ones could not read.
    odd = cursor.odd if reading.is_complete else before.odd + cursor.odd
    return msgspec.structs.replace(
        cursor,
        version=dataset.version if is_complete else before.version,
        full_read_at=cursor.attempted_at if is_full else before.full_read_at,
        counts_by_kind=dict(cursor.counts_by_kind if counts_by_kind is None else counts_by_kind),
        odd=odd,
    )
