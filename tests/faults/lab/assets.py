"""Assets and their devices in the laboratory: what is done with them, what must be true in the end, and the rules."""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any

from local.host.invocation.invoker import Response
from tests.faults.lab import links
from tests.flows.portal import Portal
from tests.stored import Store

if TYPE_CHECKING:
    from tests.faults.lab.flows import Case
    from tests.faults.lab.races import Unit

_LAPTOPS = 2
_PUSHED = 30  # two transactions of assignments

# Flows: they begin with two laptops at Microsoft, of one user each, and two assets; the first one is linked.


def has_assets(portal: Portal, case: "Case") -> None:
    links.turn_on(portal, case)
    _has_laptops(portal, case.tenant["id"])
    _push(portal, case.organization, [_asset(0), _asset(1, serial=None)])
    _sync(portal, case.tenant["id"])


def push(portal: Portal, case: "Case") -> None:
    """The second asset is known to be the second laptop, and further laptops come at Microsoft and in the portal."""
    _has_laptops(portal, case.tenant["id"], _PUSHED)
    _push(portal, case.organization, [_asset(number) for number in range(_PUSHED)])
    _sync(portal, case.tenant["id"])
    case.is_told = True


def link(portal: Portal, case: "Case") -> None:
    _, second = _assets(portal, case.organization)
    portal.ask("PUT", f"/assets/{second['id']}/link", {"device_id": _laptops(portal, case.tenant["id"])[1]})
    case.is_told = True
    portal.run_queues()


def undo(portal: Portal, case: "Case") -> None:
    first, _ = _assets(portal, case.organization)
    portal.ask("DELETE", f"/assets/{first['id']}/link", expect=204)
    case.is_told = True
    portal.run_queues()


def assign(portal: Portal, case: "Case") -> None:
    first, _ = _assets(portal, case.organization)
    portal.ask("PUT", f"/assets/{first['id']}/end-user", {"end_user_id": None})
    case.is_told = True
    portal.run_queues()


def are_linked(portal: Portal, case: "Case") -> bool:
    found = _assets(portal, case.organization)
    are_devices = {_device_of(it) for it in found} == {*_laptops(portal, case.tenant["id"])}
    return len(found) == _PUSHED and are_devices and all(it["assigned_end_user_id"] for it in found)


def is_linked(portal: Portal, case: "Case") -> bool:
    _, second = _assets(portal, case.organization)
    link = (second["linking"] or {}).get("link")
    return link is not None and link["how"] == "manual" and second["assigned_end_user_id"] is not None


def is_undone(portal: Portal, case: "Case") -> bool:
    first, _ = _assets(portal, case.organization)
    return _device_of(first) is None and first["assigned_end_user_id"] is not None


def is_assigned(portal: Portal, case: "Case") -> bool:
    first, _ = _assets(portal, case.organization)
    reason = first["linking"]["reason"] if first["linking"] else None
    return reason is not None and reason["code"] == "nobody_by_decision"


def belongs_to_somebody(portal: Portal, case: "Case") -> bool:
    """Whom the first asset belongs to is known without Microsoft."""
    first, _ = _assets(portal, case.organization)
    return first["linking"] is None and first["assigned_end_user_id"] is not None


def _has_laptops(portal: Portal, tenant_id: str, count: int = _LAPTOPS) -> None:
    world = portal.microsoft.world
    now = portal.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    users, there = world.users(tenant_id), {it["displayName"] for it in world.devices(tenant_id)}
    for number in range(count):
        if f"NW-{number}" not in there:
            user = users[number % len(users)]["id"]
            device = world.add_device(tenant_id, owner_id=user, displayName=f"NW-{number}")
            world.add_managed_device(
                tenant_id,
                azureADDeviceId=device["deviceId"],
                serialNumber=_serial(number),
                userId=user,
                lastSyncDateTime=now,
            )


def _laptops(portal: Portal, tenant_id: str) -> list[str]:
    devices = [it for it in portal.microsoft.world.devices(tenant_id) if it["displayName"].startswith("NW-")]
    return [it["id"] for it in sorted(devices, key=lambda it: int(it["displayName"].removeprefix("NW-")))]


def _serial(number: int) -> str:
    return f"5CD{number:04}XYZ"


def _asset(number: int, **more: Any) -> dict[str, Any]:
    return {"external_id": f"{number:02}", "name": f"PC-{number}", "serial": _serial(number), **more}


def _push(portal: Portal, organization: str, items: list[dict[str, Any]]) -> None:
    pushed = portal.ask("POST", f"/organizations/{organization}/assets/bulk", {"items": items})
    assert pushed["rejected"] == 0


def _sync(portal: Portal, tenant_id: str) -> None:
    portal.ask("POST", f"/tenants/{tenant_id}/sync", expect=202)
    portal.run_queues()


def _assets(portal: Portal, organization: str) -> list[dict[str, Any]]:
    answer = portal.call("GET", f"/organizations/{organization}/assets?limit=1000")
    found = json.loads(answer.body)["items"] if answer.status == 200 else []
    return sorted(found, key=lambda it: str(it["external_id"]))


def _device_of(asset: dict[str, Any]) -> str | None:
    link = (asset["linking"] or {}).get("link")
    return link and link["device_id"]


# Races: the same, in one of two Organizations of a unit.


def make_ready(portal: Portal, unit: "Unit") -> None:
    _has_laptops(portal, unit.tenant["id"])
    _push(portal, unit.organizations[0], [_asset(0), _asset(1, serial=None)])
    _sync(portal, unit.tenant["id"])


def _each(portal: Portal, unit: "Unit", method: str, what: str, body: object = None) -> list[Response]:
    found = _assets(portal, unit.organizations[0])
    answers = [portal.call(method, f"/assets/{it['id']}/{what}", body) for it in found]
    portal.run_queues()
    return answers


def link_here(portal: Portal, unit: "Unit") -> list[Response]:
    return _each(portal, unit, "PUT", "link", {"device_id": _laptops(portal, unit.tenant["id"])[1]})


def undo_here(portal: Portal, unit: "Unit") -> list[Response]:
    return _each(portal, unit, "DELETE", "link")


def assign_here(portal: Portal, unit: "Unit") -> list[Response]:
    return _each(portal, unit, "PUT", "end-user", {"end_user_id": None})


def push_here(portal: Portal, unit: "Unit") -> list[Response]:
    body = {"items": [_asset(number, name="Renamed") for number in range(_LAPTOPS)]}
    answer = portal.call("POST", f"/organizations/{unit.organizations[0]}/assets/bulk", body)
    portal.run_queues()
    return [answer]


# Rules.


def partitions(store: Store) -> Iterator[tuple[str, str, dict[str, dict[str, Any]]]]:
    """The account, the tenant, and the documents of each kind by their ids, of each partition."""
    partitions: dict[str, dict[str, dict[str, Any]]] = {}
    for (partition, key), row in store.rows("assetlinks").items():
        kind, _, row_id = key.partition(":")
        partitions.setdefault(partition, {}).setdefault(kind, {})[row_id] = json.loads(row["body"])
    for partition, kinds in partitions.items():
        account, tenant, _ = partition.split("|")
        yield account, tenant, kinds


def _in_use(store: Store) -> Iterator[tuple[str, str, dict[str, Any], dict[str, dict[str, Any]]]]:
    """Links that are in use: account, tenant, head and documents."""
    tenants = store.documents("tenant")
    for account, tenant_id, kinds in partitions(store):
        head, tenant = kinds.get("asset_links_head", {}).get("current", {}), tenants.get((account, tenant_id), {})
        if tenant.get("mapping") and tenant["epoch"] == head.get("epoch", 0) and not head.get("is_closed"):
            yield account, tenant_id, head, kinds


def _headed(store: Store) -> Iterator[str]:
    """Nothing is stored of links without a head, which keeps late writers out."""
    yield from (
        f"{account} {it} has no head" for account, it, kinds in partitions(store) if "asset_links_head" not in kinds
    )


def _decided(store: Store) -> Iterator[str]:
    """What somebody undid is not linked, unless by hand; what was linked by hand is."""
    for account, tenant, _, kinds in _in_use(store):
        manual, statuses = kinds.get("manual_asset_link", {}), kinds.get("asset_status", {})
        for asset, status in statuses.items():
            linked = status.get("link", {})
            if asset in manual and linked.get("how") != "manual":
                yield f"{account} {tenant}: {asset} is linked by hand, and {linked or 'nothing'} is stored"
        for it in kinds.get("undone_asset_link", {}).values():
            linked = statuses.get(it["asset_id"], {}).get("link", {})
            if linked and linked["how"] != "manual" and linked["device_id"] in it["device_ids"]:
                yield f"{account} {tenant}: {it['asset_id']} is linked with what somebody undid"


def _assets_there(store: Store) -> Iterator[str]:
    """A status is of an asset that is there."""
    assets = {key.partition(":")[2] for _, key in store.rows("people") if key.startswith("asset:")}
    for account, tenant, head, kinds in _in_use(store):
        gone = kinds.get("asset_status", {}).keys() - assets
        if gone and head.get("basis"):
            yield f"{account} {tenant} has statuses of {sorted(gone)}, which are gone"


def _of_tenants(store: Store) -> Iterator[str]:
    """Nothing is left of the links of a tenant that is gone."""
    tenants = store.documents("tenant")
    yield from (f"{account} {it} is gone" for account, it, _ in partitions(store) if (account, it) not in tenants)


def _counted(store: Store) -> Iterator[str]:
    """The summary has the numbers of the head, unless a dead process still has the message that brings them."""
    if store.held.get("evaluate-tenant"):
        return
    summaries = store.documents("summary")
    for account, tenant, head, _ in _in_use(store):
        shown = summaries.get((account, tenant), {}).get("assets", {}).get("counts")
        if head.get("basis") and shown != head.get("counts"):
            yield f"{account} {tenant} shows {shown} and has {head.get('counts')}"


ALWAYS = {"asset links have a head": _headed, "assets are linked as somebody decided": _decided}
AT_REST = {
    "no asset links of a tenant that is gone": _of_tenants,
    "asset links are of assets that are there": _assets_there,
    "a summary counts asset links": _counted,
}
