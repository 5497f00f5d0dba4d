"""Reports: what people have registered to prove themselves with.

Source: https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
"""

import zlib

from local.microsoft.graph.protocol.entity_types import EntityType, entity_reply
from local.microsoft.graph.protocol.errors import not_found, premium_required
from local.microsoft.graph.protocol.paging import MAX_PAGE_SIZE, page_reply
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.derived import DerivedCollection

_DETAILS = EntityType(
    "userRegistrationDetails",
    {
        "id": None, "isAdmin": False, "isMfaCapable": False, "isMfaRegistered": False,
        "isPasswordlessCapable": False, "isSsprCapable": False, "isSsprEnabled": True, "isSsprRegistered": False,
        "isSystemPreferredAuthenticationMethodEnabled": True, "lastUpdatedDateTime": None, "methodsRegistered": [],
        "systemPreferredAuthenticationMethods": [], "userDisplayName": None,
        "userPreferredMethodForSecondaryAuthentication": "none", "userPrincipalName": None, "userType": "member",
    },
)  # fmt: skip
_PATH = "reports/authenticationMethods/userRegistrationDetails"
# Seven of ten people have registered something; the first of a tenant's people always has.
_REGISTERED_OF_TEN = 7


def registration_details(request: GraphRequest) -> Reply:
    """$filter and $orderby are documented here, $top is listed in the OpenAPI only; we serve the first and the last."""
    switches = request.world.switches
    request.allow("$filter", "$skiptoken", *(["$top"] if switches.registrations_top != "refuse" else []))
    _check_licence(request)
    size = switches.registrations_page_size
    max_size = MAX_PAGE_SIZE if switches.registrations_top == "heed" and "$top" in request.options else size
    return page_reply(request, _DETAILS, _registrations(request), _PATH, size, max_size=max_size)


def registration_details_of(request: GraphRequest, key: str) -> Reply:
    _check_licence(request)
    details = _registrations(request).get(key)
    if details is None:
        raise not_found(key)
    return entity_reply(request, _DETAILS, details, _PATH)


def _check_licence(request: GraphRequest) -> None:
    if not request.tenant.is_premium():
        raise premium_required()


def _registrations(request: GraphRequest) -> DerivedCollection:
    tenant = request.tenant
    holders = {it.principal_id for it in tenant.assignments if it.scope == "/"}
    admins = holders | {member for group in tenant.groups.values() if group.id in holders for member in group.members}

    def details_of(person: Object) -> Object | None:
        if not person["accountEnabled"] and not request.world.switches.registrations_of_disabled:
            return None
        is_first = tenant.users.number_of(person["id"]) == 0
        registered = is_first or zlib.crc32(person["id"].encode()) % 10 < _REGISTERED_OF_TEN
        details = {
            "id": person["id"],
            "isAdmin": person["id"] in admins,
            "lastUpdatedDateTime": "2026-01-04T19:15:41.6195833Z",
            "userDisplayName": person["displayName"] or "",
            "userPrincipalName": person["userPrincipalName"],
            "userType": "guest" if person["userType"] == "Guest" else "member",
        }
        return details | (_REGISTERED if registered else {}) | tenant.posture.registrations.get(person["id"], {})

    return DerivedCollection(tenant.users, details_of)


_REGISTERED: Object = {
    "isMfaCapable": True,
    "isMfaRegistered": True,
    "isSsprCapable": True,
    "isSsprRegistered": True,
    "methodsRegistered": ["microsoftAuthenticatorPush", "softwareOneTimePasscode"],
    "systemPreferredAuthenticationMethods": ["push"],
    "userPreferredMethodForSecondaryAuthentication": "push",
}
