"""Every door that asks who calls, with what it takes to knock at it."""

import re
from datetime import UTC
from typing import Any

from integrations.triggers import collect_routes
from integrations.triggers.http.routes import HttpRoute, Need
from tests.flows.portal import Portal
from tests.flows.user_sync import UserSync

ROUTES = collect_routes(lambda: None).all  # type: ignore[arg-type, return-value]
DOORS = [route for route in ROUTES if route.needs is not Need.NOTHING]


ABSENT = {
    "tenant_id": "99999999-9999-4999-8999-999999999999",
    "integration_id": "int_" + "a" * 20,
    "flow_id": "flow_" + "a" * 20,
    "organization_id": "org_" + "a" * 20,
    "run_id": "000000000000001-aaaaaaaa",
    "removal_id": "rem_" + "a" * 20,
    "end_user_id": "eu_" + "a" * 32,
    "asset_id": "ast_" + "a" * 32,
    "plan_id": "plan_" + "a" * 20,
    "question_id": "name_only.99999999-9999-4999-8999-999999999999",
    "object_id": "99999999-9999-4999-8999-999999999999",
}


BODIES: dict[str, dict[str, Any]] = {
    "post_integration": {"kind": "single"},
    "put_ignored": {"ignored": True},
    "put_mapping": {"organization_id": ABSENT["organization_id"]},
    "post_organization": {"name": "Acme"},
    "put_organization": {"name": "Acme"},
    "post_end_user": {"name": "Jane Doe"},
    "put_end_user": {"name": "Jane Doe"},
    "post_merge": {"end_user_id": "eu_" + "b" * 32},
    "post_bulk": {"items": [{"external_id": "4711", "name": "Jane Doe"}]},
    "post_assets": {"items": [{"external_id": "pc-17", "name": "LAPTOP-17"}]},
    "put_asset_links": {"settings": {}},
    "put_asset_link": {"device_id": "1f0a3c5e-0000-4000-8000-00000000d001"},
    "put_asset_end_user": {"end_user_id": None},
    "post_move": {"organization_id": "org_" + "b" * 20},
    "post_user_sync_plan": {"settings": {}},
    "put_user_sync": {"settings": {}},
    "post_user_sync_release": {"plan_hash": "0" * 64},
    "post_user_sync_decision": {"choice": "ignore"},
}


def path_of(route: HttpRoute, known: dict[str, str]) -> str:
    return "/" + re.sub(r"{(\w+)}", lambda found: known[found.group(1)], route.path)


def store(portal: Portal) -> dict[str, Any]:
    """Every control row of every account, raw."""
    service = portal.services.tables._service
    with service.get_table_client("control") as table:
        return {f"{it['PartitionKey']}/{it['RowKey']}": dict(it) for it in table.list_entities()}


def populated(portal: Portal) -> dict[str, str]:
    """Ids of one account's things, one of each kind."""
    return portal.reach("populated", lambda: _populated(portal))


def _populated(portal: Portal) -> dict[str, str]:
    gone = portal.integrate(portal.has_tenant("Gone Ltd"))
    removal = portal.remove(gone, "Gone Ltd")
    portal.run_queues()
    tenant = portal.has_tenant()
    _has_laptop(portal, tenant["id"])
    portal.connected(tenant)
    run = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"][0]["id"]
    organization = portal.ask("GET", "/organizations")["items"][0]["id"]
    jane = {"name": "Jane Doe", "mail": "jane@contoso.example", "external_id": "4711"}
    person = portal.ask("POST", f"/organizations/{organization}/end-users", jane, expect=201)
    laptop = {"external_id": "pc-17", "name": "LAPTOP-17", "kind": "laptop", "serial": "5CG1234ABC"}
    printer = {"external_id": "prn-1", "name": "PRN-1", "kind": "printer"}
    pushed = {"items": [{**laptop, "assigned_end_user_id": person["id"]}, printer]}
    assets = portal.ask("POST", f"/organizations/{organization}/assets/bulk", pushed)["items"]
    synced = _with_user_sync(portal, UserSync(portal, tenant, organization))
    return {
        **synced,
        "tenant_id": tenant["id"],
        "integration_id": portal.row(tenant)["integration_id"],
        "flow_id": portal.start()["flow_id"],
        "organization_id": organization,
        "run_id": run,
        "removal_id": removal,
        "end_user_id": person["id"],
        "asset_id": assets[0]["asset_id"],
    }


def _has_laptop(portal: Portal, tenant_id: str) -> None:
    world, user = portal.microsoft.world, portal.microsoft.world.users(tenant_id)[0]
    device = world.add_device(tenant_id, owner_id=user["id"], displayName="LAPTOP-17")
    now = portal.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.add_managed_device(
        tenant_id,
        azureADDeviceId=device["deviceId"],
        deviceName="LAPTOP-17",
        serialNumber="5CG1234ABC",
        userId=user["id"],
        lastSyncDateTime=now,
    )


def _with_user_sync(portal: Portal, sync: UserSync) -> dict[str, str]:
    """A user sync that is on, with a question about somebody, a link, and a plan that was ordered."""
    namesake = sync.world.users(sync.id)[0]
    sync.has_end_user(namesake["displayName"], mail="namesake@fabrikam.example")
    sync.turn_on()
    object.__setattr__(portal.services, "users_while_waiting", 0)
    path = f"{sync.path}/plan"
    plan_id = portal.ask("POST", path, {"settings": sync.settings()}, expect=202)["plan_id"]
    portal.run_queues()
    object.__setattr__(portal.services, "users_while_waiting", 5000)
    return {
        "plan_id": plan_id,
        "question_id": sync.questions()[0]["id"],
        "object_id": sync.links()[0]["object_id"],
    }
