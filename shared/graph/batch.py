"""``$batch``: up to 20 requests in one, each answered, refused and throttled for itself.

Source: https://learn.microsoft.com/graph/json-batching
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from shared.graph.answers import Page, decode, meaning, units_of
from shared.graph.errors import MicrosoftError, TokenRejected, Transient, UnexpectedAnswer
from shared.graph.patience import longest
from shared.graph.wire import SUCCESS, Call
from shared.usage import Usage

T = TypeVar("T")

MOST_PARTS = 20
_NOT_COUNTED = Usage()
BATCH = "/$batch"
# With these, Intune means a right that is missing where others answer 403; a new token would not help.
_NO_TOKENS_FAULT = frozenset({"forbidden", "unknownerror"})


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of a batch: a path below /v1.0 with options, or a link that Graph gave us.

    With a ``body`` it is a POST of that object as JSON.
    """

    id: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
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


def chunks(asks: Sequence[Ask]) -> list[Sequence[Ask]]:
    """The questions, 20 together.

    Raises:
        ValueError: two ids are the same but for their case; Graph refuses that, and so do we.
    """
    if len({ask.id.lower() for ask in asks}) != len(asks):
        raise ValueError("two questions of a batch have the same id")
    return [asks[start : start + MOST_PARTS] for start in range(0, len(asks), MOST_PARTS)]


def part_of(ask: Ask, url: str) -> dict[str, Any]:
    """A question as ``$batch`` takes it."""
    if ask.body is None:
        return {"id": ask.id, "method": "GET", "url": url}
    headers = {"Content-Type": "application/json"}
    return {"id": ask.id, "method": "POST", "url": url, "headers": headers, "body": ask.body}


def settle(asked: dict[str, dict[str, Any]], call: Call) -> dict[str, Answer]:
    """Ask until every part is answered, or patience ends; then a failing part says so in its own answer.

    Parts asked again wait the longest time that any of them was told, and go in ever smaller batches. A part whose
    token was rejected is asked again with a new one, once.
    """
    answers: dict[str, Answer] = {}
    waiting = list(asked)
    while waiting:
        for names in _in_lots(waiting, MOST_PARTS >> (call.attempts.number - 1)):
            answers |= _asked({name: asked[name] for name in names}, answers, call)
        errors = {name: error for name in asked if (error := answers[name].error)}
        rejected = [name for name, error in errors.items() if _is_tokens_fault(error)]
        if not rejected or not call.renew(errors[rejected[0]]):
            rejected = []
        passing = {name: error for name, error in errors.items() if isinstance(error, Transient)}
        is_again = bool(passing) and call.attempts.waited(longest(list(passing.values())))
        waiting = [*rejected, *(passing if is_again else ())]
    return answers


def _is_tokens_fault(error: MicrosoftError) -> bool:
    return isinstance(error, TokenRejected) and error.graph_code.lower() not in _NO_TOKENS_FAULT


def _in_lots(names: Sequence[str], size: int) -> list[Sequence[str]]:
    size = max(1, size)
    return [names[at : at + size] for at in range(0, len(names), size)]


def _asked(parts: dict[str, dict[str, Any]], before: dict[str, Answer], call: Call) -> dict[str, Answer]:
    told = call.send("POST", BATCH, msgspec.json.encode({"requests": list(parts.values())}), Parts).responses
    answers = {part.id: _answer(part, before.get(part.id)) for part in told}
    if answers.keys() != parts.keys() or len(told) != len(parts):
        raise UnexpectedAnswer("a batch came back with other parts than it was sent")
    return answers


def _answer(part: _Part, before: Answer | None) -> Answer:
    headers = {name.lower(): str(value) for name, value in (part.headers or {}).items()}
    usage = Usage(
        parts=1,
        units=units_of(headers),
        throttled=int(part.status == 429),
        repeated=int(before is not None),
        received_bytes=len(bytes(part.body)),
    )
    return Answer(part.status, headers, bytes(part.body), before.usage + usage if before else usage)
