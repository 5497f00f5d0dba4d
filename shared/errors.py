"""Errors that we can explain to a caller: what went wrong, and what to do about it.

AppError
├── Invalid             400  the request is malformed; ``problems`` name each place
├── Unauthenticated     401  no valid bearer token
├── Forbidden           403  the caller is known but may not do this
├── NotFound            404  absent, or of another account: the same response for both
├── MethodNotAllowed    405  the path has no such method; ``allowed`` are those it has
├── Conflict            409  the current state does not allow it
├── Gone                410  it was there, and is kept no longer
├── PreconditionFailed  412  it was changed since the ETag that was sent
├── TooLarge            413
├── UnsupportedMedia    415
├── KeyReused           422  an idempotency key used for two different requests
├── PreconditionNeeded  428  a change that needs If-Match came without
├── TooManyRequests     429  with ``wait_s``
└── Unavailable         503  storage or another service is out; with ``wait_s``
The HTTP status of each is decided only in ``shared/http/responses.py``. TooManyRequests and Unavailable are
TemporaryFailures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class AppError(Exception):
    """An error with a stable ``code``, a sentence of detail (``str``) and a ``remedy``, which says what to do next."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    remedy: str = "Try again in a few minutes."

    def __init__(self, detail: str = "", *, code: str | None = None, remedy: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.stable_code = code or self.code
        self.remedy = remedy or self.remedy


@dataclass(frozen=True, slots=True)
class Problem:
    """One place in a request that is wrong; ``pointer`` is a JSON pointer (RFC 6901), "" for the whole body.

    ``parameter`` is the name of a query parameter, empty for a place in the body.
    """

    pointer: str
    detail: str
    parameter: str = ""


class Invalid(AppError):
    code = "invalid"
    title = "The request is not valid"
    remedy = "Correct the request and send it again."

    def __init__(
        self,
        detail: str = "",
        *,
        problems: Sequence[Problem] = (),
        code: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, remedy=remedy)
        self.problems = tuple(problems)


class Unauthenticated(AppError):
    code = "unauthenticated"
    title = "Sign in first"
    remedy = "Send a fresh portal token in the Authorization header, as 'Bearer <token>'."


class Forbidden(AppError):
    code = "forbidden"
    title = "You are not allowed to do this"
    remedy = "Ask an Administrator of your account."


class NotFound(AppError):
    code = "not_found"
    title = "Not found"
    remedy = "Reload the page. It may have been removed."


class MethodNotAllowed(AppError):
    code = "method_not_allowed"
    title = "This path does not have this method"
    remedy = "Use one of the methods in Allow. GET /api/openapi.json describes every path."

    def __init__(self, detail: str, *, allowed: Sequence[str]) -> None:
        super().__init__(detail)
        self.allowed = tuple(allowed)


class Conflict(AppError):
    code = "conflict"
    title = "The current state does not allow this"
    remedy = "Reload the page to see the current state."

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        remedy: str | None = None,
        wait_s: float | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        """``members`` are further members of the problem (RFC 9457), as they are encoded."""
        super().__init__(detail, code=code, remedy=remedy)
        self.wait_s = wait_s
        self.members = dict(members or {})


class PreconditionFailed(AppError):
    code = "changed_since_read"
    title = "This was changed since you read it"
    remedy = "Read it again, and send the change with the new ETag."


class PreconditionNeeded(AppError):
    code = "if_match_needed"
    title = "This change needs the header If-Match"
    remedy = "Read what you want to change, and send its ETag in If-Match."


class Gone(AppError):
    code = "gone"
    title = "This is no longer kept"
    remedy = "Read what is there now."


class TooLarge(AppError):
    code = "too_large"
    title = "The request is too large"
    remedy = "Send a smaller request."


class UnsupportedMedia(AppError):
    code = "unsupported_media_type"
    title = "The request must be JSON"
    remedy = "Send the body as UTF-8 JSON with Content-Type: application/json."


class IdempotencyKeyReused(AppError):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"
    remedy = "Use a new Idempotency-Key for a new request."


class TemporaryFailure(AppError):
    """A failure that is expected to pass; ``wait_s`` is when to retry, in seconds."""

    def __init__(
        self,
        detail: str = "",
        *,
        wait_s: float = 5.0,
        code: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, remedy=remedy)
        self.wait_s = wait_s


class TooManyRequests(TemporaryFailure):
    code = "too_many_requests"
    title = "Too many requests"
    remedy = "Wait for the time in Retry-After, then continue."


class Unavailable(TemporaryFailure):
    code = "unavailable"
    title = "A service that we depend on is not responding"
    remedy = "Nothing was changed. Try again in a moment."


class NotConfigured(Unavailable):
    """A setting is missing or wrong; the operator sees which one, the caller does not."""

    code = "not_configured"
    title = "The service is not configured"
    remedy = "Ask the operator of this service to check its start-up log."
