"""Read the data sets of a tenant that are due in this run, and for which the tenant has a license."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

import msgspec

from integrations.actions.sync.dataset_reader import Access, DatasetAttempt
from integrations.actions.sync.read_datasets import link_of, profile_of, read_datasets
from integrations.domain.causes import outcome_of
from integrations.domain.sync.cadence import is_done, is_due, is_license_unknown, is_outdated
from integrations.domain.sync.datasets import Cursor, DatasetOutcome
from integrations.domain.sync.device_users import WAITING
from integrations.domain.sync.plans import known_plans
from integrations.domain.sync.records import TenantProfile
from integrations.microsoft.dataset import Dataset
from shared.microsoft.graph import Denied, NotLicensed, Transient


def read_due(
    access: Access,
    cursors: Mapping[str, Cursor],
    now: datetime,
    readable: Iterable[Dataset],
    *,
    is_requested: bool,
    since: datetime | None = None,
) -> Iterator[list[DatasetAttempt]]:
    """Read every data set that is due, in one round or more; ``is_requested`` says that somebody asked for this run.

    ``readable`` are the data sets that this deployment reads.

    ``since`` is when the run began of which this is another part: data sets that it has finished are not read again,
    except for those that every sync needs.

    A data set that requires a license waits for the second round until the tenant's profile has shown the license;
    without it, it is tried once a day. So a first sync has its users before slow reports are read. One that is better
    read in full when everything else is stored (``Dataset.is_first_read_last``) comes last, unless a data set that
    every sync needs could not be read. So do those that follow others.

    Raises:
        TokenRejected, Transient: see ``read_datasets``; errors of later rounds stay with their data sets.
    """
    known = {it.name: cursors.get(it.name) for it in readable}
    unfinished = [it for it in readable if it.first_request and (it.is_core or not is_done(known[it.name], since))]
    due = [
        it
        for it in unfinished
        if is_due(it.cadence, known[it.name], now, is_requested=is_requested)
        or is_outdated(known[it.name], it.version, now)
    ]
    unlicensed = [it for it in unfinished if it.needs_plan and is_license_unknown(cursors.get(it.name))]
    last = [it for it in due if it.is_first_read_last and link_of(cursors, it, now, access.share) is None]
    licensed = [it for it in due if it not in unlicensed and it not in last]
    attempts = read_datasets(access, licensed, cursors, now)
    if profile_of(attempts) is None:
        yield attempts
        return
    plans = _plans_of(attempts)
    attempts = [judge_by_plans(it, plans) for it in attempts]
    is_failed = any(it.dataset.is_core and it.error for it in attempts)
    last = [] if is_failed else last
    followers = [] if is_failed else [it for it in readable if it.follows and not is_done(known[it.name], since)]
    yield attempts  # the consumer empties large readings one by one
    del attempts  # frees the rest before the next round
    tried = [it for it in unlicensed if plans is None or it.needs_plan in plans or (it in due and it.name in cursors)]
    skipped = [it for it in unlicensed if it in due and it not in tried]
    if skipped:
        yield [_unlicensed(it) for it in skipped]
    following = (it for it in followers if _has_to_ask(access, it, cursors, now, is_requested=is_requested))
    # One by one, so that memory never holds two readings with a row for each person or device.
    for dataset in chain(tried, last, following):
        try:
            attempts = read_datasets(access, [dataset], cursors, now)
        except Transient as error:  # the data sets that every sync needs have been read
            attempts = [DatasetAttempt(dataset=dataset, outcome=outcome_of(error), error=error)]
        yield [judge_by_plans(it, plans) for it in attempts]
        del attempts


def _has_to_ask(
    access: Access, dataset: Dataset, cursors: Mapping[str, Cursor], now: datetime, *, is_requested: bool
) -> bool:
    """Whether a data set that follows others is read: there is what it asks about, and rows changed or are not done.

    What the others brought in this run is stored by now, and counts. Some device checks in before nearly every cycle,
    so that changes alone are looked at no more often than its cadence says.
    """
    cursor = cursors.get(dataset.name)
    if cursor is not None and cursor.not_before is not None and now < cursor.not_before:
        return False
    first, *_ = dataset.follows
    has_rows = first in cursors and bool(cursors[first].counts_by_kind)
    if not has_rows and not access.has_changed(first):
        return False
    if any(map(access.has_changed, dataset.follows)) and is_due(
        dataset.cadence, cursor, now, is_requested=is_requested
    ):
        return True
    is_open = cursor is not None and (cursor.outcome is DatasetOutcome.STALE or WAITING in cursor.counts_by_kind)
    is_weekly = (
        cursor is not None and bool(cursor.counts_by_kind) and link_of(cursors, dataset, now, access.share) is None
    )
    return is_open or is_weekly


def _plans_of(attempts: Iterable[DatasetAttempt]) -> frozenset[str] | None:
    """The service plans in the tenant's profile; None if a part of the profile could not be read."""
    readings = [it.reading for it in attempts if it.reading and it.dataset.record is TenantProfile]
    bodies = [it.records[0].body for it in readings if not it.odd]
    return known_plans([it for it in bodies if isinstance(it, TenantProfile)])


def judge_by_plans(attempt: DatasetAttempt, plans: Collection[str] | None) -> DatasetAttempt:
    """The attempt's outcome in view of the tenant's licenses: Microsoft temporarily refuses licensed tenants, too.

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
