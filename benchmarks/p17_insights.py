"""P17: each view across 1,000 mapped tenants, over the API; against the bare table query of the same rows."""

import json
import statistics
from datetime import timedelta
from typing import Any

from azure.data.tables import TableServiceClient

from benchmarks.client import Bench
from benchmarks.measure import Stage, record, stage
from benchmarks.p8_page import account_of, token_of, wall_s
from integrations.actions.account import Account
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.progress import State
from integrations.domain.ids import AccountId, OrganizationId, TenantId
from integrations.domain.insights.summary import (
    ControlsSummary,
    DayPercent,
    DayUnprotected,
    MfaSummary,
    PossibleGain,
    ScoreSummary,
    TenantSummary,
)
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.triggers import build_app
from local.host import Host
from local.processes import ROOT
from shared.storage.tables import chunks

_TENANTS, _TIMES = 1_000, 15
_VIEWS = ("secure-score", "mfa", "baselines")


def fill(bench: Bench, account: str) -> None:
    """Summaries as evaluations leave them."""
    rows = Account(bench.services, AccountId(account))
    for part in chunks([rows.control.summaries.added(_summary(bench, number)) for number in range(_TENANTS)]):
        with rows.change() as change:
            change.write(*part)


def _summary(bench: Bench, number: int) -> TenantSummary:
    now = bench.clock()
    by_verdict: dict[ControlVerdict, list[str]] = {}
    for place, control in enumerate(catalogue().controls):
        by_verdict.setdefault(list(ControlVerdict)[(place + number) % 7], []).append(control)
    days = [DayPercent((now - timedelta(days=29 - it)).date(), 40.0 + (number + it) % 30) for it in range(30)]
    return TenantSummary(
        tenant_id=TenantId(f"{number:08x}-8888-4000-8000-000000000000"),
        epoch=1,
        name=f"Tenant {number}",
        default_domain=f"tenant{number}.example",
        organization_id=OrganizationId("org_bench"),
        organization_name=f"Organization {number}",
        score=ScoreSummary(
            outcome=DatasetOutcome.FRESH,
            read_at=now,
            as_of=now,
            points=50.0,
            max_points=100.0,
            percent=days[-1].percent,
            average_percent=41.3,
            recent=days,
            gains=[PossibleGain(id=f"control{it}", title=f"Something to improve {it}", points=9.5) for it in range(5)],
        ),
        mfa=MfaSummary(
            state=State.FRESH,
            as_of=now,
            counts_by_kind={"person exposed": number % 9, "person protected": 40, "administrator protected": 2},
            recent=[DayUnprotected(it.day, number % 9, number % 2) for it in days],
        ),
        controls=ControlsSummary(state=State.FRESH, as_of=now, by_verdict=by_verdict, recent=days),
    )


def measure(on: Stage) -> tuple[dict[str, float], float, int]:
    token = token_of(on)
    account, bench = account_of(token), Bench(on.settings)
    fill(bench, account)
    headers = {"authorization": f"Bearer {token}"}
    with (
        Host(build_app(lambda: bench.services), root=ROOT, env=on.settings) as host,
        TableServiceClient.from_connection_string(on.settings["AzureWebJobsStorage"]) as service,
    ):
        table = service.get_table_client("control")
        clause = f"PartitionKey eq '{account}' and RowKey ge 'summary:' and RowKey lt 'summary;'"

        def view(name: str) -> None:
            answer = host.call_http("GET", f"/api/insights/{name}?limit=100", headers=headers)
            if answer.status != 200 or json.loads(answer.body)["total"] != _TENANTS:
                raise RuntimeError(answer.body)

        taken: dict[str, list[float]] = {name: [] for name in ("query", *_VIEWS)}
        for _ in range(_TIMES):  # by turns, so that whatever else the machine does meets all alike
            taken["query"].append(wall_s(lambda: list(table.query_entities(clause))))
            for name in _VIEWS:
                taken[name].append(wall_s(lambda name=name: view(name)))  # type: ignore[misc]
        medians = {name: statistics.median(it) for name, it in taken.items()}
        return medians, medians.pop("query"), len(list(table.query_entities(clause)))


def main() -> None:
    with stage() as on:
        views, query, tenants = measure(on)
    worst = max(views.values()) / query
    figures: dict[str, Any] = {f"{name}_ms": round(it * 1000, 1) for name, it in views.items()}
    figures |= {"query_ms": round(query * 1000, 1), "tenants": tenants}
    record("P17-insights", "the bare table query", ratio=worst, goal="<= 3", met=worst <= 3, **figures)


if __name__ == "__main__":
    main()
