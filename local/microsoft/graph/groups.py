"""Groups: lists, single ones, members, and changes with their members.

Sources: https://learn.microsoft.com/graph/api/group-list, https://learn.microsoft.com/graph/api/group-delta,
https://learn.microsoft.com/graph/api/group-list-transitivemembers
"""

import json

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.delta import delta_of, window_of
from local.microsoft.graph.errors import missing
from local.microsoft.graph.kinds import Kind, answered, one
from local.microsoft.graph.paging import page_of
from local.microsoft.graph.roles import GROUP, group_object
from local.microsoft.graph.users import USER
from local.microsoft.http import Reply
from local.microsoft.objects import Collection, Object
from local.microsoft.tenants import Group, Tenant

_MEMBERS = "members"
_DELTA_MEMBERS = "members@delta"


class _Groups(Collection):
    """A tenant's groups in the order they were made, with the log of their changes."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(0, 0, lambda _number, _key: {})
        self._own = {group.id: group_object(group) for group in tenant.groups.values()}
        self._added = list(self._own)
        self._gone = dict.fromkeys(tenant.removed_groups, "deleted")
        self._log = tenant.group_changes

    def __len__(self) -> int:
        return len(self._own)


def groups(ask: Ask) -> Reply:
    ask.allow("$select", "$top", "$filter", "$count", "$skiptoken")
    return page_of(ask, GROUP, _Groups(ask.tenant), "groups", ask.world.switches.users_page_size)


def group_by_id(ask: Ask, key: str) -> Reply:
    return one(ask, GROUP, group_object(_found(ask, key)), "groups")


def groups_delta(ask: Ask) -> Reply:
    """Members come only when they are selected, as ``members@delta``: all at first, then who came and who left."""
    told = json.loads(delta_of(ask, _WITH_MEMBERS, _Groups(ask.tenant), "groups").body)
    for row in told["value"]:
        moved = row.pop(_MEMBERS, None)
        row.update({_DELTA_MEMBERS: moved} if moved else {})
    return answered(told)


def members(ask: Ask, key: str, relation: str) -> Reply:
    """``relation`` is members or transitiveMembers; those of groups inside are the group's own, too."""
    ask.allow("$select", "$top", "$count")
    group = _found(ask, key)
    keys = sorted(_everybody(ask.tenant, group) if relation.lower().startswith("transitive") else group.members)
    value = [shown for it in keys if (shown := _member(ask, it))]
    return answered({"@odata.context": f"{ask.context}directoryObjects", "value": value})


def _everybody(tenant: Tenant, group: Group) -> set[str]:
    found: set[str] = set()
    waiting = [group]
    while waiting:
        fresh = waiting.pop().members - found
        found |= fresh
        waiting += [tenant.groups[it] for it in fresh if it in tenant.groups]
    return found


def _member(ask: Ask, key: str) -> Object | None:
    person, group = ask.tenant.users.get(key), ask.tenant.groups.get(key)
    kind, thing = (USER, person) if person else (GROUP, group_object(group) if group else None)
    if thing is None:
        return None
    asked = {it.strip() for it in ask.options.get("$select", "").split(",") if it.strip()}
    names = [it for it in kind.default or kind.empty if not asked or it in asked | {"id"}]
    return {"@odata.type": f"#microsoft.graph.{kind.type}", **kind.shown(ask, thing, names)}


def _moved(ask: Ask, group: Object) -> list[Object]:
    """Members in one round of changes: everybody in the first, later who came and, marked, who left."""
    since, until = window_of(ask)
    if since is None:
        return [_named(ask, it) for it in sorted(ask.tenant.groups[group["id"]].members)]
    last = {
        it.member: it for it in ask.tenant.member_changes if it.group == group["id"] and since < it.sequence <= until
    }
    return [_named(ask, it.member) | ({} if it.came else {"@removed": {"reason": "deleted"}}) for it in last.values()]


def _named(ask: Ask, key: str) -> Object:
    kind = "group" if key in ask.tenant.groups else "user"
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": key}


def _found(ask: Ask, key: str) -> Group:
    found = ask.tenant.groups.get(key.lower())
    if found is None:
        raise missing(key)
    return found


_WITH_MEMBERS = Kind("group", GROUP.empty, GROUP.default, computed={_MEMBERS: _moved})
