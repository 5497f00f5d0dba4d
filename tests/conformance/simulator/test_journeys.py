"""Requests that belong together: pages, delta rounds and batches of the simulated Graph, all of them judged."""

import pytest

from tests.conformance.graph import Oracle
from tests.conformance.simulator.caller import Caller, assert_conforms

_TRACKED = "id,displayName,accountEnabled,jobTitle,assignedLicenses"


@pytest.fixture(scope="module")
def caller(cloud):
    return Caller(cloud, users=450, devices=210)


@pytest.mark.parametrize(
    ("target", "most"), [("/users?$top=100&$select=id", 450), ("/users?$select=id", 450), ("/devices?$top=50", 210)]
)
def test_pages_lead_through_a_whole_collection(oracle: Oracle, caller, target, most):
    pages = caller.follow(target)
    ids = [item["id"] for page in pages for item in page.answer["value"]]
    assert len(ids) == len(set(ids)) == most
    assert len(pages) > 1
    assert_conforms(oracle, *pages)


def test_pages_of_a_filter_lead_through_all_that_fits(oracle: Oracle, caller):
    wanted = "$filter=accountEnabled eq true&$select=id,accountEnabled"
    everybody = [it for page in caller.follow("/users?$select=id,accountEnabled") for it in page.answer["value"]]
    pages = caller.follow(f"/users?{wanted}&$top=50")
    found = {item["id"] for page in pages for item in page.answer["value"]}
    counted = caller.ask(f"/users?{wanted}&$count=true", ConsistencyLevel="eventual")
    assert found == {person["id"] for person in everybody if person["accountEnabled"]}
    assert counted.answer["@odata.count"] == len(found)
    assert_conforms(oracle, *pages, counted)


@pytest.mark.parametrize("thing", ["users", "devices"])
def test_a_first_delta_round_holds_everything(oracle: Oracle, caller, thing):
    pages = caller.follow(f"/{thing}/delta?$select=id,displayName")
    assert len(pages) > 1
    assert len({item["id"] for page in pages for item in page.answer["value"]}) == {"users": 450, "devices": 210}[thing]
    assert_conforms(oracle, *pages)


def test_a_later_delta_round_holds_what_changed(oracle: Oracle, cloud):
    caller = Caller(cloud, name="Fabrikam Legal", users=40)
    tenant, world = caller.tenant["id"], cloud.world
    link = caller.follow(f"/users/delta?$select={_TRACKED}")[-1].answer["@odata.deltaLink"]
    first, second, third = (person["id"] for person in world.users(tenant_id=tenant)[2:5])
    world.change_user(tenant_id=tenant, user_id=first, jobTitle=None, accountEnabled=False)
    world.remove_user(tenant_id=tenant, user_id=second)
    world.remove_user(tenant_id=tenant, user_id=third, permanently=True)
    added = world.add_user(tenant_id=tenant, displayName="Nora New")["id"]

    pages = caller.follow(link)
    items = {item["id"]: item for page in pages for item in page.answer["value"]}

    assert items.keys() == {first, second, third, added}
    assert items[first]["accountEnabled"] is False
    assert items[second]["@removed"]["reason"] == "changed"
    assert items[third]["@removed"]["reason"] == "deleted"
    assert_conforms(oracle, *pages, caller.ask(pages[-1].answer["@odata.deltaLink"]))


def test_a_batch_answers_part_by_part(oracle: Oracle, caller):
    parts = [
        {"id": "organization", "method": "GET", "url": "/organization?$select=id,displayName"},
        {"id": "users", "method": "GET", "url": "/users?$top=5&$select=id"},
        {"id": "delta", "method": "GET", "url": "/users/delta?$select=id&$deltatoken=latest"},
        {"id": "devices", "method": "GET", "url": "/devices/delta?$select=id"},
        {"id": "skus", "method": "GET", "url": "/subscribedSkus"},
        {"id": "nobody", "method": "GET", "url": "/users/00000000-0000-4000-8000-00000000dead"},
        {
            "id": "counted",
            "method": "GET",
            "url": "/users?$select=id&$count=true&$filter=accountEnabled eq true",
            "headers": {"ConsistencyLevel": "eventual"},
        },
    ]
    exchange = caller.ask("/$batch", "POST", {"requests": parts})
    statuses = {reply["id"]: reply["status"] for reply in exchange.answer["responses"]}
    assert statuses == {part["id"]: 404 if part["id"] == "nobody" else 200 for part in parts}
    assert_conforms(oracle, exchange)


def test_twenty_parts_fit_into_a_batch(oracle: Oracle, caller):
    parts = [{"id": str(number), "method": "GET", "url": "/users?$top=20&$select=id"} for number in range(20)]
    exchange = caller.ask("/$batch", "POST", {"requests": parts})
    assert {reply["status"] for reply in exchange.answer["responses"]} == {200}
    assert_conforms(oracle, exchange)


def test_what_hangs_on_a_failed_part_fails_too(oracle: Oracle, caller):
    parts = [
        {"id": "1", "method": "GET", "url": "/users/00000000-0000-4000-8000-00000000dead"},
        {"id": "2", "method": "GET", "url": "/organization?$select=id", "dependsOn": ["1"]},
    ]
    exchange = caller.ask("/$batch", "POST", {"requests": parts})
    assert {reply["id"]: reply["status"] for reply in exchange.answer["responses"]} == {"1": 404, "2": 424}
    assert_conforms(oracle, exchange)


def test_every_part_of_a_batch_is_throttled_alone(oracle: Oracle, cloud):
    hurried = Caller(cloud, name="Hurried")
    parts = [{"id": str(number), "method": "GET", "url": "/organization?$select=id"} for number in range(10)]
    cloud.world.switch(units_per_10s=4)
    try:
        exchange = hurried.ask("/$batch", "POST", {"requests": parts})
    finally:
        cloud.world.switch(units_per_10s=0)
    assert {reply["status"] for reply in exchange.answer["responses"]} == {200, 429}
    assert_conforms(oracle, exchange)
