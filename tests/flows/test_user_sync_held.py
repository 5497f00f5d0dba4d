"""A plan that hurts many waits for somebody: held, looked at, and released, however long that takes."""

import json

import pytest

from tests.flows.portal import Portal
from tests.flows.user_sync import ACCOUNT, UserSync, refusal, with_user_sync


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    return with_user_sync(portal)


def about_to_hurt_thirteen(portal: Portal) -> UserSync:
    """The next sync would make thirteen of twenty End Users inactive."""
    sync = with_user_sync(portal, users=20)
    sync.turn_on()
    for user in sync.world.users(sync.id)[1:14]:
        sync.world.change_user(sync.id, user["id"], accountEnabled=False)
    return sync


def test_a_plan_that_hurts_too_many_is_held_until_somebody_has_seen_it(portal: Portal) -> None:
    sync = about_to_hurt_thirteen(portal)

    sync.sync()

    state = sync.state()
    assert (state["state"], state["hold"]["reasons"]) == ("held", ["too_many"])
    plan = state["hold"]["plan"]
    assert (plan["counts"]["inactivate"], plan["inactivated"]) == (13, {"disabled": 13})
    assert len(plan["examples"]["inactivate"]) == 13
    assert all(it["is_active"] for it in sync.people())
    assert portal.status(sync.tenant) == "Success"
    assert portal.row(sync.tenant)["user_sync"] == {"state": "held", "label": "User sync held", "colour": "orange"}
    details = portal.ask("GET", f"/tenants/{sync.id}")
    assert details["user_sync"]["state"] == "held"
    sync.has_user("New Colleague")
    sync.sync()
    assert [it for it in sync.people() if it["name"] == "New Colleague"] == []  # nothing is changed meanwhile

    release = f"{sync.path}/release"
    assert refusal(portal.call("POST", release, {"plan_hash": "0" * 64})) == (409, "plan_changed")
    held = json.loads(portal.call("POST", release, {"plan_hash": "0" * 64}).body)["plan"]
    portal.ask("POST", release, {"plan_hash": held["plan_hash"]})
    portal.run_queues()

    assert (sync.state()["state"], sync.state()["hold"]) == ("synced", None)
    assert sum(not it["is_active"] for it in sync.people()) == 13
    assert sync.person("New Colleague")["is_active"]
    assert portal.row(sync.tenant)["user_sync"] is None
    assert refusal(portal.call("POST", release, {"plan_hash": held["plan_hash"]})) == (409, "not_held")


def test_a_plan_that_was_held_over_a_long_weekend_is_released(portal: Portal) -> None:
    sync = about_to_hurt_thirteen(portal)
    sync.sync()
    held = sync.state()["hold"]["plan"]
    for _ in range(8):
        portal.later(hours=12)
        portal.sync(sync.tenant)
    sync.plan(sync.settings(licensed_only=True))  # deletes plans that are kept no longer

    portal.ask("POST", f"{sync.path}/release", {"plan_hash": held["plan_hash"]})
    portal.run_queues()

    assert (sync.state()["state"], sync.state()["hold"]) == ("synced", None)
    assert sum(not it["is_active"] for it in sync.people()) == 13


def test_a_held_plan_whose_approval_an_earlier_version_deleted_can_be_released_after_the_next_run(
    portal: Portal,
) -> None:
    sync = about_to_hurt_thirteen(portal)
    sync.sync()
    body, store = {"plan_hash": sync.state()["hold"]["plan"]["plan_hash"]}, portal.services.user_sync(ACCOUNT, sync.id)
    store.put(*map(store.approvals.removed, store.approvals.list()))
    assert refusal(portal.call("POST", f"{sync.path}/release", body)) == (409, "plan_changed")

    sync.run()
    portal.ask("POST", f"{sync.path}/release", body)
    portal.run_queues()

    assert sync.state()["state"] == "synced"


def test_everybody_of_a_small_tenant_who_vanishes_at_once_is_held(sync: UserSync) -> None:
    sync.turn_on()
    first, *others = sync.world.users(sync.id)
    for user in [first, *others]:
        sync.world.remove_user(sync.id, user["id"])

    sync.sync()

    assert sync.state()["hold"]["reasons"] == ["filter_matches_nobody"]
    assert all(it["is_active"] for it in sync.people())


def test_who_is_erased_without_a_link_is_no_longer_named_by_a_plan_that_is_held(portal: Portal) -> None:
    sync = about_to_hurt_thirteen(portal)
    sync.has_user("Somebody Unique", mail="unique@other.example")
    person = sync.has_end_user("Somebody Unique", mail="unique@other.example")
    sync.sync()
    assert "Somebody Unique" in json.dumps(sync.state()["hold"]["plan"])
    store = portal.services.user_sync(ACCOUNT, sync.id)
    assert "Somebody Unique" in store.text("held")

    portal.ask("DELETE", f"/end-users/{person}", expect=204)

    assert "Somebody Unique" not in store.text("held")
    sync.run()
    assert sync.state()["hold"]["plan"]["examples"].get("link", []) == []
