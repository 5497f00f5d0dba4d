"""Read data sets of one tenant: one ``$batch`` with everybody's first question, then what is more.

A data set whose service allows few requests asks by itself, at its service's pace. The others share the batch,
and then read on at most four at a time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec

from integrations.actions.sync.dataset_errors import reader_failed, transient
from integrations.domain.causes import outcome_of, wait_of
from integrations.domain.sync.cadence import must_read_in_full
from integrations.domain.sync.datasets import Cursor, DatasetOutcome, Reading
from integrations.domain.sync.records import TenantProfile
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.limits import DATASETS_AT_ONCE, Service
from shared.errors import AppError
from shared.microsoft.graph import (
    BatchRequest,
    BatchResponse,
    Checkpoint,
    Graph,
    MissingInMicrosoft,
    OutOfTime,
    Page,
    RequestRefused,
    ResyncRequired,
    TokenRejected,
)
from shared.microsoft.graph.responses import decode_counting, error_of_response
from shared.microsoft.usage import Usage
from shared.storage.tables import StorageUnavailable
from shared.telemetry.tracing import in_current_trace, span


class Access(NamedTuple):
    """How one tenant's data is reached in one run.

    ``graph_of`` asks a service, ``stored_of`` gives the rows of a data set that are kept, by key, and ``checkpoint_of``
    the pages that an earlier part of its reading has brought. ``share`` is the tenant's place among all (``share_of``).
    """

    graph_of: Callable[[Service], Graph]
    stored_of: Callable[[Dataset], Mapping[str, msgspec.Struct]] = lambda _dataset: {}
    checkpoint_of: Callable[[Dataset], Checkpoint] = lambda _dataset: Checkpoint()
    share: float = 0.0


_TOKEN_REJECTED = 401
_OK = 200
_TRIES = 3  # a refusal that is no sign-in's fault is believed after three of them (product.md B7)


class DatasetAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one data set went: its reading, or why there is none.

    ``pages`` are what this part of a reading has brought that goes on in another part, ``is_resumed`` tells that those
    of earlier parts still count.
    """

    dataset: Dataset
    outcome: DatasetOutcome
    reading: Reading | None = None
    error: AppError | None = None
    seconds: float = 0.0
    usage: Usage = Usage()
    pages: Mapping[str, bytes] = {}
    is_resumed: bool = False

    def unread(self, kept: Cursor, now: datetime) -> Cursor:
        """The cursor after an attempt without a reading: why, and when the data set may be asked for again.

        What every sync needs is not put off here: then the whole tenant waits.
        """
        wait_s = wait_of(self.error) if self.error and not self.dataset.is_core else None
        return msgspec.structs.replace(
            kept,
            outcome=self.outcome,
            attempted_at=now,
            error=self.error.stable_code if self.error else "",
            not_before=now + timedelta(seconds=wait_s) if wait_s else None,
        )


def read_datasets(
    access: Access, datasets: Sequence[Dataset], cursors: Mapping[str, Cursor], now: datetime
) -> list[DatasetAttempt]:
    """Try every data set.

    Raises:
        TokenRejected, Transient: of the batch as a whole, before any data set was reached.
        TokenRejected: of a data set that every sync needs.
    """
    readers = [_DatasetReader(access, it, _link(cursors, it, now, access.share), now) for it in datasets]
    together = [it for it in readers if it.dataset.service.is_batchable and it.kept is None]
    started = time.monotonic()
    first = _batch(access.graph_of(Service.DIRECTORY), [it.ask() for it in together])
    shared_s = (time.monotonic() - started) / max(1, len(together))
    is_signed_in = any(it.status != _TOKEN_REJECTED for it in first.values())

    def attempt(reader: _DatasetReader) -> DatasetAttempt:
        return reader.attempt(first.get(reader.dataset.name), shared_s, is_signed_in=is_signed_in)

    with ThreadPoolExecutor(DATASETS_AT_ONCE, thread_name_prefix="dataset") as threads:
        return list(threads.map(in_current_trace(attempt), readers))


def _batch(graph: Graph, requests: Sequence[BatchRequest]) -> dict[str, BatchResponse]:
    """Everybody's first answers; that Microsoft refuses the batch itself is believed after three times."""
    for _ in range(_TRIES - 1 if requests else 0):
        with suppress(RequestRefused, MissingInMicrosoft):
            return graph.batch(requests)
    return graph.batch(requests)


def profile_of(attempts: Sequence[DatasetAttempt]) -> TenantProfile | None:
    """What the tenant told about itself, if it was asked."""
    for attempt in attempts:
        if attempt.reading and attempt.dataset.record is TenantProfile:
            body = attempt.reading.records[0].body
            return body if isinstance(body, TenantProfile) else None
    return None


class _DatasetReader:
    """One try after another to read one data set."""

    def __init__(self, access: Access, dataset: Dataset, link: str | None, now: datetime) -> None:
        self.dataset = dataset
        self._now = now
        self._graph = access.graph_of(dataset.service)
        self._link = link if link and self._graph.can_follow(link) else None  # else it is read whole, as without one
        self._stored_of = access.stored_of
        self._book = access.checkpoint_of(dataset)
        self._place = f"first:{self._link or ''}"
        self._before = (0, 0)  # what its graph had given up when this try began: values, whole items
        self._has_page_size = True
        self._graph.use_checkpoint(self._book)

    @property
    def kept(self) -> BatchResponse | None:
        """The answer to the first question, when an earlier part of this reading has brought it."""
        body = self._book.get(self._place)
        return BatchResponse(status=_OK, headers={}, body=body) if body is not None else None

    def ask(self) -> BatchRequest:
        """The kept link, or the first question, as a part of a batch; its service's gate goes with it."""
        return replace(_ask(self.dataset, self._link), throttle=self._graph.throttle)

    def attempt(self, given: BatchResponse | None, shared_s: float, *, is_signed_in: bool) -> DatasetAttempt:
        """Read on from the answer that was given or kept, or ask first.

        ``is_signed_in`` tells that our token was good for other parts of the same batch: where it was rejected
        all the same, that is Microsoft's fault, and it passes.
        """
        with span("read data set", dataset=self.dataset.name) as told:
            attempt = self._attempted(self.kept or given, shared_s, is_signed_in=is_signed_in)
            told.set_attributes(outcome=attempt.outcome.value, code=attempt.error.stable_code if attempt.error else "")
            return attempt

    def _attempted(self, given: BatchResponse | None, shared_s: float, *, is_signed_in: bool) -> DatasetAttempt:
        started = time.monotonic()
        reading: Reading | None = None
        error: AppError | None = None
        for number in range(_TRIES):
            try:
                reading = self._reading(None if number else given)
            except (RequestRefused, MissingInMicrosoft) as refused:
                error = refused
                self._book.clear()  # perhaps it is the address of a page that Microsoft honours no longer
                self._has_page_size = False  # or a size that it does not grant
                continue
            except TokenRejected as rejected:
                is_alone = is_signed_in and given is not None and given.status == _TOKEN_REJECTED
                if self.dataset.is_core and not is_alone:
                    raise
                error = transient(rejected) if self.dataset.is_core else rejected
            except StorageUnavailable:
                raise
            except AppError as caught:
                error = caught
            except Exception as fault:  # noqa: BLE001 - a fault of ours costs this data set, and nobody else
                error = reader_failed(fault, self.dataset)
            break
        seconds = round(time.monotonic() - started + (shared_s if given else 0.0), 3)
        usage = self._graph.usage + given.usage if given else self._graph.usage
        outcome = DatasetOutcome.FRESH if reading is not None else outcome_of(error)
        error = error if reading is None else None
        attempt = DatasetAttempt(
            dataset=self.dataset,
            outcome=outcome,
            reading=reading,
            error=error,
            seconds=seconds,
            usage=usage,
            pages=self._book.new_pages if isinstance(error, OutOfTime) else {},
            is_resumed=self._book.is_resumed,
        )
        self._book.clear()  # its graph lives as long as the run
        return attempt

    def _reading(self, given: BatchResponse | None) -> Reading:
        """A link Microsoft no longer honours, in whatever words, means reading whole, at once."""
        self._before = self._graph.unreadable_values, self._graph.unreadable_items  # the first page counts, too
        try:
            page = self._page_of(given) if given else self._asked(self._link)
            return self._read(page, self._link)
        except (RequestRefused, MissingInMicrosoft):
            if self._link is None:
                raise
        except ResyncRequired:
            pass
        self._book.clear()
        self._place, self._link = "first:", None
        self._before = self._graph.unreadable_values, self._graph.unreadable_items
        return self._read(self._asked(None), None)

    def _page_of(self, given: BatchResponse) -> Page[Any]:
        page = _page_of(self.dataset.first_request, given)
        if self._book.get(self._place) is None:
            self._book.add(self._place, bytes(given.body))
        return page

    def _read(self, page: Page[Any], link: str | None) -> Reading:
        """What the data set makes of its pages, with what of them had to be given up."""
        graph, stored = self._graph, partial(self._stored_of, self.dataset)
        odd, lost = self._before
        reading = self.dataset.read(ReadContext(graph=graph, page=page, link=link, stored=stored, now=self._now))
        graph.count_unreadable(page)
        odd, lost = reading.odd + graph.unreadable_values - odd, reading.lost + graph.unreadable_items - lost
        return msgspec.structs.replace(reading, odd=odd, lost=lost)

    def _asked(self, link: str | None) -> Page[Any]:
        ask, source = _ask(self.dataset, link), self.dataset.first_request
        if not self._has_page_size:
            ask = replace(ask, query={name: it for name, it in ask.query.items() if name != "top"})
        if self.dataset.service.is_batchable:
            return self._page_of(self._graph.batch([ask])[ask.id])
        return next(self._graph.pages(ask.path, type=source.page, **ask.query))


def _ask(dataset: Dataset, link: str | None) -> BatchRequest:
    if link:
        return BatchRequest(id=dataset.name, path=link)
    return BatchRequest(id=dataset.name, path=dataset.first_request.path, query=dict(dataset.first_request.query))


def _page_of(source: FirstRequest, answer: BatchResponse) -> Page[Any]:
    if not source.is_single:
        return answer.page(source.page)
    if answer.status != 200:
        raise error_of_response(answer.status, answer.headers, answer.body)
    only, odd = decode_counting(answer.body, source.page)
    return Page(items=[only], unreadable_values=odd)


def _link(cursors: Mapping[str, Cursor], dataset: Dataset, now: datetime, share: float) -> str | None:
    cursor = cursors.get(dataset.name)
    if cursor is None or must_read_in_full(cursor, dataset.full_read_every, now, share):
        return None
    return cursor.link
