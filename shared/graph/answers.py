"""From an HTTP answer of Graph to its meaning: typed pages, or the error it stands for.

Source: https://learn.microsoft.com/graph/errors, https://learn.microsoft.com/graph/throttling
"""

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from shared.graph.errors import (
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


class Page(msgspec.Struct, Generic[T]):
    """One page of a collection: items, and where it goes on, or where the next round of changes begins."""

    items: list[T] = msgspec.field(name="value", default_factory=list)
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)


class _Inner(msgspec.Struct):
    code: Any = None
    request_id: Any = msgspec.field(name="request-id", default=None)


class _Error(msgspec.Struct):
    code: Any = None
    message: Any = None
    inner: _Inner | None = msgspec.field(name="innerError", default=None)
    inner_lower: _Inner | None = msgspec.field(name="innererror", default=None)


class _ErrorBody(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


def decode(body: bytes | msgspec.Raw, type: type[T]) -> T:  # noqa: A002 - the word of the caller's side
    """Decode into the promised form.

    Raises:
        UnexpectedAnswer: it is not JSON, or not of that form.
    """
    try:
        return msgspec.json.decode(body, type=type)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnexpectedAnswer(f"an answer could not be read: {error!s:.200}") from error


def meaning(status: int, headers: Mapping[str, str], body: bytes | msgspec.Raw) -> MicrosoftError:
    """The error an answer stands for. ``headers`` are lower-case."""
    told = _told(body)
    inner = told.inner or told.inner_lower or _Inner()
    code = _word(told.code) or _word(inner.code)
    codes = {_word(told.code).lower(), _word(inner.code).lower()}
    request_id = _word(headers.get("request-id")) or _word(inner.request_id)
    kind = _kind(status, codes, told.message)
    wait_s = retry_after_s(headers.get("retry-after")) if issubclass(kind, Transient) else None
    return kind(
        f"Graph answered {status} {code}".strip(),
        status=status,
        graph_code=code,
        request_id=request_id,
        wait_s=wait_s,
    )


def _kind(status: int, codes: set[str], message: object) -> type[MicrosoftError]:
    by_code: tuple[tuple[bool, type[MicrosoftError]], ...] = (
        (status == 410 or (status < 500 and bool(codes & _RESYNC)), ResyncRequired),
        (bool(codes & _UNLICENSED) or (status == 400 and message == _NO_INTUNE), NotLicensed),
        (status == 429, Throttled),
        (status in {408, 423, 424, 507, 509} or 500 <= status != 501, Transient),
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


def _until(text: str) -> float:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()


def _told(body: bytes | msgspec.Raw) -> _Error:
    try:
        return msgspec.json.decode(body, type=_ErrorBody).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Error()


def _word(value: object) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""
