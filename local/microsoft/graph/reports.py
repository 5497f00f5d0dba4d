"""Reports: what people have registered to prove themselves with.

Source: https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
"""

import zlib

from local.microsoft.derived import Derived
from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import missing, not_premium
from local.microsoft.graph.kinds import Kind, one
from local.microsoft.graph.paging import MOST_ON_A_PAGE, page_of
from local.microsoft.http import Reply
from local.microsoft.objects import Object

_DETAILS = Kind(
    "userRegistrationDetails",
    {
        "id": None, "isAdmin": False, "isMfaCapable": False, "isMfaRegistered": False,
        "isPasswordlessCapable": False, "isSsprCapable": False, "isSsprEnabled": True, "isSsprRegistered": False,
        "isSystemPreferredAuthenticationMethodEnabled": True, "lastUpdatedDateTime": None, "methodsRegistered": [],
        "systemPreferredAuthenticationMethods": [], "userDisplayName": None,
        "userPreferredMethodForSecondaryAuthentication": "none", "userPrincipalName": None, "userType": "member",
    },
)  # fmt: skip
_WHERE = "reports/authenticationMethods/userRegistrationDetails"
# Seven of ten people have registered something; the first of a tenant's people always has.
_REGISTERED_OF_TEN = 7


def registration_details(ask: Ask) -> Reply:
    """$filter and $orderby are documented here, $top is listed in the OpenAPI only; we serve the first and the last."""
    switches = ask.world.switches
    ask.allow("$filter", "$skiptoken", *(["$top"] if switches.registrations_top != "refuse" else []))
    _check_licence(ask)
    size = switches.registrations_page_size
    most = MOST_ON_A_PAGE if switches.registrations_top == "heed" and "$top" in ask.options else size
    return page_of(ask, _DETAILS, _people(ask), _WHERE, size, most=most)


def registration_details_of(ask: Ask, key: str) -> Reply:
    _check_licence(ask)
    found = _people(ask).get(key)
    if found is None:
        raise missing(key)
    return one(ask, _DETAILS, found, _WHERE)


def _check_licence(ask: Ask) -> None:
    if not ask.tenant.is_premium():
        raise not_premium()


def _people(ask: Ask) -> Derived:
    tenant = ask.tenant
    holders = {it.principal_id for it in tenant.assignments if it.scope == "/"}
    admins = holders | {member for group in tenant.groups.values() if group.id in holders for member in group.members}

    def tell(person: Object) -> Object | None:
        if not person["accountEnabled"] and not ask.world.switches.registrations_of_disabled:
            return None
        is_first = tenant.users.number_of(person["id"]) == 0
        registered = is_first or zlib.crc32(person["id"].encode()) % 10 < _REGISTERED_OF_TEN
        told = {
            "id": person["id"],
            "isAdmin": person["id"] in admins,
            "lastUpdatedDateTime": "2026-01-04T19:15:41.6195833Z",
            "userDisplayName": person["displayName"] or "",
            "userPrincipalName": person["userPrincipalName"],
            "userType": "guest" if person["userType"] == "Guest" else "member",
        }
        return told | (_REGISTERED if registered else {}) | tenant.posture.registrations.get(person["id"], {})

    return Derived(tenant.users, tell)


_REGISTERED: Object = {
    "isMfaCapable": True,
    "isMfaRegistered": True,
    "isSsprCapable": True,
    "isSsprRegistered": True,
    "methodsRegistered": ["microsoftAuthenticatorPush", "softwareOneTimePasscode"],
    "systemPreferredAuthenticationMethods": ["push"],
    "userPreferredMethodForSecondaryAuthentication": "push",
}
