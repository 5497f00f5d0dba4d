"""Read one data set of one tenant: the first request in a batch or alone, then whatever follows from it."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec

from integrations.actions.sync.dataset_errors import reader_failed, transient
from integrations.domain.causes import outcome_of, wait_of
from integrations.domain.sync.datasets import Cursor, DatasetOutcome, Reading
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext, RowsOf, no_rows
from integrations.microsoft.limits import Service
from shared.errors import AppError
from shared.microsoft.graph import (
    BatchRequest,
    BatchResponse,
    Checkpoint,
    Denied,
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
from shared.telemetry.tracing import span

TOKEN_REJECTED = 401
TRIES = 3  # a refusal that is not the sign-in's fault counts after three of them (product.md B7)
_OK = 200
_GAPS = (RequestRefused, MissingInMicrosoft)


class Access(NamedTuple):
    """How one tenant's data is reached in one run.

    ``graph_of`` gives Graph for a service, ``stored_of`` the stored rows of a data set by key, and ``checkpoint_of``
    the pages that an earlier part of its reading has brought. ``share`` spreads tenants over time (``share_of``).
    ``counts_of`` are the numbers of its stored rows by kind. ``permissions`` are those that our token has; None if that
    is not known. ``rows_of`` gives the rows of a data set as they are stored by now, and ``has_changed`` says whether
    some of them changed lately.
    """

    graph_of: Callable[[Service], Graph]
    stored_of: Callable[[Dataset], Mapping[str, msgspec.Struct]] = lambda _dataset: {}
    checkpoint_of: Callable[[Dataset], Checkpoint] = lambda _dataset: Checkpoint()
    share: float = 0.0
    counts_of: Callable[[Dataset], Mapping[str, int]] = lambda _dataset: {}
    permissions: Collection[str] | None = None
    rows_of: RowsOf = no_rows
    has_changed: Callable[[str], bool] = lambda _dataset: True


class DatasetAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """The result of reading one data set: its reading, or why there is none.

    ``seconds`` is how long it took. ``pages`` are those that this part of an unfinished reading has brought,
    ``is_resumed`` says that those of earlier parts are still valid.
    """

    dataset: Dataset
    outcome: DatasetOutcome
    reading: Reading | None = None
    error: AppError | None = None
    seconds: float = 0.0
    usage: Usage = Usage()
    pages: Mapping[str, bytes] = {}
    is_resumed: bool = False

    def unread(self, before: Cursor, now: datetime) -> Cursor:
        """The cursor after an attempt without a reading: why, and when the data set may be read again.

        A data set that every sync needs is not postponed by itself: the whole tenant waits.
        """
        wait_s = wait_of(self.error) if self.error and not self.dataset.is_core else None
        return msgspec.structs.replace(
            before,
            outcome=self.outcome,
            attempted_at=now,
            error=self.error.stable_code if self.error else "",
            not_before=now + timedelta(seconds=wait_s) if wait_s else None,
        )


class DatasetReader:
    """Reads one data set, with retries."""

    def __init__(self, access: Access, dataset: Dataset, link: str | None, now: datetime) -> None:
        self.dataset = dataset
        self._now = now
        self._access = access
        self._graph = access.graph_of(dataset.service)
        is_followed = bool(dataset.follows) or (link is not None and self._graph.can_follow(link))
        self._link = link if is_followed else None  # without a link it is read in full
        self._checkpoint = access.checkpoint_of(dataset)
        self._page_key = f"first:{self._link or ''}"
        self._unreadable_before = (0, 0)  # the graph's counts of values and items when this try began
        self._has_page_size = True
        self._graph.use_checkpoint(self._checkpoint)

    @property
    def is_granted(self) -> bool | None:
        """Whether our application has the data set's permission; None if that is not known."""
        permissions = self._access.permissions
        return None if permissions is None else self.dataset.permission in permissions

    @property
    def may_ask(self) -> bool:
        """Whether the first request may be sent: it would be answered without the data set's own permission, too."""
        return self.is_granted is not False or not self.dataset.needs_grant

    @property
    def saved(self) -> BatchResponse | None:
        """The first response, if an earlier part of this reading has brought it."""
        body = self._checkpoint.get(self._page_key)
        return BatchResponse(status=_OK, headers={}, body=body) if body is not None else None

    def request(self) -> BatchRequest | None:
        """The delta link, or the first request, as a part of a batch, with the throttle of its service.

        None if it is not asked in a batch, or not at all.
        """
        source = self.dataset.first_request
        if source is None or not self.dataset.service.is_batchable or self.saved is not None or not self.may_ask:
            return None
        return replace(_request(self.dataset.name, source, self._link), throttle=self._graph.throttle)

    def attempt(self, first: BatchResponse | None, shared_s: float, *, is_signed_in: bool) -> DatasetAttempt:
        """Read the data set, beginning with the ``first`` response of the batch or the saved one, if there is one.

        ``shared_s`` is this data set's share of the batch's seconds. ``is_signed_in`` says that our token was accepted
        for other parts of the same batch: then a rejection is a transient fault of Microsoft's.

        Raises:
            TokenRejected: by a data set that every sync needs.
            StorageUnavailable: our own storage does not answer.
        """
        with span("read data set", dataset=self.dataset.name) as current_span:
            attempt = self._attempt(self.saved or first, shared_s, is_signed_in=is_signed_in)
            current_span.set_attributes(
                outcome=attempt.outcome.value, code=attempt.error.stable_code if attempt.error else ""
            )
            return attempt

    def _attempt(self, first: BatchResponse | None, shared_s: float, *, is_signed_in: bool) -> DatasetAttempt:
        started = time.monotonic()
        reading, error = self._read_or_fail(first, is_signed_in=is_signed_in)
        attempt = DatasetAttempt(
            dataset=self.dataset,
            outcome=DatasetOutcome.FRESH if reading is not None else self._outcome(error),
            reading=reading,
            error=error,
            seconds=round(time.monotonic() - started + (shared_s if first else 0.0), 3),
            usage=self._graph.usage + first.usage if first else self._graph.usage,
            pages=self._checkpoint.new_pages if isinstance(error, OutOfTime) else {},
            is_resumed=self._checkpoint.is_resumed,
        )
        self._checkpoint.clear()  # the graph that holds it lives as long as the run
        return attempt

    def _outcome(self, error: AppError | None) -> DatasetOutcome:
        """A refusal of what is not promised is no fault; /beta takes the same permissions as the released version."""
        gaps = _GAPS if self.dataset.is_documented else (*_GAPS, Denied)
        is_gap = isinstance(error, gaps) and not self.dataset.is_promised
        return DatasetOutcome.NOT_OFFERED if is_gap else outcome_of(error)

    def _read_or_fail(
        self, first: BatchResponse | None, *, is_signed_in: bool
    ) -> tuple[Reading | None, AppError | None]:
        """The reading, or the error that prevented it after as many tries as it gets."""
        error: AppError | None = None
        for number in range(TRIES):
            try:
                return self._read(None if number else first), None
            except (RequestRefused, MissingInMicrosoft) as refused:
                error = refused
                self._checkpoint.clear()  # perhaps a page's address is no longer valid
                self._has_page_size = False  # or the page size is not allowed
            except TokenRejected as rejected:
                is_alone = is_signed_in and first is not None and first.status == TOKEN_REJECTED
                if self.dataset.is_core and not is_alone:
                    raise
                return None, transient(rejected) if self.dataset.is_core else rejected
            except StorageUnavailable:
                raise
            except AppError as other:
                return None, other
            except Exception as bug:  # noqa: BLE001 - a bug of ours fails this data set, and no other
                return None, reader_failed(bug, self.dataset)
        return None, error

    def _read(self, first: BatchResponse | None) -> Reading:
        """Read from the link; a link that Microsoft no longer accepts means reading in full, at once."""
        if not self.may_ask:
            raise Denied("our application does not have the permission")
        self._unreadable_before = (
            self._graph.unreadable_values,
            self._graph.unreadable_items,
        )  # before the first page, which counts as well
        source = self.dataset.first_request
        if source is None:
            return self._reading(Page(items=[]), self._link)
        try:
            page = self._page_of(source, first) if first else self._first_page(source, self._link)
            return self._reading(page, self._link)
        except (RequestRefused, MissingInMicrosoft):
            if self._link is None:
                raise
        except ResyncRequired:
            pass
        self._checkpoint.clear()
        self._page_key, self._link = "first:", None
        self._unreadable_before = self._graph.unreadable_values, self._graph.unreadable_items
        return self._reading(self._first_page(source, None), None)

    def _reading(self, page: Page[Any], link: str | None) -> Reading:
        """The data set's reading of all pages, with the counts of what could not be read."""
        graph, access = self._graph, self._access
        odd, lost = self._unreadable_before
        reading = self.dataset.read(
            ReadContext(
                graph=graph,
                page=page,
                link=link,
                stored=partial(access.stored_of, self.dataset),
                now=self._now,
                counts_by_kind=access.counts_of(self.dataset),
                throttle_of=lambda service: access.graph_of(service).throttle,
                is_granted=self.is_granted,
                rows_of=access.rows_of,
            )
        )
        graph.count_unreadable(page)
        odd, lost = reading.odd + graph.unreadable_values - odd, reading.lost + graph.unreadable_items - lost
        return msgspec.structs.replace(reading, odd=odd, lost=lost)

    def _first_page(self, source: FirstRequest, link: str | None) -> Page[Any]:
        """Request the first page: in a batch of its own, or directly where the service is rate-limited."""
        request = _request(self.dataset.name, source, link)
        if not self._has_page_size:
            request = replace(request, query={name: it for name, it in request.query.items() if name != "top"})
        if self.dataset.service.is_batchable:
            return self._page_of(source, self._graph.batch([request])[request.id])
        if source.is_single:
            return Page(items=[self._graph.get(request.path, type=source.page, **request.query)])
        return next(self._graph.pages(request.path, type=source.page, **request.query))

    def _page_of(self, source: FirstRequest, response: BatchResponse) -> Page[Any]:
        page = _page_of(source, response)
        if self._checkpoint.get(self._page_key) is None:
            self._checkpoint.add(self._page_key, bytes(response.body))
        return page


def _request(name: str, source: FirstRequest, link: str | None) -> BatchRequest:
    if link:
        return BatchRequest(id=name, path=link)
    return BatchRequest(id=name, path=source.path, query=dict(source.query))


def _page_of(source: FirstRequest, response: BatchResponse) -> Page[Any]:
    """The response as a page; a single object is a page with one item.

    Raises:
        MicrosoftError: the response is an error, or is not what the data set expects.
    """
    if not source.is_single:
        return response.page(source.page)
    if response.status != _OK:
        raise error_of_response(response.status, response.headers, response.body)
    only, odd = decode_counting(response.body, source.page)
    return Page(items=[only], unreadable_values=odd)
