"""P5: an unchanged cycle at 100,000 users against one at 1,000; and the peak of the large one's first sync (P2).

The large one has 100,000 devices too, most of them managed: 288,000 rows in all.
"""

import statistics

from benchmarks.measure import Stage, record, stage, tenant_of

_CYCLES = 12


def unchanged_cpu_s(on: Stage, tenant_id: str) -> float:
    told = on.client("cycles", account="acct_p5", tenant_id=tenant_id, count=_CYCLES, ahead=62)["cycles"]
    return statistics.median(it["cpu_s"] for it in told[2:])


def main() -> None:
    with stage(keeps_pace=False) as on:
        small = tenant_of(on.world, "A thousand", 1_000, seed=51)
        large = tenant_of(on.world, "A hundred thousand", 100_000, seed=52, devices=100_000)
        on.client("cycles", account="acct_p5", tenant_id=small, count=1)
        first = on.client("cycles", account="acct_p5", tenant_id=large, count=1)
        peak, failed = first["peak_mb"], first["failed"]
        told = ("parts", "cpu_s", "wall_s", "table", "graph", "rows")
        figures = {"status": first["status"], **{name: round(first["cycles"][0][name], 1) for name in told}}
        figures |= {"peak_mb": round(peak), "times_storage_was_too_slow": failed}
        is_met = peak <= 250 and first["status"] == "synced"
        record("P2-peak-100k", "250 MB", ratio=peak / 250, goal="<= 1", met=is_met, **figures)
        for it in (small, large):
            on.client("know_mailboxes", account="acct_p5", tenant_id=it, ahead=31)
        low, high = unchanged_cpu_s(on, small), unchanged_cpu_s(on, large)
        figures = {"cpu_ms_1k": round(low * 1000, 2), "cpu_ms_100k": round(high * 1000, 2)}
        record("P5-size", "the same at 1,000 users", ratio=high / low, goal="<= 2", met=high <= 2 * low, **figures)


if __name__ == "__main__":
    main()
