"""P4: k changed users at 1,000, 10,000 and 30,000: exactly k rows are written, in at most k + 8 table requests."""

from benchmarks.measure import record, stage, tenant_of

_SIZES = (1_000, 10_000, 30_000)
_CHANGES = (1, 2, 5, 20, 200)


def main() -> None:
    with stage(keeps_pace=False) as on:
        world = on.world
        for seed, users in enumerate(_SIZES, 40):
            tenant_id = tenant_of(world, f"Changing {users}", users, seed=seed)
            on.client("cycles", account="acct_p4", tenant_id=tenant_id, count=1)
            on.client("know_mailboxes", account="acct_p4", tenant_id=tenant_id, ahead=31)
            found = {}
            for number, changes in enumerate(_CHANGES, 2):
                world.touch_users(tenant_id=tenant_id, count=changes, seed=changes)
                cycle = on.client("cycles", account="acct_p4", tenant_id=tenant_id, count=1, ahead=31 * number)
                cycle = cycle["cycles"][0]
                found[changes] = (cycle["rows"], cycle["table"])
            right = all(rows == changes for changes, (rows, _) in found.items())
            most = max(requests - changes for changes, (_, requests) in found.items())
            figures = {f"k={k}": f"{rows} rows, {requests} requests" for k, (rows, requests) in found.items()}
            record(
                f"P4-{users}",
                "k rows in k + 8 table requests",
                ratio=max(requests / (changes + 8) for changes, (_, requests) in found.items()),
                goal="<= 1, rows = k",
                met=right and most <= 8,
                **figures,
            )


if __name__ == "__main__":
    main()
