"""P3: a sync that finds nothing new: round trips, table operations and CPU; and against the tenant's own full sync."""

from collections import Counter

from benchmarks.measure import record, stage, tenant_of

_CYCLES = 48  # a day


def main() -> None:
    with stage(keeps_pace=False) as on:
        world = on.world
        small, large = tenant_of(world, "A hundred", 100), tenant_of(world, "Ten thousand", 10_000, seed=2)
        on.client("cycles", account="acct_p3", tenant_id=small, count=1)
        world.forget_requests()
        day = on.client("cycles", account="acct_p3", tenant_id=small, count=_CYCLES + 1)["cycles"][1:]
        operations = [it["table"] for it in day]
        usual = Counter(operations).most_common(1)[0][0]
        figures = {"usual": usual, "most": max(operations), "average_of_48": round(sum(operations) / _CYCLES, 2)}
        record("P3-table-operations", "4 an unchanged cycle", ratio=usual / 4, goal="<= 1", met=usual <= 4, **figures)
        graph = [it["graph"] for it in day]
        record(
            "P3-round-trips",
            "1 an ordinary cycle",
            ratio=Counter(graph).most_common(1)[0][0],
            goal="<= 1; most 10; average 6",
            met=Counter(graph).most_common(1)[0][0] <= 1 and max(graph) <= 10 and sum(graph) / _CYCLES <= 6,
            most=max(graph),
            average=round(sum(graph) / _CYCLES, 2),
            parts_of_the_batch=_parts(on, small),
        )
        rows = sum(it["rows"] for it in day)
        record("P3-rows", "0 data rows", ratio=float(rows), goal="= 0", met=rows == 0)
        cpu_ms = sorted(it["cpu_s"] for it in day)[_CYCLES // 2] * 1000
        record("P3-cpu", "12 ms", ratio=cpu_ms / 12, goal="<= 1", met=cpu_ms <= 12, cpu_ms=round(cpu_ms, 2))
        on.client("cycles", account="acct_p3_warm", tenant_id=small, count=1)
        told = on.client("cycles", account="acct_p3", tenant_id=large, count=6)["cycles"]
        full, again = told[0]["cpu_s"], sorted(it["cpu_s"] for it in told[1:])[2]
        figures = {"full_cpu_s": round(full, 3), "again_cpu_s": round(again, 4)}
        ratio = again / full
        record("P3-of-full", "its own full sync", ratio=ratio, goal="<= 0.25", met=ratio <= 0.25, **figures)


def _parts(on: object, tenant_id: str) -> int:
    """How many questions the latest batch asked."""
    asked = on.world.requests(host="graph", tenant_id=tenant_id)  # type: ignore[attr-defined]
    batches = [it for it in asked if it["path"].endswith("$batch")]
    return len(batches[-1]["json"]["requests"]) if batches else 0


if __name__ == "__main__":
    main()
