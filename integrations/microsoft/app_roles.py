"""Our application's permissions in a customer's tenant, on the partner's behalf: grant what is missing, take all away.

Sources: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto,
https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignedto
"""

from collections.abc import Iterable, Sequence

import msgspec

from integrations.microsoft.permissions import APPLICATION_PERMISSIONS, GRAPH_APP
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


class _Role(msgspec.Struct):
    id: str
    value: str | None = None


class _Resource(msgspec.Struct, rename="camel"):
    id: str
    app_roles: list[_Role] = []


class _Assignment(msgspec.Struct, rename="camel"):
    app_role_id: str
    resource_id: str


class _Held(msgspec.Struct, rename="camel"):
    id: str
    resource_id: str


class RolesRemain(Transient):
    """Permissions that were taken away are listed still; Microsoft's copies agree after a while."""

    code = "roles_remain"


class RoleUnreadable(MicrosoftError):
    """A permission of ours is listed in no form that can be read."""

    code = "role_unreadable"


class NotYetKnown(MicrosoftError):
    """Our application does not show in the customer's tenant yet."""

    code = "application_not_visible"


def grant_missing_roles(graph: Graph, client_id: str) -> list[str]:
    """Grant every permission of ours that is missing; returns their names. Granting twice changes nothing.

    Raises:
        NotYetKnown: the consent has not taken effect in the tenant.
        Denied: the account may not grant (it needs Privileged Role Administrator or Global Administrator).
        MicrosoftError: of the kind that the answer stands for.
    """
    try:
        own = graph.get(f"/servicePrincipals(appId='{client_id}')", type=_Principal, select="id")
    except MissingInMicrosoft as error:
        raise NotYetKnown from error
    resource = graph.get(f"/servicePrincipals(appId='{GRAPH_APP}')", type=_Resource, select="id,appRoles")
    held = graph.items(f"/servicePrincipals/{own.id}/appRoleAssignments", type=_Assignment, top=_MOST)
    granted = {it.app_role_id for it in held if it.resource_id == resource.id}
    missing = {
        role.value: role.id
        for role in resource.app_roles
        if role.value in APPLICATION_PERMISSIONS and role.id not in granted
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
    # Granted by somebody else meanwhile shows as a refusal too; whether it is one, the next token tells.
    _refuse_unsettled(graph.batch(requests).values(), RequestRefused)


def take_away_roles(graph: Graph, client_id: str) -> int:
    """Take every application permission of ours away; returns how many were. Doing it twice changes nothing.

    The list is read again until it is empty: whoever goes on from here gives up the right to take more away.

    Raises:
        MissingInMicrosoft: our application is not in the tenant.
        RolesRemain: some are listed still.
        RoleUnreadable: what Microsoft lists cannot be read; the others are away.
        Denied: the account may not take them away.
        MicrosoftError: of the kind that the answer stands for.
    """
    own = graph.get(f"/servicePrincipals(appId='{client_id}')", type=_Principal, select="id")
    taken: set[str] = set()
    held, unread = _held(graph, own)
    for _ in range(_ROUNDS):
        if held:
            _take_away(graph, held)
            taken |= {it.id for it in held}
            held, unread = _held(graph, own)
    if held:
        raise RolesRemain("permissions that were taken away are listed still")
    if unread:
        raise RoleUnreadable(f"{unread} permissions cannot be read, and so not be taken away")
    return len(taken)


def _held(graph: Graph, own: _Principal) -> tuple[list[_Held], int]:
    """Every permission assigned to us, of any resource, and how many could not be read."""
    before = graph.unreadable_items
    held = list(graph.items(f"/servicePrincipals/{own.id}/appRoleAssignments", type=_Held, top=_MOST))
    return held, graph.unreadable_items - before


def _take_away(graph: Graph, held: Sequence[_Held]) -> None:
    requests = [
        BatchRequest(
            id=str(number), path=f"/servicePrincipals/{it.resource_id}/appRoleAssignedTo/{it.id}", is_delete=True
        )
        for number, it in enumerate(held)
    ]
    _refuse_unsettled(graph.batch(requests).values(), MissingInMicrosoft)


def _refuse_unsettled(answers: Iterable[BatchResponse], fine: type[MicrosoftError]) -> None:
    """Raise what a part met, but for what is ``fine``; a denial first, since asking again does not help there."""
    refused: MicrosoftError | None = None
    for answer in answers:
        error = answer.error
        if isinstance(error, Denied):
            raise error
        if error is not None and not isinstance(error, fine):
            refused = error
    if refused is not None:
        raise refused
