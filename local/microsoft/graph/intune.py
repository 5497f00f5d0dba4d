"""Intune: managed devices.

Source: https://learn.microsoft.com/graph/api/intune-devices-manageddevice-list
"""

import json

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import GraphError, bad, missing
from local.microsoft.graph.filters import predicate
from local.microsoft.graph.kinds import Kind, answered, context_of, one
from local.microsoft.graph.paging import count, listed, place_in, token_of
from local.microsoft.http import Reply
from local.microsoft.managed import managed_device
from local.microsoft.world import World

SERVICE = "intune"
_MOST_ON_A_PAGE = 1000
_WHERE = "deviceManagement/managedDevices"
# In lists these are always null; a single device shows them when they are selected.
_MANAGED = Kind("managedDevice", {name: [] if isinstance(it, list) else it for name, it in managed_device("").items()})


def managed_devices(ask: Ask) -> Reply:
    """Pages of 1000; the count is always there."""
    ask.allow("$select", "$top", "$filter", "$count", "$skiptoken")
    _check_licence(ask)
    things, names = ask.tenant.managed, _MANAGED.names(ask)
    fits = predicate(ask, _MANAGED.named) if "$filter" in ask.options else None
    size = ask.top(ask.world.switches.managed_devices_page_size, _MOST_ON_A_PAGE)
    place = place_in(ask.options["$skiptoken"], _WHERE) if "$skiptoken" in ask.options else 0
    rows, place = listed(ask, things, place, size, fits)
    body = {
        "@odata.context": context_of(ask, _WHERE, ask.options.get("$select", "")),
        "@odata.count": count(things, fits),
    }
    if place < things.places():
        body["@odata.nextLink"] = ask.link({"$skiptoken": token_of({"of": _WHERE, "at": place})})
    return answered({**body, "value": [_MANAGED.shown(ask, row, names) for row in rows]})


def managed_device_by_id(ask: Ask, key: str) -> Reply:
    _check_licence(ask)
    found = ask.tenant.managed.get(key)
    if found is None:
        raise missing(key)
    return one(ask, _MANAGED, found, _WHERE)


def not_allowed(world: World) -> GraphError:
    """How Intune refuses a caller without its rights: a code inside a text, and not always with 403."""
    inner = {
        "ErrorCode": "Forbidden",
        "Message": json.dumps({"_version": 3, "Message": "Application is not authorized."}),
    }
    if world.switches.intune_refusal == "401":
        return GraphError(401, "UnknownError", json.dumps(inner))
    return GraphError(403, "Forbidden", json.dumps(inner))


def _check_licence(ask: Ask) -> None:
    if not ask.tenant.has_intune():
        raise bad("Request not applicable to target tenant.", "BadRequest")
