"""P11: what one tenant's first sync has under way at Microsoft at once, and how close its policy reads are."""

import itertools

from benchmarks.measure import record, stage, tenant_of

_LATENCY_S = 0.1


def main() -> None:
    with stage() as on:
        world = on.world
        tenant_id = tenant_of(world, "In flight", 5_000, seed=11)
        world.forget_requests()
        world.switch(latency_s=_LATENCY_S)
        try:
            on.client("cycles", account="acct_p11", tenant_id=tenant_id, count=2)
        finally:
            world.switch(latency_s=0.0)
        made = world.requests(host="graph", tenant_id=tenant_id)
        begun = sorted(it["at"] for it in made)
        most = max(sum(begin <= at < begin + _LATENCY_S for begin in begun) for at in begun)
        record("P11-in-flight", "8 a tenant", ratio=most / 8, goal="<= 1", met=most <= 8, most=most, requests=len(made))
        _record_policies(sorted(it["at"] for it in made if "conditionalAccess" in _asked(it)))
        _record_scores(sorted(it["at"] for it in made if "secureScore" in _asked(it)))


def _record_policies(asked: list[float]) -> None:
    """A limit nobody came near because nothing was asked is no goal met: then there is no line."""
    if not asked:
        print("P11-conditional-access: the product asks for no policies yet")
        return
    shortest_s = min((later - earlier for earlier, later in itertools.pairwise(asked)), default=60.0)
    record(
        "P11-conditional-access",
        "once a second",
        ratio=1 / shortest_s,
        goal="<= 1",
        met=shortest_s >= 1,
        asked=len(asked),
    )


def _record_scores(asked: list[float]) -> None:
    if not asked:
        print("P11-secure-score: the product asks for no scores yet")
        return
    most = max(sum(begin <= at < begin + _LATENCY_S for begin in asked) for at in asked)
    record("P11-secure-score", "4 at once", ratio=most / 4, goal="<= 1", met=most <= 4, asked=len(asked))


def _asked(request: dict[str, object]) -> str:
    return f"{request['path']} {request['json']}"


if __name__ == "__main__":
    main()
