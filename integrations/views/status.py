"""A status as the API shows it: label, colour, explanation, remedy, and whether its next check is overdue."""

from datetime import datetime, timedelta
from typing import Annotated, NamedTuple

import msgspec

from integrations.domain.csp.gdap import CspAuth
from integrations.domain.integrations import Running
from integrations.domain.jobs.given_up import DETAILS, OUR_FAILURE, REMEDY, GivenUp
from integrations.domain.statuses import COLOUR_OF, COLOURS, EXPLANATIONS, SyncCause, SyncLabel, remedy_of
from integrations.domain.sync.schedule import overdue_since
from integrations.domain.sync_status import SyncStatus
from shared.http.schemas import one_of


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """A status with everything needed to understand it and act on it.

    ``stale``: this is the last known status, read at ``as_of``. ``overdue_since`` is set when the next check should
    have come long ago.

    Attributes:
        label: The status as the page shows it.
        colour: The colour in which the page shows it.
        reason: Why, as a code for programs. Several causes can have the same reason.
        reason_label: The reason in words, where the label alone does not say it: of Auth Failed. Otherwise null.
        cause: What exactly led to this status, as a code.
        detail: What this status means, for people.
        remedy: What to do, and who can do it, for people.
        evidence: What the status was concluded from, such as Microsoft's error code and request id. Empty if
            there is none.
        since: When the status began. Repeated checks with the same result leave it as it is.
        next_check_at: When this is checked again without anybody's help. Null if nothing is planned.
        stalled: Whether it has been waiting for Microsoft for longer than usual.
        stale: Whether this is only the last known status, because it cannot be checked at present.
        as_of: When it was last checked completely. Null for a status that does not depend on a CSP.
        overdue_since: Since when the next check is overdue. Null while it is on time.
        ends_at: When the first required role of a CSP's customer ends, if that is within 30 days. Otherwise null.
    """

    label: Annotated[str, one_of(SyncLabel, CspAuth)]
    colour: Annotated[str, one_of(*COLOURS)]
    reason: str
    reason_label: str | None = None
    cause: str
    detail: str
    remedy: str
    evidence: dict[str, str]
    since: datetime
    next_check_at: datetime | None
    stalled: bool
    stale: bool = False
    as_of: datetime | None = None
    overdue_since: datetime | None = None
    ends_at: datetime | None = None


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """Why a mapped tenant is not synced at present, whatever its Sync Status is; Sync Now is refused with the same.

    Attributes:
        reason: The cause, for programs.
        detail: What it means, for people.
        remedy: What to do about it, for people. Empty if there is nothing to do.
    """

    reason: str
    detail: str
    remedy: str


class ReadTime(NamedTuple):
    """When a view is read, and the sync period, which decides when a missed check is called overdue."""

    now: datetime
    period: timedelta

    def overdue_since(self, next_at: datetime | None, running: Running | None = None) -> datetime | None:
        """Since when the check planned for ``next_at`` is overdue; None while it is not, or while a run holds it."""
        return to_second(overdue_since(next_at, self.now, self.period, busy_until=running.until if running else None))


def status_view(
    status: SyncStatus, read_time: ReadTime, running: Running | None = None, *, is_customer: bool = False
) -> StatusView:
    """The Sync Status of a tenant or a CSP; ``running`` is the run that holds it, ``is_customer`` says whose it is."""
    explanation = EXPLANATIONS[status.cause]
    return StatusView(
        label=explanation.label.value,
        colour=COLOUR_OF[explanation.label],
        reason=explanation.reason,
        reason_label=explanation.reason_label,
        cause=status.cause.value,
        detail=explanation.detail,
        remedy=remedy_of(status.cause, is_customer=is_customer),
        evidence=status.evidence,
        since=status.since.replace(microsecond=0),
        next_check_at=to_second(status.next_check_at),
        stalled=status.is_stalled(read_time.now),
        overdue_since=read_time.overdue_since(status.next_check_at, running),
    )


def held_back_view(cause: SyncCause | None) -> HeldBack | None:
    """Why a tenant cannot be synced at present; None when it can."""
    if cause is None:
        return None
    explanation = EXPLANATIONS[cause]
    return HeldBack(reason=explanation.reason, detail=explanation.detail, remedy=explanation.remedy)


def given_up_view(given_up: GivenUp | None, read_time: ReadTime) -> StatusView | None:
    """The Error status of a job of ours that was given up; None when it was not."""
    if given_up is None:
        return None
    return StatusView(
        label=SyncLabel.ERROR.value,
        colour=COLOUR_OF[SyncLabel.ERROR],
        reason=OUR_FAILURE,
        cause=OUR_FAILURE,
        detail=DETAILS[given_up.job],
        remedy=REMEDY,
        evidence=given_up.evidence(),
        since=given_up.since.replace(microsecond=0),
        next_check_at=to_second(given_up.next_at),
        stalled=False,
        overdue_since=read_time.overdue_since(given_up.next_at),
    )


def to_second(at: datetime | None) -> datetime | None:
    """A time without its microseconds: the API shows whole seconds."""
    return at.replace(microsecond=0) if at else None
