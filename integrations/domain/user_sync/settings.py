"""The settings of a tenant's user sync: whom it takes, into which Organization, and which fields it keeps. Pure."""

from enum import Enum

import msgspec

from integrations.domain.ids import OrganizationId


class UserType(Enum):
    """How a user belongs to the tenant."""

    MEMBER = "member"
    EXTERNAL_MEMBER = "external_member"  # invited from elsewhere, but treated as a member
    GUEST = "guest"


class BlankRule(Enum):
    """Whether users without a value are taken."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


class TextOperator(Enum):
    EQUALS = "equals"
    STARTS_WITH = "starts_with"


class SyncedField(Enum):
    """A field of an End User that Microsoft has a value for."""

    NAME = "name"
    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    MAIL = "mail"
    PHONE = "phone"
    MOBILE_PHONE = "mobile_phone"
    JOB_TITLE = "job_title"

    __hash__ = object.__hash__  # by identity: that of an Enum hashes its name in Python, for every field of every user


class Authority(Enum):
    """When Microsoft's value of a field is written. A blank one never is."""

    MICROSOFT = "microsoft"  # whenever it differs
    ON_CHANGE = "on_change"  # when it changed at Microsoft
    FILL_BLANK = "fill_blank"  # when the End User has none
    PORTAL = "portal"  # never


class TextCondition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value to compare with. Case, width, and spaces around and between words make no difference.

    Attributes:
        value: The text.
        operator: Whether a user's value must be equal, or start with it.
    """

    value: str
    operator: TextOperator = TextOperator.EQUALS


class TextFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Users by a text, such as their department.

    Attributes:
        include: One of these must hold. Empty: any value will do.
        exclude: None of these may hold. Wins over ``include``.
        blank: Whether users without a value are taken. Null or absent: only while ``include`` is empty.
    """

    include: list[TextCondition] = []
    exclude: list[TextCondition] = []
    blank: BlankRule | None = None


class DomainFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Users by the domain of their main address: the mail address or else the user principal name.

    Attributes:
        include: One of these domains it must be. Empty: any will do.
        exclude: None of these domains it may be. Wins over ``include``.
        blank: Whether users without an address are taken. Null or absent: only while ``include`` is empty.
        also_subdomains: Whether a domain stands for those below it, too.
    """

    include: list[str] = []
    exclude: list[str] = []
    blank: BlankRule | None = None
    also_subdomains: bool = False


class GroupFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Users by the groups they are members of, directly or through nested groups.

    Attributes:
        include: Object ids of groups; the user must be in one of them. Empty: no group is needed.
        exclude: Object ids of groups; the user may be in none of them. Wins over ``include``.
    """

    include: list[str] = []
    exclude: list[str] = []


class UserFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which users an Organization takes: those that every part of the filter allows.

    Attributes:
        user_types: One of these the user must be.
        department: Users by department.
        office: Users by office.
        domain: Users by domain.
        group: Users by group.
    """

    user_types: list[UserType] = msgspec.field(default_factory=lambda: [UserType.MEMBER])
    department: TextFilter = TextFilter()
    office: TextFilter = TextFilter()
    domain: DomainFilter = DomainFilter()
    group: GroupFilter = GroupFilter()

    @property
    def takes_everybody(self) -> bool:
        """Whether no member is left for Organizations after this one."""
        texts = (self.department, self.office, self.domain)
        has_values = any(it.include or it.exclude for it in (*texts, self.group))
        leaves_out_blanks = any(it.blank is BlankRule.EXCLUDE for it in texts)
        return UserType.MEMBER in self.user_types and not has_values and not leaves_out_blanks


class OrganizationSync(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The user sync of one Organization.

    Attributes:
        organization_id: The Organization into which users are synced.
        is_on: Whether it is synced. While it is off its users are not looked at, and its End Users stay as they are.
        filter: Which users it takes.
    """

    organization_id: OrganizationId
    is_on: bool = True
    filter: UserFilter = UserFilter()


class UserSyncSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The user sync of a tenant.

    Attributes:
        organizations: Organizations in order: the first one whose filter allows a user takes it.
        enabled_only: Whether End Users of disabled accounts become inactive. None are created for them.
        licensed_only: Whether only users with a paid license are taken.
        people_only: Whether shared mailboxes, rooms, equipment and call queues are left out, where they are known.
        mail_required: Whether an End User is created only for users with a mail address.
        moves_by_itself: Whether End Users that the sync created follow their users to another Organization. Otherwise
            somebody decides.
        authority: Whose value of a field counts. Fields that are not listed have ``microsoft``.
    """

    organizations: list[OrganizationSync] = []
    enabled_only: bool = True
    licensed_only: bool = False
    people_only: bool = True
    mail_required: bool = True
    moves_by_itself: bool = False
    authority: dict[SyncedField, Authority] = {}

    @property
    def is_on(self) -> bool:
        return any(it.is_on for it in self.organizations)

    @property
    def kept_fields(self) -> frozenset[SyncedField]:
        """Fields in which only the portal's values count."""
        return frozenset(it for it, whose in self.authority.items() if whose is Authority.PORTAL)

    def authority_of(self, field: SyncedField) -> Authority:
        return self.authority.get(field, Authority.MICROSOFT)
