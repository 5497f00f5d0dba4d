"""The rows of each data set, in our words. Missing is None, never an empty string."""

import msgspec


class TenantProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tenant about itself. ``plans`` are the ids of its enabled service plans."""

    name: str
    default_domain: str | None = None
    verified_domains: list[str] = []
    country: str | None = None
    plans: list[str] = []


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person, or an account, of the tenant's directory."""

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
    """A product the tenant has bought; counts are seats."""

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
