"""Groups with their direct members: everything once, then who came and who left.

A group comes several times in a round when it has many members, each time with some of them. Changes name
members only by coming and leaving, so they are worked into the rows that are kept.
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


class _Member(msgspec.Struct):
    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)


class _Group(msgspec.Struct, rename="camel"):
    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)
    display_name: str | msgspec.UnsetType | None = msgspec.UNSET
    group_types: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    security_enabled: bool | msgspec.UnsetType | None = msgspec.UNSET
    mail_enabled: bool | msgspec.UnsetType | None = msgspec.UNSET
    mail: str | msgspec.UnsetType | None = msgspec.UNSET
    is_assignable_to_role: bool | msgspec.UnsetType | None = msgspec.UNSET
    members: list[_Member] = msgspec.field(name="members@delta", default_factory=list)


@dataclass
class _GroupChanges:
    """All that a round told about one group: the latest of each property, and each member's last move."""

    properties: dict[str, Any] = field(default_factory=dict)
    moves: dict[str, bool] = field(default_factory=dict)
    is_removed: bool = False

    def add(self, it: _Group) -> None:
        self.is_removed = it.removed is not None
        told = msgspec.structs.asdict(it)
        kept = {name: value for name, value in told.items() if name not in {"id", "removed", "members"}}
        self.properties |= {name: value for name, value in kept.items() if value is not msgspec.UNSET}
        self.moves |= {member.id: member.removed is None for member in it.members}


def _read(asked: ReadContext) -> Reading:
    told, link = _round(asked.graph.pages_from(asked.page, type=_Group))
    if asked.is_first or not told:
        there = [_group(key, None, it) for key, it in told.items() if not it.is_removed]
        return Reading(records=_records(there), is_complete=asked.is_first, link=link)
    rows = [it for it in asked.stored().values() if isinstance(it, Group)]
    known = join(rows)
    now = [_group(key, known.get(key), it) for key, it in told.items() if not it.is_removed]
    records = _records(now)
    kept = {record.key for record in records}
    gone = [key_of(row) for row in rows if row.id in told and key_of(row) not in kept]
    return Reading(records=records, removed=gone, is_complete=False, link=link)


def _round(pages: Iterable[Page[_Group]]) -> tuple[Mapping[str, _GroupChanges], str]:
    told: dict[str, _GroupChanges] = {}
    link = None
    for page in pages:
        for it in page.items:
            told.setdefault(it.id, _GroupChanges()).add(it)
        link = page.delta_link or link
    if link is None:
        raise UnexpectedAnswer("a round of changes ended without a delta link")
    return told, link


def _group(key: str, known: Group | None, told: _GroupChanges) -> Group:
    """The group as it is now: what was told, on top of what is kept."""
    properties = told.properties
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
    stayed = [it for it in group.members if told.moves.get(it, True)]
    came = [it for it, is_there in told.moves.items() if is_there]
    return msgspec.structs.replace(group, **changes, members=[*stayed, *came])


def _kind(properties: Mapping[str, Any]) -> str:
    if _UNIFIED in (properties.get("group_types") or []):
        return "microsoft 365"
    if properties.get("mail_enabled"):
        return "mail-enabled security" if properties.get("security_enabled") else "distribution"
    return "security"


def _records(groups: Iterable[Group]) -> list[Record]:
    """Rows of groups; each group is counted once, by its first row."""
    rows = [row for group in groups for row in split(group).items()]
    return [Record(key=key, body=row, tally="members" if row.part else "total") for key, row in rows]


GROUPS = Dataset(
    name="groups",
    permission="Directory.Read.All",
    record=Group,
    source=FirstRequest(first="/groups/delta", query={"select": _FIELDS}, page=_Group),
    read=_read,
    full_read_every=timedelta(days=7),
)
