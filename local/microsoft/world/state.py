"""The state of the simulated cloud: registered apps, tenants and what they agreed to, and the cloud's own clock."""

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local.microsoft.world.collection import Collection, Object
from local.microsoft.world.managed_devices import managed_of
from local.microsoft.world.permissions import OPENID_SCOPES, ROLE_IDS, SCOPE_IDS
from local.microsoft.world.posture import posture_of
from local.microsoft.world.roles import GLOBAL_ADMINISTRATOR
from local.microsoft.world.seeds import GUEST_EVERY, Seats, device_maker, number_in, user_maker
from local.microsoft.world.skus import FREE, SKUS, Sku
from local.microsoft.world.switches import Switches
from local.microsoft.world.tenants import Licence, RoleAssignment, ServicePrincipal, TenantState

# Of the seats a tenant has paid for, this share is in use.
_SHARE_IN_USE = 0.9


@dataclass
class App:
    """A multi-tenant app registration: its credentials, its redirect URIs, the permissions it requests."""

    client_id: str
    name: str = "Registered application"
    secrets: set[str] = field(default_factory=set)
    expired_secrets: set[str] = field(default_factory=set)
    certificates: list[str] = field(default_factory=list)
    redirect_uris: set[str] = field(default_factory=set)
    app_roles: list[str] = field(default_factory=list)
    delegated: list[str] = field(default_factory=list)


class TokenRefusal(NamedTuple):
    """Token requests of a tenant (None: of any) for one grant type (None: any) are refused with AADSTS ``code``."""

    code: int
    tenant_id: str | None
    grant: str | None


class RedirectRefusal(NamedTuple):
    """People come back refused with AADSTS ``code`` from one leg, "sign-in" or "admin-consent" (None: from both).

    ``error`` is another error word than the usual one, ``subcode`` an error_subcode beside it.
    """

    code: int
    leg: str | None
    error: str | None
    subcode: str


class WorldState:
    """Everything there is. Only its own process touches it; tests turn it through ``control.WorldState``."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.apps: dict[str, App] = {}
        self.tenants: dict[str, TenantState] = {}
        self.switches = Switches()
        self.id_token_forgery: dict[str, Any] = {}
        self.token_refusals: list[TokenRefusal] = []
        self.redirect_refusals: list[RedirectRefusal] = []
        self.key_number = 0
        self._made = 0

    def now(self) -> float:
        return time.time() + self.switches.clock_offset_s

    def new_id(self, kind: str) -> str:
        """A made-up GUID; ``kind`` is four hexadecimal digits that mark the type of its object."""
        self._made += 1
        return f"{self._made:08x}-{kind}-4000-a000-{zlib.crc32(kind.encode()):012x}"

    def app(self, client_id: str) -> App:
        return self.apps.setdefault(client_id, App(client_id))

    def tenant(self, tenant_id: str) -> TenantState:
        if tenant_id not in self.tenants:
            raise KeyError(f"there is no tenant {tenant_id}")
        return self.tenants[tenant_id]

    def new_tenant(
        self,
        name: str,
        *,
        users: int,
        devices: int,
        seed: int,
        tenant_id: str | None,
        domain: str | None,
        licences: Mapping[str, int],
    ) -> TenantState:
        """A seeded tenant whose first user is its Global Administrator."""
        label = self._free_label(name)
        mark = zlib.crc32(f"{label}/{seed}".encode())
        key = tenant_id or f"{mark:08x}-0000-4000-8000-{seed % (1 << 32):08x}00aa"
        if key in self.tenants or users < 1:
            raise ValueError("a tenant needs an id of its own and at least one user")
        initial = f"{label}.onmicrosoft.example"
        seats = seats_of(licences, users)
        people = Collection(users, mark, user_maker(mark, domain or f"{label}.example", initial, seats))
        machines = Collection(devices, mark | 1 << 44, device_maker(mark))
        tenant = TenantState(
            id=key,
            name=name,
            domain=domain or f"{label}.example",
            initial_domain=initial,
            users=people,
            devices=machines,
            managed=managed_of(machines, people, mark | 1 << 45),
            licences={part: Licence(SKUS[part], enabled) for part, enabled in licences.items()},
            seats=seats,
        )
        tenant.posture = posture_of(is_premium=tenant.is_premium(), mark=f"{mark:08x}")
        tenant.assignments.append(RoleAssignment(GLOBAL_ADMINISTRATOR, tenant.users.id_of(0)))
        self.tenants[key] = tenant
        return tenant

    def _free_label(self, name: str) -> str:
        """The tenant's name as its domains have it; a second one of the same name gets a number."""
        label = "".join(c for c in name.lower() if c.isascii() and c.isalnum()) or "tenant"
        taken = {it.initial_domain.partition(".")[0] for it in self.tenants.values()}
        numbers = (f"{label}{number}" for number in range(2, len(taken) + 3))
        return label if label not in taken else next(it for it in numbers if it not in taken)

    def find_tenant(self, label: str) -> TenantState | None:
        """By id, domain, or initial domain."""
        lowered = label.lower()
        if lowered in self.tenants:
            return self.tenants[lowered] if self.tenants[lowered].exists else None
        there = (it for it in self.tenants.values() if it.exists)
        return next((it for it in there if lowered in {it.domain.lower(), it.initial_domain}), None)

    def find_person(self, username: str, tenant: TenantState | None = None) -> tuple[TenantState, Object] | None:
        """Somebody by sign-in name, in one tenant or in any; guests also answer to their mail address there."""
        for home in [tenant] if tenant else [home for home in self.tenants.values() if home.exists]:
            person = person_in(home, username.lower(), by_mail=tenant is not None)
            if person:
                return home, person
        return None

    # What tenants have agreed to.

    def ensure_service_principal(self, tenant: TenantState, client_id: str) -> ServicePrincipal:
        """The app's service principal in a tenant, made when it is first needed."""
        if client_id not in tenant.principals:
            visible_at = self.now() + self.switches.propagation_s
            tenant.principals[client_id] = ServicePrincipal(self.new_id("5e1f"), client_id, visible_at)
        return tenant.principals[client_id]

    def consent(self, tenant: TenantState, client_id: str, scopes: Sequence[str] = ()) -> None:
        """Admin consent: to these scopes, or to all that the registration requests."""
        app, principal = self.app(client_id), self.ensure_service_principal(tenant, client_id)
        principal.scopes |= set(scopes or [*app.delegated, *OPENID_SCOPES])
        if not scopes and not set(app.app_roles) <= principal.app_roles:
            principal.roles_at = self.now() + self.switches.propagation_s
            principal.app_roles |= set(app.app_roles)


def check_permissions(app_roles: Sequence[str], delegated: Sequence[str]) -> None:
    unknown = (set(app_roles) - ROLE_IDS.keys()) | (set(delegated) - SCOPE_IDS.keys())
    if unknown:
        raise KeyError(f"unknown permissions {sorted(unknown)}")


def seats_of(licences: Mapping[str, int], users: int) -> list[Seats]:
    """Who holds what at the start: paid products one after another through the people, free ones thinly."""
    seats: list[Seats] = []
    first = 0
    for part, enabled in licences.items():
        if part in FREE:
            seats.append(Seats(SKUS[part].id, 0, users, every=3))
            continue
        last = min(users, first + max(1, int(enabled * _SHARE_IN_USE)))
        seats.append(Seats(SKUS[part].id, first, last))
        first = last
    return seats


def custom_sku(part: str, sku_id: str | None) -> Sku:
    """A product by its part number; one that the table does not have needs an id."""
    if part in SKUS:
        return SKUS[part]
    if sku_id is None:
        raise KeyError(f"unknown product {part}: name its sku_id")
    return Sku(sku_id)


def person_in(tenant: TenantState, username: str, *, by_mail: bool) -> Object | None:
    """Looked up without a scan: a seeded sign-in name holds its number."""
    number = number_in(username)
    seeded = tenant.users.at(number) if number is not None and number < tenant.users.seeded else None
    for person in [seeded] if seeded else []:
        if person["userPrincipalName"].lower() == username or (by_mail and person["mail"] == username):
            return person
    for person in tenant.users.modified():
        guest_mail = by_mail and person["userType"] == "Guest" and (person["mail"] or "").lower()
        if username in {person["userPrincipalName"].lower(), guest_mail}:
            return person
    return None


def first_guest(tenant: TenantState) -> Object | None:
    place = GUEST_EVERY - 1
    return tenant.users.at(place) if place < tenant.users.seeded else None
