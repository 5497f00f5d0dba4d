"""Synced data as the API shows it: pages of rows, whole small data sets, and how fresh each data set is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from integrations.domain.sync.datasets import Cursor, DatasetOutcome, warning_of
from integrations.views.status import to_second
from shared.http.schemas import one_of

T = TypeVar("T")

NOT_MAPPED = "not_mapped"
NOT_READ_YET = "not_read_yet"
STATES = one_of(DatasetOutcome, NOT_MAPPED, NOT_READ_YET)


class Rows(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a data set. ``as_of`` is when the whole data set was last read completely.

    Attributes:
        items: The rows of this page.
        as_of: When all rows were last read completely. Null before the first time.
        state: How the last reading ended.
        next_cursor: The cursor of the next page. Null on the last one.
    """

    items: list[T]
    as_of: datetime | None
    state: Annotated[str, STATES]
    next_cursor: str | None


class Part(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """All rows of a small data set. ``as_of`` is when it was last read completely.

    Attributes:
        items: All rows.
        state: How the last reading ended.
        as_of: When all rows were last read completely. Null before the first time.
    """

    items: list[T]
    state: Annotated[str, STATES]
    as_of: datetime | None


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh one data set is. ``as_of`` is when it was last read completely.

    Attributes:
        dataset: The data set, such as users.
        state: How the last reading ended.
        as_of: When it was last read completely. Null before the first time.
        attempted_at: When it was last read, however that ended.
        count: How many rows are stored.
        error: Microsoft's error, or a warning. Empty if there is none.
    """

    dataset: str
    state: Annotated[str, STATES]
    as_of: datetime | None
    attempted_at: datetime
    count: int
    error: str


def state_of(cursor: Cursor | None) -> str:
    """The outcome of the last reading, or "not_read_yet"."""
    return cursor.outcome.value if cursor else NOT_READ_YET


def as_of(cursor: Cursor | None) -> datetime | None:
    """When the data set was last read completely, in whole seconds; None if it never was."""
    return to_second(cursor.complete_at) if cursor else None


def rows_page(rows: Sequence[tuple[str, Any]], cursor: Cursor | None, limit: int) -> Rows[Any]:
    """The first ``limit`` of (key, record) pairs; one pair more than ``limit`` means that another page follows."""
    return Rows(
        items=[record for _, record in rows[:limit]],
        as_of=as_of(cursor),
        state=state_of(cursor),
        next_cursor=rows[limit - 1][0] if len(rows) > limit else None,
    )


def no_rows() -> Rows[Any]:
    """The page of a tenant that is not mapped: none of its data is synced."""
    return Rows(items=[], as_of=None, state=NOT_MAPPED, next_cursor=None)


def dataset_view(cursor: Cursor) -> DatasetView:
    """How fresh one data set is, with the error of its last reading or a warning."""
    return DatasetView(
        dataset=cursor.dataset,
        state=state_of(cursor),
        as_of=as_of(cursor),
        attempted_at=cursor.attempted_at.replace(microsecond=0),
        count=sum(cursor.counts_by_kind.values()),
        error=cursor.error or warning_of(cursor),
    )
