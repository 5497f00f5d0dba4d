"""Graph in a partner's tenant: its customers, admin relationships with their access assignments, and contracts.

Sources: https://learn.microsoft.com/graph/api/tenantrelationship-list-delegatedadminrelationships,
https://learn.microsoft.com/graph/api/contract-list
"""

import uuid
from datetime import UTC, datetime

from local.microsoft.graph.protocol.entity_types import EntityType, context_url, entity_reply, graph_reply
from local.microsoft.graph.protocol.errors import forbidden, not_found
from local.microsoft.graph.protocol.filters import predicate
from local.microsoft.graph.protocol.paging import decode_token, encode_token
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.partners import Assignment, PartnerState, Relationship

_MOST = 300
_CUSTOMER = EntityType(
    "delegatedAdminCustomer", dict.fromkeys(("@odata.type", "@odata.etag", "id", "displayName", "tenantId"))
)
_RELATIONSHIP = EntityType(
    "delegatedAdminRelationship",
    dict.fromkeys(
        (
            "@odata.type", "@odata.etag", "id", "accessDetails", "activatedDateTime", "autoExtendDuration",
            "createdDateTime", "customer", "displayName", "duration", "endDateTime", "lastModifiedDateTime", "status",
        )
    ),
)  # fmt: skip
_ASSIGNMENT = EntityType(
    "delegatedAdminAccessAssignment",
    dict.fromkeys(
        (
            "@odata.type", "@odata.etag", "id", "accessContainer", "accessDetails", "createdDateTime",
            "lastModifiedDateTime", "status",
        )
    ),
)  # fmt: skip
_CONTRACT = EntityType(
    "contract",
    dict.fromkeys(("id", "deletedDateTime", "contractType", "customerId", "defaultDomainName", "displayName")),
)


def customers(request: GraphRequest) -> Reply:
    partner = _partner(request)
    names = {it.tenant_id: it.name for it in partner.customers.values()}
    ids = dict.fromkeys([*(it.customer_id for it in partner.relationships.values() if it.activated_at)])
    rendered = [
        {
            "@odata.type": "#microsoft.graph.delegatedAdminCustomer",
            "@odata.etag": _etag(key),
            "id": key,
            "tenantId": key,
            "displayName": names.get(key) or _name(request, key),
        }
        for key in ids
    ]
    return _page(request, _CUSTOMER, rendered, "tenantRelationships/delegatedAdminCustomers")


def relationships(request: GraphRequest) -> Reply:
    rendered = [_relationship(request, it) for it in _partner(request).relationships.values()]
    return _page(request, _RELATIONSHIP, rendered, "tenantRelationships/delegatedAdminRelationships")


def relationship(request: GraphRequest, key: str) -> Reply:
    return entity_reply(
        request,
        _RELATIONSHIP,
        _relationship(request, _find(request, key)),
        "tenantRelationships/delegatedAdminRelationships",
    )


def access_assignments(request: GraphRequest, key: str) -> Reply:
    relationship = _find(request, key)
    rendered = [_assignment(it) for it in relationship.assignments.values()]
    path = f"tenantRelationships/delegatedAdminRelationships('{relationship.id}')/accessAssignments"
    return _page(request, _ASSIGNMENT, rendered, path)


def contracts(request: GraphRequest) -> Reply:
    rendered = [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{request.tenant.id}/{it.tenant_id}")),
            "contractType": it.contract,
            "customerId": it.tenant_id,
            "defaultDomainName": it.domain,
            "displayName": it.name,
        }
        for it in _partner(request).customers.values()
    ]
    return _page(request, _CONTRACT, rendered, "contracts", max_size=999)


def _page(
    request: GraphRequest, entity_type: EntityType, entities: list[Object], path: str, max_size: int = _MOST
) -> Reply:
    """One page of a list that is short enough to be built in full."""
    request.allow("$select", "$filter", "$top", "$count", "$orderby", "$skiptoken", "$skipToken")
    names = entity_type.names(request)
    if "$filter" in request.options:
        matches = predicate(request, lambda name: name)
        entities = [
            it for it in entities if matches(it | {"customer/tenantId": (it.get("customer") or {}).get("tenantId")})
        ]
    size = min(request.top(100, max_size), request.world.switches.relationships_page_size)
    start = int(decode_token(request.options["$skiptoken"]).get("at", 0)) if "$skiptoken" in request.options else 0
    body: Object = {"@odata.context": context_url(request, path, request.options.get("$select", ""))}
    if start + size < len(entities):
        body["@odata.nextLink"] = request.link({"$skiptoken": encode_token({"of": path, "at": start + size})})
    first = start - 1 if request.world.switches.list_replays and start else start
    return graph_reply(
        body | {"value": [_rendered(request, entity_type, it, names) for it in entities[first : start + size]]}
    )


def _rendered(request: GraphRequest, entity_type: EntityType, entity: Object, names: list[str]) -> Object:
    """What $select names and what always comes; without a $select also what only a derived type has."""
    always = [name for name in ("@odata.type", "@odata.etag", "id") if name in entity and name not in names]
    derived = [name for name in entity if name not in entity_type.empty and "$select" not in request.options]
    return entity_type.render(request, entity, [*always, *names, *derived])


def _partner(request: GraphRequest) -> PartnerState:
    if not isinstance(request.tenant.partner, PartnerState):
        raise forbidden("Forbidden")
    return request.tenant.partner


def _find(request: GraphRequest, key: str) -> Relationship:
    relationship = _partner(request).relationships.get(key.lower())
    if relationship is None:
        raise not_found(key)
    return relationship


def _relationship(request: GraphRequest, relationship: Relationship) -> Object:
    now = request.world.now()
    entity_type = (
        "resellerDelegatedAdminRelationship" if relationship.indirect_provider_id else "delegatedAdminRelationship"
    )
    days = round(((relationship.ends_at or now) - (relationship.activated_at or now)) / 86400) or 730
    rendered: Object = {
        "@odata.type": f"#microsoft.graph.{entity_type}",
        "@odata.etag": _etag(
            f"{relationship.id}{relationship.status}{relationship.ends_at}{sorted(relationship.roles)}"
        ),
        "id": relationship.id,
        "displayName": relationship.name,
        "duration": f"P{days}D",
        "autoExtendDuration": "P180D" if relationship.auto_extends else "PT0S",
        "status": relationship.shown_status(now),
        "customer": {"tenantId": relationship.customer_id, "displayName": _name(request, relationship.customer_id)},
        "accessDetails": _roles(relationship.roles),
        "createdDateTime": _time(relationship.created_at),
        "lastModifiedDateTime": _time(relationship.activated_at or relationship.created_at),
        "activatedDateTime": _time(relationship.activated_at),
        "endDateTime": _time(relationship.ends_at),
    }
    if relationship.indirect_provider_id:
        rendered |= {"indirectProviderTenantId": relationship.indirect_provider_id, "isPartnerConsentPending": False}
    return rendered


def _assignment(assignment: Assignment) -> Object:
    return {
        "@odata.type": "#microsoft.graph.delegatedAdminAccessAssignment",
        "@odata.etag": _etag(f"{assignment.id}{assignment.status}{sorted(assignment.roles)}"),
        "id": assignment.id,
        "status": assignment.status,
        "createdDateTime": _time(assignment.created_at),
        "lastModifiedDateTime": _time(assignment.created_at),
        "accessContainer": {"accessContainerId": assignment.group_id, "accessContainerType": "securityGroup"},
        "accessDetails": _roles(assignment.roles),
    }


def _roles(roles: list[str]) -> Object:
    return {"unifiedRoles": [{"roleDefinitionId": role} for role in roles]}


def _name(request: GraphRequest, tenant_id: str) -> str:
    tenant = request.world.tenants.get(tenant_id)
    return tenant.name if tenant else tenant_id


def _etag(text: str) -> str:
    return f'W/"{uuid.uuid5(uuid.NAMESPACE_OID, text).hex}"'


def _time(moment: float | None) -> str | None:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None
