"""Graph's directory: organization, domains, licences, roles and memberships; and every route Graph answers.

Each answer is what https://learn.microsoft.com/graph/api documents for its request.
"""

import re
from collections.abc import Callable
from typing import Any

from local.microsoft import applications, collections, permissions
from local.microsoft.asking import Ask, Route, myself
from local.microsoft.http import Reply
from local.microsoft.odata import (
    answered,
    filtered,
    missing,
    refuse_options,
    select_of,
    selected,
)
from local.microsoft.world import ROLE_NAMES, SKUS, Tenant

_ORGANIZATION_KNOWN = frozenset(
    {
        "id", "displayName", "tenantType", "countryLetterCode", "createdDateTime", "partnerTenantType",
        "verifiedDomains", "assignedPlans", "technicalNotificationMails", "onPremisesSyncEnabled",
    }
)  # fmt: skip
_SKU_KNOWN = frozenset(
    {
        "id", "accountId", "accountName", "appliesTo", "capabilityStatus", "consumedUnits", "prepaidUnits",
        "servicePlans", "skuId", "skuPartNumber", "subscriptionIds",
    }
)  # fmt: skip
_ROLE_TYPE, _GROUP_TYPE = "#microsoft.graph.directoryRole", "#microsoft.graph.group"


def organization(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select"})
    return answered({"@odata.context": f"{ask.context}organization", "value": [_organization(ask)]})


def _organization(ask: Ask) -> dict[str, Any]:
    tenant = ask.tenant
    domains = [
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": first,
            "isInitial": not first,
            "name": name,
            "type": "Managed",
        }
        for name, first in ((tenant.domain, True), (tenant.initial_domain, False))
    ]
    plans = [
        {
            "assignedDateTime": "2024-01-05T00:00:00Z",
            "capabilityStatus": "Enabled",
            "service": name,
            "servicePlanId": plan,
        }
        for plan, name in (SKUS[part][1] for part in tenant.licences)
    ]
    thing = {
        "id": tenant.id,
        "displayName": tenant.name,
        "tenantType": "AAD",
        "countryLetterCode": "US",
        "createdDateTime": "2019-04-02T08:11:09Z",
        "partnerTenantType": tenant.partner_type,
        "verifiedDomains": domains,
        "assignedPlans": plans,
        "technicalNotificationMails": [f"it@{tenant.domain}"],
        "onPremisesSyncEnabled": None,
    }
    return selected(thing, select_of(ask.query), _ORGANIZATION_KNOWN, _ORGANIZATION_KNOWN)


def domains(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select"})
    found = [
        {
            "id": name,
            "authenticationType": "Managed",
            "isDefault": first,
            "isInitial": not first,
            "isVerified": True,
            "isAdminManaged": True,
            "isRoot": True,
            "passwordValidityPeriodInDays": 2147483647,
            "passwordNotificationWindowInDays": 14,
            "supportedServices": ["Email"],
            "state": None,
            "availabilityStatus": None,
        }
        for name, first in ((ask.tenant.domain, True), (ask.tenant.initial_domain, False))
    ]
    known = found[0].keys()
    value = [selected(it, select_of(ask.query), known, known) for it in found]
    return answered({"@odata.context": f"{ask.context}domains", "value": value})


def subscribed_skus(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select"})
    taken: dict[str, int] = {}
    for person in ask.tenant.users.all():
        for licence in person["assignedLicenses"]:
            taken[licence["skuId"]] = taken.get(licence["skuId"], 0) + 1
    value = [
        selected(_sku(ask.tenant, part, told, taken), select_of(ask.query), _SKU_KNOWN, _SKU_KNOWN)
        for part, told in ask.tenant.licences.items()
    ]
    return answered({"@odata.context": f"{ask.context}subscribedSkus", "value": value})


def _sku(tenant: Tenant, part: str, told: dict[str, Any], taken: dict[str, int]) -> dict[str, Any]:
    sku, (plan, plan_name) = SKUS[part]
    units = {name: told.get(name, 0) for name in ("enabled", "suspended", "warning", "lockedOut")}
    service = {
        "appliesTo": "User",
        "provisioningStatus": "Success",
        "servicePlanId": plan,
        "servicePlanName": plan_name,
    }
    return {
        "id": f"{tenant.id}_{sku}",
        "accountId": tenant.id,
        "accountName": tenant.initial_domain.split(".")[0],
        "appliesTo": "User",
        "capabilityStatus": told["capabilityStatus"],
        "consumedUnits": told.get("consumedUnits", taken.get(sku, 0)),
        "prepaidUnits": units,
        "servicePlans": [service],
        "skuId": sku,
        "skuPartNumber": part,
        "subscriptionIds": [],
    }


def memberships(ask: Ask, key: str, *_cast: str) -> Reply:
    """What somebody is a member of. With User.Read alone, roles come without saying which they are."""
    refuse_options(ask.query, {"$select", "$top", "$count"})
    key = myself(ask) if key == "me" else key
    if ask.tenant.users.get(key) is None:
        raise missing(key)
    transitive = "transitiveMemberOf" in ask.path
    roles = ask.tenant.roles_of(key) if transitive else [r for r, held in ask.tenant.roles.items() if key in held]
    groups = [group for group, members in ask.tenant.members.items() if key in members]
    hidden = ask.me is not None and ask.world.switches.memberof_hidden
    value = [_role(ask, role, hidden=hidden) for role in roles] + [_group(ask, group) for group in groups]
    cast = ask.path.rpartition("microsoft.graph.")[2] if "microsoft.graph." in ask.path else ""
    if cast:
        value = [it for it in value if it["@odata.type"].endswith(f".{cast}")]
    counted = ask.query.get("$count") == "true" and ask.headers.get("consistencylevel", "").lower() == "eventual"
    body: dict[str, Any] = {"@odata.context": f"{ask.context}directoryObjects"}
    if counted:
        body["@odata.count"] = len(value)
    return answered(body | {"value": [_chosen(it, select_of(ask.query)) for it in value]})


def _chosen(thing: dict[str, Any], select: list[str]) -> dict[str, Any]:
    """The chosen properties, as far as things of this type have them, with their type."""
    known = [name for name in thing if name != "@odata.type"]
    wanted = [name for name in select if name in known] or (["id"] if select else known)
    return {"@odata.type": thing["@odata.type"], **selected(thing, wanted, known, known)}


def _role(ask: Ask, role: str, *, hidden: bool) -> dict[str, Any]:
    told = {
        "id": f"{role[:8]}-{ask.tenant.id[:4]}-4000-8000-000000000001",
        "deletedDateTime": None,
        "description": ROLE_NAMES.get(role, role),
        "displayName": ROLE_NAMES.get(role, role),
        "roleTemplateId": role,
    }
    shown = {name: None if hidden and name != "id" else value for name, value in told.items()}
    return {"@odata.type": _ROLE_TYPE, **shown}


def _group(ask: Ask, group: str) -> dict[str, Any]:
    told = ask.tenant.groups[group]
    return {"@odata.type": _GROUP_TYPE, "id": group, "displayName": told["displayName"], "securityEnabled": True}


def directory_roles(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select", "$filter"})
    roles = [_role(ask, role, hidden=False) for role in ask.tenant.roles]
    for role in roles:
        del role["@odata.type"]
    found = filtered(roles, ask.query.get("$filter", ""))
    value = [selected(role, select_of(ask.query), role, role) for role in found]
    return answered({"@odata.context": f"{ask.context}directoryRoles", "value": value})


def role_assignments(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$filter", "$select", "$expand", "$top", "$count"})
    found = [
        {
            "id": f"{role[:8]}-{holder[:8]}",
            "roleDefinitionId": role,
            "principalId": holder,
            "directoryScopeId": "/",
        }
        for role, holders in ask.tenant.roles.items()
        for holder in sorted(holders)
    ]
    value = filtered(found, ask.query.get("$filter", ""))
    return answered({"@odata.context": f"{ask.context}roleManagement/directory/roleAssignments", "value": value})


def _route(method: str, path: str, needs: frozenset[str], units: int, answer: Callable[..., Reply]) -> Route:
    pattern = path.replace("{id}", "([^/()]+)").replace("{cast}", r"(/microsoft\.graph\.(?:directoryRole|group))?")
    return Route(method, re.compile(pattern, re.IGNORECASE), needs, units, answer)


_ROLES_OR_MEMBERS = permissions.MEMBERSHIPS
ROUTES = (
    _route("GET", "/organization", permissions.ORGANIZATION, 1, organization),
    _route("GET", "/domains", permissions.DOMAINS, 1, domains),
    _route("GET", "/users", permissions.USERS, 2, collections.users),
    _route("GET", r"/users/delta(?:\(\))?", permissions.USERS, 1, collections.users_delta),
    _route("GET", "/users/{id}", permissions.USERS, 1, collections.user),
    _route("GET", "/devices", permissions.DEVICES, 1, collections.devices),
    _route("GET", r"/devices/delta(?:\(\))?", permissions.DEVICES, 1, collections.devices_delta),
    _route("GET", "/devices/{id}/registeredOwners", permissions.DEVICES, 1, collections.registered_owners),
    _route("GET", "/subscribedSkus", permissions.LICENCES, 3, subscribed_skus),
    _route("GET", "/directoryRoles", permissions.ROLES, 1, directory_roles),
    _route("GET", "/roleManagement/directory/roleAssignments", permissions.ROLES, 1, role_assignments),
    _route("GET", "/me", permissions.MYSELF, 1, collections.me),
    _route("GET", "/(me)/(?:transitive)?memberOf{cast}", permissions.MYSELF, 2, memberships),
    _route("GET", "/users/{id}/(?:transitive)?memberOf{cast}", _ROLES_OR_MEMBERS, 2, memberships),
    _route("GET", "/servicePrincipals", permissions.APPLICATIONS, 1, applications.service_principals),
    _route("GET", r"/servicePrincipals/{id}", permissions.APPLICATIONS, 1, applications.service_principal),
    _route(
        "GET", r"/servicePrincipals\(appId='([^']+)'\)", permissions.APPLICATIONS, 1, applications.service_principal
    ),
    _route("DELETE", "/servicePrincipals/{id}", permissions.OWN_APPLICATION, 2, applications.delete_service_principal),
    _route(
        "DELETE",
        r"/servicePrincipals\(appId='([^']+)'\)",
        permissions.OWN_APPLICATION,
        2,
        applications.delete_service_principal,
    ),
    _route(
        "GET",
        "/servicePrincipals/{id}/appRoleAssignments",
        permissions.APPLICATIONS,
        2,
        applications.app_role_assignments,
    ),
)
