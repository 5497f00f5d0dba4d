"""P7: 2,000 tenants of 50 users each, 100 ms away from Microsoft, on one machine: a first and a quiet cycle.

Against loops without care that do the same work for some of these tenants, as many at once: the floor for the first
cycle, the bare loop for the quiet one.
"""

import sys

from benchmarks.loops import asked, bares, floors
from benchmarks.measure import PEERS, record, run, stage, tenant_of

_TENANTS, _USERS = 2_000, 50
_AT_ONCE = 16  # three instances of host.json's batchSize and newBatchThreshold
_ACCOUNT = "acct_p7"
_SOME = 160


def main() -> None:
    with stage() as on:
        made = [tenant_of(on.world, f"Fleet {number}", _USERS, seed=7_000 + number) for number in range(_TENANTS)]
        on.world.switch(latency_s=0.1)
        on.world.forget_requests()
        one = on.client("many", account=_ACCOUNT, tenants=made, rounds=1, at_once=_AT_ONCE)
        some = made[:_SOME]
        paths = {it: asked(on, it) for it in some}
        on.world.forget_requests()
        two = on.client("many", account=_ACCOUNT, tenants=made, rounds=1, at_once=_AT_ONCE, ahead=31)
        told = {"tenants": floors(on, paths), "at_once": _AT_ONCE}
        floor_s = run([PEERS, "-m", "benchmarks.floor"], told)["wall_s"] * _TENANTS / _SOME
        told = {"tenants": bares(on, _ACCOUNT, some), "at_once": _AT_ONCE, "times": 1, "transport": "sdk"}
        bare_s = run([sys.executable, "-m", "benchmarks.bare"], told)["wall_s"] * _TENANTS / _SOME
    (first,), (steady,) = one["rounds"], two["rounds"]
    statuses = sorted({*one["statuses"], *two["statuses"]})
    figures = {"tenants": _TENANTS, "users": _TENANTS * _USERS, "statuses": statuses}
    for name, done, against, loop_s, most in (
        ("P7-first", first, "the floor loop, as many at once", floor_s, 2.5),
        ("P7-steady", steady, "the bare loop, as many at once", bare_s, 2.5),
    ):
        ratio = done["wall_s"] / loop_s
        told = {"wall_s": round(done["wall_s"], 1), "loop_s": round(loop_s, 1), "cpu_s": round(done["cpu_s"], 1)}
        told["cycle_s"] = round(done["wall_s"] * _AT_ONCE / _TENANTS, 2)
        is_met = statuses == ["synced"] and ratio <= most
        record(name, against, ratio=ratio, goal=f"<= {most}", met=is_met, **figures, **told)


if __name__ == "__main__":
    main()
