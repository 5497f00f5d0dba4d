"""The state of the simulated cloud: app registrations, tenants, consents, switches, and its own clock."""

import random
import time
import uuid
import zlib
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from local.microsoft.permissions import ROLE_IDS
from local.microsoft.seeds import Collection, Object, device_maker, user, user_maker

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
ROLE_NAMES = {
    GLOBAL_ADMINISTRATOR: "Global Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
}
# fmt: off
SKUS = {
    "SPB": ("cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", ("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM")),
    "O365_BUSINESS_ESSENTIALS": (
        "3b555118-da6a-4418-894f-7df1e2096870", ("9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD"),
    ),
    "FLOW_FREE": ("f30db892-07e9-47e9-837c-80727f46fd3d", ("50e68c76-46c6-4674-81f9-75456511b170", "FLOW_P2_VIRAL")),
}  # fmt: skip


@dataclass
class App:
    """Our registration: what it may prove itself with, where it may send people, what it asks for."""

    client_id: str
    secrets: set[str] = field(default_factory=set)
    certificates: list[str] = field(default_factory=list)
    redirect_uris: set[str] = field(default_factory=set)
    app_roles: list[str] = field(default_factory=list)
    delegated: list[str] = field(default_factory=list)


@dataclass
class ServicePrincipal:
    """An app inside one tenant. ``visible_at`` and ``roles_at`` are when consents take effect."""

    id: str
    client_id: str
    visible_at: float
    roles_at: float = 0.0
    enabled: bool = True
    app_roles: set[str] = field(default_factory=set)
    delegated: set[str] = field(default_factory=set)


@dataclass
class Tenant:
    """One Microsoft 365 tenant."""

    id: str
    name: str
    domain: str
    initial_domain: str
    users: Collection
    devices: Collection
    licences: dict[str, dict[str, Any]]
    partner_type: str | None = None
    exists: bool = True
    roles: dict[str, set[str]] = field(default_factory=dict)
    group_roles: dict[str, set[str]] = field(default_factory=dict)
    groups: dict[str, Object] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    service_principals: dict[str, ServicePrincipal] = field(default_factory=dict)
    sequence: int = 1
    delta_era: int = 1
    delta_failure: str = "410"
    token_of: str | None = None

    def step(self) -> int:
        self.sequence += 1
        return self.sequence

    def roles_of(self, user_id: str) -> list[str]:
        """Role template ids a user holds, by herself or through a group."""
        mine = [role for role, holders in self.roles.items() if user_id in holders]
        for group, members in self.members.items():
            if user_id in members:
                mine += sorted(self.group_roles.get(group, ()))
        return list(dict.fromkeys(mine))


@dataclass
class Switches:
    """How Microsoft behaves; times are seconds. Everything microsoft.md cannot verify is a switch."""

    propagation_s: float = 0.0
    access_token_life_s: int = 3900
    clock_offset_s: float = 0.0
    latency_s: float = 0.0
    delta_page_size: int = 200
    wids_claim: bool = False
    memberof_hidden: bool = False
    throttling: bool = True
    units_per_10s: int = 0


class World:
    """Everything there is. Methods that tests and demonstrations may call stand in ``control.CALLS``."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.apps: dict[str, App] = {}
        self.tenants: dict[str, Tenant] = {}
        self.switches = Switches()
        self.id_token_forgery: dict[str, Any] = {}

    def now(self) -> float:
        return time.time() + self.switches.clock_offset_s

    def register_app(
        self,
        client_id: str,
        *,
        secret: str | None = None,
        certificate: str | None = None,
        redirect_uris: list[str] | None = None,
        app_roles: list[str] | None = None,
        delegated: list[str] | None = None,
    ) -> None:
        unknown = set(app_roles or []) - ROLE_IDS.keys()
        if unknown:
            raise KeyError(f"unknown permissions {sorted(unknown)}")
        app = self.apps.setdefault(client_id, App(client_id))
        app.secrets |= {secret} if secret else set()
        app.certificates += [certificate] if certificate else []
        app.redirect_uris |= set(redirect_uris or [])
        app.app_roles = app_roles if app_roles is not None else app.app_roles
        app.delegated = delegated if delegated is not None else app.delegated

    def add_tenant(
        self,
        name: str,
        *,
        users: int = 3,
        devices: int = 0,
        seed: int = 1,
        tenant_id: str | None = None,
        domain: str | None = None,
        licences: dict[str, int] | None = None,
        partner_type: str | None = None,
    ) -> dict[str, str]:
        """A tenant with ``users`` people; the first is its Global Administrator, the second an ordinary member."""
        word = "".join(c for c in name.lower() if c.isascii() and c.isalnum()) or "tenant"
        prefix = (seed << 20 | zlib.crc32(name.encode()) >> 12) % (1 << 40)
        key = tenant_id or f"{zlib.crc32(name.encode()):08x}-{seed % 65536:04x}-4000-8000-0000000000aa"
        domain = domain or f"{word}.example"
        initial = f"{word}.onmicrosoft.example"
        bought = {"SPB": max(25, users)} if licences is None else licences
        skus = [SKUS[part][0] for part in bought]
        tenant = Tenant(
            id=key,
            name=name,
            domain=domain,
            initial_domain=initial,
            users=Collection(users, prefix, user_maker(prefix, domain, initial, skus)),
            devices=Collection(devices, prefix + 1, device_maker(prefix, users)),
            licences={part: {"enabled": seats, "capabilityStatus": "Enabled"} for part, seats in bought.items()},
            partner_type=partner_type,
        )
        tenant.roles[GLOBAL_ADMINISTRATOR] = {tenant.users.id_of(0)} if users else set()
        self.tenants[key] = tenant
        return self.tell(key)

    def tell(self, tenant_id: str) -> dict[str, str]:
        tenant = self.tenants[tenant_id]
        admin, member = tenant.users.at(0) if len(tenant.users) else None, None
        if tenant.users.places() > 1:
            member = tenant.users.at(1)
        return {
            "id": tenant.id,
            "name": tenant.name,
            "domain": tenant.domain,
            "admin": admin["userPrincipalName"] if admin else "",
            "member": member["userPrincipalName"] if member else "",
        }

    def find_tenant(self, word: str) -> Tenant | None:
        """By id, domain, or initial domain."""
        lowered = word.lower()
        for tenant in self.tenants.values():
            if tenant.exists and lowered in {tenant.id, tenant.domain.lower(), tenant.initial_domain}:
                return tenant
        return None

    def find_user(self, username: str, tenant_id: str | None = None) -> tuple[Tenant, Object] | None:
        """A person by sign-in name; guests are found in the tenant that is named."""
        wanted = username.lower()
        for tenant in self.tenants.values():
            if not tenant.exists or (tenant_id and tenant.id != tenant_id):
                continue
            found = next((it for it in tenant.users.all() if it["userPrincipalName"].lower() == wanted), None)
            if found:
                return tenant, found
        return None

    def add_user(self, tenant_id: str, **properties: Any) -> Object:
        tenant = self.tenants[tenant_id]
        given, family = properties.pop("givenName", "New"), properties.pop("surname", "Person")
        username = properties.pop("userPrincipalName", f"u{uuid.uuid4().hex[:10]}@{tenant.domain}")
        key = properties.pop("id", str(uuid.uuid4()))
        made = user(key, given=given, family=family, username=username, mail=properties.pop("mail", username))
        return tenant.users.add({**made, **properties}, tenant.step())

    def change_user(self, tenant_id: str, user_id: str, **properties: Any) -> Object:
        tenant = self.tenants[tenant_id]
        return tenant.users.change(user_id, properties, tenant.step())

    def remove_user(self, tenant_id: str, user_id: str, *, permanently: bool = False) -> None:
        tenant = self.tenants[tenant_id]
        tenant.users.remove(user_id, "deleted" if permanently else "changed", tenant.step())

    def touch_users(self, tenant_id: str, count: int, seed: int = 1) -> list[str]:
        """Change the job title of ``count`` different users; returns their ids."""
        tenant = self.tenants[tenant_id]
        places = random.Random(seed).sample(range(tenant.users.places()), count)
        found = [it for place in places if (it := tenant.users.at(place)) is not None]
        for it in found:
            tenant.users.change(it["id"], {"jobTitle": f"Title {seed}-{uuid.uuid4().hex[:6]}"}, tenant.step())
        return [it["id"] for it in found]

    def users(self, tenant_id: str) -> list[Object]:
        return list(self.tenants[tenant_id].users.all())

    def rename_tenant(self, tenant_id: str, name: str) -> None:
        self.tenants[tenant_id].name = name

    def delete_tenant(self, tenant_id: str) -> None:
        self.tenants[tenant_id].exists = False

    def set_licences(self, tenant_id: str, part: str, **properties: Any) -> None:
        self.tenants[tenant_id].licences.setdefault(part, {"enabled": 0, "capabilityStatus": "Enabled"}).update(
            properties
        )

    def give_role(
        self, tenant_id: str, username: str, role: str = GLOBAL_ADMINISTRATOR, *, through_group: bool = False
    ) -> None:
        tenant, person = self._person(tenant_id, username)
        if not through_group:
            tenant.roles.setdefault(role, set()).add(person["id"])
            return
        group = str(uuid.uuid4())
        tenant.groups[group] = {"id": group, "displayName": "Admins by group", "securityEnabled": True}
        tenant.members[group] = {person["id"]}
        tenant.group_roles[group] = {role}

    def take_role(self, tenant_id: str, username: str, role: str = GLOBAL_ADMINISTRATOR) -> None:
        tenant, person = self._person(tenant_id, username)
        tenant.roles.get(role, set()).discard(person["id"])

    def _person(self, tenant_id: str, username: str) -> tuple[Tenant, Object]:
        found = self.find_user(username, tenant_id)
        if found is None:
            raise KeyError(f"nobody is called {username}")
        return found

    def admit(self, tenant_id: str, client_id: str) -> ServicePrincipal:
        """The app's service principal in a tenant, made when it is first needed."""
        tenant = self.tenants[tenant_id]
        if client_id not in tenant.service_principals:
            visible_at = self.now() + self.switches.propagation_s
            tenant.service_principals[client_id] = ServicePrincipal(str(uuid.uuid4()), client_id, visible_at)
        return tenant.service_principals[client_id]

    def consent(self, tenant_id: str, client_id: str) -> None:
        """An administrator accepts everything the registration asks for."""
        app, principal = self.apps[client_id], self.admit(tenant_id, client_id)
        if principal.app_roles != set(app.app_roles):
            principal.roles_at = self.now() + self.switches.propagation_s
        principal.app_roles = set(app.app_roles)
        principal.delegated = set(app.delegated)

    def set_app_roles(self, tenant_id: str, client_id: str, names: list[str]) -> None:
        self.admit(tenant_id, client_id).app_roles = set(names)

    def revoke_consent(self, tenant_id: str, client_id: str) -> None:
        self.tenants[tenant_id].service_principals.pop(client_id, None)

    def disable_app(self, tenant_id: str, client_id: str, *, enabled: bool = False) -> None:
        self.tenants[tenant_id].service_principals[client_id].enabled = enabled

    def service_principal(self, tenant_id: str, client_id: str) -> dict[str, Any] | None:
        found = self.tenants[tenant_id].service_principals.get(client_id)
        return {"id": found.id, "app_roles": sorted(found.app_roles), "enabled": found.enabled} if found else None

    def expire_delta_tokens(self, tenant_id: str, how: str = "410") -> None:
        """``how``: "410", or a code such as "syncStateNotFound" that comes with a 400."""
        tenant = self.tenants[tenant_id]
        tenant.delta_era += 1
        tenant.delta_failure = how

    def answer_with_token_of(self, tenant_id: str, other: str | None) -> None:
        """App-only token requests for one tenant are answered with another tenant's token."""
        self.tenants[tenant_id].token_of = other

    def forge_id_token(self, **mutation: Any) -> None:
        """The next ID token is made wrong in the way that is named; see ``tokens.forged``."""
        self.id_token_forgery = mutation

    def switch(self, **settings: Any) -> None:
        for name, value in settings.items():
            if not hasattr(self.switches, name):
                raise KeyError(f"there is no switch {name}")
            setattr(self.switches, name, value)
