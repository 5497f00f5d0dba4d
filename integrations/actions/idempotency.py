"""Idempotency keys: the same request under the same key is done once and answered alike."""

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
_MOST_CHARACTERS = 30_000


def remembered(
    services: Services, actor: Actor, key: str, told: tuple[str, bytes, bytes], do: Callable[[], ApiResponse]
) -> ApiResponse:
    """Do it, unless this user's key has been used: then give the answer it got.

    Raises:
        IdempotencyKeyReused: the key was used for another request.
        Conflict: ``in_progress``: the first one is still being done.
    """
    account = Account(services, actor.account_id)
    row = StoredAnswer(
        key=_digest(actor.name.encode(), key.encode()),
        request_hash=_digest(told[0].encode(), told[1], told[2]),
        at=services.clock(),
    )
    known = _claim(account, row)
    if known is not None:
        return _read(services, known)
    try:
        answer = do()
    except AppError as error:
        _keep(account, row, None if _passes(error) else problem_response(error, actor.trace_id))
        raise
    except Exception:
        _keep(account, row, None)
        raise
    _keep(account, row, answer)
    return answer


def _passes(error: AppError) -> bool:
    """Whether the same request may fare better later: what asks to wait, what was changed meanwhile, our own faults."""
    is_ours = status_of(error) >= FIRST_FAULT
    return is_ours or isinstance(error, VersionConflict) or getattr(error, "wait_s", None) is not None


def _claim(account: Account, row: StoredAnswer) -> StoredAnswer | None:
    """Mark the key as ours; the stored answer when it was answered before."""
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


def _keep(account: Account, row: StoredAnswer, answer: ApiResponse | None) -> None:
    """Store the answer; what failed for the moment, or is too long to keep, may be tried again."""
    answers = account.control.answers
    stored: Stored[StoredAnswer] | None = answers.find(row.key)
    if stored is None:
        return
    body = _body(account.services, row, answer) if answer else ""
    with account.change() as change:
        if answer is None or len(body) > _MOST_CHARACTERS:
            change.write(answers.removed(stored))
            return
        told = msgspec.structs.replace(
            row,
            status=answer.status,
            body=body,
            content_type=answer.content_type,
            headers=dict(answer.headers),
            is_sealed=answer.is_secret,
        )
        change.write(answers.saved(stored.now(told)))


def _body(services: Services, row: StoredAnswer, answer: ApiResponse) -> str:
    return services.envelopes.seal(answer.body, place=_place(row)) if answer.is_secret else answer.body.decode()


def _read(services: Services, row: StoredAnswer) -> ApiResponse:
    """The kept answer, as it was sent. Raises SealBroken when its key is gone."""
    body = services.envelopes.open(row.body, place=_place(row)) if row.is_sealed else row.body.encode()
    usual = PROBLEM_JSON if row.status >= FIRST_ERROR else JSON
    return ApiResponse(row.status, body, row.content_type or usual, row.headers, is_secret=row.is_sealed)


def _place(row: StoredAnswer) -> str:
    return f"answer|{row.key}|{row.request_hash}"


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
