"""Service principals: applications as they stand inside one tenant.

Source: https://learn.microsoft.com/graph/api/resources/serviceprincipal
"""

from typing import Any

from local.microsoft import permissions
from local.microsoft.asking import Ask
from local.microsoft.http import Reply
from local.microsoft.odata import GraphError, answered, filtered, missing, refuse_options, select_of, selected
from local.microsoft.world import ServicePrincipal


def service_principals(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$filter", "$select", "$top", "$count"})
    found = [_principal(it) for it in ask.tenant.service_principals.values()]
    value = filtered(found, ask.query.get("$filter", ""))
    known = set(_principal(ServicePrincipal("", "", 0.0)))
    told = [selected(it, select_of(ask.query), known, known) for it in value]
    return answered({"@odata.context": f"{ask.context}servicePrincipals", "value": told})


def service_principal(ask: Ask, key: str) -> Reply:
    refuse_options(ask.query, {"$select"})
    found = _principal(_found_principal(ask, key))
    told = selected(found, select_of(ask.query), found, found)
    return answered({"@odata.context": f"{ask.context}servicePrincipals/$entity", **told})


def delete_service_principal(ask: Ask, key: str) -> Reply:
    found = _found_principal(ask, key)
    if found.client_id != ask.client_id:
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    del ask.tenant.service_principals[found.client_id]
    return answered(None, 204)


def app_role_assignments(ask: Ask, key: str) -> Reply:
    found = _found_principal(ask, key)
    value = [
        {
            "id": f"{found.id[:8]}{number:04d}",
            "deletedDateTime": None,
            "appRoleId": permissions.ROLE_IDS[name],
            "createdDateTime": "2026-01-01T00:00:00Z",
            "principalDisplayName": "Microsoft Tenant Integrations",
            "principalId": found.id,
            "principalType": "ServicePrincipal",
            "resourceDisplayName": "Microsoft Graph",
            "resourceId": "00000003-0000-4000-8000-000000000001",
        }
        for number, name in enumerate(sorted(found.app_roles))
    ]
    return answered({"@odata.context": f"{ask.context}appRoleAssignments", "value": value})


def _found_principal(ask: Ask, key: str) -> ServicePrincipal:
    for found in ask.tenant.service_principals.values():
        if key in {found.id, found.client_id}:
            return found
    raise missing(key)


def _principal(found: ServicePrincipal) -> dict[str, Any]:
    return {
        "id": found.id,
        "appId": found.client_id,
        "displayName": "Microsoft Tenant Integrations",
        "accountEnabled": found.enabled,
        "servicePrincipalType": "Application",
    }
