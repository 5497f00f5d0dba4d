"""A partner's customers, admin relationships and access assignments, as its own tenant has them.

Source: https://learn.microsoft.com/graph/api/resources/delegatedadminrelationships-api-overview
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from integrations.domain.gdap import Assignment, GroupId, Relationship, RoleId
from integrations.domain.text import clean
from shared.graph import Ask, Graph, MissingInMicrosoft

_PATH = "/tenantRelationships/delegatedAdminRelationships"
_CUSTOMERS = "/tenantRelationships/delegatedAdminCustomers"
_MOST = "300"
_INDIRECT = "#microsoft.graph.resellerDelegatedAdminRelationship"
_FIELDS = "id,displayName,status,customer,accessDetails,activatedDateTime,endDateTime,autoExtendDuration"
_ENDED_BY_SOMEBODY = frozenset({"terminating", "terminated", "terminationRequested"})
_NEVER = frozenset({"", "P0D", "PT0S"})


class _Role(msgspec.Struct, frozen=True, rename="camel"):
    role_definition_id: str


class _Access(msgspec.Struct, frozen=True, rename="camel"):
    unified_roles: list[_Role] = []


class _Customer(msgspec.Struct, rename="camel"):
    tenant_id: str
    display_name: str | None = None


class _Relationship(msgspec.Struct, rename="camel"):
    id: str
    display_name: str = ""
    status: str | None = None
    customer: _Customer | None = None
    access_details: _Access = _Access()
    activated_date_time: datetime | None = None
    end_date_time: datetime | None = None
    auto_extend_duration: str | None = None
    type: str | None = msgspec.field(name="@odata.type", default=None)


class _Container(msgspec.Struct, rename="camel"):
    access_container_id: str


class _Assignment(msgspec.Struct, rename="camel"):
    id: str
    access_container: _Container
    status: str | None = None
    access_details: _Access = _Access()


class CustomerRelationship(msgspec.Struct, frozen=True):
    """A relationship and whose it is. ``customer_name`` is the name in the relationship."""

    customer_id: str
    customer_name: str
    relationship: Relationship


def read_customers(graph: Graph) -> dict[str, str]:
    """Names by tenant id of everybody who has, or had, a relationship."""
    found = graph.items(_CUSTOMERS, type=_Customer, select="id,tenantId,displayName", top=_MOST)
    return {it.tenant_id.lower(): clean(it.display_name or "") for it in found}


def read_relationships(graph: Graph) -> list[CustomerRelationship]:
    """Every relationship with a customer; requests that no customer has answered have none."""
    found = graph.items(_PATH, type=_Relationship, select=_FIELDS, top=_MOST)
    return [_known(it, it.customer) for it in found if it.customer is not None]


def read_assignments(graph: Graph, relationship_ids: Iterable[str]) -> dict[str, list[Assignment]]:
    """Access assignments by relationship, 20 relationships a request.

    A relationship that was removed a moment ago has none.

    Raises:
        MicrosoftError: one of them could not be read.
    """
    asks = [Ask(id=it, path=f"{_PATH}/{it}/accessAssignments") for it in relationship_ids]
    assignments: dict[str, list[Assignment]] = {}
    for key, answer in graph.batch(asks).items():
        try:
            first = answer.page(_Assignment)
        except MissingInMicrosoft:
            assignments[key] = []
            continue
        pages = graph.on(first, type=_Assignment)
        assignments[key] = [_assigned(key, it) for page in pages for it in page.items]
    return assignments


def _known(it: _Relationship, customer: _Customer) -> CustomerRelationship:
    status = it.status or ""
    relationship = Relationship(
        id=it.id,
        name=clean(it.display_name),
        status=status,
        roles=_roles(it.access_details),
        is_active=status == "active",
        was_terminated=status in _ENDED_BY_SOMEBODY,
        activated_at=it.activated_date_time,
        ends_at=it.end_date_time,
        auto_extends=(it.auto_extend_duration or "") not in _NEVER,
        is_indirect=it.type == _INDIRECT,
    )
    return CustomerRelationship(customer.tenant_id.lower(), clean(customer.display_name or ""), relationship)


def _assigned(relationship_id: str, it: _Assignment) -> Assignment:
    return Assignment(
        relationship_id=relationship_id,
        group_id=GroupId(it.access_container.access_container_id.lower()),
        roles=_roles(it.access_details),
        is_active=it.status == "active",
    )


def _roles(access: _Access) -> frozenset[RoleId]:
    return frozenset(RoleId(it.role_definition_id.lower()) for it in access.unified_roles)
