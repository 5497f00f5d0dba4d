"""Where Graph's documentation is narrower than its OpenAPI description, as data.

The description lists the same query options for nearly every collection; the pages of the single operations
say which of them really work. Templates are written as in the description.
"""

from dataclasses import dataclass

USERS = "/users"
DELTA_OPTIONS = frozenset({"$select", "$filter", "$deltatoken", "$skiptoken"})
DELTA_MOST_IDS = 50
MOST_CHECKED_GROUPS = 20
MOST_EXPANDED = 20
MOST_PARTS = 20
DEFAULT_MOST_TOP = 999

# What a user has without $select; everything else must be asked for.
DEFAULT_USER = frozenset(
    {
        "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
        "officeLocation", "preferredLanguage", "surname", "userPrincipalName",
    }
)  # fmt: skip
USER_TEMPLATES = frozenset({USERS, "/users/{user-id}", "/me"})

# Readable of a single user only; a list or a delta that selects one is answered 501.
SINGLE_USER_ONLY = frozenset(
    {
        "aboutMe", "birthday", "hireDate", "interests", "mySite", "pastProjects", "preferredName",
        "responsibilities", "schools", "skills", "mailboxSettings",
    }
)  # fmt: skip
NOT_IN_DELTA = SINGLE_USER_ONLY | {"signInActivity"}

# Collections of directory objects: the rules of advanced queries hold for them.
DIRECTORY = frozenset(
    {"users", "me", "groups", "devices", "servicePrincipals", "applications", "directoryObjects", "contracts"}
)
# Served by the directory: answers say what they cost in resource units.
COUNTED_IN_UNITS = DIRECTORY | {
    "organization", "domains", "subscribedSkus", "directoryRoles", "policies", "oauth2PermissionGrants"
}  # fmt: skip
CONDITIONAL_ACCESS = ("/identity/conditionalaccess/", "/identityprotection/")


@dataclass(frozen=True)
class Narrow:
    """What one operation takes: only these options, never those, at most so many items or expansions."""

    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()
    most_top: int = DEFAULT_MOST_TOP
    most_expands: int | None = None


_SELECT = Narrow(only=frozenset({"$select"}))
_NO_PAGING = Narrow(never=frozenset({"$top", "$skip"}))
_PARTNER = Narrow(only=frozenset({"$select", "$filter", "$top", "$orderby", "$count", "$skiptoken"}), most_top=300)
_RELATIONS = Narrow(never=frozenset({"$skip"}), most_expands=1)
_RELATIONSHIPS = "/tenantRelationships/delegatedAdminRelationships"

NARROW = {
    "/organization": _SELECT,
    "/domains": _SELECT,
    "/domains/{domain-id}": _SELECT,
    "/subscribedSkus": _SELECT,
    "/subscribedSkus/{subscribedSku-id}": _SELECT,
    USERS: _RELATIONS,
    "/users/{user-id}": _RELATIONS,
    "/me": _RELATIONS,
    "/groups": _RELATIONS,
    "/devices": _RELATIONS,
    # The page names $filter and $orderby; a page size that is refused is left out by us (see ``reading``).
    "/reports/authenticationMethods/userRegistrationDetails": Narrow(only=frozenset({"$filter", "$orderby", "$top"})),
    "/security/secureScores": Narrow(only=frozenset({"$top", "$skip", "$filter", "$count"})),
    "/deviceManagement/managedDevices": Narrow(never=frozenset({"$skip"}), most_top=1000),
    "/directoryRoles": _NO_PAGING,
    "/directoryRoles/{directoryRole-id}/members": _NO_PAGING,
    "/roleManagement/directory/roleAssignments": Narrow(most_expands=1),
    "/tenantRelationships/delegatedAdminCustomers": _PARTNER,
    _RELATIONSHIPS: _PARTNER,
    f"{_RELATIONSHIPS}/{{delegatedAdminRelationship-id}}/accessAssignments": _PARTNER,
    f"{_RELATIONSHIPS}/{{delegatedAdminRelationship-id}}/operations": _PARTNER,
    f"{_RELATIONSHIPS}/{{delegatedAdminRelationship-id}}/requests": _PARTNER,
}
ANY = Narrow()

# The codes that Graph gives with a status; in lower case, because their spelling varies.
CODES: dict[int, frozenset[str]] = {
    400: frozenset(
        {
            "request_badrequest", "request_unsupportedquery", "badrequest", "directory_expiredpagetoken",
            "expandnotsupported", "syncstatenotfound", "resyncrequired",
            "invalidrequest", "validationerror",  # of change notification subscriptions
        }
    ),
    401: frozenset({"invalidauthenticationtoken", "authorization_identitynotfound", "unknownerror", "forbidden"}),
    403: frozenset(
        {
            "authorization_requestdenied", "authentication_requestfromnonpremiumtenantorb2ctenant", "accessdenied",
            "aadpremiumlicenserequired", "forbidden", "authentication_msgraphpermissionmissing", "unknownerror",
        }
    ),
    404: frozenset({"request_resourcenotfound", "resourcenotfound", "itemnotfound", "syncstatenotfound"}),
    409: frozenset({"request_multipleobjectswithsamekeyvalue", "conflictingobjects"}),
    410: frozenset({"resyncrequired", "syncstatenotfound"}),
    429: frozenset({"toomanyrequests", "activitylimitreached", "request_throttledtemporarily"}),
    501: frozenset({"notimplemented"}),
}  # fmt: skip
REMOVED_REASONS = frozenset({"changed", "deleted"})
