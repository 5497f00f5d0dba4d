"""Service principals, what was granted to them, and how an app removes itself.

Sources: https://learn.microsoft.com/graph/api/serviceprincipal-list,
https://learn.microsoft.com/graph/api/serviceprincipal-delete
"""

import uuid

import msgspec

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import bad, denied, missing
from local.microsoft.graph.kinds import Kind, answered, every, one
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.partners import roles_here
from local.microsoft.permissions import APPLICATION_REMOVAL, GRAPH_APP, OPENID_SCOPES, ROLE_IDS, SCOPE_IDS, Needs
from local.microsoft.roles import MAY_CONSENT
from local.microsoft.tenants import ServicePrincipal, Tenant

_PRINCIPAL = Kind(
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
_ASSIGNMENT = Kind(
    "appRoleAssignment",
    dict.fromkeys(
        (
            "id", "deletedDateTime", "appRoleId", "createdDateTime", "principalDisplayName", "principalId",
            "principalType", "resourceDisplayName", "resourceId",
        )
    ),
)  # fmt: skip
_GRANT = Kind(
    "oAuth2PermissionGrant", dict.fromkeys(("clientId", "consentType", "id", "principalId", "resourceId", "scope"))
)
# With this one an app may remove service principals it owns; whether it owns its own is a switch.
_OWNED_BY = "Application.ReadWrite.OwnedBy"
_ANY_REMOVAL = Needs(APPLICATION_REMOVAL.application - {_OWNED_BY}, APPLICATION_REMOVAL.delegated)


def service_principals(ask: Ask) -> Reply:
    found = [_shown(ask, it) for it in ask.tenant.principals.values()]
    return every(ask, _PRINCIPAL, [*found, _graph(ask.tenant)], "servicePrincipals", "$filter", "$top", "$count")


def service_principal(ask: Ask, key: str) -> Reply:
    graph = _graph(ask.tenant)
    thing = graph if key.lower() in {graph["id"], GRAPH_APP} else _shown(ask, _found(ask.tenant, key))
    return one(ask, _PRINCIPAL, thing, "servicePrincipals")


def delete_service_principal(ask: Ask, key: str) -> Reply:
    found = _found(ask.tenant, key)
    is_own = found.client_id == ask.caller.client_id and ask.world.switches.owned_by_removes_itself
    if not is_own and not ask.caller.may(_ANY_REMOVAL):
        raise denied()
    del ask.tenant.principals[found.client_id]
    return Reply(204)


def app_role_assignments(ask: Ask, key: str) -> Reply:
    found = _found(ask.tenant, key)
    value = [_role_assignment(ask, found, role) for role in sorted(found.app_roles)]
    return every(ask, _ASSIGNMENT, value, f"servicePrincipals('{found.id}')/appRoleAssignments", "$top", "$filter")


class _Assign(msgspec.Struct, rename="camel"):
    principal_id: str
    resource_id: str
    app_role_id: str


def assign_app_role(ask: Ask, key: str) -> Reply:
    """Grant an application one of Graph's application permissions; it shows in tokens issued later.

    Source: https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
    """
    if not {"Application.Read.All", "Directory.Read.All"} & ask.caller.scopes:
        raise denied()
    if MAY_CONSENT.isdisjoint(roles_here(ask.world, ask.tenant, ask.me())):
        raise denied()
    try:
        asked = msgspec.json.decode(ask.body, type=_Assign)
    except msgspec.MsgspecError as error:
        raise bad("The assignment cannot be read.", "BadRequest") from error
    graph, found = _graph(ask.tenant), _found(ask.tenant, asked.principal_id)
    role = next((name for name, role_id in ROLE_IDS.items() if role_id == asked.app_role_id), None)
    if role is None or asked.resource_id != graph["id"] or key.lower() not in {graph["id"], found.id}:
        raise bad("Not a valid reference update.")
    if role in found.app_roles:
        raise bad("Permission being assigned already exists on the object")
    found.app_roles.add(role)
    found.roles_at = ask.world.now() + ask.world.switches.propagation_s
    where = {"@odata.context": f"{ask.context}servicePrincipals('{key}')/appRoleAssignedTo/$entity"}
    return answered(where | _ASSIGNMENT.shown(ask, _role_assignment(ask, found, role), list(_ASSIGNMENT.empty)), 201)


def remove_app_role(ask: Ask, key: str, assignment: str) -> Reply:
    """Take one application permission away again, named by the application or by whose permission it is.

    Source: https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignedto
    """
    if MAY_CONSENT.isdisjoint(roles_here(ask.world, ask.tenant, ask.me())):
        raise denied()
    is_of_graph = key.lower() in {_graph(ask.tenant)["id"], GRAPH_APP}
    holders = list(ask.tenant.principals.values()) if is_of_graph else [_found(ask.tenant, key)]
    for found in holders:
        for role in found.app_roles:
            if _grant_id(found, role) == assignment:
                found.app_roles.remove(role)
                found.shown_until[role] = ask.world.now() + ask.world.switches.removal_propagation_s
                return Reply(204)
    raise missing(assignment)


def _role_assignment(ask: Ask, found: ServicePrincipal, role: str) -> Object:
    graph = _graph(ask.tenant)
    return {
        "id": _grant_id(found, role),
        "appRoleId": ROLE_IDS[role],
        "createdDateTime": "2026-01-02T08:30:00Z",
        "principalDisplayName": ask.world.app(found.client_id).name,
        "principalId": found.id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": graph["displayName"],
        "resourceId": graph["id"],
    }


def permission_grants(ask: Ask) -> Reply:
    grants = [grant for it in ask.tenant.principals.values() for grant in _grants(ask.tenant, it)]
    return every(ask, _GRANT, grants, "oauth2PermissionGrants", "$filter", "$top")


def own_permission_grants(ask: Ask, key: str) -> Reply:
    return every(ask, _GRANT, _grants(ask.tenant, _found(ask.tenant, key)), "oauth2PermissionGrants", "$top")


def _grants(tenant: Tenant, principal: ServicePrincipal) -> list[Object]:
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


def _found(tenant: Tenant, key: str) -> ServicePrincipal:
    for found in tenant.principals.values():
        if key.lower() in {found.id, found.client_id.lower()}:
            return found
    raise missing(key)


def _shown(ask: Ask, it: ServicePrincipal) -> Object:
    app = ask.world.app(it.client_id)
    return {
        "id": it.id,
        "accountEnabled": it.enabled,
        "appDisplayName": app.name,
        "appId": it.client_id,
        "displayName": app.name,
        "replyUrls": sorted(app.redirect_uris),
        "servicePrincipalNames": [it.client_id],
    }


def _graph(tenant: Tenant) -> Object:
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


def _app_role(name: str, key: str) -> Object:
    told = {"description": name, "displayName": name, "isEnabled": True, "origin": "Application", "value": name}
    return {"allowedMemberTypes": ["Application"], "id": key, **told}


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
