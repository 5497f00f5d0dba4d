"""P7: the lag of small tenants whose cycles come behind a big one's first sync, against the same without it."""

import statistics

from benchmarks.measure import record, stage, tenant_of

_SMALL, _USERS, _BIG = 120, 50, 100_000
_WORKERS = 4  # host.json: batchSize
_ROUNDS = 5  # less than six hours in all: nothing slow comes due in any of them


def main() -> None:
    with stage() as on:
        world = on.world
        big = tenant_of(world, "Big neighbour", _BIG, seed=7)
        small = [tenant_of(world, f"Small {number}", _USERS, seed=17_000 + number) for number in range(_SMALL)]
        world.switch(latency_s=0.1)
        told = on.client(
            "neighbours", account="acct_p7_beside", tenants=small, big=big, at_once=_WORKERS, rounds=_ROUNDS
        )
    if not told["outlasted"]:
        raise RuntimeError("the big one had ended before the last round")
    figures = {name: [round(it, 1) for it in told[name]] for name in ("alone_s", "beside_s")}
    ratio = statistics.median(told["beside_s"]) / statistics.median(told["alone_s"])
    record("P7-neighbour", "no big neighbour: 95 of 100", ratio=ratio, goal="<= 2", met=ratio <= 2, **figures)


if __name__ == "__main__":
    main()
