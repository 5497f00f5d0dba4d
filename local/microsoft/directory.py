"""Graph's directory: organization, domains, users, devices, licences, roles, memberships, applications.

Each answer is what https://learn.microsoft.com/graph/api documents for its request.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from local.microsoft import permissions
from local.microsoft.http import Reply
from local.microsoft.odata import (
    GraphError,
    answered,
    bad,
    filtered,
    missing,
    refuse_options,
    select_of,
    selected,
    state_of,
    token_of,
    top_of,
)
from local.microsoft.seeds import Collection
from local.microsoft.world import ROLE_NAMES, SKUS, ServicePrincipal, Tenant, World

USER_DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
USER_KNOWN = frozenset(
    {
        *USER_DEFAULT, "otherMails", "proxyAddresses", "accountEnabled", "userType", "externalUserState",
        "createdDateTime", "department", "companyName", "employeeId", "usageLocation", "onPremisesSyncEnabled",
        "lastPasswordChangeDateTime", "assignedLicenses",
    }
)  # fmt: skip
DEVICE_KNOWN = frozenset(
    {
        "id", "deviceId", "displayName", "operatingSystem", "operatingSystemVersion", "trustType", "profileType",
        "isManaged", "isCompliant", "managementType", "accountEnabled", "approximateLastSignInDateTime",
        "registrationDateTime", "manufacturer", "model",
    }
)  # fmt: skip
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


@dataclass
class Ask:
    """One request to Graph, already let in: whose tenant, on whose behalf, with which options."""

    world: World
    root: str
    tenant: Tenant
    client_id: str
    me: str | None
    headers: dict[str, str]
    path: str
    query: dict[str, str]

    @property
    def context(self) -> str:
        return f"{self.root}/v1.0/$metadata#"

    def link(self, path: str, **options: str) -> str:
        told = "&".join(f"${name}={quote(value, safe=',')}" for name, value in options.items())
        return f"{self.root}/v1.0{path}?{told}"


@dataclass(frozen=True)
class Route:
    """A request Graph answers: ``units`` are its throttling cost."""

    method: str
    path: re.Pattern[str]
    needs: frozenset[str]
    units: int
    answer: Callable[..., Reply]


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


def users(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select", "$top", "$filter", "$count", "$skiptoken"})
    return _listed(ask, "users", ask.tenant.users, USER_KNOWN, USER_DEFAULT)


def devices(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$select", "$top", "$filter", "$count", "$skiptoken"})
    return _listed(ask, "devices", ask.tenant.devices, DEVICE_KNOWN, DEVICE_KNOWN)


def user(ask: Ask, key: str) -> Reply:
    refuse_options(ask.query, {"$select"})
    found = ask.tenant.users.get(key)
    if found is None:
        raise missing(key)
    told = selected(found, select_of(ask.query), USER_KNOWN, USER_DEFAULT)
    return answered({"@odata.context": f"{ask.context}users/$entity", **told})


def me(ask: Ask) -> Reply:
    return user(ask, _myself(ask))


def _listed(ask: Ask, name: str, things: Collection, known: Iterable[str], default: Iterable[str]) -> Reply:
    """A page of a collection; the skip token holds the place and the options, as Graph's does."""
    query = dict(ask.query)
    state = state_of(query["$skiptoken"]) if "$skiptoken" in query else {}
    select = state.get("select", select_of(query))
    top = state.get("top", top_of(query, 100, 999))
    if "$filter" in query:
        rows = filtered(things.all(), query["$filter"])[:top]
        place = things.places()
    else:
        rows, place = _page(things, state.get("place", 0), top)
    body: dict[str, Any] = {"@odata.context": f"{ask.context}{name}"}
    if query.get("$count") == "true" and not state:
        if ask.headers.get("consistencylevel", "").lower() != "eventual":
            raise bad("$count is not currently supported.")
        body["@odata.count"] = len(things)
    if place < things.places():
        onward = token_of({"place": place, "select": select, "top": top})
        body["@odata.nextLink"] = ask.link(f"/{name}", skiptoken=onward)
    return answered(body | {"value": [selected(row, select, known, default) for row in rows]})


def _page(things: Collection, place: int, size: int) -> tuple[list[dict[str, Any]], int]:
    rows: list[dict[str, Any]] = []
    while place < things.places() and len(rows) < size:
        found = things.at(place)
        place += 1
        if found is not None:
            rows.append(found)
    return rows, place


def users_delta(ask: Ask) -> Reply:
    return _delta(ask, "users", ask.tenant.users, USER_KNOWN, USER_DEFAULT)


def devices_delta(ask: Ask) -> Reply:
    return _delta(ask, "devices", ask.tenant.devices, DEVICE_KNOWN, sorted(DEVICE_KNOWN))


def _delta(ask: Ask, name: str, things: Collection, known: Iterable[str], default: Iterable[str]) -> Reply:
    """Source: https://learn.microsoft.com/graph/delta-query-overview ."""
    refuse_options(ask.query, {"$select", "$deltatoken", "$skiptoken", "$filter"})
    token = ask.query.get("$skiptoken") or ask.query.get("$deltatoken", "")
    state = state_of(token) if token and token != "latest" else {"select": select_of(ask.query)}  # noqa: S105 - an OData word
    _refuse_expired(ask, name, state)
    fresh = {"era": ask.tenant.delta_era, "select": state["select"], "since": ask.tenant.sequence}
    body: dict[str, Any] = {"@odata.context": f"{ask.context}{name}"}
    if token == "latest":  # noqa: S105 - an OData word
        return answered(
            body | {"@odata.deltaLink": ask.link(f"/{name}/delta", deltatoken=token_of(fresh)), "value": []}
        )
    page, onward = _delta_page(ask, things, state, known, default)
    if onward is not None:
        kept = {**state, "era": fresh["era"], "until": state.get("until", fresh["since"]), "place": onward}
        return answered(body | {"@odata.nextLink": ask.link(f"/{name}/delta", skiptoken=token_of(kept)), "value": page})
    fresh["since"] = state.get("until", fresh["since"])
    return answered(body | {"@odata.deltaLink": ask.link(f"/{name}/delta", deltatoken=token_of(fresh)), "value": page})


def _delta_page(
    ask: Ask, things: Collection, state: dict[str, Any], known: Iterable[str], default: Iterable[str]
) -> tuple[list[dict[str, Any]], int | None]:
    size, place = ask.world.switches.delta_page_size, state.get("place", 0)
    if "since" not in state:
        rows, place = _page(things, place, size)
        told = [_present(things, row, state["select"], known, default) for row in rows]
        return told, place if place < things.places() else None
    changed = things.since(state["since"])
    part = changed[place : place + size]
    told = [_changed(things, key, state["select"], known, default) for key in part]
    return told, place + size if place + size < len(changed) else None


def _changed(
    things: Collection, key: str, select: list[str], known: Iterable[str], default: Iterable[str]
) -> dict[str, Any]:
    found = things.get(key)
    if found is None:
        return {"id": key, "@removed": {"reason": things.removal(key)}}
    return _present(things, found, select, known, default)


def _present(
    things: Collection, row: dict[str, Any], select: list[str], known: Iterable[str], default: Iterable[str]
) -> dict[str, Any]:
    """Delta leaves out what was never set, and says null for what was cleared."""
    cleared = things.cleared.get(row["id"], set())
    told = selected(row, select, known, default)
    return {name: value for name, value in told.items() if value is not None or name in cleared}


def _refuse_expired(ask: Ask, name: str, state: dict[str, Any]) -> None:
    if state.get("era", ask.tenant.delta_era) == ask.tenant.delta_era:
        return
    how = ask.tenant.delta_failure
    if how == "410":
        raise GraphError(
            410,
            "syncStateNotFound",
            "The sync state generation is not found; full synchronization is required.",
            headers={"Location": f"{ask.root}/v1.0/{name}/delta?$deltatoken="},
        )
    raise bad("The sync state is not found; full synchronization is required.", how)


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


def registered_owners(ask: Ask, key: str) -> Reply:
    found = ask.tenant.devices.get(key)
    if found is None:
        raise missing(key)
    owner = found.get("_owner")
    person = ask.tenant.users.at(owner) if owner is not None else None
    value = (
        [{"@odata.type": "#microsoft.graph.user", **selected(person, [], USER_KNOWN, USER_DEFAULT)}] if person else []
    )
    return answered({"@odata.context": f"{ask.context}directoryObjects", "value": value})


def memberships(ask: Ask, key: str, *_cast: str) -> Reply:
    """What somebody is a member of. With User.Read alone, roles come without saying which they are."""
    refuse_options(ask.query, {"$select", "$top", "$count"})
    key = _myself(ask) if key == "me" else key
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
    return answered({"@odata.context": f"{ask.context}directoryObjects", "value": value})


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
    value = [{name: value for name, value in role.items() if name != "@odata.type"} for role in roles]
    return answered(
        {"@odata.context": f"{ask.context}directoryRoles", "value": filtered(value, ask.query.get("$filter", ""))}
    )


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


def service_principals(ask: Ask) -> Reply:
    refuse_options(ask.query, {"$filter", "$select", "$top", "$count"})
    found = [_principal(it) for it in ask.tenant.service_principals.values()]
    value = filtered(found, ask.query.get("$filter", ""))
    known = set(_principal(ServicePrincipal("", "", 0.0)))
    told = [selected(it, select_of(ask.query), known, known) for it in value]
    return answered({"@odata.context": f"{ask.context}servicePrincipals", "value": told})


def service_principal(ask: Ask, key: str) -> Reply:
    found = _found_principal(ask, key)
    return answered({"@odata.context": f"{ask.context}servicePrincipals/$entity", **_principal(found)})


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


def _myself(ask: Ask) -> str:
    if ask.me is None:
        raise bad("/me request is only valid with delegated authentication flow.")
    return ask.me


def _route(method: str, path: str, needs: frozenset[str], units: int, answer: Callable[..., Reply]) -> Route:
    pattern = path.replace("{id}", "([^/()]+)").replace("{cast}", r"(/microsoft\.graph\.(?:directoryRole|group))?")
    return Route(method, re.compile(pattern, re.IGNORECASE), needs, units, answer)


_ROLES_OR_MEMBERS = permissions.MEMBERSHIPS
ROUTES = (
    _route("GET", "/organization", permissions.ORGANIZATION, 1, organization),
    _route("GET", "/domains", permissions.DOMAINS, 1, domains),
    _route("GET", "/users", permissions.USERS, 2, users),
    _route("GET", r"/users/delta(?:\(\))?", permissions.USERS, 1, users_delta),
    _route("GET", "/users/{id}", permissions.USERS, 1, user),
    _route("GET", "/devices", permissions.DEVICES, 1, devices),
    _route("GET", r"/devices/delta(?:\(\))?", permissions.DEVICES, 1, devices_delta),
    _route("GET", "/devices/{id}/registeredOwners", permissions.DEVICES, 1, registered_owners),
    _route("GET", "/subscribedSkus", permissions.LICENCES, 3, subscribed_skus),
    _route("GET", "/directoryRoles", permissions.ROLES, 1, directory_roles),
    _route("GET", "/roleManagement/directory/roleAssignments", permissions.ROLES, 1, role_assignments),
    _route("GET", "/me", permissions.MYSELF, 1, me),
    _route("GET", "/(me)/(?:transitive)?memberOf{cast}", permissions.MYSELF, 2, memberships),
    _route("GET", "/users/{id}/(?:transitive)?memberOf{cast}", _ROLES_OR_MEMBERS, 2, memberships),
    _route("GET", "/servicePrincipals", permissions.APPLICATIONS, 1, service_principals),
    _route("GET", r"/servicePrincipals/{id}", permissions.APPLICATIONS, 1, service_principal),
    _route("GET", r"/servicePrincipals\(appId='([^']+)'\)", permissions.APPLICATIONS, 1, service_principal),
    _route("DELETE", "/servicePrincipals/{id}", permissions.OWN_APPLICATION, 2, delete_service_principal),
    _route(
        "DELETE", r"/servicePrincipals\(appId='([^']+)'\)", permissions.OWN_APPLICATION, 2, delete_service_principal
    ),
    _route("GET", "/servicePrincipals/{id}/appRoleAssignments", permissions.APPLICATIONS, 2, app_role_assignments),
)
