"""Users: lists, single ones, changes, and the licences of one.

Sources: https://learn.microsoft.com/graph/api/user-list, https://learn.microsoft.com/graph/api/user-delta
"""

import zlib
from typing import Any

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.delta import delta_of
from local.microsoft.graph.errors import GraphError, denied, missing, not_premium
from local.microsoft.graph.kinds import Kind, every, one
from local.microsoft.graph.paging import MOST_ON_A_PAGE, counted, page_of
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.permissions import Needs
from local.microsoft.seeds import user
from local.microsoft.skus import PLANS_OF
from local.microsoft.tenants import Tenant
from local.microsoft.world import person_in

_DEFAULT = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip
_NOT_SIMULATED = (
    "ageGroup", "city", "consentProvidedForMinor", "country", "creationType", "deletedDateTime", "employeeHireDate",
    "employeeLeaveDateTime", "employeeOrgData", "employeeType", "externalUserStateChangeDateTime", "faxNumber",
    "isManagementRestricted", "isResourceAccount", "legalAgeGroupClassification", "onPremisesDistinguishedName",
    "onPremisesDomainName", "onPremisesImmutableId", "onPremisesLastSyncDateTime", "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier", "onPremisesUserPrincipalName", "passwordPolicies", "passwordProfile", "postalCode",
    "preferredDataLocation", "securityIdentifier", "showInAddressList", "signInSessionsValidFromDateTime", "state",
    "streetAddress",
)  # fmt: skip
_NOT_SIMULATED_LISTS = (
    "imAddresses", "onPremisesProvisioningErrors", "provisionedPlans", "serviceProvisioningErrors",
)  # fmt: skip
# Kept outside the directory: Graph gives these for a single user only.
_SINGLE_ONLY: dict[str, Any] = {
    "aboutMe": None, "birthday": "0001-01-01T00:00:00Z", "hireDate": "0001-01-01T00:00:00Z", "interests": [],
    "mySite": None, "pastProjects": [], "preferredName": None, "responsibilities": [], "schools": [], "skills": [],
}  # fmt: skip
_ACTIVITY = "signInActivity"
_AUDIT = Needs(frozenset({"AuditLog.Read.All"}), frozenset({"AuditLog.Read.All"}))


def _states(_ask: Ask, person: Object) -> list[Object]:
    return [
        {
            "assignedByGroup": None,
            "disabledPlans": it["disabledPlans"],
            "error": "None",
            "lastUpdatedDateTime": "2024-05-01T12:00:00Z",
            "skuId": it["skuId"],
            "state": "Active",
        }
        for it in person["assignedLicenses"]
    ]


def _plans(_ask: Ask, person: Object) -> list[Object]:
    return [
        {
            "assignedDateTime": "2024-05-01T12:00:00Z",
            "capabilityStatus": "Enabled",
            "service": plan.service,
            "servicePlanId": plan.id,
        }
        for it in person["assignedLicenses"]
        for plan in PLANS_OF.get(it["skuId"], ())
        if plan.id not in it["disabledPlans"]
    ]


def _identities(ask: Ask, person: Object) -> list[Object]:
    name = person["userPrincipalName"]
    return [
        {"signInType": "userPrincipalName", "issuer": ask.tenant.initial_domain, "issuerAssignedId": name},
    ]


def _activity(_ask: Ask, person: Object) -> Object | None:
    """When somebody was last seen; one in nine never was."""
    dice = zlib.crc32(person["id"].encode())
    if dice % 9 == 0:
        return None
    seen = f"2026-01-{1 + dice % 28:02d}T{dice % 24:02d}:15:00Z"
    request = f"{dice:08x}-0000-4000-b000-000000000001"
    return {
        "lastSignInDateTime": seen,
        "lastSignInRequestId": request,
        "lastNonInteractiveSignInDateTime": seen,
        "lastNonInteractiveSignInRequestId": request,
        "lastSuccessfulSignInDateTime": seen,
        "lastSuccessfulSignInRequestId": request,
    }


_COMPUTED = {
    "licenseAssignmentStates": _states,
    "assignedPlans": _plans,
    "identities": _identities,
    _ACTIVITY: _activity,
}
_KEPT = user("", given="", family="", username="", mail=None)
USER = Kind(
    "user",
    {name: [] if isinstance(value, list) else None for name, value in _KEPT.items()}
    | dict.fromkeys(_NOT_SIMULATED)
    | {name: [] for name in _NOT_SIMULATED_LISTS},
    _DEFAULT,
    _COMPUTED,
    follows={"licenseAssignmentStates": "assignedLicenses", "assignedPlans": "assignedLicenses"},
)
_SINGLE = Kind("user", {**USER.empty, **_SINGLE_ONLY}, _DEFAULT, _COMPUTED)
_WITHOUT_STATES = Kind(
    "user", USER.empty, _DEFAULT, {**_COMPUTED, "licenseAssignmentStates": lambda _ask, _person: None}, USER.follows
)
_LICENCE = Kind("licenseDetails", {"id": None, "skuId": None, "skuPartNumber": None, "servicePlans": []})


def users(ask: Ask) -> Reply:
    ask.allow("$select", "$top", "$filter", "$count", "$skiptoken")
    names, switches = _selected(ask), ask.world.switches
    _refuse_outside(names)
    most = MOST_ON_A_PAGE
    if _ACTIVITY in names:
        _check_activity(ask)
        most = switches.sign_in_activity_page_size
    return page_of(ask, USER, ask.tenant.users, "users", switches.users_page_size, most)


def user_count(ask: Ask) -> Reply:
    return counted(ask, USER, ask.tenant.users)


def users_delta(ask: Ask) -> Reply:
    _refuse_outside(_selected(ask), _ACTIVITY)
    kind = USER if ask.world.switches.delta_licence_states else _WITHOUT_STATES
    return delta_of(ask, kind, ask.tenant.users, "users")


def user_by_id(ask: Ask, key: str) -> Reply:
    if _ACTIVITY in _selected(ask):
        _check_activity(ask)
    return one(ask, _SINGLE, found_user(ask.tenant, key), "users")


def me(ask: Ask) -> Reply:
    return user_by_id(ask, ask.me())


def license_details(ask: Ask, key: str) -> Reply:
    person = found_user(ask.tenant, key)
    parts = {licence.sku.id: part for part, licence in ask.tenant.licences.items()}
    value = [
        {
            "id": f"{ask.tenant.id}{it['skuId']}".replace("-", ""),
            "skuId": it["skuId"],
            "skuPartNumber": parts.get(it["skuId"]),
            "servicePlans": [_service_plan(plan.id, plan.name) for plan in PLANS_OF.get(it["skuId"], ())],
        }
        for it in person["assignedLicenses"]
    ]
    return every(ask, _LICENCE, value, f"users('{person['id']}')/licenseDetails")


def _service_plan(key: str, name: str) -> Object:
    return {"appliesTo": "User", "provisioningStatus": "Success", "servicePlanId": key, "servicePlanName": name}


def found_user(tenant: Tenant, key: str) -> Object:
    """A user by id or by sign-in name."""
    found = tenant.users.get(key) or person_in(tenant, key.lower(), by_mail=False)
    if found is None:
        raise missing(key)
    return found


def _selected(ask: Ask) -> set[str]:
    return {it.strip() for it in ask.options.get("$select", "").split(",")}


def _refuse_outside(names: set[str], *more: str) -> None:
    outside = names & {*_SINGLE_ONLY, "mailboxSettings", *more}
    if outside:
        raise GraphError(501, "NotImplemented", f"'{min(outside)}' is not available in a list.")


def _check_activity(ask: Ask) -> None:
    """Sign-in activity takes a second permission, and a tenant that has bought Entra ID P1."""
    if not ask.caller.may(_AUDIT):
        raise denied("Authentication_MSGraphPermissionMissing")
    if not ask.tenant.is_premium():
        raise not_premium()
