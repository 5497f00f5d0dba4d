"""The user sync in the laboratory: what is done with it, what must be true in the end, and the rules of its rows."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.flows.portal import Portal
from tests.stored import Store

if TYPE_CHECKING:
    from tests.faults.lab.flows import Case

_ANY_VERSION = {"if-match": "*"}


def _path(case: "Case") -> str:
    return f"/tenants/{case.tenant['id']}/user-sync"


def turn_on(portal: Portal, case: "Case") -> None:
    settings = {"settings": {"organizations": [{"organization_id": case.organization}]}}
    plan = portal.ask("POST", f"{_path(case)}/plan", settings)
    body = settings | {"plan_hash": plan["plan_hash"]}
    answer = portal.call("PUT", _path(case), body, headers=_ANY_VERSION)
    assert answer.status == 200, answer.body
    case.is_told = True
    portal.run_queues()


def change(portal: Portal, case: "Case") -> None:
    """At Microsoft somebody is renamed, somebody leaves, and somebody comes; then a sync."""
    world, tenant_id = portal.microsoft.world, case.tenant["id"]
    _, second, third = world.users(tenant_id)[:3]
    world.change_user(tenant_id, second["id"], displayName="Renamed")
    world.change_user(tenant_id, third["id"], accountEnabled=False)
    if not any(it["displayName"] == "Newcomer" for it in world.users(tenant_id)):
        world.add_user(tenant_id, displayName="Newcomer", mail=f"newcomer@{case.tenant['domain']}")
    portal.ask("POST", f"/tenants/{tenant_id}/sync", expect=202)
    case.is_told = True
    portal.run_queues()


def rename(portal: Portal, case: "Case") -> None:
    """At Microsoft somebody is renamed, and nothing else changes; then a sync."""
    world, tenant_id = portal.microsoft.world, case.tenant["id"]
    world.change_user(tenant_id, world.users(tenant_id)[1]["id"], displayName="Renamed")
    portal.ask("POST", f"/tenants/{tenant_id}/sync", expect=202)
    case.is_told = True
    portal.run_queues()


def undo(portal: Portal, case: "Case") -> None:
    links = portal.ask("GET", f"{_path(case)}/links")["items"]
    assert portal.call("DELETE", f"{_path(case)}/links/{links[0]['object_id']}").status == 204
    case.is_told = True
    portal.run_queues()


def is_on(portal: Portal, case: "Case") -> bool:
    return _names(portal, case) == _names_of_users(portal, case)


def is_changed(portal: Portal, case: "Case") -> bool:
    people = _people(portal, case)
    return {"Renamed", "Newcomer"} <= _names(portal, case) and [it["is_active"] for it in people].count(False) == 1


def is_renamed(portal: Portal, case: "Case") -> bool:
    return "Renamed" in _names(portal, case) and len(_people(portal, case)) == len(_names(portal, case))


def is_undone(portal: Portal, case: "Case") -> bool:
    undone = portal.ask("GET", f"{_path(case)}/links?only=undone")["items"]
    return len(undone) == 1 and len(_people(portal, case)) == len(_names(portal, case))


def _people(portal: Portal, case: "Case") -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/organizations/{case.organization}/end-users")["items"])


def _names(portal: Portal, case: "Case") -> set[str]:
    return {it["name"] for it in _people(portal, case)}


def _names_of_users(portal: Portal, case: "Case") -> set[str]:
    """Of users as they were last synced; at Microsoft an earlier try may have changed them."""
    users = portal.ask("GET", f"/tenants/{case.tenant['id']}/users")["items"]
    return {it["name"] for it in users if it["is_enabled"]}


# Rules.


def partitions(store: Store) -> Iterator[tuple[str, str, dict[str, dict[str, Any]]]]:
    """The account, the tenant, and the documents of each kind by their ids, of each partition."""
    partitions: dict[str, dict[str, dict[str, Any]]] = {}
    for (partition, key), row in store.rows("usersync").items():
        kind, _, row_id = key.partition(":")
        partitions.setdefault(partition, {}).setdefault(kind, {})[row_id] = json.loads(row["body"])
    for partition, kinds in partitions.items():
        account, tenant, _ = partition.split("|")
        yield account, tenant, kinds


def _both_ways(store: Store) -> Iterator[str]:
    """A link is there both ways or not at all, and nobody is linked twice."""
    for account, tenant, kinds in partitions(store):
        if kinds.get("user_sync_head", {}).get("current", {}).get("is_closed"):
            continue
        links = {key: it["end_user_id"] for key, it in kinds.get("user_link", {}).items() if it.get("end_user_id")}
        others = {it["object_id"]: key for key, it in kinds.get("linked_end_user", {}).items()}
        if links != others:
            yield f"{account} {tenant} is linked {links} one way and {others} the other"
        yield from (f"{it} is linked {n} times" for it, n in Counter(links.values()).items() if n > 1)


def _of_tenants(store: Store) -> Iterator[str]:
    """Nothing is left of the user sync of a tenant that is gone."""
    tenants = store.documents("tenant")
    yield from (f"{account} {it} is gone" for account, it, _ in partitions(store) if (account, it) not in tenants)


def _chips(store: Store) -> Iterator[str]:
    """A row's chip belongs to a tenant that is there."""
    tenants = store.documents("tenant")
    yield from (f"a chip of {it}" for it in store.documents("user_sync_chip").keys() - tenants.keys())


ALWAYS = {"links lead both ways": _both_ways}
AT_REST = {"no links of a tenant that is gone": _of_tenants, "no chip of a tenant that is gone": _chips}
