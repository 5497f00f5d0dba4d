"""Directory roles and their members, tenant-wide.

Only roles that have been used exist here. Neither roles nor members are documented to be paged; pages are followed if
there are any. Somebody who is only eligible for a role (Privileged Identity Management) is not a member until they
activate it.
Sources: https://learn.microsoft.com/graph/api/directoryrole-list,
https://learn.microsoft.com/graph/api/directoryrole-list-members
"""

from collections.abc import Iterator, Sequence

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import RoleMember
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import ids_for_paths
from shared.microsoft.graph import BatchRequest, Graph

_LIST = "/directoryRoles"
_KINDS = {"#microsoft.graph.user": "user", "#microsoft.graph.group": "group"}


class _DirectoryRole(msgspec.Struct, rename="camel"):
    id: str
    role_template_id: str
    display_name: str | None = None


class _GraphRoleMember(msgspec.Struct, rename="camel"):
    id: str
    kind: str = msgspec.field(name="@odata.type", default="")
    display_name: str | None = None
    user_principal_name: str | None = None


def _read(context: ReadContext) -> Reading:
    roles: list[_DirectoryRole] = [
        it for page in context.graph.pages_from(context.page, type=_DirectoryRole) for it in page.items
    ]
    records = {record.key: record for record in _members(context.graph, roles)}
    unreadable = len({it.id for it in roles}) - len(ids_for_paths(it.id for it in roles))
    return Reading(records=list(records.values()), is_complete=True, odd=unreadable, lost=unreadable)


def _members(graph: Graph, roles: Sequence[_DirectoryRole]) -> Iterator[Record]:
    by_id = {it.id: it for it in roles}
    requests = [BatchRequest(id=it, path=f"{_LIST}/{it}/members") for it in ids_for_paths(by_id)]
    for role_id, answer in graph.batch(requests).items():
        role = by_id[role_id]
        for page in graph.pages_from(answer.page(_GraphRoleMember), type=_GraphRoleMember):
            for member in page.items:
                yield Record(key=f"{role.role_template_id}:{member.id}", body=_to_role_member(role, member))


def _to_role_member(role: _DirectoryRole, member: _GraphRoleMember) -> RoleMember:
    return RoleMember(
        role_id=role.role_template_id,
        role=clean(role.display_name or "") or role.role_template_id,
        member_id=member.id,
        kind=_KINDS.get(member.kind, "application"),
        name=clean_or_none(member.display_name),
        username=clean_or_none(member.user_principal_name),
    )


ROLES = Dataset(
    name="roles",
    permission="Directory.Read.All",
    record=RoleMember,
    first_request=FirstRequest(path=_LIST, query={"select": "id,displayName,roleTemplateId"}, page=_DirectoryRole),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
