"""Data sets, their records and cursors, the outcome of each in a run, and the runs themselves.

A data set ends a run in an outcome of its own; what that means for the tenant is decided by ``cause_after``.
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

# Data sets whose rows are long: each lists many members, people or devices.
LONG_ROWS = frozenset({"device_users", "groups", "mailbox_purposes", "per_user_mfa", "registrations", "sign_ins"})


class ReaderFailed(AppError):
    """A reader raised an unexpected error: a fault of ours, which fails its data set only."""

    code = "our_failure"
    title = "Our own reader failed"


class DatasetOutcome(Enum):
    """The outcome of one data set in a run."""

    FRESH = "fresh"  # read completely and stored
    STALE = "stale"  # Microsoft did not deliver; the earlier rows and delta link are kept
    NOT_LICENSED = "not_licensed"  # the tenant has no licence for it
    DENIED = "denied"  # our application may not read it
    FAILED = "failed"  # Microsoft refused the request itself
    NOT_OFFERED = "not_offered"  # Microsoft does not offer it in this tenant, and promises it to nobody

    @property
    def is_expected(self) -> bool:
        """Whether there is nothing to read, and nothing to be done about it."""
        return self in {DatasetOutcome.NOT_LICENSED, DatasetOutcome.NOT_OFFERED}


class Record(msgspec.Struct, frozen=True):
    """One row of a data set.

    ``key`` is unique in the data set, ``body`` is what is stored (or its JSON), ``kind`` the kind it is counted as.
    """

    key: str
    body: msgspec.Struct | msgspec.Raw
    kind: str = "total"


_ENCODER = msgspec.json.Encoder()
_USUAL_BYTES = 1024  # of a body


def encoded(body: msgspec.Struct) -> msgspec.Raw:
    """The JSON of a body, for readings of a hundred thousand rows: it takes less memory than the object.

    It is copied into memory of its own length: an encoder's own result leaves a hole behind each body.
    """
    buffer = bytearray(_USUAL_BYTES)
    _ENCODER.encode_into(body, buffer)
    return msgspec.Raw(bytes(buffer))


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a reader: everything there is (``is_complete``), or what changed since the last link.

    ``link`` is where the next reading begins; None for a data set that is always read in full. ``counts_by_kind`` is
    set where a record holds more than one thing, and for full readings only. ``odd`` counts values that could not be
    read and were left out; ``lost`` of them were whole items, so that a missing row may be one of these.
    """

    records: Sequence[Record]
    removed: Sequence[str] = ()
    is_complete: bool
    link: str | None = None
    counts_by_kind: Mapping[str, int] | None = None
    odd: int = 0
    lost: int = 0


class Counts(msgspec.Struct, frozen=True):
    """Rows written and removed by one run of one data set.

    Attributes:
        created: Rows that are new.
        changed: Rows that are different.
        removed: Rows that are gone.
    """

    created: int = 0
    changed: int = 0
    removed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.created + other.created, self.changed + other.changed, self.removed + other.removed)


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of a data set, committed with its last rows.

    ``not_before`` is when Microsoft allows the next request, where it named a time. ``complete_at`` is when all
    changes were last stored, ``full_read_at`` when everything was last read instead of changes. ``counts_by_kind``
    counts rows. ``held_back`` counts rows that were missing in the last full reading and not deleted yet
    (``is_mass_loss``). ``kept_rows`` is the number of rows with checkpoints of a reading that was interrupted,
    ``kept_at`` when that reading began. ``odd`` counts values left out since the last full reading. ``version`` is
    the data set's when its rows were last read in full: rows of another version lack what is read today.
    ``evaluated`` is set in an evaluation's cursor.
    """

    dataset: str
    outcome: DatasetOutcome
    attempted_at: datetime
    link: str | None = None
    complete_at: datetime | None = None
    full_read_at: datetime | None = msgspec.field(default=None, name="whole_at")  # stored under its original name
    counts_by_kind: dict[str, int] = msgspec.field(default_factory=dict, name="tallies")
    error: str = ""
    held_back: int = 0
    not_before: datetime | None = None
    kept_rows: int = 0
    kept_at: datetime | None = None
    odd: int = 0
    version: int = 1
    evaluated: Evaluated | None = None


def has_rows(cursor: Cursor | None) -> bool:
    """Whether an evaluation has derived rows and is not switched off."""
    if cursor is None or cursor.evaluated is None or cursor.complete_at is None:
        return False
    return cursor.evaluated.state is not State.OFF


class Confirmed(msgspec.Struct, frozen=True):
    """The latest run that found data sets unchanged, and therefore did not write their cursors again."""

    at: datetime
    datasets: list[str]

    def applied(self, cursor: Cursor) -> Cursor:
        """The cursor as that run would have written it."""
        if cursor.dataset not in self.datasets or cursor.attempted_at >= self.at:
            return cursor
        complete_at = self.at if cursor.outcome is DatasetOutcome.FRESH else cursor.complete_at
        return msgspec.structs.replace(cursor, attempted_at=self.at, complete_at=complete_at)


class DatasetResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One data set in a run. ``usage`` is its share of the common batch plus its own requests.

    Attributes:
        dataset: The data set.
        outcome: How reading it ended.
        counts: Rows that were written and removed.
        error: Microsoft's error code. Absent if there was none.
        seconds: How long reading and storing took, in seconds.
        usage: What was requested for it. The common batch is shared out.
    """

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
    SUPERSEDED = "superseded"  # the mapping changed, or another run was faster: nothing was stored


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sync of one tenant; its id names the slot, so that a slot runs once.

    ``usage`` is everything requested from Microsoft Graph, shared batches included. ``resumed_at`` is when its latest
    part began: a big tenant's run has several, and so has one whose process died. ``trace_id`` is the trace of that
    part, where traces are recorded.

    Attributes:
        id: The run. Later runs have smaller ids.
        tenant_id: The tenant that is synced.
        reason: Why it was started, such as schedule, manual or notified.
        state: How far it is, or how it ended.
        ordered_at: When it was ordered.
        started_at: When a worker began. Null or absent while it is queued.
        resumed_at: When its latest part began. Null or absent if it has only one.
        ended_at: When it ended. Null or absent until then.
        cause: What it led to, as the Sync Status has it. Null or absent until it ends.
        datasets: The result of each data set. Absent until the first one ends.
        usage: Everything that was requested of Microsoft Graph.
        trace_id: The trace of its latest part. Absent where traces are not recorded.
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


def merged(before: Iterable[DatasetResult], after: Iterable[DatasetResult]) -> list[DatasetResult]:
    """The results of two parts of a run: the later outcome, with counts, seconds and usage added up."""
    results = {it.dataset: it for it in before}
    for later in after:
        earlier = results.get(later.dataset)
        results[later.dataset] = later if earlier is None else _added(earlier, later)
    return list(results.values())


def _added(earlier: DatasetResult, later: DatasetResult) -> DatasetResult:
    return msgspec.structs.replace(
        later,
        counts=earlier.counts + later.counts,
        seconds=round(earlier.seconds + later.seconds, 3),
        usage=earlier.usage + later.usage,
    )


# When many rows vanish at once, they are deleted only after a second full reading: a hiccup of Microsoft's must not
# empty a tenant.
MASS_LOSS_SHARE = 0.30
MASS_LOSS_ROWS = 20


def is_mass_loss(vanished: int, before: int) -> bool:
    """Whether so many rows are missing that one full reading is not enough to delete them."""
    return vanished > MASS_LOSS_ROWS and vanished > before * MASS_LOSS_SHARE


def warnings_of(cursors: Iterable[Cursor]) -> dict[str, str]:
    """Data sets with a problem, and the problem; a missing licence is none, nor is what Microsoft does not offer."""
    return {it.dataset: warning for it in cursors if (warning := warning_of(it))}


def warning_of(cursor: Cursor) -> str:
    """The problem of a data set; "" when there is none."""
    if cursor.outcome.is_expected:
        return ""
    if cursor.outcome is not DatasetOutcome.FRESH:
        return cursor.error or cursor.outcome.value
    return f"unreadable_values: {cursor.odd}" if cursor.odd else ""


def cause_after(warnings: Mapping[str, str]) -> SyncCause:
    """The tenant's status after a run in which the core data sets were read; problems of others are warnings."""
    return SyncCause.SYNCED_WITH_WARNINGS if warnings else SyncCause.SYNCED
