"""Microsoft Graph v1.0: collections, single objects and batches, with every rule of paging and waiting.

A page that fails raises; a caller never sees half a collection as whole. Waits that Microsoft asks for are
kept inside the call when they are short, and told to the caller when they are not.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from threading import Semaphore
from types import NoneType
from typing import TypeVar

from shared.graph.answers import Page, decode, meaning
from shared.graph.batch import SUCCESS, Answer, Ask, Parts, chunks, part_of, settle
from shared.graph.errors import TokenRejected, Transient, UnexpectedAnswer, WriteNotAllowed
from shared.graph.links import VERSION, address, below, relative
from shared.graph.patience import Attempts, Limits
from shared.web import Response, Unreachable, Web

T = TypeVar("T")

_MOST_PAGES = 10_000
_NOTHING = b"null"  # an answer without a body
_USER_AGENT = "MicrosoftTenantIntegrations/1"


class Graph:
    """Graph of one tenant. ``token(fresh)`` gives a bearer token, a new one when ``fresh``.

    It only reads, but for POSTs and DELETEs of paths that ``writes`` allow.
    At most ``limits.in_flight`` requests are under way at once; further threads wait.
    Shape of a collection: {"value": [item, ...], "@odata.nextLink": url or absent}.
    Source: https://learn.microsoft.com/graph/paging
    """

    def __init__(
        self,
        *,
        root: str,
        web: Web,
        token: Callable[[bool], str],
        limits: Limits | None = None,
        writes: Sequence[re.Pattern[str]] = (),
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._web = web
        self._token = token
        self._limits = limits or Limits()
        self._writes = writes
        self._sleep = sleep
        self._monotonic = monotonic
        self._flying = Semaphore(self._limits.in_flight)

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
            UnexpectedAnswer: links go in a circle, or never end.
        """
        seen: set[str] = set()
        while True:
            yield page
            if page.next_link is None:
                return
            if page.next_link in seen or len(seen) >= _MOST_PAGES:
                raise UnexpectedAnswer("the pages of a collection go in a circle, or never end")
            seen.add(page.next_link)
            page = self._page(relative(page.next_link, self._root), type)

    def batch(self, asks: Sequence[Ask]) -> dict[str, Answer]:
        """Ask any number of questions, 20 a request; parts that were throttled are asked again.

        Returns:
            an answer for every ask, by its id; a part that still fails says so in its own answer.

        Raises:
            MicrosoftError: the batch as a whole failed.
            HostileLink: an ask's link leads elsewhere.
            WriteNotAllowed: an ask would write where this client may not.
        """
        self._refuse_writes(asks)
        answers: dict[str, Answer] = {}
        for chunk in chunks(asks):
            attempts = self._attempts()
            asked = {ask.id: part_of(ask, below(ask.path, ask.query, self._root)) for ask in chunk}

            def send(body: bytes, attempts: Attempts = attempts) -> Parts:
                return self._send("POST", "/$batch", body, Parts, attempts)

            answers |= settle(asked, send, attempts)
        return answers

    def delete(self, path: str) -> None:
        """Delete one object.

        Raises:
            MissingInMicrosoft: it is not there.
            MicrosoftError: of the kind that the answer stands for.
            WriteNotAllowed: this client may not delete it.
        """
        self._refuse_write(path)
        self._send("DELETE", path, None, NoneType, self._attempts())

    def _refuse_writes(self, asks: Sequence[Ask]) -> None:
        for ask in asks:
            if ask.body is not None:
                self._refuse_write(ask.path)

    def _refuse_write(self, path: str) -> None:
        if not any(it.fullmatch(path) for it in self._writes):
            raise WriteNotAllowed(f"this client may not write to {path}")

    def _page(self, url: str, item: type[T]) -> Page[T]:
        return self._read(url, Page[item])  # type: ignore[valid-type] # a type at run time

    def _read(self, url: str, form: type[T]) -> T:
        return self._send("GET", url, None, form, self._attempts())

    def _attempts(self) -> Attempts:
        return Attempts(self._limits, self._sleep, self._monotonic)

    def _send(self, method: str, url: str, body: bytes | None, form: type[T], attempts: Attempts) -> T:
        """One request until it succeeds, or until its refusal is one that waiting here does not cure."""
        token, is_fresh = "", False
        while True:
            try:
                token = token or self._token(is_fresh)
                return decode(self._send_once(method, url, body, token, attempts.left_s).body or _NOTHING, form)
            except TokenRejected:
                if is_fresh:
                    raise
                token, is_fresh = "", True
            except Transient as error:
                if not attempts.waited(error):
                    raise

    def _send_once(self, method: str, url: str, body: bytes | None, token: str, within_s: float) -> Response:
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "User-Agent": _USER_AGENT,
            "client-request-id": str(uuid.uuid4()),
            "x-ms-throttle-priority": "low",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        with self._flying:
            try:
                response = self._web.send(
                    method, f"{self._root}{VERSION}{url}", headers=headers, body=body, within_s=max(0.1, within_s)
                )
            except Unreachable as error:
                raise Transient(str(error)) from error
        if response.status not in SUCCESS:
            raise meaning(response.status, response.headers, response.body)
        return response
