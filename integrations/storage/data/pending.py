"""Marks of changes that no evaluation has processed yet: one row for each data set, beside the cursors.

Rows of the main data partition: ``changed:<data set>``; columns since (when the oldest of these changes was stored),
all (bool: too many to list), or keys, keys1, ... (one JSON list of row keys, in pieces of 30,000 characters). A mark is
written in the transaction that stores the cursor of the reading, and deleted at the version that was read once
evaluations have processed it; a mark that was changed since stays for the next time.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.domain.sync.changed_keys import ALL, Keys, union
from shared.clock import format_utc, parse_utc
from shared.storage.tables import Row, Value, Write, delete, upsert

PENDING = "changed:"
_TEXT_MOST = 30_000  # characters; Azure takes 32 Ki in a column


class Pending(NamedTuple):
    """Changes of one data set; ``etag`` is the version of a mark that was read."""

    keys: Keys
    since: datetime
    etag: str = ""

    @property
    def text(self) -> str:
        """The JSON object that exports contain."""
        keys = None if self.keys is ALL else sorted(self.keys)
        return msgspec.json.encode({"since": format_utc(self.since), "keys": keys}).decode()


class PendingMarker(NamedTuple):
    """Which data sets a session marks changes of, and the time of these changes."""

    datasets: Collection[str]
    now: datetime


class PendingChanges:
    """The marks of one session: those that were stored, and the changes it adds."""

    def __init__(
        self, base: str, stored: Mapping[str, Pending], marker: PendingMarker | None, *, is_doubtful: bool
    ) -> None:
        """``is_doubtful``: an earlier session may have written rows of any data set without marking them."""
        self._base = base
        self._marker = marker
        self._unwritten: set[str] = set()
        self.pending = dict(stored)
        for dataset in marker.datasets if marker and is_doubtful else ():
            self.add(dataset, ALL)

    def add(self, dataset: str, keys: Keys) -> None:
        """Mark these changes with the next commit, together with those that are not processed yet."""
        if self._marker is None or not keys or dataset not in self._marker.datasets:
            return
        known = self.pending.get(dataset)
        since = known.since if known else self._marker.now
        self.pending[dataset] = Pending(union(known.keys, keys) if known else keys, since)
        self._unwritten.add(dataset)

    def writes(self) -> list[Write]:
        """Writes of marks that are not written yet; called once for each commit."""
        datasets, self._unwritten = sorted(self._unwritten), set()
        return [upsert(_row(self._base, dataset, self.pending[dataset])) for dataset in datasets]


def pending_of(rows: Iterable[Row]) -> dict[str, Pending]:
    """The marks among rows, by data set."""
    return {row.key.removeprefix(PENDING): _pending(row) for row in rows if row.key.startswith(PENDING)}


def deletions(base: str, marks: Mapping[str, Pending]) -> list[Write]:
    """Deletions of marks at the versions they were read at."""
    return [delete(Row(base, PENDING + dataset, etag=it.etag)) for dataset, it in marks.items()]


def _row(base: str, dataset: str, pending: Pending) -> Row:
    columns: dict[str, Value] = {"since": format_utc(pending.since), "all": pending.keys is ALL}
    if pending.keys is not ALL:
        text = msgspec.json.encode(sorted(pending.keys)).decode()
        for number, start in enumerate(range(0, len(text), _TEXT_MOST)):
            columns[f"keys{number or ''}"] = text[start : start + _TEXT_MOST]
    return Row(base, PENDING + dataset, columns)


def _pending(row: Row) -> Pending:
    since = parse_utc(row.text("since"))
    if row.values.get("all"):
        return Pending(ALL, since, row.etag)
    parts = [name for name in row.values if name.startswith("keys")]
    text = "".join(row.text(name) for name in sorted(parts, key=lambda it: int(it.removeprefix("keys") or 0)))
    return Pending(frozenset(msgspec.json.decode(text, type=list[str])), since, row.etag)
