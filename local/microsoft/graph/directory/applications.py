"""Service principals, what was granted to them, and how an app removes itself.

Sources: https://learn.microsoft.com/graph/api/serviceprincipal-list,
https://learn.microsoft.com/graph/api/serviceprincipal-delete
"""

import uuid

import msgspec

from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply, graph_reply
from local.microsoft.graph.protocol.errors import bad_request, forbidden, not_found
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.partners import effective_roles
from local.microsoft.world.permissions import (
    APPLICATION_REMOVAL,
    GRAPH_APP,
    OPENID_SCOPES,
    ROLE_IDS,
    SCOPE_IDS,
    RequiredPermissions,
)
from local.microsoft.world.roles import MAY_CONSENT
from local.microsoft.world.tenants import ServicePrincipal, TenantState

_PRINCIPAL = EntityType(
    "servicePrincipal",
    {
        "id": None, "deletedDateTime": None, "accountEnabled": None, "alternativeNames": [], "appDescription": None,
        "appDisplayName": None, "appId": None, "applicationTemplateId": None, "appOwnerOrganizationId": None,
        "appRoleAssignmentRequired": False, "description": None, "disabledByMicrosoftStatus": None,
        "displayName": None, "homepage": None, "loginUrl": None, "logoutUrl": None, "notes": None,
        "notificationEmailAddresses": [], "preferredSingleSignOnMode": None,
        "preferredTokenSigningKeyThumbprint": None, "replyUrls": [], "servicePrincipalNames": [],
        "servicePrincipalType": "Application", "signInAudience": "AzureADMultipleOrgs", "tags": [],
        "tokenEncryptionKeyId": None, "addIns": [], "appRoles": [], "keyCredentials": [],
        "oauth2PermissionScopes": [], "passwordCredentials": [], "resourceSpecificApplicationPermissions": [],
    },
)  # fmt: skip
_ASSIGNMENT = EntityType(
    "appRoleAssignment",
    dict.fromkeys(
        (
            "id", "deletedDateTime", "appRoleId", "createdDateTime", "principalDisplayName", "principalId",
            "principalType", "resourceDisplayName", "resourceId",
        )
    ),
)  # fmt: skip
_GRANT = EntityType(
    "oAuth2PermissionGrant", dict.fromkeys(("clientId", "consentType", "id", "principalId", "resourceId", "scope"))
)
# Microsoft's APIs, apart from Graph, of which every tenant has a service principal.
_APIS = {
    "00000002-0000-0000-c000-000000000000": "Windows Azure Active Directory",
    "00000002-0000-0ff1-ce00-000000000000": "Office 365 Exchange Online",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    "c5393580-f805-4401-95e8-94b7a6ef2fc2": "Office 365 Management APIs",
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Windows Azure Service Management API",
}
# With this one an app may remove service principals it owns; whether it owns its own is a switch.
_OWNED_BY = "Application.ReadWrite.OwnedBy"
_ANY_REMOVAL = RequiredPermissions(APPLICATION_REMOVAL.application - {_OWNED_BY}, APPLICATION_REMOVAL.delegated)


def service_principals(request: GraphRequest) -> Reply:
    registered = [_rendered(request, it) for it in request.tenant.principals.values()]
    return collection_reply(
        request,
        _PRINCIPAL,
        [*registered, *_microsofts(request.tenant)],
        "servicePrincipals",
        "$filter",
        "$top",
        "$count",
    )


def service_principal(request: GraphRequest, key: str) -> Reply:
    own = next((it for it in _microsofts(request.tenant) if key.lower() in {it["id"], it["appId"]}), None)
    principal = own or _rendered(request, _find(request.tenant, key))
    return entity_reply(request, _PRINCIPAL, principal, "servicePrincipals")


def delete_service_principal(request: GraphRequest, key: str) -> Reply:
    principal = _find(request.tenant, key)
    is_own = principal.client_id == request.caller.client_id and request.world.switches.owned_by_removes_itself
    if not is_own and not request.caller.may(_ANY_REMOVAL):
        raise forbidden()
    del request.tenant.principals[principal.client_id]
    return Reply(204)


def app_role_assignments(request: GraphRequest, key: str) -> Reply:
    principal = _find(request.tenant, key)
    value = [_role_assignment(request, principal, role) for role in sorted(principal.app_roles)]
    return collection_reply(
        request, _ASSIGNMENT, value, f"servicePrincipals('{principal.id}')/appRoleAssignments", "$top", "$filter"
    )


class _Assign(msgspec.Struct, rename="camel"):
    principal_id: str
    resource_id: str
    app_role_id: str


def assign_app_role(request: GraphRequest, key: str) -> Reply:
    """Grant an application one of Graph's application permissions; it shows in tokens issued later.

    Source: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
    """
    if not {"Application.Read.All", "Directory.Read.All"} & request.caller.scopes:
        raise forbidden()
    if MAY_CONSENT.isdisjoint(effective_roles(request.world, request.tenant, request.me())):
        raise forbidden()
    try:
        assignment = msgspec.json.decode(request.body, type=_Assign)
    except msgspec.MsgspecError as error:
        raise bad_request("The assignment cannot be read.", "BadRequest") from error
    graph, principal = _graph(request.tenant), _find(request.tenant, assignment.principal_id)
    role = next((name for name, role_id in ROLE_IDS.items() if role_id == assignment.app_role_id), None)
    if role is None or assignment.resource_id != graph["id"] or key.lower() not in {graph["id"], principal.id}:
        raise bad_request("Not a valid reference update.")
    if role in principal.app_roles:
        raise bad_request("Permission being assigned already exists on the object")
    principal.app_roles.add(role)
    principal.roles_at = request.world.now() + request.world.switches.propagation_s
    context = {"@odata.context": f"{request.context}servicePrincipals('{key}')/appRoleAssignedTo/$entity"}
    return graph_reply(
        context | _ASSIGNMENT.render(request, _role_assignment(request, principal, role), list(_ASSIGNMENT.empty)), 201
    )


def remove_app_role(request: GraphRequest, key: str, assignment: str) -> Reply:
    """Take one application permission away again, named by the application or by whose permission it is.

    Source: https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignedto
    """
    if MAY_CONSENT.isdisjoint(effective_roles(request.world, request.tenant, request.me())):
        raise forbidden()
    names_graph = key.lower() in {_graph(request.tenant)["id"], GRAPH_APP}
    holders = list(request.tenant.principals.values()) if names_graph else [_find(request.tenant, key)]
    for principal in holders:
        for role in principal.app_roles:
            if _grant_id(principal, role) == assignment:
                principal.app_roles.remove(role)
                principal.shown_until[role] = request.world.now() + request.world.switches.removal_propagation_s
                return Reply(204)
    raise not_found(assignment)


def _role_assignment(request: GraphRequest, principal: ServicePrincipal, role: str) -> Object:
    graph = _graph(request.tenant)
    return {
        "id": _grant_id(principal, role),
        "appRoleId": ROLE_IDS[role],
        "createdDateTime": "2026-01-02T08:30:00Z",
        "principalDisplayName": request.world.app(principal.client_id).name,
        "principalId": principal.id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": graph["displayName"],
        "resourceId": graph["id"],
    }


def permission_grants(request: GraphRequest) -> Reply:
    grants = [grant for it in request.tenant.principals.values() for grant in _grants(request.tenant, it)]
    return collection_reply(request, _GRANT, grants, "oauth2PermissionGrants", "$filter", "$top")


def own_permission_grants(request: GraphRequest, key: str) -> Reply:
    return collection_reply(
        request, _GRANT, _grants(request.tenant, _find(request.tenant, key)), "oauth2PermissionGrants", "$top"
    )


def _grants(tenant: TenantState, principal: ServicePrincipal) -> list[Object]:
    """One grant for everybody, and one for each person who agreed for herself."""
    holders: list[tuple[str | None, set[str]]] = [(None, principal.scopes), *principal.scopes_of.items()]
    return [
        {
            "clientId": principal.id,
            "consentType": "Principal" if person else "AllPrincipals",
            "id": _grant_id(principal, person or ""),
            "principalId": person,
            "resourceId": _graph(tenant)["id"],
            "scope": " ".join(sorted(scopes)),
        }
        for person, scopes in holders
        if scopes
    ]


def _grant_id(principal: ServicePrincipal, what: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{principal.id}/{what}").hex


def _find(tenant: TenantState, key: str) -> ServicePrincipal:
    for principal in tenant.principals.values():
        if key.lower() in {principal.id, principal.client_id.lower()}:
            return principal
    raise not_found(key)


def _rendered(request: GraphRequest, principal: ServicePrincipal) -> Object:
    app = request.world.app(principal.client_id)
    return {
        "id": principal.id,
        "accountEnabled": principal.enabled,
        "appDisplayName": app.name,
        "appId": principal.client_id,
        "displayName": app.name,
        "replyUrls": sorted(app.redirect_uris),
        "servicePrincipalNames": [principal.client_id],
    }


def _graph(tenant: TenantState) -> Object:
    """Microsoft Graph's own service principal, which every tenant has."""
    return {
        "id": f"{tenant.id[:8]}-0003-4000-8000-{tenant.id[-12:]}",
        "accountEnabled": True,
        "appDisplayName": "Microsoft Graph",
        "appId": GRAPH_APP,
        "displayName": "Microsoft Graph",
        "servicePrincipalNames": [GRAPH_APP, "https://graph.microsoft.com"],
        "appRoles": [_app_role(name, key) for name, key in ROLE_IDS.items()],
        "oauth2PermissionScopes": [_scope(name, key) for name, key in SCOPE_IDS.items()],
    }


def _microsofts(tenant: TenantState) -> list[Object]:
    """The service principals of Microsoft's own APIs."""
    return [_graph(tenant), *(_api(tenant, app_id, name) for app_id, name in _APIS.items())]


def _api(tenant: TenantState, app_id: str, name: str) -> Object:
    return {
        "id": f"{tenant.id[:8]}-{app_id[4:8]}-4000-8000-{app_id[14:18]}{tenant.id[-8:]}",
        "accountEnabled": True,
        "appDisplayName": name,
        "appId": app_id,
        "displayName": name,
        "servicePrincipalNames": [app_id],
    }


def resource_app(tenant: TenantState, key: str) -> str:
    """The application id of a service principal, by its object id."""
    own = next((it["appId"] for it in _microsofts(tenant) if it["id"] == key.lower()), None)
    return str(own or _find(tenant, key).client_id)


def _app_role(name: str, key: str) -> Object:
    common = {"description": name, "displayName": name, "isEnabled": True, "origin": "Application", "value": name}
    return {"allowedMemberTypes": ["Application"], "id": key, **common}


def _scope(name: str, key: str) -> Object:
    return {
        "adminConsentDescription": name,
        "adminConsentDisplayName": name,
        "id": key,
        "isEnabled": True,
        "type": "User" if name in OPENID_SCOPES or name == "User.Read" else "Admin",
        "userConsentDescription": None,
        "userConsentDisplayName": None,
        "value": name,
    }
