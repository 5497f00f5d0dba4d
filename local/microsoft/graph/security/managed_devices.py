"""Intune: managed devices.

Source: https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list
"""

import json

from local.microsoft.graph.directory.users import USER
from local.microsoft.graph.protocol.entity_types import EntityType, context_url, entity_reply, graph_reply
from local.microsoft.graph.protocol.errors import GraphError, bad_request, not_found
from local.microsoft.graph.protocol.filters import predicate
from local.microsoft.graph.protocol.paging import count, encode_token, page_entities, position_in
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.managed_devices import managed_device
from local.microsoft.world.state import WorldState

SERVICE = "intune"
_MAX_PAGE_SIZE = 1000
_PATH = "deviceManagement/managedDevices"
# In lists these are always null; a single device shows them when they are selected.
_MANAGED = EntityType(
    "managedDevice", {name: [] if isinstance(it, list) else it for name, it in managed_device("").items()}
)


def managed_devices(request: GraphRequest) -> Reply:
    """Pages of 1000; the count is always there."""
    request.allow("$select", "$top", "$filter", "$count", "$skiptoken")
    _check_licence(request)
    entities, names = request.tenant.managed, _MANAGED.names(request)
    matches = predicate(request, _MANAGED.named) if "$filter" in request.options else None
    size = request.top(request.world.switches.managed_devices_page_size, _MAX_PAGE_SIZE)
    place = position_in(request.options["$skiptoken"], _PATH) if "$skiptoken" in request.options else 0
    rows, place = page_entities(request, entities, place, size, matches)
    body = {
        "@odata.context": context_url(request, _PATH, request.options.get("$select", "")),
        "@odata.count": count(entities, matches),
    }
    if place < entities.positions():
        body["@odata.nextLink"] = request.link({"$skiptoken": encode_token({"of": _PATH, "at": place})})
    return graph_reply({**body, "value": [_MANAGED.render(request, row, names) for row in rows]})


def managed_device_by_id(request: GraphRequest, key: str) -> Reply:
    _check_licence(request)
    device = request.tenant.managed.get(key)
    if device is None:
        raise not_found(key)
    return entity_reply(request, _MANAGED, device, _PATH)


def users_of_device(request: GraphRequest, key: str) -> Reply:
    """The primary users of a device, which lists of devices may name wrongly."""
    request.allow("$select")
    _check_licence(request)
    tenant = request.tenant
    device = tenant.managed.get(key)
    if device is None:
        raise not_found(key)
    found = [tenant.users.get(it) for it in tenant.device_users.get(key, [device["userId"]]) if it]
    names = USER.names(request)
    path = f"{_PATH}('{key}')/users"
    context = context_url(request, path, request.options.get("$select", ""))
    return graph_reply({"@odata.context": context, "value": [USER.render(request, it, names) for it in found if it]})


def intune_forbidden(world: WorldState) -> GraphError:
    """How Intune refuses a caller without its rights: a code inside a text, and not always with 403."""
    inner = {
        "ErrorCode": "Forbidden",
        "Message": json.dumps({"_version": 3, "Message": "Application is not authorized."}),
    }
    if world.switches.intune_refusal == "401":
        return GraphError(401, "UnknownError", json.dumps(inner))
    return GraphError(403, "Forbidden", json.dumps(inner))


def _check_licence(request: GraphRequest) -> None:
    if not request.tenant.has_intune():
        raise bad_request("Request not applicable to target tenant.", "BadRequest")
