"""Partners: their customers, admin relationships (GDAP), access assignments and groups."""

from collections.abc import Sequence
from typing import Any, NotRequired, cast

from local.microsoft.control.call import TenantRef, call
from local.microsoft.control.people import PeopleCalls
from local.microsoft.control.tenants import Tenant, TenantCalls
from local.microsoft.world.partners import ADMIN_AGENTS, Assignment, ListedCustomer, PartnerState, Relationship
from local.microsoft.world.roles import ROLE_NAMES
from local.microsoft.world.tenants import Group

# The twelve roles that a partner usually asks of a customer, by role template id.
USUAL_ROLES = (
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "0526716b-113d-4c15-b2c8-68e3c22b9f80",
    "892c5842-a9a6-463a-8041-72aa08ca3cf6", "7698a772-787b-4ac8-901f-60d6b08affd2",
    "29232cdf-9323-42fd-ade2-1d097af3e4de", "3a2c62db-5318-420d-8d74-23affee5d9d5",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "e8611ab8-c189-46e8-94e1-60213ab1f814",
    "194ae4cb-b126-40b2-bd5b-6091b380977d", "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",
    "69091246-20e8-4a56-aa4d-066075b2a7a8", "fe930be7-5e62-47db-91af-98c3a49a38b1",
)  # fmt: skip
_DAY_S = 86400.0
_TERM_S = 730 * _DAY_S
_RESELLER = "resellerPartnerDelegatedAdmin"
_TIMES = {"ends_in_s": "ends_at", "activated_in_s": "activated_at"}


class Partner(Tenant):
    """A partner's tenant, and the ids of two of its groups: AdminAgents, and the one that gets customers' roles."""

    admin_agents: str
    group: str


class Customer(Tenant):
    """A partner's customer; ``relationship`` is the id of its admin relationship when it has one."""

    relationship: NotRequired[str]


class PartnerCalls(TenantCalls, PeopleCalls):
    """``partner`` and ``customer`` are tenants as ``add_partner`` and ``add_customer`` return them."""

    @call
    def add_partner(self, name: str = "Northwind Partner", **tenant: Any) -> Partner:
        """A partner whose first user is Global Administrator, in AdminAgents, and in the customers' group."""
        return self.make_partner(self.add_tenant(name, **tenant))

    @call
    def make_partner(self, tenant: TenantRef) -> Partner:
        """Turn a tenant into a partner's; its admin joins AdminAgents and a group for customers' roles."""
        home = self._world.tenant(tenant["id"])
        home.partner, home.partner_type = PartnerState(), _RESELLER
        admin = self._user_id(home, tenant["admin"])
        agents = Group(self._world.new_id("6a6e"), ADMIN_AGENTS, members={admin})
        helpers = Group(self._world.new_id("6a6f"), "GDAP administrators", members={admin})
        home.groups |= {group.id: group for group in (agents, helpers)}
        return {**self.tenant(home.id), "admin_agents": agents.id, "group": helpers.id}

    @call
    def add_customer(
        self,
        partner: TenantRef,
        name: str,
        *,
        contract: str | None = "ResellerPartner",
        relationship: dict[str, Any] | None = None,
        assigned: Sequence[str] | bool = True,
        **tenant: Any,
    ) -> Customer:
        """A tenant that is the partner's customer, with one admin relationship unless it is ``{}``.

        ``relationship`` as for ``add_relationship``; ``assigned`` are the roles the partner's group gets: all,
        the named ones, or (False) none. Without a ``contract`` Partner Center does not list the customer.
        """
        customer = cast("Customer", self.add_tenant(name, **tenant))
        if contract:
            self.add_contract(partner, customer, contract)
        if relationship != {}:
            added = self.add_relationship(partner, customer, **(relationship or {}))
            if not isinstance(assigned, bool):
                self.assign(partner, added, partner["group"], assigned)
            elif assigned:
                self.assign(partner, added, partner["group"])
            customer["relationship"] = added
        return customer

    @call
    def add_customers(self, partner: TenantRef, count: int) -> list[str]:
        """Many customers in good order, of one user each; returns their tenant ids."""
        return [
            self.add_customer(partner, f"Customer {number:04d}", users=1, seed=number, licences={})["id"]
            for number in range(1, count + 1)
        ]

    @call
    def add_contract(self, partner: TenantRef, customer: TenantRef, contract: str = "ResellerPartner") -> None:
        """List a tenant as the partner's customer, in Partner Center and in Graph's /contracts."""
        tenant = self._world.tenant(customer["id"])
        listed = ListedCustomer(tenant.id, tenant.name, tenant.initial_domain, contract)
        self._partner(partner).customers[tenant.id] = listed

    @call
    def drop_customer(self, partner: TenantRef, customer: TenantRef) -> None:
        """The customer leaves: no contract, and no relationship that was ever there."""
        state = self._partner(partner)
        state.customers.pop(customer["id"], None)
        for relationship in list(state.with_customer(customer["id"])):
            del state.relationships[relationship.id]

    @call
    def add_relationship(self, partner: TenantRef, customer: TenantRef, **fields: Any) -> str:
        """Active since yesterday, for two years and with the usual roles, but for what ``fields`` say.

        Fields of ``partners.Relationship``; ``ends_in_s`` and ``activated_in_s`` are seconds from now. Returns its id.
        """
        self._world.tenant(customer["id"])
        state, now, key = (
            self._partner(partner),
            self._world.now(),
            f"{self._world.new_id('9da9')}-{self._world.new_id('9daa')}",
        )
        state.relationships[key] = Relationship(
            id=key,
            customer_id=customer["id"],
            name=f"Relationship {len(state.relationships) + 1}",
            roles=list(USUAL_ROLES),
            status="active",
            created_at=now,
            activated_at=now - _DAY_S,
            ends_at=now + _TERM_S,
        )
        self.change_relationship(partner, key, **fields)
        return key

    @call
    def change_relationship(self, partner: TenantRef, relationship_id: str, **fields: Any) -> None:
        """Fields as for ``add_relationship``."""
        relationship = self._relationship(partner, relationship_id)
        for name, value in fields.items():
            if name in _TIMES:
                setattr(relationship, _TIMES[name], None if value is None else self._world.now() + value)
            elif name in Relationship.__dataclass_fields__:
                setattr(relationship, name, value)
            else:
                raise KeyError(f"a relationship has no {name}")
        _check_roles(relationship.roles)

    @call
    def assign(
        self,
        partner: TenantRef,
        relationship_id: str,
        group_id: str,
        roles: Sequence[str] | None = None,
        status: str = "active",
    ) -> str:
        """Give roles of a relationship (all, when none are named) to a group; returns the assignment's id."""
        relationship = self._relationship(partner, relationship_id)
        _check_roles(roles or ())
        assigned = list(roles if roles is not None else relationship.roles)
        assignment = Assignment(self._world.new_id("9dab"), group_id, assigned, status, self._world.now())
        relationship.assignments[assignment.id] = assignment
        return assignment.id

    @call
    def unassign(self, partner: TenantRef, relationship_id: str) -> None:
        """Take the relationship's roles from every group."""
        self._relationship(partner, relationship_id).assignments.clear()

    # Groups: a member is a person by sign-in name or id, or another group by its id.

    @call
    def add_member(self, tenant: TenantRef, group_id: str, member: str) -> None:
        self._move_member(tenant, group_id, member, joins=True)

    @call
    def remove_member(self, tenant: TenantRef, group_id: str, member: str) -> None:
        self._move_member(tenant, group_id, member, joins=False)

    @call
    def remove_group(self, tenant: TenantRef, group_id: str) -> None:
        self._world.tenant(tenant["id"]).remove_group(group_id)

    def _move_member(self, tenant: TenantRef, group_id: str, member: str, *, joins: bool) -> None:
        home = self._world.tenant(tenant["id"])
        key = member if member in home.groups else self._user_id(home, member)
        home.change_member(group_id, key, joins=joins)

    def _partner(self, partner: TenantRef) -> PartnerState:
        state = self._world.tenant(partner["id"]).partner
        if not isinstance(state, PartnerState):
            raise KeyError(f"{partner['id']} is not a partner")
        return state

    def _relationship(self, partner: TenantRef, relationship_id: str) -> Relationship:
        relationship = self._partner(partner).relationships.get(relationship_id)
        if relationship is None:
            raise KeyError(f"there is no relationship {relationship_id}")
        return relationship


def _check_roles(roles: Sequence[str]) -> None:
    unknown = set(roles) - ROLE_NAMES.keys()
    if unknown:
        raise KeyError(f"there is no role {sorted(unknown)}")
