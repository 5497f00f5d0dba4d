"""P7: small tenants and the page, beside the first sync of a big one; against the same without it.

The big one holds one of the workers: three do what four did before. So a third longer is the least that can be.
"""

import statistics

from benchmarks.measure import record, stage, tenant_of

_SMALL, _USERS, _BIG = 240, 50, 100_000
_WORKERS = 4  # host.json: batchSize
_ROUNDS = 3  # without the neighbour; beside it as many as its users take to be stored


def main() -> None:
    with stage() as on:
        world = on.world
        big = tenant_of(world, "Big neighbour", _BIG, seed=7)
        small = [tenant_of(world, f"Small {number}", _USERS, seed=17_000 + number) for number in range(_SMALL)]
        world.switch(latency_s=0.1)
        who = {"account": "acct_p7_beside", "tenants": small, "big": big, "users": _BIG}
        told = on.client("neighbours", **who, at_once=_WORKERS, rounds=_ROUNDS)
    if not told["outlasted"]:
        raise RuntimeError("the big one had ended before the last round")
    figures = {name: [round(it, 1) for it in told[name]] for name in ("alone_s", "beside_s")}
    ratio = max(told["beside_s"]) / statistics.median(told["alone_s"])
    against = "no big neighbour: 95 of 100"
    record("P7-neighbour", f"{against}, the worst round", ratio=ratio, goal="<= 2", met=ratio <= 2, **figures)
    looks = {f"{name}_ms": round(told[f"{name}_s"] * 1000) for name in ("page_alone", "page_beside")}
    ratio = told["page_beside_s"] / told["page_alone_s"]
    record("P7-page-beside", against, ratio=ratio, goal="<= 5", met=ratio <= 5, **looks)


if __name__ == "__main__":
    main()
