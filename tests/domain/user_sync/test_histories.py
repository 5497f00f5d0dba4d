"""Whatever happens to a tenant: nobody is lost, nobody is twice, and a second run has nothing to do."""

from collections import Counter
from random import Random

import pytest

from integrations.domain.user_sync.changes import ChangeKind
from integrations.domain.user_sync.links import KnownEndUser
from integrations.domain.user_sync.plan import UserSyncPlan
from tests.domain.user_sync.generator import any_world, happens
from tests.domain.user_sync.worlds import World

HISTORIES = range(450)


def assert_nobody_is_twice(made: World) -> None:
    linked = Counter(it.end_user_id for object_id, it in made.links.items() if it.end_user_id in made.end_users)
    assert [it for it, times in linked.items() if times > 1] == []


def assert_run_is_told_correctly(made: World, plan: UserSyncPlan, before: dict[str, KnownEndUser]) -> None:
    """What a plan counts is what happened."""
    after = made.end_users
    counts = plan.counts()
    assert counts[ChangeKind.CREATE] == len(after.keys() - before.keys())
    assert counts[ChangeKind.INACTIVATE] == sum(before[it].is_active and not after[it].is_active for it in before)
    assert counts[ChangeKind.REACTIVATE] == sum(after[it].is_active and not before[it].is_active for it in before)
    assert counts[ChangeKind.MOVE] == sum(before[it].organization_id != after[it].organization_id for it in before)
    assert made.queue == plan.queue


def assert_history(seed: int) -> None:
    random = Random(seed)
    made = any_world(random)
    made.run()
    for _ in range(6):
        for _ in range(random.choice([1, 1, 2, 3])):
            happens(random, made)
        before = dict(made.end_users)
        assert_run_is_told_correctly(made, made.run(), before)
        assert before.keys() <= made.end_users.keys()
        assert_nobody_is_twice(made)
        assert made.run().is_empty


@pytest.mark.parametrize("seeds", [HISTORIES[start : start + 150] for start in range(0, len(HISTORIES), 150)], ids=str)
def test_plans_leave_nothing_to_do(seeds: range) -> None:
    for seed in seeds:
        assert_history(seed)
