"""A partner's customers, admin relationships and access assignments, as its own tenant has them.

Source: https://learn.microsoft.com/graph/api/resources/delegatedadminrelationships-api-overview
"""

from collections.abc import Iterable

import msgspec

from integrations.domain.csp.gdap import Assignment, GroupId, Relationship, RoleId
from integrations.domain.text import clean
from integrations.microsoft.fillers import GraphDateTime, ids_for_paths, moment
from shared.microsoft.graph import BatchRequest, BatchResponse, Graph, MicrosoftError, MissingInMicrosoft

_PATH = "/tenantRelationships/delegatedAdminRelationships"
_CUSTOMERS = "/tenantRelationships/delegatedAdminCustomers"
_MOST = "300"
_INDIRECT = "#microsoft.graph.resellerDelegatedAdminRelationship"
_FIELDS = "id,displayName,status,customer,accessDetails,activatedDateTime,endDateTime,autoExtendDuration"
_ENDED_BY_SOMEBODY = frozenset({"terminating", "terminated", "terminationRequested"})
_NEVER = frozenset({"", "P0D", "PT0S"})


class _UnifiedRole(msgspec.Struct, frozen=True, rename="camel"):
    role_definition_id: str | None = None


class _AccessDetails(msgspec.Struct, frozen=True, rename="camel"):
    unified_roles: list[_UnifiedRole] | None = None


class _DelegatedCustomer(msgspec.Struct, rename="camel"):
    tenant_id: str
    display_name: str | None = None


class _GraphRelationship(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    status: str | None = None
    customer: _DelegatedCustomer | None = None
    access_details: _AccessDetails | None = None
    activated_date_time: GraphDateTime | None = None
    end_date_time: GraphDateTime | None = None
    auto_extend_duration: str | None = None
    type: str | None = msgspec.field(name="@odata.type", default=None)


class _Container(msgspec.Struct, rename="camel"):
    access_container_id: str


class _AccessAssignment(msgspec.Struct, rename="camel"):
    id: str
    access_container: _Container | None = None
    status: str | None = None
    access_details: _AccessDetails | None = None


class CustomerRelationship(msgspec.Struct, frozen=True):
    """A relationship and its customer. ``customer_name`` is the name in the relationship.

    ``is_complete``: everything that CSP Auth depends on could be read.
    """

    customer_id: str
    customer_name: str
    relationship: Relationship
    is_complete: bool


class RelationshipAssignments(msgspec.Struct, frozen=True):
    """The access assignments of one relationship. ``is_complete``: all of them could be read."""

    assignments: list[Assignment]
    is_complete: bool


def read_customers(graph: Graph) -> dict[str, str]:
    """Names, by tenant id, of all customers that have or had a relationship."""
    customers = graph.items(_CUSTOMERS, type=_DelegatedCustomer, select="id,tenantId,displayName", top=_MOST)
    return {it.tenant_id.lower(): clean(it.display_name or "") for it in customers}


def read_relationships(graph: Graph) -> list[CustomerRelationship]:
    """Every relationship that has a customer, each once; a request that no customer has accepted has none."""
    unique = {it.id: it for it in graph.items(_PATH, type=_GraphRelationship, select=_FIELDS, top=_MOST)}
    return [_known(it, it.customer) for it in unique.values() if it.customer is not None]


def read_assignments(graph: Graph, relationship_ids: Iterable[str]) -> dict[str, RelationshipAssignments]:
    """Access assignments by relationship id, 20 relationships in one request.

    A relationship that was just deleted has none; one that Microsoft refuses to list is left out.

    Raises:
        MicrosoftError: none of them could be read.
    """
    requests = [BatchRequest(id=it, path=f"{_PATH}/{it}/accessAssignments") for it in ids_for_paths(relationship_ids)]
    assigned: dict[str, RelationshipAssignments] = {}
    refused: MicrosoftError | None = None
    for key, answer in graph.batch(requests).items():
        try:
            assigned[key] = _assignments_of(graph, key, answer)
        except MissingInMicrosoft:
            assigned[key] = RelationshipAssignments([], is_complete=True)
        except MicrosoftError as error:
            refused = error
    if refused is not None and not assigned:
        raise refused
    return assigned


def _assignments_of(graph: Graph, relationship_id: str, answer: BatchResponse) -> RelationshipAssignments:
    lost = graph.unreadable_items
    pages = graph.pages_from(answer.page(_AccessAssignment), type=_AccessAssignment)
    unique = {it.id: it for page in pages for it in page.items}.values()
    read = [_assigned(relationship_id, it, it.access_container) for it in unique if it.access_container is not None]
    return RelationshipAssignments(
        read, is_complete=graph.unreadable_items == lost and all(_is_complete(it) for it in unique)
    )


def _known(source: _GraphRelationship, customer: _DelegatedCustomer) -> CustomerRelationship:
    status, ends_at = source.status or "", moment(source.end_date_time)
    relationship = Relationship(
        id=source.id,
        name=clean(source.display_name or ""),
        status=status,
        roles=_roles(source.access_details),
        is_active=status == "active",
        was_terminated=status in _ENDED_BY_SOMEBODY,
        activated_at=moment(source.activated_date_time),
        ends_at=ends_at,
        auto_extends=(source.auto_extend_duration or "") not in _NEVER,
        is_indirect=source.type == _INDIRECT,
    )
    is_ending_known = ends_at is not None or not relationship.is_active
    is_complete = bool(status) and is_ending_known and _are_complete(source.access_details)
    return CustomerRelationship(
        customer.tenant_id.lower(), clean(customer.display_name or ""), relationship, is_complete
    )


def _assigned(relationship_id: str, assignment: _AccessAssignment, container: _Container) -> Assignment:
    return Assignment(
        relationship_id=relationship_id,
        group_id=GroupId(container.access_container_id.lower()),
        roles=_roles(assignment.access_details),
        is_active=assignment.status == "active",
    )


def _is_complete(assignment: _AccessAssignment) -> bool:
    return (
        assignment.access_container is not None and bool(assignment.status) and _are_complete(assignment.access_details)
    )


def _are_complete(access: _AccessDetails | None) -> bool:
    """Whether all roles could be read; an empty list is possible, a missing one is not."""
    roles = access.unified_roles if access else None
    return roles is not None and all(it.role_definition_id for it in roles)


def _roles(access: _AccessDetails | None) -> frozenset[RoleId]:
    roles = (access.unified_roles or []) if access else []
    return frozenset(RoleId(it.role_definition_id.lower()) for it in roles if it.role_definition_id)
