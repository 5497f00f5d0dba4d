"""Groups: lists, single ones, members, and changes with their members.

Sources: https://learn.microsoft.com/graph/api/group-list, https://learn.microsoft.com/graph/api/group-delta,
https://learn.microsoft.com/graph/api/group-list-transitivemembers
"""

import json

from local.microsoft.graph.directory.roles import GROUP, group_object
from local.microsoft.graph.directory.users import USER
from local.microsoft.graph.protocol.delta import change_window, delta_reply
from local.microsoft.graph.protocol.entity_types import EntityType, entity_reply, graph_reply
from local.microsoft.graph.protocol.errors import not_found
from local.microsoft.graph.protocol.paging import page_reply
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Collection, Object
from local.microsoft.world.tenants import Group, TenantState

_MEMBERS = "members"
_DELTA_MEMBERS = "members@delta"


class _GroupCollection(Collection):
    """A tenant's groups in the order they were made, with the log of their changes."""

    def __init__(self, tenant: TenantState) -> None:
        super().__init__(0, 0, lambda _number, _key: {})
        self._modified = {group.id: group_object(group) for group in tenant.groups.values()}
        self._added = list(self._modified)
        self._removed = dict.fromkeys(tenant.removed_groups, "deleted")
        self._log = tenant.group_changes

    def __len__(self) -> int:
        return len(self._modified)


def groups(request: GraphRequest) -> Reply:
    request.allow("$select", "$top", "$filter", "$count", "$skiptoken")
    return page_reply(
        request, GROUP, _GroupCollection(request.tenant), "groups", request.world.switches.users_page_size
    )


def group_by_id(request: GraphRequest, key: str) -> Reply:
    return entity_reply(request, GROUP, group_object(_find(request, key)), "groups")


def groups_delta(request: GraphRequest) -> Reply:
    """Members come only when they are selected, as ``members@delta``: all at first, then who came and who left."""
    body = json.loads(delta_reply(request, _WITH_MEMBERS, _GroupCollection(request.tenant), "groups").body)
    for row in body["value"]:
        moved = row.pop(_MEMBERS, None)
        row.update({_DELTA_MEMBERS: moved} if moved else {})
    return graph_reply(body)


def members(request: GraphRequest, key: str, relation: str) -> Reply:
    """``relation`` is members or transitiveMembers; those of groups inside are the group's own, too."""
    request.allow("$select", "$top", "$count")
    group = _find(request, key)
    keys = sorted(
        _transitive_members(request.tenant, group) if relation.lower().startswith("transitive") else group.members
    )
    value = [rendered for it in keys if (rendered := _member(request, it))]
    return graph_reply({"@odata.context": f"{request.context}directoryObjects", "value": value})


def _transitive_members(tenant: TenantState, group: Group) -> set[str]:
    member_ids: set[str] = set()
    waiting = [group]
    while waiting:
        fresh = waiting.pop().members - member_ids
        member_ids |= fresh
        waiting += [tenant.groups[it] for it in fresh if it in tenant.groups]
    return member_ids


def _member(request: GraphRequest, key: str) -> Object | None:
    person, group = request.tenant.users.get(key), request.tenant.groups.get(key)
    entity_type, entity = (USER, person) if person else (GROUP, group_object(group) if group else None)
    if entity is None:
        return None
    selected = {it.strip() for it in request.options.get("$select", "").split(",") if it.strip()}
    names = [it for it in entity_type.default or entity_type.empty if not selected or it in selected | {"id"}]
    return {"@odata.type": f"#microsoft.graph.{entity_type.type}", **entity_type.render(request, entity, names)}


def _member_changes(request: GraphRequest, group: Object) -> list[Object]:
    """Members in one round of changes: everybody in the first, later who came and, marked, who left."""
    since, until = change_window(request)
    if since is None:
        return [_reference(request, it) for it in sorted(request.tenant.groups[group["id"]].members)]
    last = {
        it.member: it
        for it in request.tenant.member_changes
        if it.group == group["id"] and since < it.sequence <= until
    }
    return [
        _reference(request, it.member) | ({} if it.joined else {"@removed": {"reason": "deleted"}})
        for it in last.values()
    ]


def _reference(request: GraphRequest, key: str) -> Object:
    entity_type = "group" if key in request.tenant.groups else "user"
    return {"@odata.type": f"#microsoft.graph.{entity_type}", "id": key}


def _find(request: GraphRequest, key: str) -> Group:
    group = request.tenant.groups.get(key.lower())
    if group is None:
        raise not_found(key)
    return group


_WITH_MEMBERS = EntityType("group", GROUP.empty, GROUP.default, computed={_MEMBERS: _member_changes})
