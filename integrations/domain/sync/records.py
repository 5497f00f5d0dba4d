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
