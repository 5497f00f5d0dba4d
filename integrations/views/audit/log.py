"""A page of the audit log, as JSON and as rows of a CSV file."""

from collections.abc import Sequence

import msgspec

from integrations.domain.integrations import AuditEntry

COLUMNS = ("at", "actor", "action", "outcome", "reason", "before", "after", "subject", "trace_id", "id")


class AuditPage(msgspec.Struct, kw_only=True):
    """A page of entries, the newest first; ``next_cursor`` is None when no older entries follow.

    Attributes:
        items: The newest entry first. A page can be empty and still not be the last one.
        next_cursor: The cursor of the next page. Null when no older entries follow.
    """

    items: list[AuditEntry]
    next_cursor: str | None


def cells(entry: AuditEntry) -> Sequence[str]:
    """An entry in the order of COLUMNS; its subject as ``kind=id`` pairs."""
    subject = "; ".join(f"{kind}={it}" for kind, it in entry.subject.items())
    at = entry.at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    change = (entry.actor, entry.action, entry.outcome, entry.reason, entry.before, entry.after)
    return (at, *change, subject, entry.trace_id, entry.id)
