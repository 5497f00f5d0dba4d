"""P10: every tenth request to Graph is throttled: the same rows, few more requests, none inside a Retry-After."""

from benchmarks.measure import record, stage, tenant_of

_WAIT_S = 1
_USERS = 10_000


def main() -> None:
    with stage() as on:
        world = on.world
        tenant_id = tenant_of(world, "Throttled", _USERS, seed=10)
        world.forget_requests()
        on.client("cycles", account="acct_p10_calm", tenant_id=tenant_id, count=1)
        calm = len(world.requests(host="graph", tenant_id=tenant_id))
        world.forget_requests()
        for number in range(1, 16):  # each fault lets those before it pass by
            world.fault(
                host="graph", tenant_id=tenant_id, status=429, headers={"Retry-After": str(_WAIT_S)}, skip=9 * number
            )
        try:
            told = on.client("cycles", account="acct_p10", tenant_id=tenant_id, count=1)
        finally:
            world.clear_faults()
        made = world.requests(host="graph", tenant_id=tenant_id)
        throttled = [it for it in made if it["status"] == 429]
        early = [
            it
            for refused in throttled
            for it in made
            if it["seq"] > refused["seq"] and it["at"] < refused["at"] + _WAIT_S and it["path"] == refused["path"]
        ]
        same = _digest(on, "acct_p10_calm", tenant_id) == _digest(on, "acct_p10", tenant_id)
        ratio = len(made) / calm
        record(
            "P10-throttled",
            "the same sync unthrottled",
            ratio=ratio,
            goal="<= 1.2, same rows, none early",
            met=ratio <= 1.2 and same and not early and told["status"] == "synced",
            requests=len(made),
            unthrottled=calm,
            throttled=len(throttled),
            early=len(early),
            same_rows=same,
        )


def _digest(on: object, account: str, tenant_id: str) -> str:
    return str(on.client("stored_rows", account=account, tenant_id=tenant_id)["digest"])  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
