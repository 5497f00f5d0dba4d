"""Graph in a partner's tenant: its customers, admin relationships with their access assignments, and contracts.

Sources: https://learn.microsoft.com/graph/api/tenantrelationship-list-delegatedadminrelationships,
https://learn.microsoft.com/graph/api/contract-list
"""

import uuid
from datetime import UTC, datetime

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import denied, missing
from local.microsoft.graph.filters import predicate
from local.microsoft.graph.kinds import Kind, answered, context_of, one
from local.microsoft.graph.paging import state_of, token_of
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.partners import Assignment, Partner, Relationship

_MOST = 300
_CUSTOMER = Kind(
    "delegatedAdminCustomer", dict.fromkeys(("@odata.type", "@odata.etag", "id", "displayName", "tenantId"))
)
_RELATIONSHIP = Kind(
    "delegatedAdminRelationship",
    dict.fromkeys(
        (
            "@odata.type", "@odata.etag", "id", "accessDetails", "activatedDateTime", "autoExtendDuration",
            "createdDateTime", "customer", "displayName", "duration", "endDateTime", "lastModifiedDateTime", "status",
        )
    ),
)  # fmt: skip
_ASSIGNMENT = Kind(
    "delegatedAdminAccessAssignment",
    dict.fromkeys(
        (
            "@odata.type", "@odata.etag", "id", "accessContainer", "accessDetails", "createdDateTime",
            "lastModifiedDateTime", "status",
        )
    ),
)  # fmt: skip
_CONTRACT = Kind(
    "contract",
    dict.fromkeys(("id", "deletedDateTime", "contractType", "customerId", "defaultDomainName", "displayName")),
)


def customers(ask: Ask) -> Reply:
    partner = _partner(ask)
    names = {it.tenant_id: it.name for it in partner.customers.values()}
    ids = dict.fromkeys([*(it.customer_id for it in partner.relationships.values() if it.activated_at)])
    shown = [
        {
            "@odata.type": "#microsoft.graph.delegatedAdminCustomer",
            "@odata.etag": _etag(key),
            "id": key,
            "tenantId": key,
            "displayName": names.get(key) or _name(ask, key),
        }
        for key in ids
    ]
    return _page(ask, _CUSTOMER, shown, "tenantRelationships/delegatedAdminCustomers")


def relationships(ask: Ask) -> Reply:
    shown = [_relationship(ask, it) for it in _partner(ask).relationships.values()]
    return _page(ask, _RELATIONSHIP, shown, "tenantRelationships/delegatedAdminRelationships")


def relationship(ask: Ask, key: str) -> Reply:
    return one(
        ask, _RELATIONSHIP, _relationship(ask, _found(ask, key)), "tenantRelationships/delegatedAdminRelationships"
    )


def access_assignments(ask: Ask, key: str) -> Reply:
    found = _found(ask, key)
    shown = [_assignment(it) for it in found.assignments.values()]
    where = f"tenantRelationships/delegatedAdminRelationships('{found.id}')/accessAssignments"
    return _page(ask, _ASSIGNMENT, shown, where)


def contracts(ask: Ask) -> Reply:
    shown = [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{ask.tenant.id}/{it.tenant_id}")),
            "contractType": it.contract,
            "customerId": it.tenant_id,
            "defaultDomainName": it.domain,
            "displayName": it.name,
        }
        for it in _partner(ask).customers.values()
    ]
    return _page(ask, _CONTRACT, shown, "contracts", most=999)


def _page(ask: Ask, kind: Kind, things: list[Object], where: str, most: int = _MOST) -> Reply:
    """One page of a list that is short enough to be made whole."""
    ask.allow("$select", "$filter", "$top", "$count", "$orderby", "$skiptoken", "$skipToken")
    names = kind.names(ask)
    if "$filter" in ask.options:
        fits = predicate(ask, lambda name: name)
        things = [it for it in things if fits(it | {"customer/tenantId": (it.get("customer") or {}).get("tenantId")})]
    size = min(ask.top(100, most), ask.world.switches.relationships_page_size)
    start = int(state_of(ask.options["$skiptoken"]).get("at", 0)) if "$skiptoken" in ask.options else 0
    body: Object = {"@odata.context": context_of(ask, where, ask.options.get("$select", ""))}
    if start + size < len(things):
        body["@odata.nextLink"] = ask.link({"$skiptoken": token_of({"of": where, "at": start + size})})
    first = start - 1 if ask.world.switches.list_replays and start else start
    return answered(body | {"value": [_shown(ask, kind, it, names) for it in things[first : start + size]]})


def _shown(ask: Ask, kind: Kind, thing: Object, names: list[str]) -> Object:
    """What $select names and what always comes; without a $select also what only a derived type has."""
    always = [name for name in ("@odata.type", "@odata.etag", "id") if name in thing and name not in names]
    derived = [name for name in thing if name not in kind.empty and "$select" not in ask.options]
    return kind.shown(ask, thing, [*always, *names, *derived])


def _partner(ask: Ask) -> Partner:
    if not isinstance(ask.tenant.partner, Partner):
        raise denied("Forbidden")
    return ask.tenant.partner


def _found(ask: Ask, key: str) -> Relationship:
    found = _partner(ask).relationships.get(key.lower())
    if found is None:
        raise missing(key)
    return found


def _relationship(ask: Ask, it: Relationship) -> Object:
    now = ask.world.now()
    kind = "resellerDelegatedAdminRelationship" if it.indirect_provider_id else "delegatedAdminRelationship"
    days = round(((it.ends_at or now) - (it.activated_at or now)) / 86400) or 730
    shown: Object = {
        "@odata.type": f"#microsoft.graph.{kind}",
        "@odata.etag": _etag(f"{it.id}{it.status}{it.ends_at}{sorted(it.roles)}"),
        "id": it.id,
        "displayName": it.name,
        "duration": f"P{days}D",
        "autoExtendDuration": "P180D" if it.auto_extends else "PT0S",
        "status": it.shown_status(now),
        "customer": {"tenantId": it.customer_id, "displayName": _name(ask, it.customer_id)},
        "accessDetails": _roles(it.roles),
        "createdDateTime": _time(it.created_at),
        "lastModifiedDateTime": _time(it.activated_at or it.created_at),
        "activatedDateTime": _time(it.activated_at),
        "endDateTime": _time(it.ends_at),
    }
    if it.indirect_provider_id:
        shown |= {"indirectProviderTenantId": it.indirect_provider_id, "isPartnerConsentPending": False}
    return shown


def _assignment(it: Assignment) -> Object:
    return {
        "@odata.type": "#microsoft.graph.delegatedAdminAccessAssignment",
        "@odata.etag": _etag(f"{it.id}{it.status}{sorted(it.roles)}"),
        "id": it.id,
        "status": it.status,
        "createdDateTime": _time(it.created_at),
        "lastModifiedDateTime": _time(it.created_at),
        "accessContainer": {"accessContainerId": it.group_id, "accessContainerType": "securityGroup"},
        "accessDetails": _roles(it.roles),
    }


def _roles(roles: list[str]) -> Object:
    return {"unifiedRoles": [{"roleDefinitionId": role} for role in roles]}


def _name(ask: Ask, tenant_id: str) -> str:
    found = ask.world.tenants.get(tenant_id)
    return found.name if found else tenant_id


def _etag(text: str) -> str:
    return f'W/"{uuid.uuid5(uuid.NAMESPACE_OID, text).hex}"'


def _time(moment: float | None) -> str | None:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None
