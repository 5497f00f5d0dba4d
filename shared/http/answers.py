"""HTTP answers: which status each error becomes, problem+json bodies, strict JSON in, ETags out.

The one file that chooses our HTTP status codes. Problem bodies follow RFC 9457.
"""

import codecs
import hashlib
import inspect
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from shared.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Problem,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
    Waiting,
)

JSON = "application/json; charset=utf-8"
PROBLEM_JSON = "application/problem+json; charset=utf-8"
FIRST_ERROR, FIRST_FAULT = 400, 500
MOST_BODY_BYTES = 64 * 1024
_DEEPEST = 32
_BRACKET = re.compile(r"[\[\]{}]")

STATUS_OF: dict[type[AppError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    UnsupportedMedia: 415,
    KeyReused: 422,
    TooManyRequests: 429,
    Unavailable: 503,
    Waiting: 503,
    AppError: 500,
}

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What a door sends back. ``is_secret`` tells that its body may be kept under seal only."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    is_secret: bool = False


class ProblemPlace(msgspec.Struct, kw_only=True):
    pointer: str
    detail: str


class ProblemBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457, with a stable ``code``, what to do (``remedy``) and the id to quote (``trace_id``)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str
    trace_id: str
    errors: list[ProblemPlace] = []


def ok(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> ApiResponse:
    return ApiResponse(status, msgspec.json.encode(body), JSON, dict(headers or {}))


def download(body: bytes, content_type: str, filename: str, *, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """A file for people to keep; which form it has depends on the Accept header. ``filename`` is plain ASCII."""
    told = {"Content-Disposition": f'attachment; filename="{filename}"', "Vary": "Accept", **(headers or {})}
    return ApiResponse(200, body, content_type, told)


def no_content() -> ApiResponse:
    return ApiResponse(204)


def see_other(url: str) -> ApiResponse:
    return ApiResponse(303, headers={"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def status_of(error: AppError) -> int:
    """The status that an error is answered with."""
    return STATUS_OF[next(kind for kind in type(error).__mro__ if kind in STATUS_OF)]


def explained(error: AppError, trace_id: str) -> ApiResponse:
    """The problem+json answer of an error."""
    status = status_of(error)
    places = [ProblemPlace(pointer=p.pointer, detail=p.detail) for p in getattr(error, "problems", ())]
    body = ProblemBody(
        type=f"urn:problem:{error.stable_code}",
        title=error.title,
        status=status,
        code=error.stable_code,
        detail=str(error),
        remedy=error.remedy,
        trace_id=trace_id,
        errors=places,
    )
    wait_s = getattr(error, "wait_s", None)
    headers = {"Cache-Control": "no-store"}
    if wait_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
    if status == STATUS_OF[Unauthenticated]:
        headers["WWW-Authenticate"] = "Bearer"
    return ApiResponse(status, msgspec.json.encode(body), PROBLEM_JSON, headers)


def with_etag(answer: ApiResponse, if_none_match: str) -> ApiResponse:
    """Add a strong ETag; answer 304 when the caller already has this very body."""
    etag = f'"{hashlib.blake2b(answer.body, digest_size=12).hexdigest()}"'
    headers = {**answer.headers, "ETag": etag, "Cache-Control": "private, no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    if etag in known:
        return ApiResponse(304, b"", answer.content_type, headers)
    return ApiResponse(answer.status, answer.body, answer.content_type, headers)


def read_json(body: bytes, content_type: str, model: type[Model]) -> Model:
    """Decode a request body strictly: known fields only, no duplicates, shallow, at most 64 KiB.

    Raises:
        TooLarge, UnsupportedMedia, Invalid: naming the place that is wrong.
    """
    if len(body) > MOST_BODY_BYTES:
        raise TooLarge(f"The body has {len(body)} bytes. The limit is {MOST_BODY_BYTES} bytes.")
    if content_type.split(";", maxsplit=1)[0].strip().lower() != "application/json":
        raise UnsupportedMedia(f"The body was sent as {content_type[:80] or 'nothing'!r}.")
    text = _text(body)
    _refuse_deep(text)
    try:
        json.loads(text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant)
        return msgspec.json.decode(text, type=model)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Invalid("The body is not valid JSON (RFC 8259).", code="malformed_json") from error


def _text(body: bytes) -> str:
    """The body, which is UTF-8; a byte order mark before it is not part of it.

    UTF-16 and UTF-32 may pass for UTF-8, but not without a NUL, which no JSON holds.
    """
    try:
        text = body.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Invalid(
            "The body is not UTF-8.", code="not_utf8", remedy="Send the body as JSON in UTF-8 (RFC 8259, section 8.1)."
        )
    return text


def _refuse_deep(text: str) -> None:
    """Look at the brackets outside of strings. Without escapes every second piece between quotes is a string."""
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    depth = 0
    for bracket in _BRACKET.findall(outside):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            raise Invalid(f"The JSON nests deeper than {_DEEPEST}.", code="malformed_json")


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a name occurs twice in one object")
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _invalid(message: str) -> Invalid:
    """Turn msgspec's "Expected `str`, got `int` - at `$.name`" into a problem with a JSON pointer."""
    what, _, path = message.partition(" - at `$")
    pointer = re.sub(r"\[(\d+)\]", r"/\1", path.rstrip("`").replace(".", "/"))
    unknown = re.match(r"Object contains unknown field `(.*)`", what)
    missing = re.match(r"Object missing required field `(.*)`", what)
    if unknown or missing:
        name = (unknown or missing).group(1)  # type: ignore[union-attr] # one of the two matched
        pointer = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        what = "this field is unknown" if unknown else "required field"
    return Invalid("The request does not have the expected format.", problems=[Problem(pointer, what)])


def json_schema(models: list[Any]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """JSON Schemas of models for OpenAPI 3.1, with references below ``#/components/schemas``."""
    references, schemas = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        if "description" in schema:  # Python 3.13 dedents docstrings by itself, older ones do not
            schema["description"] = inspect.cleandoc(schema["description"])
    return references, schemas
