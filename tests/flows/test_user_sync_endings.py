"""What becomes of links and End Users when a tenant is unmapped, mapped again or removed, or the plan is lost."""

import pytest

from tests.flows.portal import Portal
from tests.flows.raw import everything, rows_naming
from tests.flows.test_export import exported
from tests.flows.test_plan import told
from tests.flows.user_sync import UserSync, refusal, with_user_sync


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    found = with_user_sync(portal)
    found.turn_on()
    return found


def unmap(sync: UserSync) -> None:
    sync.portal.ask("DELETE", f"/tenants/{sync.id}/mapping", expect=204)


def map_to(sync: UserSync, organization: str) -> None:
    sync.portal.ask("PUT", f"/tenants/{sync.id}/mapping", {"organization_id": organization})
    sync.portal.run_queues()


def stored_links(sync: UserSync) -> int:
    return sum(kind == "usersync user_link" for kind, _ in everything(sync.portal))


def days_pass(portal: Portal, days: int) -> None:
    for _ in range(2):  # the second round does what the first one plans
        portal.later(days=days / 2)
        portal.tick()


def test_unmapping_hides_links_and_mapping_again_brings_them_back(sync: UserSync) -> None:
    before = {it["id"]: it["microsoft"][0]["object_id"] for it in sync.people()}
    first = next(iter(before))

    unmap(sync)

    assert all(it["microsoft"] == [] and it["managed_fields"] == [] for it in sync.people())
    assert refusal(sync.portal.call("GET", sync.path)) == (409, "not_mapped")
    assert stored_links(sync) == 3
    sync.world.change_user(sync.id, before[first], displayName="Changed Meanwhile")
    sync.portal.later(days=20)
    map_to(sync, sync.organization)
    assert sync.state()["state"] == "synced"
    assert {it["id"]: it["microsoft"][0]["object_id"] for it in sync.people()} == before
    assert sync.portal.ask("GET", f"/end-users/{first}")["name"] == "Changed Meanwhile"
    days_pass(sync.portal, 31)
    assert stored_links(sync) == 3


def test_links_of_an_ended_mapping_are_deleted_after_thirty_days_and_end_users_stay(sync: UserSync) -> None:
    people = {it["id"]: it["name"] for it in sync.people()}
    unmap(sync)

    days_pass(sync.portal, 28)
    assert stored_links(sync) == 3
    days_pass(sync.portal, 4)

    assert stored_links(sync) == 0
    assert [kind for kind, _ in everything(sync.portal) if kind.startswith("usersync")] == []
    assert {it["id"]: it["name"] for it in sync.people()} == people
    kept = [row for kind, row in everything(sync.portal) if kind == "people end_user"]
    assert [it for it in kept if "managed_fields" in it] == []
    map_to(sync, sync.organization)
    assert sync.state()["state"] == "off"


def test_a_tenant_that_is_mapped_to_another_organization_moves_nobody(sync: UserSync) -> None:
    people = {it["id"] for it in sync.people()}
    other = sync.portal.organization("Other")
    unmap(sync)

    map_to(sync, other)

    assert sync.state()["state"] in {"off", "waiting"}
    assert (sync.links(), sync.people(other)) == ([], [])
    assert {it["id"] for it in sync.people()} == people
    settings = {"organizations": [{"organization_id": other}]}
    plan = sync.turn_on(settings)
    assert plan["counts"]["create"] == plan["counts"]["move"] == 0
    assert {it["id"] for it in sync.people()} == people


def test_the_first_sync_under_another_organization_of_the_same_syncro_tenant_waits(sync: UserSync) -> None:
    organization = next(it for it in sync.portal.ask("GET", "/organizations")["items"] if it["id"] == sync.organization)
    body = {"name": "Branch", "syncro_tenant_id": organization["syncro_tenant_id"]}
    branch = sync.portal.ask("POST", "/organizations", body, expect=201)["id"]
    unmap(sync)
    first = sync.world.users(sync.id)[1]
    sync.world.change_user(sync.id, first["id"], displayName="Changed Meanwhile")

    map_to(sync, branch)

    state = sync.state()
    assert (state["state"], state["hold"]["reasons"]) == ("held", ["first_after_mapping"])
    assert [it["id"] for it in state["organizations"]] == [branch, sync.organization]
    assert "Changed Meanwhile" not in {it["name"] for it in sync.people()}
    sync.portal.ask("POST", f"{sync.path}/release", {"plan_hash": state["hold"]["plan"]["plan_hash"]})
    sync.portal.run_queues()
    assert sync.state()["state"] == "synced"
    assert sync.person("Changed Meanwhile")
    sync.has_user("Newcomer")
    sync.sync()
    assert sync.person("Newcomer")


def test_a_removal_deletes_links_at_once_and_end_users_stay_without_microsoft(sync: UserSync) -> None:
    sync.has_end_user("Twin", mail="twin@other.example")
    sync.has_user("Twin")
    sync.sync()
    assert len(sync.questions()) == 1
    people = {it["id"]: (it["name"], it["mail"], it["job_title"]) for it in sync.people()}
    objects = [it["id"] for it in sync.world.users(sync.id)]
    integration = sync.portal.row(sync.tenant)["integration_id"]

    sync.portal.remove(integration)
    sync.portal.run_queues()

    assert {it["id"]: (it["name"], it["mail"], it["job_title"]) for it in sync.people()} == people
    assert all(it["managed_fields"] == [] for it in sync.people())
    assert [kind for kind, _ in everything(sync.portal) if kind.startswith("usersync")] == []
    assert {kind for kind, _ in rows_naming(sync.portal, *objects)} <= {"control audit"}  # who integrated it
    assert [kind for kind, _ in everything(sync.portal) if "user_sync_chip" in kind] == []


def test_while_the_plan_is_lost_the_sync_rests_and_can_be_read(sync: UserSync) -> None:
    portal, user = sync.portal, sync.world.users(sync.id)[0]
    told(portal, "solo", seconds=5)
    solo = {"authorization": f"Bearer {portal.identity.token('alice', plan='solo')}"}
    change = {"settings": sync.settings(), "plan_hash": ""}
    assert portal.call("PUT", sync.path, change, headers={**solo, "if-match": "*"}).status == 403
    sync.world.change_user(sync.id, user["id"], displayName="Changed Meanwhile")
    portal.later(hours=2)
    portal.tick()

    assert sync.state()["state"] == "resting"
    assert len(sync.links()) == 3
    assert "Changed Meanwhile" not in {it["name"] for it in sync.people()}
    days_pass(portal, 34)
    assert stored_links(sync) == 0
    assert len(sync.people()) == 3


def test_the_export_holds_every_row_of_the_user_sync(sync: UserSync) -> None:
    rows = exported(sync.portal)

    kinds = {it["kind"] for it in rows}
    assert kinds >= {"user_sync_head", "user_link", "linked_end_user", "user_sync_text", "user_sync_approval"}
    assert {it["id"] for it in rows if it["kind"] == "user_link"} == {it["object_id"] for it in sync.links()}
    links = exported(sync.portal, f"?tenant_id={sync.id}&kind=user_link")
    assert len(links) == 3


def test_plans_are_kept_for_a_day(sync: UserSync) -> None:
    sync.plan(sync.settings(licensed_only=True))
    assert [kind for kind, _ in everything(sync.portal) if kind == "usersync user_sync_approval"]

    for _ in range(3):
        sync.portal.later(hours=25)
        sync.portal.tick()

    assert [kind for kind, _ in everything(sync.portal) if kind == "usersync user_sync_approval"] == []
