"""Idempotency keys: a request is carried out once per key, and every repetition gets the same response."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict
from integrations.domain.retry_delays import RETRY_IN_PROGRESS_S
from integrations.services import Services
from integrations.storage.control import StoredAnswer, VersionConflict
from integrations.storage.documents import Stored
from shared.errors import AppError, Conflict, IdempotencyKeyReused
from shared.http.responses import FIRST_ERROR, FIRST_FAULT, JSON, PROBLEM_JSON, ApiResponse, problem_response, status_of

_ABANDONED_AFTER = timedelta(seconds=60)
_MOST_CHARACTERS = 30_000  # of a stored body; a table's string property holds 32 Ki


def once_per_key(
    services: Services, actor: Actor, key: str, request: tuple[str, bytes, bytes], do: Callable[[], ApiResponse]
) -> ApiResponse:
    """Carry out a request, unless this user has used the key before: then return the response it got.

    ``request`` is what makes two requests the same: the method, the path with its query, and the body.

    Raises:
        KeyReused: the key was used for another request.
        Conflict: ``in_progress``: the first request is still being carried out.
        AppError: whatever ``do`` raises; it is remembered unless a retry may succeed.
    """
    account = Account(services, actor.account_id)
    row = StoredAnswer(
        key=_digest(actor.name.encode(), key.encode()),
        request_hash=_digest(request[0].encode(), request[1], request[2]),
        at=services.clock(),
    )
    answered = _reserve(account, row)
    if answered is not None:
        return _response(services, answered)
    try:
        response = do()
    except AppError as error:
        _save(account, row, None if _may_succeed_later(error) else problem_response(error, actor.trace_id))
        raise
    except Exception:
        _save(account, row, None)
        raise
    _save(account, row, response)
    return response


def _may_succeed_later(error: AppError) -> bool:
    """Whether the same request may succeed later: after a wait, a version conflict, or a fault of ours."""
    is_our_fault = status_of(error) >= FIRST_FAULT
    return is_our_fault or isinstance(error, VersionConflict) or getattr(error, "wait_s", None) is not None


def _reserve(account: Account, row: StoredAnswer) -> StoredAnswer | None:
    """Reserve the key for this request; the row with the response if the request was answered before."""
    answers = account.control.answers
    stored = answers.find(row.key)
    if stored is not None and stored.value.request_hash != row.request_hash:
        raise IdempotencyKeyReused("This Idempotency-Key was used for another request.")
    if stored is not None and stored.value.status:
        return stored.value
    if stored is None or account.services.clock() - stored.value.at > _ABANDONED_AFTER:
        with ignore_conflict("the same request came twice at once", account_id=account.id):
            with account.change() as change:
                change.write(answers.saved(stored.now(row)) if stored else answers.added(row))
            return None
    raise Conflict(
        "The first request with this Idempotency-Key is still being processed.",
        code="in_progress",
        remedy="Send it again in a moment with the same key.",
        wait_s=RETRY_IN_PROGRESS_S,
    )


def _save(account: Account, row: StoredAnswer, response: ApiResponse | None) -> None:
    """Store the response; without one, or with one that is too long to store, the key becomes free again."""
    answers = account.control.answers
    stored: Stored[StoredAnswer] | None = answers.find(row.key)
    if stored is None:
        return
    body = _body(account.services, row, response) if response else ""
    with account.change() as change:
        if response is None or len(body) > _MOST_CHARACTERS:
            change.write(answers.removed(stored))
            return
        answered = msgspec.structs.replace(
            row,
            status=response.status,
            body=body,
            content_type=response.content_type,
            headers=dict(response.headers),
            is_sealed=response.is_secret,
        )
        change.write(answers.saved(stored.now(answered)))


def _body(services: Services, row: StoredAnswer, response: ApiResponse) -> str:
    return services.envelopes.seal(response.body, place=_place(row)) if response.is_secret else response.body.decode()


def _response(services: Services, row: StoredAnswer) -> ApiResponse:
    """The stored response as it was sent, marked as a repetition.

    Raises:
        SealBroken: it was encrypted, and its key is gone.
    """
    body = services.envelopes.open(row.body, place=_place(row)) if row.is_sealed else row.body.encode()
    usual = PROBLEM_JSON if row.status >= FIRST_ERROR else JSON
    headers = {**row.headers, "Idempotency-Replayed": "true"}
    return ApiResponse(row.status, body, row.content_type or usual, headers, is_secret=row.is_sealed)


def _place(row: StoredAnswer) -> str:
    return f"answer|{row.key}|{row.request_hash}"


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
