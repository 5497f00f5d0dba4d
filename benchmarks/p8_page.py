"""P8: the page's first answer with 1,000 tenants, over the API; against the bare table query that it needs."""

import json
import statistics
import time
from collections.abc import Callable

import requests
from azure.data.tables import TableServiceClient

from benchmarks.client import Bench
from benchmarks.measure import Stage, record, stage
from integrations.actions.account import Account
from integrations.domain.ids import AccountId, FlowId, IntegrationId, TenantId, UserId
from integrations.domain.integrations import Integration, Kind, Proof
from integrations.triggers import build_app
from local.host import Host
from local.processes import ROOT

_TENANTS, _TIMES = 1_000, 15


def wall_s(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def token_of(on: Stage) -> str:
    return str(requests.post(f"{on.personas_url}/token", json={"persona": "alice"}, timeout=10).json()["token"])


def account_of(token: str) -> str:
    claims = json.loads(_padded(token.split(".")[1]))
    return next(str(value) for value in claims.values() if str(value).startswith("acct_"))


def map_tenants(bench: Bench, account: str, tenants: int) -> None:
    """Tenants and the integration they belong to: what belongs to none is shown to nobody."""
    now, rows = bench.clock(), Account(bench.services, AccountId(account))
    integration = Integration(
        id=IntegrationId("int_bench"),
        kind=Kind.SINGLE,
        name="Bench",
        tenant_id=TenantId("00000000-8888-4000-8000-000000000000"),
        proof=Proof(tenant_id=TenantId("t"), object_id="o", flow_id=FlowId("f"), proven_at=now),
        version=1,
        created_at=now,
        created_by=UserId("bench"),
    )
    with rows.change() as change:
        change.write(rows.control.integrations.added(integration))
    for number in range(tenants):
        bench.map(account, f"{number:08x}-8888-4000-8000-000000000000")


def measure(on: Stage) -> tuple[float, float, int]:
    token = token_of(on)
    account = account_of(token)
    bench = Bench(on.settings)
    map_tenants(bench, account, _TENANTS)
    headers = {"authorization": f"Bearer {token}"}
    with (
        Host(build_app(lambda: bench.services), root=ROOT, env=on.settings) as host,
        TableServiceClient.from_connection_string(on.settings["AzureWebJobsStorage"]) as service,
    ):
        table = service.get_table_client("control")
        clause = f"PartitionKey eq '{account}' and RowKey ge 'tenant:' and RowKey lt 'tenant;'"

        def page() -> None:
            answer = host.call_http("GET", "/api/integrations", headers=headers)
            if answer.status != 200 or not json.loads(answer.body)["tenants"]["items"]:
                raise RuntimeError(answer.body)

        bare = statistics.median(wall_s(lambda: list(table.query_entities(clause))) for _ in range(_TIMES))
        ours = statistics.median(wall_s(page) for _ in range(_TIMES))
        return ours, bare, len(list(table.query_entities(clause)))


def _padded(text: str) -> bytes:
    import base64  # noqa: PLC0415 - here only

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main() -> None:
    with stage() as on:
        ours, bare, tenants = measure(on)
        figures = {"page_ms": round(ours * 1000, 1), "query_ms": round(bare * 1000, 1), "tenants": tenants}
        record("P8-page", "the bare table query", ratio=ours / bare, goal="<= 3", met=ours <= 3 * bare, **figures)


if __name__ == "__main__":
    main()
