"""The user sync in races: what is made ready in the unit's first Organization, and what is done at the same moment."""

import json
from typing import TYPE_CHECKING, Any

from local.host.invocation.invoker import Response
from tests.flows.portal import Portal

if TYPE_CHECKING:
    from tests.faults.lab.races import Unit

_ANY_VERSION = {"if-match": "*"}
_SALES = {"department": {"include": [{"value": "Sales"}]}}


def make_ready(portal: Portal, unit: "Unit") -> None:
    """The sync is on, somebody of the same name waits for a decision, and at Microsoft somebody has another title."""
    world, tenant = portal.microsoft.world, unit.tenant
    if _read(portal, unit)["state"] == "off":
        for user in world.users(tenant["id"]):
            world.change_user(tenant["id"], user["id"], department="Sales")
        _push(portal, unit, mail="twin@other.example")
        world.add_user(tenant["id"], displayName="Twin", department="Sales", mail=f"twin@{tenant['domain']}")
        portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)
        portal.run_queues()
        _turn_on(portal, unit, {})
        portal.run_queues()
    world.change_user(tenant["id"], world.users(tenant["id"])[0]["id"], jobTitle="Chief")


def make_held(portal: Portal, unit: "Unit") -> None:
    """A plan waits for somebody, since the filter allows nobody any more."""
    make_ready(portal, unit)
    _turn_on(portal, unit, _SALES)
    portal.run_queues()
    world, tenant = portal.microsoft.world, unit.tenant
    for user in world.users(tenant["id"]):
        world.change_user(tenant["id"], user["id"], department="Post")
    portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)
    portal.run_queues()
    state = _read(portal, unit)
    assert state["state"] == "held", state


def edit(portal: Portal, unit: "Unit") -> list[Response]:
    return _turn_on(portal, unit, _SALES)


def turn_off(portal: Portal, unit: "Unit") -> list[Response]:
    return [portal.call("DELETE", _path(unit), headers=_ANY_VERSION)]


def decide(portal: Portal, unit: "Unit") -> list[Response]:
    questions = _items(portal.call("GET", f"{_path(unit)}/queue"))
    paths = [f"{_path(unit)}/queue/{it['id']}/decision" for it in questions if "create" in it["choices"]]
    return [portal.call("POST", path, {"choice": "create"}) for path in paths]


def undo(portal: Portal, unit: "Unit") -> list[Response]:
    links = _items(portal.call("GET", f"{_path(unit)}/links"))
    return [portal.call("DELETE", f"{_path(unit)}/links/{it['object_id']}") for it in links[:2]]


def release(portal: Portal, unit: "Unit") -> list[Response]:
    answer = portal.call("GET", _path(unit))
    hold = json.loads(answer.body).get("hold") if answer.status == 200 else None
    body = {"plan_hash": hold["plan"]["plan_hash"] if hold else "0" * 64}
    return [answer, portal.call("POST", f"{_path(unit)}/release", body)]


def push(portal: Portal, unit: "Unit") -> list[Response]:
    return [_pushed(portal, unit, mail="twin@elsewhere.example"), _pushed(portal, unit, mail=None)]


def sync(portal: Portal, unit: "Unit") -> list[Response]:
    answer = portal.call("POST", f"/tenants/{unit.tenant['id']}/sync")
    portal.host.drain("sync-tenant", "evaluate-tenant")
    return [answer]


def _turn_on(portal: Portal, unit: "Unit", wanted: dict[str, Any]) -> list[Response]:
    settings = {"organizations": [{"organization_id": unit.organizations[0], "filter": wanted}]}
    plan = portal.call("POST", f"{_path(unit)}/plan", {"settings": settings})
    if plan.status != 200:
        return [plan]
    body = {"settings": settings, "plan_hash": json.loads(plan.body)["plan_hash"]}
    return [plan, portal.call("PUT", _path(unit), body, headers=_ANY_VERSION)]


def _push(portal: Portal, unit: "Unit", mail: str | None) -> None:
    assert _pushed(portal, unit, mail).status == 200


def _pushed(portal: Portal, unit: "Unit", mail: str | None) -> Response:
    items = [{"external_id": f"{number}", "name": name, "mail": mail} for number, name in enumerate(["Twin", "Other"])]
    items[1]["mail"] = None
    return portal.call("POST", f"/organizations/{unit.organizations[0]}/end-users/bulk", {"items": items})


def _path(unit: "Unit") -> str:
    return f"/tenants/{unit.tenant['id']}/user-sync"


def _read(portal: Portal, unit: "Unit") -> dict[str, Any]:
    return dict(portal.ask("GET", _path(unit)))


def _items(answer: Response) -> list[dict[str, Any]]:
    return list(json.loads(answer.body)["items"]) if answer.status == 200 else []
