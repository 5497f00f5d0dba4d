"""``$batch``: up to 20 requests in one, each answered, refused and throttled for itself.

Source: https://learn.microsoft.com/graph/json-batching
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from shared.microsoft.graph.answers import Page, decode, meaning, units_of
from shared.microsoft.graph.errors import MicrosoftError, Throttled, TokenRejected, Transient, UnexpectedAnswer
from shared.microsoft.graph.retry_policy import longest
from shared.microsoft.graph.throttle import Throttle
from shared.microsoft.graph.transport import SUCCESS, GraphCall
from shared.microsoft.usage import Usage

T = TypeVar("T")

MOST_PARTS = 20
_NOT_COUNTED = Usage()
_THROTTLED, _DOWN = 429, 503
_BAD_GATEWAY = 502
_NOT_READ = msgspec.Raw(b'{"error": {"code": "unreadable_part"}}')
BATCH = "/$batch"
# With these, Intune means a right that is missing where others answer 403; a new token would not help.
_NO_TOKENS_FAULT = frozenset({"forbidden", "unknownerror"})


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One question of a batch: a path below /v1.0 with options, or a link that Graph gave us.

    With a ``body`` it is a POST of that object as JSON; ``is_delete`` deletes what the path names. ``throttle`` is
    that of the service it asks; None: the client's.
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
    """One part's answer; asking for its page raises what the part's status stands for.

    ``usage`` is what this part took, in all its tries; the requests it shared with others are not in it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    usage: Usage = _NOT_COUNTED

    def page(self, item: type[T]) -> Page[T]:
        return self.value(Page[item])  # type: ignore[valid-type] # a type at run time

    def value(self, form: type[T]) -> T:
        """The body of a part that succeeded, in the promised form."""
        if error := self.error:
            raise error
        return decode(self.body, type=form)

    @property
    def error(self) -> MicrosoftError | None:
        return meaning(self.status, self.headers, self.body) if self.status not in SUCCESS else None


class _Part(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] | None = None
    body: msgspec.Raw = msgspec.Raw(b"{}")


class Parts(msgspec.Struct):
    """Shape: {"responses": [{"id", "status", "headers", "body"}, ...]}, in any order."""

    responses: list[_Part]


def chunks(requests: Sequence[BatchRequest]) -> list[Sequence[BatchRequest]]:
    """The questions, 20 together.

    Raises:
        ValueError: two ids are the same but for their case; Graph refuses that, and so do we.
    """
    if len({ask.id.lower() for ask in requests}) != len(requests):
        raise ValueError("two questions of a batch have the same id")
    return [requests[start : start + MOST_PARTS] for start in range(0, len(requests), MOST_PARTS)]


def part_of(ask: BatchRequest, url: str) -> dict[str, Any]:
    """A question as ``$batch`` takes it."""
    if ask.body is None:
        return {"id": ask.id, "method": "DELETE" if ask.is_delete else "GET", "url": url}
    headers = {"Content-Type": "application/json"}
    return {"id": ask.id, "method": "POST", "url": url, "headers": headers, "body": ask.body}


@dataclass(slots=True)
class BatchExecution:
    """The parts of one batch, until each has its answer. ``throttles`` are those of the services that parts ask."""

    asked: dict[str, dict[str, Any]]
    throttles: dict[str, Throttle]
    call: GraphCall
    answers: dict[str, BatchResponse] = field(default_factory=dict)

    def settle(self) -> dict[str, BatchResponse]:
        """Ask until every part is answered, or patience ends; then a failing part says so in its own answer.

        Parts asked again wait the longest time that any of them was told, and go in ever smaller batches. A part whose
        token was rejected is asked again with a new one, once. A part whose service must not be asked for longer than
        we wait is answered without being asked.
        """
        waiting = list(self.asked)
        while waiting:
            for names in _in_lots(waiting, MOST_PARTS >> (self.call.attempts.number - 1)):
                self._ask([name for name in names if not self._is_held(name)])
            waiting = self._again()
        return self.answers

    def _again(self) -> list[str]:
        """The parts to be asked once more, when their time has come."""
        errors = {name: error for name in self.asked if (error := self.answers[name].error)}
        rejected = [name for name, error in errors.items() if _is_tokens_fault(error)]
        if not rejected or not self.call.renew(errors[rejected[0]]):
            rejected = []
        passing = {name: error for name, error in errors.items() if isinstance(error, Transient)}
        soon = {name: error for name, error in passing.items() if self._is_soon(name, error)}
        is_again = bool(soon) and self.call.attempts.waited(longest(list(soon.values())))
        return [*rejected, *(soon if is_again else ())]

    @property
    def _longest_s(self) -> float:
        return self.call.attempts.longest_s

    def _is_soon(self, name: str, error: Transient) -> bool:
        return (error.wait_s or 0.0) <= self._longest_s and self.throttles[name].refusal(self._longest_s) is None

    def _is_held(self, name: str) -> bool:
        """Whether a part's service is not to be asked for longer than we wait; then that is the part's answer."""
        refusal = self.throttles[name].refusal(self._longest_s)
        if refusal is not None:
            before = self.answers.get(name)
            headers = {"retry-after": str(refusal.wait_s)} if refusal.wait_s else {}
            status = _THROTTLED if isinstance(refusal, Throttled) else _DOWN
            self.answers[name] = BatchResponse(status, headers, b"{}", before.usage if before else _NOT_COUNTED)
        return refusal is not None

    def _ask(self, names: Sequence[str]) -> None:
        if not names:
            return
        body = msgspec.json.encode({"requests": [self.asked[name] for name in names]})
        throttles = [self.throttles[name] for name in names]
        told = self.call.send("POST", BATCH, body, Parts, throttles=throttles).responses
        times = Counter(part.id for part in told)
        once = {part.id: part for part in told if times[part.id] == 1}
        if not once.keys() & set(names):
            raise UnexpectedAnswer("a batch came back without a part that it was sent")
        for name in names:
            # What is answered twice, not at all or unreadably is a fault that passes, and costs the others nothing.
            answer = _answer(once.get(name) or _Part(name, _BAD_GATEWAY, body=_NOT_READ), self.answers.get(name))
            self.throttles[name].learn(answer.headers, answer.error)
            self.answers[name] = answer


def _is_tokens_fault(error: MicrosoftError) -> bool:
    return isinstance(error, TokenRejected) and error.graph_code.lower() not in _NO_TOKENS_FAULT


def _in_lots(names: Sequence[str], size: int) -> list[Sequence[str]]:
    size = max(1, size)
    return [names[at : at + size] for at in range(0, len(names), size)]


def _answer(part: _Part, before: BatchResponse | None) -> BatchResponse:
    headers = {name.lower(): str(value) for name, value in (part.headers or {}).items()}
    usage = Usage(
        parts=1,
        units=units_of(headers),
        throttled=int(part.status == 429),
        repeated=int(before is not None),
        received_bytes=len(bytes(part.body)),
    )
    return BatchResponse(part.status, headers, bytes(part.body), before.usage + usage if before else usage)
