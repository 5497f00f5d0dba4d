"""Graph's HTTP responses: decoded into typed pages and objects, or turned into the error they stand for.

Source: https://learn.microsoft.com/graph/errors, https://learn.microsoft.com/graph/throttling
"""

import email.utils
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from shared.formats.json_text import UnreadableJson, parse_json
from shared.formats.tolerant import decode_tolerant
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
_NOT_LICENSED = frozenset({"authentication_requestfromnonpremiumtenantorb2ctenant", "aadpremiumlicenserequired"})
_NO_INTUNE = "Request not applicable to target tenant."
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_MAX_ERROR_BYTES = 64 * 1024
_MAX_NESTING = 8
_MAX_DIGITS = 9


class Page(msgspec.Struct, Generic[T]):
    """One page of a collection: its items, and the link to the next page or to the next round of changes.

    ``value`` is required: a response without it is not an empty collection. ``unreadable_values`` counts the values
    that could not be decoded and were left out; ``unreadable_items`` counts those of them that were whole items. Both
    are counted here, whatever the response says.
    """

    INDISPENSABLE: ClassVar[frozenset[str]] = frozenset({"next_link", "delta_link"})

    items: list[T] = msgspec.field(name="value")
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)
    unreadable_values: int = msgspec.field(name="@odd", default=0)
    unreadable_items: int = msgspec.field(name="@lost", default=0)


def decode(body: bytes | msgspec.Raw, type: type[T]) -> T:  # noqa: A002 - reads well
    """Decode a body into a type; values that do not fit are left out (``shared.formats.tolerant``).

    Raises:
        UnexpectedAnswer: it is not JSON, or lacks a required field.
    """
    return decode_counting(body, type)[0]


def decode_counting(body: bytes | msgspec.Raw, type: type[T]) -> tuple[T, int]:  # noqa: A002 - as above
    """Decode as ``decode`` does, and count the values that were left out. A page carries that count itself, too.

    Raises:
        UnexpectedAnswer: it is not JSON, or lacks a required field.
    """
    try:
        answer, unreadable = decode_tolerant(bytes(body), type)
    except UnreadableJson as error:
        raise UnexpectedAnswer(f"an answer could not be read: {error!s:.200}") from error
    if isinstance(answer, Page):
        answer.unreadable_values, answer.unreadable_items = unreadable.values, unreadable.items
    return answer, unreadable.values


def error_of_response(status: int, headers: Mapping[str, str], body: bytes | msgspec.Raw) -> MicrosoftError:
    """The error that a response stands for, by status and code. Header names are lower-case.

    Source: https://learn.microsoft.com/graph/errors
    """
    error = _error_object(body)
    levels = list(_nested_errors(error))
    codes = [code for level in levels if (code := _code_or_empty(level.get("code")))]
    ids = [request_id for level in levels if (request_id := _code_or_empty(level.get("request-id")))]
    kind = _kind(status, {code.lower() for code in codes}, error.get("message"))
    graph_code = codes[0] if codes else ""
    return kind(
        f"Graph answered {status} {graph_code}".strip(),
        status=status,
        graph_code=graph_code,
        request_id=_code_or_empty(headers.get("request-id")) or (ids[0] if ids else ""),
        wait_s=retry_after_s(headers.get("retry-after")) if issubclass(kind, Transient) else None,
        claims=claims_of(headers) if kind is TokenRejected else "",
    )


def _kind(status: int, codes: set[str], message: object) -> type[MicrosoftError]:
    by_code: tuple[tuple[bool, type[MicrosoftError]], ...] = (
        (status == 410 or (400 <= status < 410 and bool(codes & _RESYNC)), ResyncRequired),
        (status in {400, 403} and (bool(codes & _NOT_LICENSED) or message == _NO_INTUNE), NotLicensed),
        (status == 429, Throttled),
        (status in {408, 423, 424} or (500 <= status != 501), Transient),
        (status == 401, TokenRejected),
        (status == 403, Denied),
        (status == 404, MissingInMicrosoft),
        (status >= 400, RequestRefused),
    )
    return next((kind for holds, kind in by_code if holds), UnexpectedAnswer)


def retry_after_s(text: str | None) -> float | None:
    """Retry-After, a number or an HTTP date, in seconds: at least 1 s, at most 15 minutes; None when absent."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text)
    if seconds != seconds:  # noqa: PLR0124 - only NaN differs from itself
        return SHORTEST_WAIT_S
    return min(max(seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def units_of(headers: Mapping[str, str]) -> int:
    """The resource units that a request cost, as its response says; 0 when it does not. Header names are lower-case."""
    text = headers.get("x-ms-resource-unit", "")
    return int(text) if text.isdecimal() and len(text) < _MAX_DIGITS else 0


def _seconds_until(text: str) -> float:
    """Seconds until an HTTP date, negative when it is past; 0 for text that is not a date."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


def _error_object(body: bytes | msgspec.Raw) -> dict[str, Any]:
    """The response's ``error`` object; empty when the body is not one of Graph's error bodies."""
    try:
        content = parse_json(bytes(body)) if len(bytes(body)) <= _MAX_ERROR_BYTES else None
    except UnreadableJson:
        return {}
    error = content.get("error") if isinstance(content, dict) else None
    return error if isinstance(error, dict) else {}


def _nested_errors(error: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The error and its nested errors, outermost first. Graph spells ``innerError`` in two ways."""
    level: Any = error
    for _ in range(_MAX_NESTING):
        if not isinstance(level, dict):
            return
        yield level
        level = level.get("innerError") or level.get("innererror")


def _code_or_empty(value: object) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""
