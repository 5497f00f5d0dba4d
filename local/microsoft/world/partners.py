"""What a partner's tenant knows of its customers: Partner Center's list, admin relationships, access assignments.

Sources: https://learn.microsoft.com/graph/api/resources/delegatedadminrelationships-api-overview,
https://learn.microsoft.com/partner-center/customers/gdap-introduction
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from local.microsoft.world.state import WorldState
from local.microsoft.world.tenants import TenantState

ADMIN_AGENTS = "AdminAgents"
_EXTENSION_S = 180 * 86400.0
_DEPROVISIONING_S = 3600.0  # how long a relationship past its end is shown as "expiring"


@dataclass
class ListedCustomer:
    """A customer as Partner Center and /contracts list it; names are copies that grow old."""

    tenant_id: str
    name: str
    domain: str
    contract: str = "ResellerPartner"


@dataclass
class Assignment:
    """Roles of a relationship given to a security group of the partner's."""

    id: str
    group_id: str
    roles: list[str]
    status: str = "active"
    created_at: float = 0.0


@dataclass
class Relationship:
    """An admin relationship. Times are seconds of the world's clock, None before the customer's approval."""

    id: str
    customer_id: str
    name: str
    roles: list[str]
    status: str
    created_at: float
    activated_at: float | None
    ends_at: float | None
    auto_extends: bool = False
    indirect_provider_id: str | None = None
    assignments: dict[str, Assignment] = field(default_factory=dict)

    def at(self, now: float) -> "Relationship":
        """Itself, after what time alone has done to it."""
        if self.status != "active" or self.ends_at is None or self.ends_at > now:
            return self
        if self.auto_extends:
            while self.ends_at <= now:
                self.ends_at += _EXTENSION_S
            return self
        self.status = "expiring"
        return self

    def shown_status(self, now: float) -> str:
        status = self.at(now).status
        is_over = status == "expiring" and self.ends_at is not None and now - self.ends_at > _DEPROVISIONING_S
        return "expired" if is_over else status


@dataclass
class PartnerState:
    customers: dict[str, ListedCustomer] = field(default_factory=dict)
    relationships: dict[str, Relationship] = field(default_factory=dict)

    def with_customer(self, customer_id: str) -> Iterator[Relationship]:
        return (it for it in self.relationships.values() if it.customer_id == customer_id)

    def has_customer(self, customer_id: str) -> bool:
        return customer_id in self.customers or any(True for _ in self.with_customer(customer_id))


def is_admin_agent(tenant: TenantState, user_id: str) -> bool:
    return any(group.name.casefold() == ADMIN_AGENTS.casefold() for group in tenant.groups_of(user_id))


def delegated_roles(world: WorldState, home: TenantState, user_id: str, customer_id: str) -> set[str]:
    """The roles that work for a partner's user in a customer's tenant at this moment."""
    partner = home.partner
    if not isinstance(partner, PartnerState):
        return set()
    groups, now = {group.id for group in home.groups_of(user_id)}, world.now()
    live = (it for it in partner.with_customer(customer_id) if it.at(now).status == "active")
    return {role for it in live for role in _assigned_roles(it.assignments.values(), groups) if role in it.roles}


def effective_roles(world: WorldState, tenant: TenantState, user_id: str) -> set[str]:
    """Roles of somebody in a tenant: as one of its own people, or as its partner's."""
    if tenant.users.get(user_id) is not None:
        return set(tenant.roles_of(user_id))
    homes = (it for it in world.tenants.values() if it.partner is not None and it.users.get(user_id) is not None)
    return {role for home in homes for role in delegated_roles(world, home, user_id, tenant.id)}


def _assigned_roles(assignments: Iterable[Assignment], groups: set[str]) -> Iterator[str]:
    for assignment in assignments:
        if assignment.status == "active" and assignment.group_id in groups:
            yield from assignment.roles
