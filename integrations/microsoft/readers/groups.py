"""Groups with their direct members: in full once a week, then changes.

A group with many members comes several times in a delta query, each time with some of them. Changes contain only
added and removed members, so they are merged into the stored rows.
Source: https://learn.microsoft.com/graph/api/group-delta
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.groups import join, key_of, split
from integrations.domain.sync.records import Group
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.delta import Removed
from shared.microsoft.graph import Page, UnexpectedAnswer

_FIELDS = "id,displayName,groupTypes,securityEnabled,mailEnabled,mail,isAssignableToRole,members"
_UNIFIED, _DYNAMIC = "Unified", "DynamicMembership"


class _GroupMember(msgspec.Struct):
    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)


class _GraphGroup(msgspec.Struct, rename="camel"):
    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)
    display_name: str | msgspec.UnsetType | None = msgspec.UNSET
    group_types: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    security_enabled: bool | msgspec.UnsetType | None = msgspec.UNSET
    mail_enabled: bool | msgspec.UnsetType | None = msgspec.UNSET
    mail: str | msgspec.UnsetType | None = msgspec.UNSET
    is_assignable_to_role: bool | msgspec.UnsetType | None = msgspec.UNSET
    members: list[_GroupMember] = msgspec.field(name="members@delta", default_factory=list)


@dataclass
class _GroupChanges:
    """All changes of one group in a delta query: each property's latest value, and each member added or removed."""

    properties: dict[str, Any] = field(default_factory=dict)
    is_member: dict[str, bool] = field(default_factory=dict)
    is_removed: bool = False

    def add(self, group: _GraphGroup) -> None:
        self.is_removed = group.removed is not None
        fields = msgspec.structs.asdict(group)
        self.properties |= {
            name: value
            for name, value in fields.items()
            if name not in {"id", "removed", "members"} and value is not msgspec.UNSET
        }
        self.is_member |= {member.id: member.removed is None for member in group.members}


def _read(context: ReadContext) -> Reading:
    changes, link = _changes(context.graph.pages_from(context.page, type=_GraphGroup))
    if context.is_first or not changes:
        groups = [_group(key, None, it) for key, it in changes.items() if not it.is_removed]
        return Reading(records=_records(groups), is_complete=context.is_first, link=link)
    rows = [it for it in context.stored().values() if isinstance(it, Group)]
    known = join(rows)
    merged = [_group(key, known.get(key), it) for key, it in changes.items() if not it.is_removed]
    records = _records(merged)
    written = {record.key for record in records}
    removed = [key_of(row) for row in rows if row.id in changes and key_of(row) not in written]
    return Reading(records=records, removed=removed, is_complete=False, link=link)


def _changes(pages: Iterable[Page[_GraphGroup]]) -> tuple[Mapping[str, _GroupChanges], str]:
    changes: dict[str, _GroupChanges] = {}
    link = None
    for page in pages:
        for it in page.items:
            changes.setdefault(it.id, _GroupChanges()).add(it)
        link = page.delta_link or link
    if link is None:
        raise UnexpectedAnswer("the last page of changes has no delta link")
    return changes, link


def _group(key: str, known: Group | None, changed: _GroupChanges) -> Group:
    """The group as it is now: its changes merged into the stored group."""
    properties = changed.properties
    group = known or Group(id=key, name=key)
    changes: dict[str, Any] = {}
    if "display_name" in properties:
        changes["name"] = clean(properties["display_name"] or "") or key
    if "mail" in properties:
        changes["mail"] = clean_or_none(properties["mail"])
    if "is_assignable_to_role" in properties:
        changes["may_hold_roles"] = bool(properties["is_assignable_to_role"])
    if "group_types" in properties:
        changes["is_dynamic"] = _DYNAMIC in (properties["group_types"] or [])
    if properties.keys() & {"group_types", "security_enabled", "mail_enabled"}:
        changes["kind"] = _kind(properties)
    unchanged = [it for it in group.members if changed.is_member.get(it, True)]
    added = [it for it, is_member in changed.is_member.items() if is_member]
    return msgspec.structs.replace(group, **changes, members=[*unchanged, *added])


def _kind(properties: Mapping[str, Any]) -> str:
    if _UNIFIED in (properties.get("group_types") or []):
        return "microsoft 365"
    if properties.get("mail_enabled"):
        return "mail-enabled security" if properties.get("security_enabled") else "distribution"
    return "security"


def _records(groups: Iterable[Group]) -> list[Record]:
    """Rows of groups; each group is counted once, by its first row."""
    rows = [row for group in groups for row in split(group).items()]
    return [Record(key=key, body=row, kind="members" if row.part else "total") for key, row in rows]


GROUPS = Dataset(
    name="groups",
    permission="Directory.Read.All",
    record=Group,
    first_request=FirstRequest(path="/groups/delta", query={"select": _FIELDS}, page=_GraphGroup),
    read=_read,
    full_read_every=timedelta(days=7),
)
