"""Devices: lists, single ones, changes, and whose they are.

Sources: https://learn.microsoft.com/graph/api/device-list,
https://learn.microsoft.com/graph/api/device-list-registeredowners
"""

from local.microsoft.graph.directory.users import USER
from local.microsoft.graph.protocol.delta import delta_reply
from local.microsoft.graph.protocol.entity_types import EntityType, entity_reply, graph_reply
from local.microsoft.graph.protocol.errors import not_found
from local.microsoft.graph.protocol.paging import count_reply, page_reply
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.permissions import USERS
from local.microsoft.world.seeds import device

_NOT_SIMULATED = (
    "deletedDateTime", "complianceExpirationDateTime", "deviceCategory", "deviceMetadata", "deviceVersion",
    "enrollmentProfileName", "isManagementRestricted", "isRooted", "onPremisesLastSyncDateTime",
    "onPremisesSecurityIdentifier",
)  # fmt: skip
_SEEDED = device("", device_id="", name="")


def _owners(request: GraphRequest, device_id: str) -> list[Object]:
    """At most one person; without a right to read users she shows by id alone."""
    owner = request.tenant.owner_of(device_id)
    person = request.tenant.users.get(owner) if owner else None
    if person is None:
        return []
    rendered = {name: person[name] for name in USER.default}
    if not request.caller.may(USERS):
        rendered = {name: None if name != "businessPhones" else [] for name in rendered} | {"id": person["id"]}
    return [{"@odata.type": "#microsoft.graph.user", **rendered}]


_EMPTY = {name: [] if isinstance(it, list) else None for name, it in _SEEDED.items()} | dict.fromkeys(_NOT_SIMULATED)
_RELATIONS = {name: lambda request, it: _owners(request, it["id"]) for name in ("registeredOwners", "registeredUsers")}
DEVICE = EntityType("device", _EMPTY, expands=_RELATIONS)


def devices(request: GraphRequest) -> Reply:
    request.allow("$select", "$top", "$filter", "$count", "$skiptoken", "$expand")
    return page_reply(request, DEVICE, request.tenant.devices, "devices", request.world.switches.devices_page_size)


def device_count(request: GraphRequest) -> Reply:
    return count_reply(request, DEVICE, request.tenant.devices)


def devices_delta(request: GraphRequest) -> Reply:
    return delta_reply(request, DEVICE, request.tenant.devices, "devices")


def device_by_id(request: GraphRequest, key: str) -> Reply:
    return entity_reply(request, DEVICE, _find(request, key), "devices")


def registered_people(request: GraphRequest, key: str) -> Reply:
    """Owners and users of a device, which are the same one person here."""
    request.allow("$top", "$count", "$select")
    selected = {it.strip() for it in request.options.get("$select", "").split(",")} | {"@odata.type", "id"}
    owners = _owners(request, _find(request, key)["id"])
    value = [{k: v for k, v in it.items() if "$select" not in request.options or k in selected} for it in owners]
    return graph_reply({"@odata.context": f"{request.context}directoryObjects", "value": value})


def _find(request: GraphRequest, key: str) -> Object:
    device_object = request.tenant.devices.get(key)
    if device_object is None:
        raise not_found(key)
    return device_object
