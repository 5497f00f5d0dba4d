"""HTTP responses: the status of each error, problem+json bodies, strict JSON request bodies, ETags.

This is the only file that chooses our HTTP status codes. Problem bodies follow RFC 9457.
"""

import codecs
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from shared.errors import (
    AppError,
    Conflict,
    Forbidden,
    Gone,
    IdempotencyKeyReused,
    Invalid,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    PreconditionNeeded,
    Problem,
    TemporaryFailure,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from shared.http.validation import find_problems

JSON = "application/json; charset=utf-8"
PROBLEM_JSON = "application/problem+json; charset=utf-8"
FIRST_ERROR, FIRST_FAULT = 400, 500
MAX_BODY_BYTES = 64 * 1024
MAX_BULK_BODY_BYTES = 2 * 1024 * 1024
_MAX_DEPTH = 32
_MOST_PROBLEMS = 100  # named in one answer
_BRACKET = re.compile(r"[\[\]{}]")
# Of a time in UTC. It begins with the dot, which is rare, so that a long body is searched quickly.
_FRACTION = re.compile(rb'\.(?<="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.)\d+(?=Z")')

STATUS_OF: dict[type[AppError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    Conflict: 409,
    Gone: 410,
    PreconditionFailed: 412,
    TooLarge: 413,
    UnsupportedMedia: 415,
    IdempotencyKeyReused: 422,
    PreconditionNeeded: 428,
    TooManyRequests: 429,
    Unavailable: 503,
    TemporaryFailure: 503,
    AppError: 500,
}

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What a route sends back. A body that ``is_secret`` may be stored encrypted only.

    ``version`` is that of the part of the body that can be changed with If-Match; it begins the ETag.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    is_secret: bool = False
    version: str = ""


class ProblemPlace(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A place in a request that is not valid.

    Attributes:
        pointer: A JSON pointer (RFC 6901) into the body, or "/" and the name of a parameter. Empty for the body itself.
        detail: What is expected there.
        parameter: The name of the query parameter. Absent for a place in the body.
    """

    pointer: str
    detail: str
    parameter: str = ""


class ProblemBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457, with a stable ``code``, what to do next (``remedy``) and the id to quote to support (``trace_id``).

    Attributes:
        type: "urn:problem:" and the code.
        title: The kind of problem, in a few words for people.
        status: The HTTP status of this answer.
        code: The kind of problem, for programs. It never changes its meaning.
        detail: What is wrong with this request, for people.
        remedy: What to do next, for people.
        trace_id: Identifies this request in the log. Quote it to the operator.
        errors: Every invalid place of the request. Absent if the problem is another one.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str
    trace_id: str
    errors: list[ProblemPlace] = []


def ok(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """A JSON response; ``body`` is anything that msgspec encodes. Its times are in full seconds."""
    return ApiResponse(status, _FRACTION.sub(b"", msgspec.json.encode(body)), JSON, dict(headers or {}))


def created(body: object, location: str) -> ApiResponse:
    """A JSON response with status 201; ``location`` is the path at which what was created can be read."""
    return ok(body, status=201, headers={"Location": location})


def download(body: bytes, content_type: str, filename: str, *, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """A file to save. ``filename`` is plain ASCII. The response varies by Accept, which chooses the file's format."""
    all_headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Vary": "Accept", **(headers or {})}
    return ApiResponse(200, body, content_type, all_headers)


def no_content() -> ApiResponse:
    return ApiResponse(204)


def see_other(url: str) -> ApiResponse:
    return ApiResponse(303, headers={"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def status_of(error: AppError) -> int:
    """The HTTP status of an error."""
    return STATUS_OF[next(kind for kind in type(error).__mro__ if kind in STATUS_OF)]


def problem_response(error: AppError, trace_id: str) -> ApiResponse:
    """An error as problem+json; an error with ``wait_s`` gets a Retry-After in whole seconds, at least 1."""
    status = status_of(error)
    places = [
        ProblemPlace(pointer=it.pointer, detail=it.detail, parameter=it.parameter)
        for it in getattr(error, "problems", ())
    ]
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
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    members = getattr(error, "members", {})
    encoded = msgspec.json.encode({**msgspec.to_builtins(body), **members} if members else body)
    return ApiResponse(status, encoded, PROBLEM_JSON, headers)


def with_etag(response: ApiResponse, if_none_match: str) -> ApiResponse:
    """Add a strong ETag of the body; 304 without a body when ``if_none_match`` (the header) names it."""
    digest = hashlib.blake2b(response.body, digest_size=12).hexdigest()
    etag = f'"{response.version}.{digest}"' if response.version else f'"{digest}"'
    headers = {**response.headers, "ETag": etag, "Cache-Control": "private, no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    if etag in known:
        return ApiResponse(304, b"", response.content_type, headers)
    return ApiResponse(response.status, response.body, response.content_type, headers)


def version_in(if_match: str) -> str:
    """The version in the header If-Match, which holds an ETag of a response with one; "*" is any version.

    Raises:
        PreconditionNeeded: there is no such header.
    """
    if not if_match.strip():
        raise PreconditionNeeded("This change was sent without the header If-Match.")
    return if_match.strip().removeprefix("W/").strip('"').partition(".")[0]


def read_json(body: bytes, content_type: str, model: type[Model], *, max_bytes: int = MAX_BODY_BYTES) -> Model:
    """Decode a request body strictly: JSON in UTF-8, 32 levels deep, without duplicate names.

    Which fields are allowed is up to ``model``, a msgspec Struct.

    Raises:
        TooLarge: over ``max_bytes``.
        UnsupportedMedia: the content type is not application/json.
        Invalid: not such JSON, or not of the model; ``problems`` name the first 100 places.
    """
    if len(body) > max_bytes:
        raise TooLarge(f"The body has {len(body)} bytes. The limit is {max_bytes} bytes.")
    if content_type.split(";", maxsplit=1)[0].strip().lower() != "application/json":
        raise UnsupportedMedia(f"The body was sent as {content_type[:80] or 'nothing'!r}.")
    text = _decode_text(body)
    _check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant)
        return msgspec.json.decode(text, type=model)
    except msgspec.ValidationError as error:
        problems = find_problems(value, model, most=_MOST_PROBLEMS) or [Problem("", "another value")]
        raise Invalid("The request does not have the expected format.", problems=problems) from error
    except (ValueError, RecursionError) as error:
        raise Invalid("The body is not valid JSON (RFC 8259).", code="malformed_json") from error


def _decode_text(body: bytes) -> str:
    """Decode UTF-8, without a byte order mark.

    Text in UTF-16 or UTF-32 may be valid UTF-8, but then it holds a NUL, which valid JSON never does.
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


def _check_depth(text: str) -> None:
    """Count brackets outside of strings. Once escapes are removed, every second piece between quotes is a string."""
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    depth = 0
    for bracket in _BRACKET.findall(outside):
        depth += 1 if bracket in "[{" else -1
        if depth > _MAX_DEPTH:
            raise Invalid(f"The JSON nests deeper than {_MAX_DEPTH}.", code="malformed_json")


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a name occurs twice in one object")
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
