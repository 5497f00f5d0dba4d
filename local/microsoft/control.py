"""The hand that turns the simulated world: a client of its ``/_world/`` interface.

Tests, demonstrations and people at a prompt use it; what each call does in the cloud stands in ``calls``,
``faults`` and ``recorder``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import requests

from local import worlds
from local.microsoft.control_partners import PartnerWorld
from local.microsoft.control_trouble import TroubleWorld
from local.microsoft.posture_control import PostureControl

Object = dict[str, Any]
_GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


class WorldRefused(Exception):
    """The world does not know such a thing, or cannot do that to it."""


class Tenant(TypedDict):
    """A simulated tenant, and the sign-in names of three of its people (empty when there is no such person)."""

    id: str
    name: str
    domain: str
    initial_domain: str
    admin: str
    member: str
    guest: str


class World(PartnerWorld, PostureControl, TroubleWorld):
    """Turns a running cloud. Users and devices are Graph's objects: ``change_user(tenant_id, id, jobTitle=None)``."""

    def __init__(self, graph_url: str, ca_file: str) -> None:
        self._url = f"{graph_url}/_world/call"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file

    def close(self) -> None:
        self._session.close()

    def reset(self) -> None:
        """Forget everything: registrations, tenants, switches, faults, recorded requests."""
        self._call("reset")

    def history(self) -> list[tuple[str, Object]]:
        """Every call since the last reset, with its arguments: the same calls make the same world."""
        return [tuple(json.loads(it)) for it in self._call("history")]

    def save_state(self, name: str) -> None:
        """Keep everything as it is now, requests and tokens too, for ``restore_state``."""
        self._call("save_state", name=name)

    def restore_state(self, name: str) -> None:
        self._call("restore_state", name=name)

    def load(self, world: str | Mapping[str, Any]) -> list[Tenant]:
        """Add the tenants of a world: one of ``local/worlds`` by name, or {"switches": {}, "tenants": [...]}."""
        described = worlds.named(world) if isinstance(world, str) else world
        if described.get("switches"):
            self.switch(**described["switches"])
        return [self.add_tenant(**tenant) for tenant in described["tenants"]]

    def switch(self, **settings: Any) -> None:
        """Change how Microsoft behaves; see ``switches.Switches``."""
        self._call("switch", settings=settings)

    # Registered applications and what tenants agreed to.

    def register_app(
        self,
        client_id: str,
        *,
        name: str | None = None,
        secret: str | None = None,
        certificate: str | None = None,
        redirect_uris: Sequence[str] = (),
        app_roles: Sequence[str] | None = None,
        delegated: Sequence[str] | None = None,
    ) -> None:
        """Register an app, or add credentials and addresses to it; permissions, when given, are replaced."""
        self._call(
            "register_app",
            client_id=client_id,
            name=name,
            secret=secret,
            certificate=certificate,
            redirect_uris=list(redirect_uris),
            app_roles=list(app_roles) if app_roles is not None else None,
            delegated=list(delegated) if delegated is not None else None,
        )

    def expire_secret(self, client_id: str, secret: str) -> None:
        self._call("expire_secret", client_id=client_id, secret=secret)

    def consent(self, tenant_id: str, client_id: str, scopes: Sequence[str] = ()) -> None:
        """An administrator accepts all that the registration asks for, or these delegated permissions only."""
        self._call("consent", tenant_id=tenant_id, client_id=client_id, scopes=list(scopes))

    def revoke_consent(self, tenant_id: str, client_id: str) -> None:
        """An administrator removes the app from the tenant."""
        self._call("revoke_consent", tenant_id=tenant_id, client_id=client_id)

    def disable_app(self, tenant_id: str, client_id: str, *, enabled: bool = False) -> None:
        self._call("disable_app", tenant_id=tenant_id, client_id=client_id, enabled=enabled)

    def set_app_roles(self, tenant_id: str, client_id: str, names: Sequence[str]) -> None:
        self._call("set_app_roles", tenant_id=tenant_id, client_id=client_id, names=list(names))

    def service_principal(self, tenant_id: str, client_id: str) -> Object | None:
        """The app in a tenant: id, enabled, app_roles, scopes; None when it was never let in."""
        found: Object | None = self._call("service_principal", tenant_id=tenant_id, client_id=client_id)
        return found

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
        licences: Mapping[str, int] | Sequence[str] | None = None,
        premium: bool = True,
        partner_type: str | None = None,
    ) -> Tenant:
        """A seeded tenant: user 0 is its Global Administrator, user 1 a plain member, user 19 the first guest.

        ``licences`` are part numbers, with seats when it is a mapping; without them there is a product that
        holds Entra ID P1, or with ``premium=False`` one that does not.
        """
        bought = dict(licences) if isinstance(licences, Mapping) else list(licences) if licences is not None else None
        told: Tenant = self._call(
            "add_tenant",
            name=name,
            users=users,
            devices=devices,
            seed=seed,
            tenant_id=tenant_id,
            domain=domain,
            licences=bought,
            premium=premium,
            partner_type=partner_type,
        )
        return told

    def tenant(self, tenant_id: str) -> Tenant:
        told: Tenant = self._call("tell", tenant_id=tenant_id)
        return told

    def rename_tenant(self, tenant_id: str, name: str) -> None:
        self._call("rename_tenant", tenant_id=tenant_id, name=name)

    def delete_tenant(self, tenant_id: str) -> None:
        self._call("delete_tenant", tenant_id=tenant_id)

    def set_licences(self, tenant_id: str, part: str, *, sku_id: str | None = None, **properties: Any) -> None:
        """Buy or change a product: enabled, suspended, warning, locked_out, status, consumed; enabled=None drops it."""
        self._call("set_licences", tenant_id=tenant_id, part=part, sku_id=sku_id, **properties)

    def expire_delta_tokens(self, tenant_id: str, how: str = "410") -> None:
        """``how``: "410", or a code such as "syncStateNotFound" that comes with a 400."""
        self._call("expire_delta_tokens", tenant_id=tenant_id, how=how)

    # People, devices, roles.

    def users(self, tenant_id: str) -> list[Object]:
        found: list[Object] = self._call("users", tenant_id=tenant_id)
        return found

    def add_user(self, tenant_id: str, **properties: Any) -> Object:
        return self._object("add_user", tenant_id=tenant_id, properties=properties)

    def change_user(self, tenant_id: str, user_id: str, **properties: Any) -> Object:
        return self._object("change_user", tenant_id=tenant_id, user_id=user_id, properties=properties)

    def remove_user(self, tenant_id: str, user_id: str, *, permanently: bool = False, is_untold: bool = False) -> None:
        """``is_untold``: lists no longer hold the user, and no delta ever says so."""
        told = {"permanently": permanently, "is_untold": is_untold}
        self._call("remove_user", tenant_id=tenant_id, user_id=user_id, **told)

    def restore_user(self, tenant_id: str, user_id: str) -> Object:
        return self._object("restore_user", tenant_id=tenant_id, user_id=user_id)

    def touch_users(self, tenant_id: str, count: int, *, seed: int = 1) -> list[str]:
        """Give ``count`` different users another job title; returns their ids."""
        touched: list[str] = self._call("touch_users", tenant_id=tenant_id, count=count, seed=seed)
        return touched

    def make_guest(self, tenant_id: str, username: str) -> Object:
        """Invite somebody: a person of another simulated tenant, or any mail address."""
        return self._object("make_guest", tenant_id=tenant_id, username=username)

    def sign_out(self, tenant_id: str, username: str) -> None:
        """Revoke the person's refresh tokens."""
        self._call("sign_out", tenant_id=tenant_id, username=username)

    def devices(self, tenant_id: str) -> list[Object]:
        found: list[Object] = self._call("devices", tenant_id=tenant_id)
        return found

    def add_device(self, tenant_id: str, *, owner_id: str | None = None, **properties: Any) -> Object:
        return self._object("add_device", tenant_id=tenant_id, properties=properties, owner_id=owner_id)

    def change_device(self, tenant_id: str, device_id: str, **properties: Any) -> Object:
        return self._object("change_device", tenant_id=tenant_id, device_id=device_id, properties=properties)

    def remove_device(self, tenant_id: str, device_id: str, *, permanently: bool = False) -> None:
        self._call("remove_device", tenant_id=tenant_id, device_id=device_id, permanently=permanently)

    def give_role(
        self,
        tenant_id: str,
        username: str,
        role: str = _GLOBAL_ADMINISTRATOR,
        *,
        through_group: bool = False,
        scope: str = "/",
    ) -> None:
        """``username`` may be an id too, ``role`` is a role template id; see ``calls.Calls.give_role``."""
        told = {"role": role, "through_group": through_group, "scope": scope}
        self._call("give_role", tenant_id=tenant_id, username=username, **told)

    def take_role(self, tenant_id: str, username: str, role: str = _GLOBAL_ADMINISTRATOR) -> None:
        self._call("take_role", tenant_id=tenant_id, username=username, role=role)

    def add_group(self, tenant_id: str, name: str, members: Sequence[str] = ()) -> str:
        """A plain security group; returns its id."""
        return str(self._call("add_group", tenant_id=tenant_id, name=name, members=list(members)))

    # Trouble.

    def forge_id_token(self, how: str | None = None, **claims: Any) -> None:
        """The next ID token is wrong: in a way of ``FORGERIES``, or with these claims replaced (None removes)."""
        self._call("forge_id_token", how=how, claims=claims)

    def answer_with_token_of(self, tenant_id: str, other: str | None) -> None:
        """App-only token requests for a tenant are answered with a token for another one; None ends it."""
        self._call("answer_with_token_of", tenant_id=tenant_id, other=other)

    def demand_claims(
        self, tenant_id: str, path: str = "", *, claims: Object | None = None, stubborn: bool = False
    ) -> None:
        """Requests whose path fits need a token that was asked for with these claims; see ``challenges``."""
        self._call("demand_claims", tenant_id=tenant_id, path=path, claims=claims, stubborn=stubborn)

    def notify(self, tenant_id: str, resource: str = "users", **changes: Any) -> list[int]:
        """Tell who wanted to know that something changed; with which statuses they answered."""
        return list(self._call("notify", tenant_id=tenant_id, resource=resource, changes=changes))

    def subscriptions(self, tenant_id: str) -> list[Object]:
        """Who wants to be told of changes in a tenant."""
        return list(self._call("subscriptions", tenant_id=tenant_id))

    def rotate_signing_key(self) -> None:
        self._call("rotate_signing_key")

    # What was asked of Microsoft.

    def requests(self, *, since: int = 0, host: str | None = None, tenant_id: str | None = None) -> list[Object]:
        """Recorded requests after number ``since``, oldest first; secrets are masked."""
        found: list[Object] = self._call("requests", since=since, host=host, tenant_id=tenant_id)
        return found

    def forget_requests(self) -> None:
        self._call("forget_requests")

    def _object(self, name: str, /, **arguments: Any) -> Object:
        found: Object = self._call(name, **arguments)
        return found

    def _call(self, name: str, /, **arguments: Any) -> Any:
        answer = self._session.post(self._url, json={"do": name, "with": arguments}, timeout=120)
        told = answer.json()
        if answer.status_code != 200:
            raise WorldRefused(told["error"])
        return told["result"]
