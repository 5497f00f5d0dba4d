"""Whatever happens to a fleet: no device is two assets, no border is crossed, and a second run has nothing to do."""

from collections import Counter
from random import Random

import pytest

from integrations.domain.assets.asset import AssignedBy
from integrations.domain.assets.links import LinkKey
from tests.domain.assets.fleets import FleetWorld
from tests.domain.assets.generator import any_fleet, happens

HISTORIES = range(200)


def assert_no_device_is_two_assets(made: FleetWorld) -> None:
    links = [it.link for it in made.statuses.values() if it.link]
    counted = Counter(it.device_id for it in links if it.stale_since is None)
    by_itself = [it for it in links if it.how is not LinkKey.MANUAL and it.stale_since is None]
    assert [it.device_id for it in by_itself if counted[it.device_id] > 1] == []


def assert_no_border_is_crossed(made: FleetWorld, before: FleetWorld) -> None:
    assert all(made.assets[it].organization_id in made.organization_ids for it in made.statuses)
    for asset_id, assignment in made.assignments.items():
        if assignment != before.assignments.get(asset_id):
            assert assignment.by is AssignedBy.MICROSOFT
            end_user = made.end_users[assignment.end_user_id]  # type: ignore[index]
            assert end_user.organization_id == made.assets[asset_id].organization_id
            assert end_user.is_active


def assert_what_people_said_stands(made: FleetWorld, before: FleetWorld) -> None:
    for asset_id, assignment in before.assignments.items():
        after = made.assignments[asset_id]
        assert after.end_user_id or assignment.end_user_id is None
        if assignment.by is AssignedBy.MANUAL and not made.settings.override_manual:
            assert after == assignment
    for undone in made.undone:
        status = made.statuses.get(undone.asset_id)
        if status and status.link and status.link.how is not LinkKey.MANUAL:
            keys = {status.link.device_id, *status.link.record_ids, status.link.serial} - {None}
            assert keys.isdisjoint({*undone.device_ids, undone.device_serial})
    for asset_id, manual in made.manual.items():
        if status := made.statuses.get(asset_id):
            assert status.link
            assert (status.link.how, status.link.by) == (LinkKey.MANUAL, manual.by)


def assert_history(seed: int) -> None:
    random = Random(seed)
    made = any_fleet(random)
    made.run()
    for _ in range(6):
        for _ in range(random.choice([1, 1, 2, 3])):
            happens(random, made)
        before = made.forked()
        made.run()
        assert_no_device_is_two_assets(made)
        assert_no_border_is_crossed(made, before)
        assert_what_people_said_stands(made, before)
        made.now = before.now
        assert made.run().is_empty, seed


@pytest.mark.parametrize("seeds", [HISTORIES[start : start + 100] for start in range(0, len(HISTORIES), 100)], ids=str)
def test_plans_keep_what_people_said_and_leave_nothing_to_do(seeds: range) -> None:
    for seed in seeds:
        assert_history(seed)
