"""What can be done to partners, their customers and their people's sign-ins while the world runs.

Each public method is a call of ``/_world/``; ``control_partners.PartnerWorld`` is the client.
"""

from typing import Any

from local.microsoft.entra.refusals import named
from local.microsoft.partners import ADMIN_AGENTS, Assignment, Customer, Partner, Relationship
from local.microsoft.roles import ROLE_NAMES
from local.microsoft.tenants import Group, Tenant
from local.microsoft.world import RedirectRefusal, TokenRefusal, World

_DAY_S = 86400.0
_TIMES = {"ends_in_s": "ends_at", "activated_in_s": "activated_at"}


class PartnerCalls:
    """Turns the world of partners. Unknown things raise KeyError, impossible ones ValueError."""

    def __init__(self, world: World) -> None:
        self._world = world

    def make_partner(self, tenant_id: str, username: str, partner_type: str) -> dict[str, str]:
        """Turn a tenant into a partner's; somebody joins AdminAgents and a group for customers' roles."""
        tenant = self._world.tenant(tenant_id)
        tenant.partner, tenant.partner_type = Partner(), partner_type
        person = self._person(tenant, username)
        agents = Group(self._world.new_id("6a6e"), ADMIN_AGENTS, members={person})
        helpers = Group(self._world.new_id("6a6f"), "GDAP administrators", members={person})
        tenant.groups |= {group.id: group for group in (agents, helpers)}
        return {"admin_agents": agents.id, "group": helpers.id}

    def add_customer(self, partner_id: str, customer_id: str, contract: str = "ResellerPartner") -> None:
        customer = self._world.tenant(customer_id)
        found = Customer(customer.id, customer.name, customer.initial_domain, contract)
        self._partner(partner_id).customers[customer.id] = found

    def drop_customer(self, partner_id: str, customer_id: str) -> None:
        """The customer leaves: no contract, and no relationship that was ever there."""
        partner = self._partner(partner_id)
        partner.customers.pop(customer_id, None)
        gone = [it.id for it in partner.with_customer(customer_id)]
        for key in gone:
            del partner.relationships[key]

    def add_relationship(self, partner_id: str, customer_id: str, described: dict[str, Any]) -> str:
        """``described`` are fields of ``partners.Relationship``, with times as seconds from now."""
        self._world.tenant(customer_id)
        now, key = self._world.now(), f"{self._world.new_id('9da9')}-{self._world.new_id('9daa')}"
        made = Relationship(
            id=key,
            customer_id=customer_id,
            name=f"Relationship {len(self._partner(partner_id).relationships) + 1}",
            roles=[],
            status="active",
            created_at=now,
            activated_at=now,
            ends_at=now + 730 * _DAY_S,
        )
        self._partner(partner_id).relationships[key] = made
        self.change_relationship(partner_id, key, described)
        return key

    def change_relationship(self, partner_id: str, relationship_id: str, described: dict[str, Any]) -> None:
        found = self._relationship(partner_id, relationship_id)
        for name, value in described.items():
            if name in _TIMES:
                setattr(found, _TIMES[name], None if value is None else self._world.now() + value)
            elif name in Relationship.__dataclass_fields__:
                setattr(found, name, value)
            else:
                raise KeyError(f"a relationship has no {name}")
        _known_roles(found.roles)

    def assign(
        self, partner_id: str, relationship_id: str, group_id: str, roles: list[str] | None, status: str = "active"
    ) -> str:
        """Give roles of a relationship (all, when none are named) to a group; returns the assignment's id."""
        found = self._relationship(partner_id, relationship_id)
        _known_roles(roles or [])
        made = Assignment(
            self._world.new_id("9dab"),
            group_id,
            roles if roles is not None else list(found.roles),
            status,
            self._world.now(),
        )
        found.assignments[made.id] = made
        return made.id

    def unassign(self, partner_id: str, relationship_id: str) -> None:
        self._relationship(partner_id, relationship_id).assignments.clear()

    def add_customers(self, partner_id: str, count: int, group_id: str, roles: list[str]) -> list[str]:
        """Many customers at once, each with an active relationship that was activated a day ago."""
        ids = []
        for number in range(count):
            tenant = self._world.new_tenant(
                f"Customer {number + 1:04d}",
                users=1,
                devices=0,
                seed=number + 1,
                tenant_id=None,
                domain=None,
                licences={},
            )
            self.add_customer(partner_id, tenant.id)
            told = {"roles": roles, "activated_in_s": -_DAY_S}
            self.assign(partner_id, self.add_relationship(partner_id, tenant.id, told), group_id, None)
            ids.append(tenant.id)
        return ids

    # People.

    def add_member(self, tenant_id: str, group_id: str, member: str) -> None:
        """A person by name or id, or a group by id, joins a group."""
        tenant = self._world.tenant(tenant_id)
        come = member if member in tenant.groups else self._person(tenant, member)
        tenant.move_member(group_id, come, come=True)

    def remove_member(self, tenant_id: str, group_id: str, member: str) -> None:
        tenant = self._world.tenant(tenant_id)
        gone = member if member in tenant.groups else self._person(tenant, member)
        tenant.move_member(group_id, gone, come=False)

    def remove_group(self, tenant_id: str, group_id: str) -> None:
        self._world.tenant(tenant_id).remove_group(group_id)

    def set_methods(self, tenant_id: str, username: str, methods: list[str]) -> None:
        """How the person signs in from now on, in words of the ``amr`` claim: ["pwd"], ["pwd", "mfa"]."""
        tenant = self._world.tenant(tenant_id)
        tenant.methods_of[self._person(tenant, username)] = methods

    def refuse_tokens(self, code: int, tenant_id: str | None = None, grant: str | None = None) -> None:
        named(code)
        self._world.token_refusals.append(TokenRefusal(code, tenant_id, grant))

    def accept_tokens(self) -> None:
        """End every refusal that was set."""
        self._world.token_refusals.clear()

    def refuse_redirects(self, code: int, leg: str | None = None, error: str | None = None, subcode: str = "") -> None:
        named(code)
        self._world.redirect_refusals.append(RedirectRefusal(code, leg, error, subcode))

    def accept_redirects(self) -> None:
        """End every refusal of people that was set."""
        self._world.redirect_refusals.clear()

    def _partner(self, tenant_id: str) -> Partner:
        found = self._world.tenant(tenant_id).partner
        if not isinstance(found, Partner):
            raise KeyError(f"{tenant_id} is not a partner")
        return found

    def _relationship(self, partner_id: str, relationship_id: str) -> Relationship:
        found = self._partner(partner_id).relationships.get(relationship_id)
        if found is None:
            raise KeyError(f"there is no relationship {relationship_id}")
        return found

    def _person(self, tenant: Tenant, username: str) -> str:
        if tenant.users.get(username) is not None:
            return username
        found = self._world.find_person(username, tenant)
        if found is None:
            raise KeyError(f"nobody is called {username}")
        return str(found[1]["id"])


def _known_roles(roles: list[str]) -> None:
    unknown = set(roles) - ROLE_NAMES.keys()
    if unknown:
        raise KeyError(f"there is no role {sorted(unknown)}")
