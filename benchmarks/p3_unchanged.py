"""P3: a sync that finds nothing new: round trips, table operations and CPU; and against the tenant's own full sync."""

import statistics
import sys
from collections import Counter
from typing import Any

from benchmarks.loops import bares, batch_of
from benchmarks.measure import Stage, record, run, stage, tenant_of

_CYCLES = 48  # a day
_ACCOUNT = "acct_p3"
_ROUNDS = 3
_MINUTES = 31


def main() -> None:
    with stage(keeps_pace=False) as on:
        small, large = tenant_of(on.world, "A hundred", 100), tenant_of(on.world, "Ten thousand", 10_000, seed=2)
        _cycles(on, small, 1)
        on.world.forget_requests()
        _record_day(on, small)
        _record_cpu(on, small)
        _record_of_full(on, small, large)


def _cycles(on: Stage, tenant_id: str, count: int, account: str = _ACCOUNT, *, before: int = 0) -> list[dict[str, Any]]:
    """So many cycles of half an hour each, behind those ``before``."""
    who = {"account": account, "tenant_id": tenant_id}
    found: list[dict[str, Any]] = on.client("cycles", **who, count=count, ahead=before * _MINUTES)["cycles"]
    return found


def _record_day(on: Stage, tenant_id: str) -> None:
    day = _cycles(on, tenant_id, _CYCLES, before=1)
    operations, graph = [it["table"] for it in day], [it["graph"] for it in day]
    usual = Counter(operations).most_common(1)[0][0]
    figures = {"usual": usual, "most": max(operations), "average_of_48": round(sum(operations) / _CYCLES, 2)}
    record("P3-table-operations", "4 an unchanged cycle", ratio=usual / 4, goal="<= 1", met=usual <= 4, **figures)
    ordinary = Counter(graph).most_common(1)[0][0]
    record(
        "P3-round-trips",
        "1 an ordinary cycle",
        ratio=ordinary,
        goal="<= 1; most 10; average 6",
        met=ordinary <= 1 and max(graph) <= 10 and sum(graph) / _CYCLES <= 6,
        most=max(graph),
        average=round(sum(graph) / _CYCLES, 2),
        parts_of_the_batch=len(batch_of(on, tenant_id)["requests"]),
    )
    rows = sum(it["rows"] for it in day)
    record("P3-rows", "0 data rows", ratio=float(rows), goal="= 0", met=rows == 0)


def _record_cpu(on: Stage, tenant_id: str) -> None:
    """By turns, so that whatever else the machine does meets all three alike; the cheaper bare loop counts."""
    told, ours, low, lower = bares(on, _ACCOUNT, [tenant_id])[0], [], [], []
    for number in range(1, _ROUNDS + 1):
        cycles = _cycles(on, tenant_id, _CYCLES, before=1 + number * _CYCLES)
        ours.append(statistics.median(it["cpu_s"] for it in cycles))
        low.append(_bare_cpu_s(told, "sdk"))
        lower.append(_bare_cpu_s(told, "ours"))
    cycle, bare, cheaper = (statistics.median(it) for it in (ours, low, lower))
    figures = {"cpu_ms": cycle, "bare_cpu_ms": bare, "bare_over_our_connections_cpu_ms": cheaper}
    figures = {name: round(value * 1000, 2) for name, value in figures.items()}
    ratio = cycle / min(bare, cheaper)
    record("P3-cpu", "the same requests, bare", ratio=ratio, goal="<= 2.5", met=ratio <= 2.5, **figures)


def _bare_cpu_s(tenant: dict[str, Any], transport: str) -> float:
    told = {"tenants": [tenant], "at_once": 1, "times": _CYCLES, "transport": transport}
    return float(run([sys.executable, "-m", "benchmarks.bare"], told)["cpu_s"])


def _record_of_full(on: Stage, small: str, large: str) -> None:
    _cycles(on, small, 1, "acct_p3_warm")
    full = _cycles(on, large, 1)[0]["cpu_s"]
    on.client("know_mailboxes", account=_ACCOUNT, tenant_id=large, ahead=_MINUTES)
    again = statistics.median(it["cpu_s"] for it in _cycles(on, large, 6, before=2)[1:])
    figures = {"full_cpu_s": round(full, 3), "again_cpu_s": round(again, 4)}
    ratio = again / full
    record("P3-of-full", "its own full sync", ratio=ratio, goal="<= 0.06", met=ratio <= 0.06, **figures)


if __name__ == "__main__":
    main()
