"""What one Microsoft 365 tenant is made of, apart from the objects in its directory."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from local.microsoft.entra.tokens.challenges import ClaimsDemand
from local.microsoft.world.collection import Change, Collection
from local.microsoft.world.posture import Posture
from local.microsoft.world.roles import GLOBAL_ADMINISTRATOR
from local.microsoft.world.seeds import Seats, licences_of
from local.microsoft.world.skus import INTUNE, P1, P2, Plan, Sku


@dataclass
class Licence:
    """One product a tenant has bought. ``consumed`` overrides the count of its holders."""

    sku: Sku
    enabled: int
    suspended: int = 0
    warning: int = 0
    locked_out: int = 0
    status: str = "Enabled"
    consumed: int | None = None
    applies_to: str = "User"
    is_trial: bool = False
    renews_at: str | None = "2027-01-05T00:00:00Z"


@dataclass
class Group:
    """A security group; ``is_assignable`` ones may hold directory roles."""

    id: str
    name: str
    is_assignable: bool = False
    members: set[str] = field(default_factory=set)
    """Ids of users, and of groups that are nested in this one."""


class MemberChange(NamedTuple):
    """Somebody came to a group, or left it."""

    sequence: int
    group: str
    member: str
    joined: bool


class RoleAssignment(NamedTuple):
    """Who holds which directory role, and over what ("/" is the whole tenant)."""

    role: str
    principal_id: str
    scope: str = "/"

    @property
    def id(self) -> str:
        return f"{self.role[:8]}{self.principal_id.replace('-', '')}{len(self.scope):02d}"


@dataclass
class ServicePrincipal:
    """An app inside one tenant. ``visible_at`` and ``roles_at`` are when it and its roles take effect."""

    id: str
    client_id: str
    visible_at: float
    roles_at: float = 0.0
    shown_until: dict[str, float] = field(default_factory=dict)
    """Roles that were taken away, and until when new tokens still have them."""
    enabled: bool = True
    app_roles: set[str] = field(default_factory=set)
    scopes: set[str] = field(default_factory=set)
    scopes_of: dict[str, set[str]] = field(default_factory=dict)

    def granted(self, user_id: str) -> set[str]:
        """Delegated permissions that work for one person: those for everybody, and her own."""
        return self.scopes | self.scopes_of.get(user_id, set())


@dataclass
class TenantState:
    """One tenant: names, people, devices, licences, roles, and the apps that were let in."""

    id: str
    name: str
    domain: str
    initial_domain: str
    users: Collection
    devices: Collection
    licences: dict[str, Licence]
    seats: list[Seats]
    managed: Collection
    posture: Posture = field(default_factory=Posture)
    partner_type: str | None = None
    exists: bool = True
    groups: dict[str, Group] = field(default_factory=dict)
    removed_groups: set[str] = field(default_factory=set)
    group_changes: list[Change] = field(default_factory=list)
    member_changes: list[MemberChange] = field(default_factory=list)
    assignments: list[RoleAssignment] = field(default_factory=list)
    activated: list[str] = field(default_factory=lambda: [GLOBAL_ADMINISTRATOR])
    owners: dict[str, str] = field(default_factory=dict)
    principals: dict[str, ServicePrincipal] = field(default_factory=dict)
    home_of: dict[str, str] = field(default_factory=dict)
    signed_out_at: dict[str, float] = field(default_factory=dict)
    sequence: int = 1
    delta_era: int = 1
    delta_failure: str = "410"
    token_of: str | None = None
    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Subscriptions to change notifications, by their id."""
    demands: list[ClaimsDemand] = field(default_factory=list)
    partner: Any = None
    """Its ``partners.Partner`` when it is a partner's own tenant."""
    methods_of: dict[str, list[str]] = field(default_factory=dict)
    """How a user signs in, in words of the ``amr`` claim, by user id; everybody else: password and MFA."""
    mailbox_purposes: dict[str, str | None] = field(default_factory=dict)
    """What mailboxes are for, by user id; None: there is no mailbox. All others are people's."""
    device_users: dict[str, list[str]] = field(default_factory=dict)
    """Who uses managed devices, by the device's id, where that is not whom lists of them name."""
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Rooms that can be booked, by their id."""
    _seeded_seats: Counter[str] | None = None

    def step(self) -> int:
        self.sequence += 1
        return self.sequence

    def is_premium(self) -> bool:
        """Whether somebody here has bought Entra ID P1."""
        return self._has(P1)

    def has_p2(self) -> bool:
        """Whether somebody here has bought Entra ID P2."""
        return self._has(P2)

    def has_intune(self) -> bool:
        return self._has(INTUNE)

    def _has(self, plan_wanted: Plan) -> bool:
        there = (it for it in self.licences.values() if it.status != "Deleted")
        return any(plan.id == plan_wanted.id for it in there for plan in it.sku.plans)

    def direct_roles(self, principal_id: str) -> list[str]:
        """Roles over the whole tenant that were given to this very user or group."""
        held = [it.role for it in self.assignments if it.principal_id == principal_id and it.scope == "/"]
        return list(dict.fromkeys(held))

    def roles_of(self, user_id: str) -> list[str]:
        """Roles over the whole tenant that a user holds, by herself or through a group."""
        roles = self.direct_roles(user_id)
        for group in self.groups_of(user_id):
            roles += self.direct_roles(group.id)
        return list(dict.fromkeys(roles))

    def groups_of(self, user_id: str) -> list[Group]:
        """The groups a user is in, directly or through nested groups."""
        groups: dict[str, Group] = {}
        members = {user_id}
        while members:
            more = [it for it in self.groups.values() if it.id not in groups and not it.members.isdisjoint(members)]
            groups |= {group.id: group for group in more}
            members = {group.id for group in more}
        return list(groups.values())

    def direct_groups_of(self, user_id: str) -> list[Group]:
        return [group for group in self.groups.values() if user_id in group.members]

    def add_group(self, group: Group) -> None:
        self.groups[group.id] = group
        sequence = self.step()
        self.group_changes.append(Change(sequence, group.id, None))
        self.member_changes += [MemberChange(sequence, group.id, it, joined=True) for it in sorted(group.members)]

    def rename_group(self, key: str, name: str) -> None:
        self.groups[key].name = name
        self.group_changes.append(Change(self.step(), key, frozenset({"displayName"})))

    def remove_group(self, key: str) -> None:
        del self.groups[key]
        self.removed_groups.add(key)
        self.group_changes.append(Change(self.step(), key, None))

    def change_member(self, key: str, member: str, *, joins: bool) -> None:
        """Let a person or a group into a group, or out of it."""
        members, sequence = self.groups[key].members, self.step()
        if joins:
            members.add(member)
        else:
            members.discard(member)
        self.member_changes.append(MemberChange(sequence, key, member, joins))
        self.group_changes.append(Change(sequence, key, frozenset({"members"})))

    def owner_of(self, device_id: str) -> str | None:
        """The user a device belongs to: seeded devices go round the members, in order."""
        if device_id in self.owners:
            return self.owners[device_id]
        number = self.devices.number_of(device_id)
        if number is None or not self.users.seeded:
            return None
        return self.users.id_of(number % self.users.seeded)

    def seats_taken(self) -> Counter[str]:
        """How many users hold each product, by SKU id."""
        if self._seeded_seats is None:
            held = (licences_of(number, self.seats) for number in range(self.users.seeded))
            self._seeded_seats = Counter(sku for skus in held for sku in skus)
        taken = Counter(self._seeded_seats)
        for key in self.users.touched():
            taken.subtract(_held(self.users.as_seeded(key)))
            taken.update(_held(self.users.get(key)))
        return taken


def _held(person: dict[str, Any] | None) -> list[str]:
    return [it["skuId"] for it in person["assignedLicenses"]] if person else []


def service_principal_json(principal: ServicePrincipal) -> dict[str, Any]:
    """A service principal as plain data, for the control interface."""
    fields = asdict(principal)
    return fields | {"app_roles": sorted(principal.app_roles), "scopes": sorted(principal.scopes), "scopes_of": None}
