"""What can be done to the simulated world while it runs: each public method is a call of ``/_world/``.

``control.World`` is the client with the same methods.
"""

import random
from typing import Any

from local.microsoft import seeds
from local.microsoft.challenges import Demand
from local.microsoft.forgeries import FORGERIES
from local.microsoft.graph import notifications
from local.microsoft.objects import Collection, Object
from local.microsoft.roles import GLOBAL_ADMINISTRATOR, ROLE_NAMES
from local.microsoft.skus import FREE, FREE_SEATS
from local.microsoft.switches import Switches
from local.microsoft.tenants import Group, Licence, RoleAssignment, Tenant, described
from local.microsoft.world import World, custom_sku, first_guest, known_permissions


class Calls:
    """Turns the world. Unknown things raise KeyError, impossible ones ValueError."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reset(self) -> None:
        self._world.clear()

    def switch(self, settings: dict[str, Any]) -> None:
        for name, value in settings.items():
            if name not in Switches.__dataclass_fields__:
                raise KeyError(f"there is no switch {name}")
            setattr(self._world.switches, name, value)

    # Registered applications.

    def register_app(
        self,
        client_id: str,
        *,
        name: str | None = None,
        secret: str | None = None,
        certificate: str | None = None,
        redirect_uris: list[str] | None = None,
        app_roles: list[str] | None = None,
        delegated: list[str] | None = None,
    ) -> None:
        """Register an app, or add to a registration; permissions are replaced."""
        known_permissions(app_roles or [], delegated or [])
        app = self._world.app(client_id)
        app.name = name or app.name
        app.secrets |= {secret} if secret else set()
        app.certificates += [certificate] if certificate else []
        app.redirect_uris |= set(redirect_uris or [])
        app.app_roles = app_roles if app_roles is not None else app.app_roles
        app.delegated = delegated if delegated is not None else app.delegated

    def expire_secret(self, client_id: str, secret: str) -> None:
        app = self._world.app(client_id)
        app.secrets.discard(secret)
        app.expired_secrets.add(secret)

    # Tenants.

    def add_tenant(
        self,
        name: str,
        *,
        users: int = 3,
        devices: int = 0,
        seed: int = 1,
        tenant_id: str | None = None,
        domain: str | None = None,
        licences: dict[str, int] | list[str] | None = None,
        premium: bool = True,
        partner_type: str | None = None,
    ) -> dict[str, str]:
        bought = licences if licences is not None else ["SPB" if premium else "O365_BUSINESS_PREMIUM", "FLOW_FREE"]
        if not isinstance(bought, dict):
            bought = {part: FREE_SEATS if part in FREE else max(25, users) for part in bought}
        tenant = self._world.new_tenant(
            name, users=users, devices=devices, seed=seed, tenant_id=tenant_id, domain=domain, licences=bought
        )
        tenant.partner_type = partner_type
        return self.tell(tenant.id)

    def tell(self, tenant_id: str) -> dict[str, str]:
        """Who and where: the admin is the first user, the member the second, the guest the first guest."""
        tenant = self._world.tenant(tenant_id)
        people = {"admin": tenant.users.get(tenant.users.id_of(0)), "guest": first_guest(tenant)}
        people["member"] = tenant.users.get(tenant.users.id_of(1))
        names = {role: person["userPrincipalName"] if person else "" for role, person in people.items()}
        told = {"id": tenant.id, "name": tenant.name, "domain": tenant.domain, "initial_domain": tenant.initial_domain}
        return told | names

    def rename_tenant(self, tenant_id: str, name: str) -> None:
        self._world.tenant(tenant_id).name = name

    def delete_tenant(self, tenant_id: str) -> None:
        self._world.tenant(tenant_id).exists = False

    def set_licences(self, tenant_id: str, part: str, sku_id: str | None = None, **properties: Any) -> None:
        """Buy, change or (``enabled=None``) drop a product; see ``tenants.Licence`` for the properties."""
        licences = self._world.tenant(tenant_id).licences
        if properties.get("enabled", 0) is None:
            del licences[part]
            return
        licence = licences.setdefault(part, Licence(custom_sku(part, sku_id), 0))
        unknown = properties.keys() - Licence.__dataclass_fields__.keys()
        if unknown:
            raise KeyError(f"a licence has no {sorted(unknown)}")
        for name, value in properties.items():
            setattr(licence, name, value)

    def expire_delta_tokens(self, tenant_id: str, how: str = "410") -> None:
        """``how``: "410", or a code such as "syncStateNotFound" that comes with a 400."""
        tenant = self._world.tenant(tenant_id)
        tenant.delta_era += 1
        tenant.delta_failure = how

    def subscriptions(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).subscriptions.values())

    def notify(self, tenant_id: str, resource: str, changes: Object) -> list[int]:
        return notifications.tell(self._world.tenant(tenant_id), resource, changes)

    # People and devices.

    def users(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).users.all())

    def devices(self, tenant_id: str) -> list[Object]:
        return list(self._world.tenant(tenant_id).devices.all())

    def add_user(self, tenant_id: str, properties: Object) -> Object:
        tenant = self._world.tenant(tenant_id)
        key = str(properties.get("id") or self._world.new_id("0e0e"))
        username = str(properties.get("userPrincipalName") or f"new{key[:8]}@{tenant.domain}")
        given, family = properties.get("givenName", "New"), properties.get("surname", "Person")
        made = seeds.user(key, given=given or "", family=family or "", username=username, mail=username)
        return tenant.users.add({**made, **properties, "id": key}, tenant.step())

    def change_user(self, tenant_id: str, user_id: str, properties: Object) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.users.change(user_id, properties, tenant.step())

    def remove_user(self, tenant_id: str, user_id: str, *, permanently: bool = False, is_untold: bool = False) -> None:
        """``is_untold``: lists no longer hold the user, and no delta ever says so."""
        if is_untold:
            self._world.tenant(tenant_id).users.leave_out_by_id(user_id)
            return
        _remove(self._world.tenant(tenant_id), "users", user_id, permanently=permanently)

    def restore_user(self, tenant_id: str, user_id: str) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.users.restore(user_id, tenant.step())

    def touch_users(self, tenant_id: str, count: int, seed: int = 1) -> list[str]:
        """Give ``count`` different users another job title; returns their ids."""
        tenant = self._world.tenant(tenant_id)
        places = random.Random(seed).sample(range(tenant.users.places()), count)
        keys = [found["id"] for place in places if (found := tenant.users.at(place))]
        for key in keys:
            tenant.users.change(key, {"jobTitle": f"Title {tenant.sequence}"}, tenant.step())
        return keys

    def make_guest(self, tenant_id: str, username: str) -> Object:
        """Invite somebody into a tenant: a person of another simulated tenant, or any mail address."""
        tenant = self._world.tenant(tenant_id)
        home = self._world.find_person(username)
        mail = str(home[1]["mail"]) if home else username
        name = f"{mail.replace('@', '_')}#EXT#@{tenant.initial_domain}"
        made = seeds.user(self._world.new_id("9e57"), given="Guest", family="Person", username=name, mail=mail)
        made |= {"userType": "Guest", "externalUserState": "Accepted", "displayName": mail.partition("@")[0]}
        if home:
            made |= {part: home[1][part] for part in ("displayName", "givenName", "surname")}
            tenant.home_of[made["id"]] = home[0].id
        return tenant.users.add(made, tenant.step())

    def add_device(self, tenant_id: str, properties: Object, owner_id: str | None = None) -> Object:
        tenant = self._world.tenant(tenant_id)
        key = str(properties.get("id") or self._world.new_id("de0c"))
        made = seeds.device(key, device_id=self._world.new_id("de1d"), name=f"PC-{key[:8]}")
        if owner_id:
            tenant.owners[key] = owner_id
        return tenant.devices.add({**made, **properties, "id": key}, tenant.step())

    def change_device(self, tenant_id: str, device_id: str, properties: Object) -> Object:
        tenant = self._world.tenant(tenant_id)
        return tenant.devices.change(device_id, properties, tenant.step())

    def remove_device(self, tenant_id: str, device_id: str, *, permanently: bool = False) -> None:
        _remove(self._world.tenant(tenant_id), "devices", device_id, permanently=permanently)

    # Roles. People are named by sign-in name or id.

    def give_role(
        self,
        tenant_id: str,
        username: str,
        role: str = GLOBAL_ADMINISTRATOR,
        *,
        through_group: bool = False,
        scope: str = "/",
    ) -> None:
        """Over the whole tenant, or over an administrative unit ("/administrativeUnits/{id}")."""
        if role not in ROLE_NAMES:
            raise KeyError(f"there is no role {role}")
        tenant, holder = self._world.tenant(tenant_id), self._user_id(tenant_id, username)
        if through_group:
            group = Group(self._world.new_id("6709"), f"{ROLE_NAMES[role]}s", is_assignable=True, members={holder})
            tenant.add_group(group)
            holder = group.id
        tenant.activated += [role] if role not in tenant.activated else []
        tenant.assignments.append(RoleAssignment(role, holder, scope))

    def take_role(self, tenant_id: str, username: str, role: str = GLOBAL_ADMINISTRATOR) -> None:
        """However it is held: by the user herself, or through a group she then leaves."""
        tenant, holder = self._world.tenant(tenant_id), self._user_id(tenant_id, username)
        tenant.assignments = [it for it in tenant.assignments if (it.role, it.principal_id) != (role, holder)]
        for group in tenant.groups.values():
            if role in tenant.direct_roles(group.id):
                tenant.move_member(group.id, holder, come=False)

    def add_group(self, tenant_id: str, name: str, members: list[str]) -> str:
        """A plain security group; returns its id."""
        group = Group(self._world.new_id("6708"), name, members={self._user_id(tenant_id, it) for it in members})
        self._world.tenant(tenant_id).add_group(group)
        return group.id

    def sign_out(self, tenant_id: str, username: str) -> None:
        """Revoke everything the person has signed in to: refresh tokens no longer work."""
        self._world.tenant(tenant_id).signed_out_at[self._user_id(tenant_id, username)] = self._world.now()

    def _user_id(self, tenant_id: str, username: str) -> str:
        tenant = self._world.tenant(tenant_id)
        if tenant.users.get(username) is not None:
            return username
        found = self._world.find_person(username, tenant)
        if found is None:
            raise KeyError(f"nobody is called {username}")
        return str(found[1]["id"])

    # Consents.

    def consent(self, tenant_id: str, client_id: str, scopes: list[str] | None = None) -> None:
        self._world.consent(self._world.tenant(tenant_id), client_id, scopes or ())

    def revoke_consent(self, tenant_id: str, client_id: str) -> None:
        self._world.tenant(tenant_id).principals.pop(client_id, None)

    def disable_app(self, tenant_id: str, client_id: str, *, enabled: bool = False) -> None:
        self._world.admit(self._world.tenant(tenant_id), client_id).enabled = enabled

    def set_app_roles(self, tenant_id: str, client_id: str, names: list[str]) -> None:
        known_permissions(names, [])
        self._world.admit(self._world.tenant(tenant_id), client_id).app_roles = set(names)

    def service_principal(self, tenant_id: str, client_id: str) -> dict[str, Any] | None:
        found = self._world.tenant(tenant_id).principals.get(client_id)
        return described(found) if found else None

    # Tokens that are not as they should be.

    def answer_with_token_of(self, tenant_id: str, other: str | None) -> None:
        """App-only token requests for a tenant are answered with a token for another one; None ends it."""
        self._world.tenant(tenant_id).token_of = other

    def forge_id_token(self, how: str | None = None, claims: dict[str, Any] | None = None) -> None:
        """The next ID token is made wrong: in a way that ``forgeries`` names, or by replaced claims."""
        if how is not None and how not in FORGERIES:
            raise KeyError(f"there is no forgery {how}")
        self._world.id_token_forgery = {"how": how, "claims_instead": claims or {}}

    def demand_claims(
        self, tenant_id: str, path: str = "", claims: Object | None = None, *, stubborn: bool = False
    ) -> None:
        wanted = claims or {"access_token": {"nbf": {"essential": True, "value": str(int(self._world.now()))}}}
        self._world.tenant(tenant_id).demands.append(Demand(path, wanted, stubborn))

    def rotate_signing_key(self) -> None:
        """Tokens are signed with a new key from now on; the old one leaves the key set."""
        self._world.key_number += 1


def _remove(tenant: Tenant, kind: str, key: str, *, permanently: bool) -> None:
    things: Collection = getattr(tenant, kind)
    things.remove(key, "deleted" if permanently else "changed", tenant.step())
