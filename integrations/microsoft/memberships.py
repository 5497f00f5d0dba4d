"""The directory roles and groups of an account.

Those through nested groups are included; eligible roles that are not activated are not.
Source: https://learn.microsoft.com/graph/api/user-list-transitivememberof
"""

import msgspec

from integrations.domain.csp.gdap import GroupId
from integrations.domain.text import clean
from integrations.microsoft.permissions import GLOBAL_ADMINISTRATOR
from shared.formats.json_text import REPLACEMENT
from shared.microsoft.graph import Graph, UnexpectedAnswer

_ROLE = "#microsoft.graph.directoryRole"
_GROUP = "#microsoft.graph.group"
_ADMIN_AGENTS = "adminagents"
_MINE = "/me/transitiveMemberOf"


class _Membership(msgspec.Struct):
    id: str | None = None
    type: str | None = msgspec.field(name="@odata.type", default=None)
    role_template_id: str | None = msgspec.field(name="roleTemplateId", default=None)
    name: str | None = msgspec.field(name="displayName", default=None)


class Memberships(msgspec.Struct, frozen=True):
    """``is_administrator`` is None when Microsoft lists roles without saying which. ``groups`` are names by id."""

    is_administrator: bool | None
    is_admin_agent: bool
    groups: dict[GroupId, str]


def is_global_administrator(graph: Graph, path: str) -> bool | None:
    """Whether the memberships at ``path`` ("/me/transitiveMemberOf" or a user's) include Global Administrator.

    None when Microsoft lists roles without saying which, as it does for a token with only User.Read.
    """
    return _administrator(_listed(graph, path))


def read_memberships(graph: Graph) -> Memberships:
    """The memberships of the signed-in user.

    Raises:
        UnexpectedAnswer: a group could not be read; without it, access to customers would seem to be lost.
    """
    memberships = _listed(graph, _MINE)
    groups = {GroupId(it.id.lower()): clean(it.name or "") for it in memberships if it.id and it.type == _GROUP}
    is_admin_agent = any(name.casefold() == _ADMIN_AGENTS for name in groups.values())
    is_lost = graph.unreadable_items > 0 or any(
        it.type is None or (it.type == _GROUP and it.id is None) for it in memberships
    )
    if is_lost or (not is_admin_agent and (graph.unreadable_values or not all(map(_is_legible, memberships)))):
        raise UnexpectedAnswer("the account's groups could not be read completely")
    return Memberships(is_administrator=_administrator(memberships), is_admin_agent=is_admin_agent, groups=groups)


def _is_legible(membership: _Membership) -> bool:
    """Whether no character of its type and name had to be replaced."""
    return REPLACEMENT not in f"{membership.type}{membership.name}"


def _listed(graph: Graph, path: str) -> list[_Membership]:
    return list(graph.items(path, type=_Membership, top="999"))


def _administrator(memberships: list[_Membership]) -> bool | None:
    if any(it.role_template_id == GLOBAL_ADMINISTRATOR for it in memberships):
        return True
    hidden = any(it.type == _ROLE and it.role_template_id is None for it in memberships)
    return None if hidden else False
