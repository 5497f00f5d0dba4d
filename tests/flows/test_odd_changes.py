"""Rounds of changes with something odd in them: each change is told once, so what was missed is looked for."""

from tests.flows.portal import Portal
from tests.flows.reading import cycle, users_of


def test_a_change_that_could_not_be_read_is_told_until_a_whole_reading_has_brought_it(portal: Portal) -> None:
    world = portal.microsoft.world
    tenant = portal.has_tenant(users=6)
    portal.connected(tenant)
    changed = world.users(tenant["id"])[2]
    world.change_user(tenant["id"], changed["id"], jobTitle="Auditor")
    world.garble("put", "value", 0, "id", value=["odd"], path="users/delta")
    cycle(portal, minutes=40)
    world.ungarble()
    cycle(portal, minutes=40)
    later = portal.row(tenant)["sync_status"]
    missed = job_title_of(portal, tenant, changed["id"])
    cycle(portal, hours=24)

    assert (later["cause"], later["evidence"]) == ("synced_with_warnings", {"users": "unreadable_values: 1"})
    assert missed != "Auditor"
    assert job_title_of(portal, tenant, changed["id"]) == "Auditor"
    assert portal.row(tenant)["sync_status"]["cause"] == "synced"


def job_title_of(portal: Portal, tenant: dict[str, str], user_id: str) -> str | None:
    return next(it.get("job_title") for it in users_of(portal, tenant) if it["id"] == user_id)
