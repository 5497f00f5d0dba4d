"""Read a CSP's customers, their admin relationships and access assignments, with few requests for all of them.

A customer of which something cannot be read does not affect the others: its stored access state is kept, and the
check counts it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from integrations.actions.csp.check_results import Checks
from integrations.actions.csp.partner import Partner
from integrations.domain.csp.customers import AccessState, Customer
from integrations.domain.csp.gdap import GroupId
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
from shared.microsoft.partner_center import PartnerCenterCustomer

_MOST_NAMED = 5  # customers in the evidence


class FoundCustomer(NamedTuple):
    """A customer and its access state. ``is_complete``: everything could be read that CSP Auth is judged by."""

    customer: Customer
    access: AccessState
    is_complete: bool = True


class Discovery(NamedTuple):
    """The customers that one run found.

    ``odd`` counts values that could not be read; ``is_complete`` says that no list lost an item by that, so that a
    customer that is missing is gone.
    """

    found: Sequence[FoundCustomer]
    odd: int = 0
    is_complete: bool = True

    def evidence(self) -> dict[str, str]:
        """How many values could not be read, and some of the customers concerned."""
        named = [it.customer.tenant_id for it in self.found if not it.is_complete][:_MOST_NAMED]
        texts = {"unreadable_values": str(self.odd) if self.odd else "", "customers_not_judged_anew": ", ".join(named)}
        return {name: text for name, text in texts.items() if text}


def find_customers(
    partner: Partner, integration: Integration, memberships: Memberships, now: datetime, checks: Checks
) -> Discovery:
    """The customers of all of Microsoft's lists, joined by tenant id, with their access states.

    ``memberships`` are the account's groups.

    Raises:
        MicrosoftError: a request failed.
    """
    graph, center = partner.graph(), partner.partner_center()
    with checks.record(CheckName.CUSTOMERS) as check:
        listed = {it.id.lower(): it for it in center.customers()}
        delegated = read_customers(graph)
        relationships = read_relationships(graph)
        keys = dict.fromkeys([*listed, *delegated, *(it.customer_id for it in relationships)])
        tenants = [key for key in keys if is_tenant_id(key)]
        check.evidence["customers"] = str(len(tenants))
        live = [it.relationship.id for it in relationships if it.relationship.is_live(now)]
        assigned = read_assignments(graph, live)
        unread = len(live) - len(assigned)
        odd = graph.unreadable_values + center.unreadable_values + unread + len(keys) - len(tenants)
        check.evidence |= {"unreadable_values": str(odd)} if odd else {}
    own: dict[str, list[CustomerRelationship]] = {}
    for it in relationships:
        own.setdefault(it.customer_id, []).append(it)
    account = integration.csp.account if integration.csp else ""
    found = [
        FoundCustomer(
            _customer(key, listed.get(key), delegated.get(key, ""), own.get(key, [])),
            _access_state(key, own.get(key, []), assigned, memberships.groups, account=account, now=now),
            _is_complete(own.get(key, []), assigned, now),
        )
        for key in tenants
        if key != integration.tenant_id
    ]
    return Discovery(
        found, odd, is_complete=not (graph.unreadable_items or center.unreadable_items or len(keys) > len(tenants))
    )


def _customer(
    tenant_id: str, listed: PartnerCenterCustomer | None, name: str, relationships: Sequence[CustomerRelationship]
) -> Customer:
    """A customer by the names that Partner Center, Graph's list and its relationships give it, in this order."""
    profile = listed.company_profile if listed else None
    names = [profile.company_name if profile else "", name, *(it.customer_name for it in relationships)]
    return Customer(
        tenant_id=TenantId(tenant_id),
        name=next((clean(it) for it in names if it), ""),
        domain=clean(profile.domain or "") if profile else "",
    )


def _is_complete(
    relationships: Sequence[CustomerRelationship], assigned: dict[str, RelationshipAssignments], now: datetime
) -> bool:
    """Whether all of a customer's relationships could be read, and the assignments of those that are live."""
    live = [it.relationship.id for it in relationships if it.relationship.is_live(now)]
    return all(it.is_complete for it in relationships) and all(
        it in assigned and assigned[it].is_complete for it in live
    )


def _access_state(
    tenant_id: str,
    relationships: Sequence[CustomerRelationship],
    assigned: dict[str, RelationshipAssignments],
    groups: dict[GroupId, str],
    *,
    account: str,
    now: datetime,
) -> AccessState:
    """What is known of a customer's access, sorted, so that equal states are equal rows."""
    ids = [it.relationship.id for it in relationships]
    assignments = [it for key in ids if key in assigned for it in assigned[key].assignments]
    assigned_groups = {it.group_id for it in assignments}
    return AccessState(
        tenant_id=TenantId(tenant_id),
        read_at=now,
        account=account,
        relationships=sorted((it.relationship for it in relationships), key=lambda it: it.id),
        assignments=sorted(assignments, key=lambda it: (it.relationship_id, it.group_id)),
        groups={key: name for key, name in sorted(groups.items()) if key in assigned_groups},
    )
