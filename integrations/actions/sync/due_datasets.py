"""Which data sets of a tenant are asked for in this cycle: what is due, and what the tenant has a licence for."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from integrations.actions.sync.read_datasets import Access, DatasetAttempt, profile_of, read_datasets
from integrations.domain.causes import outcome_of
from integrations.domain.sync.cadence import is_done, is_due, is_license_unknown
from integrations.domain.sync.datasets import Cursor, DatasetOutcome
from integrations.domain.sync.records import TenantProfile
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import Dataset
from shared.microsoft.graph import Denied, NotLicensed, Transient


def read_due(
    access: Access,
    cursors: Mapping[str, Cursor],
    now: datetime,
    *,
    is_requested: bool,
    since: datetime | None = None,
) -> Iterator[list[DatasetAttempt]]:
    """Try every data set whose turn it is, in one round or two; ``is_requested`` tells that somebody asked for this.

    ``since`` is when the run began whose next part this is: what it has done already is not done again, but for
    what every sync needs.

    A data set that takes a licence waits for the second round until the tenant's own profile has shown the
    licence; without one it is tried once a day. So a first sync has its users before slow reports are read.

    Raises:
        TokenRejected, Transient: see ``read_datasets``; the second round's faults stay with its data sets.
    """
    left = [it for it in datasets.DATASETS if it.is_core or not is_done(cursors.get(it.name), since)]
    due = [it for it in left if is_due(it.cadence, cursors.get(it.name), now, is_requested=is_requested)]
    doubtful = [it for it in left if it.needs_plan and is_license_unknown(cursors.get(it.name))]
    sure = [it for it in due if it not in doubtful]
    attempts = read_datasets(access, sure, cursors, now)
    if profile_of(attempts) is None:
        yield attempts
        return
    plans = _plans_of(attempts)
    attempts = [_judged(it, plans) for it in attempts]
    yield attempts  # whoever takes them lets go of readings one by one
    del attempts  # with what is left of these, before the next ones come
    tried = [it for it in doubtful if plans is None or it.needs_plan in plans or (it in due and it.name in cursors)]
    spared = [it for it in doubtful if it in due and it not in tried]
    if spared:
        yield [_unlicensed(it) for it in spared]
    for part in _one_large_reading_each(tried):
        try:
            attempts = read_datasets(access, part, cursors, now)
        except Transient as error:  # what every sync needs is read already
            attempts = [DatasetAttempt(dataset=it, outcome=outcome_of(error), error=error) for it in part]
        yield [_judged(it, plans) for it in attempts]
        del attempts


def _one_large_reading_each(tried: Sequence[Dataset]) -> list[list[Dataset]]:
    """The second round in parts, so that no two readings with a row for each person or device are held at once.

    What shares a batch stays together; what asks at its service's pace would wait for its neighbour anyway.
    """
    together = [it for it in tried if it.service.is_batchable]
    alone = [[it] for it in tried if not it.service.is_batchable]
    return [together, *alone] if together else alone


def _plans_of(attempts: Iterable[DatasetAttempt]) -> frozenset[str] | None:
    """The service plans that the tenant told of; None when what it told could not be read whole."""
    readings = [it.reading for it in attempts if it.reading and it.dataset.record is TenantProfile]
    bodies = [it.records[0].body for it in readings if not it.odd]
    return next((frozenset(it.plans) for it in bodies if isinstance(it, TenantProfile)), None)


def _judged(attempt: DatasetAttempt, plans: Collection[str] | None) -> DatasetAttempt:
    """Licences, seen from both sides: Microsoft also refuses tenants that have one, for a while.

    Source: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/3581
    """
    if attempt.dataset.needs_plan is None or plans is None:
        return attempt
    is_refused = isinstance(attempt.error, NotLicensed)
    if attempt.dataset.needs_plan in plans:
        return msgspec.structs.replace(attempt, outcome=DatasetOutcome.STALE) if is_refused else attempt
    is_empty = attempt.reading is not None and attempt.reading.is_complete and not attempt.reading.records
    if is_refused or is_empty or isinstance(attempt.error, Denied):
        return msgspec.structs.replace(attempt, outcome=DatasetOutcome.NOT_LICENSED, reading=None)
    return attempt


def _unlicensed(dataset: Dataset) -> DatasetAttempt:
    return DatasetAttempt(dataset=dataset, outcome=DatasetOutcome.NOT_LICENSED)
