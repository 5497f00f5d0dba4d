"""Whether somebody is a Global Administrator, as the tenant's directory has it.

Roles held through a role-assignable group count; eligible roles that are not activated do not show.
Source: https://learn.microsoft.com/graph/api/user-list-transitivememberof
"""

import msgspec

from integrations.microsoft.permissions import GLOBAL_ADMINISTRATOR
from shared.graph import Graph

_ROLE = "#microsoft.graph.directoryRole"


class _Membership(msgspec.Struct):
    type: str | None = msgspec.field(name="@odata.type", default=None)
    role_template_id: str | None = msgspec.field(name="roleTemplateId", default=None)


def is_global_administrator(graph: Graph, path: str) -> bool | None:
    """Look through the memberships below ``path`` ("/me/transitiveMemberOf" or a user's).

    Returns None when Microsoft lists roles without saying which: a token with only User.Read sees them so.
    """
    hidden = False
    for membership in graph.items(path, type=_Membership, top="999"):
        if membership.role_template_id == GLOBAL_ADMINISTRATOR:
            return True
        hidden = hidden or (membership.type == _ROLE and membership.role_template_id is None)
    return None if hidden else False
