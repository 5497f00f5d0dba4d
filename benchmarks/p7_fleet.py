"""P7: tenants of 50 users each, 100 ms away from Microsoft, on one machine: a fifth of the 2,000, told times five."""

from benchmarks.measure import record, stage, tenant_of

FLEET = 2_000
_USERS = 50
_AT_ONCE = 16  # three instances of host.json's batchSize and newBatchThreshold


def measure(name: str, tenants: int) -> None:
    """Two cycles of so many tenants; the rest of the fleet is reckoned to take as long as these."""
    with stage() as on:
        made = [tenant_of(on.world, f"Fleet {number}", _USERS, seed=7_000 + number) for number in range(tenants)]
        on.world.switch(latency_s=0.1)
        told = on.client("many", account="acct_p7", tenants=made, rounds=2, at_once=_AT_ONCE)
    first, steady = (it["wall_s"] / 60 * FLEET / tenants for it in told["rounds"])
    figures = {
        "tenants": tenants,
        "measured_s": [round(it["wall_s"], 1) for it in told["rounds"]],
        "client_cpu_s": [round(it["cpu_s"], 1) for it in told["rounds"]],
        "cycle_s": round(told["rounds"][1]["wall_s"] * _AT_ONCE / tenants, 2),
        "statuses": told["statuses"],
    }
    is_synced = told["statuses"] == ["synced"]
    is_met = is_synced and first <= 15
    record(f"{name}-first", "15 minutes", ratio=first / 15, goal="<= 1", met=is_met, **figures)
    is_met = is_synced and steady <= 10
    record(f"{name}-steady", "10 minutes", ratio=steady / 10, goal="<= 1", met=is_met, **figures)


if __name__ == "__main__":
    measure("P7", FLEET // 5)
