"""The Sync Status of a tenant or CSP as stored, and how it changes. What it says in words is in ``statuses``."""

from datetime import datetime, timedelta

import msgspec

from integrations.domain.statuses import EXPLANATIONS, SyncCause, SyncLabel

# How long a waiting state may last before the page marks it as stalled.
STALLED_AFTER: dict[SyncCause, timedelta] = {
    SyncCause.QUEUED: timedelta(minutes=15),
    SyncCause.THROTTLED: timedelta(minutes=60),
    SyncCause.MICROSOFT_UNAVAILABLE: timedelta(minutes=60),
    SyncCause.OUR_CREDENTIAL: timedelta(minutes=15),
    SyncCause.OUR_FAILURE: timedelta(minutes=15),
    SyncCause.CSP_AUTHORIZING: timedelta(minutes=15),
}


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The Sync Status of one tenant or CSP.

    ``since`` is when this cause began; ``evidence`` holds codes and ids, never a token;
    ``last_sync_at`` is the last success, ``last_attempt_at`` the last try; ``failures`` counts in a row.
    """

    cause: SyncCause
    since: datetime
    evidence: dict[str, str] = {}
    next_check_at: datetime | None = None
    last_sync_at: datetime | None = None
    last_attempt_at: datetime | None = None
    failures: int = 0

    @property
    def label(self) -> SyncLabel:
        return EXPLANATIONS[self.cause].label

    def is_stalled(self, now: datetime) -> bool:
        limit = STALLED_AFTER.get(self.cause)
        return limit is not None and now - self.since > limit

    @property
    def is_auth_error(self) -> bool:
        return self.label is SyncLabel.AUTH_ERROR

    @property
    def is_auth_failed(self) -> bool:
        return self.label is SyncLabel.AUTH_FAILED

    @property
    def is_refused(self) -> bool:
        """Whether Microsoft refuses the credential itself: trying it again soon would be of no use."""
        return self.is_auth_error or (self.is_auth_failed and self.cause is not SyncCause.CSP_NO_CHILD_TENANTS)


def begin(cause: SyncCause, now: datetime) -> SyncStatus:
    return SyncStatus(cause=cause, since=now)


def move(
    status: SyncStatus,
    cause: SyncCause,
    now: datetime,
    *,
    evidence: dict[str, str] | None = None,
    next_check_at: datetime | None = None,
) -> SyncStatus:
    """The status after an attempt that ended with ``cause`` at ``now``."""
    worked = EXPLANATIONS[cause].label is SyncLabel.SUCCESS
    return SyncStatus(
        cause=cause,
        since=status.since if status.cause is cause else now,
        evidence=evidence or {},
        next_check_at=next_check_at,
        last_sync_at=now if worked else status.last_sync_at,
        last_attempt_at=now,
        failures=0 if worked else status.failures + 1,
    )


def wait_in_queue(status: SyncStatus, now: datetime) -> SyncStatus:
    """The status while an ordered sync has not begun: nothing was attempted yet."""
    since = status.since if status.cause is SyncCause.QUEUED else now
    return msgspec.structs.replace(status, cause=SyncCause.QUEUED, since=since, evidence={}, next_check_at=now)
