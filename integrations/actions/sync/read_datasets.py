"""Read data sets of one tenant: one ``$batch`` with the first request of each, then whatever follows from these.

A data set whose service allows few requests is read outside the batch, within its rate limit. The others share the
batch, and then at most four are read at a time.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from integrations.actions.sync.dataset_reader import TOKEN_REJECTED, TRIES, Access, DatasetAttempt, DatasetReader
from integrations.domain.sync.cadence import must_read_in_full
from integrations.domain.sync.datasets import Cursor
from integrations.domain.sync.records import TenantProfile
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.limits import DATASETS_AT_ONCE, Service
from shared.microsoft.graph import BatchRequest, BatchResponse, Graph, MissingInMicrosoft, RequestRefused
from shared.telemetry.tracing import in_current_trace


def read_datasets(
    access: Access, datasets: Sequence[Dataset], cursors: Mapping[str, Cursor], now: datetime
) -> list[DatasetAttempt]:
    """Read every one of the data sets; the attempts are in the same order.

    Raises:
        TokenRejected, Transient: of the batch as a whole, before any data set was read.
        TokenRejected: by a data set that every sync needs.
        StorageUnavailable: our own storage does not answer.
    """
    readers = [DatasetReader(access, it, link_of(cursors, it, now, access.share), now) for it in datasets]
    requests = [request for it in readers if (request := it.request()) is not None]
    started = time.monotonic()
    responses = _batch(access.graph_of(Service.DIRECTORY), requests)
    shared_s = (time.monotonic() - started) / max(1, len(requests))
    is_signed_in = any(it.status != TOKEN_REJECTED for it in responses.values())

    def attempt(reader: DatasetReader) -> DatasetAttempt:
        return reader.attempt(responses.get(reader.dataset.name), shared_s, is_signed_in=is_signed_in)

    with ThreadPoolExecutor(DATASETS_AT_ONCE, thread_name_prefix="dataset") as threads:
        return list(threads.map(in_current_trace(attempt), readers))


def profile_of(attempts: Sequence[DatasetAttempt]) -> TenantProfile | None:
    """The tenant's own profile, if it was among the data sets that were read."""
    for attempt in attempts:
        if attempt.reading and attempt.dataset.record is TenantProfile:
            body = attempt.reading.records[0].body
            return body if isinstance(body, TenantProfile) else None
    return None


def _batch(graph: Graph, requests: Sequence[BatchRequest]) -> dict[str, BatchResponse]:
    """The response to each request; that Microsoft refuses the batch itself counts after three refusals."""
    for _ in range(TRIES - 1 if requests else 0):
        with suppress(RequestRefused, MissingInMicrosoft):
            return graph.batch(requests)
    return graph.batch(requests)


def link_of(cursors: Mapping[str, Cursor], dataset: Dataset, now: datetime, share: float) -> str | None:
    """The stored delta link; None if there is none, or if it is time to read everything."""
    cursor = cursors.get(dataset.name)
    if cursor is None or cursor.version != dataset.version:
        return None
    if must_read_in_full(cursor, dataset.full_read_every, now, share):
        return None
    return cursor.link
