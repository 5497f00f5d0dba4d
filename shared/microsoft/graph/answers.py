"""From an HTTP answer of Graph to its meaning: typed pages, or the error it stands for.

Source: https://learn.microsoft.com/graph/errors, https://learn.microsoft.com/graph/throttling
"""

import email.utils
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from shared.formats.json_text import UnreadableJson, parsed
from shared.formats.tolerant import read
from shared.microsoft.graph.challenge import claims_of
from shared.microsoft.graph.errors import (
    Denied,
    MicrosoftError,
    MissingInMicrosoft,
    NotLicensed,
    RequestRefused,
    ResyncRequired,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)

T = TypeVar("T")

SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 900.0
_RESYNC = frozenset({"syncstatenotfound", "resyncrequired", "directory_expiredpagetoken"})
_UNLICENSED = frozenset({"authentication_requestfromnonpremiumtenantorb2ctenant"})
_NO_INTUNE = "Request not applicable to target tenant."
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_MOST_ERROR_BYTES = 64 * 1024
_DEEPEST_INNER = 8
_MOST_DIGITS = 9


class Page(msgspec.Struct, Generic[T]):
    """One page of a collection: items, and where it goes on, or where the next round of changes begins.

    ``value`` must be there: an answer without it is not an empty collection. ``odd`` is how many values could not be
    read and were given up, ``lost`` how many of these were whole items; what an answer says of either does not count.
    """

    INDISPENSABLE: ClassVar[frozenset[str]] = frozenset({"next_link", "delta_link"})

    items: list[T] = msgspec.field(name="value")
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)
    odd: int = msgspec.field(name="@odd", default=0)
    lost: int = msgspec.field(name="@lost", default=0)


def decode(body: bytes | msgspec.Raw, type: type[T]) -> T:  # noqa: A002 - the word of the caller's side
    """Decode into the promised form; what of it is odd costs itself (``shared.formats.tolerant``).

    Raises:
        UnexpectedAnswer: it is not JSON, or lacks what it means nothing without.
    """
    return decode_counting(body, type)[0]


def decode_counting(body: bytes | msgspec.Raw, type: type[T]) -> tuple[T, int]:  # noqa: A002 - as above
    """The same, and how many values had to be given up; a page knows that itself, too.

    Raises:
        UnexpectedAnswer: as above.
    """
    try:
        answer, odd = read(bytes(body), type)
    except UnreadableJson as error:
        raise UnexpectedAnswer(f"an answer could not be read: {error!s:.200}") from error
    if isinstance(answer, Page):
        answer.odd, answer.lost = odd.values, odd.items
    return answer, odd.values


def meaning(status: int, headers: Mapping[str, str], body: bytes | msgspec.Raw) -> MicrosoftError:
    """The error an answer stands for. ``headers`` are lower-case."""
    error = _error_object(body)
    levels = list(_levels(error))
    codes = [code for level in levels if (code := _word(level.get("code")))]
    ids = [found for level in levels if (found := _word(level.get("request-id")))]
    kind = _kind(status, {code.lower() for code in codes}, error.get("message"))
    graph_code = codes[0] if codes else ""
    return kind(
        f"Graph answered {status} {graph_code}".strip(),
        status=status,
        graph_code=graph_code,
        request_id=_word(headers.get("request-id")) or (ids[0] if ids else ""),
        wait_s=retry_after_s(headers.get("retry-after")) if issubclass(kind, Transient) else None,
        claims=claims_of(headers) if kind is TokenRejected else "",
    )


def _kind(status: int, codes: set[str], message: object) -> type[MicrosoftError]:
    by_code: tuple[tuple[bool, type[MicrosoftError]], ...] = (
        (status == 410 or (400 <= status < 410 and bool(codes & _RESYNC)), ResyncRequired),
        (status in {400, 403} and (bool(codes & _UNLICENSED) or message == _NO_INTUNE), NotLicensed),
        (status == 429, Throttled),
        (status in {408, 423, 424} or (500 <= status != 501), Transient),
        (status == 401, TokenRejected),
        (status == 403, Denied),
        (status == 404, MissingInMicrosoft),
        (status >= 400, RequestRefused),
    )
    return next((kind for holds, kind in by_code if holds), UnexpectedAnswer)


def retry_after_s(text: str | None) -> float | None:
    """Retry-After in whichever form it comes, in seconds, kept between 1 s and 15 minutes; None if absent."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text)
    if seconds != seconds:  # noqa: PLR0124 - only NaN differs from itself
        return SHORTEST_WAIT_S
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def units_of(headers: Mapping[str, str]) -> int:
    """The resource units that an answer says it took. ``headers`` are lower-case."""
    text = headers.get("x-ms-resource-unit", "")
    return int(text) if text.isdecimal() and len(text) < _MOST_DIGITS else 0


def _until(text: str) -> float:
    """Seconds until an HTTP date, of whichever sign; 0 for what is no date."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


def _error_object(body: bytes | msgspec.Raw) -> dict[str, Any]:
    """The answer's ``error``; empty for whatever is not Graph's error body."""
    try:
        told = parsed(bytes(body)) if len(bytes(body)) <= _MOST_ERROR_BYTES else None
    except UnreadableJson:
        return {}
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, dict) else {}


def _levels(error: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The error and what is nested in it, outermost first; Graph spells the nesting in two ways."""
    level: Any = error
    for _ in range(_DEEPEST_INNER):
        if not isinstance(level, dict):
            return
        yield level
        level = level.get("innerError") or level.get("innererror")


def _word(value: object) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""
