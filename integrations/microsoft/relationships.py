"""A partner's customers, admin relationships and access assignments, as its own tenant has them.

Source: https://learn.microsoft.com/graph/api/resources/delegatedadminrelationships-api-overview
"""

from collections.abc import Iterable

import msgspec

from integrations.domain.csp.gdap import Assignment, GroupId, Relationship, RoleId
from integrations.domain.text import clean
from integrations.microsoft.fillers import GraphDateTime, askable, moment
from shared.microsoft.graph import BatchRequest, BatchResponse, Graph, MicrosoftError, MissingInMicrosoft

_PATH = "/tenantRelationships/delegatedAdminRelationships"
_CUSTOMERS = "/tenantRelationships/delegatedAdminCustomers"
_MOST = "300"
_INDIRECT = "#microsoft.graph.resellerDelegatedAdminRelationship"
_FIELDS = "id,displayName,status,customer,accessDetails,activatedDateTime,endDateTime,autoExtendDuration"
_ENDED_BY_SOMEBODY = frozenset({"terminating", "terminated", "terminationRequested"})
_NEVER = frozenset({"", "P0D", "PT0S"})


class _Role(msgspec.Struct, frozen=True, rename="camel"):
    role_definition_id: str | None = None


class _Access(msgspec.Struct, frozen=True, rename="camel"):
    unified_roles: list[_Role] | None = None


class _Customer(msgspec.Struct, rename="camel"):
    tenant_id: str
    display_name: str | None = None


class _Relationship(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    status: str | None = None
    customer: _Customer | None = None
    access_details: _Access | None = None
    activated_date_time: GraphDateTime | None = None
    end_date_time: GraphDateTime | None = None
    auto_extend_duration: str | None = None
    type: str | None = msgspec.field(name="@odata.type", default=None)


class _Container(msgspec.Struct, rename="camel"):
    access_container_id: str


class _Assignment(msgspec.Struct, rename="camel"):
    id: str
    access_container: _Container | None = None
    status: str | None = None
    access_details: _Access | None = None


class CustomerRelationship(msgspec.Struct, frozen=True):
    """A relationship and whose it is. ``customer_name`` is the name in the relationship.

    ``is_whole``: everything could be read that CSP Auth is judged by.
    """

    customer_id: str
    customer_name: str
    relationship: Relationship
    is_whole: bool


class Assigned(msgspec.Struct, frozen=True):
    """The access assignments of one relationship. ``is_whole``: all of them could be read."""

    assignments: list[Assignment]
    is_whole: bool


def read_customers(graph: Graph) -> dict[str, str]:
    """Names by tenant id of everybody who has, or had, a relationship."""
    found = graph.items(_CUSTOMERS, type=_Customer, select="id,tenantId,displayName", top=_MOST)
    return {it.tenant_id.lower(): clean(it.display_name or "") for it in found}


def read_relationships(graph: Graph) -> list[CustomerRelationship]:
    """Every relationship with a customer, each once; requests that no customer has answered have none."""
    found = {it.id: it for it in graph.items(_PATH, type=_Relationship, select=_FIELDS, top=_MOST)}
    return [_known(it, it.customer) for it in found.values() if it.customer is not None]


def read_assignments(graph: Graph, relationship_ids: Iterable[str]) -> dict[str, Assigned]:
    """Access assignments by relationship, 20 relationships a request.

    A relationship that was removed a moment ago has none; one that Microsoft refuses to tell of is not whole.

    Raises:
        MicrosoftError: none of them could be read.
    """
    requests = [BatchRequest(id=it, path=f"{_PATH}/{it}/accessAssignments") for it in askable(relationship_ids)]
    assigned: dict[str, Assigned] = {}
    refused: MicrosoftError | None = None
    for key, answer in graph.batch(requests).items():
        try:
            assigned[key] = _assignments_of(graph, key, answer)
        except MissingInMicrosoft:
            assigned[key] = Assigned([], is_whole=True)
        except MicrosoftError as error:
            refused = error
    if refused is not None and not assigned:
        raise refused
    return assigned


def _assignments_of(graph: Graph, relationship_id: str, answer: BatchResponse) -> Assigned:
    lost = graph.unreadable_items
    pages = graph.pages_from(answer.page(_Assignment), type=_Assignment)
    found = {it.id: it for page in pages for it in page.items}.values()
    given = [_assigned(relationship_id, it, it.access_container) for it in found if it.access_container is not None]
    return Assigned(given, is_whole=graph.unreadable_items == lost and all(_is_whole(it) for it in found))


def _known(it: _Relationship, customer: _Customer) -> CustomerRelationship:
    status, ends_at = it.status or "", moment(it.end_date_time)
    relationship = Relationship(
        id=it.id,
        name=clean(it.display_name or ""),
        status=status,
        roles=_roles(it.access_details),
        is_active=status == "active",
        was_terminated=status in _ENDED_BY_SOMEBODY,
        activated_at=moment(it.activated_date_time),
        ends_at=ends_at,
        auto_extends=(it.auto_extend_duration or "") not in _NEVER,
        is_indirect=it.type == _INDIRECT,
    )
    is_ending_known = ends_at is not None or not relationship.is_active
    is_whole = bool(status) and is_ending_known and _are_whole(it.access_details)
    return CustomerRelationship(customer.tenant_id.lower(), clean(customer.display_name or ""), relationship, is_whole)


def _assigned(relationship_id: str, it: _Assignment, container: _Container) -> Assignment:
    return Assignment(
        relationship_id=relationship_id,
        group_id=GroupId(container.access_container_id.lower()),
        roles=_roles(it.access_details),
        is_active=it.status == "active",
    )


def _is_whole(it: _Assignment) -> bool:
    return it.access_container is not None and bool(it.status) and _are_whole(it.access_details)


def _are_whole(access: _Access | None) -> bool:
    """Whether all roles could be read; to hold none is possible, not to tell is not."""
    roles = access.unified_roles if access else None
    return roles is not None and all(it.role_definition_id for it in roles)


def _roles(access: _Access | None) -> frozenset[RoleId]:
    roles = (access.unified_roles or []) if access else []
    return frozenset(RoleId(it.role_definition_id.lower()) for it in roles if it.role_definition_id)
