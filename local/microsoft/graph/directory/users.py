"""Users: lists, single ones, changes, and the licences of one.

Sources: https://learn.microsoft.com/graph/api/user-list, https://learn.microsoft.com/graph/api/user-delta
"""

import zlib
from typing import Any

from local.microsoft.graph.protocol.delta import delta_reply
from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply
from local.microsoft.graph.protocol.errors import GraphError, bad_request, forbidden, not_found, premium_required
from local.microsoft.graph.protocol.paging import MAX_PAGE_SIZE, count_reply, page_reply
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.permissions import RequiredPermissions
from local.microsoft.world.seeds import user
from local.microsoft.world.skus import PLANS_OF
from local.microsoft.world.state import person_in
from local.microsoft.world.tenants import TenantState

_DEFAULT = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip
_NOT_SIMULATED = (
    "ageGroup", "city", "consentProvidedForMinor", "country", "creationType", "deletedDateTime", "employeeHireDate",
    "employeeLeaveDateTime", "employeeOrgData", "employeeType", "externalUserStateChangeDateTime", "faxNumber",
    "isManagementRestricted", "isResourceAccount", "legalAgeGroupClassification", "onPremisesDistinguishedName",
    "onPremisesDomainName", "onPremisesLastSyncDateTime", "onPremisesSamAccountName",
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
_ACTIVITY, _PER_USER_MFA = "signInActivity", "perUserMfaState"
_AUDIT = RequiredPermissions(frozenset({"AuditLog.Read.All"}), frozenset({"AuditLog.Read.All"}))


def _states(_request: GraphRequest, person: Object) -> list[Object]:
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


def _plans(_request: GraphRequest, person: Object) -> list[Object]:
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


def _identities(request: GraphRequest, person: Object) -> list[Object]:
    name = person["userPrincipalName"]
    own = {"signInType": "userPrincipalName", "issuer": request.tenant.initial_domain, "issuerAssignedId": name}
    home = {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": None}
    return [home, own] if person["userType"] == "Guest" else [own]


def _per_user_mfa(request: GraphRequest, person: Object) -> str | None:
    return request.tenant.posture.per_user_mfa.get(person["id"], "disabled")


def _activity(_request: GraphRequest, person: Object) -> Object | None:
    """When somebody was last seen; one in nine never was."""
    bits = zlib.crc32(person["id"].encode())
    if bits % 9 == 0:
        return None
    seen = f"2026-01-{1 + bits % 28:02d}T{bits % 24:02d}:15:00Z"
    request = f"{bits:08x}-0000-4000-b000-000000000001"
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
    _PER_USER_MFA: _per_user_mfa,
}
_SEEDED = user("", given_name="", family="", username="", mail=None)
USER = EntityType(
    "user",
    {name: [] if isinstance(value, list) else None for name, value in _SEEDED.items()}
    | dict.fromkeys(_NOT_SIMULATED)
    | {name: [] for name in _NOT_SIMULATED_LISTS},
    _DEFAULT,
    _COMPUTED,
    follows={"licenseAssignmentStates": "assignedLicenses", "assignedPlans": "assignedLicenses"},
)
_SINGLE = EntityType("user", {**USER.empty, **_SINGLE_ONLY}, _DEFAULT, _COMPUTED)
_WITHOUT_STATES = EntityType(
    "user", USER.empty, _DEFAULT, {**_COMPUTED, "licenseAssignmentStates": lambda _request, _person: None}, USER.follows
)
_LICENCE = EntityType("licenseDetails", {"id": None, "skuId": None, "skuPartNumber": None, "servicePlans": []})


def _undocumented(name: str, refusal: str) -> GraphError:
    """How Microsoft refuses a property that it does not document."""
    if refusal == "denied":
        return forbidden()
    if refusal == "missing":
        return not_found(name)
    return bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.user'.")


def users(request: GraphRequest) -> Reply:
    request.allow("$select", "$top", "$filter", "$count", "$skiptoken")
    names, switches = _selected(request), request.world.switches
    _refuse_single_only(names)
    max_size = MAX_PAGE_SIZE
    if _PER_USER_MFA in names and switches.per_user_mfa_state != "answered":
        raise _undocumented(_PER_USER_MFA, switches.per_user_mfa_state)
    if _ACTIVITY in names:
        _check_activity(request)
        max_size = switches.sign_in_activity_page_size
    return page_reply(request, USER, request.tenant.users, "users", switches.users_page_size, max_size)


def user_count(request: GraphRequest) -> Reply:
    return count_reply(request, USER, request.tenant.users)


def users_delta(request: GraphRequest) -> Reply:
    _refuse_single_only(_selected(request), _ACTIVITY, _PER_USER_MFA)
    entity_type = USER if request.world.switches.delta_licence_states else _WITHOUT_STATES
    return delta_reply(request, entity_type, request.tenant.users, "users")


def user_by_id(request: GraphRequest, key: str) -> Reply:
    if _ACTIVITY in _selected(request):
        _check_activity(request)
    return entity_reply(request, _SINGLE, find_user(request.tenant, key), "users")


def me(request: GraphRequest) -> Reply:
    return user_by_id(request, request.me())


def license_details(request: GraphRequest, key: str) -> Reply:
    person = find_user(request.tenant, key)
    parts = {licence.sku.id: part for part, licence in request.tenant.licences.items()}
    value = [
        {
            "id": f"{request.tenant.id}{it['skuId']}".replace("-", ""),
            "skuId": it["skuId"],
            "skuPartNumber": parts.get(it["skuId"]),
            "servicePlans": [_service_plan(plan.id, plan.name) for plan in PLANS_OF.get(it["skuId"], ())],
        }
        for it in person["assignedLicenses"]
    ]
    return collection_reply(request, _LICENCE, value, f"users('{person['id']}')/licenseDetails")


def _service_plan(key: str, name: str) -> Object:
    return {"appliesTo": "User", "provisioningStatus": "Success", "servicePlanId": key, "servicePlanName": name}


def find_user(tenant: TenantState, key: str) -> Object:
    """A user by id or by sign-in name."""
    person = tenant.users.get(key) or person_in(tenant, key.lower(), by_mail=False)
    if person is None:
        raise not_found(key)
    return person


def _selected(request: GraphRequest) -> set[str]:
    return {it.strip() for it in request.options.get("$select", "").split(",")}


def _refuse_single_only(names: set[str], *more: str) -> None:
    outside = names & {*_SINGLE_ONLY, "mailboxSettings", *more}
    if outside:
        raise GraphError(501, "NotImplemented", f"'{min(outside)}' is not available in a list.")


def _check_activity(request: GraphRequest) -> None:
    """Sign-in activity takes a second permission, and a tenant that has bought Entra ID P1."""
    if not request.caller.may(_AUDIT):
        raise forbidden("Authentication_MSGraphPermissionMissing")
    if not request.tenant.is_premium():
        raise premium_required()
