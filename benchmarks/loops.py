"""What the loops without care are told: the same work as the product's, taken from what it asked and wrote."""

from collections import Counter
from typing import Any
from urllib.parse import urlencode

from azure.data.tables import TableServiceClient

from benchmarks.measure import Stage


def asked(on: Stage, tenant_id: str) -> list[str]:
    """Everything the product asked Graph for, but for the pages that follow by themselves."""
    found = []
    for it in on.world.requests(host="graph", tenant_id=tenant_id):
        if it["method"] == "GET":
            found.append(f"{it['path']}?{urlencode(it['query'])}")
        elif it["path"].endswith("$batch"):
            found += [f"/v1.0{part['url']}" for part in it["json"]["requests"]]
    return [target for target in dict.fromkeys(found) if "skiptoken" not in target]


def batch_of(on: Stage, tenant_id: str) -> dict[str, Any]:
    """The latest batch that is as large as most are."""
    made = on.world.requests(host="graph", tenant_id=tenant_id)
    batches: list[dict[str, Any]] = [it["json"] for it in made if it["path"].endswith("$batch")]
    usual = Counter(len(it["requests"]) for it in batches).most_common(1)[0][0]
    return next(it for it in reversed(batches) if len(it["requests"]) == usual)


def floors(on: Stage, paths: dict[str, list[str]]) -> list[dict[str, Any]]:
    """For ``benchmarks.floor``: the first sync of each tenant, by what the product asked of it.

    Where Microsoft's pace is kept, it waits as it is told to, and for nothing else.
    """
    tokens = on.client("tokens", tenants=list(paths))["tokens"]
    same: dict[str, Any] = {
        "graph_url": on.graph_url,
        "ca_file": on.ca_file,
        "storage": on.settings["AzureWebJobsStorage"],
    }
    same |= {"waits": on.keeps_pace}
    return [{**same, "name": it, "token": tokens[it], "paths": paths[it]} for it in paths]


def bares(on: Stage, account: str, tenants: list[str]) -> list[dict[str, Any]]:
    """For ``benchmarks.bare``: each tenant's quiet cycle, with the rows as the product has left them."""
    tokens = on.client("tokens", tenants=tenants)["tokens"]
    with TableServiceClient.from_connection_string(on.settings["AzureWebJobsStorage"]) as service:
        control = service.get_table_client("control")

        def run_of(tenant_id: str) -> str:
            begins = f"run:{tenant_id}:"
            newest = f"PartitionKey eq '{account}' and RowKey ge '{begins}' and RowKey lt '{begins[:-1]};'"
            return str(next(iter(control.query_entities(newest, results_per_page=1)))["body"])

        return [
            {
                "storage": on.settings["AzureWebJobsStorage"],
                "name": it,
                "base": f"{account}|{it}|1",
                "ca_file": on.ca_file,
                "graph_url": on.graph_url,
                "token": tokens[it],
                "batch": batch_of(on, it),
                "tenant": control.get_entity(account, f"tenant:{it}")["body"],
                "run": run_of(it),
            }
            for it in tenants
        ]
