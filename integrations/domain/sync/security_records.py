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
    """A member of a tenant-wide directory role. ``kind`` is user, group or application."""

    role_id: str
    role: str
    member_id: str
    kind: str
    name: str | None = None
    username: str | None = None


class ConditionalAccess(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Conditional Access policy: its users, applications, conditions and grant controls. Lists hold ids, or "All".

    ``strength`` is the name of the authentication strength it requires, if any.
    """

    id: str
    name: str
    state: str
    demands: list[str] = []
    all_demands: bool = False
    users: list[str] = []
    groups: list[str] = []
    roles: list[str] = []
    guests: bool = False
    without_users: list[str] = []
    without_groups: list[str] = []
    without_roles: list[str] = []
    without_guests: bool = False
    applications: list[str] = []
    without_applications: list[str] = []
    client_apps: list[str] = []
    is_narrowed: bool = False
    sign_in_risks: list[str] = []
    user_risks: list[str] = []
    locations: list[str] = []
    without_locations: list[str] = []
    strength: str | None = None
    changed_at: datetime | None = None


class NamedLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named location. ``kind`` is ip (``ranges``) or country (``countries``, two letters each)."""

    id: str
    name: str
    kind: str
    is_trusted: bool = False
    ranges: list[str] = []
    countries: list[str] = []
    includes_unknown: bool = False
    looked_up_by: str | None = None


class SecurityDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """Microsoft's security defaults; while they are on, everybody has to register for MFA."""

    is_enabled: bool


class AuthorizationPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What users and guests may do by themselves. None where Microsoft returned no value."""

    invites_from: str | None = None
    guest_access: str | None = None
    may_reset_password: bool | None = None
    may_join_by_mail: bool | None = None
    may_sign_up_for_trials: bool | None = None
    blocks_old_powershell: bool | None = None
    users_may_create_apps: bool | None = None
    users_may_create_groups: bool | None = None
    users_may_create_tenants: bool | None = None
    users_may_consent: list[str] = []
    users_may_consent_to_risky_apps: bool | None = None


class AuthenticationMethods(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which authentication methods are enabled. ``migration`` is the state of migrating from legacy policies."""

    enabled: list[str] = []
    disabled: list[str] = []
    migration: str | None = None
    campaign: str | None = None


class AdminConsentRequests(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether users may request admin consent for an application; requests expire after ``days``."""

    is_enabled: bool
    notifies_reviewers: bool | None = None
    reminds_reviewers: bool | None = None
    reviewers: int = 0
    days: int | None = None


class CrossTenantAccess(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cross-tenant access settings: for the organization ``partner_id``, or the default (None).

    Access is "allowed", "blocked" or "some"; None in a partner's settings is as in the default.
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
