"""Which data sets of a tenant are asked for in this cycle: what is due, and what the tenant has a licence for."""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from integrations.actions.reading import Attempt, GraphOf, profile_of, read_datasets
from integrations.domain.cadence import is_doubtful, is_due
from integrations.domain.datasets import Cursor, Outcome
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.datasets import DATASETS
from shared.graph import Denied, NotLicensed


def read_due(graph_of: GraphOf, cursors: Mapping[str, Cursor], now: datetime, *, is_wanted: bool) -> list[Attempt]:
    """Try every data set whose turn it is; ``is_wanted`` tells that somebody asked for this sync.

    A data set that takes a licence is asked for once the tenant's own profile shows the licence, and otherwise
    tried once a day.

    Raises:
        TokenRejected, Transient: see ``read_datasets``.
    """
    due = [it for it in DATASETS if is_due(it.cadence, cursors.get(it.name), now, is_wanted=is_wanted)]
    doubtful = [it for it in DATASETS if it.needs_plan and is_doubtful(cursors.get(it.name))]
    attempts = read_datasets(graph_of, [it for it in due if it not in doubtful], cursors, now)
    profile = profile_of(attempts)
    if profile is None:
        return attempts
    plans = frozenset(profile.plans)
    tried = [it for it in doubtful if it.needs_plan in plans or (it in due and it.name in cursors)]
    attempts += read_datasets(graph_of, tried, cursors, now)
    spared = [it for it in doubtful if it in due and it not in tried]
    return [_judged(it, plans) for it in attempts] + [_unlicensed(it) for it in spared]


def _judged(attempt: Attempt, plans: Collection[str]) -> Attempt:
    """Licences, seen from both sides: Microsoft also refuses tenants that have one, for a while.

    Source: https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/3581
    """
    if attempt.dataset.needs_plan is None:
        return attempt
    is_refused = isinstance(attempt.error, NotLicensed)
    if attempt.dataset.needs_plan in plans:
        return msgspec.structs.replace(attempt, outcome=Outcome.STALE) if is_refused else attempt
    is_empty = attempt.reading is not None and attempt.reading.is_complete and not attempt.reading.records
    if is_refused or is_empty or isinstance(attempt.error, Denied):
        return msgspec.structs.replace(attempt, outcome=Outcome.NOT_LICENSED, reading=None)
    return attempt


def _unlicensed(dataset: Dataset) -> Attempt:
    return Attempt(dataset=dataset, outcome=Outcome.NOT_LICENSED)
