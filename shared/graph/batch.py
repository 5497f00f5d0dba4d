"""``$batch``: up to 20 requests in one, each answered, refused and throttled for itself.

Source: https://learn.microsoft.com/graph/json-batching
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from shared.graph.answers import Page, decode, meaning
from shared.graph.errors import MicrosoftError, Transient, UnexpectedAnswer
from shared.graph.patience import Attempts, longest

T = TypeVar("T")

MOST_PARTS = 20
SUCCESS = frozenset({200, 201, 204})


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
    """One part's answer; asking for its page raises what the part's status stands for."""

    status: int
    headers: dict[str, str]
    body: bytes

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

    @property
    def passing(self) -> Transient | None:
        """The error of a part that may succeed when asked again."""
        error = self.error
        return error if isinstance(error, Transient) else None


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


def settle(asked: dict[str, dict[str, Any]], send: Callable[[bytes], Parts], attempts: Attempts) -> dict[str, Answer]:
    """Ask until every part is answered, or patience ends; then a failing part says so in its own answer.

    Parts asked again wait the longest time that any of them was told, and go in ever smaller batches.
    """
    answers: dict[str, Answer] = {}
    waiting = dict(asked)
    while True:
        for part in _in_lots(waiting, MOST_PARTS >> (attempts.number - 1)):
            answers |= _asked(part, send)
        errors = {name: error for name in waiting if (error := answers[name].passing)}
        if not errors or not attempts.waited(longest(list(errors.values()))):
            return answers
        waiting = {name: waiting[name] for name in errors}


def _in_lots(waiting: dict[str, dict[str, Any]], size: int) -> list[dict[str, dict[str, Any]]]:
    names, size = list(waiting), max(1, size)
    return [{name: waiting[name] for name in names[at : at + size]} for at in range(0, len(names), size)]


def _asked(parts: dict[str, dict[str, Any]], send: Callable[[bytes], Parts]) -> dict[str, Answer]:
    told = send(msgspec.json.encode({"requests": list(parts.values())})).responses
    answers = {part.id: _answer(part) for part in told}
    if answers.keys() != parts.keys() or len(told) != len(parts):
        raise UnexpectedAnswer("a batch came back with other parts than it was sent")
    return answers


def _answer(part: _Part) -> Answer:
    headers = {name.lower(): str(value) for name, value in (part.headers or {}).items()}
    return Answer(part.status, headers, bytes(part.body))
