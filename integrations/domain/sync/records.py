"""The rows of each data set, in our names. A missing value is None, never an empty string."""

from datetime import datetime

import msgspec


class TenantProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tenant's profile. ``plans`` are the ids of its enabled service plans; absent: Microsoft did not say."""

    name: str
    default_domain: str | None = None
    verified_domains: list[str] = []
    country: str | None = None
    plans: list[str] | msgspec.UnsetType = msgspec.UNSET


class User(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user account of the tenant's directory.

    Attributes:
        id: The user's object id.
        name: The name that Microsoft shows.
        username: The user principal name. Null if Microsoft does not give it.
        given_name: The given name. Null if it is not set.
        surname: The surname. Null if it is not set.
        mail: The mail address. Null if the user has none.
        is_enabled: Whether the user can sign in. Null if Microsoft does not say.
        is_guest: Whether the user is a guest.
        job_title: The job title. Null if it is not set.
        department: The department. Null if it is not set.
        office: The office. Null if it is not set.
        mobile_phone: The mobile phone number. Null if it is not set.
        business_phones: Business phone numbers. Empty if there are none.
        usage_location: The country in two letters (ISO 3166) in which licenses are used. Null if it is not set.
        license_ids: Microsoft's ids of the products that are assigned, directly or by group.
        company: The company's name. Null if it is not set.
        employee_id: The employee's number. Null if it is not set.
        aliases: Further mail addresses.
        other_mails: Other addresses to reach the user by.
        created_at: When the account was made. Null if Microsoft does not say.
        immutable_id: What ties the account to a local directory. Null if nothing does. Absent if it was not read.
        is_synced: Whether a local directory keeps the account. Null if it never did.
        home_issuer: Who proves a guest's identity, as a domain. Null if Microsoft does not say.
        license_groups: The groups through which products are assigned, by the product's id.
        license_errors: Microsoft's error of products that could not be assigned, by the product's id.
    """

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
    company: str | None = None
    employee_id: str | None = None
    aliases: list[str] = []
    other_mails: list[str] = []
    created_at: datetime | None = None
    immutable_id: str | msgspec.UnsetType | None = msgspec.UNSET
    is_synced: bool | None = None
    home_issuer: str | None = None
    license_groups: dict[str, list[str]] = {}
    license_errors: dict[str, str] = {}


class License(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A product the tenant has bought; counts are seats.

    ``unused`` seats could be assigned today: bought or in their grace period, but not suspended or locked out.

    Attributes:
        sku_id: Microsoft's id of the product.
        part_number: Microsoft's short name of the product, such as SPB.
        name: The product's name as Microsoft sells it.
        is_assignable: Whether seats can be assigned today.
        is_per_user: Whether it is assigned to users. Others belong to the tenant.
        bought: Seats that were bought and work.
        assigned: Seats that are assigned.
        suspended: Seats of subscriptions that were cancelled. Absent if there are none.
        warning: Seats in their grace period. Absent if there are none.
        locked_out: Seats that can no longer be used. Absent if there are none.
        unused: Seats that could be assigned today. Absent if there are none.
        is_unlimited: Whether anybody can have it without paying. Absent if not.
        plans: The ids of the service plans that it provides.
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
    plans: list[str] | msgspec.UnsetType = msgspec.UNSET


class Subscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A commercial subscription behind a licence: its seats, and when it renews or ends. ``status`` is Microsoft's.

    Attributes:
        id: Microsoft's id of the subscription.
        sku_id: The product that was bought.
        status: Microsoft's status, such as Enabled or Suspended.
        seats: How many seats it has.
        is_trial: Whether it is a trial. Absent if not.
        renews_at: When it renews or ends. Null or absent if Microsoft does not say.
    """

    id: str
    sku_id: str
    status: str
    seats: int
    is_trial: bool = False
    renews_at: datetime | None = None


class Domain(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A domain of the tenant.

    Attributes:
        name: The domain.
        is_default: Whether new users get it.
        is_initial: Whether it is the first one, that ends in onmicrosoft.com.
        is_verified: Whether the tenant has proved that it owns it.
        is_root: Whether it has no parent in the tenant. Absent if Microsoft does not say.
        is_federated: Whether people sign in elsewhere.
        services: What it is used for, such as Email.
        password_days: After how many days a password expires; 2147483647 is never. Null in tenants that never set it,
            which is never, too. Absent if Microsoft does not say.
    """

    name: str
    is_default: bool = False
    is_initial: bool = False
    is_verified: bool = False
    is_federated: bool = False
    is_root: bool | msgspec.UnsetType | None = msgspec.UNSET
    services: list[str] = []
    password_days: int | msgspec.UnsetType | None = msgspec.UNSET


class Device(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device of the tenant's directory. ``id`` is the object id, ``device_id`` the one that Intune uses.

    Attributes:
        id: The device's object id.
        name: The name that Microsoft shows.
        device_id: The id that Intune uses for it. Null if it has none.
        system: The operating system. Null if it is not known.
        system_version: The version of the operating system. Null if it is not known.
        manufacturer: The manufacturer. Null if it is not known.
        model: The model. Null if it is not known.
        joined_as: How it joined: AzureAd, ServerAd or Workplace. Null if it is not known.
        profile: Microsoft's profile type, such as RegisteredDevice or Shared. Null if Microsoft does not say.
        ownership: Whether it is the company's or personal. Null if it is not known.
        is_enabled: Whether it may be used to sign in. Null if Microsoft does not say.
        is_managed: Whether a device manager manages it. Null if Microsoft does not say.
        is_compliant: Whether it complies with its policies. Null if Microsoft does not say.
        registered_at: When it was registered. Null if Microsoft does not say.
        last_seen_at: When it was last used to sign in, to about two weeks. Null if Microsoft does not say.
        owner_id: The object id of its registered owner. Null if it has none.
    """

    id: str
    name: str
    device_id: str | None = None
    system: str | None = None
    system_version: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    joined_as: str | None = None
    profile: str | None = None
    ownership: str | None = None
    is_enabled: bool | None = None
    is_managed: bool | None = None
    is_compliant: bool | None = None
    registered_at: datetime | None = None
    last_seen_at: datetime | None = None
    owner_id: str | None = None


class ManagedDevice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device as Intune manages it. ``serial`` and ``device_id`` are None where Intune has a placeholder.

    Attributes:
        id: The device's id in Intune.
        name: The device's name in Intune.
        device_id: The id that the tenant's directory uses for it. Null if it has none.
        serial: The serial number. Null if it is not known.
        manufacturer: The manufacturer. Null if it is not known.
        model: The model. Null if it is not known.
        system: The operating system. Null if it is not known.
        system_version: The version of the operating system. Null if it is not known.
        user_id: The object id of its primary user. Null if it has none.
        username: The user principal name of its primary user. Null if it has none.
        compliance: Intune's compliance state, such as compliant or noncompliant.
        ownership: Intune's kind of owner: company, personal or unknown.
        state: Intune's state of the management, such as managed. Null if it does not say.
        agent: What manages it, such as mdm. Null if Intune does not say.
        enrollment: How it was enrolled, such as windowsAzureADJoin. Null if Intune does not say.
        is_encrypted: Whether its storage is encrypted. Null if Intune does not say.
        enrolled_at: When it was enrolled. Null if Intune does not say.
        last_sync_at: When it last reported to Intune. Null if it never did.
    """

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
    enrollment: str | None = None
    is_encrypted: bool | None = None
    enrolled_at: datetime | None = None
    last_sync_at: datetime | None = None


class GroupSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Directory settings that differ from their template; values are Microsoft's.

    Attributes:
        id: Microsoft's id of the settings.
        name: The name of the settings, such as Group.Unified.
        template_id: The id of the template. Null if Microsoft does not say.
        values: The values that differ from the template, by their names.
    """

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
