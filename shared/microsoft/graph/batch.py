"""JSON batching: up to 20 requests in one, each of which succeeds, fails or is throttled by itself.

Source: https://learn.microsoft.com/graph/json-batching
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from shared.microsoft.graph.errors import MicrosoftError, Throttled, TokenRejected, Transient, UnexpectedAnswer
from shared.microsoft.graph.responses import Page, decode, error_of_response, units_of
from shared.microsoft.graph.retry_policy import longest_wait
from shared.microsoft.graph.throttle import Throttle
from shared.microsoft.graph.transport import SUCCESS, GraphCall
from shared.microsoft.usage import Usage

T = TypeVar("T")

MAX_BATCH_REQUESTS = 20
_NO_USAGE = Usage()
_THROTTLED, _DOWN = 429, 503
_BAD_GATEWAY = 502
_UNREADABLE_PART = msgspec.Raw(b'{"error": {"code": "unreadable_part"}}')
BATCH = "/$batch"
# With these codes a 401 of Intune means a missing permission (403 elsewhere), which a new token does not cure.
_NOT_THE_TOKENS_FAULT = frozenset({"forbidden", "unknownerror"})


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request of a batch: a path below /v1.0 with its options, or a link from Graph.

    With a ``body`` it is a POST of that object as JSON; with ``is_delete`` a DELETE. ``throttle`` is the throttle of
    the service that the request goes to; None means the client's own.
    """

    id: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    is_delete: bool = False
    throttle: Throttle | None = None

    @property
    def is_write(self) -> bool:
        return self.is_delete or self.body is not None


@dataclass(frozen=True, slots=True)
class BatchResponse:
    """The response to one request of a batch; ``page`` and ``value`` raise the error that its status stands for.

    ``usage`` counts all attempts of this request, without the HTTP requests that it shared with others.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    usage: Usage = _NO_USAGE

    def page(self, item: type[T]) -> Page[T]:
        """The body as a page of items.

        Raises:
            MicrosoftError: of the kind that the status stands for.
        """
        return self.value(Page[item])  # type: ignore[valid-type] # a type at run time

    def value(self, form: type[T]) -> T:
        """The body, decoded into ``form``.

        Raises:
            MicrosoftError: of the kind that the status stands for.
        """
        if error := self.error:
            raise error
        return decode(self.body, type=form)

    @property
    def error(self) -> MicrosoftError | None:
        """The error that the status stands for; None for a success."""
        return error_of_response(self.status, self.headers, self.body) if self.status not in SUCCESS else None


class _BatchPart(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] | None = None
    body: msgspec.Raw = msgspec.Raw(b"{}")


class Parts(msgspec.Struct):
    """Shape: {"responses": [{"id", "status", "headers", "body"}, ...]}, in any order."""

    responses: list[_BatchPart]


def check_ids(requests: Sequence[BatchRequest]) -> None:
    """Check that each request can be told apart.

    Raises:
        ValueError: two ids differ at most in their case, which Graph refuses.
    """
    if len({request.id.lower() for request in requests}) != len(requests):
        raise ValueError("two requests of a batch have the same id")


def part_of(request: BatchRequest, url: str) -> dict[str, Any]:
    """A request as an element of ``$batch``."""
    if request.body is None:
        return {"id": request.id, "method": "DELETE" if request.is_delete else "GET", "url": url}
    headers = {"Content-Type": "application/json"}
    return {"id": request.id, "method": "POST", "url": url, "headers": headers, "body": request.body}


@dataclass(slots=True)
class BatchExecution:
    """Sends parts, 20 in a batch, until each has a response. ``throttles`` are those of the parts' services, by id."""

    parts: dict[str, dict[str, Any]]
    throttles: dict[str, Throttle]
    call: GraphCall
    responses: dict[str, BatchResponse] = field(default_factory=dict)

    def run(self) -> dict[str, BatchResponse]:
        """Send the parts, and retry those that failed in a way that may pass, as long as the retry policy allows.

        Retried parts wait for the longest Retry-After among them, and go in ever smaller batches. Parts whose token was
        rejected are retried once with a new one. A part whose service is blocked for longer than the policy's longest
        wait gets a 429 or 503 without being sent.

        Returns:
            the responses by id; a part that still fails says so in its own response.

        Raises:
            MicrosoftError: the batch as a whole failed.
        """
        waiting = list(self.parts)
        while waiting:
            for ids in _slices(waiting, MAX_BATCH_REQUESTS >> (self.call.attempts.number - 1)):
                self._send([id_ for id_ in ids if not self._is_blocked(id_)])
            waiting = self._to_retry()
        return self.responses

    def _to_retry(self) -> list[str]:
        """Wait as the failed parts require, and return the ids to send again; empty when the batch is done."""
        errors = {id_: error for id_ in self.parts if (error := self.responses[id_].error)}
        rejected = [id_ for id_, error in errors.items() if _is_token_fault(error)]
        if not rejected or not self.call.renew_token(errors[rejected[0]]):
            rejected = []
        transient = {id_: error for id_, error in errors.items() if isinstance(error, Transient)}
        retriable = {id_: error for id_, error in transient.items() if self._can_retry_soon(id_, error)}
        may_retry = bool(retriable) and self.call.attempts.wait_before_retry(longest_wait(list(retriable.values())))
        return [*rejected, *(retriable if may_retry else ())]

    @property
    def _max_wait_s(self) -> float:
        return self.call.attempts.max_wait_s

    def _can_retry_soon(self, id_: str, error: Transient) -> bool:
        return (error.wait_s or 0.0) <= self._max_wait_s and self.throttles[id_].refusal(self._max_wait_s) is None

    def _is_blocked(self, id_: str) -> bool:
        """Whether a part's service is blocked for longer than we wait; then the part gets that as its response."""
        refusal = self.throttles[id_].refusal(self._max_wait_s)
        if refusal is not None:
            before = self.responses.get(id_)
            headers = {"retry-after": str(refusal.wait_s)} if refusal.wait_s else {}
            status = _THROTTLED if isinstance(refusal, Throttled) else _DOWN
            self.responses[id_] = BatchResponse(status, headers, b"{}", before.usage if before else _NO_USAGE)
        return refusal is not None

    def _send(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        body = msgspec.json.encode({"requests": [self.parts[id_] for id_ in ids]})
        throttles = [self.throttles[id_] for id_ in ids]
        received = self.call.send("POST", BATCH, body, Parts, throttles=throttles).responses
        counts = Counter(part.id for part in received)
        unambiguous = {part.id: part for part in received if counts[part.id] == 1}
        if not unambiguous.keys() & set(ids):
            raise UnexpectedAnswer("the response to a batch holds none of its parts")
        for id_ in ids:
            # A part with two responses, none, or an unreadable one counts as a transient failure of this part alone.
            response = _response_of(
                unambiguous.get(id_) or _BatchPart(id_, _BAD_GATEWAY, body=_UNREADABLE_PART), self.responses.get(id_)
            )
            self.throttles[id_].learn_from(response.headers, response.error)
            self.responses[id_] = response


def _is_token_fault(error: MicrosoftError) -> bool:
    return isinstance(error, TokenRejected) and error.graph_code.lower() not in _NOT_THE_TOKENS_FAULT


def _slices(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    size = max(1, size)
    return [ids[at : at + size] for at in range(0, len(ids), size)]


def _response_of(part: _BatchPart, before: BatchResponse | None) -> BatchResponse:
    headers = {name.lower(): str(value) for name, value in (part.headers or {}).items()}
    usage = Usage(
        parts=1,
        units=units_of(headers),
        throttled=int(part.status == 429),
        repeated=int(before is not None),
        received_bytes=len(bytes(part.body)),
    )
    return BatchResponse(part.status, headers, bytes(part.body), before.usage + usage if before else usage)
