"""What tests of syncing look at: requests made, rows stored, counts of a run."""

from typing import Any

from tests.flows.portal import Portal


def asked(portal: Portal, tenant: dict[str, str]) -> list[tuple[str, str]]:
    return [(it["method"], it["path"]) for it in portal.graph_requests(tenant)]


def users_of(portal: Portal, tenant: dict[str, str]) -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")["items"])


def counts(run: dict[str, Any], dataset: str = "users") -> dict[str, int]:
    found = next(it for it in run["datasets"] if it["dataset"] == dataset)
    return {name: found.get("counts", {}).get(name, 0) for name in ("created", "changed", "removed")}
