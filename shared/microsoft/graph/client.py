"""Microsoft Graph v1.0: collections, single objects and batches, with every rule of paging and waiting.

A page that fails raises; a caller never sees half a collection as whole. Waits that Microsoft asks for are
kept inside the call when they are short, and told to the caller when they are not.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import NoneType
from typing import Any, TypeVar

import msgspec

from shared.http.client import Web
from shared.microsoft.graph.answers import Page, decode
from shared.microsoft.graph.batch import BatchExecution, BatchRequest, BatchResponse, chunks, part_of
from shared.microsoft.graph.checkpoint import Checkpoint
from shared.microsoft.graph.errors import (
    HostileLink,
    MissingInMicrosoft,
    RequestRefused,
    ResyncRequired,
    UnexpectedAnswer,
    WriteNotAllowed,
)
from shared.microsoft.graph.links import address, below, relative
from shared.microsoft.graph.retry_policy import RetryPolicy
from shared.microsoft.graph.throttle import Throttle
from shared.microsoft.graph.transport import Transport
from shared.microsoft.usage import Usage

T = TypeVar("T")

_MOST_PAGES = 10_000


class Graph:
    """Graph of one tenant. ``token(fresh)`` gives a bearer token, a new one when ``fresh``.

    ``answering(claims)`` gives one that answers Microsoft's challenge (continuous access evaluation); without it a
    challenge is a rejected token like others. ``throttle`` is shared with whoever asks the same service meanwhile, and
    ``turn`` waits for one's turn, where a service is asked at a pace, and holds it while a request is under way.
    ``odd`` values could not be read and were given up so far, among them ``lost`` items of collections.
    It only reads, but for POSTs and DELETEs of paths that ``writes`` allow.
    Shape of a collection: {"value": [item, ...], "@odata.nextLink": url or absent}.
    Source: https://learn.microsoft.com/graph/paging
    """

    def __init__(
        self,
        *,
        root: str,
        web: Web,
        token: Callable[[bool], str],
        answering: Callable[[str], str] | None = None,
        limits: RetryPolicy | None = None,
        throttle: Throttle | None = None,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        writes: Sequence[re.Pattern[str]] = (),
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.odd = 0
        self.lost = 0
        self._root = root
        self._writes = writes
        self._book = Checkpoint()
        self._wire = Transport(
            root=root,
            web=web,
            token=token,
            answering=answering,
            limits=limits,
            throttle=throttle,
            turn=turn,
            sleep=sleep,
            monotonic=monotonic,
        )

    @property
    def usage(self) -> Usage:
        """What was asked through this object so far."""
        return self._wire.meter.usage

    def keep_in(self, checkpoint: Checkpoint) -> None:
        """Take pages that the book has from there, and put those that Microsoft sends into it."""
        self._book = checkpoint

    @property
    def throttle(self) -> Throttle:
        """The gate of the service that is asked through this object."""
        return self._wire.throttle

    def can_follow(self, link: str) -> bool:
        """Whether a link that was kept leads to this Graph."""
        try:
            below(link, {}, self._root)
        except HostileLink:
            return False
        return True

    def get(self, path: str, *, type: type[T], **query: str) -> T:  # noqa: A002 - reads well
        """One object, in the caller's form; the rest is as for ``items``."""
        return self._read(address(path, query), type)

    def items(self, path: str, *, type: type[T], **query: str) -> Iterator[T]:  # noqa: A002 - reads well
        """Every item of a collection, page after page.

        Args:
            path: the collection below /v1.0, for example "/subscribedSkus".
            type: the form of one item.
            query: OData options without the dollar: select="id,displayName".

        Raises:
            MicrosoftError: of the kind that the failed page stands for.
        """
        for page in self.pages(path, type=type, **query):
            yield from page.items

    def pages(self, place: str, *, type: type[T], **query: str) -> Iterator[Page[T]]:  # noqa: A002 - reads well
        """Every page of a collection, which is a path with options, or a link that Graph gave us."""
        first = self._page(below(place, query, self._root), type)
        return self.on(first, type=type)

    def on(self, page: Page[T], *, type: type[T]) -> Iterator[Page[T]]:  # noqa: A002 - reads well
        """The page itself and all that follow it.

        Raises:
            HostileLink: a link leads elsewhere.
            ResyncRequired: Microsoft does not honour a link of its own.
            UnexpectedAnswer: links go in a circle, or never end.
        """
        seen: set[str] = set()
        while True:
            self.count_odd(page)
            yield page
            if page.next_link is None:
                return
            if page.next_link in seen or len(seen) >= _MOST_PAGES:
                raise UnexpectedAnswer("the pages of a collection go in a circle, or never end")
            seen.add(page.next_link)
            page = self._follow(page.next_link, type)

    def count_odd(self, page: Page[Any]) -> None:
        """Count what of a page was given up, once; pages that ``on`` walks are counted by it."""
        self.odd, self.lost = self.odd + page.odd, self.lost + page.lost
        page.odd = page.lost = 0

    def batch(self, requests: Sequence[BatchRequest]) -> dict[str, BatchResponse]:
        """Ask any number of questions, 20 a request; parts that were throttled are asked again.

        Returns:
            an answer for every ask, by its id; a part that still fails says so in its own answer.

        Raises:
            MicrosoftError: the batch as a whole failed.
            HostileLink: an ask's link leads elsewhere.
            WriteNotAllowed: an ask would write where this client may not.
        """
        self._refuse_writes(requests)
        answers: dict[str, BatchResponse] = {}
        for chunk in chunks(requests):
            asked = {ask.id: part_of(ask, below(ask.path, ask.query, self._root)) for ask in chunk}
            throttles = {ask.id: ask.throttle or self._wire.throttle for ask in chunk}
            answers |= BatchExecution(asked, throttles, self._wire.call()).settle()
        used = sum((it.usage for it in answers.values()), Usage())
        self._wire.meter.add(msgspec.structs.replace(used, received_bytes=0))  # the batch's own body is counted
        return answers

    def delete(self, path: str) -> None:
        """Delete one object.

        Raises:
            MissingInMicrosoft: it is not there.
            MicrosoftError: of the kind that the answer stands for.
            WriteNotAllowed: this client may not delete it.
        """
        self._refuse_write(path)
        self._wire.call().send("DELETE", path, None, NoneType)

    def _refuse_writes(self, requests: Sequence[BatchRequest]) -> None:
        for ask in requests:
            if ask.is_write:
                self._refuse_write(ask.path)

    def _refuse_write(self, path: str) -> None:
        if not any(it.fullmatch(path) for it in self._writes):
            raise WriteNotAllowed(f"this client may not write to {path}")

    def _follow(self, link: str, item: type[T]) -> Page[T]:
        """The page behind a link. Its refusal is no refusal of what we asked: the address is Microsoft's own."""
        try:
            return self._page(relative(link, self._root), item)
        except (RequestRefused, MissingInMicrosoft) as refused:
            raise ResyncRequired(
                str(refused), status=refused.status, graph_code=refused.graph_code, request_id=refused.request_id
            ) from refused

    def _page(self, url: str, item: type[T]) -> Page[T]:
        form = Page[item]  # type: ignore[valid-type] # a type at run time
        kept = self._book.get(url)
        if kept is not None:
            return decode(kept, form)
        self._book.check()
        return self._wire.call().send("GET", url, None, form, seen=partial(self._book.add, url))

    def _read(self, url: str, form: type[T]) -> T:
        return self._wire.call().send("GET", url, None, form)
