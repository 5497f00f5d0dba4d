"""P10: of ten requests to a service one is throttled: the same rows, few more requests, none inside a Retry-After.

Parts of batches are requests too, and Microsoft counts them by service. A request that came while the refusal was on
its way to us is not early: it is one that came later than that.
"""

from typing import Any

from benchmarks.measure import record, stage, tenant_of

_WAIT_S = 1
_ON_ITS_WAY_S = 0.25
_USERS = 10_000


def main() -> None:
    with stage() as on:
        world = on.world
        tenant_id = tenant_of(world, "Throttled", _USERS, seed=10)
        world.forget_requests()
        on.client("cycles", account="acct_p10_calm", tenant_id=tenant_id, count=1)
        calm = len(world.requests(host="graph", tenant_id=tenant_id))
        world.forget_requests()
        world.switch(throttle_every=10, throttle_wait_s=_WAIT_S)
        told = on.client("cycles", account="acct_p10", tenant_id=tenant_id, count=1)
        world.switch(throttle_every=0)
        made = world.requests(host="graph", tenant_id=tenant_id)
        throttled = [it for it in _asked(made) if it["status"] == 429]
        early = [it for it in _asked(made) if it.get("early_s", 0.0) > _ON_ITS_WAY_S]
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
            services=sorted({it["service"] for it in throttled}),
            early=len(early),
            same_rows=same,
        )


def _asked(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Single requests, and the parts of batches."""
    return [it for request in made for it in (request.get("parts") or [request]) if "service" in it]


def _digest(on: object, account: str, tenant_id: str) -> str:
    return str(on.client("stored_rows", account=account, tenant_id=tenant_id)["digest"])  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
