"""Tenants: their names, licences, delta tokens and change notifications."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from local.microsoft.control.call import ControlCalls, call
from local.microsoft.graph.directory import subscriptions
from local.microsoft.world.collection import Object
from local.microsoft.world.skus import FREE, FREE_SEATS
from local.microsoft.world.state import custom_sku, first_guest
from local.microsoft.world.tenants import Licence


class Tenant(TypedDict):
    """A simulated tenant, and the sign-in names of three of its people (empty when there is no such person)."""

    id: str
    name: str
    domain: str
    initial_domain: str
    admin: str
    member: str
    guest: str


class TenantCalls(ControlCalls):
    """Tenants are named by their id; a call with an unknown one is refused."""

    @call
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
        bought = licences if licences is not None else ["SPB" if premium else "O365_BUSINESS_PREMIUM", "FLOW_FREE"]
        if not isinstance(bought, Mapping):
            bought = {part: FREE_SEATS if part in FREE else max(25, users) for part in bought}
        tenant = self._world.new_tenant(
            name, users=users, devices=devices, seed=seed, tenant_id=tenant_id, domain=domain, licences=bought
        )
        tenant.partner_type = partner_type
        return self.tenant(tenant.id)

    @call
    def tenant(self, tenant_id: str) -> Tenant:
        """The admin is the first user, the member the second, the guest the first guest."""
        tenant = self._world.tenant(tenant_id)
        admin, member = (tenant.users.get(tenant.users.id_of(number)) for number in (0, 1))
        return {
            "id": tenant.id,
            "name": tenant.name,
            "domain": tenant.domain,
            "initial_domain": tenant.initial_domain,
            "admin": _username(admin),
            "member": _username(member),
            "guest": _username(first_guest(tenant)),
        }

    @call
    def tenants(self) -> list[Tenant]:
        """All of them, in the order in which they were added."""
        return [self.tenant(it.id) for it in self._world.tenants.values()]

    @call
    def rename_tenant(self, tenant_id: str, name: str) -> None:
        self._world.tenant(tenant_id).name = name

    @call
    def delete_tenant(self, tenant_id: str) -> None:
        self._world.tenant(tenant_id).exists = False

    @call
    def set_licences(self, tenant_id: str, part: str, *, sku_id: str | None = None, **properties: Any) -> None:
        """Buy or change a product: properties are fields of ``Licence``; ``enabled=None`` drops it."""
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

    @call
    def expire_delta_tokens(self, tenant_id: str, how: str = "410") -> None:
        """``how``: "410", or a code such as "syncStateNotFound" that comes with a 400."""
        tenant = self._world.tenant(tenant_id)
        tenant.delta_era += 1
        tenant.delta_failure = how

    @call
    def subscriptions(self, tenant_id: str) -> list[Object]:
        """The subscriptions to change notifications in a tenant, as Graph keeps them."""
        return list(self._world.tenant(tenant_id).subscriptions.values())

    @call
    def notify(self, tenant_id: str, resource: str = "users", **changes: Any) -> list[int]:
        """Send a change notification to every subscriber; ``changes`` replace its fields. Returns their statuses."""
        return subscriptions.send_notifications(self._world.tenant(tenant_id), resource, changes)


def _username(person: Object | None) -> str:
    return str(person["userPrincipalName"]) if person else ""
