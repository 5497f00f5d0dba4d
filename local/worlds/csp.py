"""Worlds of CSPs: customers in every state of the CSP Auth column, and partners for every reason of Auth Failed.

Each name says which status a connected portal shows for it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from local.microsoft.control import USUAL_ROLES, Partner, World

_DAY_S = 86400.0
_CUSTOMERS_POLICY_ASKS_MFA, _BLOCKED_BY_POLICY, _APP_NOT_FOUND = 50076, 53003, 700016


class CustomerState(NamedTuple):
    """How to make a customer, and which label the CSP Auth column then shows."""

    label: str
    made: Mapping[str, Any] = MappingProxyType({})
    refused: tuple[int, str] | None = None


CUSTOMERS = {
    "active": CustomerState("Active"),
    "expiring": CustomerState("Expiring", {"relationship": {"ends_in_s": 5 * _DAY_S}}),
    "expired": CustomerState("Expired", {"relationship": {"ends_in_s": -_DAY_S, "activated_in_s": -90 * _DAY_S}}),
    "missing_relationship": CustomerState("Missing Admin Relationship", {"relationship": {}}),
    "missing_roles": CustomerState("Missing Roles", {"relationship": {"roles": list(USUAL_ROLES[:-3])}}),
    "missing_group": CustomerState("Missing Security Group", {"assigned": False}),
    "consent_pending": CustomerState("Consent Pending", {"relationship": {"activated_in_s": -60.0}}),
    "consent_failure": CustomerState("Consent Failure", refused=(_BLOCKED_BY_POLICY, "refresh_token")),
    "granting_roles": CustomerState("Granting Application Roles", refused=(_APP_NOT_FOUND, "client_credentials")),
    "unknown": CustomerState("Unknown", refused=(_CUSTOMERS_POLICY_ASKS_MFA, "refresh_token")),
}

# Names that a demonstration gives to customers of each state.
NAMES = {
    "active": "Adatum Foods",
    "expiring": "Fourth Coffee",
    "expired": "Litware Legal",
    "missing_relationship": "Lucerne Publishing",
    "missing_roles": "Proseware Clinics",
    "missing_group": "Relecloud Energy",
    "consent_pending": "Trey Research",
    "consent_failure": "Woodgrove Bank",
    "granting_roles": "Humongous Insurance",
    "unknown": "Wide World Importers",
}


def _without_mfa(world: World, partner: Partner) -> None:
    world.set_methods(partner, partner["admin"], ["pwd"])


def _outside_of_admin_agents(world: World, partner: Partner) -> None:
    world.remove_member(partner, partner["admin_agents"], partner["admin"])


def _blocked(code: int) -> Callable[[World, Partner], None]:
    return lambda world, partner: world.refuse_tokens(code, tenant_id=partner["id"], grant="refresh_token")


# Reasons of Auth Failed: what to do to a partner that has been made.
PARTNERS: dict[str, Callable[[World, Partner], None]] = {
    "no_mfa_prompt": _without_mfa,
    "not_in_admin_agents": _outside_of_admin_agents,
    "no_child_tenants": lambda _world, _partner: None,
    "policy_blocking": _blocked(53003),
    "unknown": _blocked(50173),
}


def add_csp(world: World, states: Sequence[str], name: str = "Northwind Partner", **tenant: Any) -> Partner:
    """A partner with one customer in each of these states."""
    partner = world.add_partner(name, **tenant)
    for number, state in enumerate(states):
        customer_state = CUSTOMERS[state]
        customer = world.add_customer(
            partner, NAMES[state], users=12 + 5 * number, seed=100 + number, **customer_state.made
        )
        if customer_state.refused:
            code, grant = customer_state.refused
            world.refuse_tokens(code, tenant_id=customer["id"], grant=grant)
    return partner


def add_failing_csp(world: World, reason: str) -> Partner:
    """A partner whose integration ends in Auth Failed for this reason."""
    partner = add_csp(world, () if reason == "no_child_tenants" else ("active",))
    PARTNERS[reason](world, partner)
    return partner
