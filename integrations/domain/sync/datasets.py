"""What a sync brings home: data sets, their records, and how each of them ended.

A data set ends a run in one of its own states; what that means for the tenant is ``close_run``'s answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.evaluations.progress import Evaluated, State
from integrations.domain.ids import RunId, TenantId
from integrations.domain.statuses import SyncCause
from shared.errors import AppError
from shared.microsoft.usage import Usage


class ReaderFailed(AppError):
    """A reader of ours met what it does not expect: a fault of ours, which costs its data set."""

    code = "our_failure"
    title = "Our own reader failed"


class DatasetOutcome(Enum):
    """How one data set ended a run."""

    FRESH = "fresh"  # read completely and stored
    STALE = "stale"  # Microsoft did not deliver; the old rows and the old cursor stand
    NOT_LICENSED = "not_licensed"  # the tenant has no licence for it
    DENIED = "denied"  # our application may not read it
    FAILED = "failed"  # Microsoft refused the request itself


class Record(msgspec.Struct, frozen=True):
    """One row of a data set.

    ``key`` is unique in the data set, ``body`` is what is stored (or its JSON), ``tally`` the kind it is counted as.
    """

    key: str
    body: msgspec.Struct | msgspec.Raw
    tally: str = "total"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader brought: everything there is (``is_complete``), or what changed since the last link.

    ``link`` is where the next reading begins; None for a data set that is always read whole. ``counts_by_kind`` count
    what is in the records, by kind, where a record holds more than one thing; only for what is read whole.
    ``odd`` values could not be read and were given up; ``lost`` of them were whole items, which may be any that are
    missed.
    """

    records: Sequence[Record]
    removed: Sequence[str] = ()
    is_complete: bool
    link: str | None = None
    counts_by_kind: Mapping[str, int] | None = None
    odd: int = 0
    lost: int = 0


class Counts(msgspec.Struct, frozen=True):
    """Rows written and removed by one run of one data set."""

    created: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.created + other.created, self.changed + other.changed, self.removed + other.removed)


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a data set stands, committed with its last rows.

    ``not_before`` is when Microsoft lets it be asked again, where it named a time.
    ``complete_at`` is when it was last known completely and stored, ``full_read_at`` when all of it was last read
    instead of what changed; ``counts_by_kind`` count its rows by kind; ``held_back`` is how many rows a complete
    reading missed that nobody believes yet (``is_mass_loss``). ``kept_rows`` hold pages of a reading that was broken
    off and goes on; ``kept_at`` is when it began. ``odd`` values have been given up since all was last read.
    An evaluation's cursor tells in ``evaluated`` where that stands.
    """

    dataset: str
    outcome: DatasetOutcome
    attempted_at: datetime
    link: str | None = None
    complete_at: datetime | None = None
    full_read_at: datetime | None = msgspec.field(default=None, name="whole_at")  # stored under its first name
    counts_by_kind: dict[str, int] = msgspec.field(default_factory=dict, name="tallies")
    error: str = ""
    held_back: int = 0
    not_before: datetime | None = None
    kept_rows: int = 0
    kept_at: datetime | None = None
    odd: int = 0
    evaluated: Evaluated | None = None


def has_rows(cursor: Cursor | None) -> bool:
    """Whether an evaluation has made rows, and keeps them up to date or tries to."""
    if cursor is None or cursor.evaluated is None or cursor.complete_at is None:
        return False
    return cursor.evaluated.state is not State.OFF


class Confirmed(msgspec.Struct, frozen=True):
    """The latest run that found data sets to be just as their cursors say, and so did not write these again."""

    at: datetime
    datasets: list[str]

    def applied(self, cursor: Cursor) -> Cursor:
        """The cursor as that run would have written it."""
        if cursor.dataset not in self.datasets or cursor.attempted_at >= self.at:
            return cursor
        complete_at = self.at if cursor.outcome is DatasetOutcome.FRESH else cursor.complete_at
        return msgspec.structs.replace(cursor, attempted_at=self.at, complete_at=complete_at)


class DatasetResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One data set's line in a run. ``usage`` is its own: its parts of the shared batch, and what it asked alone."""

    dataset: str
    outcome: DatasetOutcome
    counts: Counts = Counts()
    error: str = ""
    seconds: float = 0.0
    usage: Usage = Usage()


class RunState(Enum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"  # the mapping changed, or another run was faster: nothing of it was kept


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One pass over one tenant; its id names the slot, so that a slot runs once.

    ``usage`` is all that was asked of Microsoft Graph, shared batches included. ``resumed_at`` is when its latest
    part began: of a big tenant's run that is done in several, or of one whose process died. ``trace_id`` names the
    trace of that part, where traces are kept.
    """

    id: RunId
    tenant_id: TenantId
    reason: str
    state: RunState
    ordered_at: datetime
    started_at: datetime | None = None
    resumed_at: datetime | None = None
    ended_at: datetime | None = None
    cause: SyncCause | None = None
    datasets: list[DatasetResult] = []
    usage: Usage = Usage()
    trace_id: str = ""


def joined(before: Iterable[DatasetResult], after: Iterable[DatasetResult]) -> list[DatasetResult]:
    """What data sets did in two parts of a run: the later word counts, and numbers add up."""
    found = {it.dataset: it for it in before}
    for it in after:
        earlier = found.get(it.dataset)
        found[it.dataset] = (
            it
            if earlier is None
            else msgspec.structs.replace(
                it,
                counts=earlier.counts + it.counts,
                seconds=round(earlier.seconds + it.seconds, 3),
                usage=earlier.usage + it.usage,
            )
        )
    return list(found.values())


# Rows that vanish at once are believed when read twice: a Microsoft hiccup must not empty a tenant.
MASS_LOSS_SHARE = 0.30
MASS_LOSS_ROWS = 20


def is_mass_loss(vanished: int, before: int) -> bool:
    """Whether so many rows vanished that one complete reading is not enough to believe it."""
    return vanished > MASS_LOSS_ROWS and vanished > before * MASS_LOSS_SHARE


def warnings_of(cursors: Iterable[Cursor]) -> dict[str, str]:
    """The data sets that are not as they should be, and why; to lack a licence is nothing to warn of."""
    return {it.dataset: warning for it in cursors if (warning := warning_of(it))}


def warning_of(cursor: Cursor) -> str:
    """What is not as it should be with a data set; "" when nothing is."""
    if cursor.outcome is DatasetOutcome.NOT_LICENSED:
        return ""
    if cursor.outcome is not DatasetOutcome.FRESH:
        return cursor.error or cursor.outcome.value
    return f"unreadable_values: {cursor.odd}" if cursor.odd else ""


def close_run(warnings: Mapping[str, str]) -> SyncCause:
    """The tenant's status after a run in which the core data sets were read; others only warn."""
    return SyncCause.SYNCED_WITH_WARNINGS if warnings else SyncCause.SYNCED
