"""The part of the world's hand that turns partners: customers, admin relationships, and how people sign in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
_RESELLER = "resellerPartnerDelegatedAdmin"


class Partner(dict[str, str]):
    """A partner's tenant as ``Tenant`` tells it, and its groups: ``admin_agents`` and ``group`` (customers' roles)."""


class PartnerWorld:
    """Mixed into ``control.World``, whose ``_call`` it uses."""

    _call: Callable[..., Any]
    add_tenant: Callable[..., Any]

    def add_partner(self, name: str = "Northwind Partner", **tenant: Any) -> Partner:
        """A partner whose first user is Global Administrator, in AdminAgents, and in the customers' group."""
        told = self.add_tenant(name, **tenant)
        groups = self._call("make_partner", tenant_id=told["id"], username=told["admin"], partner_type=_RESELLER)
        return Partner({**told, **groups})

    def add_customer(
        self,
        partner: Mapping[str, str],
        name: str,
        *,
        contract: str | None = "ResellerPartner",
        relationship: Mapping[str, Any] | None = None,
        assigned: Sequence[str] | bool = True,
        **tenant: Any,
    ) -> dict[str, str]:
        """A tenant that is the partner's customer, with one admin relationship unless it is ``{}``.

        ``relationship`` as for ``add_relationship``; ``assigned`` are the roles the partner's group gets: all,
        the named ones, or (False) none.
        """
        told: dict[str, str] = self.add_tenant(name, **tenant)
        if contract:
            self._call("add_customer", partner_id=partner["id"], customer_id=told["id"], contract=contract)
        if relationship != {}:
            made = self.add_relationship(partner, told, **(relationship or {}))
            if assigned is not False:
                self.assign(partner, made, partner["group"], None if assigned is True else assigned)
            told["relationship"] = made
        return told

    def add_customers(self, partner: Mapping[str, str], count: int) -> list[str]:
        """Many customers in good order; returns their tenant ids."""
        made: list[str] = self._call(
            "add_customers",
            partner_id=partner["id"],
            count=count,
            group_id=partner["group"],
            roles=list(USUAL_ROLES),
        )
        return made

    def drop_customer(self, partner: Mapping[str, str], customer: Mapping[str, str]) -> None:
        self._call("drop_customer", partner_id=partner["id"], customer_id=customer["id"])

    def add_relationship(self, partner: Mapping[str, str], customer: Mapping[str, str], **described: Any) -> str:
        """Active since yesterday, for two years and with the usual roles, but for what ``described`` says.

        Fields of ``partners.Relationship``; ``ends_in_s`` and ``activated_in_s`` are seconds from now.
        """
        told = {"roles": list(USUAL_ROLES), "activated_in_s": -_DAY_S, **described}
        return str(self._call("add_relationship", partner_id=partner["id"], customer_id=customer["id"], described=told))

    def change_relationship(self, partner: Mapping[str, str], relationship_id: str, **described: Any) -> None:
        told = {"partner_id": partner["id"], "relationship_id": relationship_id, "described": described}
        self._call("change_relationship", **told)

    def assign(
        self,
        partner: Mapping[str, str],
        relationship_id: str,
        group_id: str,
        roles: Sequence[str] | None = None,
        status: str = "active",
    ) -> str:
        told = {"group_id": group_id, "roles": list(roles) if roles is not None else None, "status": status}
        return str(self._call("assign", partner_id=partner["id"], relationship_id=relationship_id, **told))

    def unassign(self, partner: Mapping[str, str], relationship_id: str) -> None:
        """Take the relationship's roles from every group."""
        self._call("unassign", partner_id=partner["id"], relationship_id=relationship_id)

    def add_member(self, tenant: Mapping[str, str], group_id: str, member: str) -> None:
        """A person by sign-in name, or another group by its id, joins a group."""
        self._call("add_member", tenant_id=tenant["id"], group_id=group_id, member=member)

    def remove_member(self, tenant: Mapping[str, str], group_id: str, member: str) -> None:
        self._call("remove_member", tenant_id=tenant["id"], group_id=group_id, member=member)

    def remove_group(self, tenant: Mapping[str, str], group_id: str) -> None:
        self._call("remove_group", tenant_id=tenant["id"], group_id=group_id)

    def set_methods(self, tenant: Mapping[str, str], username: str, methods: Sequence[str]) -> None:
        """How somebody signs in from now on, in words of the ``amr`` claim."""
        self._call("set_methods", tenant_id=tenant["id"], username=username, methods=list(methods))

    def refuse_tokens(self, code: int, *, tenant_id: str | None = None, grant: str | None = None) -> None:
        """Refuse token requests with an AADSTS code until ``accept_tokens``."""
        self._call("refuse_tokens", code=code, tenant_id=tenant_id, grant=grant)

    def accept_tokens(self) -> None:
        self._call("accept_tokens")

    def refuse_redirects(
        self, code: int, *, leg: str | None = None, error: str | None = None, subcode: str = ""
    ) -> None:
        """Send people back from a leg, "sign-in" or "admin-consent", with an AADSTS code until ``accept_redirects``.

        ``error`` is another OAuth error word than the usual one, ``subcode`` an ``error_subcode`` beside it.
        """
        self._call("refuse_redirects", code=code, leg=leg, error=error, subcode=subcode)

    def accept_redirects(self) -> None:
        self._call("accept_redirects")
