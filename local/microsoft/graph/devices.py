"""Devices: lists, single ones, changes, and whose they are.

Sources: https://learn.microsoft.com/graph/api/device-list,
https://learn.microsoft.com/graph/api/device-list-registeredowners
"""

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.delta import delta_of
from local.microsoft.graph.errors import missing
from local.microsoft.graph.kinds import Kind, answered, one
from local.microsoft.graph.paging import counted, page_of
from local.microsoft.graph.users import USER
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.permissions import USERS
from local.microsoft.seeds import device

_NOT_SIMULATED = (
    "deletedDateTime", "complianceExpirationDateTime", "deviceCategory", "deviceMetadata", "deviceVersion",
    "enrollmentProfileName", "isManagementRestricted", "isRooted", "onPremisesLastSyncDateTime",
    "onPremisesSecurityIdentifier",
)  # fmt: skip
_KEPT = device("", device_id="", name="")


def _owners(ask: Ask, device_id: str) -> list[Object]:
    """At most one person; without a right to read users she shows by id alone."""
    owner = ask.tenant.owner_of(device_id)
    person = ask.tenant.users.get(owner) if owner else None
    if person is None:
        return []
    shown = {name: person[name] for name in USER.default}
    if not ask.caller.may(USERS):
        shown = {name: None if name != "businessPhones" else [] for name in shown} | {"id": person["id"]}
    return [{"@odata.type": "#microsoft.graph.user", **shown}]


_EMPTY = {name: [] if isinstance(it, list) else None for name, it in _KEPT.items()} | dict.fromkeys(_NOT_SIMULATED)
_PEOPLE = {name: lambda ask, it: _owners(ask, it["id"]) for name in ("registeredOwners", "registeredUsers")}
DEVICE = Kind("device", _EMPTY, expands=_PEOPLE)


def devices(ask: Ask) -> Reply:
    ask.allow("$select", "$top", "$filter", "$count", "$skiptoken", "$expand")
    return page_of(ask, DEVICE, ask.tenant.devices, "devices", ask.world.switches.devices_page_size)


def device_count(ask: Ask) -> Reply:
    return counted(ask, DEVICE, ask.tenant.devices)


def devices_delta(ask: Ask) -> Reply:
    return delta_of(ask, DEVICE, ask.tenant.devices, "devices")


def device_by_id(ask: Ask, key: str) -> Reply:
    return one(ask, DEVICE, _found(ask, key), "devices")


def registered_people(ask: Ask, key: str) -> Reply:
    """Owners and users of a device, which are the same one person here."""
    ask.allow("$top", "$count", "$select")
    wanted = {it.strip() for it in ask.options.get("$select", "").split(",")} | {"@odata.type", "id"}
    found = _owners(ask, _found(ask, key)["id"])
    value = [{k: v for k, v in it.items() if "$select" not in ask.options or k in wanted} for it in found]
    return answered({"@odata.context": f"{ask.context}directoryObjects", "value": value})


def _found(ask: Ask, key: str) -> Object:
    found = ask.tenant.devices.get(key)
    if found is None:
        raise missing(key)
    return found
