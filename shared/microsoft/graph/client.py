"""Microsoft Graph v1.0: collections, single objects and batches, with paging, retries and throttling.

A page that fails raises, so a caller never takes part of a collection for all of it. The client waits out a short
Retry-After; a long one is raised to the caller.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import NoneType
from typing import Any, TypeVar

import msgspec

from shared.http.client import HttpClient
from shared.microsoft.graph.batch import BatchExecution, BatchRequest, BatchResponse, check_ids, part_of
from shared.microsoft.graph.checkpoint import Checkpoint
from shared.microsoft.graph.errors import (
    HostileLink,
    MissingInMicrosoft,
    RequestRefused,
    ResyncRequired,
    UnexpectedAnswer,
    WriteNotAllowed,
)
from shared.microsoft.graph.links import VERSION, address, below, relative
from shared.microsoft.graph.responses import Page, decode
from shared.microsoft.graph.retry_policy import RetryPolicy
from shared.microsoft.graph.throttle import Throttle
from shared.microsoft.graph.transport import Transport
from shared.microsoft.usage import Usage

T = TypeVar("T")

_MAX_PAGES = 10_000


class Graph:
    """Graph of one tenant, v1.0 unless ``version`` is "/beta".

    It only reads, except for POST and DELETE of paths that ``writes`` allow.

    ``token(fresh)`` returns a bearer token, a new one when ``fresh``. ``token_for_claims(claims)`` returns one that
    meets a claims challenge (continuous access evaluation); without it a challenge counts as a rejected token.
    ``throttle`` is shared by all requests to the same service of the tenant. ``turn`` is a context manager around each
    request, for a service with a rate limit. ``unreadable_values`` counts the values that were left out so far because
    they could not be decoded, ``unreadable_items`` those of them that were whole items of a collection.
    Shape of a collection: {"value": [item, ...], "@odata.nextLink": url or absent}.
    Source: https://learn.microsoft.com/graph/paging
    """

    def __init__(
        self,
        *,
        root: str,
        version: str = VERSION,
        http_client: HttpClient,
        token: Callable[[bool], str],
        token_for_claims: Callable[[str], str] | None = None,
        retry_policy: RetryPolicy | None = None,
        throttle: Throttle | None = None,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        writes: Sequence[re.Pattern[str]] = (),
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unreadable_values = 0
        self.unreadable_items = 0
        self._root = root
        self._version = version
        self._writes = writes
        self._checkpoint = Checkpoint()
        self._transport = Transport(
            root=root,
            version=version,
            http_client=http_client,
            token=token,
            token_for_claims=token_for_claims,
            retry_policy=retry_policy,
            throttle=throttle,
            turn=turn,
            sleep=sleep,
            monotonic=monotonic,
        )

    @property
    def usage(self) -> Usage:
        """What the requests through this object have cost so far."""
        return self._transport.meter.usage

    def use_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Read pages from a checkpoint where it has them, and save those that Microsoft sends into it."""
        self._checkpoint = checkpoint

    @property
    def throttle(self) -> Throttle:
        """The throttle of the service that this object sends requests to."""
        return self._transport.throttle

    def can_follow(self, link: str) -> bool:
        """Whether a stored link leads to this Graph."""
        try:
            below(link, {}, self._root, self._version)
        except HostileLink:
            return False
        return True

    def get(self, path: str, *, type: type[T], **query: str) -> T:  # noqa: A002 - reads well
        """One object, decoded into ``type``; arguments and errors are those of ``items``."""
        return self._read(address(path, query), type)

    def items(self, path: str, *, type: type[T], **query: str) -> Iterator[T]:  # noqa: A002 - reads well
        """Every item of a collection, page after page.

        Args:
            path: the collection below /v1.0, for example "/subscribedSkus".
            type: the type to decode an item into.
            query: OData options without the dollar: select="id,displayName".

        Raises:
            MicrosoftError: of the kind that the failed page stands for.
        """
        for page in self.pages(path, type=type, **query):
            yield from page.items

    def pages(self, place: str, *, type: type[T], **query: str) -> Iterator[Page[T]]:  # noqa: A002 - reads well
        """Every page of a collection, given by a path with options or by a link from Graph; otherwise as ``items``."""
        first = self._page(below(place, query, self._root, self._version), type)
        return self.pages_from(first, type=type)

    def pages_from(self, page: Page[T], *, type: type[T]) -> Iterator[Page[T]]:  # noqa: A002 - reads well
        """This page and all that follow it.

        Raises:
            HostileLink: a link leads elsewhere than to this Graph.
            ResyncRequired: Microsoft refuses a link of its own.
            UnexpectedAnswer: the links form a circle, or never end.
            MicrosoftError: of the kind that the failed page stands for.
        """
        links_seen: set[str] = set()
        while True:
            self.count_unreadable(page)
            yield page
            if page.next_link is None:
                return
            if page.next_link in links_seen or len(links_seen) >= _MAX_PAGES:
                raise UnexpectedAnswer("the pages of a collection go in a circle, or never end")
            links_seen.add(page.next_link)
            page = self._follow(page.next_link, type)

    def count_unreadable(self, page: Page[Any]) -> None:
        """Add a page's unreadable values to this object's counts, once. ``pages_from`` does so by itself."""
        self.unreadable_values, self.unreadable_items = (
            self.unreadable_values + page.unreadable_values,
            self.unreadable_items + page.unreadable_items,
        )
        page.unreadable_values = page.unreadable_items = 0

    def batch(self, requests: Sequence[BatchRequest]) -> dict[str, BatchResponse]:
        """Send any number of requests, 20 in one HTTP request; throttled ones are retried together.

        Returns:
            the responses by request id; a request that still fails says so in its own response.

        Raises:
            MicrosoftError: a batch as a whole failed.
            HostileLink: a request's link leads elsewhere than to this Graph.
            WriteNotAllowed: a request would write where this client may not.
            ValueError: two requests have the same id.
        """
        self._refuse_writes(requests)
        check_ids(requests)
        parts = {it.id: part_of(it, below(it.path, it.query, self._root, self._version)) for it in requests}
        throttles = {it.id: it.throttle or self._transport.throttle for it in requests}
        responses = BatchExecution(parts, throttles, self._transport.call()).run()
        used = sum((it.usage for it in responses.values()), Usage())
        self._transport.meter.add(
            msgspec.structs.replace(used, received_bytes=0)
        )  # the bytes of the batch itself are counted already
        return responses

    def delete(self, path: str) -> None:
        """Delete one object.

        Raises:
            MissingInMicrosoft: it does not exist.
            MicrosoftError: of the kind that the response stands for.
            WriteNotAllowed: this client may not delete it.
        """
        self._refuse_write(path)
        self._transport.call().send("DELETE", path, None, NoneType)

    def _refuse_writes(self, requests: Sequence[BatchRequest]) -> None:
        for request in requests:
            if request.is_write:
                self._refuse_write(request.path)

    def _refuse_write(self, path: str) -> None:
        if not any(it.fullmatch(path) for it in self._writes):
            raise WriteNotAllowed(f"this client may not write to {path}")

    def _follow(self, link: str, item: type[T]) -> Page[T]:
        """The page that a link leads to. When Microsoft refuses its own link, the read has to start again."""
        try:
            return self._page(relative(link, self._root, self._version), item)
        except (RequestRefused, MissingInMicrosoft) as refused:
            raise ResyncRequired(
                str(refused), status=refused.status, graph_code=refused.graph_code, request_id=refused.request_id
            ) from refused

    def _page(self, url: str, item: type[T]) -> Page[T]:
        form = Page[item]  # type: ignore[valid-type] # a type at run time
        saved = self._checkpoint.get(url)
        if saved is not None:
            return decode(saved, form)
        self._checkpoint.check_time()
        return self._transport.call().send("GET", url, None, form, on_body=partial(self._checkpoint.add, url))

    def _read(self, url: str, form: type[T]) -> T:
        return self._transport.call().send("GET", url, None, form)
