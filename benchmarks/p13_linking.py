"""P13: an End User made and linked for each of 10,000 users, and a run after one of them changed."""

from benchmarks.measure import record, stage, tenant_of

_USERS = 10_000
_FEW = 50  # changed users, with a run for each
_ACCOUNT = "acct_p13"


def main() -> None:
    with stage(keeps_pace=False) as on:
        tenant_id = tenant_of(on.world, "Linked", _USERS, seed=13)
        people = [it["id"] for it in on.world.users(tenant_id)]
        told = {"account": _ACCOUNT, "tenant_id": tenant_id}
        on.client("cycles", **told, count=1)
        on.client("know_mailboxes", **told, ahead=31)
        linked = on.client("link", **told)
        floor = on.client("read_and_write", **told)
        on.world.change_user(tenant_id, people[_USERS // 2], displayName="Renamed")
        on.client("cycles", **told, count=1, ahead=62)
        again, ten = on.client("link_again", **told), on.client("read_and_write_ten", **told)
        for number, user_id in enumerate(people[:_FEW]):
            on.world.change_user(tenant_id, user_id, displayName=f"Renamed {number}")
        on.client("cycles", **told, count=1, ahead=93)
        alone = on.client("link_one_by_one", **told)
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
    ratio, cost = alone["cpu_s"] / ten["cpu_s"], round(ten["cpu_s"], 5)
    figures = {"cpu_s": round(alone["cpu_s"], 5), "floor_cpu_s": cost}
    record("P13-one-user-cpu", "reading and writing ten rows", ratio=ratio, goal="<= 1", met=ratio <= 1, **figures)


if __name__ == "__main__":
    main()
