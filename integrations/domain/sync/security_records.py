"""The rows of data sets about security, in our names. A missing value is None, never an empty string."""

from datetime import datetime

import msgspec


class SecureScore(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The Secure Score of one day. ``controls`` are points by control, for the newest score only."""

    as_of: datetime
    points: float
    max_points: float
    percent: float | None = None
    average_percent: float | None = None
    controls: dict[str, float] = {}


class SecureScoreControl(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A control of the Secure Score. A lower ``rank`` has a higher priority."""

    id: str
    title: str
    category: str | None = None
    service: str | None = None
    max_points: float = 0.0
    rank: int | None = None
    user_impact: str | None = None
    cost: str | None = None
    is_deprecated: bool = False


class Registration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The authentication methods somebody has registered. ``as_of`` is the report's own time, which is delayed."""

    user_id: str
    name: str
    username: str
    is_mfa_registered: bool
    is_mfa_capable: bool
    is_admin: bool | None = None
    is_guest: bool = False
    is_passwordless_capable: bool = False
    is_sspr_registered: bool = False
    methods: list[str] = []
    preferred_method: str | None = None
    as_of: datetime | None = None


class RegistrationPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a tenant's registrations; a row holds many."""

    people: list[Registration]


class RoleMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member of a tenant-wide directory role. ``kind`` is user, group or application.

    Attributes:
        role_id: The id of the role's template, the same in every tenant.
        role: The role's name.
        member_id: The member's object id.
        kind: "user", "group" or "application".
        name: The name that Microsoft shows. Null if there is none.
        username: The user principal name. Null for groups and applications.
    """

    role_id: str
    role: str
    member_id: str
    kind: str
    name: str | None = None
    username: str | None = None


class NamedLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named location. ``kind`` is ip (``ranges``) or country (``countries``, two letters each).

    Attributes:
        id: Microsoft's id of the location.
        name: The location's name.
        kind: "ip" or "country".
        is_trusted: Whether it is marked as trusted.
        ranges: IP ranges in CIDR form. Empty for countries.
        countries: Countries in two letters (ISO 3166). Empty for IP ranges.
        includes_unknown: Whether it includes addresses of an unknown country.
        looked_up_by: How a country is found, such as clientIpAddress. Null for IP ranges.
    """

    id: str
    name: str
    kind: str
    is_trusted: bool = False
    ranges: list[str] = []
    countries: list[str] = []
    includes_unknown: bool = False
    looked_up_by: str | None = None


class SecurityDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """Microsoft's security defaults; while they are on, everybody has to register for MFA.

    Attributes:
        is_enabled: Whether they are on.
    """

    is_enabled: bool


class AuthorizationPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What users and guests may do by themselves. Absent where Microsoft returned no value.

    Attributes:
        invites_from: Who may invite guests, in Microsoft's words.
        guest_access: What guests may see: "as members", "limited", "restricted", or "unknown".
        may_reset_password: Whether administrators may reset their own password.
        may_join_by_mail: Whether people may join by verifying their mail address.
        may_sign_up_for_trials: Whether users may sign up for trials.
        blocks_old_powershell: Whether the old PowerShell modules are blocked.
        users_may_create_apps: Whether users may register applications.
        users_may_create_groups: Whether users may create security groups.
        users_may_create_tenants: Whether users may create tenants.
        users_may_read_others: Whether users may read about other users.
        users_may_consent: The policies by which users may consent to applications. Empty: they may not.
        users_may_consent_to_risky_apps: Whether they may consent to applications that Microsoft calls risky.
    """

    invites_from: str | msgspec.UnsetType | None = msgspec.UNSET
    guest_access: str | msgspec.UnsetType | None = msgspec.UNSET
    may_reset_password: bool | msgspec.UnsetType | None = msgspec.UNSET
    may_join_by_mail: bool | msgspec.UnsetType | None = msgspec.UNSET
    may_sign_up_for_trials: bool | msgspec.UnsetType | None = msgspec.UNSET
    blocks_old_powershell: bool | msgspec.UnsetType | None = msgspec.UNSET
    users_may_create_apps: bool | msgspec.UnsetType | None = msgspec.UNSET
    users_may_create_groups: bool | msgspec.UnsetType | None = msgspec.UNSET
    users_may_create_tenants: bool | msgspec.UnsetType | None = msgspec.UNSET
    users_may_read_others: bool | msgspec.UnsetType | None = msgspec.UNSET
    users_may_consent: list[str] | msgspec.UnsetType | None = msgspec.UNSET
    users_may_consent_to_risky_apps: bool | msgspec.UnsetType | None = msgspec.UNSET


class AdminConsentRequests(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether users may request admin consent for an application; requests expire after ``days``.

    Attributes:
        is_enabled: Whether users may request admin consent.
        notifies_reviewers: Whether reviewers get a mail about each request. Null if Microsoft does not say.
        reminds_reviewers: Whether they are reminded before it expires. Null if Microsoft does not say.
        reviewers: How many reviewers there are.
        days: After how many days a request expires. Null if Microsoft does not say.
    """

    is_enabled: bool
    notifies_reviewers: bool | msgspec.UnsetType | None = msgspec.UNSET
    reminds_reviewers: bool | msgspec.UnsetType | None = msgspec.UNSET
    reviewers: int = 0
    days: int | msgspec.UnsetType | None = msgspec.UNSET


class CrossTenantAccess(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cross-tenant access settings: for the organization ``partner_id``, or the default (None).

    Access is "allowed", "blocked" or "some"; None in a partner's settings is as in the default.

    Attributes:
        partner_id: The tenant id of the other organization. Null for the default settings.
        is_service_default: Whether these are Microsoft's defaults, which nobody has changed.
        is_service_provider: Whether the other organization is the tenant's service provider.
        collaboration_in: Whether its people may be guests here.
        collaboration_out: Whether people from here may be guests there.
        direct_connect_in: Whether its people may use shared channels here.
        direct_connect_out: Whether people from here may use shared channels there.
        trusts_mfa: Whether its MFA is accepted. Null: as in the default.
        trusts_compliant_devices: Whether its compliant devices are accepted. Null: as in the default.
        trusts_joined_devices: Whether its hybrid joined devices are accepted. Null: as in the default.
    """

    partner_id: str | None = None
    is_service_default: bool = False
    is_service_provider: bool = False
    collaboration_in: str | None = None
    collaboration_out: str | None = None
    direct_connect_in: str | None = None
    direct_connect_out: str | None = None
    trusts_mfa: bool | None = None
    trusts_compliant_devices: bool | None = None
    trusts_joined_devices: bool | None = None


class PerUserMfa(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody whose legacy state of MFA is not "disabled", or is not known.

    Attributes:
        user_id: The user's object id.
        state: "enabled" or "enforced". Null if Microsoft did not say.
    """

    user_id: str
    state: str | None = None


class PerUserMfaPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a tenant's people; a row holds many. For everybody who is in no row the state is "disabled".

    Attributes:
        people: The people.
    """

    people: list[PerUserMfa]
