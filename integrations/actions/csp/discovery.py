"""Read a CSP's customers, their admin relationships and access assignments: a number of requests that grows with pages.

One customer of whom something cannot be read does not cost the others: what was known of it stands, and the check
counts it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from integrations.actions.csp.check_results import Checks
from integrations.actions.csp.partner import Partner
from integrations.domain.csp.customers import AccessState, Customer
from integrations.domain.csp.gdap import Assignment, GroupId
from integrations.domain.csp.report import CheckName
from integrations.domain.ids import TenantId, is_tenant_id
from integrations.domain.integrations import Integration
from integrations.domain.text import clean
from integrations.microsoft.memberships import Memberships
from integrations.microsoft.relationships import (
    CustomerRelationship,
    RelationshipAssignments,
    read_assignments,
    read_customers,
    read_relationships,
)

_MOST_NAMED = 5


class FoundCustomer(NamedTuple):
    """A customer and its facts. ``is_whole``: everything could be read that CSP Auth is judged by."""

    customer: Customer
    facts: AccessState
    is_whole: bool = True


class Discovery(NamedTuple):
    """What one run found.

    ``odd`` values could not be read; ``is_whole`` tells that no list has lost an item by that, so that who is missing
    is gone.
    """

    found: Sequence[FoundCustomer]
    odd: int = 0
    is_whole: bool = True

    def oddities(self) -> dict[str, str]:
        """What was given up, for the evidence: how many values, and some of the customers concerned."""
        named = [it.customer.tenant_id for it in self.found if not it.is_whole][:_MOST_NAMED]
        told = {"unreadable_values": str(self.odd) if self.odd else "", "customers_not_judged_anew": ", ".join(named)}
        return {name: text for name, text in told.items() if text}


def find_customers(
    partner: Partner, integration: Integration, held: Memberships, now: datetime, checks: Checks
) -> Discovery:
    """Customers of all lists joined, with their facts.

    Raises:
        MicrosoftError: of the kind that a failed request stands for.
    """
    graph, center = partner.graph(), partner.partner_center()
    with checks.made(CheckName.CUSTOMERS) as check:
        listed = {it.id.lower(): it for it in center.customers()}
        delegated = read_customers(graph)
        relationships = read_relationships(graph)
        keys = dict.fromkeys([*listed, *delegated, *(it.customer_id for it in relationships)])
        tenants = [key for key in keys if is_tenant_id(key)]
        check.evidence["customers"] = str(len(tenants))
        live = [it.relationship.id for it in relationships if it.relationship.is_live(now)]
        assigned = read_assignments(graph, live)
        unasked = len(live) - len(assigned)
        odd = graph.unreadable_values + center.unreadable_values + unasked + len(keys) - len(tenants)
        check.evidence |= {"unreadable_values": str(odd)} if odd else {}
    of_customer: dict[str, list[CustomerRelationship]] = {}
    for it in relationships:
        of_customer.setdefault(it.customer_id, []).append(it)
    account = integration.csp.account if integration.csp else ""
    found = []
    for key in tenants:
        own, known = of_customer.get(key, []), listed.get(key)
        profile = known.company_profile if known else None
        names = [profile.company_name if profile else "", delegated.get(key, ""), *(it.customer_name for it in own)]
        name = next((clean(it) for it in names if it), "")
        domain = clean(profile.domain or "") if profile else ""
        customer = Customer(tenant_id=TenantId(key), name=name, domain=domain)
        facts = _facts(customer, own, _given(own, assigned), held.groups, account=account, now=now)
        found.append(FoundCustomer(customer, facts, _is_whole(own, assigned, now)))
    others = [it for it in found if it.customer.tenant_id != integration.tenant_id]
    return Discovery(
        others, odd, is_whole=not (graph.unreadable_items or center.unreadable_items or len(keys) > len(tenants))
    )


def _given(own: Sequence[CustomerRelationship], assigned: dict[str, RelationshipAssignments]) -> list[Assignment]:
    return [it for one in own if one.relationship.id in assigned for it in assigned[one.relationship.id].assignments]


def _is_whole(own: Sequence[CustomerRelationship], assigned: dict[str, RelationshipAssignments], now: datetime) -> bool:
    """Whether all of a customer's relationships could be read, and the assignments of those that are live."""
    live = [it.relationship.id for it in own if it.relationship.is_live(now)]
    return all(it.is_complete for it in own) and all(it in assigned and assigned[it].is_complete for it in live)


def _facts(
    customer: Customer,
    own: Sequence[CustomerRelationship],
    given: Sequence[Assignment],
    groups: dict[GroupId, str],
    *,
    account: str,
    now: datetime,
) -> AccessState:
    assigned = {it.group_id for it in given}
    return AccessState(
        tenant_id=customer.tenant_id,
        read_at=now,
        account=account,
        relationships=sorted((it.relationship for it in own), key=lambda it: it.id),
        assignments=sorted(given, key=lambda it: (it.relationship_id, it.group_id)),
        groups={key: name for key, name in sorted(groups.items()) if key in assigned},
    )
