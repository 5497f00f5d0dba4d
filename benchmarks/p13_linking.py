"""P13: an End User made and linked for each of 10,000 users, and runs after one or some of them changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.measure import Stage, record, stage, tenant_of

_USERS = 10_000
_FEW = 1_000  # users of the tenant beside which the big one is told
_CHANGED = 80
_TIMES = 3
_ACCOUNT = "acct_p13"


def _median(measured: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The one in the middle by CPU: a floor of half a second differs by a third from time to time."""
    return sorted(measured, key=lambda it: float(it["cpu_s"]))[_TIMES // 2]


def _changed(on: Stage, users: int, account: str) -> dict[str, Any]:
    """Runs after some users of a tenant of so many changed."""
    tenant_id = tenant_of(on.world, f"Changed {users}", users, seed=13)
    told = {"account": account, "tenant_id": tenant_id}
    on.client("cycles", **told, count=1)
    on.client("know_mailboxes", **told, ahead=31)
    on.client("link", **told)
    return _changed_again(on, told, ahead=62)


def _changed_again(on: Stage, told: dict[str, Any], *, ahead: int) -> dict[str, Any]:
    people = [it["id"] for it in on.world.users(told["tenant_id"])]
    for number, user_id in enumerate(people[:_CHANGED]):
        on.world.change_user(told["tenant_id"], user_id, displayName=f"Renamed {number}")
    on.client("cycles", **told, count=1, ahead=ahead)
    return on.client("link_changed", **told)


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {name: round(it, 5) for name, it in seconds.items()}


def main() -> None:
    with stage(keeps_pace=False) as on:
        tenant_id = tenant_of(on.world, "Linked", _USERS, seed=13)
        people = [it["id"] for it in on.world.users(tenant_id)]
        told = {"account": _ACCOUNT, "tenant_id": tenant_id}
        on.client("cycles", **told, count=1)
        on.client("know_mailboxes", **told, ahead=31)
        linked = on.client("link", **told)
        floor = _median(on.client("read_and_write", **told) for _ in range(_TIMES))
        on.world.change_user(tenant_id, people[_USERS // 2], displayName="Renamed")
        on.client("cycles", **told, count=1, ahead=62)
        again = on.client("link_again", **told)
        changed = _changed_again(on, told, ahead=93)
        small = _changed(on, _FEW, f"{_ACCOUNT}_small")
    ratio = linked["cpu_s"] / floor["cpu_s"]
    figures = {
        "linked": linked["linked"],
        "cpu_s": round(linked["cpu_s"], 2),
        "floor_cpu_s": round(floor["cpu_s"], 2),
        "wall_s": round(linked["wall_s"], 1),
        "floor_wall_s": round(floor["wall_s"], 1),
        "rows": linked["written"],
        "floor_rows": floor["written"],
    }
    record("P13-linking", "reading and writing the same rows", ratio=ratio, goal="<= 2", met=ratio <= 2, **figures)
    peak = linked["peak_mb"]
    record("P13-memory", "MB", ratio=peak, goal="<= 250", met=peak <= 250, linked=linked["linked"])
    rows = again["written"]
    after = {"cpu_s": round(again["cpu_s"], 3), "table": again["table"], "peak_mb": round(again["peak_mb"])}
    record("P13-one-user", "rows written", ratio=rows, goal="<= 10", met=rows <= 10, **after)
    requests = changed["one_requests"]
    record("P13-one-user-requests", "storage requests", ratio=requests, goal="<= 10", met=requests <= 10)
    one, more, ten = changed["one_cpu_s"], changed["more_cpu_s"], changed["ten_cpu_s"]
    apart, together = changed["ten_apart_cpu_s"], changed["ten_together_cpu_s"]
    of, others = "reading and writing ten rows of such a run", {"in_one_table": apart, "together": together}
    costs = {"cpu_s": one, "floor_cpu_s": ten, **others}
    record("P13-one-user-cpu", of, ratio=one / ten, goal="<= 1", met=one <= ten, **_rounded(costs))
    of, costs = "reading and writing ten rows together", {"cpu_s": more, "floor_cpu_s": together}
    record("P13-one-more-user-cpu", of, ratio=more / together, goal="<= 1", met=more <= together, **_rounded(costs))
    ratio, cpu_s = changed["one_cpu_s"] / small["one_cpu_s"], round(small["one_cpu_s"], 5)
    record("P13-one-user-growth", f"the same among {_FEW:,}", ratio=ratio, goal="<= 1.5", met=ratio <= 1.5, cpu_s=cpu_s)


if __name__ == "__main__":
    main()
