"""Read the account's audit log: the newest entry first, by page and by filter."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.integrations import AuditEntry
from integrations.storage.control import Control, newest_first
from integrations.views.audit.log import AuditPage

_PAGE_ROWS = 1000  # read from storage at once
_MOST_PAGES = 10  # read for one answer; a filter that matches little continues with the cursor
_FIRST, _LAST = "0", "zzzzzzzz"  # below and above every suffix of an entry's id


class AuditFilter(NamedTuple):
    """Which entries; an empty field matches any. ``cursor`` is the id of the last entry of the page before."""

    tenant_id: TenantId | None = None
    action: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None
    cursor: str = ""
    limit: int = 100


def read_audit(control: Control, audit_filter: AuditFilter) -> AuditPage:
    """A page of entries. It may hold fewer than ``limit``, even none, and still have a ``next_cursor``."""
    items: list[AuditEntry] = []
    after = audit_filter.cursor or (newest_first(audit_filter.until, _FIRST)[:-1] if audit_filter.until else "")
    oldest = newest_first(audit_filter.since, _LAST) if audit_filter.since else ""
    for _ in range(_MOST_PAGES):
        if oldest and after >= oldest:
            return AuditPage(items=items, next_cursor=None)
        page = control.audit.texts(after=after, until=oldest, limit=_PAGE_ROWS)
        for key, text in page.items():
            entry = _readable(control, text)
            if entry is not None and _matches(entry, audit_filter):
                items.append(entry)
            after = key
            if len(items) > audit_filter.limit:
                return AuditPage(items=items[:-1], next_cursor=items[-2].id)
        if len(page) < _PAGE_ROWS:
            return AuditPage(items=items, next_cursor=None)
    return AuditPage(items=items, next_cursor=after)


def _readable(control: Control, text: str) -> AuditEntry | None:
    """The entry; None if somebody made its row unreadable, which verification reports."""
    try:
        return control.audit.read(text)
    except msgspec.MsgspecError:
        return None


def _matches(entry: AuditEntry, audit_filter: AuditFilter) -> bool:
    return (
        (audit_filter.tenant_id is None or audit_filter.tenant_id in entry.subject.values())
        and audit_filter.action in {"", entry.action}
        and audit_filter.actor in {"", entry.actor}
        and (audit_filter.since is None or entry.at >= audit_filter.since)
        and (audit_filter.until is None or entry.at <= audit_filter.until)
    )
