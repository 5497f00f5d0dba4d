"""Checkpoints of readings: the pages that one part of a run has read, kept for its next part.

Rows of the main data partition: ``page:<data set>:<5 digits>``, in the order they were added; column text: a piece of
the pages as base64 of MessagePack; column begins: whether the pages of another part begin here.
"""

import base64
from collections.abc import Mapping

import msgspec

from shared.storage.table_clients.rest_table import RestTable
from shared.storage.tables import Row, Write, delete, upsert

_TEXT_MOST = 30_000  # characters; Azure takes 32 Ki


class CheckpointStore:
    """The checkpoints of one (account, tenant, epoch); the session writes them behind its fence."""

    def __init__(self, table: RestTable, base: str) -> None:
        self._table = table
        self._base = base

    def read(self, dataset: str, rows: int) -> dict[str, bytes]:
        """The saved pages by address; none unless all ``rows`` that the cursor names exist."""
        stored = self._table.prefix(self._base, _prefix(dataset)) if rows else []
        if len(stored) < rows or not stored:
            return {}
        parts: list[str] = []
        for row in stored[:rows]:
            if row.values.get("begins"):
                parts.append("")
            parts[-1] += row.text("text")
        pages: dict[str, bytes] = {}
        for part in parts:
            pages |= msgspec.msgpack.decode(base64.b64decode(part), type=dict[str, bytes])
        return pages

    def added(self, dataset: str, rows: int, pages: Mapping[str, bytes]) -> list[Write]:
        """Writes that add pages after the ``rows`` that exist."""
        text = base64.b64encode(msgspec.msgpack.encode(pages)).decode()
        starts = range(0, len(text), _TEXT_MOST)
        return [
            upsert(
                Row(
                    self._base,
                    f"{_prefix(dataset)}{rows + number:05d}",
                    {"text": text[start : start + _TEXT_MOST], "begins": start == 0},
                )
            )
            for number, start in enumerate(starts)
        ]

    def cleared(self, dataset: str) -> list[Write]:
        """Deletions of all rows that exist, whatever a cursor says."""
        rows = self._table.prefix(self._base, _prefix(dataset), columns=[])
        return [delete(Row(self._base, row.key)) for row in rows]


def _prefix(dataset: str) -> str:
    return f"page:{dataset}:"
