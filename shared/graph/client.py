"""Microsoft Graph v1.0: collections, single objects and batches, with every rule of paging and waiting.

A page that fails raises; a caller never sees half a collection as whole. Waits that Microsoft asks for are
kept inside the call when they are short, and told to the caller when they are not.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Semaphore
from typing import Any, TypeVar

import msgspec

from shared.graph.answers import Page, decode, meaning
from shared.graph.errors import MicrosoftError, TokenRejected, Transient, UnexpectedAnswer
from shared.graph.links import VERSION, address, relative
from shared.web import Response, Unreachable, Web

T = TypeVar("T")

MOST_PARTS = 20
_MOST_PAGES = 10_000
_USER_AGENT = "MicrosoftTenantIntegrations/1"


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient one Graph object is, in seconds; ``tries`` are of one request."""

    tries: int = 4
    max_wait_s: float = 20.0
    call_s: float = 60.0
    in_flight: int = 8


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of a batch: a path with options, or a link that Graph gave us."""

    id: str
    path: str
    query: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One part's answer; asking for its page raises what the part's status stands for."""

    status: int
    headers: dict[str, str]
    body: bytes

    def page(self, item: type[T]) -> Page[T]:
        if self.status != 200:
            raise meaning(self.status, self.headers, self.body)
        return decode(self.body, type=Page[item])  # type: ignore[valid-type] # a type at run time


class _Part(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] | None = None
    body: msgspec.Raw = msgspec.Raw(b"{}")


class _Parts(msgspec.Struct):
    responses: list[_Part]


class Graph:
    """Graph of one tenant. ``token(fresh)`` gives a bearer token, a new one when ``fresh``.

    Shape of a collection: {"value": [item, ...], "@odata.nextLink": url or absent}.
    Source: https://learn.microsoft.com/graph/paging, https://learn.microsoft.com/graph/json-batching
    """

    def __init__(
        self,
        *,
        root: str,
        web: Web,
        token: Callable[[bool], str],
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._root = root
        self._web = web
        self._token = token
        self._limits = limits or Limits()
        self._sleep = sleep
        self._flying = Semaphore(self._limits.in_flight)

    def items(self, path: str, *, type: type[T], **query: str) -> Iterator[T]:  # noqa: A002 - reads well
        """Every item of a collection, page after page.

        Args:
            path: the collection below /v1.0, for example "/subscribedSkus".
            type: the form of one item.
            query: OData options without the dollar: select="id,displayName".

        Raises:
            MicrosoftError: of the kind that the failed page stands for.
        """
        first = self._page(address(path, query), type)
        for page in self.on(first, type=type):
            yield from page.items

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
        """Ask up to any number of questions, 20 a request; parts that were throttled are asked again.

        Returns:
            an answer for every ask, by its id; a part that still fails says so in its own answer.
        """
        answers: dict[str, Answer] = {}
        for start in range(0, len(asks), MOST_PARTS):
            answers |= self._batch(asks[start : start + MOST_PARTS])
        return answers

    def _batch(self, asks: Sequence[Ask]) -> dict[str, Answer]:
        waiting = {ask.id: self._address(ask) for ask in asks}
        answers: dict[str, Answer] = {}
        for number in range(1, self._limits.tries + 1):
            answers |= self._send_batch(waiting)
            errors = {name: error for name in waiting if (error := _passing(answers[name]))}
            pause_s = max((_pause(error, number) for error in errors.values()), default=0.0)
            if not errors or number == self._limits.tries or pause_s > self._limits.max_wait_s:
                break
            self._sleep(pause_s)
            waiting = {name: waiting[name] for name in errors}
        return answers

    def _send_batch(self, waiting: dict[str, str]) -> dict[str, Answer]:
        parts = [{"id": name, "method": "GET", "url": url} for name, url in waiting.items()]
        body = msgspec.json.encode({"requests": parts})
        response = self._send("POST", "/$batch", body)
        told = {part.id: part for part in decode(response.body, type=_Parts).responses}
        if told.keys() != waiting.keys():
            raise UnexpectedAnswer("a batch came back without some of its parts")
        return {name: _answer(part) for name, part in told.items()}

    def _address(self, ask: Ask) -> str:
        return relative(ask.path, self._root) if "://" in ask.path else address(ask.path, ask.query)

    def _page(self, url: str, item: type[T]) -> Page[T]:
        response = self._send("GET", url)
        return decode(response.body, type=Page[item])  # type: ignore[valid-type] # a type at run time

    def _send(self, method: str, url: str, body: bytes | None = None) -> Response:
        """One request until it succeeds, or until its refusal is one that waiting here does not cure."""
        fresh = False
        for number in range(1, self._limits.tries + 1):
            try:
                return self._send_once(method, url, body, fresh=fresh)
            except TokenRejected:
                if fresh:
                    raise
                fresh = True
            except Transient as error:
                pause_s = _pause(error, number)
                if number == self._limits.tries or pause_s > self._limits.max_wait_s:
                    raise
                self._sleep(pause_s)
        raise Transient("Graph rejected our token and did not answer to a new one")

    def _send_once(self, method: str, url: str, body: bytes | None, *, fresh: bool) -> Response:
        headers = {
            "Authorization": f"Bearer {self._token(fresh)}",
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
                    method, f"{self._root}{VERSION}{url}", headers=headers, body=body, within_s=self._limits.call_s
                )
            except Unreachable as error:
                raise Transient(str(error)) from error
        if response.status != 200:
            raise meaning(response.status, response.headers, response.body)
        return response


def _passing(answer: Answer) -> MicrosoftError | None:
    """The error of a part that may succeed when asked again."""
    if answer.status == 200:
        return None
    error = meaning(answer.status, answer.headers, answer.body)
    return error if isinstance(error, Transient) else None


def _answer(part: _Part) -> Answer:
    headers = {name.lower(): str(value) for name, value in (part.headers or {}).items()}
    return Answer(part.status, headers, bytes(part.body))


def _pause(error: MicrosoftError, number: int) -> float:
    """What Microsoft asked for; else 1, 2, 4 ... seconds, each between half and whole of it."""
    if error.wait_s is not None:
        return error.wait_s
    return float(min(1 << (number - 1), 60)) * (0.5 + random.random() / 2)  # noqa: S311 - spreads load, no secret
