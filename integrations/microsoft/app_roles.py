"""Our application's permissions in a customer's tenant: grant what is missing, on the partner's behalf.

Source: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
"""

import msgspec

from integrations.microsoft.permissions import APPLICATION_PERMISSIONS, GRAPH_APP
from shared.graph import Ask, Denied, Graph, MicrosoftError, MissingInMicrosoft, RequestRefused

_MOST = "999"


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
    asks = [
        Ask(
            id=name,
            path=f"/servicePrincipals/{resource.id}/appRoleAssignedTo",
            body={"principalId": own.id, "resourceId": resource.id, "appRoleId": role},
        )
        for name, role in roles.items()
    ]
    refused: MicrosoftError | None = None
    for answer in graph.batch(asks).values():
        error = answer.error
        if isinstance(error, Denied):
            raise error
        # Granted by somebody else meanwhile shows as a refusal too; whether it is one, the next token tells.
        if error is not None and not isinstance(error, RequestRefused):
            refused = error
    if refused is not None:
        raise refused
