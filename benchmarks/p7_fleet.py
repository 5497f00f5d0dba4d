"""P7: 2,000 tenants of 50 users each, 100 ms away from Microsoft, on one machine: a first and a quiet cycle."""

from benchmarks.measure import record, stage, tenant_of

_TENANTS, _USERS = 2_000, 50
_AT_ONCE = 16  # three instances of host.json's batchSize and newBatchThreshold


def main() -> None:
    with stage() as on:
        made = [tenant_of(on.world, f"Fleet {number}", _USERS, seed=7_000 + number) for number in range(_TENANTS)]
        on.world.switch(latency_s=0.1)
        told = on.client("many", account="acct_p7", tenants=made, rounds=2, at_once=_AT_ONCE)
    first, steady = (it["wall_s"] / 60 for it in told["rounds"])
    figures = {
        "tenants": _TENANTS,
        "users": _TENANTS * _USERS,
        "wall_s": [round(it["wall_s"], 1) for it in told["rounds"]],
        "client_cpu_s": [round(it["cpu_s"], 1) for it in told["rounds"]],
        "cycle_s": round(told["rounds"][1]["wall_s"] * _AT_ONCE / _TENANTS, 2),
        "statuses": told["statuses"],
    }
    is_synced = told["statuses"] == ["synced"]
    is_met = is_synced and first <= 15
    record("P7-first", "15 minutes", ratio=first / 15, goal="<= 1", met=is_met, **figures)
    is_met = is_synced and steady <= 10
    record("P7-steady", "10 minutes", ratio=steady / 10, goal="<= 1", met=is_met, **figures)


if __name__ == "__main__":
    main()
