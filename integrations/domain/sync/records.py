"""The rows of each data set, in our names. A missing value is None, never an empty string."""

from datetime import datetime

import msgspec


class TenantProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tenant's profile. ``plans`` are the ids of its enabled service plans."""

    name: str
    default_domain: str | None = None
    verified_domains: list[str] = []
    country: str | None = None
    plans: list[str] = []


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user account of the tenant's directory."""

    id: str
    name: str
    username: str
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    is_enabled: bool | None = None
    is_guest: bool = False
    job_title: str | None = None
    department: str | None = None
    office: str | None = None
    mobile_phone: str | None = None
    business_phones: list[str] = []
    usage_location: str | None = None
    license_ids: list[str] = []


class License(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product the tenant has bought; counts are seats.

    ``unused`` seats could be assigned today: bought or in their grace period, but not suspended or locked out.
    """

    sku_id: str
    part_number: str
    name: str
    is_assignable: bool
    is_per_user: bool
    bought: int
    assigned: int
    suspended: int = 0
    warning: int = 0
    locked_out: int = 0
    unused: int = 0
    is_unlimited: bool = False


class Subscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A commercial subscription behind a licence: its seats, and when it renews or ends. ``status`` is Microsoft's."""

    id: str
    sku_id: str
    status: str
    seats: int
    is_trial: bool = False
    renews_at: datetime | None = None


class Domain(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A domain of the tenant. ``password_days`` is None where passwords never expire."""

    name: str
    is_default: bool = False
    is_initial: bool = False
    is_verified: bool = False
    is_federated: bool = False
    services: list[str] = []
    password_days: int | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device of the tenant's directory. ``id`` is the object id, ``device_id`` the one that Intune uses."""

    id: str
    name: str
    device_id: str | None = None
    system: str | None = None
    system_version: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    joined_as: str | None = None
    ownership: str | None = None
    is_enabled: bool | None = None
    is_managed: bool | None = None
    is_compliant: bool | None = None
    registered_at: datetime | None = None
    last_seen_at: datetime | None = None
    owner_id: str | None = None


class ManagedDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device as Intune manages it. ``serial`` and ``device_id`` are None where Intune has a placeholder."""

    id: str
    name: str
    device_id: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    system: str | None = None
    system_version: str | None = None
    user_id: str | None = None
    username: str | None = None
    compliance: str = "unknown"
    ownership: str = "unknown"
    state: str | None = None
    agent: str | None = None
    is_encrypted: bool | None = None
    enrolled_at: datetime | None = None
    last_sync_at: datetime | None = None


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


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Directory settings that differ from their template; values are Microsoft's."""

    id: str
    name: str
    template_id: str | None = None
    values: dict[str, str] = {}


class SignIns(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When somebody last signed in; all None if they never did."""

    user_id: str
    last_at: datetime | None = None
    last_background_at: datetime | None = None
    last_success_at: datetime | None = None

    @property
    def was_seen(self) -> bool:
        return any((self.last_at, self.last_background_at, self.last_success_at))


class SignInPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a tenant's sign-in times; a row holds many."""

    people: list[SignIns]


class Group(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A group and the ids of its direct members, groups among them.

    A large group takes several rows; ``part`` numbers them, and each holds some of the members.
    """

    id: str
    name: str
    kind: str = "security"
    mail: str | None = None
    is_dynamic: bool = False
    may_hold_roles: bool = False
    members: list[str] = []
    part: int = 0
