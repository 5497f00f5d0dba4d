"""Directory roles and who holds them over the whole tenant.

Only roles that were ever used exist here. Neither roles nor members are said to come in pages; if they did, all
would be followed. Somebody who may only
activate a role (Privileged Identity Management) is no member until they do.
Sources: https://learn.microsoft.com/graph/api/directoryrole-list,
https://learn.microsoft.com/graph/api/directoryrole-list-members
"""

from collections.abc import Iterator, Sequence

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import RoleMember
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import askable
from shared.microsoft.graph import BatchRequest, Graph

_LIST = "/directoryRoles"
_KINDS = {"#microsoft.graph.user": "user", "#microsoft.graph.group": "group"}


class _Role(msgspec.Struct, rename="camel"):
    id: str
    role_template_id: str
    display_name: str | None = None


class _Member(msgspec.Struct, rename="camel"):
    id: str
    kind: str = msgspec.field(name="@odata.type", default="")
    display_name: str | None = None
    user_principal_name: str | None = None


def _read(asked: ReadContext) -> Reading:
    roles: list[_Role] = [it for page in asked.graph.pages_from(asked.page, type=_Role) for it in page.items]
    records = {record.key: record for record in _members(asked.graph, roles)}
    unasked = len({it.id for it in roles}) - len(askable(it.id for it in roles))
    return Reading(records=list(records.values()), is_complete=True, odd=unasked, lost=unasked)


def _members(graph: Graph, roles: Sequence[_Role]) -> Iterator[Record]:
    by_id = {it.id: it for it in roles}
    requests = [BatchRequest(id=it, path=f"{_LIST}/{it}/members") for it in askable(by_id)]
    for role_id, answer in graph.batch(requests).items():
        role = by_id[role_id]
        for page in graph.pages_from(answer.page(_Member), type=_Member):
            for member in page.items:
                yield Record(key=f"{role.role_template_id}:{member.id}", body=_told(role, member))


def _told(role: _Role, member: _Member) -> RoleMember:
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
    source=FirstRequest(first=_LIST, query={"select": "id,displayName,roleTemplateId"}, page=_Role),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
