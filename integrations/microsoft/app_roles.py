"""Our application's permissions (app roles) in a customer's tenant: grant missing ones, or revoke all, as the partner.

Sources: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto,
https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignedto
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from integrations.microsoft.permissions import GRAPH_APP
from shared.microsoft.graph import (
    BatchRequest,
    BatchResponse,
    Denied,
    Graph,
    MicrosoftError,
    MissingInMicrosoft,
    RequestRefused,
    Transient,
)

_MOST = "999"
_ROUNDS = 2


class _Principal(msgspec.Struct):
    id: str


class _AppRole(msgspec.Struct):
    id: str
    value: str | None = None


class _Resource(msgspec.Struct, rename="camel"):
    id: str
    app_roles: list[_AppRole] = []


class _GrantedRole(msgspec.Struct, rename="camel"):
    app_role_id: str
    resource_id: str


class _RoleAssignment(msgspec.Struct, rename="camel"):
    id: str
    resource_id: str


class RolesRemain(Transient):
    """Revoked permissions are still listed; Microsoft's replicas agree after a while."""

    code = "roles_remain"


class RoleUnreadable(MicrosoftError):
    """A permission of ours is listed in a form that cannot be read."""

    code = "role_unreadable"


class NotYetKnown(MicrosoftError):
    """Our application is not visible in the customer's tenant yet."""

    code = "application_not_visible"


def grant_missing_roles(graph: Graph, client_id: str, permissions: Collection[str]) -> list[str]:
    """Grant those of these permissions that are missing; returns their names. Idempotent.

    Raises:
        NotYetKnown: the consent has not taken effect in the tenant.
        Denied: the account may not grant (it needs Privileged Role Administrator or Global Administrator).
        MicrosoftError: of the kind that the response stands for.
    """
    try:
        own = graph.get(f"/servicePrincipals(appId='{client_id}')", type=_Principal, select="id")
    except MissingInMicrosoft as error:
        raise NotYetKnown from error
    resource = graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')", type=_Resource, select="id,appRoles")
    held = graph.items(f"/servicePrincipals/{own.id}/appRoleAssignments", type=_GrantedRole, top=_MOST)
    granted = {it.app_role_id for it in held if it.resource_id == resource.id}
    missing = {
        role.value: role.id for role in resource.app_roles if role.value in permissions and role.id not in granted
    }
    _grant(graph, own, resource, {name: role for name, role in missing.items() if name})
    return sorted(name for name in missing if name)


def _grant(graph: Graph, own: _Principal, resource: _Resource, roles: dict[str, str]) -> None:
    requests = [
        BatchRequest(
            id=name,
            path=f"/servicePrincipals/{resource.id}/appRoleAssignedTo",
            body={"principalId": own.id, "resourceId": resource.id, "appRoleId": role},
        )
        for name, role in roles.items()
    ]
    # A permission that somebody else granted meanwhile is refused too; the next token shows whether it is there.
    _raise_failure(graph.batch(requests).values(), RequestRefused)


def revoke_roles(graph: Graph, client_id: str) -> int:
    """Revoke every application permission of ours; returns their number. Idempotent.

    The list is read again until it is empty, because the next step of a removal gives up the right to revoke more.

    Raises:
        MissingInMicrosoft: our application is not in the tenant.
        RolesRemain: some are still listed.
        RoleUnreadable: some cannot be read; the others were revoked.
        Denied: the account may not revoke them.
        MicrosoftError: of the kind that the response stands for.
    """
    own = graph.get(f"/servicePrincipals(appId='{client_id}')", type=_Principal, select="id")
    revoked: set[str] = set()
    held, unread = _held(graph, own)
    for _ in range(_ROUNDS):
        if held:
            _revoke(graph, held)
            revoked |= {it.id for it in held}
            held, unread = _held(graph, own)
    if held:
        raise RolesRemain("revoked permissions are still listed")
    if unread:
        raise RoleUnreadable(f"{unread} permissions cannot be read, and so cannot be revoked")
    return len(revoked)


def _held(graph: Graph, own: _Principal) -> tuple[list[_RoleAssignment], int]:
    """Every permission assigned to us, of any resource, and how many could not be read."""
    before = graph.unreadable_items
    held = list(graph.items(f"/servicePrincipals/{own.id}/appRoleAssignments", type=_RoleAssignment, top=_MOST))
    return held, graph.unreadable_items - before


def _revoke(graph: Graph, held: Sequence[_RoleAssignment]) -> None:
    requests = [
        BatchRequest(
            id=str(number), path=f"/servicePrincipals/{it.resource_id}/appRoleAssignedTo/{it.id}", is_delete=True
        )
        for number, it in enumerate(held)
    ]
    _raise_failure(graph.batch(requests).values(), MissingInMicrosoft)


def _raise_failure(responses: Iterable[BatchResponse], ignored: type[MicrosoftError]) -> None:
    """Raise an error of a part, except ``ignored`` ones; a denial first, since retrying it does not help."""
    refused: MicrosoftError | None = None
    for response in responses:
        error = response.error
        if isinstance(error, Denied):
            raise error
        if error is not None and not isinstance(error, ignored):
            refused = error
    if refused is not None:
        raise refused
