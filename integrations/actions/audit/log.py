"""The account's audit log as people read it: the newest entry first, by page, by filter."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.integrations import AuditEntry
from integrations.storage.control import Control, newest_first

COLUMNS = ("at", "actor", "action", "outcome", "reason", "before", "after", "subject", "trace_id", "id")
_A_PAGE = 1000
_MOST_PAGES = 10  # of entries looked at for one answer; a filter that finds little goes on with the cursor
_FIRST, _LAST = "0", "zzzzzzzz"


class AuditFilter(NamedTuple):
    """Which entries; what is empty asks for any. ``cursor`` is the id of the last one looked at before."""

    tenant_id: TenantId | None = None
    action: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cursor: str = ""
    limit: int = 100


class AuditPage(msgspec.Struct, kw_only=True):
    items: list[AuditEntry]
    next_cursor: str | None


def read_audit(control: Control, wanted: AuditFilter) -> AuditPage:
    """A page of entries. It may hold fewer than asked for, even none, and still have a ``next_cursor``."""
    items: list[AuditEntry] = []
    after = wanted.cursor or (newest_first(wanted.until, _FIRST)[:-1] if wanted.until else "")
    oldest = newest_first(wanted.since, _LAST) if wanted.since else ""
    for _ in range(_MOST_PAGES):
        if oldest and after >= oldest:
            return AuditPage(items=items, next_cursor=None)
        page = control.audit.texts(after=after, until=oldest, limit=_A_PAGE)
        for key, text in page.items():
            entry = _readable(control, text)
            if entry is not None and _is_wanted(entry, wanted):
                items.append(entry)
            after = key
            if len(items) > wanted.limit:
                return AuditPage(items=items[:-1], next_cursor=items[-2].id)
        if len(page) < _A_PAGE:
            return AuditPage(items=items, next_cursor=None)
    return AuditPage(items=items, next_cursor=after)


def cells(entry: AuditEntry) -> Sequence[str]:
    """An entry in the order of COLUMNS; its subject as ``kind=id`` pairs."""
    subject = "; ".join(f"{kind}={it}" for kind, it in entry.subject.items())
    at = entry.at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    told = (entry.actor, entry.action, entry.outcome, entry.reason, entry.before, entry.after)
    return (at, *told, subject, entry.trace_id, entry.id)


def _readable(control: Control, text: str) -> AuditEntry | None:
    """The entry, unless somebody made it unreadable; verification names it then."""
    try:
        return control.audit.read(text)
    except msgspec.MsgspecError:
        return None


def _is_wanted(entry: AuditEntry, wanted: AuditFilter) -> bool:
    return (
        (wanted.tenant_id is None or wanted.tenant_id in entry.subject.values())
        and wanted.action in {"", entry.action}
        and wanted.actor in {"", entry.actor}
        and (wanted.since is None or entry.at >= wanted.since)
        and (wanted.until is None or entry.at <= wanted.until)
    )
